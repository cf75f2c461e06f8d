// Records: which types there are, who may write them, and how one becomes a line
// (docs/formats/audit.md).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/json.h"
#include "base/error.h"
#include "base/sha256.h"

namespace warder::audit {

// Who writes: bits of TypeRule::writers.
enum Writer : uint8_t { kBroker = 1, kMonitor = 2, kKeeper = 4, kLedger = 8 };

struct TypeRule {
  std::string_view type;
  uint8_t writers = 0;
  bool closing = false;       // is still taken, out of the reserve, when the disk is full
  std::string_view required;  // fields, separated by spaces
  std::string_view free;      // fields that must be free text or null
};
std::span<const TypeRule> AllTypes();
const TypeRule* FindType(std::string_view type);

// A value behind a commitment of the leaf; its line in the side file needs the seq.
struct SideValue {
  std::string free;  // hex of the commitment
  std::string salt;
  std::string bytes;
  bool blob = false;  // stored under its SHA-256
};
// HMAC-SHA-256(salt, bytes), hex.
std::string Commitment(std::string_view salt, std::string_view bytes);
// With a new random salt.
SideValue Commit(std::string_view bytes, bool blob = false);
// {"free": HEX} for a body, with the value put among sides.
Json FreeField(std::string_view bytes, std::vector<SideValue>& sides, bool blob = false);
// The lines of the side file, each with its newline.
std::string SideLines(const SideValue& value, uint64_t seq);

// A body that was checked against its type, free text taken out of it.
struct Prepared {
  const TypeRule* rule = nullptr;
  Json body;
  std::vector<SideValue> sides;
};
// kDenied where the type is not the writer's, kInvalid where the body is not what the type wants.
Result<Prepared> Prepare(std::string_view type, Writer writer, std::string_view body_json);

struct AgentName {
  std::string name;
  uint32_t uid = 0;
  int32_t pid = 0;
};
struct Envelope {
  uint64_t seq = 0;
  int64_t time_ns = 0;   // since 1970, UTC
  uint64_t mono_ns = 0;  // CLOCK_BOOTTIME
  std::string boot;
  std::string host;
  std::optional<uint64_t> session, call;
  std::optional<AgentName> agent;
};
std::string Rfc3339(int64_t time_ns);
// Nanoseconds of a text that Rfc3339 made; nothing for any other.
std::optional<int64_t> ParseRfc3339(std::string_view text);

// The line without its newline; kLimit beyond kMaxRecordBytes.
Result<std::string> RenderLine(const Envelope& envelope, std::string_view type, const Json& body);

}  // namespace warder::audit
