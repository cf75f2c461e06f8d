// Which kinds of static findings are there, and how is a set of layers looked through?
#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.h"
#include "policy/analyse/lint_parts.h"
#include "policy/line.h"
#include "policy/match.h"

namespace warder::policy::lint {
namespace {

constexpr Kind kKinds[] = {
    {"never-matches", Weight::kFinding, "a rule that no call can meet"},
    {"covered", Weight::kFinding, "a rule that another one makes superfluous"},
    {"overlap", Weight::kFinding, "two rules that meet the same calls at different levels"},
    {"evadable-forbid", Weight::kFinding, "a prohibition that another spelling of the call evades"},
    {"optional-flags", Weight::kFinding, "a prohibition whose flags need not be there"},
    {"regex-dot", Weight::kFinding, "a dot in a regex that fits any character"},
    {"regex-any", Weight::kFinding, "a regex that says what an argument must not be, or nothing at all"},
    {"regex-alternation", Weight::kFinding, "an | that takes more or less of a regex than it seems"},
    {"regex-range", Weight::kFinding, "a range of characters that holds more than it seems"},
    {"regex-path", Weight::kFinding, "a regex that lets a path out of the workspace by, which no path rule judges"},
    {"runs-others", Weight::kFinding, "a program that may start any other one"},
    {"writes-files", Weight::kFinding, "a program that may write files which no path rule judges"},
    {"wrong-act", Weight::kFinding, "a path that is judged as read, and written or deleted"},
    {"runs-file", Weight::kNote, "a program that does what a file says"},
    {"deny-list", Weight::kNote, "a list of forbidden options of a known program"},
    {"network-free-arguments", Weight::kFinding, "free arguments for a program that reaches the network"},
    {"no-examples", Weight::kFinding, "a rule that shows no call which it means, or none which it does not"},
    {"approve-without-why", Weight::kFinding, "a question to a person without a word on what to look at"},
    {"literal-word", Weight::kNote, "a wildcard or a blank in a word, where each is only itself"},
    {"guard-off", Weight::kNote, "a rule whose program starts others unwatched"},
    {"wildcard-host", Weight::kFinding, "any host below a domain, reached without a question"},
    {"broad-tree", Weight::kFinding, "a tree of the host that holds more than data"},
    {"writable-executable", Weight::kNote, "files that a session may write and start"},
    {"unprotected-hooks", Weight::kFinding, "a workspace whose hooks and settings a session may write"},
    {"readable-secrets", Weight::kNote, "a workspace whose usual places of keys and passwords may be read"},
    {"unknown-action", Weight::kFinding, "an action that no rule of any layer and no tool has"},
    {"unlisted-action", Weight::kFinding, "an action of a rule that no profile names"},
    {"otherwise-auto", Weight::kFinding, "a profile in which what nobody thought of runs by itself"},
};

bool Counts(const ExecRule& rule, bool inside) {
  return rule.only == Only::kBoth || (rule.only == Only::kInside) == inside;
}

bool Names(const ExecRule& rule, std::string_view program) {
  return !rule.argv.empty() && std::ranges::any_of(rule.argv[0].words, [&](const std::string& word) {
    return BaseName(word) == BaseName(program);
  });
}

}  // namespace

std::span<const Kind> Kinds() { return kKinds; }

const Kind& KindOf(std::string_view id) {
  const Kind* kind = std::ranges::find(kKinds, id, &Kind::id);
  WARDER_CHECK(kind != std::end(kKinds));
  return *kind;
}

bool Fits(const ExecRule& rule, const Argv& argv) {
  return FitArgv(rule.argv, argv).fits && !FindNeverArg(rule.never_args, argv);
}

bool HasRest(const ExecRule& rule) { return !rule.argv.empty() && rule.argv.back().kind == ElementKind::kRest; }

std::vector<std::string_view> SplitWords(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Argv ReadWords(std::string_view text) {
  // Behind a program's name, as no word of an option may stand first.
  const CommandLine line = ReadLine("x " + std::string(text));
  if (line.opaque || line.commands.size() != 1) return {};
  return {line.commands[0].argv.begin() + 1, line.commands[0].argv.end()};
}

std::string Listed(const std::vector<std::string>& texts, size_t most) {
  std::string out;
  for (size_t i = 0; i < texts.size() && i < most; ++i)
    out += (i == 0 ? "" : i + 1 == texts.size() ? " and " : ", ") + texts[i];
  return texts.size() > most ? out + " and " + std::to_string(texts.size() - most) + " more" : out;
}

// ---- one layer --------------------------------------------------------------------------------
Layer::Layer(const PolicySet& set, size_t layer, std::vector<Found>& found)
    : set_(set), policy_(set.layer(layer)), number_(layer), found_(found) {
  for (const Profile& profile : policy_.profiles) profiles_.push_back(set.index(layer).FindProfile(profile.name));
  if (profiles_.empty()) profiles_.push_back(nullptr);
  for (const ExecRule& rule : policy_.exec) argvs_.AddHints(rule);
}

Level Layer::Loosest(const ExecRule& rule) const {
  Level loosest = Level::kForbid;
  for (const ResolvedProfile* profile : profiles_) loosest = std::min(loosest, RuleLevel(rule, profile));
  return loosest;
}

std::vector<const ExecRule*> Layer::Matching(const Argv& argv, bool inside) const {
  std::vector<const ExecRule*> rules;
  std::vector<uint32_t> may_fit;
  set_.index(number_).AddMayFit(BaseName(argv[0]), argv, may_fit);
  for (uint32_t r : may_fit) {
    const ExecRule& rule = policy_.exec[r];
    if (Counts(rule, inside) && Names(rule, argv[0]) && Fits(rule, argv)) rules.push_back(&rule);
  }
  return rules;
}

std::optional<Level> Layer::LoosestOf(const Argv& argv, bool inside) const {
  const std::vector<const ExecRule*> rules = Matching(argv, inside);
  if (rules.empty()) return std::nullopt;
  Level loosest = Level::kForbid;
  for (const ResolvedProfile* profile : profiles_) {
    Level strictest = Level::kAuto;
    for (const ExecRule* rule : rules) strictest = std::max(strictest, RuleLevel(*rule, profile));
    loosest = std::min(loosest, strictest);
  }
  return loosest;
}

const ExecRule* Layer::Deciding(const Argv& argv, bool inside) const {
  const ExecRule* deciding = nullptr;
  for (const ExecRule* rule : Matching(argv, inside))
    if (deciding == nullptr || Loosest(*rule) > Loosest(*deciding)) deciding = rule;
  return deciding;
}

void Layer::Add(std::string_view id, Where where, const std::string& rule, std::string what, std::string witness,
                std::string remedy) {
  found_.push_back({KindOf(id).id, number_, where, rule, std::move(what), std::move(witness), std::move(remedy)});
}

std::string Describe(const Found& found) {
  return std::to_string(found.where.line) + ":" + std::to_string(found.where.column) + ": " + std::string(found.id) +
         ": " + (found.rule.empty() ? "" : found.rule + ": ") + found.what +
         (found.witness.empty() ? "" : ": `" + found.witness + "`") + "; " + found.remedy;
}

std::vector<Found> Lint(const PolicySet& set) {
  std::vector<Found> found;
  for (size_t i = 0; i < set.size(); ++i) {
    Layer layer(set, i, found);
    LintRules(layer);
    LintRegexes(layer);
    LintPrograms(layer);
    LintOrder(layer);
    LintCover(layer);
    LintPaths(layer);
    LintNetwork(layer);
    LintActions(layer);
  }
  const auto key = [](const Found& f) {
    return std::tie(f.layer, f.where.line, f.where.column, f.id, f.rule, f.what, f.witness);
  };
  std::ranges::stable_sort(found, [&](const Found& a, const Found& b) { return key(a) < key(b); });
  const auto rest = std::ranges::unique(found, [&](const Found& a, const Found& b) { return key(a) == key(b); });
  found.erase(rest.begin(), rest.end());
  return found;
}

}  // namespace warder::policy::lint
