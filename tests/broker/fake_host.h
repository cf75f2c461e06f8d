// Monitor, ledger and hands in the test's own process, around a real broker in a thread: no privilege needed.
//
// One thread serves all the fakes' sockets, and every fake notes what it saw in one list, so that a test can
// ask for an order across processes. Scripts are changed through Set(), which locks.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "audit/client.h"
#include "base/packet.h"
#include "policy/policy.h"
#include "wire/hands.h"
#include "wire/host_plan.h"
#include "wire/monitor.h"

namespace warder::broker::test {

inline constexpr const char* kWorkspace = "/srv/work";
inline constexpr uint32_t kAgentUid = 1900000001, kSessionUid = 1900000100, kOperatorUid = 1900000002,
                          kSecondUid = 1900000003, kStrangerUid = 1900000004;

// Which file a program name is bound to, and what hands find there unless a script says otherwise.
inline uint64_t InodeOf(const std::string& path) { return 1000 + std::hash<std::string>()(path) % 1'000'000; }

// A policy under which `true`, `cat`, `ls` run, `make` asks, `deploy` asks two people, `curl` is forbidden, and
// files of the workspace may be changed, `asked.txt` with a yes, `*.key` never.
std::string TestPolicy(int concurrent = 4, const std::string& more_exec = "");

enum class RunScript { kEnds, kUntilCancelled, kRefused, kNoJail, kDies, kNonsense, kFloods };
enum class HandsScript { kAnswer, kDead, kNonsense, kWrongType, kTooFew, kNotCanonical };

struct FakeFile {
  wire::FileKind kind = wire::FileKind::kFile;
  uint64_t ino = 0;
  std::string content;
};

struct Script {
  RunScript run = RunScript::kEnds;
  HandsScript hands = HandsScript::kAnswer;
  std::map<std::string, FakeFile> files;     // beside the workspace itself
  std::map<std::string, uint64_t> programs;  // inode by path; others: of the path's hash, as bound
  std::string output = "done\n";
  std::function<bool(const audit::AppendRequest&)> ledger_refuses;
  bool ledger_silent = false;  // takes requests and says nothing
  bool receipt_of_another_call = false;
  bool jails_stay = false;  // until JailsAreGone()
  bool reload_refused = false;
  std::string reload_policy;  // what a reload brings
};

struct Recorded {
  std::string type;
  uint64_t session = 0, call = 0;
  nlohmann::json body;  // free text as {"$free": …}
};

// One end of a connection that speaks lines of JSON.
class Client {
 public:
  explicit Client(UniqueFd socket) : socket_(std::move(socket)) {}
  void SendRaw(std::string_view bytes);  // stops at a closed connection
  void Send(const nlohmann::json& message) { SendRaw(message.dump() + "\n"); }
  // Nothing where the other end closed, or said nothing for so long.
  std::optional<nlohmann::json> Receive(int timeout_ms = 5000);
  bool SaysNothing(int for_ms = 100);
  bool Closed(int timeout_ms = 5000);  // reads away what is left
  void Close() { socket_.Reset(); }
  int fd() const { return socket_.get(); }

  // A modern request with its _meta; the id that it got.
  int64_t Request(const std::string& method, nlohmann::json params = nlohmann::json::object());
  int64_t AskTool(const std::string& tool, nlohmann::json arguments, nlohmann::json meta = nlohmann::json::object());
  // The answer to this id; notifications and other answers before it are kept in `others`.
  nlohmann::json AnswerTo(int64_t id);
  // The result of a call, checked to be one.
  nlohmann::json Call(const std::string& tool, nlohmann::json arguments = nlohmann::json::object());
  nlohmann::json Legacy(const std::string& method, nlohmann::json params = nlohmann::json::object());
  std::vector<nlohmann::json> others;

 private:
  UniqueFd socket_;
  std::string pending_;
  int64_t next_id_ = 1;
};

class FakeHost {
 public:
  explicit FakeHost(const std::string& policy_yaml = TestPolicy(),
                    const std::function<void(wire::HostPlan&)>& change = {});
  ~FakeHost();

  Client Connect(uint64_t* session = nullptr);
  Client ConnectPerson(uint32_t uid = kOperatorUid);
  void Set(const std::function<void(Script&)>& change);
  void CloseLedger();
  void CloseMonitor();
  std::string WhyStopped();  // waits for the broker

  // ---- what was seen
  std::vector<std::string> Events();
  std::vector<Recorded> Records();
  std::vector<Recorded> RecordsOf(uint64_t call);
  std::string TypesOf(uint64_t call);  // "call decision intent outcome"
  // Waits until an event that begins so was seen `count` times; false after 5 s.
  bool Wait(const std::string& begins, size_t count = 1);
  size_t Count(const std::string& begins);
  std::vector<wire::RunPlan> Runs();
  size_t OpenRuns();
  void JailsAreGone();  // of all runs so far

 private:
  struct Keeper {
    uint64_t session = 0, call = 0;
    UniqueFd socket;
  };
  void Offer(uint64_t generation, const std::string& yaml, bool first);
  void Serve();
  bool ServeOne(int fd);
  void TakeMonitor(Packet packet);
  void TakeLedger(const Packet& packet);
  void TakeHands(int fd, const Packet& packet);
  void TakeKeeper(int fd, const Packet& packet);
  void MakeJail(Packet packet);
  void StartRun(const wire::Receipt& receipt);
  void EndRun(Keeper& keeper, wire::EndKind kind);
  wire::PathAnswer AnswerPath(const wire::PathQuestion& question);
  void Note(std::string event);
  void Say(int fd, std::string_view bytes, std::span<const int> fds = {});

  std::mutex mutex_;
  std::condition_variable seen_;
  Script script_;
  std::vector<std::string> events_;
  std::vector<Recorded> records_;
  std::vector<wire::RunPlan> runs_;
  std::map<uint64_t, std::set<std::string>> steps_;  // of each call, for the ledger's order
  wire::HostPlan host_;
  UniqueFd monitor_, ledger_, wake_read_, wake_write_;
  std::map<int, UniqueFd> hands_;
  std::map<int, Keeper> keepers_;
  std::map<uint64_t, std::pair<std::string, std::vector<UniqueFd>>> jails_;  // which wait for their receipts: plans
  uint64_t next_session_ = 1, next_seq_ = 1, generation_ = 1;
  bool stop_ = false;
  std::string why_;
  std::thread broker_, fakes_;
};

}  // namespace warder::broker::test
