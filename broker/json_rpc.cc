// Which JSON values are JSON-RPC 2.0 messages that we take?
#include "broker/json_rpc.h"

#include "base/limits.h"

namespace warder::broker {
namespace {

using nlohmann::json;

std::unexpected<RpcError> Bad(std::string message, const json& id = nullptr) {
  return std::unexpected(RpcError{kInvalidRequest, std::move(message), nullptr, id});
}

// Fractions and null are not taken: MCP forbids null, and 1 and 1.0 would be one id or two.
bool ProperId(const json& id) {
  if (id.is_number_integer()) return true;
  return id.is_string() && id.get_ref<const std::string&>().size() <= limits::kMaxRequestIdBytes;
}

}  // namespace

std::expected<Message, RpcError> ReadMessage(const json& value) {
  if (value.is_array()) return Bad("batches are not taken: one message a line (MCP 2025-06-18 and later)");
  if (!value.is_object()) return Bad("a message is a JSON object");
  Message message;
  auto id = value.find("id");
  bool has_id = id != value.end();
  if (has_id) {
    if (!ProperId(*id)) return Bad("id must be an integer or a string of at most 256 bytes");
    message.id = *id;
  }
  auto version = value.find("jsonrpc");
  if (version == value.end() || *version != "2.0") return Bad("jsonrpc must be \"2.0\"", message.id);
  auto method = value.find("method");
  if (method == value.end() && has_id && (value.contains("result") || value.contains("error"))) {
    message.kind = Message::Kind::kResponse;
    return message;
  }
  if (method == value.end() || !method->is_string()) return Bad("method must be a string", message.id);
  message.method = method->get<std::string>();
  message.kind = has_id ? Message::Kind::kRequest : Message::Kind::kNotification;
  for (const auto& [key, unused] : value.items())
    if (key != "jsonrpc" && key != "id" && key != "method" && key != "params")
      return Bad("a message has no member other than jsonrpc, id, method and params", message.id);
  if (auto params = value.find("params"); params != value.end()) {
    if (!params->is_object())
      return std::unexpected(RpcError{kInvalidParams, "params must be an object", nullptr, message.id});
    message.params = *params;
    message.has_params = true;
  }
  return message;
}

json WriteMessage(const Message& message) {
  json value = {{"jsonrpc", "2.0"}, {"method", message.method}};
  if (message.kind == Message::Kind::kRequest) value["id"] = message.id;
  if (message.has_params) value["params"] = message.params;
  return value;
}

json ResultOf(const json& id, json result) { return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}}; }

json ErrorOf(const json& id, const RpcError& error) {
  json body = {{"code", error.code}, {"message", error.message}};
  if (!error.data.is_null()) body["data"] = error.data;
  return {{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(body)}};
}

json NotificationOf(std::string_view method, json params) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

}  // namespace warder::broker
