// What may a policy say about what surrounds a run: workspace, jail, environment, inside, secrets?
#include <algorithm>

#include "base/environment.h"
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

constexpr std::string_view kPass[] = {"forbid", "pass"};
constexpr std::string_view kNoRule[] = {"forbid", "allow"};
constexpr std::string_view kInsideApprove[] = {"forbid", "ask"};
constexpr std::string_view kModes[] = {"direct", "copy-on-write"};
constexpr std::string_view kApply[] = {"auto", "review", "never"};
constexpr std::string_view kTiers[] = {"landlock", "namespace", "oci", "microvm"};
constexpr std::string_view kLimits[] = {"process", "cgroup"};

template <typename T>
void NotEmpty(Reading& reading, const YamlNode& node, const T& what) {
  if (node.kind == YamlKind::kMap && node.keys.empty())
    reading.Problem(node.where, std::string("an empty `") + what + "`", "write at least one key, or take it out");
}

// ---- unmatched, inside
// ---------------------------------------------------------------------------
template <bool Unmatched::* field>
void ReadPass(Reading& reading, const YamlNode& node, Unmatched& unmatched) {
  if (auto word = reading.OneOf(node, kPass)) unmatched.*field = *word == 1;
}
constexpr KeyRule<Unmatched> kUnmatched[] = {
    {"exec",
     Need::kOptional,
     ReadPass<&Unmatched::exec>,
     "",
     {shape::OneOf<kPass>, "Programs that no exec rule meets", "pass", "forbid", "own"}},
    {"paths",
     Need::kOptional,
     ReadPass<&Unmatched::paths>,
     "",
     {shape::OneOf<kPass>, "Paths that no path rule meets", "pass", "forbid", "own"}},
    {"network",
     Need::kOptional,
     ReadPass<&Unmatched::network>,
     "",
     {shape::OneOf<kPass>, "Hosts that no network rule meets", "pass", "forbid", "own"}},
};

void ReadInsideNoRule(Reading& reading, const YamlNode& node, InsideTerms& inside) {
  if (auto word = reading.OneOf(node, kNoRule)) inside.no_rule = static_cast<InsideNoRule>(*word);
}
void ReadInsideApprove(Reading& reading, const YamlNode& node, InsideTerms& inside) {
  if (auto word = reading.OneOf(node, kInsideApprove)) inside.approve = static_cast<InsideApprove>(*word);
}
constexpr KeyRule<InsideTerms> kInside[] = {
    {"no-rule",
     Need::kOptional,
     ReadInsideNoRule,
     "",
     {shape::OneOf<kNoRule>, "Programs that no rule is for", "allow", "forbid", "strictest"}},
    {"approve",
     Need::kOptional,
     ReadInsideApprove,
     "",
     {shape::OneOf<kInsideApprove>, "Programs that would wait for a person", "ask", "forbid", "strictest"}},
};

// ---- workspace
// -----------------------------------------------------------------------------------
void ReadMode(Reading& reading, const YamlNode& node, WorkspaceTerms& workspace) {
  if (auto mode = reading.OneOf(node, kModes)) workspace.mode = static_cast<WorkspaceMode>(*mode);
}
void ReadApply(Reading& reading, const YamlNode& node, WorkspaceTerms& workspace) {
  if (auto apply = reading.OneOf(node, kApply)) workspace.apply = static_cast<Apply>(*apply);
}
void ReadExecutable(Reading& reading, const YamlNode& node, WorkspaceTerms& workspace) {
  workspace.executable = reading.YesNo(node);
}
void ReadKeep(Reading& reading, const YamlNode& node, Trash& trash) { trash.keep_ms = reading.Duration(node); }
void ReadTrashMax(Reading& reading, const YamlNode& node, Trash& trash) { trash.max_bytes = reading.Size(node); }
constexpr KeyRule<Trash> kTrash[] = {
    {"keep",
     Need::kOptional,
     ReadKeep,
     "",
     {shape::Duration, "How long what was deleted can come back", "7d", "the host's", "longest"}},
    {"max",
     Need::kOptional,
     ReadTrashMax,
     "",
     {shape::Size, "How much of it is kept", "2GiB", "the host's", "smallest"}},
};
void ReadTrash(Reading& reading, const YamlNode& node, WorkspaceTerms& workspace) {
  ReadMap(reading, node, "trash", kTrash, workspace.trash);
  NotEmpty(reading, node, "trash");
}
Shape TrashShape() { return shape::Map("trash", kTrash); }
constexpr KeyRule<WorkspaceTerms> kWorkspace[] = {
    {"mode",
     Need::kNoted,
     ReadMode,
     "",
     {shape::OneOf<kModes>, "Whether commands change a copy or the files themselves", "direct", "copy-on-write",
      "copy-on-write"}},
    {"apply",
     Need::kNoted,
     ReadApply,
     "",
     {shape::OneOf<kApply>, "Whether changes are taken over, wait for a person, or never are", "review", "auto",
      "never, review, auto"}},
    {"executable",
     Need::kOptional,
     ReadExecutable,
     "",
     {shape::YesNo, "May files that the session can write be started?", "yes", "no", "no"}},
    {"trash",
     Need::kNoted,
     ReadTrash,
     "",
     {TrashShape, "How long deleted files are kept", "{ keep: 7d, max: 2GiB }", "the host's",
      "longest keep, smallest max"}},
};

// ---- jail
// ----------------------------------------------------------------------------------------
void ReadTier(Reading& reading, const YamlNode& node, JailTerms& jail) {
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
  if (auto limits = reading.OneOf(node, kLimits)) jail.limits = static_cast<LimitsBy>(*limits);
}
Shape Root() { return shape::Pattern("`host-usr` or `\"image:name\"`", "^(host-usr|image:[a-z][a-z0-9-]*)$"); }
constexpr KeyRule<JailTerms> kJail[] = {
    {"tier",
     Need::kNoted,
     ReadTier,
     "",
     {shape::OneOf<kTiers>, "The weakest kind of jail that will do", "namespace", "namespace", "strongest"}},
    {"root",
     Need::kNoted,
     ReadRoot,
     "",
     {Root, "What programs see as the system: `host-usr`, or an image of the host file", "host-usr", "host-usr",
      "must agree"}},
    {"limits",
     Need::kNoted,
     ReadLimitsBy,
     "",
     {shape::OneOf<kLimits>, "What enforces the limits", "cgroup", "the host's", "cgroup"}},
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
Shape Variable() { return shape::Pattern("the name of a variable", "^[A-Za-z_][A-Za-z0-9_]{0,127}$"); }
constexpr KeyRule<std::vector<std::string>> kEnvironment[] = {
    {"pass",
     Need::kRequired,
     ReadPassed,
     "`pass: [CI]`",
     {shape::List<Variable>, "Names that a call may set", "[CI, TZ]", "", "what all pass"}}};

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
    {"id",
     Need::kRequired,
     ReadRedactId,
     "`id: name-of-the-secret`",
     {shape::RuleId, "The name of the secret", "acme-token", "", "union"}},
    {"find",
     Need::kRequired,
     ReadFind,
     "`find: \"a regex\"`",
     {shape::Text, "A regex (RE2) that is searched for", "\"acme_[A-Za-z0-9]{32}\"", "", "union"}},
};

}  // namespace

Shape UnmatchedShape() { return shape::Map("unmatched", kUnmatched); }
Shape InsideShape() { return shape::Map("inside", kInside); }
Shape WorkspaceShape() { return shape::Map("workspace", kWorkspace); }
Shape JailShape() { return shape::Map("jail", kJail); }
Shape EnvironmentShape() { return shape::Map("environment", kEnvironment); }
Shape RedactShape() { return shape::ListOf(shape::Map("a redaction", kRedaction)); }

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
