// What hands take from themselves before they touch anything.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"
#include "sandbox/hands/change.h"

namespace warder::hands {

// Not dumpable, no_new_privs on, and no capability in any set, or an Error: hands never run with powers.
Status AssertPowerless();

// The owner's hands for the rest of their life: Landlock to workspace and trash, then a filter of the system
// calls of kOwnerCalls; anything else kills the process.
Status ConfineOwner(const OwnerTrees& trees);

// Numbers for this machine's architecture; data, each with its reason in confine.cc.
std::span<const int> OwnerCalls();

}  // namespace warder::hands
