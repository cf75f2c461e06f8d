// What does warderd do, event by event? The loop: descriptors, signals, the dead, and time.
#include "sandbox/jailer/monitor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "base/limits.h"
#include "base/log.h"

namespace warder::jailer {
namespace {
constexpr uint64_t kMs = 1'000'000;
constexpr int kTickMs = 50, kIdleMs = 5'000,
              kSoonMs = 2;  // while something has a deadline; while a cgroup is let go, a jail to be made

// Closing a descriptor that a broker sent can wait for its peer (SO_LINGER, FUSE): SIGALRM then ends warderd, and with
// it everything (PDEATHSIG). Nothing honest takes a second.
constexpr unsigned kTurnSeconds = 10;
}  // namespace

uint64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

// What warder-enter wrote into a status pipe before it gave up: u16 length, then SetupFailed.
std::string SetupWords(int status_pipe) {
  char buffer[4096];
  ssize_t size = read(status_pipe, buffer, sizeof buffer);
  if (size <= 2) return "";
  auto failed = flat::DecodeMessage<wire::SetupFailed>({buffer + 2, static_cast<size_t>(size) - 2});
  return failed ? ": its view can not be built, step " + failed->step + ": " + failed->detail : "";
}

int Monitor::Run() {
  while (!done_) Turn();
  cgroups_->RemoveAll();
  return exit_code_;
}

int Monitor::Patience() const {
  for (const Jail& jail : jails_)
    if (!jail.enter.alive() && !jail.keeper.alive() && !jail.unrecorded()) return kSoonMs;
  bool timed = load_ || falling_ || leaving_ != Leaving::kNo || options_.idle_ns != 0;
  for (const Session& session : sessions_) timed = timed || !session.over.empty() || !session.changes.empty();
  size_t ready = 0;
  for (const Jail& jail : jails_) {
    timed = timed || jail.call != 0;
    ready += jail.waits() ? 1 : 0;
  }
  if (ready < ready_wanted_ && serving_ && leaving_ == Leaving::kNo && !sessions_.empty()) return kSoonMs;
  return timed ? kTickMs : ready != 0 ? kIdleMs : -1;
}

void Monitor::Turn() {
  std::vector<pollfd> polls;
  std::vector<std::function<void()>> serve;
  auto watch = [&](int fd, std::function<void()> then) {
    if (fd < 0) return;
    polls.push_back({fd, POLLIN, 0});
    serve.push_back(std::move(then));
  };
  if (serving_) watch(stop_watch_.get(), [this] { OnStopFile(); });
  watch(ledger_socket_.get(), [this] { OnLedger(); });
  watch(broker_socket_.get(), [this] { OnBroker(); });
  // After the broker: why a session ends is known before its hands are reaped.
  watch(signals_.get(), [this] { OnSignals(); });
  for (const Session& session : sessions_) watch(session.owner_socket.get(), [this, id = session.id] { OnOwner(id); });
  // A broker with a long queue takes no more connections; poll(2) says so with POLLOUT.
  pollfd room{broker_socket_.get(), POLLOUT, 0};
  if (serving_ && !falling_ && poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0) {
    watch(admin_listener_.get(), [this] { AcceptAdmin(); });
    if (leaving_ == Leaving::kNo)
      for (const auto& [name, fd] : listeners_) watch(fd.get(), [this, name = name] { AcceptAgent(name); });
  }
  bool any = poll(polls.data(), polls.size(), Patience()) > 0;
  alarm(kTurnSeconds);
  for (size_t i = 0; any && i < polls.size(); ++i)
    if (polls[i].revents != 0) serve[i]();
  OnTime(NowNs());
  alarm(0);
}

void Monitor::OnSignals() {
  signalfd_siginfo signal;
  while (read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
    if (signal.ssi_signo == SIGHUP) BeginReload(0);
    if (signal.ssi_signo == SIGUSR1) Leave(0, "SIGUSR1: everything ends at once");
    if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT) Leave(30'000 * kMs, "signal");
  }
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) OnChildEnded(pid, status);
}

void Monitor::OnChildEnded(pid_t pid, int status) {
  if (load_ && load_->child().pid == pid) load_->Ended(status);
  if (candidate_.pid == pid) candidate_ = Child();
  for (Child* daemon : {&ledger_, &broker_}) {
    if (daemon->pid != pid) continue;
    bool expected = leaving_ >= (daemon == &broker_ ? Leaving::kEndingBroker : Leaving::kEndingLedger);
    *daemon = Child();
    if (!expected) Fall(std::string(daemon == &broker_ ? "warder-broker" : "warder-ledger") + " ended");
  }
  for (Session& session : sessions_) {
    if (session.hands.pid == pid) {
      session.hands = Child();
      EndSession(session, "its hands ended (wait status " + std::to_string(status) + ")" +
                              SetupWords(session.hands_status.get()));
    }
    if (session.layer.pid == pid) session.layer = Child();
    if (session.owner.pid == pid) {
      session.owner = Child();
      session.owner_socket.Reset();
      FailChanges(session, "the owner's hands ended");
    }
  }
  for (Jail& jail : jails_) ReapJail(jail, pid, status);
}

void Monitor::OnTime(uint64_t now) {
  if (load_ && load_->Advance(now)) FinishReload();
  if (candidate_.alive() && now > candidate_deadline_ns_) candidate_.Kill();
  for (Jail& jail : jails_)
    if (now > jail.deadline_ns) jail.unrecorded() ? jail.Condemn() : jail.keeper.Kill();  // whose death kills the rest
  KeepReady(now);
  std::erase_if(jails_, [this](Jail& jail) {
    // One that failed before its receipt stays: the receipt hands its keeper's last words to the ledger.
    if (jail.enter.alive() || jail.keeper.alive() || jail.unrecorded() || !cgroups_->Remove(jail.group.name))
      return false;
    if (serving_ && jail.call != 0) ToBroker(flat::EncodeMessage(wire::JailGone{jail.call}));
    return true;
  });
  for (Session& session : sessions_) {
    if (!session.changes.empty() && now > session.changes.front().second) session.owner.Kill();
    if (now > session.layer_deadline_ns) session.layer.Kill();
  }
  FreeSessions();
  bool busy = !serving_;
  for (const Session& session : sessions_) busy = busy || !session.changes.empty();
  for (const Jail& jail : jails_) busy = busy || jail.call != 0;
  if (busy) busy_ns_ = now;
  if (!sessions_.empty() || busy_ns_ == now) connected_ns_ = now;
  if (options_.idle_ns != 0 && now - connected_ns_ > options_.idle_ns) Leave(0, "idle");
  if (leaving_ != Leaving::kNo && !falling_) AdvanceLeaving(now);
  if (!falling_ || !jails_.empty() || !sessions_.empty() || ledger_.alive() || broker_.alive()) return;
  if (exit_code_ != 0 || leaving_ != Leaving::kNo) done_ = true;
  if (done_ || now < restart_ns_) return;
  if (auto started = StartEpoch(); !started) Fall(started.error().ToString());
}

void Monitor::Leave(uint64_t wait_ns, const char* why) {
  if (leaving_ != Leaving::kNo) return;
  LogInfo(std::string("stopping: ") + why);
  if (serving_) ToBroker(flat::EncodeMessage(wire::Draining{}));
  if (serving_) Record("drain", "host", {}, why);
  Step(Leaving::kDraining, wait_ns);
}

void Monitor::Step(Leaving to, uint64_t wait_ns) {
  leaving_ = to;
  leave_deadline_ns_ = NowNs() + wait_ns;
}

// No new calls → jails end or are killed → sessions end → broker ends → the ledger signs and ends.
void Monitor::AdvanceLeaving(uint64_t now) {
  bool late = now > leave_deadline_ns_;
  bool quiet = now - busy_ns_ > 200 * kMs;  // time for the broker to record the last outcome
  switch (leaving_) {
    case Leaving::kNo:
      return;
    case Leaving::kDraining:
      if (!late && !quiet) return;
      for (Session& session : sessions_) EndSession(session, "the host stops");
      return Step(Leaving::kEndingSessions, 5'000 * kMs);
    case Leaving::kEndingSessions:
      if (!late && !(jails_.empty() && sessions_.empty())) return;
      broker_socket_.Reset();  // its end of file tells the broker to end
      serving_ = false;
      return Step(Leaving::kEndingBroker, 1'000 * kMs);
    case Leaving::kEndingBroker:
      if (broker_.alive() && !late) return;
      broker_.Kill();
      ToLedger(flat::EncodeMessage(wire::LedgerStop{"the host stops"}));
      return Step(Leaving::kEndingLedger, 10'000 * kMs);
    case Leaving::kEndingLedger:
      if (late) ledger_.Kill();
      if (!ledger_.alive() && !broker_.alive()) done_ = true;
  }
}

}  // namespace warder::jailer
