// MCP's own messages in both eras (3-protocol): negotiation, listing, and the frame of each answer.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>

#include "broker/json_rpc.h"
#include "broker/session.h"

namespace warder::broker {

inline constexpr const char* kModernVersion = "2026-07-28";
inline constexpr const char* kLegacyVersions[] = {"2025-11-25", "2025-06-18"};

// ---- which era a request belongs to ------------------------------------------------------------
// kModern where _meta names a modern version and the client's capabilities; kLegacy where there is no such
// _meta and the connection was initialized (or is about to be). Errors: -32602, -32022.
std::expected<Era, RpcError> EraOf(const Message& message, Era connection);
// "name/version" of a modern request's clientInfo, or of initialize's; empty where there is none.
std::string ClientOf(const Message& message);

// ---- results -------------------------------------------------------------------------------------
std::expected<nlohmann::json, RpcError> Initialize(const Message& message);  // legacy
nlohmann::json Discover();                                                   // modern
nlohmann::json ListTools(Era era);
// Adds what every result of the era has.
nlohmann::json Framed(Era era, nlohmann::json result);

}  // namespace warder::broker
