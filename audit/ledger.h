// The ledger's rules: what it takes from whom, in which order, and when it gives a receipt.
//
// Everything is staged first; Commit() makes it durable and only then answers the broker. A receipt
// is made there alone, from the digest that the ledger itself took of the plan's bytes. One thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/client.h"
#include "audit/note.h"
#include "audit/writer.h"
#include "wire/monitor.h"

namespace warder::audit {

class Ledger {
 public:
  // Opens the log and writes host.start or host.recovered, an `orphan` for each intent without an
  // end, and a checkpoint of all that. Directories are borrowed.
  static Result<std::unique_ptr<Ledger>> Open(int log_directory, int state_directory, const wire::LedgerStart& start,
                                              FileLayer& files);
  ~Ledger();
  wire::LedgerReady Ready() const;

  // The monitor's word.
  void Take(const wire::SessionBegan& began);
  void Take(const wire::SessionOver& over);
  void Take(const wire::JailEnded& ended);
  void Take(const wire::HostEvent& event);
  // A keeper's word; began is what the monitor said of its pipe.
  void Take(const wire::KeeperBegan& began, const wire::RunEnd& end);
  // The broker's word: one AppendRequest. kInvalid: no such message, the broker is not to be
  // listened to.
  Status TakeRequest(std::string_view packet);

  // Makes all that was taken durable, then gives the answers in the order of the requests.
  std::vector<std::string> Commit();
  bool asked() const { return !answers_.empty(); }  // somebody waits for it
  size_t staged() const { return writer_->staged(); }
  // Orphans of what still runs, host.stop, a checkpoint. Nothing is taken afterwards.
  Status Stop(const std::string& reason);
  // Why new records are refused since the disk is full; empty: they are taken.
  const std::string& full() const { return full_; }
  bool shut() const { return writer_->shut(); }
  const std::string& why_shut() const { return writer_->why_shut(); }

 private:
  struct Session {
    AgentName agent;
    bool over = false;
    std::string unrecorded;  // why its start is not in the log, and so none of its calls
  };
  // What was recorded of a call: bits.
  enum Step : uint8_t { kCall = 1, kDecision = 2, kIntent = 4, kOutcome = 8 };
  struct CallState {
    uint64_t session = 0;
    uint8_t steps = 0;
    uint64_t intent_seq = 0;
    std::optional<uint64_t> exit_seq;
    bool open() const { return (steps & kIntent) != 0 && (steps & kOutcome) == 0; }
  };
  struct Answer {
    AppendReply reply;
    bool wants_receipt = false;
    uint64_t session = 0, call = 0, seq = 0;
    Digest plan{};
  };
  using Calls = std::map<uint64_t, CallState>;

  Ledger(int log_directory, int state_directory, const wire::LedgerStart& start, FileLayer& files);
  Status LoadKey();
  Status Begin(const std::optional<Checkpoint>& known);
  Status OwnRecord(std::string_view type, Json body, uint64_t session = 0, uint64_t call = 0);
  Result<uint64_t> Record(std::string_view type, Writer writer, const std::string& body, uint64_t session,
                          uint64_t call);
  Status WriteOrphan(uint64_t call, uint64_t session, uint64_t intent, std::optional<uint64_t> exit);
  Status WriteCheckpoint();
  Status PutCheckpoint(const Checkpoint& checkpoint, const std::string& note);
  Status StageRequest(const AppendRequest& request, Answer& answer);
  Status CheckDraft(const Draft& draft, Calls& changed);
  Status AddPlan(const AppendRequest& request, const Draft& draft, Prepared& prepared, Answer& answer);
  void RememberCalls(const Calls& changed);
  Status NoteSpace();
  void NoteFull(const Error& refused);
  Entry MakeEntry(Prepared prepared, uint64_t session, uint64_t call) const;

  int log_directory_, state_directory_;
  // Space that a full disk can not take: given back when the last checkpoint finds none.
  UniqueFd log_reserve_, state_reserve_;
  wire::LedgerStart start_;
  wire::EpochKey* key_;  // a page of its own: not in core files, gone after fork, wiped at the end
  FileLayer& files_;
  std::optional<NoteSigner> signer_;
  std::unique_ptr<LedgerWriter> writer_;
  std::map<uint64_t, Session> sessions_;
  Calls calls_;
  uint64_t forgotten_below_ = 0;  // call ids up to here are no longer known, and not taken again
  uint64_t last_call_ = 0;        // the highest id so far
  uint64_t refused_ = 0;          // requests refused unrecorded since the disk is full
  bool took_new_ = false;         // since the last Commit: there is space again
  bool low_noted_ = false;
  std::string full_;
  std::vector<Answer> answers_;
};

}  // namespace warder::audit
