// EnterSpec: what warderd tells one warder-enter beside the plan: the things the broker has no say in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/archive.h"

namespace warder::wire {

struct IdLine {  // one line of an idmapped mount: `disk` on the file system shows as `jail` inside
  uint32_t disk = 0;
  uint32_t jail = 0;
  uint32_t count = 1;
  template <typename F>
  void Fields(F& f) {
    f(disk, jail, count);
  }
};

enum class EnterRole : uint8_t {
  kRun,           // ends in warder-init with a RunPlan
  kSessionHands,  // ends in warder-hands; plan is a RunPlan of which only trees and root count, all read-only
  kProbe,         // doctor's and the start's probe jail: ends in warder-init --probe
  kLast = kProbe,
};

// Descriptors of warder-enter at exec (docs/formats/processes.md); -1 in a field: not given.
inline constexpr int kEnterSpecFd = 3;      // sealed memfd: EnterSpec
inline constexpr int kEnterPlanFd = 4;      // sealed memfd: the plan's bytes
inline constexpr int kEnterStatusFd = 5;    // write end of the status pipe (kSessionHands: 5 is the hands' socket)
inline constexpr int kEnterHandsStatusFd = 8;  // kSessionHands: write end of the status pipe
inline constexpr int kEnterProgramFd = 6;   // O_PATH of warder-init or warder-hands
inline constexpr int kEnterFilterFd = 7;    // sealed memfd: the compiled seccomp filter for the jailed programs
inline constexpr int kEnterCgroupFirstFd = 20;  // cgroup.procs files to write "0" into, cgroup_count of them

struct EnterSpec {
  static constexpr uint8_t kVersion = 1, kType = 40;
  EnterRole role = EnterRole::kRun;
  uint64_t session = 0;
  uint64_t call = 0;
  uint32_t uid = 0;  // session uid (and gid)
  std::vector<IdLine> uids;  // idmap of the workspace mount; empty: no idmap (owner is the session uid)
  std::vector<IdLine> gids;
  int32_t parent_pid = 0;    // warderd as it sees itself; 0 is expected from getppid() in a pid namespace
  uint8_t cgroup_count = 0;
  std::string host_name = "jail";
  std::string without_step;  // only a test build honours it; else a refusal
  template <typename F>
  void Fields(F& f) {
    f(role, session, call, uid, uids, gids, parent_pid, cgroup_count, host_name, without_step);
  }
};

}  // namespace warder::wire
