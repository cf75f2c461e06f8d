// How does the ledger begin and end, and what does it say for itself?
#include <unistd.h>

#include "audit/ledger.h"
#include "base/text.h"

namespace warder::audit {
namespace {

// A name for the key out of a host's name: what a signed note allows.
std::string Origin(std::string_view host) {
  std::string out = "warder-log/";
  for (char c : host.substr(0, 64)) {
    bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    out += plain ? c : '_';
  }
  return out;
}

// A few checkpoints and the directory blocks of their names.
constexpr uint64_t kCheckpointReserve = 64 * 1024;

std::string_view EndName(wire::EndKind kind) {
  constexpr std::string_view kNames[] = {"exited",     "signaled",  "wall-limit",   "cpu-limit", "memory-limit",
                                         "disk-limit", "cancelled", "setup-failed", "lost"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::Open(int log_directory, int state_directory, const wire::LedgerStart& start,
                                             FileLayer& files) {
  std::unique_ptr<Ledger> ledger(new Ledger(log_directory, state_directory, start, files));
  std::optional<Checkpoint> known;
  if (auto note = ReadAt(state_directory, "checkpoint", 64 * 1024)) {
    WARDER_TRY(known, ParseCheckpoint(*note));
  } else if (note.error().code != Code::kNotFound) {
    return std::unexpected(note.error());
  }
  WriterOptions options;
  options.host = start.host;
  options.boot = Hex({reinterpret_cast<const char*>(start.boot.data()), start.boot.size()});
  if (start.segment_bytes > 0) options.segment_bytes = start.segment_bytes;
  options.free_warn_bytes = start.free_warn_bytes;
  options.free_refuse_bytes = start.free_refuse_bytes;
  WARDER_TRY(ledger->writer_, LedgerWriter::Open(log_directory, options, known, files));
  WARDER_TRY(ledger->log_reserve_, FileLayer().OpenAllocated(log_directory, "reserve", kCheckpointReserve));
  WARDER_TRY(ledger->state_reserve_, FileLayer().OpenAllocated(state_directory, "reserve", kCheckpointReserve));
  WARDER_TRY_STATUS(ledger->LoadKey());
  WARDER_TRY_STATUS(ledger->Begin(known));
  return ledger;
}

Status Ledger::LoadKey() {
  auto text = ReadAt(state_directory_, "log.key", 4096);
  if (!text && text.error().code != Code::kNotFound) return std::unexpected(text.error());
  if (text) {
    WARDER_TRY(signer_, NoteSigner::Parse(*text));
    explicit_bzero(text->data(), text->size());
  } else {
    // A second key would make a log that its own earlier checkpoints do not fit.
    if (writer_->tree().size() > 0)
      return Fail(Code::kConflict, "the log has records, and its key (log.key in the state directory) is gone",
                  "put the key back, or move the log directory away to start a new one");
    WARDER_TRY(signer_, NoteSigner::Generate(Origin(start_.host)));
    WARDER_TRY_STATUS(ReplaceFile(state_directory_, "log.key", signer_->Skey() + "\n", 0600));
  }
  return ReplaceFile(log_directory_, "key.pub", signer_->verifier().Vkey() + "\n", 0640);
}

Status Ledger::Begin(const std::optional<Checkpoint>& known) {
  const LogState& found = writer_->found();
  bool torn = !writer_->torn_file().empty();
  // A stop whose checkpoint was not written any more is a crash: what nobody signed is told as
  // that.
  bool stopped_well =
      found.last_type.empty() || (found.last_type == "host.stop" && known && known->size == found.tree.size());
  bool recovered = torn || !stopped_well || start_.after_crash;
  Json body{{"after", std::to_string(found.tree.size())}, {"key", signer_->verifier().HashHex()}};
  if (recovered) body["why"] = torn ? "torn" : "crash";
  if (torn) {
    body["torn_bytes"] = std::to_string(found.log_data_end - found.log_end);
    body["torn_file"] = writer_->torn_file();
    body["torn_sha256"] = Hex(AsBytes(writer_->torn_digest()));
  }
  if (found.side_data_end > found.side_end)
    body["torn_side_bytes"] = std::to_string(found.side_data_end - found.side_end);
  WARDER_TRY_STATUS(OwnRecord(recovered ? "host.recovered" : "host.start", body));
  for (const auto& [call, intent] : found.open)
    WARDER_TRY_STATUS(WriteOrphan(call, intent.session, intent.seq, intent.exit_seq));
  forgotten_below_ = last_call_ = found.last_call;
  WARDER_TRY_STATUS(writer_->Commit());
  return WriteCheckpoint();
}

wire::LedgerReady Ledger::Ready() const {
  return {writer_->tree().size(), writer_->found().last_session, writer_->found().last_call};
}

Status Ledger::OwnRecord(std::string_view type, Json body, uint64_t session, uint64_t call) {
  auto seq = Record(type, kLedger, Canonical(body), session, call);
  return seq ? Status() : std::unexpected(seq.error());
}

Status Ledger::WriteOrphan(uint64_t call, uint64_t session, uint64_t intent, std::optional<uint64_t> exit) {
  Json body{{"intent", std::to_string(intent)}, {"exit", nullptr}};
  if (exit) body["exit"] = std::to_string(*exit);
  return OwnRecord("orphan", body, session, call);
}

void Ledger::Take(const wire::KeeperBegan& began, const wire::RunEnd& end) {
  if (end.session != began.session || end.call != began.call) {
    // The keeper is of another jail than the monitor said: its word counts for none.
    return Take(wire::JailEnded{began.session, began.call, "the keeper reported of another call"});
  }
  bool plain = end.step.size() <= 64 && IsUtf8(end.step);
  Body body;
  body.Text("ended", EndName(end.kind))
      .Number("code", end.code)
      .Number("signal", end.signal)
      .Number("command", end.command)
      .Text("step", plain ? end.step : "other")
      .Number("error", end.error)
      .Decimal("setup_ns", end.setup_ns)
      .Decimal("wall_ns", end.wall_ns)
      .Decimal("cpu_ns", end.cpu_ns)
      .Decimal("max_rss_bytes", end.max_rss_bytes)
      .Decimal("stdout_bytes", end.stdout_bytes)
      .Decimal("stderr_bytes", end.stderr_bytes)
      .Decimal("stdout_kept", end.stdout_kept)
      .Decimal("stderr_kept", end.stderr_kept);
  // A value on the side is a sync of its own: not for nothing.
  if (!end.detail.empty()) body.Free("detail", end.detail);
  auto seq = Record("exit", kKeeper, body.Take(), end.session, end.call);
  if (!seq) ++refused_;
  auto call = calls_.find(end.call);
  if (seq && call != calls_.end() && call->second.session == end.session) call->second.exit_seq = *seq;
}

// Says once that the disk is low, and how much was refused while it was full.
Status Ledger::NoteSpace() {
  if (shut()) return {};
  auto low = start_.free_warn_bytes > 0 ? writer_->LowSpace() : std::nullopt;
  if (low && !low_noted_) {
    low_noted_ = true;
    WARDER_TRY_STATUS(OwnRecord("limit", Json{{"what", "free-space"},
                                              {"free_bytes", std::to_string(*low)},
                                              {"warn_bytes", std::to_string(start_.free_warn_bytes)}}));
  }
  if (!low) low_noted_ = false;
  if (took_new_ && refused_ > 0) {
    std::string refused = std::to_string(std::exchange(refused_, 0));
    WARDER_TRY_STATUS(OwnRecord("gap", Json{{"refused", refused}, {"why", "no space"}}));
  }
  took_new_ = false;
  return {};
}

Status Ledger::WriteCheckpoint() {
  Checkpoint checkpoint{signer_->verifier().name(), writer_->tree().size(), writer_->tree().Root()};
  WARDER_TRY(std::string note, signer_->Sign(CheckpointText(checkpoint)));
  if (Status put = PutCheckpoint(checkpoint, note); put) return put;
  if (ftruncate(log_reserve_.get(), 0) != 0 || ftruncate(state_reserve_.get(), 0) != 0)
    return FailErrno("giving back the reserve");
  return PutCheckpoint(checkpoint, note);
}

Status Ledger::PutCheckpoint(const Checkpoint& checkpoint, const std::string& note) {
  WARDER_TRY_STATUS(ReplaceFile(log_directory_, "checkpoint." + std::to_string(checkpoint.size), note, 0640));
  WARDER_TRY_STATUS(ReplaceFile(log_directory_, "checkpoint", note, 0640));
  return ReplaceFile(state_directory_, "checkpoint", note, 0600);
}

Status Ledger::Stop(const std::string& reason) {
  for (const auto& [call, state] : calls_)
    if (state.open()) WARDER_TRY_STATUS(WriteOrphan(call, state.session, state.intent_seq, state.exit_seq));
  if (refused_ > 0)
    WARDER_TRY_STATUS(OwnRecord("gap", Json{{"refused", std::to_string(refused_)}, {"why", "no space"}}));
  auto stop = Record("host.stop", kLedger, Body().Free("reason", reason).Take(), 0, 0);
  if (!stop) return std::unexpected(stop.error());
  WARDER_TRY_STATUS(writer_->Commit());
  return WriteCheckpoint();
}

}  // namespace warder::audit
