// How are lines read from and written to a peer that nobody trusts?
#include "broker/connection.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>

#include "base/limits.h"

namespace warder::broker {

Connection::Connection(const asio::any_io_executor& executor, UniqueFd socket)
    : socket_(executor, asio::local::stream_protocol(), socket.Release()), line_timer_(executor) {}

void Connection::ArmLineTimer() {
  bool pending = cutter_.Pending();
  if (pending == timer_armed_) return;
  timer_armed_ = pending;
  if (!pending) {
    line_timer_.cancel();
    return;
  }
  line_timer_.expires_after(limits::kLineTimeout);
  std::weak_ptr<Connection> weak = weak_from_this();
  line_timer_.async_wait([weak](const boost::system::error_code& failed) {
    auto self = weak.lock();
    if (failed || self == nullptr || !self->timer_armed_) return;
    // A wait that ended before the timer was set anew for the next line is not that line's.
    if (self->line_timer_.expiry() > std::chrono::steady_clock::now()) return;
    if (!self->reading_) {  // what waits in the socket while we do other work is not late: the next read counts anew
      self->timer_armed_ = false;
      return;
    }
    self->too_slow_ = true;
    // Ends the wait of Drain too; it waits again until the session closes the connection.
    boost::system::error_code ignored;
    self->socket_.cancel(ignored);
  });
}

asio::awaitable<Result<std::string>> Connection::ReadLine() {
  auto self = shared_from_this();
  std::array<char, 16384> bytes;
  for (;;) {
    if (closed()) co_return Fail(Code::kUnavailable, why_closed_);
    Result<std::optional<std::string>> line = cutter_.Next();
    if (!line) co_return std::unexpected(line.error());
    if (line->has_value()) {
      // Lines that follow each other without a pause have a time limit each.
      if (timer_armed_) {
        timer_armed_ = false;
        line_timer_.cancel();
      }
      ArmLineTimer();
      co_return std::move(**line);
    }
    ArmLineTimer();
    reading_ = true;
    auto [failed, size] = co_await socket_.async_read_some(asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
    reading_ = false;
    if (too_slow_)
      co_return Fail(Code::kLimit,
                     "a message that was not complete after " + std::to_string(limits::kLineTimeout.count()) + " s");
    if (failed) co_return Fail(Code::kUnavailable, closed() ? why_closed_ : "the client closed the connection");
    cutter_.Feed({bytes.data(), size});
  }
}

void Connection::Send(std::string line) {
  if (closed()) return;
  line.push_back('\n');
  size_t sent = 0;
  if (unsent_.empty()) {
    ssize_t size = ::send(socket_.native_handle(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && errno != EAGAIN && errno != EINTR) {
      Close("the client is gone");
      return;
    }
    sent = size < 0 ? 0 : static_cast<size_t>(size);
    if (sent == line.size()) return;
    front_sent_ = sent;
  }
  unsent_bytes_ += line.size() - sent;
  unsent_.push_back(std::move(line));
  if (unsent_bytes_ > limits::kMaxUnsentBytes) {
    Close("the client does not read its answers");
    return;
  }
  if (!draining_) {
    draining_ = true;
    auto self = shared_from_this();
    asio::co_spawn(socket_.get_executor(), [self]() { return self->Drain(); }, asio::detached);
  }
}

asio::awaitable<void> Connection::Drain() {
  auto self = shared_from_this();
  while (!unsent_.empty() && !closed()) {
    auto [failed] = co_await socket_.async_wait(asio::local::stream_protocol::socket::wait_write,
                                                asio::as_tuple(asio::use_awaitable));
    // The reader's time-out cancels every wait; the socket itself is still good.
    if (closed()) break;
    if (failed && failed != asio::error::operation_aborted) break;
    const std::string& front = unsent_.front();
    ssize_t size = ::send(socket_.native_handle(), front.data() + front_sent_, front.size() - front_sent_,
                          MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size < 0) {
      Close("the client is gone");
      break;
    }
    front_sent_ += static_cast<size_t>(size);
    unsent_bytes_ -= static_cast<size_t>(size);
    if (front_sent_ < front.size()) continue;
    unsent_.pop_front();
    front_sent_ = 0;
  }
  draining_ = false;
}

void Connection::Close(std::string why) {
  if (closed()) return;
  why_closed_ = std::move(why);
  boost::system::error_code ignored;
  line_timer_.cancel();
  // Without the shutdown a peer with a copy of its end would never see the end.
  socket_.shutdown(asio::local::stream_protocol::socket::shutdown_both, ignored);
  socket_.close(ignored);
  unsent_.clear();
  unsent_bytes_ = 0;
}

}  // namespace warder::broker
