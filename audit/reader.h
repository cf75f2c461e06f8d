// Reads the log: every record in order, with the values that stand behind its commitments.
//
// Works on a log that is being written: it ends where the last whole line ends. Judges nothing but
// what must hold for reading; audit/verify.h judges.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "audit/json.h"
#include "base/error.h"

namespace warder::audit {

struct SideLine {
  std::string salt;   // bytes
  std::string value;  // bytes; empty for a blob
  std::string blob;   // hex of its SHA-256; empty where it is none
  uint64_t seq = 0;
};
struct BlobLine {
  std::string bytes;  // not checked against its name
  uint64_t seq = 0;
};
// One segment's side file.
struct Sides {
  std::unordered_map<std::string, SideLine> values;  // by commitment
  std::map<std::string, BlobLine> blobs;             // by hex of SHA-256
  std::vector<std::string> problems;                 // lines that are neither value, blob nor erased
  // The bytes behind {"free": HEX}, also a blob's; nothing where they were erased or field is none.
  std::optional<std::string> BytesOf(const Json& field) const;
  std::optional<std::string> BytesOf(const Json& body, const char* key) const;
};

struct Record {
  uint64_t seq = 0;  // as it stands in the file: counted, not read
  std::string_view line;
  Json json;
  std::string type;
  uint64_t session = 0, call = 0;  // 0: none
  const Json& body() const { return json["body"]; }
};

// Where reading ended in one segment.
struct SegmentEnd {
  uint64_t first_seq = 0;
  std::string name;
  bool last = false;
  uint64_t log_end = 0,
           log_data_end = 0;  // behind the last whole line; behind the last nonzero byte
  uint64_t side_end = 0, side_data_end = 0;
};

struct LogVisitor {
  // false ends the reading. `problem` is not empty where the line is no canonical object; json is
  // null then.
  std::function<bool(const Record&, const Sides&, const std::string& problem)> record;
  std::function<bool(const SegmentEnd&, const Sides&)> segment_end;  // may be empty
};
// Calls the visitor in this thread; another one reads ahead, so that up to two segments are held at a time.
Status ReadLog(const std::string& directory, const LogVisitor& visitor);

// All of them of one file; a line of spaces is an erased one.
Result<Sides> ReadSides(int directory, uint64_t first_seq, SegmentEnd* end = nullptr);

// A record's body with the values put in place of the commitments: {"text": …} becomes the text
// itself,
// {"redacted": true} where it was erased; a blob is named by its digest.
Json Joined(const Json& body, const Sides& sides);

}  // namespace warder::audit
