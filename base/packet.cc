// How does one message with its descriptors cross a socket whole, or not at all?
#include "base/packet.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/limits.h"

namespace warder {

Result<PacketPair> MakePacketPair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) return FailErrno("socketpair");
  return PacketPair{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Status SendPacket(int socket, std::string_view bytes, std::span<const int> fds, bool dont_wait) {
  // An empty datagram reads like the end of the stream.
  if (bytes.empty() || bytes.size() > limits::kMaxMessageBytes || fds.size() > limits::kMaxMessageDescriptors)
    return Fail(Code::kInvalid, "message of " + std::to_string(bytes.size()) + " bytes and " +
                                    std::to_string(fds.size()) + " descriptors does not fit");
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * limits::kMaxMessageDescriptors)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  }
  ssize_t sent;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL | (dont_wait ? MSG_DONTWAIT : 0));
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
      return Fail(Code::kUnavailable, "the peer process is gone");
    if (errno == EAGAIN) return Fail(Code::kLimit, "the peer process does not read");
    return FailErrno("sendmsg");
  }
  return {};
}

namespace {

// The length of the next message; none where none waits.
Result<std::optional<size_t>> Receive(int socket, msghdr& message, int flags) {
  ssize_t size;
  do {
    size = recvmsg(socket, &message, flags);
  } while (size < 0 && errno == EINTR);
  if (size >= 0) return static_cast<size_t>(size);
  if (errno == EAGAIN) return std::optional<size_t>();
  if (errno == ECONNRESET) return Fail(Code::kUnavailable, "the peer process is gone");
  return FailErrno("recvmsg");
}

}  // namespace

Result<std::optional<Packet>> ReceivePacket(int socket, bool dont_wait) {
  const int wait = dont_wait ? MSG_DONTWAIT : 0;
  // Looked at first: memory for the longest message, at each message, costs more than a second call.
  msghdr look{};
  WARDER_TRY(auto length, Receive(socket, look, MSG_PEEK | MSG_TRUNC | wait));
  if (!length) return std::optional<Packet>();
  Packet packet;
  packet.bytes.resize(std::min(std::max<size_t>(*length, 1), limits::kMaxMessageBytes));
  iovec part{packet.bytes.data(), packet.bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * limits::kMaxMessageDescriptors)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  WARDER_TRY(auto size, Receive(socket, message, MSG_CMSG_CLOEXEC | wait));
  if (!size) return std::optional<Packet>();
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      packet.fds.emplace_back(fd);
    }
  }
  if (*size == 0) return Fail(Code::kUnavailable, "the peer process is gone");
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return Fail(Code::kInvalid, "a message was cut");
  packet.bytes.resize(*size);
  return std::optional<Packet>(std::move(packet));
}

}  // namespace warder
