// What the broker asks the hands of a session, and what they answer: looking, never changing.
//
// The hands run inside the session's view (the same root and trees as its jails, all read-only), as the
// session's uid, so a path that they resolve is the path that a jailed program would reach. One request
// a packet, answered in any order by `request`. Paths in answers are canonical (wire::ValidPath).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/archive.h"
#include "wire/plan.h"

namespace warder::wire {

// ---- resolve ---------------------------------------------------------------------------------
struct PathQuestion {
  std::string directory;    // canonical; where a relative text starts
  std::string text;         // as the call wrote it: absolute or relative, symlinks and `..` allowed
  bool follow_last = true;  // read and write follow a last symlink, delete does not
  template <typename F>
  void Fields(F& f) {
    f(directory, text, follow_last);
  }
};
struct ProgramQuestion {
  std::string path;  // absolute, in the view
  bool want_sha256 = false;
  template <typename F>
  void Fields(F& f) {
    f(path, want_sha256);
  }
};
struct ResolveRequest {
  static constexpr uint8_t kVersion = 1, kType = 90;
  uint64_t request = 0;
  std::vector<PathQuestion> paths;
  std::vector<ProgramQuestion> programs;
  template <typename F>
  void Fields(F& f) {
    f(request, paths, programs);
  }
};
enum class FileKind : uint8_t { kNone, kFile, kDirectory, kSymlink, kOther, kLast = kOther };
struct PathAnswer {
  bool resolved = false;
  std::string problem;  // why not: "a directory on the way is missing", "a magic link", "too many symlinks" …
  std::string path;     // canonical; the last component may not exist
  FileKind kind = FileKind::kNone;  // kNone: nothing is there (yet)
  uint64_t dev = 0, ino = 0, size = 0;
  uint32_t mode = 0;
  uint32_t links = 0;
  template <typename F>
  void Fields(F& f) {
    f(resolved, problem, path, kind, dev, ino, size, mode, links);
  }
};
struct ProgramAnswer {
  bool found = false;
  std::string problem;
  std::string path;  // canonical: symlinks (python3 -> python3.11) followed
  FileIdentity identity;
  std::string interpreter;           // of a `#!` file: what the kernel would start; not resolved further
  std::string interpreter_argument;  // the rest of the line, as execve(2) passes it: one word
  bool executable = false;           // regular file with an execute bit for the session
  bool readable = false;
  template <typename F>
  void Fields(F& f) {
    f(found, problem, path, identity, interpreter, interpreter_argument, executable, readable);
  }
};
struct ResolveAnswer {
  static constexpr uint8_t kVersion = 1, kType = 91;
  uint64_t request = 0;
  std::vector<PathAnswer> paths;        // one a question, in order
  std::vector<ProgramAnswer> programs;  // one a question, in order
  template <typename F>
  void Fields(F& f) {
    f(request, paths, programs);
  }
};

// ---- covers ----------------------------------------------------------------------------------
// Which existing entries of the trees the jail must not show, or must not change: one walk.
struct CoverGrant {
  std::vector<std::string> match, unless;
  template <typename F>
  void Fields(F& f) {
    f(match, unless);
  }
};
struct CoverRule {
  CoverKind kind = CoverKind::kHide;
  std::vector<std::string> match;  // absolute globs (base/glob.h), variables filled in
  std::vector<std::string> unless;
  // What these name is not covered either: a rule that covers all that nothing grants.
  std::vector<CoverGrant> grants = {};
  template <typename F>
  void Fields(F& f) {
    f(kind, match, unless, grants);
  }
};
struct CoverRequest {
  static constexpr uint8_t kVersion = 2, kType = 92;
  uint64_t request = 0;
  std::vector<std::string> trees;
  std::vector<CoverRule> rules;
  template <typename F>
  void Fields(F& f) {
    f(request, trees, rules);
  }
};
// Entries below a covered directory are not listed. A file with a hidden hard link is hidden under all
// its names in the trees. fds: none; kLimit past kMaxWalkEntries or kMaxMasks: `problem` says so.
struct CoverAnswer {
  static constexpr uint8_t kVersion = 1, kType = 93;
  uint64_t request = 0;
  std::string problem;  // empty: done
  std::vector<Cover> covers;
  uint64_t walked = 0;
  template <typename F>
  void Fields(F& f) {
    f(request, problem, covers, walked);
  }
};

// ---- read ------------------------------------------------------------------------------------
// path was resolved before; it is opened again without following any symlink and dev, ino compared.
struct ReadRequest {
  static constexpr uint8_t kVersion = 1, kType = 94;
  uint64_t request = 0;
  std::string path;
  uint64_t dev = 0, ino = 0;
  uint64_t offset = 0;
  uint64_t length = 0;     // at most; 0: to the end
  uint64_t max_bytes = 0;  // a longer answer is kLimit
  template <typename F>
  void Fields(F& f) {
    f(request, path, dev, ino, offset, length, max_bytes);
  }
};
// fds: sealed memfd with the bytes, when problem is empty.
struct ReadAnswer {
  static constexpr uint8_t kVersion = 1, kType = 95;
  uint64_t request = 0;
  uint8_t code = 0;  // warder::Code where there is a problem
  std::string problem;
  uint64_t size = 0;  // of the file
  template <typename F>
  void Fields(F& f) {
    f(request, code, problem, size);
  }
};

// ---- list ------------------------------------------------------------------------------------
struct ListRequest {
  static constexpr uint8_t kVersion = 1, kType = 96;
  uint64_t request = 0;
  std::string path;
  uint64_t dev = 0, ino = 0;
  uint32_t depth = 1;  // 1: the directory alone
  uint32_t max_entries = 1000;
  template <typename F>
  void Fields(F& f) {
    f(request, path, dev, ino, depth, max_entries);
  }
};
struct ListEntry {
  std::string name;  // relative to path
  FileKind kind = FileKind::kNone;
  uint64_t size = 0;
  uint32_t mode = 0;
  std::string target;  // of a symlink
  template <typename F>
  void Fields(F& f) {
    f(name, kind, size, mode, target);
  }
};
// fds: sealed memfd with the flat list of ListEntry (u32 count first), sorted by name, when no problem.
struct ListAnswer {
  static constexpr uint8_t kVersion = 1, kType = 97;
  uint64_t request = 0;
  uint8_t code = 0;
  std::string problem;
  bool cut = false;  // more than max_entries
  template <typename F>
  void Fields(F& f) {
    f(request, code, problem, cut);
  }
};

}  // namespace warder::wire
