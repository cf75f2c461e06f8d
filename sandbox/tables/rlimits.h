// The resource limits of every jailed process: a reason each. What sums up over processes is the cgroup's.
#pragma once

#include <sys/resource.h>

#include <cstdint>

namespace warder::tables {

enum class LimitFrom : uint8_t { kFixed, kFiles, kDisk, kCpu };

struct RlimitRow {
  __rlimit_resource resource;
  const char* name;
  LimitFrom from;  // where the value comes from; kFixed: `value`
  uint64_t value;
  const char* reason;
};

inline constexpr RlimitRow kRlimits[] = {
    {RLIMIT_CORE, "core", LimitFrom::kFixed, 1,
     "0 does not stop a piped core_pattern (core(5)), whose helper runs as the host's root; 1 does"},
    {RLIMIT_NOFILE, "files", LimitFrom::kFiles, 0, "the plan's"},
    {RLIMIT_FSIZE, "disk", LimitFrom::kDisk, 0, "one file is not larger than the plan's disk"},
    {RLIMIT_CPU, "cpu", LimitFrom::kCpu, 0, "a net below the keeper's deadline, in whole seconds"},
    {RLIMIT_MEMLOCK, "memlock", LimitFrom::kFixed, 8u << 20, "locked memory escapes reclaim"},
    {RLIMIT_MSGQUEUE, "msgqueue", LimitFrom::kFixed, 819'200, "kernel memory of POSIX queues"},
    {RLIMIT_RTPRIO, "rtprio", LimitFrom::kFixed, 0, "no real-time scheduling"},
    {RLIMIT_NICE, "nice", LimitFrom::kFixed, 0, "no better niceness than given"},
    {RLIMIT_SIGPENDING, "sigpending", LimitFrom::kFixed, 4096, "kernel memory of queued signals"},
};
// RLIMIT_NPROC is not used: it counts a uid's processes over the whole host, the cgroup counts the jail's.

// Below this many descriptors init could not set up the pipelines that a plan may hold.
inline constexpr uint64_t kFewestFiles = 128;
// warder-hands opens few files, and none at kHandsProgramFd (syscalls.h).
inline constexpr uint64_t kHandsFiles = 512;
// /dev/shm and, where a plan says nothing, /tmp.
inline constexpr uint64_t kShmBytes = 64ull << 20;

}  // namespace warder::tables
