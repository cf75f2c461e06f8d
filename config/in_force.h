// What of the policy language can this host not enforce yet?
//
// The language is read, tested and explained whole (policy/load.h); a host refuses to serve a
// policy that says more than it can hold to. One table: whoever builds a thing takes its row out.
#pragma once

#include <vector>

#include "policy/load.h"

namespace warder::config {

// Empty: the policy may be put in force. Each problem names the place, the reason and what to
// write.
std::vector<policy::LoadProblem> NotEnforced(const policy::Policy& policy);

}  // namespace warder::config
