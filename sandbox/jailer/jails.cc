// How is a jail started, made ready before its call, given one, and followed to its end?
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "sandbox/jailer/monitor.h"

namespace warder::jailer {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kHandsNs = std::chrono::nanoseconds(limits::kHandsTimeout).count();
// Above what the keeper itself takes: deadline, TERM, grace, kill, last words.
constexpr uint64_t kKeeperSpareNs = 20'000 * kMs;
// For the sync of an intent; a disk under load takes seconds.
constexpr uint64_t kRecordNs = 30'000 * kMs;
// Its view of /usr and /etc is of its birth: after this time it is made anew.
constexpr uint64_t kReadyLifeNs = 60'000 * kMs;
// Calls have the processors first: while a jail still waits, the next is made when no call was
// started for this time; when none waits, after the shorter one.
constexpr uint64_t kCalmNs = 25 * kMs, kNoneReadyNs = 4 * kMs;
constexpr size_t kFewestReady = 2, kMostReady = 8;

struct Pipe {
  UniqueFd read, write;
};
Status MakePipe(Pipe& pipe) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return FailErrno("pipe2");
  pipe = {UniqueFd(fds[0]), UniqueFd(fds[1])};
  return {};
}

}  // namespace

Result<Child> Monitor::StartEnter(wire::EnterRole role, const JailGroup* group, std::vector<std::pair<int, int>> fds,
                                  UniqueFd& calls) {
  bool hands = role == wire::EnterRole::kSessionHands;
  WARDER_TRY(auto pair, MakePacketPair());
  wire::EnterRoom room{role, getpid(), static_cast<uint8_t>(group == nullptr ? 0 : group->procs.size()), ""};
  WARDER_TRY(UniqueFd memory, SealedMemory("room", flat::EncodeMessage(room)));
  Spawn enter{.program = Program("warder-enter"),
              .argv = {"warder-enter"},
              .stays_root = true,
              .clone_flags = CLONE_NEWNS | CLONE_NEWPID,
              .fds = std::move(fds)};
  enter.fds.insert(enter.fds.end(), {{wire::kEnterRoomFd, memory.get()},
                                     {wire::kEnterSpecFd, pair.second.get()},
                                     {wire::kEnterProgramFd, (hands ? hands_program_ : init_program_).get()},
                                     {wire::kEnterFilterFd, (hands ? hands_filter_ : run_filter_).get()}});
  if (group != nullptr) enter.cgroup = group->directories.at(0).get();
  for (size_t i = 0; i < room.cgroup_count; ++i)
    enter.fds.emplace_back(wire::kEnterCgroupFirstFd + static_cast<int>(i), group->procs[i].get());
  calls = std::move(pair.first);
  return SpawnChild(enter);
}

Status Monitor::GiveCall(const UniqueFd& calls, const Session& session, uint64_t call, int plan, int input) {
  wire::EnterSpec spec{session.id, call,  MonotonicNs(), session.uid, static_cast<bool>(session.id_map),
                       input >= 0, "jail"};
  std::vector<int> fds{plan};
  if (spec.id_map) fds.push_back(session.id_map.get());
  if (spec.input) fds.push_back(input);
  return SendPacket(calls.get(), flat::EncodeMessage(spec), fds, true);
}

Result<Jail*> Monitor::MakeJail() {
  WARDER_TRY(auto group, cgroups_->Make(std::to_string(receipts_->epoch()) + "-" + std::to_string(++last_jail_)));
  Jail& jail = jails_.emplace_back();  // from here on its cgroups are removed whatever fails
  jail.group = std::move(group);
  jail.born_ns = NowNs();
  Pipe out, err, status;
  for (Pipe* pipe : {&out, &err, &status}) WARDER_TRY_STATUS(MakePipe(*pipe));
  WARDER_TRY(
      jail.enter,
      StartEnter(wire::EnterRole::kRun, &jail.group,
                 {{1, out.write.get()}, {2, err.write.get()}, {wire::kEnterStatusFd, status.write.get()}}, jail.calls));
  jail.out = std::move(out.read);
  jail.err = std::move(err.read);
  jail.status = std::move(status.read);
  return &jail;
}

// The oldest that waits, or a new one.
Result<Jail*> Monitor::TakeJail() {
  auto running = std::count_if(jails_.begin(), jails_.end(), [](const Jail& jail) { return jail.call != 0; });
  ready_wanted_ = std::clamp<size_t>(static_cast<size_t>(running) + 1, kFewestReady, kMostReady);
  last_start_ns_ = NowNs();
  for (Jail& jail : jails_)
    if (jail.waits()) return &jail;
  return MakeJail();
}

void Monitor::KeepReady(uint64_t now) {
  bool wanted =
      serving_ && !falling_ && leaving_ == Leaving::kNo &&
      std::any_of(sessions_.begin(), sessions_.end(), [](const Session& session) { return session.over.empty(); });
  size_t ready = 0;
  for (Jail& jail : jails_) {
    if (!jail.waits()) continue;
    if (!wanted || now - jail.born_ns > kReadyLifeNs)
      jail.Condemn();
    else
      ++ready;
  }
  const uint64_t calm = ready == 0 ? kNoneReadyNs : kCalmNs;
  if (!wanted || ready >= ready_wanted_ || now - last_start_ns_ < calm) return;
  if (auto made = MakeJail(); !made) {
    LogWarning("no jail was made ahead: " + made.error().ToString());
    ready_wanted_ = 0;  // the next call tries again, and says why it can not
  }
}

// All that a run needs, in parallel with the sync of its intent: who waits at the end is init.
Status Monitor::StartJail(const std::string& bytes, const wire::RunPlan& plan, const std::vector<UniqueFd>& fds) {
  const Session& session = *FindSession(plan.session);
  Pipe report;
  WARDER_TRY_STATUS(MakePipe(report));
  WARDER_TRY(UniqueFd memory, SealedMemory("plan", bytes));
  WARDER_TRY(Jail * jail, TakeJail());
  if (auto limited = cgroups_->Limit(jail->group, plan.limits); !limited) {
    jail->Condemn();  // half of the limits may stand
    return limited;
  }
  jail->session = plan.session;
  jail->call = plan.call;
  jail->plan = bytes;
  jail->report = std::move(report.read);
  jail->most_ns = plan.limits.wall_ms * kMs + kKeeperSpareNs;
  jail->deadline_ns = NowNs() + kRecordNs;
  // A jail that failed while it waited has its reason in the status pipe: its keeper tells it.
  if (!GiveCall(jail->calls, session, plan.call, memory.get(), fds.size() > 1 ? fds[1].get() : -1)) jail->enter.Kill();
  auto keeper = SpawnChild({.program = Program("warder-keeper"),
                            .argv = {"warder-keeper"},
                            .uid = session.uid,
                            .gid = session.uid,
                            .fds = {{3, jail->status.get()},
                                    {4, jail->out.get()},
                                    {5, jail->err.get()},
                                    {6, fds[0].get()},
                                    {7, report.write.get()},
                                    {8, jail->group.kill.get()},
                                    {9, jail->enter.pidfd.get()},
                                    {10, memory.get()},
                                    {11, jail->group.memory_events.get()},
                                    {12, jail->group.cpu.get()}}});
  for (UniqueFd* given : {&jail->status, &jail->out, &jail->err}) given->Reset();
  if (!keeper) {
    jail->Condemn();
    return std::unexpected(keeper.error());
  }
  jail->keeper = std::move(*keeper);
  return {};
}

// One receipt for a jail: with a bad one it is gone as well.
Status Monitor::RunJail(const wire::Receipt& receipt) {
  auto jail = std::find_if(jails_.begin(), jails_.end(), [&](const Jail& one) {
    return one.unrecorded() && one.call == receipt.call && one.session == receipt.session;
  });
  if (jail == jails_.end()) return Fail(Code::kDenied, "no jail waits for this receipt", "make the call again");
  const UniqueFd word = std::move(jail->calls), report = std::move(jail->report);
  if (Status good = receipts_->Use(receipt, jail->plan, jail->session, jail->call, NowNs()); !good) {
    jail->Condemn();
    return good;
  }
  // The ledger knows of the keeper before anything of the call runs; a ledger that does not listen ends the epoch.
  ToLedger(flat::EncodeMessage(wire::KeeperBegan{jail->session, jail->call, receipt.seq}), {report.get()});
  if (falling_) return Fail(Code::kUnavailable, "the ledger does not listen");
  jail->plan.clear();
  jail->deadline_ns = NowNs() + jail->most_ns;
  // Where this fails the jail is gone already, and its keeper tells why.
  (void)SendPacket(word.get(), wire::kRunWord, {}, true);
  return {};
}

void Monitor::ReapJail(Jail& jail, pid_t pid, int status) {
  if (jail.enter.pid == pid) {
    jail.enter = Child();
    jail.deadline_ns = std::min(jail.deadline_ns, NowNs() + kHandsNs);  // for the keeper's last words
    // Nobody's call: killed by us, or its first steps failed. The latter would fail again and
    // again.
    if (jail.call == 0 && WIFEXITED(status)) {
      LogWarning("a jail made ahead is gone" + SetupWords(jail.status.get()));
      ready_wanted_ = 0;
    }
  }
  if (jail.keeper.pid != pid) return;
  jail.keeper = Child();
  (void)!write(jail.group.kill.get(), "1", 1);
  jail.enter.Kill();
  if (status == 0 && !falling_) return;           // it reported, and the ledger that reads it lives
  if (!jail.plan.empty()) return jail.Condemn();  // never recorded: it never ran
  wire::JailEnded ended{jail.session, jail.call,
                        falling_ ? "killed: the host lost its broker or ledger" : "its keeper was killed"};
  if (falling_)
    untold_.push_back(ended);
  else
    ToLedger(flat::EncodeMessage(ended));
}

}  // namespace warder::jailer
