// Reads a file of lines that may be preallocated: a zero byte where a line would begin is its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace warder::audit {

class LineReader {
 public:
  explicit LineReader(int fd, uint64_t offset = 0) : fd_(fd), offset_(offset) {}
  // The next whole line without its newline, valid until the next call; nothing at the end, or
  // where what follows is no whole line.
  Result<std::optional<std::string_view>> Next();
  // Of the first byte that was not given back.
  uint64_t offset() const { return offset_; }

 private:
  int fd_;
  uint64_t offset_;
  std::string buffer_;
  size_t used_ = 0;
};

// Behind the last byte that is not zero; `from` where there is none after it.
Result<uint64_t> DataEnd(int fd, uint64_t from);
// Bytes [from, to).
Result<std::string> ReadRange(int fd, uint64_t from, uint64_t to);

}  // namespace warder::audit
