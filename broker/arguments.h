// Checks a tool's arguments against its schema by a closed list of keywords of ours.
//
// Keywords: type, description, properties, required, additionalProperties, items, maxItems, minItems,
// enum, minLength, maxLength (bytes, so never looser than JSON Schema's characters), minimum, maximum,
// default. No pattern, no reference, no combination: nothing that an attacker's value can make slow.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace warder::broker {

// What is wrong with the value, as "cwd: must be a string"; nothing where it fits. `where` is the prefix.
std::optional<std::string> CheckArguments(const nlohmann::json& schema, const nlohmann::json& value,
                                          const std::string& where = {});

// Whether a schema of ours uses only those keywords.
bool UsesOnlyKnownKeywords(const nlohmann::json& schema);

}  // namespace warder::broker
