// How do packets of our own processes come and go without blocking the one thread?
#include "broker/packet_link.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace warder::broker {

PacketLink::PacketLink(const asio::any_io_executor& executor, UniqueFd socket) : socket_(executor, socket.Release()) {}

Status PacketLink::SendNow(const Outgoing& outgoing) {
  std::vector<int> fds;
  for (const UniqueFd& fd : outgoing.fds) fds.push_back(fd.get());
  return SendPacket(socket_.native_handle(), outgoing.bytes, fds, true);
}

Status PacketLink::Send(std::string bytes, std::vector<UniqueFd> fds) {
  if (!socket_.is_open()) return Fail(Code::kUnavailable, "the peer process is gone");
  Outgoing outgoing{std::move(bytes), std::move(fds)};
  if (queue_.empty()) {
    Status sent = SendNow(outgoing);
    if (sent || sent.error().code != Code::kLimit) return sent;
  }
  if (queue_.size() >= kMaxQueuedPackets) return Fail(Code::kUnavailable, "the peer process does not read");
  queue_.push_back(std::move(outgoing));
  if (!draining_) {
    draining_ = true;
    auto self = shared_from_this();
    asio::co_spawn(socket_.get_executor(), [self]() { return self->Drain(); }, asio::detached);
  }
  return {};
}

asio::awaitable<void> PacketLink::Drain() {
  auto self = shared_from_this();
  while (!queue_.empty() && socket_.is_open()) {
    Status sent = SendNow(queue_.front());
    if (!sent && sent.error().code == Code::kLimit) {
      auto [failed] =
          co_await socket_.async_wait(asio::posix::stream_descriptor::wait_write, asio::as_tuple(asio::use_awaitable));
      if (failed) break;
      continue;
    }
    // A peer that is gone is noticed by Receive.
    queue_.pop_front();
  }
  queue_.clear();
  draining_ = false;
}

asio::awaitable<Result<Packet>> PacketLink::Receive() {
  auto self = shared_from_this();
  for (;;) {
    if (!socket_.is_open()) co_return Fail(Code::kUnavailable, "the link was closed");
    Result<std::optional<Packet>> packet = ReceivePacket(socket_.native_handle(), true);
    if (!packet) co_return std::unexpected(packet.error());
    if (packet->has_value()) co_return std::move(**packet);
    auto [failed] =
        co_await socket_.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    if (failed) co_return Fail(Code::kUnavailable, "the link was closed");
  }
}

void PacketLink::Close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace warder::broker
