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
  into.rule.action = *text;
}

void ReadLevel(Reading& reading, const YamlNode& node, RuleDraft& into) {
  into.rule.level = reading.LevelOf(node);
}

void ReadForbid(Reading& reading, const YamlNode& node, RuleDraft& into) {
  if (auto text = reading.Text(node, "write `forbid: what the agent is told`"))
    into.rule.forbid_text = *text;
}

void ReadWhy(Reading& reading, const YamlNode& node, RuleDraft& into) {
  if (auto text = reading.Text(node, "write `why: what people are told`")) into.rule.why = *text;
}

void ReadArgv(Reading& reading, const YamlNode& node, RuleDraft& into) {
  if (!reading.IsList(node, "write `argv: [program, …]`")) return;
  for (size_t i = 0; i < node.items.size(); ++i)
    into.rule.argv.push_back(
        ReadElement(reading, node.items[i], i == 0, i + 1 == node.items.size()));
  const Element& program = into.rule.argv.front();
  for (const std::string& word : program.words)
    into.draft->started.push_back({word, program.where});
}

void ReadNeverArgs(Reading& reading, const YamlNode& node, RuleDraft& into) {
  for (const auto& [word, where] :
       reading.Texts(node, "write a list of options, as [-o, --output]")) {
    if (word == "-" || word == "--" || word.find_first_of(" \t\n*") != std::string::npos)
      reading.Problem(where, Quote(word) + " is not an option",
                      "write options, not globs, one each: -o, --output");
    else if (word.starts_with("--") && word.find('=') != std::string::npos)
      reading.Problem(where, Quote(word) + " has a value",
                      "write the option alone: it is met with any value");
    else
      into.rule.never_args.push_back(word);
  }
}

void ReadRuleLimits(Reading& reading, const YamlNode& node, RuleDraft& into) {
  ReadLimits(reading, node, into.rule.limits.emplace(), true);
}

void ReadPeople(Reading& reading, const YamlNode& node, ApprovalTerms& terms) {
  auto people = reading.Count(node, 100);
  if (people && *people != 1)
    reading.Problem(node.where,
                    Quote(node.text) + " people: more than one is not built in this version",
                    "write `people: 1`");
  terms.people = 1;
}

void ReadExpires(Reading& reading, const YamlNode& node, ApprovalTerms& terms) {
  if (auto time = reading.Duration(node)) terms.expires_ms = *time;
}

constexpr KeyRule<ApprovalTerms> kApproval[] = {
    {"people", Need::kOptional, ReadPeople, ""},
    {"expires", Need::kOptional, ReadExpires, ""},
    {"reuse", Need::kNotBuilt, nullptr, "take it out: a yes counts for one call"},
};

void ReadApproval(Reading& reading, const YamlNode& node, RuleDraft& into) {
  ReadMap(reading, node, "approval", kApproval, into.rule.approval.emplace());
}

void ReadExamples(Reading& reading, const YamlNode& node, std::vector<Example>& into) {
  for (auto& [line, where] : reading.Texts(node, "write a list of command lines"))
    into.push_back({line, where});
}

void ReadMatch(Reading& reading, const YamlNode& node, RuleDraft& into) {
  ReadExamples(reading, node, into.rule.match);
}
void ReadNotMatch(Reading& reading, const YamlNode& node, RuleDraft& into) {
  ReadExamples(reading, node, into.rule.not_match);
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
    {"network", Need::kNotBuilt, nullptr, "take it out: no run has a network yet"},
    {"attempts", Need::kNotBuilt, nullptr,
     "take it out, and write `level: approve` where each run should be seen"},
    {"guard", Need::kNotBuilt, nullptr, "take it out: there is no exec guard yet"},
    {"only", Need::kNotBuilt, nullptr,
     "take it out: there is no exec guard yet, rules count for calls"},
    {"lease", Need::kNotBuilt, nullptr, "take it out"},
    {"tool", Need::kNotBuilt, nullptr, "take it out: agents use run_command"},
};

// What the keys of one rule say against each other.
void CheckRule(Reading& reading, const YamlNode& node, ExecRule& rule) {
  const YamlNode* forbid = node.Find("forbid");
  if (forbid == nullptr) return;
  for (std::string_view key : {"level", "why", "approval", "limits"})
    if (const YamlNode* other = node.Find(key))
      reading.Problem(other->where, "`" + std::string(key) + "` beside `forbid`",
                      "take one of the two out");
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
