// How is a peer's program found without touching the file?
#include "sandbox/peer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cerrno>

#include "base/unique_fd.h"

namespace warder::jailer {
std::optional<ucred> PeerOf(int connection) {
  ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer;
}

PeerProgram ProgramOf(int connection, pid_t pid) {
  int fd = -1;
  socklen_t length = sizeof fd;
  constexpr int kPeerPidfd = 77;  // SO_PEERPIDFD, newer than the headers
  // Only a kernel that does not know the option: where it says that the peer is gone, the pid may be another's by now.
  if (getsockopt(connection, SOL_SOCKET, kPeerPidfd, &fd, &length) != 0 && errno == ENOPROTOOPT)
    fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  UniqueFd pidfd(fd);
  const std::string exe = "/proc/" + std::to_string(pid) + "/exe";
  char path[4096];
  const ssize_t size = readlink(exe.c_str(), path, sizeof path);
  struct statx found{};
  // What the kernel holds already: a peer's FUSE is not asked (statx(2)).
  if (size <= 0 || statx(AT_FDCWD, exe.c_str(), AT_STATX_DONT_SYNC, STATX_INO, &found) != 0) return {};
  if (!pidfd || syscall(SYS_pidfd_send_signal, pidfd.get(), 0, nullptr, 0) != 0) return {};
  return {std::string(path, static_cast<size_t>(size)), makedev(found.stx_dev_major, found.stx_dev_minor),
          found.stx_ino};
}

}  // namespace warder::jailer
