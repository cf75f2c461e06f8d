// How does every byte pass between stdio and the socket, and when is it over?
#include "agent/stdio_bridge.h"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>

namespace warder::agent {
namespace {

constexpr size_t kBufferBytes = 64 * 1024;

struct Direction {
  int from = -1;
  int to = -1;
  bool to_is_socket = false;
  std::string buffer;
  bool ended = false;  // nothing more comes from `from`

  bool WantsRead() const { return !ended && buffer.size() < kBufferBytes; }
  bool WantsWrite() const { return !buffer.empty(); }
};

enum class Step : uint8_t { kOk, kPeerGone };

Status Read(Direction& way) {
  char bytes[kBufferBytes];
  ssize_t size = read(way.from, bytes, kBufferBytes - way.buffer.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return {};
  // A reset connection and a closed terminal (EIO) are ends, too.
  if (size < 0 && errno != ECONNRESET && errno != EIO) return FailErrno("reading");
  if (size <= 0) {
    way.ended = true;
  } else {
    way.buffer.append(bytes, static_cast<size_t>(size));
  }
  return {};
}

// A poll that says "writable" promises PIPE_BUF bytes of a pipe without waiting, no more.
Result<Step> Write(Direction& way) {
  ssize_t size = way.to_is_socket ? send(way.to, way.buffer.data(), way.buffer.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                                  : write(way.to, way.buffer.data(), std::min<size_t>(way.buffer.size(), PIPE_BUF));
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return Step::kOk;
  if (size < 0 && (errno == EPIPE || errno == ECONNRESET || errno == EIO)) return Step::kPeerGone;
  if (size < 0) return FailErrno("writing");
  way.buffer.erase(0, static_cast<size_t>(size));
  return Step::kOk;
}

bool IsSocket(int fd) {
  int type;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

short Events(bool wanted, short event) { return wanted ? event : static_cast<short>(0); }

}  // namespace

Status Bridge(int in, int out, int socket) {
  std::signal(SIGPIPE, SIG_IGN);
  Direction up{in, socket, true, {}, false};
  Direction down{socket, out, IsSocket(out), {}, false};
  bool half_closed = false;
  while (!down.ended || down.WantsWrite()) {
    if (up.ended && up.buffer.empty() && !half_closed) {
      shutdown(socket, SHUT_WR);
      half_closed = true;
    }
    // A descriptor that is not waited for is -1: POLLHUP would come back at once, for ever.
    pollfd waits[3] = {
        {up.WantsRead() ? in : -1, POLLIN, 0},
        {up.WantsWrite() || down.WantsRead() ? socket : -1,
         static_cast<short>(Events(up.WantsWrite(), POLLOUT) | Events(down.WantsRead(), POLLIN)), 0},
        // Always: a client that is gone must be noticed while nothing is to be written.
        {out, Events(down.WantsWrite(), POLLOUT), 0},
    };
    if (poll(waits, 3, -1) < 0) {
      if (errno == EINTR) continue;
      return FailErrno("poll");
    }
    if (waits[0].revents != 0) WARDER_TRY_STATUS(Read(up));
    if ((waits[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && down.WantsRead()) WARDER_TRY_STATUS(Read(down));
    if ((waits[1].revents & (POLLOUT | POLLHUP | POLLERR)) != 0 && up.WantsWrite()) {
      WARDER_TRY(Step step, Write(up));
      if (step == Step::kPeerGone) {
        // The host takes nothing more; what it said before is still passed on.
        up.ended = true;
        up.buffer.clear();
      }
    }
    if ((waits[2].revents & POLLERR) != 0) return {};  // a pipe whose reader closed
    if ((waits[2].revents & (POLLOUT | POLLHUP)) != 0) {
      if (!down.WantsWrite()) return {};  // POLLHUP: a socket or terminal whose other side is gone
      WARDER_TRY(Step step, Write(down));
      if (step == Step::kPeerGone) return {};
    }
  }
  return {};
}

}  // namespace warder::agent
