// Which file does a path name, in this view, by steps that nobody can swap behind our back?
//
// Walk() goes component by component from an open root (O_PATH), each step one openat2 of one name relative
// to the descriptor of the step before. Symlinks are read from their own descriptor and followed here, at
// most kMaxSymlinks of them; `..` pops the walker's stack of descriptors, so it is the directory that we
// came through. A magic link (a symlink on procfs: /proc/self/fd/3, /proc/1/root) is refused: where it
// leads can not be told by a path. The last component may be missing; a missing one on the way is a problem.
//
// What a walk says was true at each step; nobody promises that it still is. Whoever acts on the answer
// opens again without symlinks and compares device and inode (read.h, change.h).
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "wire/hands.h"

namespace warder::hands {

struct Walked {
  std::string path;      // canonical (wire::ValidPath)
  UniqueFd entry;        // O_PATH of what is there; empty: nothing is
  struct stat status{};  // of entry
};

// A relative text starts at directory (absolute). Without follow_last a symlink at the end is the answer
// itself, unless a slash follows it (path_resolution(7)). Error codes: kInvalid the text can not be a path,
// kNotFound, kDenied, kLimit.
Result<Walked> Walk(int root, const std::string& directory, const std::string& text, bool follow_last);

wire::FileKind KindOf(mode_t mode);

// Walk() in the words of the wire.
wire::PathAnswer AnswerPath(int root, const wire::PathQuestion& question);

}  // namespace warder::hands
