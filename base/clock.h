// Time that only runs forward, for deadlines and durations; stops while the machine sleeps (clock_gettime(2)).
#pragma once

#include <time.h>

#include <cstdint>

namespace warder {

// CLOCK_MONOTONIC in nanoseconds. Async-signal-safe.
inline uint64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace warder
