// Is this log whole, unchanged and signed?
#include "audit/verify.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <map>
#include <set>
#include <unordered_set>

#include "audit/base64.h"
#include "audit/files.h"
#include "audit/note.h"
#include "audit/plan_body.h"
#include "audit/reader.h"
#include "audit/tree.h"
#include "audit/verify_lives.h"
#include "audit/verify_pairs.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace warder::audit {
namespace {

// The one ledger that writes holds the lock. Where it can not be opened, none is seen.
bool LedgerRuns(int directory) {
  UniqueFd lock(openat(directory, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  return lock && flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

class Verifier {
 public:
  Verifier(std::string directory, const VerifyOptions& options) : directory_(std::move(directory)), options_(options) {}
  Result<VerifyReport> Run();

 private:
  void Find(int64_t seq, std::string what) { report_.findings.push_back({seq, std::move(what)}); }
  Status ReadKey();
  Status ReadCheckpoints();
  void TakeNote(const std::string& from, const std::string& note, bool given);
  bool TakeRecord(const Record& record, const Sides& sides, const std::string& problem);
  bool CheckEnvelope(const Record& record);
  void CheckTime(const Record& record);
  void CheckValues(const Record& record, const Json& value, const Sides& sides);
  void CheckPlan(const Record& record, const Sides& sides);
  void CheckTorn(const Record& record);
  bool TakeEnd(const SegmentEnd& end, const Sides& sides);
  void CheckUnnamed(const SegmentEnd& end, const Sides& sides);
  void CheckRoots();
  void Judge();

  std::string directory_;
  const VerifyOptions& options_;
  VerifyReport report_;
  PairCheck pairs_{report_};
  UniqueFd fd_;
  std::optional<NoteVerifier> key_;
  struct Wanted {
    Digest root;
    bool given;  // kept elsewhere
  };
  std::multimap<uint64_t, Wanted> wanted_;  // by size, out of signed checkpoints
  std::set<uint64_t> sizes_;                // of wanted_
  LifeCheck lives_{report_, sizes_};
  Tree tree_;
  std::unordered_set<const void*> named_;  // side lines of this segment that a record names
  bool broken_ = false;                    // reading ended at a bad record
  std::map<std::string, uint64_t> mono_;   // by boot
  int64_t last_time_ = 0;
  std::string last_type_;
};

Status Verifier::ReadKey() {
  std::string text = options_.vkey;
  if (text.empty()) {
    auto file = ReadAt(fd_.get(), "key.pub", 4096);
    if (!file) {
      Find(-1, "key.pub can not be read: " + file.error().what);
      return {};
    }
    text = *file;
  }
  auto key = NoteVerifier::Parse(text);
  if (!key) {
    if (!options_.vkey.empty()) return Fail(Code::kInvalid, "the key given: " + key.error().what);
    Find(-1, "key.pub: " + key.error().what);
    return {};
  }
  key_ = *key;
  report_.key = key_->Vkey();
  return {};
}

void Verifier::TakeNote(const std::string& from, const std::string& note, bool given) {
  if (!key_) return;
  auto text = key_->Open(note);
  if (!text) return Find(-1, from + ": " + text.error().what);
  auto checkpoint = ParseCheckpoint(*text);
  if (!checkpoint) return Find(-1, from + ": " + checkpoint.error().what);
  if (checkpoint->origin != key_->name())
    return Find(-1, from + ": of another log, " + ForTerminal(checkpoint->origin));
  wanted_.emplace(checkpoint->size, Wanted{checkpoint->root, given});
  sizes_.insert(checkpoint->size);
  ++report_.checkpoints;
}

Status Verifier::ReadCheckpoints() {
  int own = openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = own < 0 ? nullptr : fdopendir(own);
  if (stream == nullptr) return FailErrno(directory_);
  std::set<std::string> names;
  while (dirent* entry = readdir(stream)) {
    std::string name = entry->d_name;
    if (name == "checkpoint" || (name.starts_with("checkpoint.") && !name.ends_with(".new"))) names.insert(name);
  }
  closedir(stream);
  for (const std::string& name : names) {
    auto note = ReadAt(fd_.get(), name, 64 * 1024);
    if (!note) Find(-1, note.error().what);
    if (note) TakeNote(name, *note, false);
  }
  if (!options_.checkpoint.empty()) TakeNote("the checkpoint given", options_.checkpoint, true);
  return {};
}

bool Verifier::CheckEnvelope(const Record& record) {
  const Json& json = record.json;
  auto seq = static_cast<int64_t>(record.seq);
  if (!json.contains("v") || json["v"] != 1) {
    Find(seq, "a record of another version");
    return false;
  }
  if (DecimalOf(json, "seq") != record.seq) {
    Find(seq, "it says it is record " + ForTerminal(TextOf(json, "seq")) + ": one was removed, added or moved");
    return false;
  }
  if (FindType(record.type) == nullptr) Find(seq, "an unknown type, " + ForTerminal(record.type));
  if (!record.body().is_object()) Find(seq, "a body that is no object");
  return record.body().is_object();
}

void Verifier::CheckTime(const Record& record) {
  auto seq = static_cast<int64_t>(record.seq);
  auto mono = DecimalOf(record.json, "mono_ns");
  auto time = ParseRfc3339(TextOf(record.json, "time"));
  if (!mono || !time) return Find(seq, "a record without time");
  uint64_t& last = mono_[TextOf(record.json, "boot")];
  if (*mono < last) Find(seq, "the boot clock goes backwards");
  last = *mono;
  if (*time < last_time_) report_.notes.push_back("the wall clock steps back at record " + std::to_string(seq));
  last_time_ = *time;
}

void Verifier::CheckValues(const Record& record, const Json& value, const Sides& sides) {
  if (!value.is_structured()) return;
  if (!value.is_object() || !value.contains("free")) {
    for (const Json& item : value) CheckValues(record, item, sides);
    return;
  }
  auto seq = static_cast<int64_t>(record.seq);
  ++report_.values;
  std::string free = TextOf(value, "free");
  auto found = sides.values.find(free);
  if (found == sides.values.end()) {
    ++report_.redacted;
    return;
  }
  const SideLine& side = found->second;
  named_.insert(&side);
  if (side.seq != record.seq) Find(seq, "a value in the side file that names another record");
  const std::string* bytes = &side.value;
  if (!side.blob.empty()) {
    auto blob = sides.blobs.find(side.blob);
    if (blob == sides.blobs.end()) return Find(seq, "the blob " + ForTerminal(side.blob) + " is missing");
    named_.insert(&blob->second);
    if (blob->second.seq != record.seq) Find(seq, "the blob " + ForTerminal(side.blob) + " names another record");
    if (Hex(AsBytes(FastSha256(blob->second.bytes))) != side.blob)
      return Find(seq, "the blob " + ForTerminal(side.blob) + " was changed");
    bytes = &blob->second.bytes;
  }
  if (Commitment(side.salt, *bytes) != free) Find(seq, "a value that is not the one recorded");
}

void Verifier::CheckPlan(const Record& record, const Sides& sides) {
  auto seq = static_cast<int64_t>(record.seq);
  const Json& body = record.body();
  if (!body.contains("plan")) return Find(seq, "an intent without a plan");
  auto bytes = sides.BytesOf(body, "plan");
  if (!bytes) return;  // counted as redacted, or found as a missing blob
  ++report_.plans;
  auto summary = SummarizePlan(*bytes);
  if (!summary) return Find(seq, "its plan can not be read: " + summary.error().what);
  std::string agent = record.json.contains("agent") ? TextOf(record.json["agent"], "name") : "";
  if (summary->session != record.session || summary->call != record.call || summary->agent != agent)
    Find(seq, "its plan is of another session, call or agent");
  if (TextOf(body, "plan_kind") != (summary->run ? "run" : "change")) Find(seq, "its plan is of another kind");
  // Logs of before have no such field.
  if (body.contains("workspace_mode") &&
      TextOf(body, "workspace_mode") != (summary->direct ? "direct" : "copy-on-write"))
    Find(seq, "its plan has another workspace mode");
  auto same = [&](const Json& object, const char* key, const std::string& want) {
    auto said = sides.BytesOf(object, key);
    if (said && *said != want) Find(seq, std::string("its plan says another ") + key);
  };
  if (!summary->run) {
    if (body.contains("change")) same(body["change"], "path", summary->path);
    return;
  }
  const Json commands = body.value("commands", Json::array());
  if (!commands.is_array() || commands.size() != summary->argv.size())
    return Find(seq, "its plan has another number of commands");
  for (size_t i = 0; i < summary->argv.size(); ++i) {
    same(commands[i], "argv", summary->argv[i]);
    same(commands[i], "program", summary->programs[i]);
  }
}

void Verifier::CheckTorn(const Record& record) {
  std::string name = TextOf(record.body(), "torn_file");
  if (name.empty()) return;
  auto seq = static_cast<int64_t>(record.seq);
  if (!name.starts_with("torn-") || name.find('/') != std::string::npos)
    return Find(seq, "a torn tail in no file of ours");
  auto bytes = ReadAt(fd_.get(), name, limits::kDefaultSegmentBytes * 16);
  if (!bytes || Hex(AsBytes(FastSha256(*bytes))) != TextOf(record.body(), "torn_sha256"))
    Find(seq, "the torn tail kept in " + ForTerminal(name) + " is missing or was changed");
}

bool Verifier::TakeRecord(const Record& record, const Sides& sides, const std::string& problem) {
  auto seq = static_cast<int64_t>(record.seq);
  if (record.seq != tree_.size()) {
    Find(seq, "records are missing before it, or there are too many");
    broken_ = true;
  } else if (!problem.empty() || record.line.size() > limits::kMaxRecordBytes) {
    Find(seq, problem.empty() ? "longer than 65535 bytes" : problem);
    broken_ = true;
  } else if (!CheckEnvelope(record)) {
    broken_ = true;
  }
  // Behind a bad record nothing has a place: what follows would only be found again and again.
  if (broken_) return false;
  tree_.Append(LeafHash(record.line));
  auto [from, to] = wanted_.equal_range(tree_.size());
  for (auto it = from; it != to; ++it)
    if (it->second.root != tree_.Root())
      Find(seq, "the first " + std::to_string(tree_.size()) + " records are not those that the checkpoint " +
                    (it->second.given ? "given " : "") + "signed");
  CheckTime(record);
  CheckValues(record, record.body(), sides);
  if (record.type == "intent") CheckPlan(record, sides);
  if (record.type == "host.recovered") CheckTorn(record);
  lives_.Take(record, key_ ? key_->HashHex() : "");
  pairs_.Take(record);
  last_type_ = record.type;
  return true;
}

// What no record names could be anybody's. Only values of records that are still to come may stand
// at the end of a log that goes on: they are written first.
void Verifier::CheckUnnamed(const SegmentEnd& end, const Sides& sides) {
  size_t to_come = 0;
  auto check = [&](const void* line, uint64_t seq, const char* what) {
    if (named_.contains(line)) return;
    if (seq >= tree_.size() && end.last && last_type_ != "host.stop") {
      ++to_come;
    } else {
      Find(static_cast<int64_t>(seq),
           std::string(what) + " in " + SegmentName("side", end.first_seq) + " that no record names");
    }
  };
  std::map<std::string_view, const SideLine*> in_order;  // what is told may not hang on a hash table
  for (const auto& [name, value] : sides.values)
    if (!named_.contains(&value)) in_order.emplace(name, &value);
  for (const auto& [name, value] : in_order) check(value, value->seq, "a value");
  for (const auto& [name, blob] : sides.blobs) check(&blob, blob.seq, "a blob");
  named_.clear();
  if (to_come > 0)
    report_.notes.push_back(std::to_string(to_come) +
                            " values are there before their records: being written, or cut off by a "
                            "crash");
}

bool Verifier::TakeEnd(const SegmentEnd& end, const Sides& sides) {
  CheckUnnamed(end, sides);
  auto at = static_cast<int64_t>(tree_.size());
  bool behind = end.log_data_end != end.log_end || end.side_data_end != end.side_end;
  if (behind && (!end.last || last_type_ == "host.stop"))
    Find(at, end.name + " or its side file holds bytes behind its end");
  else if (behind)
    report_.notes.push_back("the last segment ends in bytes that are no whole line: being written, or torn");
  return true;
}

void Verifier::CheckRoots() {
  for (const auto& [size, wanted] : wanted_) {
    if (size > tree_.size() && !broken_)
      Find(static_cast<int64_t>(tree_.size()),
           std::string("the log ends here, but ") + (wanted.given ? "the checkpoint given" : "a checkpoint") +
               " signed " + std::to_string(size) +
               (wanted.given ? " records: it was cut, or an older copy was put in its place" : " records: it was cut"));
    if (size == 0 && wanted.root != Tree().Root()) Find(-1, "a checkpoint of nothing with a root of something");
    if (size <= tree_.size()) report_.signed_records = std::max(report_.signed_records, size);
  }
}

void Verifier::Judge() {
  report_.records = tree_.size();
  report_.root = Base64(AsBytes(tree_.Root()));
  uint64_t not_signed = report_.records - report_.signed_records;
  report_.state = !report_.findings.empty()            ? VerifyState::kNotOk
                  : report_.redacted > 0               ? VerifyState::kRedacted
                  : not_signed > 0 && !report_.running ? VerifyState::kNotYetSigned
                                                       : VerifyState::kOk;
  report_.ok = report_.state == VerifyState::kOk;
  std::string count = std::to_string(report_.records) + " records";
  if (!report_.findings.empty()) {
    const VerifyFinding& first = report_.findings.front();
    report_.verdict = "not ok: " + std::to_string(report_.findings.size()) + " finding" +
                      (report_.findings.size() == 1 ? "" : "s") + ", the first" +
                      (first.seq >= 0 ? " at record " + std::to_string(first.seq) : "") + ": " + first.what;
    return;
  }
  std::string sealed = not_signed == 0 ? "all of them signed"
                                       : "the first " + std::to_string(report_.signed_records) + " signed, " +
                                             std::to_string(not_signed) + " since then not yet";
  if (report_.redacted > 0) {
    report_.verdict =
        "not re-derivable (redacted): " + std::to_string(report_.redacted) + " values; " + count + ", " + sealed;
    return;
  }
  if (!report_.ok) {
    report_.verdict = "not yet signed: nothing is wrong in " + count + ", but nobody signed the last " +
                      std::to_string(not_signed) +
                      " and no ledger is at work; start the host, whose recovery signs them";
    return;
  }
  report_.verdict = (not_signed == 0 ? "ok: " : "ok so far, the host is running: ") + count + ", " + sealed + "; " +
                    std::to_string(report_.intents) + " runs, " + std::to_string(report_.outcomes) + " outcomes, " +
                    std::to_string(report_.values) + " values and " + std::to_string(report_.plans) + " plans checked";
}

Result<VerifyReport> Verifier::Run() {
  fd_.Reset(open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd_) return FailErrno(directory_);
  report_.running = LedgerRuns(fd_.get());
  WARDER_TRY_STATUS(ReadKey());
  WARDER_TRY_STATUS(ReadCheckpoints());
  std::set<std::string> told;
  LogVisitor visitor;
  visitor.record = [&](const Record& record, const Sides& sides, const std::string& problem) {
    for (const std::string& bad : sides.problems)
      if (told.insert(bad).second) Find(static_cast<int64_t>(record.seq), "a side line that is none: " + bad);
    return TakeRecord(record, sides, problem);
  };
  visitor.segment_end = [&](const SegmentEnd& end, const Sides& sides) { return TakeEnd(end, sides); };
  WARDER_TRY_STATUS(ReadLog(directory_, visitor));
  report_.stopped = last_type_ == "host.stop";
  CheckRoots();
  if (!broken_) {
    lives_.Finish(report_.stopped);
    pairs_.Finish();
  }
  Judge();
  return std::move(report_);
}

}  // namespace

Result<VerifyReport> Verify(const std::string& directory, const VerifyOptions& options) {
  auto report = Verifier(directory, options).Run();
  // The host may have signed between the reading of checkpoints and of records: what is wrong is
  // wrong twice.
  if (report && report->running && !report->ok) report = Verifier(directory, options).Run();
  return report;
}

}  // namespace warder::audit
