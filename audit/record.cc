// How does a body become a line of the log, with its free text taken out?
#include "audit/record.h"

#include <openssl/rand.h>

#include <cstdio>
#include <ctime>

#include "audit/base64.h"
#include "audit/tree.h"
#include "base/limits.h"
#include "base/text.h"

namespace warder::audit {
namespace {

// The bytes of a marker, or nothing where value is none.
Result<std::optional<std::string>> MarkerBytes(const Json& value) {
  if (!value.is_object() || value.size() != 1) return std::optional<std::string>();
  auto it = value.begin();
  if (it.key() == "$free" && it->is_string()) return std::optional<std::string>(it->get<std::string>());
  if (it.key() != "$free_b64") return std::optional<std::string>();
  auto bytes = FromBase64(it->is_string() ? it->get<std::string>() : "!");
  if (!bytes) return Fail(Code::kInvalid, "$free_b64 that is not base64");
  return bytes;
}

Status TakeFreeText(Json& value, std::vector<SideValue>& sides) {
  WARDER_TRY(auto marker, MarkerBytes(value));
  if (marker) {
    value = FreeField(*marker, sides);
    return {};
  }
  if (!value.is_structured()) return {};
  // A commitment that came from outside would have no value behind it: it could pass for a redacted
  // one.
  if (value.is_object() && value.contains("free"))
    return Fail(Code::kInvalid, "a field named free: free text goes in as $free");
  for (Json& item : value) WARDER_TRY_STATUS(TakeFreeText(item, sides));
  return {};
}

template <typename Each>
Status ForWords(std::string_view words, Each each) {
  while (!words.empty()) {
    std::string_view word = words.substr(0, words.find(' '));
    WARDER_TRY_STATUS(each(std::string(word)));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
  }
  return {};
}

Status CheckFields(const TypeRule& rule, const Json& body) {
  WARDER_TRY_STATUS(ForWords(rule.required, [&](const std::string& field) -> Status {
    if (body.contains(field)) return {};
    return Fail(Code::kInvalid, std::string(rule.type) + " without " + field);
  }));
  return ForWords(rule.free, [&](const std::string& field) -> Status {
    auto found = body.find(field);
    if (found == body.end() || found->is_null()) return {};
    WARDER_TRY(auto marker, MarkerBytes(*found));
    if (marker) return {};
    return Fail(Code::kInvalid, std::string(rule.type) + ": " + field + " is free text and must be $free");
  });
}

}  // namespace

std::string Commitment(std::string_view salt, std::string_view bytes) { return Hex(AsBytes(HmacSha256(salt, bytes))); }

SideValue Commit(std::string_view bytes, bool blob) {
  std::string salt(32, '\0');
  WARDER_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), 32) == 1);
  return {Commitment(salt, bytes), salt, std::string(bytes), blob};
}

Json FreeField(std::string_view bytes, std::vector<SideValue>& sides, bool blob) {
  sides.push_back(Commit(bytes, blob));
  return Json{{"free", sides.back().free}};
}

std::string SideLines(const SideValue& value, uint64_t seq) {
  Json line{{"free", value.free}, {"salt", Hex(value.salt)}, {"seq", std::to_string(seq)}};
  if (value.blob) {
    std::string name = Hex(AsBytes(FastSha256(value.bytes)));
    line["blob"] = name;
    Json blob{{"blob", name}, {"b64", Base64(value.bytes)}, {"seq", std::to_string(seq)}};
    return Canonical(line) + "\n" + Canonical(blob) + "\n";
  }
  line["value"] = IsUtf8(value.bytes) ? Json(value.bytes) : Json{{"b64", Base64(value.bytes)}};
  return Canonical(line) + "\n";
}

Result<Prepared> Prepare(std::string_view type, Writer writer, std::string_view body_json) {
  Prepared prepared;
  prepared.rule = FindType(type);
  if (prepared.rule == nullptr)
    return Fail(Code::kInvalid, "no record type is called " + ForTerminal(type.substr(0, 80)));
  if ((prepared.rule->writers & writer) == 0)
    return Fail(Code::kDenied, "records of type " + std::string(type) + " do not come from this process");
  WARDER_TRY(prepared.body, ParseJson(body_json));
  if (!prepared.body.is_object()) return Fail(Code::kInvalid, "a body that is not an object");
  WARDER_TRY_STATUS(CheckRestricted(prepared.body, /*markers=*/true));
  WARDER_TRY_STATUS(CheckFields(*prepared.rule, prepared.body));
  WARDER_TRY_STATUS(TakeFreeText(prepared.body, prepared.sides));
  if (!prepared.body.is_object() || prepared.body.contains("free"))
    return Fail(Code::kInvalid, "a body that is only free text");
  return prepared;
}

std::string Rfc3339(int64_t time_ns) {
  time_t seconds = static_cast<time_t>(time_ns / 1'000'000'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char day[32], out[64];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(out, sizeof out, "%s.%09dZ", day, static_cast<int>(time_ns % 1'000'000'000));
  return out;
}

std::optional<int64_t> ParseRfc3339(std::string_view text) {
  std::string copy(text);
  tm parts{};
  const char* end = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (end == nullptr || copy.size() != 30 || end != copy.c_str() + 19) return std::nullopt;
  auto nanos = copy.substr(20, 9);
  if (nanos.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  int64_t time_ns = 0;  // a log may hold any date; ours end in the year 2262
  if (__builtin_mul_overflow(static_cast<int64_t>(timegm(&parts)), int64_t{1'000'000'000}, &time_ns) ||
      __builtin_add_overflow(time_ns, std::stol(nanos), &time_ns))
    return std::nullopt;
  if (Rfc3339(time_ns) != text) return std::nullopt;
  return time_ns;
}

Result<std::string> RenderLine(const Envelope& envelope, std::string_view type, const Json& body) {
  Json record{{"v", 1},
              {"seq", std::to_string(envelope.seq)},
              {"type", type},
              {"time", Rfc3339(envelope.time_ns)},
              {"mono_ns", std::to_string(envelope.mono_ns)},
              {"boot", envelope.boot},
              {"host", envelope.host},
              {"body", body}};
  if (envelope.session) record["session"] = std::to_string(*envelope.session);
  if (envelope.call) record["call"] = std::to_string(*envelope.call);
  if (envelope.agent)
    record["agent"] = Json{{"name", envelope.agent->name}, {"uid", envelope.agent->uid}, {"pid", envelope.agent->pid}};
  std::string line = Canonical(record);
  if (line.size() > limits::kMaxRecordBytes)
    return Fail(Code::kLimit, "a record of " + std::to_string(line.size()) + " bytes, 65535 at most",
                "put long text into free text");
  return line;
}

}  // namespace warder::audit
