// How does a client of MCP begin, call a tool, hear progress and cancel?
#include "agent/mcp_client.h"

#include <nlohmann/json.hpp>

#include "agent/json_rpc.h"

namespace warder::agent {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

// How long a cancelled call may take to say how it ended: TERM, the grace (kTermGrace), the kill.
constexpr milliseconds kCancelWait{5000};

// Answers what a server may ask a client at any time. True: the message is done with.
bool IsOurs(LineSocket& socket, const json& message, Status& status) {
  if (!message.contains("method")) return false;
  if (!message.contains("id")) return true;  // a notification
  json answer{{"jsonrpc", "2.0"}, {"id", message["id"]}};
  if (message["method"] == "ping") {
    answer["result"] = json::object();
  } else {
    answer["error"] = {{"code", -32601}, {"message", "this client serves nothing"}};
  }
  status = socket.Send(Text(answer));
  return true;
}

void TellProgress(const json& message, int64_t id, const CallOptions& options) {
  if (message.value("method", json()) != "notifications/progress") return;
  const json params = message.value("params", json::object());
  if (!params.is_object() || params.value("progressToken", json()) != id) return;
  auto words = params.find("message");
  if (words == params.end() || !words->is_string()) return;
  const auto& tell = params.value("progress", json()) == 0 ? options.waits : options.progress;
  if (tell) tell(words->get_ref<const std::string&>());
}

}  // namespace

Result<McpClient> McpClient::Connect(const std::string& socket_path, const std::string& client_name) {
  WARDER_TRY(LineSocket socket, LineSocket::Connect(socket_path));
  McpClient client(std::move(socket));
  WARDER_TRY_STATUS(client.Initialize(client_name));
  return client;
}

Result<McpClient> McpClient::Over(UniqueFd socket, const std::string& client_name) {
  McpClient client{LineSocket(std::move(socket))};
  WARDER_TRY_STATUS(client.Initialize(client_name));
  return client;
}

Status McpClient::Initialize(const std::string& client_name) {
  json params{{"protocolVersion", kMcpVersion},
              {"capabilities", json::object()},
              {"clientInfo", {{"name", client_name}, {"version", "1"}}}};
  WARDER_TRY(CallAnswer answer, Request("initialize", Text(params), {}));
  WARDER_TRY(json result, ParseObject(answer.result));
  if (result.value("protocolVersion", json()) != kMcpVersion)
    return Fail(Code::kUnsupported, "the host speaks another MCP revision than " + std::string(kMcpVersion));
  server_ = std::move(answer.result);
  return socket_.Send(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
}

Result<std::string> McpClient::ListTools() {
  WARDER_TRY(CallAnswer answer, Request("tools/list", "{}", {}));
  return std::move(answer.result);
}

Result<CallAnswer> McpClient::CallTool(const std::string& name, const std::string& arguments,
                                       const CallOptions& options) {
  WARDER_TRY(json object, ParseObject(arguments));
  json params{{"name", name}, {"arguments", std::move(object)}};
  if (options.progress || options.waits) params["_meta"] = {{"progressToken", next_id_}};
  return Request("tools/call", Text(params), options);
}

Status McpClient::Cancel(int64_t id) {
  json message{{"jsonrpc", "2.0"},
               {"method", "notifications/cancelled"},
               {"params", {{"requestId", id}, {"reason", "interrupted"}}}};
  return socket_.Send(Text(message));
}

Result<CallAnswer> McpClient::Request(const std::string& method, const std::string& params,
                                      const CallOptions& options) {
  const int64_t id = next_id_++;
  WARDER_TRY(json body, ParseObject(params));
  Status asked = socket_.Send(Text({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(body)}}));
  // A host that hung up may have said why: what it sent is still to be read.
  if (!asked && asked.error().code != Code::kUnavailable) return std::unexpected(asked.error());
  CallAnswer answer;
  int interrupt = options.cancel_fd;
  milliseconds wait{-1};
  auto give_up = std::chrono::steady_clock::time_point::max();
  for (;;) {
    if (answer.cancelled) {
      wait = std::chrono::ceil<milliseconds>(give_up - std::chrono::steady_clock::now());
      wait = std::max(wait, milliseconds(0));
    }
    std::string line;
    auto event = socket_.Receive(&line, interrupt, wait);
    // A server need not answer what was cancelled; one that then hangs up says the same.
    if (!event && answer.cancelled) return answer;
    if (!event) return std::unexpected(event.error());
    if (*event == LineSocket::Event::kTimeout) return answer;
    if (*event == LineSocket::Event::kInterrupted) {
      WARDER_TRY_STATUS(Cancel(id));
      answer.cancelled = true;
      interrupt = -1;
      give_up = std::chrono::steady_clock::now() + kCancelWait;
      continue;
    }
    WARDER_TRY(json message, ParseObject(line));
    TellProgress(message, id, options);
    Status sent{};
    if (IsOurs(socket_, message, sent)) {
      WARDER_TRY_STATUS(sent);
      continue;
    }
    const json answered = message.value("id", json());
    // An error without an id is of the connection: the host says why it will not serve us.
    if (answered.is_null() && message.contains("error")) return std::unexpected(ResultOf(message).error());
    if (answered != id) continue;  // the late answer of a cancelled call
    WARDER_TRY(answer.result, ResultOf(message));
    return answer;
  }
}

}  // namespace warder::agent
