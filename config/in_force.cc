// Which keys and values can not be put in force here?
#include "config/in_force.h"

#include <algorithm>

#include "policy/schema.h"

namespace warder::config {
namespace {

using policy::Policy;
using policy::Where;

struct Key {
  std::string_view key;  // as Policy::used has it
  std::string_view remedy;
};
// Keys that may not stand in the file at all.
constexpr Key kKeys[] = {
    {"a policy: network", "take it out: no run has a network yet"},
    {"a policy: inside", "take it out: there is no exec guard yet"},
    {"a policy: session", "take it out: there are no circuit breakers yet"},
    {"a policy: redact", "take it out, and forbid reading the files that hold secrets"},
    {"a policy: allowed_actions", "write it out as exec and paths rules: there is no exec guard yet"},
    {"an exec rule: network", "take it out: no run has a network yet"},
    {"an exec rule: attempts", "take it out, and write `level: approve` where each run should be seen"},
    {"an exec rule: guard", "take it out: there is no exec guard yet"},
    {"an exec rule: only", "take it out: there is no exec guard yet, rules count for calls"},
    {"an exec rule: lease", "take it out: nothing holds leases yet"},
    {"an exec rule: tool", "take it out: agents use run_command"},
    {"approval: reuse", "take it out: a yes counts for one call"},
    {"workspace: apply", "take it out: in mode direct there is nothing to apply"},
    {"workspace: trash", "take it out: the trash keeps everything as yet"},
};

constexpr std::string_view kDirectRemedy =
    "write `workspace: { mode: direct }`, and know that what commands delete is gone";

Where PlaceOf(const Policy& policy, std::string_view key) {
  auto used = std::ranges::find(policy.used, key, &policy::UsedKey::key);
  return used == policy.used.end() ? Where{1, 1} : used->where;
}

}  // namespace

std::vector<policy::LoadProblem> NotEnforced(const Policy& policy) {
  std::vector<policy::LoadProblem> problems;
  auto refuse = [&](Where where, const std::string& what, std::string_view remedy) {
    problems.push_back({where, what + " can not be enforced by this version", std::string(remedy)});
  };
  for (const policy::UsedKey& used : policy.used)
    if (auto row = std::ranges::find(kKeys, used.key, &Key::key); row != std::end(kKeys))
      refuse(used.where, policy::Quote(used.key.substr(used.key.find(": ") + 2)), row->remedy);
  if (policy.workspace.mode && policy.workspace.mode != policy::WorkspaceMode::kDirect)
    refuse(PlaceOf(policy, "workspace: mode"), "\"copy-on-write\"", kDirectRemedy);
  if (policy.jail.tier > policy::Tier::kNamespace)
    refuse(PlaceOf(policy, "jail: tier"), "a jail of another tier", "write `tier: namespace`");
  if (!policy.jail.root.empty() && policy.jail.root != "host-usr")
    refuse(PlaceOf(policy, "jail: root"), policy::Quote(policy.jail.root) + " as root", "write `root: host-usr`");
  if (policy.jail.limits == policy::LimitsBy::kProcess)
    refuse(PlaceOf(policy, "jail: limits"), "\"process\"", "write `limits: cgroup`");
  for (const policy::ExecRule& rule : policy.exec)
    if (rule.approval && rule.approval->people > 1)
      refuse(rule.where, "an approval by more than one person", "write `people: 1`");
  return problems;
}

std::vector<policy::PolicySet::Problem> DefaultsNotEnforced(const policy::PolicySet& set) {
  if (set.settings().workspace_mode == policy::WorkspaceMode::kDirect) return {};
  for (const auto& layer : set.layers())
    if (layer->workspace.mode) return {};  // told where it stands
  return {{set.layers().back()->file,
           {{1, 1},
            "copy-on-write, which is the default, can not be enforced by this version",
            std::string(kDirectRemedy)}}};
}

}  // namespace warder::config
