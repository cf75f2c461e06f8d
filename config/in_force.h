// What of the policy language can this host not enforce yet?
//
// The language is read, tested and explained whole (policy/load.h); a host refuses to serve a
// policy that says more than it can hold to. One table: whoever builds a thing takes its row out.
#pragma once

#include <vector>

#include "policy/policy_set.h"

namespace warder::config {

// Empty: the layer may be put in force. Each problem names the place, the reason and what to write.
std::vector<policy::LoadProblem> NotEnforced(const policy::Policy& policy);
// The same of what the layers leave unsaid together: a default that can not be enforced.
std::vector<policy::PolicySet::Problem> DefaultsNotEnforced(const policy::PolicySet& set);

}  // namespace warder::config
