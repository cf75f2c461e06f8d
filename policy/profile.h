// Which level does a profile give an action?
#pragma once

#include <optional>
#include <string>

#include "policy/policy.h"

namespace warder::policy {

// A profile with what it is based on, as one value. Pointers into the policy, which must outlive it.
struct ActiveProfile {
  std::vector<const Profile*> chain;  // itself, then what it is based on; empty: the policy has no profile
  std::string problem;                // why it can not be used; then every call is forbid
  bool approve_becomes_forbid = false;

  bool exists() const { return !chain.empty(); }
  // Own lists, then those of what it is based on; then `otherwise` in the same order; else approve.
  Level LevelOf(const std::string& action) const;
  // Of what names no action, or one in no list.
  Level Otherwise() const;
  const std::string& name() const;
};

// `name` empty: the policy's default-profile, or none.
ActiveProfile FindProfile(const Policy& policy, const std::string& name);

// The level of a rule that matches: the stricter of its own and its action's; approve where neither speaks.
Level RuleLevel(const ExecRule& rule, const ActiveProfile& profile);

}  // namespace warder::policy
