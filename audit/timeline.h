// What happened, one entry a call: asked, decided, approved, ran, ended (the reader's view, for
// people).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace warder::audit {

struct TimelineOptions {
  std::optional<uint64_t> session;
  std::optional<uint64_t> call;  // only this one
  size_t last = 0;               // only the last so many entries; 0: all
};

struct TimelineEntry {
  uint64_t seq = 0;   // of its first record
  uint64_t call = 0;  // 0: something of the host or a session
  uint64_t session = 0;
  std::string agent;
  std::string time;  // RFC 3339 of the first record
  std::string tool;
  std::string asked;  // one line, as the agent asked for it; not neutralised
  std::string level, rule, file, why, reason;
  uint64_t line = 0;
  std::string approval;  // empty, waiting, approved, denied, expired
  std::string approver;
  uint64_t waited_ms = 0;
  std::string ended;  // exited, …, refused, orphan, running; for host entries the type of the record
  std::optional<int64_t> code;
  std::optional<uint64_t> duration_ms;  // from the first record to the last
  std::string undo;                     // trash entry
  std::string detail;                   // why it ended so, where that was recorded
};

// Only reads; fine on a log that is being written.
Result<std::vector<TimelineEntry>> Timeline(const std::string& directory, const TimelineOptions& options = {});

struct RenderOptions {
  bool colour = false;
  size_t width = 0;  // columns, into which everything is wrapped; 0: one line an entry, as long as it is
};
std::string RenderTimeline(const std::vector<TimelineEntry>& entries, const RenderOptions& options);
// Who asked for what, who decided it by which rule, who said yes or no, how it ended: five lines at
// most.
std::string RenderCall(const TimelineEntry& entry, bool colour);
// An array of objects with the fields above.
std::string TimelineJson(const std::vector<TimelineEntry>& entries);

}  // namespace warder::audit
