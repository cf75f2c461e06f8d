// JSON-RPC 2.0 messages as MCP uses them: requests and notifications in, results and errors out.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace warder::broker {

// JSON-RPC 2.0, section 5.1, and MCP 2026-07-28.
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kUnsupportedVersion = -32022;
inline constexpr int kTooManyCalls = -32000;  // implementation-defined range
// docs/formats/admin.md
inline constexpr int kNotAllowed = -32001;
inline constexpr int kNotFound = -32002;
inline constexpr int kConflict = -32003;

struct Message {
  enum class Kind { kRequest, kNotification, kResponse } kind = Kind::kRequest;
  nlohmann::json id;   // string or integer; null for a notification
  std::string method;  // empty for a response
  nlohmann::json params = nlohmann::json::object();
  bool has_params = false;
};

struct RpcError {
  int code = kInternalError;
  std::string message;
  nlohmann::json data = nullptr;  // null: none
  nlohmann::json id = nullptr;    // of the request, where it could be read
};

// Checks the shape of one parsed message: jsonrpc "2.0", method text, id a string or an integer (at most
// kMaxRequestIdBytes), params an object, no other member, no batch.
std::expected<Message, RpcError> ReadMessage(const nlohmann::json& value);
// The inverse, for the fuzzer's property and for tests.
nlohmann::json WriteMessage(const Message& message);

nlohmann::json ResultOf(const nlohmann::json& id, nlohmann::json result);
nlohmann::json ErrorOf(const nlohmann::json& id, const RpcError& error);
nlohmann::json NotificationOf(std::string_view method, nlohmann::json params);

}  // namespace warder::broker
