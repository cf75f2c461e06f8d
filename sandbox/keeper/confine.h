// The keeper gives everything up that it does not need.
#pragma once

#include "base/error.h"

namespace warder::keeper {

// Refuses uid 0; no capability, not dumpable, no new privileges, no descriptor above the ones of
// docs/formats/processes.md, and a filter of the system calls that the loop uses.
Status Confine();

}  // namespace warder::keeper
