// What may a policy say about what surrounds a run: workspace, jail, environment, inside, secrets?
#include <algorithm>

#include "base/environment.h"
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

template <typename T>
void NotEmpty(Reading& reading, const YamlNode& node, const T& what) {
  if (node.kind == YamlKind::kMap && node.keys.empty())
    reading.Problem(node.where, std::string("an empty `") + what + "`", "write at least one key, or take it out");
}

// ---- unmatched, inside
// ---------------------------------------------------------------------------
template <bool Unmatched::* field>
void ReadPass(Reading& reading, const YamlNode& node, Unmatched& unmatched) {
  constexpr std::string_view kWords[] = {"forbid", "pass"};
  if (auto word = reading.OneOf(node, kWords)) unmatched.*field = *word == 1;
}
constexpr KeyRule<Unmatched> kUnmatched[] = {
    {"exec", Need::kOptional, ReadPass<&Unmatched::exec>, ""},
    {"paths", Need::kOptional, ReadPass<&Unmatched::paths>, ""},
    {"network", Need::kOptional, ReadPass<&Unmatched::network>, ""},
};

void ReadInsideNoRule(Reading& reading, const YamlNode& node, InsideTerms& inside) {
  constexpr std::string_view kWords[] = {"forbid", "allow"};
  if (auto word = reading.OneOf(node, kWords)) inside.no_rule = static_cast<InsideNoRule>(*word);
}
void ReadInsideApprove(Reading& reading, const YamlNode& node, InsideTerms& inside) {
  constexpr std::string_view kWords[] = {"forbid", "ask"};
  if (auto word = reading.OneOf(node, kWords)) inside.approve = static_cast<InsideApprove>(*word);
}
constexpr KeyRule<InsideTerms> kInside[] = {
    {"no-rule", Need::kOptional, ReadInsideNoRule, ""},
    {"approve", Need::kOptional, ReadInsideApprove, ""},
};

// ---- workspace
// -----------------------------------------------------------------------------------
void ReadMode(Reading& reading, const YamlNode& node, WorkspaceTerms& workspace) {
  constexpr std::string_view kModes[] = {"direct", "copy-on-write"};
  if (auto mode = reading.OneOf(node, kModes)) workspace.mode = static_cast<WorkspaceMode>(*mode);
}
void ReadApply(Reading& reading, const YamlNode& node, WorkspaceTerms& workspace) {
  constexpr std::string_view kApply[] = {"auto", "review", "never"};
  if (auto apply = reading.OneOf(node, kApply)) workspace.apply = static_cast<Apply>(*apply);
}
void ReadExecutable(Reading& reading, const YamlNode& node, WorkspaceTerms& workspace) {
  workspace.executable = reading.YesNo(node);
}
void ReadKeep(Reading& reading, const YamlNode& node, Trash& trash) { trash.keep_ms = reading.Duration(node); }
void ReadTrashMax(Reading& reading, const YamlNode& node, Trash& trash) { trash.max_bytes = reading.Size(node); }
constexpr KeyRule<Trash> kTrash[] = {
    {"keep", Need::kOptional, ReadKeep, ""},
    {"max", Need::kOptional, ReadTrashMax, ""},
};
void ReadTrash(Reading& reading, const YamlNode& node, WorkspaceTerms& workspace) {
  ReadMap(reading, node, "trash", kTrash, workspace.trash);
  NotEmpty(reading, node, "trash");
}
constexpr KeyRule<WorkspaceTerms> kWorkspace[] = {
    {"mode", Need::kNoted, ReadMode, ""},
    {"apply", Need::kNoted, ReadApply, ""},
    {"executable", Need::kOptional, ReadExecutable, ""},
    {"trash", Need::kNoted, ReadTrash, ""},
};

// ---- jail
// ----------------------------------------------------------------------------------------
void ReadTier(Reading& reading, const YamlNode& node, JailTerms& jail) {
  constexpr std::string_view kTiers[] = {"landlock", "namespace", "oci", "microvm"};
  if (auto tier = reading.OneOf(node, kTiers)) jail.tier = static_cast<Tier>(*tier);
}
void ReadRoot(Reading& reading, const YamlNode& node, JailTerms& jail) {
  auto text = reading.Text(node, "write `root: host-usr` or `root: \"image:name\"`");
  if (!text) return;
  if (*text != "host-usr" && (!text->starts_with("image:") || !IsRuleId(text->substr(6))))
    reading.Problem(node.where, Quote(*text) + " is not a root",
                    "write `root: host-usr`, or `root: \"image:name\"` of the host file");
  jail.root = *text;
}
void ReadLimitsBy(Reading& reading, const YamlNode& node, JailTerms& jail) {
  constexpr std::string_view kLimits[] = {"process", "cgroup"};
  if (auto limits = reading.OneOf(node, kLimits)) jail.limits = static_cast<LimitsBy>(*limits);
}
constexpr KeyRule<JailTerms> kJail[] = {
    {"tier", Need::kNoted, ReadTier, ""},
    {"root", Need::kNoted, ReadRoot, ""},
    {"limits", Need::kNoted, ReadLimitsBy, ""},
};

// ---- environment, redact
// ---------------------------------------------------------------------------
bool IsVariableName(std::string_view text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  return !text.empty() && text.size() <= 128 && text.find_first_not_of(kLetters) == std::string_view::npos &&
         (text[0] < '0' || text[0] > '9');
}

void ReadPassed(Reading& reading, const YamlNode& node, std::vector<std::string>& pass) {
  for (const auto& [name, where] : reading.Texts(node, "write a list of names, as [CI, TZ]")) {
    if (!IsVariableName(name))
      reading.Problem(where, Quote(name) + " is not the name of a variable", "write names, not globs and not values");
    else if (const CodeVariable* variable = FindCodeVariable(name))
      reading.Problem(where, Quote(name) + " may never be passed: " + std::string(variable->reason),
                      "take it out, or give programs what they need as arguments");
    else
      pass.push_back(name);
  }
}
constexpr KeyRule<std::vector<std::string>> kEnvironment[] = {{"pass", Need::kRequired, ReadPassed, "`pass: [CI]`"}};

void ReadRedactId(Reading& reading, const YamlNode& node, Redaction& redaction) {
  auto text = reading.Text(node, "write `id: name-of-the-secret`");
  if (text && !IsRuleId(*text))
    reading.Problem(node.where, Quote(*text) + " is not a rule id",
                    "write small letters, digits and dashes, as `acme-token`");
  redaction.id = text.value_or("");
}
void ReadFind(Reading& reading, const YamlNode& node, Redaction& redaction) {
  auto text = reading.Text(node, "write `find: \"a regex\"`");
  if (!text) return;
  if (auto problem = CheckSearch(*text)) reading.Problem(node.where, problem->what, problem->remedy);
  redaction.find = *text;
}
constexpr KeyRule<Redaction> kRedaction[] = {
    {"id", Need::kRequired, ReadRedactId, "`id: name-of-the-secret`"},
    {"find", Need::kRequired, ReadFind, "`find: \"a regex\"`"},
};

}  // namespace

void ReadUnmatched(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "unmatched", kUnmatched, draft.policy.unmatched);
  NotEmpty(reading, node, "unmatched");
}

void ReadInside(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "inside", kInside, draft.policy.inside.emplace());
  NotEmpty(reading, node, "inside");
}

void ReadWorkspace(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "workspace", kWorkspace, draft.policy.workspace);
  NotEmpty(reading, node, "workspace");
}

void ReadJail(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "jail", kJail, draft.policy.jail);
  NotEmpty(reading, node, "jail");
}

void ReadEnvironment(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "environment", kEnvironment, draft.policy.environment_pass.emplace());
}

void ReadRequireReason(Reading& reading, const YamlNode& node, Draft& draft) {
  for (const auto& [action, where] : reading.Texts(node, "write a list of actions, as [git_push]")) {
    draft.policy.require_reason.push_back(action);
    draft.ListAction(action, where);
  }
}

void ReadRedact(Reading& reading, const YamlNode& node, Draft& draft) {
  if (!reading.IsList(node, "write a list, `- { id: …, find: \"a regex\" }`")) return;
  for (const YamlNode& item : node.items) {
    Redaction redaction;
    redaction.where = item.where;
    ReadMap(reading, item, "a redaction", kRedaction, redaction);
    draft.policy.redact.push_back(std::move(redaction));
  }
}

}  // namespace warder::policy
