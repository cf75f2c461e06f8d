// How do bytes of the log reach the disk?
#include "audit/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>

#include "base/file.h"
#include "base/text.h"

namespace warder::audit {
namespace {

int64_t Now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

Result<UniqueFd> FileLayer::OpenAllocated(int directory, const std::string& name, uint64_t bytes) {
  UniqueFd fd(openat(directory, name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!fd) return FailErrno(name);
  struct stat before;
  if (fstat(fd.get(), &before) != 0) return FailErrno("fstat of " + name);
  // posix_fallocate would write zeros where the file system can not allocate: slow, but never
  // wrong.
  int error = posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes));
  if (error == ENOSPC || error == EDQUOT) {
    // What was had before the disk was full would keep it full.
    if (ftruncate(fd.get(), before.st_size) != 0) return FailErrno("giving back space of " + name);
    auto failure = FailErrno(error, "allocating " + name);
    failure.error().code = Code::kLimit;
    return failure;
  }
  if (error != 0) return FailErrno(error, "allocating " + name);
  if (fsync(fd.get()) != 0 || fsync(directory) != 0) return FailErrno("fsync of " + name);
  return fd;
}

ssize_t FileLayer::Write(int fd, std::string_view bytes, uint64_t offset) {
  return pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
}
int FileLayer::Sync(int fd) { return fdatasync(fd); }
int FileLayer::Truncate(int fd, uint64_t bytes) { return ftruncate(fd, static_cast<off_t>(bytes)); }

Result<uint64_t> FileLayer::FreeBytes(int directory) {
  struct statvfs status;
  if (fstatvfs(directory, &status) != 0) return FailErrno("statvfs of the log");
  return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

int64_t FileLayer::RealTimeNs() { return Now(CLOCK_REALTIME); }
uint64_t FileLayer::BootTimeNs() { return static_cast<uint64_t>(Now(CLOCK_BOOTTIME)); }

Status WriteWhole(FileLayer& files, int fd, std::string_view bytes, uint64_t offset) {
  while (!bytes.empty()) {
    ssize_t size = files.Write(fd, bytes, offset);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FailErrno("writing the log");
    if (size == 0) return Fail(Code::kSystem, "writing the log: no progress");
    bytes.remove_prefix(static_cast<size_t>(size));
    offset += static_cast<uint64_t>(size);
  }
  return {};
}

Status ReplaceFile(int directory, const std::string& name, std::string_view bytes, mode_t mode) {
  std::string beside = name + ".new";
  UniqueFd fd(openat(directory, beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return FailErrno(beside);
  WARDER_TRY_STATUS(WriteAll(fd.get(), bytes));
  if (fsync(fd.get()) != 0) return FailErrno("fsync of " + beside);
  if (renameat(directory, beside.c_str(), directory, name.c_str()) != 0) return FailErrno("rename to " + name);
  if (fsync(directory) != 0) return FailErrno("fsync of the directory of " + name);
  return {};
}

Result<std::string> ReadAt(int directory, const std::string& name, size_t max_bytes) {
  UniqueFd fd(openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd && errno == ENOENT) return Fail(Code::kNotFound, name + " is not there");
  if (!fd) return FailErrno(name);
  return ReadAll(fd.get(), max_bytes);
}

std::string SegmentName(std::string_view prefix, uint64_t first_seq) {
  char number[32];
  std::snprintf(number, sizeof number, "-%012llu.jsonl", static_cast<unsigned long long>(first_seq));
  return std::string(prefix) + number;
}

Result<std::vector<uint64_t>> ListSegments(int directory) {
  // A descriptor of its own: readdir moves an offset that dup would share.
  int own = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return FailErrno("opening the log directory");
  DIR* stream = fdopendir(own);
  if (stream == nullptr) {
    close(own);
    return FailErrno("fdopendir");
  }
  std::vector<uint64_t> found;
  while (dirent* entry = readdir(stream)) {
    std::string_view name = entry->d_name;
    if (!name.starts_with("log-") || !name.ends_with(".jsonl")) continue;
    std::string digits(name.substr(4, name.size() - 10));
    size_t nonzero = std::min(digits.find_first_not_of('0'), digits.empty() ? 0 : digits.size() - 1);
    auto number = ParseDecimal(std::string_view(digits).substr(nonzero));
    if (number && SegmentName("log", *number) == name) found.push_back(*number);
  }
  closedir(stream);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace warder::audit
