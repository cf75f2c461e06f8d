// warderd: who is connected, what runs, and which of our processes lives. One thread, one poll loop.
//
// Nothing here waits after the start: sends never block (a peer that does not read is a dead peer), children
// are reaped by SIGCHLD, directories of cgroups are removed when they let go. Ids look things up again, so
// that what one event ended the next does not touch.
#pragma once

#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <list>
#include <map>
#include <memory>
#include <optional>

#include "base/packet.h"
#include "sandbox/cgroups.h"
#include "sandbox/directories.h"
#include "sandbox/jailer/config_load.h"
#include "sandbox/jailer/spawn.h"
#include "sandbox/receipts.h"
#include "wire/enter_spec.h"
#include "wire/monitor.h"

namespace warder::jailer {

struct Options {
  std::string host_file, bin_dir;
  bool embedded = false, probe = false;
  uint64_t idle_ns = 0;  // 0: never stops by itself
};

struct Session {
  uint64_t id = 0;
  wire::Agent agent;  // as when it began
  uint32_t uid = 0;
  Child hands, owner;  // owner: started with the first change
  Child layer;         // reads the workspace's own policy
  uint64_t layer_deadline_ns = 0;
  UniqueFd hands_status, owner_socket, id_map;
  std::vector<std::pair<uint64_t, uint64_t>> changes;  // in flight: call, deadline
  OnceWindow calls;
  std::string over;  // why it ends, once it does; it is freed when nothing of it is left
};

// A jail is built ahead, as far as nothing in it is of a session, and waits for its call (2-jail, Warm jails). With the
// call it is built to its end, and waits again, for the call's receipt; then it runs.
struct Jail {
  uint64_t session = 0, call = 0;  // 0: waits for a call
  Child enter, keeper;
  JailGroup group;
  UniqueFd calls;             // its call comes here, and the word to run
  UniqueFd out, err, status;  // the keeper's, once it has a call
  std::string plan;           // until the receipt: what it must be for
  UniqueFd report;            // until the receipt: the keeper's last words, which are the ledger's
  uint64_t born_ns = 0;
  uint64_t most_ns = 0;               // what a run may take, by the keeper's own deadlines and more
  uint64_t deadline_ns = UINT64_MAX;  // of what it does now
  bool waits() const { return call == 0 && enter.alive() && calls; }
  bool unrecorded() const { return call != 0 && calls; }
  // It takes no call, and runs nothing that it does not run yet, from here on; its end is told later.
  void Condemn() {
    calls.Reset();
    enter.Kill();
    (void)!write(group.kill.get(), "1", 1);
  }
};

class Monitor {
 public:
  explicit Monitor(Options options) : options_(std::move(options)) {}
  Status Start();  // blocking: configuration, directories, cgroups, probe, first epoch
  int Run();       // the exit code

 private:
  enum class Leaving : uint8_t { kNo, kDraining, kEndingSessions, kEndingBroker, kEndingLedger };
  struct RequestLine {
    uint8_t type;
    const char* reason;  // why the broker may ask it
    Status (Monitor::*serve)(Packet&);
  };
  static const RequestLine kRequests[];

  // main.cc: the start
  Status OpenPrograms();
  Status LoadFirst();
  Status ProbeMachine();
  // monitor.cc: the loop
  void Turn();
  int Patience() const;
  void OnSignals();
  void OnChildEnded(pid_t pid, int status);
  void OnTime(uint64_t now);
  void AdvanceLeaving(uint64_t now);
  void Leave(uint64_t wait_ns, const char* why);
  void Step(Leaving to, uint64_t deadline);
  // epochs.cc: ledger and broker
  Status StartEpoch();
  Status StartBroker(const wire::LedgerReady& ready);
  void OfferConfiguration(int ledger_socket);
  void Fall(const std::string& why);
  void OnLedger();
  void ToLedger(const std::string& bytes, std::vector<int> fds = {});
  void ToBroker(const std::string& bytes, std::vector<int> fds = {});
  void Record(const char* type, const std::string& object, const Digest& digest, const std::string& text);
  void BeginReload(uint64_t request);
  void FinishReload();
  Status TakeConfiguration(Configuration next);
  // sessions.cc
  Status Listen();
  Status WatchStopFile();
  void OnStopFile();
  void AcceptAgent(const std::string& name);
  void AcceptAdmin();
  Status OpenSession(const wire::Agent& agent, const ucred& peer, UniqueFd connection);
  Status StartHands(Session& session, UniqueFd socket);
  void EndSession(Session& session, const std::string& reason);
  void FreeSessions();
  Session* FindSession(uint64_t id);
  // jails.cc: what every warder-enter gets, and the ones that wait
  Result<Child> StartEnter(wire::EnterRole role, const JailGroup* group, std::vector<std::pair<int, int>> fds,
                           UniqueFd& calls);
  Status GiveCall(const UniqueFd& calls, const Session& session, uint64_t call, int plan, int input = -1);
  Result<Jail*> MakeJail();
  Result<Jail*> TakeJail();
  void KeepReady(uint64_t now);
  void ReapJail(Jail& jail, pid_t pid, int status);
  // requests.cc: what the broker asks
  void OnBroker();
  Status ServeJail(Packet& packet);
  Status ServeRun(Packet& packet);
  Status ServeChange(Packet& packet);
  Status ServeKill(Packet& packet);
  Status ServeClosed(Packet& packet);
  Status ServeLayer(Packet& packet);
  Status ServeCandidate(Packet& packet);
  Status ReadCandidate(const wire::CandidateRequest& request, int answer);
  Status ServeReload(Packet& packet);
  Status ServeDrain(Packet& packet);
  Status AdmitJail(const wire::RunPlan& plan, const Packet& packet);
  Status StartJail(const std::string& bytes, const wire::RunPlan& plan, const std::vector<UniqueFd>& fds);
  Status RunJail(const wire::Receipt& receipt);
  Status StartOwner(Session& session);
  void OnOwner(uint64_t session);
  void FailChanges(Session& session, const std::string& why);

  std::string Program(const char* name) const { return options_.bin_dir + "/" + name; }

  Options options_;
  Configuration config_;
  uint64_t generation_ = 1;
  std::unique_ptr<ConfigLoad> load_;
  Child candidate_;  // its loader
  uint64_t candidate_deadline_ns_ = 0;
  uint64_t reload_request_ = 0;  // of the broker; 0: a SIGHUP
  Directories dirs_;
  std::optional<Cgroups> cgroups_;
  UniqueFd signals_, run_filter_, hands_filter_, init_program_, hands_program_, admin_listener_, stop_watch_;
  std::map<std::string, UniqueFd> listeners_;  // by agent
  // the epoch
  std::optional<Receipts> receipts_;
  Child ledger_, broker_;
  UniqueFd ledger_socket_, broker_socket_, brokers_ledger_end_;
  bool stopped_ = false;  // by the stop file
  bool serving_ = false, falling_ = false, after_crash_ = false;
  int crashes_ = 0, garbage_ = 0;
  uint64_t restart_ns_ = 0, epoch_began_ns_ = 0;
  std::vector<wire::JailEnded> untold_;  // for the next ledger
  // what runs
  std::list<Session> sessions_;
  std::list<Jail> jails_;
  uint64_t last_jail_ = 0, last_start_ns_ = 0;
  size_t ready_wanted_ = 0;
  uint64_t last_session_ = 0, last_admin_ = 0, first_call_ = 1;
  uint64_t connected_ns_ = 0, busy_ns_ = 0;  // when there was last a session; a jail or change
  Leaving leaving_ = Leaving::kNo;
  uint64_t leave_deadline_ns_ = 0;
  int exit_code_ = 0;
  bool done_ = false;
};

// The workspace's owner appears as the session's uid.
Result<UniqueFd> MakeOwnerMap(const wire::Workspace& workspace, uint32_t session_uid);
// What a warder-enter that gave up wrote into its status pipe, as words behind others; empty: nothing.
std::string SetupWords(int status_pipe);
// CLOCK_BOOTTIME, as receipts have it.
uint64_t NowNs();

}  // namespace warder::jailer
