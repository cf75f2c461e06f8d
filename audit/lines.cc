// Where do the lines of a preallocated file end?
#include "audit/lines.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace warder::audit {
namespace {

constexpr size_t kChunk = 256 * 1024;
// The longest side line: 128 KiB of control characters, each written as \u00NN.
constexpr size_t kMaxLine = 1024 * 1024;

Result<size_t> Pread(int fd, char* out, size_t size, uint64_t offset) {
  for (;;) {
    ssize_t got = pread(fd, out, size, static_cast<off_t>(offset));
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) return FailErrno("reading the log");
  }
}

}  // namespace

Result<std::optional<std::string_view>> LineReader::Next() {
  for (;;) {
    std::string_view rest = std::string_view(buffer_).substr(used_);
    if (!rest.empty() && rest[0] == '\0') return std::optional<std::string_view>();
    size_t end = rest.find('\n');
    if (end != std::string_view::npos) {
      used_ += end + 1;
      offset_ += end + 1;
      return std::optional<std::string_view>(rest.substr(0, end));
    }
    if (rest.size() > kMaxLine) return std::optional<std::string_view>();
    buffer_.erase(0, used_);
    used_ = 0;
    size_t had = buffer_.size();
    buffer_.resize(had + kChunk);
    WARDER_TRY(size_t got, Pread(fd_, buffer_.data() + had, kChunk, offset_ + had));
    buffer_.resize(had + got);
    if (got == 0) return std::optional<std::string_view>();
  }
}

Result<uint64_t> DataEnd(int fd, uint64_t from) {
  struct stat status;
  if (fstat(fd, &status) != 0) return FailErrno("fstat of the log");
  uint64_t end = static_cast<uint64_t>(status.st_size);
  std::string chunk;
  while (end > from) {
    uint64_t start = end - std::min<uint64_t>(end - from, kChunk);
    WARDER_TRY(chunk, ReadRange(fd, start, end));
    size_t last = chunk.find_last_not_of('\0');
    if (last != std::string::npos) return start + last + 1;
    end = start;
  }
  return from;
}

Result<std::string> ReadRange(int fd, uint64_t from, uint64_t to) {
  std::string out(to - from, '\0');
  size_t done = 0;
  while (done < out.size()) {
    WARDER_TRY(size_t got, Pread(fd, out.data() + done, out.size() - done, from + done));
    if (got == 0) return Fail(Code::kConflict, "the file became shorter while it was read");
    done += got;
  }
  return out;
}

}  // namespace warder::audit
