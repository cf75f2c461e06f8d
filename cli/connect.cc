// How does `warder` reach a Unix socket, and as whom? See connect.h.
#include "cli/connect.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace warder::cli {

Result<UniqueFd> ConnectTo(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path)
    return Fail(Code::kInvalid, "the socket path " + socket + " is longer than 107 bytes",
                "use a shorter run directory");
  socket.copy(address.sun_path, socket.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return FailErrno("socket");
  // A listener that takes nobody and whose queue is full would keep connect(2) for ever.
  timeval wait{5, 0};
  if (setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0) return FailErrno("SO_SNDTIMEO");
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  int error = errno;
  if (error == EACCES || error == EPERM)
    return Fail(Code::kDenied, "no permission to connect to " + socket,
                "use a uid or a group that the host file names");
  if (error == ENOENT || error == ECONNREFUSED)
    return Fail(Code::kUnavailable, "no host answers at " + socket,
                "start warderd, or use `warder run`, which starts an embedded host");
  if (error == EAGAIN)
    return Fail(Code::kLimit, "the host at " + socket + " takes no connections", "see `warder doctor`");
  return FailErrno(error, "connect to " + socket);
}

Result<UniqueFd> ConnectAs(uid_t uid, const std::string& socket) {
  struct stat status{};
  if (stat(socket.c_str(), &status) != 0) return FailErrno("stat " + socket);
  gid_t own_gid = getegid();
  uid_t own_uid = geteuid();
  if (setegid(status.st_gid) != 0) return FailErrno("setegid");
  if (seteuid(uid) != 0) {
    int error = errno;
    WARDER_CHECK(setegid(own_gid) == 0);
    return FailErrno(error, "seteuid");
  }
  Result<UniqueFd> connected = ConnectTo(socket);
  WARDER_CHECK(seteuid(own_uid) == 0 && setegid(own_gid) == 0);
  return connected;
}

}  // namespace warder::cli
