// What must be refused inside every jail, tried.
#pragma once

namespace warder::init {

// Tries each forbidden act in a child of its own, writes `NAME ok` or `NAME FAILED detail` a line to
// stdout. 0 only when all were refused, in the way that was expected.
int RunProbe();

}  // namespace warder::init
