// In which ways could an exec rule be weaker by one step?
#include <algorithm>

#include "policy/analyse/weaken_parts.h"
#include "policy/match.h"

namespace warder::policy {
namespace {

// A larger end of a repeat bounds a size, and not what is said.
constexpr uint32_t kFewRepeats = 4;
constexpr const char* kNoProgram = "\n";  // a name that no program has (IsProgramName)

Element Rest() {
  Element rest;
  rest.kind = ElementKind::kRest;
  return rest;
}

void MakeText(Element& element) {
  element.kind = ElementKind::kText;
  element.low = 1;
  element.high = 9999;
}

// Words that an element of this kind should not take: other ones, other spellings, other places.
std::vector<std::string> Odd(const Element& element) {
  switch (element.kind) {
    case ElementKind::kInt: {
      std::vector<std::string> numbers;
      if (element.high < UINT64_MAX) numbers.push_back(std::to_string(element.high + 1));
      if (element.low > 0) numbers.push_back(std::to_string(element.low - 1));
      return numbers;
    }
    case ElementKind::kPath:
      return {"/etc/shadow", "/root/.ssh/id_rsa", "../other/x", "/no/such/x"};
    case ElementKind::kHost:
      return {"evil.example", "127.0.0.1", "other.internal"};
    default:
      return {"other", "x/y", "%", "A b", "x;y", "/etc/shadow", "../x", "+x", "Other", "x.y:z", "1"};
  }
}

class OfRule {
 public:
  OfRule(Maker& maker, size_t r)
      : maker_(maker), r_(r), rule_(maker.policy().exec[r]), lines_(maker.samples.Lines(rule_)) {}

  void Make() {
    if (rule_.argv.empty()) return;
    if (rule_.level == Level::kForbid)
      Forbidding();
    else
      Allowing();
  }

 private:
  using Change = std::function<void(ExecRule&)>;

  void Add(const std::string& what, Change change, std::vector<std::string> lines) {
    Weakening& made = maker_.Add(rule_.where, "rule " + rule_.id + ": " + what,
                                 [r = r_, change = std::move(change)](Policy& policy) { change(policy.exec[r]); });
    made.rule = r_;
    if (rule_.only != Only::kInside)
      for (const std::string& line : lines) made.probes.push_back(RunTest(line));
    made.lines = std::move(lines);
  }
  void AddLevel(const std::string& what, Change change) {
    std::vector<Test> probes;
    for (const std::string& line : lines_) probes.push_back(RunTest(line));
    maker_.AddLevels(
        rule_.where, "rule " + rule_.id + ": " + what,
        [r = r_, change = std::move(change)](Policy& policy) { change(policy.exec[r]); }, std::move(probes));
  }

  // The pattern filled with these words in the place of element e; the others as little and as much as they take.
  std::vector<std::string> With(size_t e, const std::vector<std::vector<std::string>>& words) const {
    std::vector<std::string> lines;
    for (const bool most : {false, true}) {
      std::optional<Pieces> pieces = maker_.samples.Fill(rule_, most);
      if (!pieces) continue;
      const size_t count = std::max<size_t>(1, (*pieces)[e].size());
      for (const std::vector<std::string>& some : words) {
        (*pieces)[e] = some;
        if (some.size() == 1 && most) (*pieces)[e].assign(count, some[0]);
        lines.push_back(LineOf(*pieces));
      }
    }
    return lines;
  }
  std::vector<std::string> WithOdd(size_t e) const {
    std::vector<std::vector<std::string>> words;
    for (const std::string& odd : Odd(rule_.argv[e]))
      if (rule_.argv[e].kind == ElementKind::kPath || rule_.argv[e].kind == ElementKind::kHost ||
          !FitsWord(rule_.argv[e], odd, false))
        words.push_back({odd});
    return With(e, words);
  }
  // Each line with these words behind it.
  std::vector<std::string> Followed(const std::vector<std::string>& by) const {
    std::vector<std::string> lines;
    for (const std::string& line : lines_) {
      const CommandLine read = ReadLine(line);
      if (read.commands.size() != 1) continue;
      for (const std::string& word : by) {
        std::vector<std::string> words = read.commands[0].argv;
        words.push_back(word);
        lines.push_back(LineOf(words));
      }
    }
    return lines;
  }

  // ---- rules that forbid: narrower is weaker
  void Forbidding() {
    Add("gone", [](ExecRule& rule) { rule.argv[0].words = {kNoProgram}; }, lines_);
    AddLevel("at approve, not forbid", [](ExecRule& rule) { rule.level = Level::kApprove; });
    for (size_t e = 0; e < rule_.argv.size(); ++e) {
      const Element& element = rule_.argv[e];
      for (size_t w = 0; element.words.size() > 1 && w < element.words.size(); ++w)
        Add(
            "without `" + element.words[w] + "`",
            [e, w](ExecRule& rule) {
              rule.argv[e].words.erase(rule.argv[e].words.begin() + static_cast<ptrdiff_t>(w));
            },
            WithRest(With(e, {{element.words[w]}})));
      for (size_t f = 0; f < element.flags.size(); ++f)
        Add(
            "without `" + Spelled(element.flags[f])[0] + "`",
            [e, f](ExecRule& rule) {
              rule.argv[e].flags.erase(rule.argv[e].flags.begin() + static_cast<ptrdiff_t>(f));
            },
            With(e, {Spelled(element.flags[f])}));
      if (element.kind == ElementKind::kRest)
        Add("without further arguments", [](ExecRule& rule) { rule.argv.pop_back(); }, Followed({"x"}));
    }
  }
  std::vector<std::string> WithRest(std::vector<std::string> lines) const {
    if (rule_.argv.back().kind != ElementKind::kRest) return lines;
    for (size_t i = 0, size = lines.size(); i < size; ++i) lines.push_back(lines[i] + " x");
    return lines;
  }
  // As a program gets it.
  static std::vector<std::string> Spelled(const Flag& flag) {
    const std::string value = flag.value == FlagValue::kInt ? "1" : "x";
    switch (flag.form) {
      case FlagForm::kBundle:
        return {"-" + flag.text};
      case FlagForm::kSeparate:
        return {flag.text, value};
      case FlagForm::kGlued:
        return {flag.text + value};
      case FlagForm::kExact:
        break;
    }
    return {flag.text};
  }

  // ---- rules that allow: wider is weaker
  void Allowing() {
    if (rule_.only == Only::kInside) {
      Weakening& made = maker_.Add(rule_.where, "rule " + rule_.id + ": for calls too, not only inside",
                                   [r = r_](Policy& policy) { policy.exec[r].only = Only::kBoth; });
      for (const std::string& line : lines_) made.probes.push_back(RunTest(line));
    } else {
      if (rule_.level && *rule_.level > Level::kAuto) {
        const Level looser = Looser(*rule_.level);
        AddLevel(std::string("level ") + LevelName(looser) + ", not " + LevelName(*rule_.level),
                 [looser](ExecRule& rule) { rule.level = looser; });
      }
      AddLevel("always at auto, whatever its level and its action are", [](ExecRule& rule) {
        rule.level = Level::kAuto;
        rule.action.clear();
      });
    }
    for (size_t n = 0; n < rule_.never_args.size(); ++n) NeverArg(n);
    for (size_t e = 1; e < rule_.argv.size(); ++e) Wider(e);
    if (rule_.argv.back().kind == ElementKind::kRest) return;
    Add(
        "any further arguments", [](ExecRule& rule) { rule.argv.push_back(Rest()); },
        Followed({"other", "--other", "/etc/shadow"}));
    const std::string& program = rule_.argv[0].words[0];
    Add("any arguments at all",
        [](ExecRule& rule) {
          rule.argv.resize(1);
          rule.argv.push_back(Rest());
        },
        {LineOf({program, "other"}), LineOf({program, "--other"}), program,
         LineOf({program, "other", "--other", "/etc/shadow"})});
  }

  // Only where some line has the option and fits but for it.
  void NeverArg(size_t n) {
    const std::string& option = rule_.never_args[n];
    std::vector<std::string> others = rule_.never_args;
    others.erase(others.begin() + static_cast<ptrdiff_t>(n));
    std::vector<std::string> lines;
    for (std::string& line : Followed({option, option + "=x", option + "x"})) {
      const std::vector<std::string> argv = ReadLine(line).commands[0].argv;
      if (FitArgv(rule_.argv, argv).fits && FindNeverArg(rule_.never_args, argv) && !FindNeverArg(others, argv))
        lines.push_back(std::move(line));
    }
    if (lines.empty()) return;
    Add(
        "never-args without `" + option + "`",
        [n](ExecRule& rule) { rule.never_args.erase(rule.never_args.begin() + static_cast<ptrdiff_t>(n)); },
        std::move(lines));
  }

  void Wider(size_t e) {
    const Element& element = rule_.argv[e];
    const std::string described = DescribeElement(element);
    auto text = [&] { Add("any word, not " + described, [e](ExecRule& rule) { MakeText(rule.argv[e]); }, WithOdd(e)); };
    switch (element.kind) {
      case ElementKind::kWords:
      case ElementKind::kRegex:
      case ElementKind::kHost:
        text();
        break;
      case ElementKind::kPath:
        Add(
            "a path that no path rule judges, not " + described, [e](ExecRule& rule) { MakeText(rule.argv[e]); },
            WithOdd(e));
        break;
      case ElementKind::kInt:
        if (element.low == 0 && element.high == UINT64_MAX) break;
        Add(
            "any number, not " + described,
            [e](ExecRule& rule) {
              rule.argv[e].low = 0;
              rule.argv[e].high = UINT64_MAX;
            },
            WithOdd(e));
        break;
      case ElementKind::kFlags:
        AnyFlag(e);
        break;
      case ElementKind::kText:  // its length is a bound, and not what it says
      case ElementKind::kRest:
        break;
    }
    if (element.repeat_high <= 1 || element.repeat_high > kFewRepeats) return;
    const std::optional<std::string> word = maker_.samples.Word(element);
    Add(
        "one more of " + described, [e](ExecRule& rule) { ++rule.argv[e].repeat_high; },
        word ? With(e, {std::vector<std::string>(element.repeat_high + 1, *word)}) : std::vector<std::string>());
  }

  void AnyFlag(size_t e) {
    std::vector<Flag> more;
    std::vector<std::vector<std::string>> words;
    for (const std::string& flag : maker_.samples.flags()) {
      const bool known =
          std::ranges::any_of(rule_.argv[e].flags, [&](const Flag& other) { return FlagWords(other, {flag}, 0) == 1; });
      if (known) continue;
      more.push_back({FlagForm::kExact, flag, FlagValue::kNone});
      if (flag == "--other") words.push_back({flag});
    }
    Add(
        "any flag, not " + DescribeElement(rule_.argv[e]),
        [e, more](ExecRule& rule) { rule.argv[e].flags.insert(rule.argv[e].flags.end(), more.begin(), more.end()); },
        With(e, words));
  }

  Maker& maker_;
  const size_t r_;
  const ExecRule& rule_;
  const std::vector<std::string> lines_;
};

}  // namespace

void WeakenExec(Maker& maker) {
  for (size_t r = 0; r < maker.policy().exec.size(); ++r) OfRule(maker, r).Make();
}

}  // namespace warder::policy
