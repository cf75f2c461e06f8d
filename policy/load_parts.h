// The parts of the policy loader, one file a section; only policy/load*.cc include this.
#pragma once

#include <string>
#include <vector>

#include "policy/load.h"
#include "policy/schema.h"
#include "policy/shape.h"

namespace warder::policy {

// A name that must be known once the whole file is read.
struct Mention {
  std::string name;
  Where where;
};

struct Draft {
  Policy policy;
  std::vector<Mention> named_profiles;  // default-profile, based-on, tests
  std::vector<Mention> decided_by;      // `by` of tests
  std::vector<Mention> started;         // words in first place of an argv
  std::vector<Mention> reached;         // ids of network rules that exec rules name

  void ListAction(const std::string& action, Where where) { policy.listed_actions.push_back({action, where}); }
};

// The tools that every host has: no rule may make one of these names.
inline constexpr std::string_view kBuiltInTools[] = {
    "run_command",    "start_process", "read_file",    "search_files", "list_directory", "write_file",
    "edit_file",      "move_file",     "delete_file",  "restore_file", "undo_call",      "http_request",
    "process_output", "stop_process",  "list_changes", "report_usage", "session_info"};

// What the agent is told; words, and no yes or no (load_exec.cc).
std::string ReadForbidWords(Reading& reading, const YamlNode& node);

// What a rule of paths and one of hosts have alike: load_paths.cc and load_network.cc name these in their tables.
template <typename Rule>
struct GradedDraft {
  Rule rule;
  bool has_level = false;
};
template <typename Rule>
void ReadGradedId(Reading& reading, const YamlNode& node, GradedDraft<Rule>& into) {
  auto text = reading.Text(node, "write `id: name-of-the-rule`");
  if (text && !IsRuleId(*text))
    reading.Problem(node.where, Quote(*text) + " is not a rule id",
                    "write small letters, digits and dashes, as `secrets`");
  into.rule.id = text.value_or("");
}
template <typename Rule>
void ReadGradedLevel(Reading& reading, const YamlNode& node, GradedDraft<Rule>& into) {
  into.has_level = true;
  into.rule.level = reading.LevelOf(node).value_or(Level::kForbid);
}
template <typename Rule>
void ReadGradedForbid(Reading& reading, const YamlNode& node, GradedDraft<Rule>& into) {
  if (into.has_level) reading.Problem(node.where, "`forbid` beside `level`", "take one of the two out");
  into.has_level = true;
  into.rule.level = Level::kForbid;
  into.rule.forbid_text = ReadForbidWords(reading, node);
}
template <typename Rule>
void ReadGradedWhy(Reading& reading, const YamlNode& node, GradedDraft<Rule>& into) {
  into.rule.why = reading.Text(node, "write `why: what people are told`").value_or("");
}
// `what`: "a path rule".
template <typename Rule>
void CheckGraded(Reading& reading, const YamlNode& node, const GradedDraft<Rule>& draft, const std::string& what,
                 const std::string& level) {
  if (!draft.has_level)
    reading.Problem(node.where, what + " without level", "write `level: " + level + "` (or another) or `forbid: why`");
  if (node.Find("why") != nullptr && node.Find("forbid") != nullptr)
    reading.Problem(node.Find("why")->where, "`why` beside `forbid`", "take one of the two out");
}

// What the values of the sections look like; each beside its table of keys.
Shape ProgramsShape();
Shape ExecShape();
Shape ArgvShape();
Shape RateShape();
Shape PathsShape();
Shape NetworkShape();
Shape ProfilesShape();
Shape WindowsShape();
Shape SessionShape();
Shape LimitsShape();
Shape RuleLimitsShape();
Shape UnmatchedShape();
Shape InsideShape();
Shape WorkspaceShape();
Shape JailShape();
Shape EnvironmentShape();
Shape RedactShape();
Shape TestsShape();
Shape AllowedActionsShape();
Shape ResourceLimitsShape();
Shape AllowedHostsShape();

void ReadPrograms(Reading& reading, const YamlNode& node, Draft& draft);       // load_programs.cc
void ReadExec(Reading& reading, const YamlNode& node, Draft& draft);           // load_exec.cc
void ReadPaths(Reading& reading, const YamlNode& node, Draft& draft);          // load_paths.cc
void ReadProfiles(Reading& reading, const YamlNode& node, Draft& draft);       // load_profiles.cc
void ReadNetwork(Reading& reading, const YamlNode& node, Draft& draft);        // load_network.cc
void ReadWindows(Reading& reading, const YamlNode& node, Draft& draft);        // load_windows.cc
void ReadSession(Reading& reading, const YamlNode& node, Draft& draft);        // load_session.cc
void ReadUnmatched(Reading& reading, const YamlNode& node, Draft& draft);      // load_around.cc
void ReadInside(Reading& reading, const YamlNode& node, Draft& draft);         // load_around.cc
void ReadWorkspace(Reading& reading, const YamlNode& node, Draft& draft);      // load_around.cc
void ReadJail(Reading& reading, const YamlNode& node, Draft& draft);           // load_around.cc
void ReadEnvironment(Reading& reading, const YamlNode& node, Draft& draft);    // load_around.cc
void ReadRequireReason(Reading& reading, const YamlNode& node, Draft& draft);  // load_around.cc
void ReadRedact(Reading& reading, const YamlNode& node, Draft& draft);         // load_around.cc
// The shorthand, rewritten into rules (load_shorthand.cc).
void ReadAllowedActions(Reading& reading, const YamlNode& node, Draft& draft);
void ReadForbidden(Reading& reading, const YamlNode& node, Draft& draft);
void ReadResourceLimits(Reading& reading, const YamlNode& node, Draft& draft);
void ReadAllowedHosts(Reading& reading, const YamlNode& node, Draft& draft);
// What the shorthand's parts say together; once the whole file is read.
void FinishShorthand(Reading& reading, const YamlNode& root, Draft& draft);
void ReadTests(Reading& reading, const YamlNode& node, Draft& draft);  // load_tests.cc
void ReadLimits(Reading& reading, const YamlNode& node, Limits& limits,
                bool of_rule);  // load_limits.cc

// `{ max: 3, per: 1h }`, both required.
std::optional<Rate> ReadRate(Reading& reading, const YamlNode& node, std::string_view what);
// "Sat" or "Sat 11:00" parts (load_windows.cc); nothing where it is none.
std::optional<uint8_t> WeekdayNamed(std::string_view text);
std::optional<uint16_t> MinuteNamed(std::string_view text);
// A path or glob list of a rule, checked; `delete` and `write` only beneath a variable.
std::vector<std::string> ReadGlobs(Reading& reading, const YamlNode& node);  // load_paths.cc
bool BeneathVariable(const std::string& text);                               // load_paths.cc
// A host as a rule names it, in lower case: exact, or `*.domain` (load_network.cc).
bool IsHostPattern(std::string_view text);

// A program as a rule may name it: a bare name, or a clean absolute path.
bool IsProgramName(std::string_view text);

// One element of an argv pattern (load_pattern.cc). A problem leaves a rest of what was read.
Element ReadElement(Reading& reading, const YamlNode& node, bool first, bool last);
// What is wrong with a regex of the language, or nothing (load_regex.cc).
struct RegexProblem {
  std::string what, remedy;
};
std::optional<RegexProblem> CheckRegex(const std::string& regex);
// The same for `redact`, which is searched for: groups and anchors are free, fitting nothing is
// not.
std::optional<RegexProblem> CheckSearch(const std::string& regex);
// What keeps a rule's pattern from being filled by parameters (policy/tool_schema.h).
void CheckTool(Reading& reading, const YamlNode& node, const ExecRule& rule);

// What a test may name as `by`: every id, action and breaker of the policy, and what decisions use for themselves.
void AddDeciders(const Policy& policy, std::vector<std::string>& known);
void CheckDecidedBy(Reading& reading, const std::vector<Mention>& mentions, const std::vector<std::string>& known);

// References across sections; also makes the full list of programs (load_check.cc).
void CheckDraft(Reading& reading, const YamlNode& root, Draft& draft);

}  // namespace warder::policy
