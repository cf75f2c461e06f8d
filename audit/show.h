// Records themselves, for `warder audit show` and `tail`: as text for people, as JSON lines for
// machines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace warder::audit {

// Exactly one of the two. kNotFound where the log has no such record or call.
struct ShowWhat {
  std::optional<uint64_t> seq;
  std::optional<uint64_t> call;  // all records of the call
};
// Every field with its value in place of the commitment; controls neutralised. JSON: one joined
// record a line.
Result<std::string> Show(const std::string& directory, const ShowWhat& what, bool colour);
Result<std::string> ShowJson(const std::string& directory, const ShowWhat& what);

// One line a record: those with seq >= from, or the last `count` where from is not given. next_seq
// becomes the seq to go on from, so that `tail -f` calls again with it.
struct TailFrom {
  std::optional<uint64_t> from;
  size_t count = 20;
};
Result<std::string> Tail(const std::string& directory, const TailFrom& from, bool json, uint64_t* next_seq);

}  // namespace warder::audit
