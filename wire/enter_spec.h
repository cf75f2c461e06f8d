// What warderd tells one warder-enter beside the plan: the things the broker has no say in.
//
// In two parts, so that a jail can be built ahead of its call: EnterRoom at birth, EnterSpec when a call comes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/archive.h"

namespace warder::wire {

enum class EnterRole : uint8_t {
  kRun,           // ends in warder-init with a RunPlan
  kSessionHands,  // ends in warder-hands; plan is a RunPlan of which only trees and root count, all read-only
  kProbe,         // doctor's and the start's probe jail: ends in warder-init --probe
  kLast = kProbe,
};

// Descriptors of warder-enter at exec (docs/formats/processes.md).
inline constexpr int kEnterRoomFd = 3;          // sealed memfd: EnterRoom
inline constexpr int kEnterSpecFd = 4;          // socket on which one EnterSpec comes; then, for init, kRunWord
inline constexpr int kEnterStatusFd = 5;        // write end of the status pipe (kSessionHands: 5 is the hands' socket)
inline constexpr int kEnterHandsStatusFd = 8;   // kSessionHands: write end of the status pipe
inline constexpr int kEnterProgramFd = 6;       // O_PATH of warder-init or warder-hands
inline constexpr int kEnterFilterFd = 7;        // sealed memfd: the compiled seccomp filter for the jailed programs
inline constexpr int kEnterCgroupFirstFd = 20;  // v1 `tasks` files to write "0" into, cgroup_count of them

// What warderd sends to init when the call is recorded. End of file instead: it never will be.
inline constexpr std::string_view kRunWord = "run";

struct EnterRoom {
  static constexpr uint8_t kVersion = 1, kType = 42;
  EnterRole role = EnterRole::kRun;
  int32_t parent_pid = 0;  // warderd as it sees itself
  uint8_t cgroup_count = 0;
  std::string without_step;  // only a test build honours it; else a refusal
  template <typename F>
  void Fields(F& f) {
    f(role, parent_pid, cgroup_count, without_step);
  }
};

// fds: the plan (sealed memfd); then, where id_map: the user namespace that maps the owners of the workspace and of
// writable trees; then, where input: the jail's stdin.
struct EnterSpec {
  static constexpr uint8_t kVersion = 2, kType = 40;
  uint64_t session = 0;
  uint64_t call = 0;
  uint64_t asked_ns = 0;  // CLOCK_MONOTONIC: from here on the set-up time counts
  uint32_t uid = 0;       // session uid (and gid)
  bool id_map = false;    // false: the owner is the session uid
  bool input = false;
  std::string host_name = "jail";
  template <typename F>
  void Fields(F& f) {
    f(session, call, asked_ns, uid, id_map, input, host_name);
  }
};

}  // namespace warder::wire
