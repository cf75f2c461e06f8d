// What may an exec rule say?
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

struct RuleDraft {
  ExecRule rule;
  Draft* draft = nullptr;
};

void ReadId(Reading& reading, const YamlNode& node, RuleDraft& into) {
  auto text = reading.Text(node, "write `id: name-of-the-rule`");
  if (!text) return;
  if (!IsRuleId(*text))
    reading.Problem(node.where, Quote(*text) + " is not a rule id",
                    "write small letters, digits and dashes, as `git-read`");
  into.rule.id = *text;
}

void ReadAction(Reading& reading, const YamlNode& node, RuleDraft& into) {
  auto text = reading.Text(node, "write `action: git_status`");
  if (!text) return;
  if (!IsActionName(*text))
    reading.Problem(node.where, Quote(*text) + " is not an action",
                    "write small letters, digits and _, as `git_status`");
  // As the rest of the file will name it: one slip is told once.
  for (char c : *text) into.rule.action += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

void ReadLevel(Reading& reading, const YamlNode& node, RuleDraft& into) { into.rule.level = reading.LevelOf(node); }

}  // namespace

std::string ReadForbidWords(Reading& reading, const YamlNode& node) {
  constexpr std::string_view kForm = "write `forbid: what the agent is told`";
  auto text = reading.Text(node, std::string(kForm));
  for (std::string_view word : {"true", "false", "yes", "on", "off"})
    if (text && *text == word)
      reading.Problem(node.where, "forbid takes words, not " + Quote(*text), std::string(kForm));
  return text.value_or("");
}

namespace {

void ReadForbid(Reading& reading, const YamlNode& node, RuleDraft& into) {
  into.rule.forbid_text = ReadForbidWords(reading, node);
}

void ReadWhy(Reading& reading, const YamlNode& node, RuleDraft& into) {
  if (auto text = reading.Text(node, "write `why: what people are told`")) into.rule.why = *text;
}

void ReadArgv(Reading& reading, const YamlNode& node, RuleDraft& into) {
  if (!reading.IsList(node, "write `argv: [program, …]`")) return;
  for (size_t i = 0; i < node.items.size(); ++i)
    into.rule.argv.push_back(ReadElement(reading, node.items[i], i == 0, i + 1 == node.items.size()));
  const Element& program = into.rule.argv.front();
  for (const std::string& word : program.words) into.draft->started.push_back({word, program.where});
}

void ReadNeverArgs(Reading& reading, const YamlNode& node, RuleDraft& into) {
  for (const auto& [word, where] : reading.Texts(node, "write a list of options, as [-o, --output]")) {
    if (word == "-" || word == "--" || word.find_first_of(" \t\n*") != std::string::npos)
      reading.Problem(where, Quote(word) + " is not an option", "write options, not globs, one each: -o, --output");
    else if (word.starts_with("--") && word.find('=') != std::string::npos)
      reading.Problem(where, Quote(word) + " has a value", "write the option alone: it is met with any value");
    else
      into.rule.never_args.push_back(word);
  }
}

void ReadRuleLimits(Reading& reading, const YamlNode& node, RuleDraft& into) {
  ReadLimits(reading, node, into.rule.limits.emplace(), true);
}

constexpr uint64_t kMostPeople = 100;

void ReadPeople(Reading& reading, const YamlNode& node, ApprovalTerms& terms) {
  if (auto people = reading.Count(node, kMostPeople)) terms.people = static_cast<uint32_t>(*people);
}

void ReadExpires(Reading& reading, const YamlNode& node, ApprovalTerms& terms) {
  if (auto time = reading.Duration(node)) terms.expires_ms = *time;
}

void ReadReuse(Reading& reading, const YamlNode& node, ApprovalTerms& terms) {
  terms.reuse = ReadRate(reading, node, "reuse");
}

Shape CountOfPeople() { return shape::CountTo(kMostPeople); }

constexpr KeyRule<ApprovalTerms> kApproval[] = {
    {"people", Need::kNoted, ReadPeople, "", {CountOfPeople, "How many people must say yes", "2", "1", "most"}},
    {"expires",
     Need::kOptional,
     ReadExpires,
     "",
     {shape::Duration, "How long a question stands", "15m", "15m", "shortest"}},
    {"reuse",
     Need::kNoted,
     ReadReuse,
     "",
     {RateShape, "For how many calls, and how long, one yes counts", "{ max: 5, per: 1h }", "for one call", "least"}},
};

void ReadApproval(Reading& reading, const YamlNode& node, RuleDraft& into) {
  ReadMap(reading, node, "approval", kApproval, into.rule.approval.emplace());
}

void ReadRateMax(Reading& reading, const YamlNode& node, Rate& rate) { rate.max = reading.Count(node).value_or(1); }
void ReadRatePer(Reading& reading, const YamlNode& node, Rate& rate) {
  rate.per_ms = reading.Duration(node).value_or(1);
}
constexpr KeyRule<Rate> kRate[] = {
    {"max", Need::kRequired, ReadRateMax, "`max: 3`", {shape::UsualCount, "At most so many", "3"}},
    {"per", Need::kRequired, ReadRatePer, "`per: 1h`", {shape::Duration, "In any span of this length", "1h"}},
};

}  // namespace

Shape RateShape() { return shape::Map("a rate", kRate); }

std::optional<Rate> ReadRate(Reading& reading, const YamlNode& node, std::string_view what) {
  Rate rate;
  ReadMap(reading, node, what, kRate, rate);
  return rate;
}

namespace {

void ReadExamples(Reading& reading, const YamlNode& node, std::vector<Example>& into) {
  for (auto& [line, where] : reading.Texts(node, "write a list of command lines")) into.push_back({line, where});
}

void ReadMatch(Reading& reading, const YamlNode& node, RuleDraft& into) {
  ReadExamples(reading, node, into.rule.match);
}
void ReadNotMatch(Reading& reading, const YamlNode& node, RuleDraft& into) {
  ReadExamples(reading, node, into.rule.not_match);
}

void ReadReach(Reading& reading, const YamlNode& node, RuleDraft& into) {
  for (const auto& [id, where] : reading.Texts(node, "write ids of network rules, as [github]")) {
    into.rule.network.push_back(id);
    into.draft->reached.push_back({id, where});
  }
}

void ReadAttempts(Reading& reading, const YamlNode& node, RuleDraft& into) {
  into.rule.attempts = ReadRate(reading, node, "attempts");
}

constexpr std::string_view kGuards[] = {"enforce", "record", "off"};
constexpr std::string_view kOnly[] = {"inside", "call"};

void ReadGuard(Reading& reading, const YamlNode& node, RuleDraft& into) {
  if (auto guard = reading.OneOf(node, kGuards)) into.rule.guard = static_cast<Guard>(*guard);
}

void ReadOnly(Reading& reading, const YamlNode& node, RuleDraft& into) {
  auto only = reading.OneOf(node, kOnly);
  if (only) into.rule.only = *only == 0 ? Only::kInside : Only::kCall;
}

void ReadLease(Reading& reading, const YamlNode& node, RuleDraft& into) {
  auto name = reading.Text(node, "write the name of a resource, as `lease: staging`");
  if (name && !IsRuleId(*name))
    reading.Problem(node.where, Quote(*name) + " is not the name of a resource",
                    "write small letters, digits and dashes, as `staging`");
  into.rule.lease = name.value_or("");
}

void ReadToolName(Reading& reading, const YamlNode& node, ToolTerms& tool) {
  auto name = reading.Text(node, "write `name: run_tests`");
  if (!name) return;
  if (!IsActionName(*name))
    reading.Problem(node.where, Quote(*name) + " is not the name of a tool",
                    "write small letters, digits and _, as `run_tests`");
  for (std::string_view known : kBuiltInTools)
    if (*name == known)
      reading.Problem(node.where, Quote(*name) + " is a tool that every host has", "write another name");
  tool.name = *name;
}

void ReadToolDescription(Reading& reading, const YamlNode& node, ToolTerms& tool) {
  tool.description = reading.Text(node, "write what the tool does").value_or("");
}

constexpr KeyRule<ToolTerms> kTool[] = {
    {"name",
     Need::kRequired,
     ReadToolName,
     "`name: run_tests`",
     {shape::ActionName, "The name of the tool", "run_tests"}},
    {"description",
     Need::kRequired,
     ReadToolDescription,
     "`description: what it does`",
     {shape::Text, "What agents are told that it does", "Runs the unit tests of these files."}},
};

void ReadTool(Reading& reading, const YamlNode& node, RuleDraft& into) {
  ReadMap(reading, node, "tool", kTool, into.rule.tool.emplace());
}

Shape ApprovalShape() { return shape::Map("approval", kApproval); }
Shape ToolShape() { return shape::Map("tool", kTool); }

constexpr KeyRule<RuleDraft> kRule[] = {
    {"id",
     Need::kRequired,
     ReadId,
     "`id: name-of-the-rule`",
     {shape::RuleId, "The name of the rule, unique in the file", "git-read"}},
    {"argv",
     Need::kRequired,
     ReadArgv,
     "`argv: [program, …]`",
     {ArgvShape, "The program, then a pattern for each argument", "[git, [status, log], { flags: [-p] }]"}},
    {"action",
     Need::kOptional,
     ReadAction,
     "",
     {shape::ActionName, "What the rule stands for in profiles, windows and require-reason", "git_status", "none"}},
    {"level",
     Need::kOptional,
     ReadLevel,
     "",
     {shape::Level, "The least level of what matches", "approve", "auto where there is an action, else approve",
      "strictest"}},
    {"forbid",
     Need::kOptional,
     ReadForbid,
     "",
     {shape::Text, "Forbids what matches; what the agent is told", "Main changes by pull request only."}},
    {"why", Need::kOptional, ReadWhy, "", {shape::Text, "What an approver is told", "It leaves the machine."}},
    {"never-args",
     Need::kOptional,
     ReadNeverArgs,
     "",
     {shape::List<shape::Text>, "Options that keep the rule from matching, in every spelling", "[-o, --output]",
      "none"}},
    {"limits",
     Need::kOptional,
     ReadRuleLimits,
     "",
     {RuleLimitsShape, "What a run by this rule may use, in place of the layer's", "{ wall: 10m }", "the layer's",
      "smallest"}},
    {"approval",
     Need::kOptional,
     ReadApproval,
     "",
     {ApprovalShape, "How a person's yes is asked for", "{ people: 1, expires: 15m }", "one person, 15m",
      "most people, shortest, least reuse"}},
    {"match",
     Need::kOptional,
     ReadMatch,
     "",
     {shape::List<shape::Text>, "Lines that the rule must match; tried at every load", "[\"git status\"]", "none"}},
    {"not-match",
     Need::kOptional,
     ReadNotMatch,
     "",
     {shape::List<shape::Text>, "Lines that it must not match", "[\"git push\"]", "none"}},
    {"network",
     Need::kNoted,
     ReadReach,
     "",
     {shape::List<shape::RuleId>, "Network rules of this layer whose hosts the run may reach", "[github]", "no network",
      "what all allow"}},
    {"attempts",
     Need::kNoted,
     ReadAttempts,
     "",
     {RateShape, "How often it may run, over all sessions of the agent", "{ max: 3, per: 1h }", "any number",
      "each counts"}},
    {"guard",
     Need::kNoted,
     ReadGuard,
     "",
     {shape::OneOf<kGuards>, "What is done with programs that the run starts against the rules", "record", "enforce",
      "strictest"}},
    {"only",
     Need::kNoted,
     ReadOnly,
     "",
     {shape::OneOf<kOnly>, "Counts for programs started in a jail alone, or for calls alone", "inside", "both", "own"}},
    {"lease",
     Need::kNoted,
     ReadLease,
     "",
     {shape::RuleId, "A resource that is held while it runs, by one run at a time", "staging", "none", "each counts"}},
    {"tool",
     Need::kNoted,
     ReadTool,
     "",
     {ToolShape, "Makes the rule a tool of its own, with parameters",
      "{ name: run_tests, description: Runs the tests. }", "none"}},
};

// What the keys of one rule say against each other.
void CheckRule(Reading& reading, const YamlNode& node, ExecRule& rule) {
  if (const YamlNode* tool = node.Find("tool")) CheckTool(reading, *tool, rule);
  for (const Element& element : rule.argv)
    if (!element.as.empty() && !rule.tool)
      reading.Problem(element.where, "`as` in a rule without `tool`",
                      "write `tool: { name: …, description: … }`, or take `as` out");
  if (node.Find("forbid") == nullptr) return;
  for (std::string_view key : {"level", "why", "approval", "limits", "network", "attempts", "guard", "lease", "tool"})
    if (const YamlNode* other = node.Find(key))
      reading.Problem(other->where, "`" + std::string(key) + "` beside `forbid`", "take one of the two out");
  rule.level = Level::kForbid;
}

}  // namespace

Shape ExecShape() { return shape::ListOf(shape::Map("an exec rule", kRule)); }

void ReadExec(Reading& reading, const YamlNode& node, Draft& draft) {
  draft.policy.has_exec = true;
  if (!reading.IsList(node, "write a list of rules, `- id: …`")) return;
  for (const YamlNode& item : node.items) {
    RuleDraft into;
    into.draft = &draft;
    into.rule.where = item.where;
    ReadMap(reading, item, "an exec rule", kRule, into);
    if (item.kind == YamlKind::kMap) CheckRule(reading, item, into.rule);
    draft.policy.exec.push_back(std::move(into.rule));
  }
}

}  // namespace warder::policy
