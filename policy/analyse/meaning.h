// What does a policy mean, apart from how and where it is written?
#pragma once

#include <string>

#include "policy/policy.h"

namespace warder::policy {

// Equal for two policies exactly if they say the same: file, digest, places and which keys stood in the file do not
// count. `programs` counts as declared or named, not as bound.
std::string Meaning(const Policy& policy);

}  // namespace warder::policy
