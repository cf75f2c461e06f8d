// From the bytes of a connection to JSON values: lines, and one strict parser.
//
// LineCutter holds at most kMaxFrameBytes plus one read. ParseJson accepts a subset of what a strict
// JSON parser accepts (RFC 8259): UTF-8 without BOM and without NUL (raw or escaped in a key), nesting
// at most kMaxJsonDepth, at most kMaxJsonValues values, no key twice in an object.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace warder::broker {

class LineCutter {
 public:
  void Feed(std::string_view bytes);
  // The next complete line without its newline (a CR before it is taken off, RFC 8259 white space); an
  // empty optional where none is complete; kLimit once a line is longer than kMaxFrameBytes, for good.
  Result<std::optional<std::string>> Next();
  // Whether a line has begun and is not complete.
  bool Pending() const { return start_ < buffer_.size(); }

 private:
  std::string buffer_;
  size_t start_ = 0;    // of the line that is next
  size_t scanned_ = 0;  // no newline before here: each byte is looked at once
};

// One JSON value. The error's `what` says what was wrong and where, for the peer.
Result<nlohmann::json> ParseJson(std::string_view text);

// One line without newline. Strings that are not UTF-8 (never made by ParseJson) become U+FFFD.
std::string ToLine(const nlohmann::json& value);

}  // namespace warder::broker
