// In what state was the log left?
#include "audit/scan.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "audit/files.h"
#include "audit/json.h"
#include "audit/lines.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace warder::audit {
namespace {

Status Damaged(std::string what) {
  return Fail(Code::kInvalid, std::move(what),
              "run `warder audit verify`, and move the log directory away to start a new one");
}

// Takes one record in; false where the line is none.
bool TakeRecord(std::string_view line, LogState& state) {
  if (line.size() > limits::kMaxRecordBytes) return false;
  auto record = ParseCanonical(line);
  if (!record || !record->contains("v") || (*record)["v"] != 1) return false;
  if (DecimalOf(*record, "seq") != state.tree.size()) return false;
  uint64_t call = DecimalOf(*record, "call").value_or(0);
  uint64_t session = DecimalOf(*record, "session").value_or(0);
  std::string type = TextOf(*record, "type");
  if (type == "intent") state.open[call] = {state.tree.size(), session, std::nullopt};
  if (type == "outcome" || type == "orphan") state.open.erase(call);
  if (type == "exit" && state.open.contains(call)) state.open[call].exit_seq = state.tree.size();
  state.last_session = std::max(state.last_session, session);
  state.last_call = std::max(state.last_call, call);
  state.last_type = type;
  state.tree.Append(LeafHash(line));
  return true;
}

Status CheckKnown(const std::optional<Checkpoint>& known, const Tree& tree) {
  if (known && known->size == tree.size() && known->root != tree.Root())
    return Damaged("the log is not the one that the checkpoint of " + std::to_string(known->size) + " records signed");
  return {};
}

Result<UniqueFd> OpenForReading(int directory, const std::string& name) {
  UniqueFd fd(openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return FailErrno(name);
  return fd;
}

Status ScanSegment(int directory, uint64_t first, bool last, const std::optional<Checkpoint>& known, LogState& state) {
  std::string name = SegmentName("log", first);
  if (first != state.tree.size())
    return Damaged(name + " does not follow on record " + std::to_string(state.tree.size()));
  WARDER_TRY(UniqueFd fd, OpenForReading(directory, name));
  LineReader lines(fd.get());
  state.log_end = 0;
  for (;;) {
    WARDER_TRY(auto line, lines.Next());
    if (!line || !TakeRecord(*line, state)) break;
    state.log_end = lines.offset();
    WARDER_TRY_STATUS(CheckKnown(known, state.tree));
  }
  WARDER_TRY(state.log_data_end, DataEnd(fd.get(), state.log_end));
  if (!last && state.log_data_end != state.log_end)
    return Damaged(name + " is damaged at byte " + std::to_string(state.log_end));
  return {};
}

// The seq of a side line; nothing for an erased one. A quote inside a value is escaped, so the
// key stands once.
std::optional<uint64_t> SideSeq(std::string_view line) {
  constexpr std::string_view kKey = "\"seq\":\"";
  size_t at = line.find(kKey);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + kKey.size());
  return ParseDecimal(line.substr(0, line.find('"')));
}

// The side file of the last segment ends where whole lines end, or where values begin whose records
// never became durable: a record that comes to have their seq does not name them.
Status ScanSide(int directory, uint64_t first, LogState& state) {
  auto fd = OpenForReading(directory, SegmentName("side", first));
  if (!fd && errno == ENOENT) return {};
  if (!fd) return std::unexpected(fd.error());
  LineReader lines(fd->get());
  for (;;) {
    WARDER_TRY(auto line, lines.Next());
    if (!line || line->find('\0') != std::string_view::npos) break;
    if (auto seq = SideSeq(*line); seq && *seq >= state.tree.size()) break;
    state.side_end = lines.offset();
  }
  WARDER_TRY(state.side_data_end, DataEnd(fd->get(), state.side_end));
  return {};
}

}  // namespace

Result<LogState> ScanLog(int directory, const std::optional<Checkpoint>& known) {
  LogState state;
  WARDER_TRY(state.segments, ListSegments(directory));
  for (size_t i = 0; i < state.segments.size(); ++i)
    WARDER_TRY_STATUS(ScanSegment(directory, state.segments[i], i + 1 == state.segments.size(), known, state));
  if (!state.segments.empty()) WARDER_TRY_STATUS(ScanSide(directory, state.segments.back(), state));
  if (known && known->size > state.tree.size())
    return std::unexpected(Damaged("the log holds " + std::to_string(state.tree.size()) +
                                   " records, its last checkpoint signed " + std::to_string(known->size))
                               .error());
  return state;
}

}  // namespace warder::audit
