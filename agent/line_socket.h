// JSON messages, one a line, over a Unix stream socket, from a program that waits for its answers.
//
// Not thread-safe. Lines longer than kMaxFrameBytes end the connection: the stream can not be trusted.
#pragma once

#include <chrono>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace warder::agent {

class LineSocket {
 public:
  // kUnavailable: nobody listens there.
  static Result<LineSocket> Connect(const std::string& path);
  explicit LineSocket(UniqueFd socket) : socket_(std::move(socket)) {}

  // Adds the newline. Keeps reading meanwhile, so that two sides that both write never wait for each other.
  Status Send(std::string_view line);

  enum class Event : uint8_t { kLine, kInterrupted, kTimeout };
  // The next line into *line, without its newline. kInterrupted: interrupt_fd (-1: none) is readable.
  // A negative timeout waits for ever. kUnavailable: the other side closed.
  Result<Event> Receive(std::string* line, int interrupt_fd, std::chrono::milliseconds timeout);

  int fd() const { return socket_.get(); }

 private:
  // Reads what waits; kUnavailable at the end of the stream, kLimit for a line that is too long.
  Status Fill();
  bool Take(std::string* line);

  UniqueFd socket_;
  std::string in_;
  size_t searched_ = 0;  // in_ has no newline before
};

}  // namespace warder::agent
