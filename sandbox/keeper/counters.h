// What the cgroup's files say: memory kills and processor time. Descriptors that were not given count nothing.
#pragma once

#include <cstdint>
#include <optional>

namespace warder::keeper {

// `oom_kill N` of memory.oom_control (v1) or memory.events (v2).
uint64_t MemoryKills(int fd);
// cpuacct.usage (v1, nanoseconds) or `usage_usec N` of cpu.stat (v2).
std::optional<uint64_t> CpuNanoseconds(int fd);

}  // namespace warder::keeper
