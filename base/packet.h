// Messages between our own processes: one flat message a SOCK_SEQPACKET datagram, with descriptors.
//
// A message that was cut (MSG_TRUNC, MSG_CTRUNC) or that carries more than kMaxMessageDescriptors is an
// error, its descriptors are closed. Received descriptors are close-on-exec. Thread rule: one reader and
// one writer a socket.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace warder {

struct Packet {
  std::string bytes;
  std::vector<UniqueFd> fds;
};

struct PacketPair {
  UniqueFd first;
  UniqueFd second;
};

// A connected SOCK_SEQPACKET pair, close-on-exec.
Result<PacketPair> MakePacketPair();

// Sends all or nothing. kUnavailable: the peer is gone. kLimit: its queue is full (only for a
// non-blocking socket, or with dont_wait).
Status SendPacket(int socket, std::string_view bytes, std::span<const int> fds = {}, bool dont_wait = false);

// The next message; an empty optional where none waits (non-blocking) . kUnavailable at end of stream.
Result<std::optional<Packet>> ReceivePacket(int socket, bool dont_wait = false);

}  // namespace warder
