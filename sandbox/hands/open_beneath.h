// The one way in which hands open anything: openat2(2), never through a symlink or a magic link.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace warder::hands {

// Opens path beneath the directory: no symlink on the way (RESOLVE_NO_SYMLINKS; with O_PATH | O_NOFOLLOW a
// last symlink is opened itself), no `..` out, and with kStayOnMount no other mount. Close-on-exec. errno
// tells why not: ELOOP a symlink, EXDEV another mount or an escape.
enum class Mounts : bool { kCross, kStay };

inline UniqueFd OpenBeneath(int directory, const std::string& path, uint64_t flags, Mounts mounts = Mounts::kCross,
                            uint64_t mode = 0) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  if (mounts == Mounts::kStay) how.resolve |= RESOLVE_NO_XDEV;
  int fd;
  // EAGAIN: a rename elsewhere made the kernel unsure of `..`; trying again is what openat2(2) advises.
  for (int tries = 0; tries < 100; ++tries) {
    fd = static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return UniqueFd(fd);
}

// A canonical absolute path as OpenBeneath wants it below an open "/".
inline std::string BelowRoot(std::string_view path) {
  return path.size() <= 1 ? std::string(".") : std::string(path.substr(1));
}

inline bool IsSame(const struct stat& status, uint64_t dev, uint64_t ino) {
  return status.st_dev == dev && status.st_ino == ino;
}

}  // namespace warder::hands
