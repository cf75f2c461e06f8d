// What the ledger's process may still do once it has its directories: nothing but keep a log.
#pragma once

#include "base/error.h"

namespace warder::audit {

// Before ConfineLedger: loads what OpenSSL would look for on disk later.
Status WarmUpCrypto();

// Not dumpable, no_new_privs, Landlock (read and write beneath the two directories only), seccomp
// (the table in confine.cc; no exec, no fork, no new socket). Refuses to run as root or where one
// can not be had.
Status ConfineLedger(int log_directory, int state_directory);

}  // namespace warder::audit
