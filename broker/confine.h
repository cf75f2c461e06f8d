// What the broker gives up before the first byte of a stranger: it needs memory, its sockets and the clock.
#pragma once

#include "base/error.h"

namespace warder::broker {

// Not dumpable, no_new_privs, no capability (asserted, not dropped: the monitor started us without), an
// allowlist of system calls without exec, fork, ptrace, open or socket. For good.
Status Confine();

}  // namespace warder::broker
