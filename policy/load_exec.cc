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

void ReadPeople(Reading& reading, const YamlNode& node, ApprovalTerms& terms) {
  if (auto people = reading.Count(node, 100)) terms.people = static_cast<uint32_t>(*people);
}

void ReadExpires(Reading& reading, const YamlNode& node, ApprovalTerms& terms) {
  if (auto time = reading.Duration(node)) terms.expires_ms = *time;
}

void ReadReuse(Reading& reading, const YamlNode& node, ApprovalTerms& terms) {
  terms.reuse = ReadRate(reading, node, "reuse");
}

constexpr KeyRule<ApprovalTerms> kApproval[] = {
    {"people", Need::kNoted, ReadPeople, ""},
    {"expires", Need::kOptional, ReadExpires, ""},
    {"reuse", Need::kNoted, ReadReuse, ""},
};

void ReadApproval(Reading& reading, const YamlNode& node, RuleDraft& into) {
  ReadMap(reading, node, "approval", kApproval, into.rule.approval.emplace());
}

void ReadRateMax(Reading& reading, const YamlNode& node, Rate& rate) { rate.max = reading.Count(node).value_or(1); }
void ReadRatePer(Reading& reading, const YamlNode& node, Rate& rate) {
  rate.per_ms = reading.Duration(node).value_or(1);
}
constexpr KeyRule<Rate> kRate[] = {
    {"max", Need::kRequired, ReadRateMax, "`max: 3`"},
    {"per", Need::kRequired, ReadRatePer, "`per: 1h`"},
};

}  // namespace

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

void ReadGuard(Reading& reading, const YamlNode& node, RuleDraft& into) {
  constexpr std::string_view kGuards[] = {"enforce", "record", "off"};
  if (auto guard = reading.OneOf(node, kGuards)) into.rule.guard = static_cast<Guard>(*guard);
}

void ReadOnly(Reading& reading, const YamlNode& node, RuleDraft& into) {
  constexpr std::string_view kOnly[] = {"inside", "call"};
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
    {"name", Need::kRequired, ReadToolName, "`name: run_tests`"},
    {"description", Need::kRequired, ReadToolDescription, "`description: what it does`"},
};

void ReadTool(Reading& reading, const YamlNode& node, RuleDraft& into) {
  ReadMap(reading, node, "tool", kTool, into.rule.tool.emplace());
}

constexpr KeyRule<RuleDraft> kRule[] = {
    {"id", Need::kRequired, ReadId, "`id: name-of-the-rule`"},
    {"argv", Need::kRequired, ReadArgv, "`argv: [program, …]`"},
    {"action", Need::kOptional, ReadAction, ""},
    {"level", Need::kOptional, ReadLevel, ""},
    {"forbid", Need::kOptional, ReadForbid, ""},
    {"why", Need::kOptional, ReadWhy, ""},
    {"never-args", Need::kOptional, ReadNeverArgs, ""},
    {"limits", Need::kOptional, ReadRuleLimits, ""},
    {"approval", Need::kOptional, ReadApproval, ""},
    {"match", Need::kOptional, ReadMatch, ""},
    {"not-match", Need::kOptional, ReadNotMatch, ""},
    {"network", Need::kNoted, ReadReach, ""},
    {"attempts", Need::kNoted, ReadAttempts, ""},
    {"guard", Need::kNoted, ReadGuard, ""},
    {"only", Need::kNoted, ReadOnly, ""},
    {"lease", Need::kNoted, ReadLease, ""},
    {"tool", Need::kNoted, ReadTool, ""},
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
