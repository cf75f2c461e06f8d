// The few system calls by which the log reaches the disk: an interface, so that tests make them
// fail.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace warder::audit {

class FileLayer {
 public:
  virtual ~FileLayer() = default;
  // Opens or makes `name`, at least `bytes` long with the space allocated. ENOSPC is kLimit.
  virtual Result<UniqueFd> OpenAllocated(int directory, const std::string& name, uint64_t bytes);
  // As pwrite(2): the bytes written, or -1 with errno.
  virtual ssize_t Write(int fd, std::string_view bytes, uint64_t offset);
  // fdatasync(2).
  virtual int Sync(int fd);
  virtual int Truncate(int fd, uint64_t bytes);
  // Free for us on the file system of this directory.
  virtual Result<uint64_t> FreeBytes(int directory);
  // CLOCK_REALTIME and CLOCK_BOOTTIME.
  virtual int64_t RealTimeNs();
  virtual uint64_t BootTimeNs();
};

// Writes all of it or fails; a short write goes on, no progress is an error.
Status WriteWhole(FileLayer& files, int fd, std::string_view bytes, uint64_t offset);

// A small file as a whole: written beside, synced, renamed, directory synced.
Status ReplaceFile(int directory, const std::string& name, std::string_view bytes, mode_t mode);
Result<std::string> ReadAt(int directory, const std::string& name, size_t max_bytes);

// Files named PREFIX-NNNNNNNNNNNN.jsonl.
std::string SegmentName(std::string_view prefix, uint64_t first_seq);
// First seqs of all log segments of the directory, sorted.
Result<std::vector<uint64_t>> ListSegments(int directory);

}  // namespace warder::audit
