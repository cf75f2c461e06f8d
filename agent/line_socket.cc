// How are lines sent and read on a socket?
#include "agent/line_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/limits.h"

namespace warder::agent {
namespace {

using Clock = std::chrono::steady_clock;

std::unexpected<Error> Gone() {
  return Fail(Code::kUnavailable, "the host closed the connection", "warder status shows whether it runs");
}

}  // namespace

Result<LineSocket> LineSocket::Connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return Fail(Code::kInvalid, "a socket path of more than 107 bytes: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return FailErrno("socket");
  int result;
  do {
    result = connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return LineSocket(std::move(socket));
  if (errno == EACCES || errno == EPERM)
    return Fail(Code::kDenied, path + ": this user may not connect", "the host file's agents and people say who may");
  return Fail(Code::kUnavailable, path + ": " + std::strerror(errno), "start the host: warderd --host-file F");
}

Status LineSocket::Fill() {
  char buffer[65536];
  ssize_t size = recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (size < 0 && errno != ECONNRESET) return FailErrno("recv");
  if (size <= 0) return Gone();
  in_.append(buffer, static_cast<size_t>(size));
  return {};
}

bool LineSocket::Take(std::string* line) {
  size_t end = in_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = in_.size();
    return false;
  }
  line->assign(in_, 0, end);
  in_.erase(0, end + 1);
  searched_ = 0;
  return true;
}

Status LineSocket::Send(std::string_view line) {
  std::string out(line);
  out += '\n';
  std::string_view rest = out;
  while (!rest.empty()) {
    pollfd wait{socket_.get(), POLLIN | POLLOUT, 0};
    if (poll(&wait, 1, -1) < 0 && errno != EINTR) return FailErrno("poll");
    // Beyond this the host floods us; it may wait until its lines are read.
    if ((wait.revents & POLLIN) != 0 && in_.size() <= 2 * limits::kMaxFrameBytes) WARDER_TRY_STATUS(Fill());
    ssize_t size = send(socket_.get(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && (errno == EPIPE || errno == ECONNRESET)) return Gone();
    if (size < 0 && errno != EAGAIN && errno != EINTR) return FailErrno("send");
    if (size > 0) rest.remove_prefix(static_cast<size_t>(size));
  }
  return {};
}

Result<LineSocket::Event> LineSocket::Receive(std::string* line, int interrupt_fd, std::chrono::milliseconds timeout) {
  const auto end = Clock::now() + timeout;
  for (;;) {
    if (Take(line)) return Event::kLine;
    if (in_.size() > limits::kMaxFrameBytes) return Fail(Code::kLimit, "the host sent a line of more than 4 MiB");
    int wait_ms = -1;
    if (timeout.count() >= 0) {
      auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
      if (left <= 0) return Event::kTimeout;
      wait_ms = static_cast<int>(std::min<long>(left, 60'000));
    }
    pollfd waits[2] = {{socket_.get(), POLLIN, 0}, {interrupt_fd, POLLIN, 0}};
    if (poll(waits, 2, wait_ms) < 0) {
      if (errno == EINTR) continue;
      return FailErrno("poll");
    }
    if (waits[0].revents != 0) {
      WARDER_TRY_STATUS(Fill());
      continue;
    }
    if (waits[1].revents != 0) return Event::kInterrupted;
  }
}

}  // namespace warder::agent
