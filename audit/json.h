// JSON as the log knows it: parsed strictly, and one text for one value (RFC 8785).
//
// Keys are [a-z][a-z0-9_]* and numbers whole within ±(2^53-1): then byte order is RFC 8785's UTF-16
// order and no number has two spellings. No exception leaves json.cc.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace warder::audit {

using Json = nlohmann::json;

inline constexpr int kMaxBodyDepth = 16;

// Any JSON of at most kMaxBodyDepth levels; a key that comes twice in one object is refused.
Result<Json> ParseJson(std::string_view text);

// kInvalid where value is not in the restricted form. `$free` and `$free_b64` pass only with
// markers.
Status CheckRestricted(const Json& value, bool markers);

// The canonical text of a value that passed CheckRestricted.
std::string Canonical(const Json& value);

// A line of the log: an object whose canonical text is this very line. Else kInvalid, saying why.
Result<Json> ParseCanonical(std::string_view line);

// Fields as they are spelled in records; nothing where absent or of another form.
std::string TextOf(const Json& object, const char* key);
std::optional<uint64_t> DecimalOf(const Json& object, const char* key);

}  // namespace warder::audit
