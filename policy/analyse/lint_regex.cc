// Which regular expressions fit more than their author seems to think?
//
// The whole argument must fit, and it never begins with a dash (before a `--`); so what is left to go wrong lies
// inside.
#include <algorithm>

#include "policy/analyse/lint_parts.h"
#include "policy/analyse/programs.h"
#include "policy/analyse/regex_tokens.h"
#include "policy/line.h"
#include "policy/match.h"
#include "policy/schema.h"

namespace warder::policy::lint {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A call of the rule that has the word where the element stands; else the word alone.
std::string Shown(Layer& layer, const ExecRule& rule, const Element& element, const std::string& word) {
  for (const Argv& call : layer.Calls(rule))
    for (size_t i = 1; i <= call.size(); ++i)
      for (const bool insert : {false, true}) {
        if (!insert && (i == call.size() || !FitsWord(element, call[i], false))) continue;
        Argv tried = call;
        if (insert)
          tried.insert(tried.begin() + static_cast<long>(i), word);
        else
          tried[i] = word;
        if (Fits(rule, tried)) return ShowCommand(tried);
      }
  return word;
}

class RegexCheck {
 public:
  RegexCheck(Layer& layer, const ExecRule& rule, const Element& element)
      : layer_(layer), rule_(rule), element_(element), tokens_(Tokens(element.regex)) {}

  void Run() {
    LoneDot();
    Anything();
    Alternation();
    Ranges();
    if (layer_.Loosest(rule_) <= Level::kNotify) OutOfTheWorkspace();
  }

 private:
  bool Takes(const std::string& word) const { return FitsWord(element_, word, false); }
  void Tell(std::string_view id, std::string what, const std::string& word, std::string remedy) {
    layer_.Add(id, element_.where, rule_.id, std::move(what),
               word.empty() || !Takes(word) ? "" : Shown(layer_, rule_, element_, word), std::move(remedy));
  }
  bool Repeated(size_t token) const {
    return token + 1 < tokens_.size() && tokens_[token + 1].kind == TokenKind::kQuantifier;
  }

  void LoneDot();
  void Anything();
  void Alternation();
  void Ranges();
  void OutOfTheWorkspace();
  bool LetsBy(const Argv& argv, size_t at) const;

  Layer& layer_;
  const ExecRule& rule_;
  const Element& element_;
  const std::vector<Token> tokens_;
};

void RegexCheck::LoneDot() {
  for (size_t t = 0; t < tokens_.size(); ++t) {
    if (tokens_[t].kind != TokenKind::kDot || Repeated(t) || tokens_.size() == 1) continue;
    return Tell("regex-dot", "the dot in " + Quote(element_.regex) + " fits any character, not only a dot",
                SampleOf(element_.regex, "X"),
                "write \\. or [.] for a dot, [^/] and the like for a character of some kind");
  }
}

void RegexCheck::Anything() {
  if (layer_.Loosest(rule_) > Level::kNotify) return;
  for (size_t t = 0; t < tokens_.size(); ++t) {
    const Token& token = tokens_[t];
    const bool dot = token.kind == TokenKind::kDot;
    if ((!dot && !(token.kind == TokenKind::kClass && token.negated)) || !Repeated(t)) continue;
    const Token& quantifier = tokens_[t + 1];
    if (quantifier.high && *quantifier.high <= 1) continue;
    std::string word;
    for (std::string_view odd : {"x=y/../..", "x/../y", "a b=..", "..", "x;y z"})
      if (word = SampleOf(element_.regex, odd); Takes(word)) break;
    return Tell("regex-any",
                std::string(token.text) + std::string(quantifier.text) + " in " + Quote(element_.regex) + " fits " +
                    (dot ? "anything: slashes, `..`, blanks, `=`"
                         : "everything but what it lists: `..`, blanks, line ends, any byte"),
                word,
                "list the characters that are meant, as [A-Za-z0-9_-]+, or write { text: N } where any text is meant");
  }
}

// `deployment/api|worker`: the | takes the whole regex apart, and not only its last part.
void RegexCheck::Alternation() {
  const std::vector<std::string_view> branches = Branches(element_.regex);
  if (branches.size() < 2) return;
  const auto parts = [](std::string_view branch) { return branch.find_first_of("/:=@") != std::string_view::npos; };
  for (size_t b = 0; b < branches.size(); ++b) {
    const bool before = b > 0 && parts(branches.front()), behind = b + 1 < branches.size() && parts(branches.back());
    if (parts(branches[b]) || (!before && !behind)) continue;
    return Tell(
        "regex-alternation",
        "the | in " + Quote(element_.regex) + " takes the whole of it apart: " + Quote(branches[b]) + " alone fits",
        SampleOf(branches[b]),
        "write the part that varies in parentheses, as a/(b|c), or the whole, as (a/b|c), where that is meant");
  }
}

void RegexCheck::Ranges() {
  for (const Token& token : tokens_) {
    if (token.kind != TokenKind::kClass || token.negated) continue;
    for (const ClassRange& range : RangesOf(token.text)) {
      const bool letters = IsLetter(range.low) && IsLetter(range.high) && (range.low >= 'a') == (range.high >= 'a');
      const bool printable = (range.low == ' ' || range.low == '!') && range.high == '~';  // written on purpose
      if (letters || (IsDigit(range.low) && IsDigit(range.high)) || printable) continue;
      std::string odd;
      for (char c = range.low; c < range.high; ++c)
        if (!IsLetter(c) && !IsDigit(c) && c != range.low) odd += c;
      return Tell("regex-range",
                  Quote(range.text) + " in " + Quote(element_.regex) + " is a range of " +
                      std::to_string(range.high - range.low + 1) + " characters" +
                      (odd.empty() ? "" : ", " + Quote(odd) + " among them"),
                  "", "write a-zA-Z for letters; a dash that is meant stands last, [./-]");
    }
  }
}

// Whether the program may take the word for the path of a file outside.
bool MayBePath(const Argv& argv, size_t at) {
  if (BaseName(argv[0]) == "git") {
    // Words before `--` are revisions (gitcli(7)), and most commands refuse what is outside of the repository; these do
    // not.
    constexpr std::string_view kOpen[] = {"diff", "apply", "am", "hash-object"};
    return argv.size() > 1 && std::ranges::find(kOpen, argv[1]) != std::end(kOpen) &&
           std::find(argv.begin() + static_cast<long>(at), argv.end(), "--") == argv.end();
  }
  // What a script is given is the script's; it opens what the jail shows in any case.
  const KnownProgram* known = FindKnownProgram(argv[0]);
  return known == nullptr || std::ranges::none_of(known->means, [](const Means& means) {
           return means.effect == Effect::kRunsFile && means.form == Form::kOperand;
         });
}

// A path in a regex is judged by no path rule: what it fits must stay below the directory where the call starts.
void RegexCheck::OutOfTheWorkspace() {
  std::vector<std::string> words{"../x", "/etc/passwd", "x/../../etc/passwd", "src/../../etc/passwd"};
  const std::string sample = SampleOf(element_.regex, "x");
  words.push_back(sample + "/../../etc/passwd");
  words.push_back(sample.substr(0, sample.rfind('/')) + "/../../etc/passwd");
  std::erase_if(words, [&](const std::string& word) { return !Takes(word); });
  if (words.empty()) return;
  for (const Argv& call : layer_.Calls(rule_))
    for (size_t i = 1; i <= call.size(); ++i)
      for (const bool insert : {false, true}) {
        if (!insert && (i == call.size() || !Takes(call[i]))) continue;
        Argv tried = call;
        if (insert)
          tried.insert(tried.begin() + static_cast<long>(i), words.front());
        else
          tried[i] = words.front();
        if (!LetsBy(tried, i)) continue;
        layer_.Add("regex-path", element_.where, rule_.id,
                   Quote(element_.regex) + " fits a path that leads out of the workspace, and no path rule judges it",
                   ShowCommand(tried), "write { path: read }, or leave `..` out: [A-Za-z0-9_-]+([./][A-Za-z0-9_-]+)*");
        return;
      }
}

// Whether it is this regex by which the call fits, with a word in place `at` that nobody judges.
bool RegexCheck::LetsBy(const Argv& argv, size_t at) const {
  const Fit fit = FitArgv(rule_.argv, argv);
  if (!fit.fits || FindNeverArg(rule_.never_args, argv) || !MayBePath(argv, at)) return false;
  if (std::ranges::any_of(fit.paths, [&](const NamedPath& path) { return path.word == at; })) return false;
  const bool by_others = std::ranges::any_of(rule_.argv, [&](const Element& other) {
    return other.kind == ElementKind::kRest || (other.kind == ElementKind::kText && FitsWord(other, argv[at], false));
  });
  const std::optional<Level> level = layer_.LoosestOf(argv, rule_.only == Only::kInside);
  return !by_others && level && *level <= Level::kNotify;
}

}  // namespace

void LintRegexes(Layer& layer) {
  for (const ExecRule& rule : layer.policy().exec) {
    if (rule.level == Level::kForbid) continue;
    for (const Element& element : rule.argv)
      if (element.kind == ElementKind::kRegex && ProblemOf(element).empty()) RegexCheck(layer, rule, element).Run();
  }
}

}  // namespace warder::policy::lint
