// How do the legacy and the modern revision of MCP begin, and how do their answers differ?
#include "broker/mcp.h"

#include <algorithm>

namespace warder::broker {
namespace {

using nlohmann::json;

constexpr const char* kVersionKey = "io.modelcontextprotocol/protocolVersion";
constexpr const char* kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
constexpr const char* kClientKey = "io.modelcontextprotocol/clientInfo";

constexpr const char* kInstructions =
    "Calls are decided by a policy; a refusal says which part, which rule, why, and what would be allowed "
    "instead. session_info says what is allowed. Commands run in a jail without a network; give a `reason` "
    "when a person may have to approve a call.";
// The list changes only with the program itself.
constexpr int kToolsTtlMs = 3'600'000;

json ServerSelf() { return {{"name", "warder"}, {"title", "warder"}, {"version", "0.1.0"}}; }
json Capabilities() { return {{"tools", json::object()}}; }

std::unexpected<RpcError> Bad(const Message& message, std::string what) {
  return std::unexpected(RpcError{kInvalidParams, std::move(what), nullptr, message.id});
}

std::string Named(const json& client) {
  if (!client.is_object()) return {};
  auto text = [&](const char* key) {
    auto value = client.find(key);
    return value != client.end() && value->is_string() ? value->get<std::string>().substr(0, 128) : std::string();
  };
  return text("name") + "/" + text("version");
}

}  // namespace

std::expected<Era, RpcError> EraOf(const Message& message, Era connection) {
  auto meta = message.params.find("_meta");
  const bool has_meta = meta != message.params.end();
  if (has_meta && !meta->is_object()) return Bad(message, "_meta must be an object");
  const bool modern = has_meta && (meta->contains(kVersionKey) || meta->contains(kCapabilitiesKey));
  if (!modern) {
    if (message.method == "initialize" || message.method == "ping" || connection == Era::kLegacy) return Era::kLegacy;
    return Bad(message, std::string("_meta must hold ") + kVersionKey + " and " + kCapabilitiesKey +
                            " (MCP 2026-07-28), or the connection must begin with initialize (2025-11-25)");
  }
  auto version = meta->find(kVersionKey);
  if (version == meta->end() || !version->is_string())
    return Bad(message, std::string("_meta must hold ") + kVersionKey + ", a string");
  if (*version != kModernVersion) {
    json data = {{"supported", json::array({kModernVersion})}, {"requested", *version}};
    return std::unexpected(RpcError{kUnsupportedVersion, "unsupported protocol version", data, message.id});
  }
  auto capabilities = meta->find(kCapabilitiesKey);
  if (capabilities == meta->end() || !capabilities->is_object())
    return Bad(message, std::string("_meta must hold ") + kCapabilitiesKey + ", an object");
  return Era::kModern;
}

std::string ClientOf(const Message& message) {
  if (auto client = message.params.find("clientInfo"); client != message.params.end()) return Named(*client);
  auto meta = message.params.find("_meta");
  if (meta == message.params.end() || !meta->is_object()) return {};
  auto client = meta->find(kClientKey);
  return client == meta->end() ? std::string() : Named(*client);
}

std::expected<json, RpcError> Initialize(const Message& message) {
  auto version = message.params.find("protocolVersion");
  if (version == message.params.end() || !version->is_string()) return Bad(message, "protocolVersion must be a string");
  if (auto capabilities = message.params.find("capabilities");
      capabilities == message.params.end() || !capabilities->is_object())
    return Bad(message, "capabilities must be an object");
  // An unknown version is answered by the newest one that we speak; the client decides (MCP lifecycle).
  std::string spoken = kLegacyVersions[0];
  for (const char* known : kLegacyVersions)
    if (*version == known) spoken = known;
  return json{{"protocolVersion", spoken},
              {"capabilities", Capabilities()},
              {"serverInfo", ServerSelf()},
              {"instructions", kInstructions}};
}

json Discover() {
  return {{"supportedVersions", json::array({kModernVersion})},
          {"capabilities", Capabilities()},
          {"serverInfo", ServerSelf()},
          {"instructions", kInstructions},
          {"ttlMs", kToolsTtlMs},
          {"cacheScope", "public"}};
}

json ListTools(Era era) {
  json list = json::array();
  for (const ToolEntry& tool : Tools()) list.push_back(tool.listed);
  json result = {{"tools", std::move(list)}};
  if (era == Era::kModern) {
    result["ttlMs"] = kToolsTtlMs;
    result["cacheScope"] = "public";
  }
  return result;
}

json Framed(Era era, json result) {
  if (era == Era::kModern) {
    result["resultType"] = "complete";
    result["_meta"]["io.modelcontextprotocol/serverInfo"] = ServerSelf();
  }
  return result;
}

}  // namespace warder::broker
