// How compiled filters are read, checked and loaded.
#include "sandbox/tables/load_filter.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace warder::tables {

Result<std::vector<std::vector<sock_filter>>> ParseFilter(std::string_view bytes) {
  std::vector<std::vector<sock_filter>> programs;
  while (!bytes.empty()) {
    uint16_t count = 0;
    if (bytes.size() < sizeof count) return Fail(Code::kInvalid, "a filter that is cut");
    std::memcpy(&count, bytes.data(), sizeof count);
    bytes.remove_prefix(sizeof count);
    size_t size = count * sizeof(sock_filter);
    if (count == 0 || bytes.size() < size || programs.size() == 4)
      return Fail(Code::kInvalid, "a filter that is cut or too long");
    std::vector<sock_filter>& program = programs.emplace_back(count);
    std::memcpy(program.data(), bytes.data(), size);
    bytes.remove_prefix(size);
  }
  if (programs.empty()) return Fail(Code::kInvalid, "an empty filter");
  return programs;
}

void AppendFilter(std::string& bytes, const std::vector<sock_filter>& program) {
  auto count = static_cast<uint16_t>(program.size());
  bytes.append(reinterpret_cast<const char*>(&count), sizeof count);
  bytes.append(reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter));
}

Status LoadFilter(std::string_view bytes) {
  WARDER_TRY(auto programs, ParseFilter(bytes));
  // The argument rules first: once the allowlist holds, seccomp(2) itself is still allowed, but
  // the order must not matter for its loading.
  for (auto program = programs.rbegin(); program != programs.rend(); ++program) {
    sock_fprog filter{static_cast<unsigned short>(program->size()), program->data()};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) return FailErrno("seccomp");
  }
  return {};
}

}  // namespace warder::tables
