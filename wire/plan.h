// Plan: what the jailer is told to do, in exact bytes that the ledger hashed before (docs/formats/plan.md).
//
// The broker writes it, the ledger stores it, the jailer, warder-enter, warder-init, warder-keeper and hands
// read it; each checks it again on its side. Strings are bytes; paths are absolute, without `.`, `..`,
// doubled or trailing slashes (ValidPath), as they are inside the jail, which for the workspace and the
// sources is the same as on the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/archive.h"
#include "base/error.h"
#include "base/sha256.h"

namespace warder::wire {

struct FileIdentity {
  uint64_t dev = 0;
  uint64_t ino = 0;
  std::optional<Digest> sha256;  // where the policy pins it
  template <typename F>
  void Fields(F& f) {
    f(dev, ino, sha256);
  }
};

enum class RedirectKind : uint8_t { kRead, kTruncate, kAppend, kDuplicate, kLast = kDuplicate };

struct Redirection {
  uint8_t fd = 0;  // 0..2
  RedirectKind kind = RedirectKind::kRead;
  std::string path;     // resolved; empty for kDuplicate
  uint8_t from_fd = 0;  // kDuplicate: fd becomes a copy of from_fd (2>&1)
  template <typename F>
  void Fields(F& f) {
    f(fd, kind, path, from_fd);
  }
};

// How a command follows the one before it. Left to right, && and || of equal rank, as POSIX lists.
enum class Join : uint8_t { kFirst, kPipe, kAnd, kOr, kThen, kLast = kThen };

struct Command {
  Join join = Join::kFirst;
  bool change_directory = false;  // `cd DIR`: program is empty, argv is {"cd", DIR}
  std::string directory;          // resolved; only for change_directory
  std::vector<std::string> argv;
  std::string program;  // path in the jail's root
  FileIdentity identity;
  std::vector<std::pair<std::string, std::string>> environment;  // VAR=value before the command
  std::vector<Redirection> redirections;
  template <typename F>
  void Fields(F& f) {
    f(join, change_directory, directory, argv, program, identity, environment, redirections);
  }
};

// A tree of the host that the jail shows at its own path.
struct Tree {
  std::string path;
  uint64_t dev = 0;  // of the directory, as hands saw it
  uint64_t ino = 0;  // never 0 in a run; 0 in the monitor's own plan for hands, which are the first to look
  bool writable = false;
  bool executable = false;
  template <typename F>
  void Fields(F& f) {
    f(path, dev, ino, writable, executable);
  }
};

// One existing file or directory below a tree that is hidden (nothing to read), frozen (read-only) or pinned (a
// mount of itself: what is in it may change, but it can not be deleted or renamed, EBUSY).
enum class CoverKind : uint8_t { kHide, kFreeze, kPin, kLast = kPin };
struct Cover {
  CoverKind kind = CoverKind::kHide;
  std::string path;
  uint64_t dev = 0;
  uint64_t ino = 0;
  template <typename F>
  void Fields(F& f) {
    f(kind, path, dev, ino);
  }
};

// Reserved: refused while there is one (the workspace issue mounts overlays).
struct Overlay {
  std::string lower, upper, work, target;
  template <typename F>
  void Fields(F& f) {
    f(lower, upper, work, target);
  }
};

enum class DescriptorRole : uint8_t { kStdin, kOutput, kContent, kLast = kContent };
// A descriptor that travels with the plan, in the order of this list; the jailer compares it by fstat(2)
// and F_GETFL with what came.
struct Descriptor {
  DescriptorRole role = DescriptorRole::kOutput;
  uint64_t dev = 0;
  uint64_t ino = 0;
  uint8_t access = 0;  // O_RDONLY, O_WRONLY or O_RDWR
  template <typename F>
  void Fields(F& f) {
    f(role, dev, ino, access);
  }
};

struct Limits {
  uint64_t wall_ms = 0;
  uint64_t cpu_ms = 0;
  uint64_t memory_bytes = 0;
  uint64_t pids = 0;
  uint64_t files = 0;         // RLIMIT_NOFILE
  uint64_t output_bytes = 0;  // stdout and stderr together that the answer keeps
  uint64_t disk_bytes = 0;    // RLIMIT_FSIZE of one file, and the size of /tmp
  template <typename F>
  void Fields(F& f) {
    f(wall_ms, cpu_ms, memory_bytes, pids, files, output_bytes, disk_bytes);
  }
};

enum class Network : uint8_t { kNone, kProxy, kLast = kProxy };  // kProxy: refused until the egress issue

struct RunPlan {
  static constexpr uint8_t kVersion = 1, kType = 1;
  uint64_t session = 0;
  uint64_t call = 0;
  std::string agent;
  std::string root = "host-usr";
  std::vector<Tree> trees;  // the workspace first
  std::vector<Cover> covers;
  std::vector<Overlay> overlays;
  Network network = Network::kNone;
  std::string directory;                                         // where the first command starts
  std::vector<std::pair<std::string, std::string>> environment;  // added to the built one
  std::vector<Command> commands;
  Limits limits;
  std::vector<Descriptor> descriptors;
  template <typename F>
  void Fields(F& f) {
    f(session, call, agent, root, trees, covers, overlays, network, directory, environment, commands, limits,
      descriptors);
  }
};

enum class ChangeKind : uint8_t { kWrite, kDelete, kRestore, kLast = kRestore };

// One change to the workspace by hands as its owner.
struct ChangePlan {
  static constexpr uint8_t kVersion = 1, kType = 2;
  uint64_t session = 0;
  uint64_t call = 0;
  std::string agent;
  ChangeKind kind = ChangeKind::kWrite;
  std::string workspace;
  std::string path;  // resolved, below the workspace; kRestore: where it goes
  // What hands of the session saw at path; a different world is a conflict.
  bool expect_exists = false;
  uint64_t expect_dev = 0;
  uint64_t expect_ino = 0;
  // kWrite
  Digest content{};
  uint64_t content_bytes = 0;
  // kDelete: the name of the new trash entry; kRestore: of the entry to restore. [0-9a-f-]{1,64}
  std::string trash_entry;
  std::vector<Descriptor> descriptors;
  template <typename F>
  void Fields(F& f) {
    f(session, call, agent, kind, workspace, path, expect_exists, expect_dev, expect_ino, content, content_bytes,
      trash_entry, descriptors);
  }
};

// Absolute, no empty, `.` or `..` component, no trailing slash (but "/" itself), no NUL, at most PATH_MAX.
bool ValidPath(std::string_view path);
// Whether path is directory or lies below it, by components.
bool IsBeneath(std::string_view path, std::string_view directory);

// Every rule that holds for all plans whatever the bounds are: counts, sizes, paths, argv without NUL,
// first join kFirst, programs absolute, no overlay, network none. The jailer's bounds come on top.
Status ValidateRun(const RunPlan& plan);
Status ValidateChange(const ChangePlan& plan);

// Decode + Validate. Refuses more than kMaxPlanBytes.
Result<RunPlan> ParseRunPlan(std::string_view bytes);
Result<ChangePlan> ParseChangePlan(std::string_view bytes);

}  // namespace warder::wire
