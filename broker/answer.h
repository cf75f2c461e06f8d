// One value that another coroutine of the same thread will bring.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace warder::broker {

namespace asio = boost::asio;

template <typename T>
class Answer {
 public:
  explicit Answer(const asio::any_io_executor& executor) : timer_(executor) {}

  // The first one counts.
  void Set(T value) {
    if (value_) return;
    value_.emplace(std::move(value));
    timer_.cancel();
  }
  bool ready() const { return value_.has_value(); }

  // Nothing where none came in time. One waiter.
  asio::awaitable<std::optional<T>> Wait(std::chrono::steady_clock::duration limit) {
    if (!value_) {
      timer_.expires_after(limit);
      co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    std::optional<T> value = std::move(value_);
    co_return value;
  }

 private:
  asio::steady_timer timer_;
  std::optional<T> value_;
};

}  // namespace warder::broker
