// A loaded policy, written out again in its long form.
#pragma once

#include <string>

#include "policy/policy.h"

namespace warder::policy {

// YAML that loads to the same meaning (policy/analyse/meaning.h): the shorthand as the rules that it stands for, levels
// by their short names. `defaults`: what counts for keys that the policy does not have, as comments: written out as
// keys they would bind other layers too.
std::string ShowPolicy(const Policy& policy, bool defaults);

// The policy with this profile alone, which takes in all that it is based on; it is the default, and tests of others
// are gone. The name must be one of the policy's.
Policy WithProfile(const Policy& policy, const std::string& profile);

}  // namespace warder::policy
