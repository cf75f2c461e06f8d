// What may a policy file say, at the top, and how does it become a Policy?
#include "policy/load.h"

#include "policy/load_parts.h"

namespace warder::policy {
namespace {

constexpr std::string_view kVersions[] = {"1"};
constexpr std::string_view kLayers[] = {"org", "team", "project", "workspace", "session"};

void ReadVersion(Reading& reading, const YamlNode& node, Draft&) {
  if (node.kind != YamlKind::kScalar || node.text != kVersions[0])
    reading.Problem(node.where, "policy version " + Quote(node.text),
                    "write `policy: 1`, the only one that this program reads");
}

void ReadLayer(Reading& reading, const YamlNode& node, Draft& draft) {
  if (auto layer = reading.OneOf(node, kLayers)) draft.policy.layer = static_cast<LayerKind>(*layer);
  reading.used().push_back({"a policy: layer", node.where});
}

void ReadId(Reading& reading, const YamlNode& node, Draft& draft) {
  auto text = reading.Text(node, "write `id: team/name`");
  if (!text) return;
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";
  if (text->size() > 128 || text->find_first_not_of(kLetters) != std::string::npos)
    reading.Problem(node.where, Quote(*text) + " is not the id of a policy",
                    "write letters, digits and . _ / -, as `acme/payments-api`");
  draft.policy.id = *text;
}

template <std::string Policy::* field>
void ReadWords(Reading& reading, const YamlNode& node, Draft& draft) {
  draft.policy.*field = reading.Text(node, "write a text").value_or("");
}

void ReadDefaultProfile(Reading& reading, const YamlNode& node, Draft& draft) {
  auto name = reading.Text(node, "write the name of a profile");
  if (!name) return;
  draft.policy.default_profile = *name;
  draft.named_profiles.push_back({*name, node.where});
}

void ReadLayerLimits(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadLimits(reading, node, draft.policy.limits, false);
}

Shape PolicyId() { return shape::Pattern("letters, digits and `. _ / -`", "^[A-Za-z0-9._/-]{1,128}$"); }

constexpr KeyRule<Draft> kPolicy[] = {
    {"policy",
     Need::kRequired,
     ReadVersion,
     "`policy: 1` as the first line",
     {shape::OneOf<kVersions>, "The version of the language, the first key of the file", "1", "", "must be 1"}},
    {"layer",
     Need::kRequired,
     ReadLayer,
     "`layer: project`",
     {shape::OneOf<kLayers>, "Which layer the file is; a lower one only narrows", "project", "", "one of each"}},
    {"id",
     Need::kRequired,
     ReadId,
     "`id: team/name`",
     {PolicyId, "The name of the policy, in the log and in refusals", "acme/payments-api", "", "own"}},
    {"owner",
     Need::kOptional,
     ReadWords<&Policy::owner>,
     "",
     {shape::Text, "Who answers for it", "payments-security@acme.example", "nobody", "own"}},
    {"description",
     Need::kOptional,
     ReadWords<&Policy::description>,
     "",
     {shape::Text, "What it is for", "Build and test the payments API.", "", "own"}},
    {"programs",
     Need::kOptional,
     ReadPrograms,
     "",
     {ProgramsShape, "Names bound to files, where they are not in the system's directories, or pinned",
      "{ kubectl: /usr/local/bin/kubectl }", "looked up in /usr/bin and /usr/sbin", "must agree"}},
    {"exec",
     Need::kOptional,
     ReadExec,
     "",
     {ExecShape, "Which programs may be started, with which arguments",
      "[{ id: status, level: auto, argv: [git, status] }]", "the layer says nothing of programs", "strictest"}},
    {"inside",
     Need::kNoted,
     ReadInside,
     "",
     {InsideShape, "Programs that an allowed command starts in its jail", "{ no-rule: allow }", "both forbid",
      "strictest"}},
    {"unmatched",
     Need::kOptional,
     ReadUnmatched,
     "",
     {UnmatchedShape, "What happens to calls that no rule of the section meets", "{ exec: pass }", "all forbid",
      "own"}},
    {"paths",
     Need::kOptional,
     ReadPaths,
     "",
     {PathsShape, "Which paths may be read, written and deleted",
      "[{ id: ws, level: auto, may: [read], under: \"${workspace}\" }]", "the layer says nothing of paths",
      "strictest"}},
    {"network",
     Need::kNoted,
     ReadNetwork,
     "",
     {NetworkShape, "Which hosts may be reached", "[{ id: web, level: approve, hosts: [example.com], ports: [443] }]",
      "the layer says nothing of hosts", "strictest"}},
    {"profiles",
     Need::kOptional,
     ReadProfiles,
     "",
     {ProfilesShape, "Sets of levels for actions; one is in force", "{ day: { auto: [read_file] } }",
      "actions have no level of their own", "own; explicit lists bind all"}},
    {"default-profile",
     Need::kOptional,
     ReadDefaultProfile,
     "",
     {shape::ProfileName, "The profile that is in force where none is asked for", "day", "required beside profiles",
      "own"}},
    {"windows",
     Need::kNoted,
     ReadWindows,
     "",
     {WindowsShape, "Hours outside of which an action is stricter",
      "[{ id: hours, actions: [deploy], outside: \"Mon-Fri 08:00-18:00 Europe/Berlin\", level: forbid }]",
      "always open", "strictest"}},
    {"limits",
     Need::kOptional,
     ReadLayerLimits,
     "",
     {LimitsShape, "What a call may use", "{ wall: 2m, memory: 2GiB }", "the host's largest", "smallest"}},
    {"session",
     Need::kNoted,
     ReadSession,
     "",
     {SessionShape, "Circuit breakers: beyond one, the agent is paused until a person resumes it",
      "{ calls: { max: 500 } }", "none", "each counts"}},
    {"workspace",
     Need::kOptional,
     ReadWorkspace,
     "",
     {WorkspaceShape, "How the workspace is shown to commands and how their changes are taken over", "{ mode: direct }",
      "see its keys", "strictest"}},
    {"jail",
     Need::kOptional,
     ReadJail,
     "",
     {JailShape, "How strong a jail must be at least", "{ tier: namespace }", "see its keys", "strongest"}},
    {"environment",
     Need::kOptional,
     ReadEnvironment,
     "",
     {EnvironmentShape, "Variables of the environment", "{ pass: [CI, TZ] }", "none may be set", "what all pass"}},
    {"require-reason",
     Need::kOptional,
     ReadRequireReason,
     "",
     {shape::List<shape::ActionName>, "Actions whose calls are forbidden without a reason", "[git_push]", "none",
      "union"}},
    {"redact",
     Need::kNoted,
     ReadRedact,
     "",
     {RedactShape, "Secrets that are taken out of answers and of the log, beside the built-in ones",
      "[{ id: token, find: \"acme_[A-Za-z0-9]{32}\" }]", "the built-in ones", "union"}},
    {"tests",
     Need::kOptional,
     ReadTests,
     "",
     {TestsShape, "Calls and the level that they must come out at; run at every load",
      "[{ run: \"git status\", expect: auto }]", "none", "each runs"}},
    {"allowed_actions",
     Need::kNoted,
     ReadAllowedActions,
     "",
     {AllowedActionsShape, "Shorthand: paths and programs at auto", "{ read: [/var/log/**], execute: [grep] }", "",
      "as what it is rewritten to"}},
    {"forbidden",
     Need::kOptional,
     ReadForbidden,
     "",
     {shape::List<shape::Program>, "Shorthand: programs that are forbidden", "[rm, sudo]", "", "strictest"}},
    {"resource_limits",
     Need::kOptional,
     ReadResourceLimits,
     "",
     {ResourceLimitsShape, "Shorthand of limits", "{ max_command_duration: 60s }", "", "smallest"}},
};

// A workspace's own policy stands where its agent writes: while it is in force it can not be taken away.
void KeepOwnFile(Policy& policy) {
  if (!policy.has_paths) policy.unmatched.paths = true;
  policy.has_paths = true;
  PathRule rule;
  rule.id = "own-policy";
  rule.level = Level::kForbid;
  rule.forbid_text = "This policy is in force here: a person changes it.";
  rule.may = ActBit(Act::kWrite) | ActBit(Act::kDelete);
  rule.match = {"${workspace}/" + std::string(kWorkspacePolicy)};
  rule.where = {1, 1};
  policy.paths.push_back(std::move(rule));
}

}  // namespace

Shape PolicyShape() { return shape::Map("a policy", kPolicy); }

std::string LoadResult::Describe(const std::string& file) const { return DescribeProblems(file, problems); }

LoadResult LoadPolicy(const std::string& file, std::string_view bytes) {
  LoadResult result;
  auto root = ParseYaml(bytes);
  if (!root) {
    result.problems.push_back(std::move(root.error()));
    return result;
  }
  Reading reading;
  Draft draft;
  draft.policy.file = file;
  draft.policy.digest = HashSha256(bytes);
  if (root->keys.front().text != "policy" && root->Find("policy") != nullptr)
    reading.Problem(root->keys.front().where, Quote(root->keys.front().text) + " before `policy`",
                    "write `policy: 1` as the first key");
  ReadMap(reading, *root, "a policy", kPolicy, draft);
  FinishShorthand(reading, *root, draft);
  CheckDraft(reading, *root, draft);
  if (draft.policy.layer == LayerKind::kWorkspace) KeepOwnFile(draft.policy);
  draft.policy.used = std::move(reading.used());
  result.policy = std::move(draft.policy);
  result.problems = std::move(reading.problems());
  return result;
}

}  // namespace warder::policy
