// A SOCK_SEQPACKET socket to one of our own processes, for coroutines: send never waits, receive does.
//
// One reader. What the peer's queue does not take waits here, at most kMaxQueuedPackets: a peer of ours that
// lets more pile up is broken, and Send says so.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/packet.h"
#include "broker/answer.h"

namespace warder::broker {

class PacketLink : public std::enable_shared_from_this<PacketLink> {
 public:
  static constexpr size_t kMaxQueuedPackets = 4096;

  PacketLink(const asio::any_io_executor& executor, UniqueFd socket);

  // kUnavailable: the peer is gone. The descriptors are closed once they were sent.
  Status Send(std::string bytes, std::vector<UniqueFd> fds = {});
  asio::awaitable<Result<Packet>> Receive();
  // Ends a waiting Receive with kUnavailable.
  void Close();

 private:
  struct Outgoing {
    std::string bytes;
    std::vector<UniqueFd> fds;
  };
  Status SendNow(const Outgoing& outgoing);
  asio::awaitable<void> Drain();

  asio::posix::stream_descriptor socket_;
  std::deque<Outgoing> queue_;
  bool draining_ = false;
};

}  // namespace warder::broker
