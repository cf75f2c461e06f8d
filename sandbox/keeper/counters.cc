// How the cgroup's counters are read.
#include "sandbox/keeper/counters.h"

#include <unistd.h>

#include <string_view>

#include "base/text.h"

namespace warder::keeper {
namespace {

std::optional<uint64_t> NumberAfter(std::string_view text, std::string_view key) {
  size_t at = text.starts_with(key) ? 0 : text.find(std::string("\n") + std::string(key));
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + key.size() + (at == 0 && text.starts_with(key) ? 0 : 1));
  return ParseDecimal(text.substr(0, text.find('\n')));
}

std::string_view ReadCounter(int fd, char* buffer, size_t size) {
  ssize_t got = pread(fd, buffer, size, 0);
  return {buffer, got > 0 ? static_cast<size_t>(got) : 0};
}

}  // namespace

uint64_t MemoryKills(int fd) {
  char buffer[1024];
  return NumberAfter(ReadCounter(fd, buffer, sizeof buffer), "oom_kill ").value_or(0);
}

std::optional<uint64_t> CpuNanoseconds(int fd) {
  char buffer[1024];
  std::string_view text = ReadCounter(fd, buffer, sizeof buffer);
  if (auto microseconds = NumberAfter(text, "usage_usec ")) return *microseconds * 1000;
  return ParseDecimal(text.substr(0, text.find('\n')));
}

}  // namespace warder::keeper
