// How a jail tells what became of it: warder-enter and warder-init to the keeper (status pipe), the keeper
// to the broker (output socket) and, in the same form, to the ledger (report pipe).
//
// The status pipe carries u16 length + message, each below PIPE_BUF, so that writes never interleave. The
// output socket carries one message a packet. The report pipe carries u16 length + one RunEnd, then ends.
#pragma once

#include <cstdint>
#include <string>

#include "base/archive.h"

namespace warder::wire {

// ---- status pipe: enter and init -> keeper ---------------------------------------------------
struct SetupFailed {
  static constexpr uint8_t kVersion = 1, kType = 20;
  std::string step;   // name in enter's table, or "init: …"
  int32_t error = 0;  // errno, 0 where there is none
  std::string detail;
  template <typename F>
  void Fields(F& f) {
    f(step, error, detail);
  }
};
// The last command's end, or the end of the list. Written once; then init exits.
struct ListEnded {
  static constexpr uint8_t kVersion = 1, kType = 21;
  uint32_t command = 0;     // index of the command whose status this is
  int32_t wait_status = 0;  // as waitpid(2) gives it
  uint64_t max_rss_bytes = 0;
  uint64_t cpu_ns = 0;  // user + system of all that init reaped
  template <typename F>
  void Fields(F& f) {
    f(command, wait_status, max_rss_bytes, cpu_ns);
  }
};
// The jail stands and its call is recorded: from here on the wall clock counts.
struct JailStarted {
  static constexpr uint8_t kVersion = 1, kType = 22;
  uint64_t setup_ns = 0;  // from the call's arrival until init could run it
  template <typename F>
  void Fields(F& f) {
    f(setup_ns);
  }
};

// ---- output socket: keeper -> broker --------------------------------------------------------
struct Output {
  static constexpr uint8_t kVersion = 1, kType = 30;
  uint8_t stream = 1;  // 1 stdout, 2 stderr
  std::string bytes;   // at most kOutputChunkBytes
  template <typename F>
  void Fields(F& f) {
    f(stream, bytes);
  }
};
// broker -> keeper, on the same socket: end this run.
struct Cancel {
  static constexpr uint8_t kVersion = 1, kType = 31;
  bool at_once = false;  // false: TERM, grace, kill
  template <typename F>
  void Fields(F& f) {
    f(at_once);
  }
};

enum class EndKind : uint8_t {
  kExited,    // code
  kSignaled,  // signal
  kWallLimit,
  kCpuLimit,
  kMemoryLimit,  // the cgroup's memory killer
  kDiskLimit,    // a file grew past limits.disk (SIGXFSZ)
  kCancelled,
  kSetupFailed,  // step, error: nothing of the agent's ran
  kLost,         // init ended without a word, or the jail was killed from outside
  kLast = kLost,
};

// ---- output socket and report pipe: how the run ended --------------------------------------
struct RunEnd {
  static constexpr uint8_t kVersion = 1, kType = 32;
  uint64_t session = 0;
  uint64_t call = 0;
  EndKind kind = EndKind::kLost;
  int32_t code = 0;
  int32_t signal = 0;
  uint32_t command = 0;
  std::string step;
  int32_t error = 0;
  std::string detail;
  uint64_t setup_ns = 0;
  uint64_t wall_ns = 0;  // from JailStarted
  uint64_t cpu_ns = 0;
  uint64_t max_rss_bytes = 0;
  uint64_t stdout_bytes = 0;  // that the jail wrote
  uint64_t stderr_bytes = 0;
  uint64_t stdout_kept = 0;  // that were passed on
  uint64_t stderr_kept = 0;
  template <typename F>
  void Fields(F& f) {
    f(session, call, kind, code, signal, command, step, error, detail, setup_ns, wall_ns, cpu_ns, max_rss_bytes,
      stdout_bytes, stderr_bytes, stdout_kept, stderr_kept);
  }
};

}  // namespace warder::wire
