// Does the real warder-ledger keep its word when it is killed, crowded or out of disk? (root: it
// drops to a uid)
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "audit/reader.h"
#include "audit/timeline.h"
#include "base/file.h"
#include "base/packet.h"
#include "tests/audit/log_bench.h"

namespace warder::audit {
namespace {

constexpr uid_t kLedgerUid = 1900000007;

// One warder-ledger as warderd starts it: own uid, descriptor 3, nothing else.
class LedgerChild {
 public:
  LedgerChild(const TempLog& log, const wire::LedgerStart& start) {
    for (const std::string& path : {log.root, log.log, log.state})
      EXPECT_EQ(chown(path.c_str(), kLedgerUid, kLedgerUid), 0);
    auto control_pair = MakePacketPair().value();
    auto broker_pair = MakePacketPair().value();
    pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      // Opened before the powers go: the way to it may be root's alone.
      const int program = fcntl(open(WARDER_BIN_DIR "/warder-ledger", O_PATH), F_DUPFD_CLOEXEC, 100);
      if (program != 100 || dup2(control_pair.second.get(), 3) < 0) _exit(97);
      if (setresgid(kLedgerUid, kLedgerUid, kLedgerUid) != 0 || setresuid(kLedgerUid, kLedgerUid, kLedgerUid) != 0)
        _exit(99);
      close_range(4, 99, 0);
      close_range(101, ~0u, 0);
      // Leak checking needs ptrace, which the ledger's own filter refuses.
      char no_leaks[] = "ASAN_OPTIONS=detect_leaks=0";
      char* environment[] = {no_leaks, nullptr};
      char* argv[] = {const_cast<char*>("warder-ledger"), nullptr};
      syscall(SYS_execveat, program, "", argv, environment, AT_EMPTY_PATH);
      _exit(98);
    }
    control = std::move(control_pair.first);
    broker = std::move(broker_pair.first);
    int fds[] = {log.log_fd.get(), log.state_fd.get(), broker_pair.second.get()};
    EXPECT_TRUE(SendPacket(control.get(), flat::EncodeMessage(start), fds));
  }
  ~LedgerChild() {
    if (pid > 0) kill(pid, SIGKILL);
    Reap();
  }
  // Exit status, 128 + signal; at most 10 s.
  int Reap() {
    if (pid <= 0) return -1;
    int status = 0;
    waitpid(pid, &status, 0);
    pid = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  template <typename T>
  Result<T> Hear() {
    WARDER_TRY(auto packet, ReceivePacket(control.get()));
    return flat::DecodeMessage<T>(packet->bytes);
  }
  void Say(const auto& message, std::vector<int> fds = {}) {
    EXPECT_TRUE(SendPacket(control.get(), flat::EncodeMessage(message), fds));
  }
  void Begin(uint64_t session) {
    Say(wire::SessionBegan{session, "ci-fixer", 1900000001, 77, "/srv/work", 1900000100, "/usr/bin/agent", 1, 2});
  }
  Status Send(uint64_t session, uint64_t call) {
    AppendRequest request{call,
                          {CallDraft(session, call), DecisionDraft(session, call), IntentDraft(session, call)},
                          flat::EncodeMessage(TestPlan(session, call))};
    return SendPacket(broker.get(), flat::EncodeMessage(request));
  }
  Result<AppendReply> Answer() {
    WARDER_TRY(auto packet, ReceivePacket(broker.get()));
    return flat::DecodeMessage<AppendReply>(packet->bytes);
  }
  pid_t pid = -1;
  UniqueFd control, broker;
};

#define NEED_ROOT() \
  if (geteuid() != 0) GTEST_SKIP() << "needs root: the ledger is started with a uid of its own"

TEST(LedgerProcess, HasNoPowersAndIsFilteredAndStopsWell) {
  NEED_ROOT();
  TempLog log;
  LedgerChild ledger(log, TestStart());
  ASSERT_TRUE(ledger.Hear<wire::LedgerReady>());
  std::string status = ReadFile("/proc/" + std::to_string(ledger.pid) + "/status", 65536).value();
  for (const char* want : {"Uid:\t1900000007\t1900000007\t1900000007\t1900000007", "CapEff:\t0000000000000000",
                           "CapPrm:\t0000000000000000", "Seccomp:\t2", "NoNewPrivs:\t1"})
    EXPECT_NE(status.find(want), std::string::npos) << want;
  struct stat owner;  // files in /proc of a process that is not dumpable belong to root
  ASSERT_EQ(stat(("/proc/" + std::to_string(ledger.pid) + "/mem").c_str(), &owner), 0);
  EXPECT_EQ(owner.st_uid, 0u);
  ledger.Begin(5);
  ASSERT_TRUE(ledger.Send(5, 1));
  auto reply = ledger.Answer();
  ASSERT_TRUE(reply);
  ASSERT_TRUE(reply->receipt) << reply->error;
  EXPECT_EQ(reply->receipt->mac, wire::ReceiptMac(TestStart().key, *reply->receipt));
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  ledger.Say(wire::KeeperBegan{5, 1, reply->receipt->seq}, {pipe_fds[0]});
  close(pipe_fds[0]);
  std::string end =
      flat::EncodeMessage(wire::RunEnd{5, 1, wire::EndKind::kExited, 7, 0, 0, "", 0, "", 1, 2, 3, 4, 5, 6, 7, 8});
  std::string framed{static_cast<char>(end.size() & 0xff), static_cast<char>(end.size() >> 8)};
  ASSERT_TRUE(WriteAll(pipe_fds[1], framed + end));
  close(pipe_fds[1]);
  // Until the report is read: the ledger says nothing of it, the log does.
  for (int i = 0; i < 500 && Timeline(log.log)->back().ended != "exited"; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(Timeline(log.log)->back().code, 7);
  ledger.Say(wire::LedgerStop{"test"});
  EXPECT_TRUE(ledger.Hear<wire::LedgerStopped>());
  EXPECT_EQ(ledger.Reap(), 0);
  auto report = Verify(log.log);
  EXPECT_TRUE(report->ok) << RenderVerify(*report, false);
  EXPECT_TRUE(report->stopped);
  EXPECT_EQ(report->orphans, 1u);
}

TEST(LedgerProcess, SecondOneOnTheSameDirectoryRefuses) {
  NEED_ROOT();
  TempLog log;
  LedgerChild first(log, TestStart());
  ASSERT_TRUE(first.Hear<wire::LedgerReady>());
  LedgerChild second(log, TestStart());
  auto shut = second.Hear<wire::LedgerShut>();
  ASSERT_TRUE(shut);
  EXPECT_NE(shut->reason.find("another ledger"), std::string::npos);
  EXPECT_NE(second.Reap(), 0);
}

TEST(LedgerProcess, EveryAnsweredRecordSurvivesKill9) {
  NEED_ROOT();
  TempLog log;
  uint64_t next_call = 1;
  std::map<uint64_t, uint64_t> answered;  // call -> seq of its intent
  for (int round = 0; round < 30; ++round) {
    LedgerChild ledger(log, TestStart());
    auto ready = ledger.Hear<wire::LedgerReady>();
    ASSERT_TRUE(ready) << "round " << round;
    uint64_t session = ready->last_session + 1;
    next_call = std::max(next_call, ready->last_call + 1);
    ledger.Begin(session);
    std::atomic<int> heard_of = 0;
    // After some answers of the round, and then at a moment that differs: between receive, write,
    // sync, answer.
    std::thread killer([&, pid = ledger.pid] {
      for (int ms = 0; heard_of < 1 + round % 7 && ms < 5000; ++ms)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      std::this_thread::sleep_for(std::chrono::microseconds(round * 97 % 1500));
      kill(pid, SIGKILL);
    });
    for (;;) {  // up to eight in flight
      int sent = 0;
      while (sent < 8 && ledger.Send(session, next_call)) ++next_call, ++sent;
      int heard = 0;
      for (; heard < sent; ++heard) {
        auto reply = ledger.Answer();
        if (!reply) break;
        ASSERT_TRUE(reply->ok) << reply->error;
        answered[reply->request] = reply->receipt->seq;
        ++heard_of;
      }
      if (sent == 0 || heard < sent) break;
    }
    killer.join();
  }
  EXPECT_GT(answered.size(), 30u);
  LedgerChild last(log, TestStart());
  auto ready = last.Hear<wire::LedgerReady>();
  ASSERT_TRUE(ready);
  last.Say(wire::LedgerStop{"done"});
  ASSERT_TRUE(last.Hear<wire::LedgerStopped>());
  auto report = Verify(log.log);
  EXPECT_TRUE(report->ok) << RenderVerify(*report, false);
  std::map<uint64_t, uint64_t> intents;
  LogVisitor visitor;
  visitor.record = [&](const Record& record, const Sides&, const std::string&) {
    if (record.type == "intent") intents[record.call] = record.seq;
    return true;
  };
  ASSERT_TRUE(ReadLog(log.log, visitor));
  for (const auto& [call, seq] : answered)
    EXPECT_EQ(intents.contains(call) ? intents[call] : 0, seq) << "call " << call;
}

TEST(LedgerProcess, FullDiskUnderTheLogRefusesAndLosesNothing) {
  NEED_ROOT();
  TempLog log;
  if (mount("warder-test", log.log.c_str(), "tmpfs", 0, "size=3m") != 0) GTEST_SKIP() << "no tmpfs here";
  log.log_fd.Reset(open(log.log.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  {
    wire::LedgerStart start = TestStart();
    start.segment_bytes = 512 * 1024;
    LedgerChild ledger(log, start);
    ASSERT_TRUE(ledger.Hear<wire::LedgerReady>());
    ledger.Begin(5);
    std::vector<uint64_t> taken;
    Result<AppendReply> reply = AppendReply{};
    for (uint64_t call = 1; call < 20'000; ++call) {
      ASSERT_TRUE(ledger.Send(5, call));
      reply = ledger.Answer();
      ASSERT_TRUE(reply) << "it died after " << call;
      if (!reply->ok) break;
      taken.push_back(call);
    }
    ASSERT_FALSE(reply->ok);
    EXPECT_EQ(reply->code, static_cast<uint8_t>(Code::kUnavailable));
    EXPECT_NE(reply->error.find("nothing may run"), std::string::npos) << reply->error;
    EXPECT_FALSE(reply->receipt);
    // What had begun can still be recorded to its end, and so can the stop.
    for (size_t i = 0; i < 20; ++i) {
      ASSERT_TRUE(
          SendPacket(ledger.broker.get(), flat::EncodeMessage(AppendRequest{i, {OutcomeDraft(5, taken[i])}, ""})));
      EXPECT_TRUE(ledger.Answer()->ok);
    }
    for (size_t i = 20; i < taken.size(); ++i) {
      ASSERT_TRUE(
          SendPacket(ledger.broker.get(), flat::EncodeMessage(AppendRequest{i, {OutcomeDraft(5, taken[i])}, ""})));
      auto closed = ledger.Answer();
      if (!closed || !closed->ok) break;  // the reserve has an end: then the log shuts and says so
    }
  }
  auto report = Verify(log.log);
  ASSERT_TRUE(report);
  // Nothing is lost of what was answered; it was killed, so the end is signed by nobody.
  EXPECT_EQ(report->state, VerifyState::kNotYetSigned) << RenderVerify(*report, false);
  EXPECT_GT(report->intents, 100u);
  EXPECT_EQ(umount2(log.log.c_str(), MNT_DETACH), 0);
}

TEST(LedgerProcess, BrokerThatSpeaksRubbishIsHungUpOn) {
  NEED_ROOT();
  TempLog log;
  LedgerChild ledger(log, TestStart());
  ASSERT_TRUE(ledger.Hear<wire::LedgerReady>());
  ASSERT_TRUE(SendPacket(ledger.broker.get(), "rubbish"));
  EXPECT_FALSE(ledger.Answer());
  ledger.Say(wire::LedgerStop{"test"});
  EXPECT_TRUE(ledger.Hear<wire::LedgerStopped>());
}

// Prints what a durable intent costs; the number is the machine's, so that only a hang fails.
TEST(LedgerProcess, DurableIntentIsQuick) {
  NEED_ROOT();
  TempLog log;
  wire::LedgerStart start = TestStart();
  start.segment_bytes = 8 << 20;
  LedgerChild ledger(log, start);
  ASSERT_TRUE(ledger.Hear<wire::LedgerReady>());
  ledger.Begin(5);
  std::vector<double> us;
  for (uint64_t call = 1; call <= 300; ++call) {
    auto from = std::chrono::steady_clock::now();
    ASSERT_TRUE(ledger.Send(5, call));
    ASSERT_TRUE(ledger.Answer()->ok);
    us.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - from).count());
  }
  std::sort(us.begin(), us.end());
  std::printf("request to durable intent: p50 %.0f us, p95 %.0f us\n", us[150], us[285]);
  EXPECT_LT(us[150], 100'000);
}

}  // namespace
}  // namespace warder::audit
