// Binds a policy's programs to the files of this machine.
#pragma once

#include <vector>

#include "policy/bind.h"

namespace warder::config {

// policy::BindPrograms with the disk behind it; answers what people should know: names without a
// file, and what this version does not serve in full.
std::vector<policy::LoadProblem> BindFromDisk(policy::Policy& policy);

}  // namespace warder::config
