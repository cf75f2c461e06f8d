// What does one line of a side file say?
#include "audit/side_line.h"

#include <algorithm>

#include "audit/base64.h"
#include "base/text.h"

namespace warder::audit {
namespace {

bool IsHexDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Takes `text` off the front.
bool Skip(std::string_view& line, std::string_view text) {
  if (!line.starts_with(text)) return false;
  line.remove_prefix(text.size());
  return true;
}

// Takes everything before the next quote off the front.
std::string_view UntilQuote(std::string_view& line) {
  const std::string_view text = line.substr(0, line.find('"'));
  line.remove_prefix(text.size());
  return text;
}

// Takes the text of a string off the front, with its quote at the end: false where it has an escape but \" and \\ or
// is not canonical JSON.
bool PlainText(std::string_view& line, std::string& text) {
  for (;;) {
    const size_t special = static_cast<size_t>(
        std::ranges::find_if(line, [](char c) { return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20; }) -
        line.begin());
    if (special == line.size() || static_cast<uint8_t>(line[special]) < 0x20) return false;
    text.append(line, 0, special);
    const bool ends = line[special] == '"';
    line.remove_prefix(special + 1);
    if (ends) return IsUtf8(text);
    if (line.empty() || (line[0] != '"' && line[0] != '\\')) return false;
    text += line[0];
    line.remove_prefix(1);
  }
}

}  // namespace

bool TakeSideLine(std::string_view line, Sides& sides) {
  if (line.find_first_not_of(' ') == std::string_view::npos) return true;
  return TakePlainSideLine(line, sides) || TakeAnySideLine(line, sides);
}

bool TakePlainSideLine(std::string_view line, Sides& sides) {
  SideLine value;
  if (!Skip(line, R"({"free":")")) return false;
  const std::string_view free = UntilQuote(line);
  if (!Skip(line, R"(","salt":")")) return false;
  const std::string_view salt = UntilQuote(line);
  if (!Skip(line, R"(","seq":")")) return false;
  const std::optional<uint64_t> seq = ParseDecimal(UntilQuote(line));
  if (!Skip(line, R"(","value":")") || !PlainText(line, value.value) || line != "}") return false;
  auto bytes = FromHex(salt);
  if (free.empty() || !std::ranges::all_of(free, IsHexDigit) || !bytes || bytes->size() != 32 || !seq) return false;
  value.salt = std::move(*bytes);
  value.seq = *seq;
  return sides.values.try_emplace(std::string(free), std::move(value)).second;
}

bool TakeAnySideLine(std::string_view line, Sides& sides) {
  // Side lines have a nested {"b64"} at most, and no number.
  auto json = ParseCanonical(line);
  if (!json) return false;
  auto seq = DecimalOf(*json, "seq");
  std::string blob = TextOf(*json, "blob"), free = TextOf(*json, "free");
  // Exactly the fields of its kind: what else stands in a line would be covered by nothing.
  if (!seq || json->size() != (free.empty() ? 3u : 4u)) return false;
  if (free.empty()) {
    auto bytes = FromBase64(TextOf(*json, "b64"));
    return !blob.empty() && bytes && sides.blobs.emplace(blob, BlobLine{std::move(*bytes), *seq}).second;
  }
  SideLine value;
  value.seq = *seq;
  value.blob = blob;
  auto salt = FromHex(TextOf(*json, "salt"));
  if (!salt || salt->size() != 32 || json->contains("value") == !blob.empty()) return false;
  value.salt = *salt;
  if (blob.empty()) {
    const Json& field = (*json)["value"];
    auto bytes = field.is_string() ? std::optional(field.get<std::string>()) : FromBase64(TextOf(field, "b64"));
    if (!bytes || (!field.is_string() && (field.size() != 1 || IsUtf8(*bytes)))) return false;
    value.value = std::move(*bytes);
  }
  return sides.values.emplace(free, std::move(value)).second;
}

}  // namespace warder::audit
