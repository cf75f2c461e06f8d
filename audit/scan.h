// What a ledger must know of the log before it writes to it: one pass over all records at its
// start.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/note.h"
#include "audit/tree.h"
#include "base/error.h"

namespace warder::audit {

struct OpenIntent {
  uint64_t seq = 0;
  uint64_t session = 0;
  std::optional<uint64_t> exit_seq;
};

struct LogState {
  std::vector<uint64_t> segments;  // first seqs
  Tree tree;                       // its size is the next seq
  uint64_t last_session = 0, last_call = 0;
  std::string last_type;                // empty: no record yet
  std::map<uint64_t, OpenIntent> open;  // by call: intents without outcome or orphan
  // Of the last segment's two files: behind the last good line (of the side file: of a record that
  // is there), and behind the last byte that is not zero.
  uint64_t log_end = 0, log_data_end = 0;
  uint64_t side_end = 0, side_data_end = 0;
};

// Only the last segment may have a torn tail: what is no whole, canonical record with the next seq
// ends it there. kInvalid where another segment is damaged, or where the log does not contain
// `known` (the last checkpoint): then it was cut or changed, and nothing may be added to it.
Result<LogState> ScanLog(int directory, const std::optional<Checkpoint>& known);

}  // namespace warder::audit
