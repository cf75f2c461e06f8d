// JSON text to values and back for our clients, with no exception on the way.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace warder::agent {

// kInvalid: not JSON, nested deeper than kMaxJsonDepth, or not an object.
Result<nlohmann::json> ParseObject(std::string_view text);

// Bytes that are not UTF-8 become U+FFFD.
std::string Text(const nlohmann::json& value);

// The `result` of a JSON-RPC answer as text, or its `error` as an Error: -32601 kUnsupported, -32001 kDenied,
// -32002 kNotFound, -32003 kConflict, -32700, -32600 and -32602 kInvalid, others kSystem.
Result<std::string> ResultOf(const nlohmann::json& answer);

}  // namespace warder::agent
