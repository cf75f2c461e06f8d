// How are whole files and sealed memory read and written?
#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U  // Linux 6.3
#endif

namespace warder {

Result<std::string> ReadAll(int fd, size_t max_bytes) {
  std::string out;
  char buffer[16384];
  for (;;) {
    ssize_t size = read(fd, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FailErrno("read");
    if (size == 0) return out;
    if (out.size() + static_cast<size_t>(size) > max_bytes)
      return Fail(Code::kLimit, "more than " + std::to_string(max_bytes) + " bytes");
    out.append(buffer, static_cast<size_t>(size));
  }
}

Result<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return FailErrno(path);
  auto bytes = ReadAll(fd.get(), max_bytes);
  if (!bytes) bytes.error().what = path + ": " + bytes.error().what;
  return bytes;
}

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t size = write(fd, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FailErrno("write");
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return {};
}

namespace {
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
}

Result<UniqueFd> SealedMemory(const char* name, std::string_view bytes) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL));
  if (!fd && errno == EINVAL) fd.Reset(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return FailErrno("memfd_create");
  WARDER_TRY_STATUS(WriteAll(fd.get(), bytes));
  if (lseek(fd.get(), 0, SEEK_SET) < 0) return FailErrno("lseek");
  if (fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return FailErrno("F_ADD_SEALS");
  return fd;
}

Result<std::string> ReadSealed(int fd, size_t max_bytes) {
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) return Fail(Code::kDenied, "memory that is not sealed");
  struct stat status;
  if (fstat(fd, &status) != 0) return FailErrno("fstat");
  if (status.st_size < 0 || static_cast<size_t>(status.st_size) > max_bytes)
    return Fail(Code::kLimit, "sealed memory of more than " + std::to_string(max_bytes) + " bytes");
  std::string out(static_cast<size_t>(status.st_size), '\0');
  size_t done = 0;
  while (done < out.size()) {
    ssize_t size = pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(done));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FailErrno("pread");
    if (size == 0) return Fail(Code::kConflict, "sealed memory ended early");
    done += static_cast<size_t>(size);
  }
  return out;
}

}  // namespace warder
