// What is a well-formed value of the log, and what is its one text?
#include "audit/json.h"

#include <set>
#include <vector>

#include "base/text.h"

namespace warder::audit {
namespace {

// Before the parser sees it: a dump of 60,000 levels would run out of stack.
bool DepthWithin(std::string_view text, int most) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > most) return false;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return true;
}

bool PlainKey(const std::string& key) {
  if (key.empty() || key.size() > 64 || key[0] < 'a' || key[0] > 'z') return false;
  return key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

bool IsMarker(const Json& object) {
  if (object.size() != 1 || !object.begin()->is_string()) return false;
  return object.begin().key() == "$free" || object.begin().key() == "$free_b64";
}

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  if (!DepthWithin(text, kMaxBodyDepth)) return Fail(Code::kInvalid, "JSON that is nested too deep");
  std::vector<std::set<std::string>> keys;
  bool twice = false;
  auto watch = [&](int, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key) twice = !keys.back().insert(value.get<std::string>()).second || twice;
    return true;
  };
  Json value = Json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (value.is_discarded()) return Fail(Code::kInvalid, "not JSON");
  if (twice) return Fail(Code::kInvalid, "a key that comes twice");
  return value;
}

Status CheckRestricted(const Json& value, bool markers) {
  constexpr int64_t kWidest = (int64_t{1} << 53) - 1;
  if (value.is_number_float()) return Fail(Code::kInvalid, "a number that is not whole");
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(kWidest))
    return Fail(Code::kInvalid, "a number beyond 2^53-1: those are decimal strings");
  if (value.is_number_integer() && !value.is_number_unsigned() && value.get<int64_t>() < -kWidest)
    return Fail(Code::kInvalid, "a number beyond -(2^53-1): those are decimal strings");
  if (value.is_object()) {
    if (markers && IsMarker(value)) return {};
    for (const auto& [key, item] : value.items()) {
      if (!PlainKey(key)) return Fail(Code::kInvalid, "the key " + ForTerminal(key.substr(0, 80)));
      WARDER_TRY_STATUS(CheckRestricted(item, markers));
    }
  } else if (value.is_array()) {
    for (const Json& item : value) WARDER_TRY_STATUS(CheckRestricted(item, markers));
  }
  return {};
}

std::string Canonical(const Json& value) {
  // std::map orders keys by bytes; dump() escapes as RFC 8785, 3.2.2.2 wants. Bytes were checked by
  // the parser.
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Json> ParseCanonical(std::string_view line) {
  if (!DepthWithin(line, kMaxBodyDepth + 1)) return Fail(Code::kInvalid, "nested too deep");
  Json value = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded() || !value.is_object()) return Fail(Code::kInvalid, "not a JSON object");
  WARDER_TRY_STATUS(CheckRestricted(value, false));
  if (Canonical(value) != line) return Fail(Code::kInvalid, "not in canonical form");
  return value;
}

std::string TextOf(const Json& object, const char* key) {
  if (!object.is_object()) return {};
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<uint64_t> DecimalOf(const Json& object, const char* key) { return ParseDecimal(TextOf(object, key)); }

}  // namespace warder::audit
