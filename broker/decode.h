// From a tool's arguments, checked by its schema, to the call that is decided.
#pragma once

#include <optional>
#include <string>

#include "broker/session.h"
#include "policy/decide.h"

namespace warder::broker {

struct DecodedCall {
  policy::Call call;
  std::string line;  // one line for people, controls escaped
  std::optional<uint64_t> timeout_ms;
  std::optional<std::string> input;  // stdin
  std::string content;               // of write_file, decoded
  std::string trash_entry;           // of restore_file
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  uint32_t depth = 1;
  bool base64 = false;
};

// kInvalid: an argument is wrong; kUnsupported: one that is not built yet.
Result<DecodedCall> DecodeCall(const CallRequest& request);

// The arguments as the log holds them: content of files as size and digest, cut where they are too long.
std::string ArgumentsForLog(const nlohmann::json& arguments);

}  // namespace warder::broker
