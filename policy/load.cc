// What may a policy file say, at the top, and how does it become a Policy?
#include "policy/load.h"

#include "base/environment.h"
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

void ReadVersion(Reading& reading, const YamlNode& node, Draft&) {
  if (node.kind != YamlKind::kScalar || node.text != "1")
    reading.Problem(node.where, "policy version " + Quote(node.text),
                    "write `policy: 1`, the only one that this program reads");
}

void ReadLayer(Reading& reading, const YamlNode& node, Draft& draft) {
  constexpr std::string_view kLayers[] = {"project", "org", "team", "workspace", "session"};
  auto layer = reading.OneOf(node, kLayers);
  if (layer && *layer != 0)
    reading.Problem(node.where, "layer " + Quote(node.text) + " is not built in this version",
                    "write `layer: project`: one policy is in force at a time");
  draft.policy.layer = "project";
}

void ReadId(Reading& reading, const YamlNode& node, Draft& draft) {
  auto text = reading.Text(node, "write `id: team/name`");
  if (!text) return;
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";
  if (text->size() > 128 || text->find_first_not_of(kLetters) != std::string::npos)
    reading.Problem(node.where, Quote(*text) + " is not the id of a policy",
                    "write letters, digits and . _ / -, as `acme/payments-api`");
  draft.policy.id = *text;
}

template <std::string Policy::*field>
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

void ReadMode(Reading& reading, const YamlNode& node, Policy&) {
  constexpr std::string_view kModes[] = {"direct", "copy-on-write"};
  auto mode = reading.OneOf(node, kModes);
  if (mode && *mode == 1)
    reading.Problem(node.where, "\"copy-on-write\" is not built in this version",
                    "write `mode: direct`, and know that what commands delete is gone");
}

void ReadExecutable(Reading& reading, const YamlNode& node, Policy& policy) {
  policy.workspace_executable = reading.YesNo(node).value_or(false);
}

constexpr KeyRule<Policy> kWorkspace[] = {
    {"mode", Need::kRequired, ReadMode,
     "`mode: direct`: the default, copy-on-write, is not built in this version"},
    {"executable", Need::kOptional, ReadExecutable, ""},
    {"apply", Need::kNotBuilt, nullptr, "take it out: in mode direct there is nothing to apply"},
    {"trash", Need::kNotBuilt, nullptr, "take it out: the trash keeps everything as yet"},
};

void ReadWorkspace(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "workspace", kWorkspace, draft.policy);
}

// Of the jail there is one kind as yet: the words for it are taken, others refused by name.
void OnlyWord(Reading& reading, const YamlNode& node, std::span<const std::string_view> known) {
  auto word = reading.OneOf(node, known);
  if (word && *word != 0)
    reading.Problem(node.where, Quote(node.text) + " is not built in this version",
                    "write `" + std::string(known[0]) + "`");
}
void ReadTier(Reading& reading, const YamlNode& node, Policy&) {
  constexpr std::string_view kTiers[] = {"namespace", "landlock", "oci", "microvm"};
  OnlyWord(reading, node, kTiers);
}
void ReadRoot(Reading& reading, const YamlNode& node, Policy&) {
  if (node.kind != YamlKind::kScalar || node.text != "host-usr")
    reading.Problem(node.where, Quote(node.text) + " is not a root of this version",
                    "write `root: host-usr`");
}
void ReadHardLimits(Reading& reading, const YamlNode& node, Policy&) {
  constexpr std::string_view kLimits[] = {"cgroup", "process"};
  OnlyWord(reading, node, kLimits);
}
constexpr KeyRule<Policy> kJail[] = {
    {"tier", Need::kOptional, ReadTier, ""},
    {"root", Need::kOptional, ReadRoot, ""},
    {"limits", Need::kOptional, ReadHardLimits, ""},
};
void ReadJail(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "jail", kJail, draft.policy);
}

bool IsVariableName(std::string_view text) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  return !text.empty() && text.size() <= 128 &&
         text.find_first_not_of(kLetters) == std::string_view::npos &&
         (text[0] < '0' || text[0] > '9');
}

void ReadPass(Reading& reading, const YamlNode& node, Policy& policy) {
  for (const auto& [name, where] : reading.Texts(node, "write a list of names, as [CI, TZ]")) {
    if (!IsVariableName(name))
      reading.Problem(where, Quote(name) + " is not the name of a variable",
                      "write names, not globs and not values");
    else if (const CodeVariable* variable = FindCodeVariable(name))
      reading.Problem(where, Quote(name) + " may never be passed: " + std::string(variable->reason),
                      "take it out, or give programs what they need as arguments");
    else
      policy.environment_pass.push_back(name);
  }
}
constexpr KeyRule<Policy> kEnvironment[] = {{"pass", Need::kRequired, ReadPass, "`pass: [CI]`"}};
void ReadEnvironment(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "environment", kEnvironment, draft.policy);
}

void ReadRequireReason(Reading& reading, const YamlNode& node, Draft& draft) {
  for (const auto& [action, where] :
       reading.Texts(node, "write a list of actions, as [git_push]")) {
    draft.policy.require_reason.push_back(action);
    draft.listed_actions.push_back({action, where});
  }
}

constexpr std::string_view kLongForm =
    "write it out as exec and paths rules: the shorthand comes later";
constexpr KeyRule<Draft> kPolicy[] = {
    {"policy", Need::kRequired, ReadVersion, "`policy: 1` as the first line"},
    {"layer", Need::kRequired, ReadLayer, "`layer: project`"},
    {"id", Need::kRequired, ReadId, "`id: team/name`"},
    {"owner", Need::kOptional, ReadWords<&Policy::owner>, ""},
    {"description", Need::kOptional, ReadWords<&Policy::description>, ""},
    {"programs", Need::kOptional, ReadPrograms, ""},
    {"exec", Need::kOptional, ReadExec, ""},
    {"paths", Need::kOptional, ReadPaths, ""},
    {"profiles", Need::kOptional, ReadProfiles, ""},
    {"default-profile", Need::kOptional, ReadDefaultProfile, ""},
    {"limits", Need::kOptional, ReadLayerLimits, ""},
    {"workspace", Need::kOptional, ReadWorkspace, ""},  // CheckDraft speaks where it is missing
    {"jail", Need::kOptional, ReadJail, ""},
    {"environment", Need::kOptional, ReadEnvironment, ""},
    {"require-reason", Need::kOptional, ReadRequireReason, ""},
    {"tests", Need::kOptional, ReadTests, ""},
    {"network", Need::kNotBuilt, nullptr, "take it out: no run has a network yet"},
    {"inside", Need::kNotBuilt, nullptr, "take it out: there is no exec guard yet"},
    {"unmatched", Need::kNotBuilt, nullptr, "take it out: what no rule matches is forbidden"},
    {"windows", Need::kNotBuilt, nullptr,
     "take it out, and write `level: approve` where the time matters"},
    {"session", Need::kNotBuilt, nullptr, "take it out: there are no circuit breakers yet"},
    {"redact", Need::kNotBuilt, nullptr,
     "take it out, and forbid reading the files that hold secrets"},
    {"allowed_actions", Need::kNotBuilt, nullptr, kLongForm},
    {"forbidden", Need::kNotBuilt, nullptr, kLongForm},
    {"resource_limits", Need::kNotBuilt, nullptr, "write `limits`: the shorthand comes later"},
};

}  // namespace

std::string LoadResult::Describe(const std::string& file) const {
  return DescribeProblems(file, problems);
}

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
  CheckDraft(reading, *root, draft);
  result.policy = std::move(draft.policy);
  result.problems = std::move(reading.problems());
  return result;
}

}  // namespace warder::policy
