// Does this value fit this schema of ours?
#include "broker/arguments.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace warder::broker {
namespace {

using nlohmann::json;

constexpr std::array kKeywords = {"type",      "description", "properties", "required", "additionalProperties",
                                  "items",     "maxItems",    "minItems",   "enum",     "minLength",
                                  "maxLength", "minimum",     "maximum",    "default"};

std::string Named(const std::string& where, const std::string& what) {
  return (where.empty() ? "arguments" : where) + ": " + what;
}

std::string Below(const std::string& where, const std::string& key) {
  std::string shown = ForTerminal(key).substr(0, 64);
  return where.empty() ? shown : where + "." + shown;
}

bool HasType(const std::string& type, const json& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  return type == "integer" && value.is_number_integer();
}

std::optional<std::string> CheckString(const json& schema, const json& value, const std::string& where) {
  const auto& text = value.get_ref<const std::string&>();
  if (auto most = schema.find("maxLength"); most != schema.end() && text.size() > most->get<size_t>())
    return Named(where, "longer than " + most->dump() + " bytes");
  if (auto least = schema.find("minLength"); least != schema.end() && text.size() < least->get<size_t>())
    return Named(where, "shorter than " + least->dump() + " bytes");
  if (auto words = schema.find("enum"); words != schema.end() && std::ranges::find(*words, value) == words->end())
    return Named(where, "must be one of " + words->dump());
  return {};
}

std::optional<std::string> CheckInteger(const json& schema, const json& value, const std::string& where) {
  // Above INT64_MAX get<int64_t>() would wrap.
  bool huge = value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX;
  int64_t number = huge ? INT64_MAX : value.get<int64_t>();
  if (auto least = schema.find("minimum"); least != schema.end() && number < least->get<int64_t>())
    return Named(where, "smaller than " + least->dump());
  if (auto most = schema.find("maximum"); huge || (most != schema.end() && number > most->get<int64_t>()))
    return Named(where, "larger than " + (most != schema.end() ? most->dump() : "any number taken here"));
  return {};
}

std::optional<std::string> CheckArray(const json& schema, const json& value, const std::string& where) {
  if (auto most = schema.find("maxItems"); most != schema.end() && value.size() > most->get<size_t>())
    return Named(where, "more than " + most->dump() + " items");
  if (auto least = schema.find("minItems"); least != schema.end() && value.size() < least->get<size_t>())
    return Named(where, "fewer than " + least->dump() + " items");
  auto items = schema.find("items");
  if (items == schema.end()) return {};
  for (size_t i = 0; i < value.size(); ++i)
    if (auto wrong = CheckArguments(*items, value[i], where + "[" + std::to_string(i) + "]")) return wrong;
  return {};
}

// "; it takes path, offset", so that a slip of the pen is seen beside the right word.
std::string Taken(json::const_iterator properties, const json& schema) {
  std::string names;
  if (properties != schema.end())
    for (const auto& [key, unused] : properties->items()) names += (names.empty() ? "" : ", ") + key;
  return names.empty() ? "" : "; it takes " + names;
}

std::optional<std::string> CheckObject(const json& schema, const json& value, const std::string& where) {
  auto properties = schema.find("properties");
  auto others = schema.find("additionalProperties");
  for (const auto& [key, item] : value.items()) {
    const json* fits = nullptr;
    if (properties != schema.end() && properties->contains(key))
      fits = &(*properties)[key];
    else if (others != schema.end() && others->is_object())
      fits = &*others;
    if (fits == nullptr) return Named(Below(where, key), "is not an argument of this tool" + Taken(properties, schema));
    if (auto wrong = CheckArguments(*fits, item, Below(where, key))) return wrong;
  }
  if (auto required = schema.find("required"); required != schema.end())
    for (const json& key : *required)
      if (!value.contains(key.get_ref<const std::string&>()))
        return Named(Below(where, key.get<std::string>()), "is missing");
  return {};
}

}  // namespace

std::optional<std::string> CheckArguments(const json& schema, const json& value, const std::string& where) {
  const auto& type = schema.at("type").get_ref<const std::string&>();
  if (!HasType(type, value)) return Named(where, "must be " + type);
  if (type == "string") return CheckString(schema, value, where);
  if (type == "integer") return CheckInteger(schema, value, where);
  if (type == "array") return CheckArray(schema, value, where);
  if (type == "object") return CheckObject(schema, value, where);
  return {};
}

bool UsesOnlyKnownKeywords(const json& schema) {
  if (!schema.is_object() || !schema.contains("type")) return false;
  for (const auto& [key, value] : schema.items()) {
    if (std::ranges::find(kKeywords, key) == kKeywords.end()) return false;
    if ((key == "items" || (key == "additionalProperties" && value.is_object())) && !UsesOnlyKnownKeywords(value))
      return false;
    if (key == "properties")
      for (const auto& [unused, below] : value.items())
        if (!UsesOnlyKnownKeywords(below)) return false;
  }
  return true;
}

}  // namespace warder::broker
