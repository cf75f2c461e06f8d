// What is in this file, or in this directory? For paths that were resolved before.
//
// Both open the path again without following any symlink, and compare device and inode with what the
// resolution saw: another file is kConflict. Nothing blocks: only regular files and directories are opened.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "wire/hands.h"

namespace warder::hands {

struct FileBytes {
  std::string bytes;
  uint64_t size = 0;  // of the whole file; also set in an error's answer (ReadAnswer.size)
};

// length 0: to the end. More than max_bytes is kLimit with the size in its words and in *size. A file that
// grows or shrinks while it is read gives what was read.
Result<FileBytes> ReadRange(int root, const wire::ReadRequest& request, uint64_t* size);

struct Listing {
  std::vector<wire::ListEntry> entries;  // sorted by name, bytewise
  bool cut = false;                      // there were more than max_entries
};

// Directories that may not be opened are listed and not entered. Symlinks are never followed.
Result<Listing> ListDirectory(int root, const wire::ListRequest& request);

// The names in an open directory but `.` and `..`; kLimit past max. Reads from its present offset to its end.
Result<std::vector<std::string>> NamesIn(int directory, size_t max);

}  // namespace warder::hands
