// When is a record durable?
#include "audit/writer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include <cerrno>

#include "audit/lines.h"
#include "base/text.h"

namespace warder::audit {

LedgerWriter::LedgerWriter(int directory, WriterOptions options, FileLayer& files)
    : directory_(directory), options_(std::move(options)), files_(files) {
  // A small segment (a test's, a small disk's) must still have room for more than its reserve.
  options_.reserve_bytes = std::min(options_.reserve_bytes, options_.segment_bytes / 4);
}

Result<std::unique_ptr<LedgerWriter>> LedgerWriter::Open(int directory, WriterOptions options,
                                                         const std::optional<Checkpoint>& known, FileLayer& files) {
  std::unique_ptr<LedgerWriter> writer(new LedgerWriter(directory, std::move(options), files));
  WARDER_TRY_STATUS(writer->TakeLock());
  WARDER_TRY(writer->found_, ScanLog(directory, known));
  writer->tree_ = writer->found_.tree;
  const LogState& found = writer->found_;
  WARDER_TRY_STATUS(writer->OpenSegment(found.segments.empty() ? 0 : found.segments.back()));
  writer->log_.end = found.log_end;
  writer->side_.end = found.side_end;
  WARDER_TRY_STATUS(writer->PutTornTailAside());
  return writer;
}

Status LedgerWriter::TakeLock() {
  lock_.Reset(openat(directory_, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!lock_) return FailErrno("the log's lock");
  // A reader that asks whether a ledger runs holds the lock for a moment: asked again for 200 ms.
  for (int tries = 0; flock(lock_.get(), LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK) return FailErrno("flock of the log");
    if (tries == 20)
      return Fail(Code::kConflict, "another ledger writes to this log directory",
                  "stop the other host, or give this one a directory of its own");
    poll(nullptr, 0, 10);
  }
  return {};
}

Status LedgerWriter::PutTornTailAside() {
  if (found_.log_data_end > found_.log_end) {
    WARDER_TRY(std::string torn, ReadRange(log_.fd.get(), found_.log_end, found_.log_data_end));
    torn_digest_ = FastSha256(torn);
    torn_file_ = "torn-" + std::to_string(tree_.size()) + ".bin";
    // A second tear at the same seq must not replace the first one's bytes.
    for (int i = 2; faccessat(directory_, torn_file_.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0; ++i)
      torn_file_ = "torn-" + std::to_string(tree_.size()) + "-" + std::to_string(i) + ".bin";
    WARDER_TRY_STATUS(ReplaceFile(directory_, torn_file_, torn, 0640));
    WARDER_TRY_STATUS(WriteWhole(files_, log_.fd.get(), std::string(torn.size(), '\0'), found_.log_end));
    if (files_.Sync(log_.fd.get()) != 0) return FailErrno("fdatasync of the log");
  }
  if (found_.side_data_end > found_.side_end) {
    // Values of records that never became durable: nothing refers to them.
    std::string zeros(found_.side_data_end - found_.side_end, '\0');
    WARDER_TRY_STATUS(WriteWhole(files_, side_.fd.get(), zeros, found_.side_end));
    if (files_.Sync(side_.fd.get()) != 0) return FailErrno("fdatasync of the side file");
  }
  return {};
}

Status LedgerWriter::OpenSegment(uint64_t first_seq) {
  // The side file first: a log segment whose side file is not there is then never seen.
  WARDER_TRY(UniqueFd side, files_.OpenAllocated(directory_, SegmentName("side", first_seq), options_.segment_bytes));
  WARDER_TRY(UniqueFd log, files_.OpenAllocated(directory_, SegmentName("log", first_seq), options_.segment_bytes));
  side_ = Part{std::move(side), 0, {}};
  log_ = Part{std::move(log), 0, {}};
  return {};
}

Status LedgerWriter::Rotate() {
  WARDER_TRY_STATUS(Commit());
  Part old_log = std::move(log_), old_side = std::move(side_);
  if (auto opened = OpenSegment(tree_.size()); !opened) {
    log_ = std::move(old_log);
    side_ = std::move(old_side);
    // Half a segment would keep a full disk full. No record was ever in it.
    unlinkat(directory_, SegmentName("side", tree_.size()).c_str(), 0);
    unlinkat(directory_, SegmentName("log", tree_.size()).c_str(), 0);
    return opened.error().code == Code::kLimit ? opened : Shut(opened.error());
  }
  if (files_.Truncate(old_log.fd.get(), old_log.end) != 0 || files_.Sync(old_log.fd.get()) != 0 ||
      files_.Truncate(old_side.fd.get(), old_side.end) != 0 || files_.Sync(old_side.fd.get()) != 0)
    return Shut(FailErrno("closing a segment").error());
  return {};
}

bool LedgerWriter::Fits(size_t log_bytes, size_t side_bytes, uint64_t spare) const {
  auto fits = [&](const Part& part, size_t bytes) {
    return part.end + part.waiting.size() + bytes + spare <= options_.segment_bytes;
  };
  return fits(log_, log_bytes) && fits(side_, side_bytes);
}

Status LedgerWriter::MakeRoom(size_t log_bytes, size_t side_bytes, bool closing) {
  uint64_t least = options_.free_refuse_bytes;
  bool low = false;
  std::string why;
  if (least > 0 && !closing) {
    WARDER_TRY(uint64_t free, files_.FreeBytes(directory_));
    low = free < least;
    why = "its disk has " + SizeText(free) + " free and must keep " + SizeText(least) + " (ledger.free-space.refuse)";
  }
  if (!low && Fits(log_bytes, side_bytes, options_.reserve_bytes)) return {};
  if (!low) {
    auto rotated = Rotate();
    if (shut_) return rotated;
    if (rotated && Fits(log_bytes, side_bytes, options_.reserve_bytes)) return {};
    if (!rotated) why = rotated.error().what;
  }
  if (closing && Fits(log_bytes, side_bytes, 0)) return {};
  // What must be recorded and can not be: the log has nothing more to say about what runs.
  if (closing) return Shut(Error{Code::kLimit, "the reserve is used up: " + why, {}});
  return Fail(Code::kUnavailable, "nothing new is recorded, so nothing may run: " + why,
              "free space on the disk of the log, then ask again");
}

Result<std::vector<LedgerWriter::Rendered>> LedgerWriter::RenderAll(const std::vector<Entry>& entries) {
  std::vector<Rendered> rendered;
  Envelope envelope;
  envelope.boot = options_.boot;
  envelope.host = options_.host;
  envelope.time_ns = files_.RealTimeNs();
  envelope.mono_ns = files_.BootTimeNs();
  for (const Entry& entry : entries) {
    envelope.seq = tree_.size() + staged_.size() + rendered.size();
    envelope.session = entry.session;
    envelope.call = entry.call;
    envelope.agent = entry.agent;
    Rendered one;
    WARDER_TRY(one.line, RenderLine(envelope, entry.prepared.rule->type, entry.prepared.body));
    for (const SideValue& value : entry.prepared.sides) one.sides += SideLines(value, envelope.seq);
    rendered.push_back(std::move(one));
  }
  return rendered;
}

Result<std::vector<uint64_t>> LedgerWriter::Stage(const std::vector<Entry>& entries) {
  if (shut_) return Fail(Code::kUnavailable, why_shut());
  WARDER_TRY(auto rendered, RenderAll(entries));
  size_t log_bytes = 0, side_bytes = 0;
  bool closing = true;
  for (size_t i = 0; i < rendered.size(); ++i) {
    log_bytes += rendered[i].line.size() + 1;
    side_bytes += rendered[i].sides.size();
    closing = closing && entries[i].prepared.rule->closing;
  }
  WARDER_TRY_STATUS(MakeRoom(log_bytes, side_bytes, closing));
  std::vector<uint64_t> seqs;
  for (const Rendered& one : rendered) {
    seqs.push_back(tree_.size() + staged_.size());
    staged_.push_back(LeafHash(one.line));
    log_.waiting += one.line + "\n";
    side_.waiting += one.sides;
  }
  return seqs;
}

Status LedgerWriter::TakesNew() {
  if (shut_) return Fail(Code::kUnavailable, why_shut());
  return MakeRoom(0, 0, false);
}

Status LedgerWriter::WritePart(Part& part) {
  if (part.waiting.empty()) return {};
  WARDER_TRY_STATUS(WriteWhole(files_, part.fd.get(), part.waiting, part.end));
  if (files_.Sync(part.fd.get()) != 0) return FailErrno("fdatasync of the log");
  part.end += part.waiting.size();
  part.waiting.clear();
  return {};
}

Status LedgerWriter::Commit() {
  if (shut_) return Fail(Code::kUnavailable, why_shut());
  if (auto written = WritePart(side_); !written) return Shut(written.error());
  if (auto written = WritePart(log_); !written) return Shut(written.error());
  for (const Digest& leaf : staged_) tree_.Append(leaf);
  staged_.clear();
  return {};
}

Status LedgerWriter::Shut(Error error) {
  if (!shut_) shut_ = Error{Code::kUnavailable, "the audit log is shut for good: " + error.what, {}};
  return std::unexpected(*shut_);
}

const std::string& LedgerWriter::why_shut() const {
  static const std::string kOpen;
  return shut_ ? shut_->what : kOpen;
}

std::optional<uint64_t> LedgerWriter::LowSpace() {
  auto free = files_.FreeBytes(directory_);
  if (!free || *free >= options_.free_warn_bytes) return std::nullopt;
  return *free;
}

}  // namespace warder::audit
