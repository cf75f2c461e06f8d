// What may a policy file say, at the top, and how does it become a Policy?
#include "policy/load.h"

#include "policy/load_parts.h"

namespace warder::policy {
namespace {

void ReadVersion(Reading& reading, const YamlNode& node, Draft&) {
  if (node.kind != YamlKind::kScalar || node.text != "1")
    reading.Problem(node.where, "policy version " + Quote(node.text),
                    "write `policy: 1`, the only one that this program reads");
}

void ReadLayer(Reading& reading, const YamlNode& node, Draft& draft) {
  constexpr std::string_view kLayers[] = {"org", "team", "project", "workspace", "session"};
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

constexpr KeyRule<Draft> kPolicy[] = {
    {"policy", Need::kRequired, ReadVersion, "`policy: 1` as the first line"},
    {"layer", Need::kRequired, ReadLayer, "`layer: project`"},
    {"id", Need::kRequired, ReadId, "`id: team/name`"},
    {"owner", Need::kOptional, ReadWords<&Policy::owner>, ""},
    {"description", Need::kOptional, ReadWords<&Policy::description>, ""},
    {"programs", Need::kOptional, ReadPrograms, ""},
    {"exec", Need::kOptional, ReadExec, ""},
    {"inside", Need::kNoted, ReadInside, ""},
    {"unmatched", Need::kOptional, ReadUnmatched, ""},
    {"paths", Need::kOptional, ReadPaths, ""},
    {"network", Need::kNoted, ReadNetwork, ""},
    {"profiles", Need::kOptional, ReadProfiles, ""},
    {"default-profile", Need::kOptional, ReadDefaultProfile, ""},
    {"windows", Need::kNoted, ReadWindows, ""},
    {"limits", Need::kOptional, ReadLayerLimits, ""},
    {"session", Need::kNoted, ReadSession, ""},
    {"workspace", Need::kOptional, ReadWorkspace, ""},
    {"jail", Need::kOptional, ReadJail, ""},
    {"environment", Need::kOptional, ReadEnvironment, ""},
    {"require-reason", Need::kOptional, ReadRequireReason, ""},
    {"redact", Need::kNoted, ReadRedact, ""},
    {"tests", Need::kOptional, ReadTests, ""},
    {"allowed_actions", Need::kNoted, ReadAllowedActions, ""},
    {"forbidden", Need::kOptional, ReadForbidden, ""},
    {"resource_limits", Need::kOptional, ReadResourceLimits, ""},
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
