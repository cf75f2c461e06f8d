// Our own MCP client: one connection to an agent socket, one call at a time (`warder run`, `warder call`).
//
// Speaks the legacy revision 2025-11-25 (initialize). JSON goes in and out as text, so that callers need no
// JSON library for passing it on.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "agent/line_socket.h"
#include "base/error.h"

namespace warder::agent {

inline constexpr const char* kMcpVersion = "2025-11-25";

struct CallOptions {
  // Gets each progress message's text, in order; asks the host for progress only when this or `waits` is set.
  std::function<void(std::string_view message)> progress;
  // Gets what a host says before the call has done anything (progress 0): that it waits for a person.
  std::function<void(std::string_view message)> waits;
  // Readable (signalfd, pipe): the call is cancelled. Readable again afterwards is not looked at: the caller
  // drains it. -1: none.
  int cancel_fd = -1;
};

struct CallAnswer {
  bool cancelled = false;  // by cancel_fd; result is the host's, when it still sent one
  std::string result;      // the `result` object of tools/call, as JSON text
};

class McpClient {
 public:
  // Connects and shakes hands. client_name is recorded by the host as the agent's own word.
  static Result<McpClient> Connect(const std::string& socket_path, const std::string& client_name);
  static Result<McpClient> Over(UniqueFd socket, const std::string& client_name);

  // What the server said in its answer to initialize (JSON text).
  const std::string& server() const { return server_; }

  // The `result` of tools/list as JSON text.
  Result<std::string> ListTools();

  // arguments: a JSON object as text (kInvalid where it is not). A refusal by policy is a result with
  // isError, not an Error. An Error is: kInvalid the host found the request broken, kUnavailable the
  // connection is gone, kLimit an answer that is too long.
  Result<CallAnswer> CallTool(const std::string& name, const std::string& arguments, const CallOptions& options = {});

 private:
  explicit McpClient(LineSocket socket) : socket_(std::move(socket)) {}
  Status Initialize(const std::string& client_name);
  Result<CallAnswer> Request(const std::string& method, const std::string& params, const CallOptions& options);
  Status Cancel(int64_t id);

  LineSocket socket_;
  int64_t next_id_ = 1;
  std::string server_;
};

}  // namespace warder::agent
