// One connection that speaks lines: an agent's or a person's. Bounded both ways.
//
// A line that is begun must end within kLineTimeout. What the peer does not read waits here up to
// kMaxUnsentBytes; then the connection is closed.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "broker/answer.h"
#include "broker/frame.h"

namespace warder::broker {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(const asio::any_io_executor& executor, UniqueFd socket);

  // kUnavailable: closed, by whom the words say. kLimit: too long or too slow; nothing more can be read.
  asio::awaitable<Result<std::string>> ReadLine();
  // One message; the newline is added here.
  void Send(std::string line);
  // Drops what was not sent and ends a waiting ReadLine.
  void Close(std::string why);
  bool closed() const { return !socket_.is_open(); }

 private:
  void ArmLineTimer();
  asio::awaitable<void> Drain();

  asio::local::stream_protocol::socket socket_;
  asio::steady_timer line_timer_;
  bool timer_armed_ = false;
  bool too_slow_ = false;
  bool reading_ = false;
  LineCutter cutter_;
  std::deque<std::string> unsent_;
  size_t front_sent_ = 0;  // bytes of the front that were sent
  size_t unsent_bytes_ = 0;
  bool draining_ = false;
  std::string why_closed_;
};

}  // namespace warder::broker
