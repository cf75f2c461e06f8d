// One question at a time on the admin socket (docs/formats/admin.md), for the CLI.
#pragma once

#include <chrono>
#include <string>

#include "agent/line_socket.h"
#include "base/error.h"

namespace warder::agent {

class AdminClient {
 public:
  static Result<AdminClient> Connect(const std::string& socket_path);
  explicit AdminClient(UniqueFd socket) : socket_(std::move(socket)) {}

  // params and result: JSON objects as text. The host's errors by code: kDenied, kNotFound, kConflict,
  // kInvalid, kUnsupported (unknown method). kUnavailable: no answer within the timeout, or the host is gone.
  Result<std::string> Call(const std::string& method, const std::string& params,
                           std::chrono::milliseconds timeout = std::chrono::seconds(30));

 private:
  explicit AdminClient(LineSocket socket) : socket_(std::move(socket)) {}
  LineSocket socket_;
  int64_t next_id_ = 1;
};

}  // namespace warder::agent
