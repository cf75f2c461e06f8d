// What level does a profile give an action?
#include "policy/profile.h"

#include <algorithm>

namespace warder::policy {
namespace {

const Profile* Named(const Policy& policy, const std::string& name) {
  for (const Profile& profile : policy.profiles)
    if (profile.name == name) return &profile;
  return nullptr;
}

}  // namespace

Level ActiveProfile::LevelOf(const std::string& action) const {
  for (const Profile* profile : chain)
    for (const auto& [name, level] : profile->actions)
      if (name == action) return level;
  return Otherwise();
}

Level ActiveProfile::Otherwise() const {
  for (const Profile* profile : chain)
    if (profile->otherwise) return *profile->otherwise;
  return Level::kApprove;
}

const std::string& ActiveProfile::name() const {
  static const std::string none;
  return chain.empty() ? none : chain.front()->name;
}

ActiveProfile FindProfile(const Policy& policy, const std::string& name) {
  ActiveProfile active;
  std::string next = name.empty() ? policy.default_profile : name;
  while (!next.empty() && active.problem.empty()) {
    const Profile* profile = Named(policy, next);
    if (profile == nullptr)
      active.problem = "the policy has no profile named " + next;
    else if (std::find(active.chain.begin(), active.chain.end(), profile) != active.chain.end())
      active.problem = "the profile " + next + " is based on itself";
    else
      active.chain.push_back(profile);
    if (!active.problem.empty()) break;
    active.approve_becomes_forbid |= profile->approve_becomes_forbid;
    next = profile->based_on;
  }
  return active;
}

Level RuleLevel(const ExecRule& rule, const ActiveProfile& profile) {
  if (profile.exists() && !rule.action.empty())
    return std::max(rule.level.value_or(Level::kAuto), profile.LevelOf(rule.action));
  if (rule.level) return *rule.level;
  return profile.exists() ? std::max(Level::kApprove, profile.Otherwise()) : Level::kApprove;
}

}  // namespace warder::policy
