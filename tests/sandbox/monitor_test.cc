// What does the monitor refuse to a hostile broker, and what survives when a process of ours dies? Root only.
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <thread>

#include "base/file.h"
#include "tests/sandbox/monitor_fixture.h"

namespace warder {
namespace {

TEST_F(MonitorTest, EverythingAHostileBrokerTriesIsRefusedAndStartsNothing) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(ConnectAgent("attack"));
  ASSERT_TRUE(Until([&] { return Count("played attack") == 1; }));
  EXPECT_EQ(Count("attack ") - Count("played attack"), 27 + 5 + 7 + 1 + 4) << Events();
  EXPECT_EQ(Count(": accepted"), 0) << Events();
  EXPECT_EQ(Count("keeper-began"), 0);
  for (const char* why : {"attack forged mac: refused: receipt: the MAC", "attack old receipt: refused: receipt: older",
                          "attack other plan: refused: receipt: of another plan", "attack workspace /: refused: plan",
                          "attack tree /etc: refused: plan beyond", "attack writable source: refused: plan beyond",
                          "attack directory of the host as stdin: refused: descriptor 1",
                          "attack unlisted descriptor: refused: the plan lists",
                          "attack too many descriptors: refused: a message was cut",
                          "attack plan and receipt of another session: refused: no such",
                          "attack run without a jail: refused: no jail waits",
                          "attack second jail of one call: refused: a call of this id",
                          "attack receipt of another plan that waits: refused: receipt: of another plan",
                          "attack good receipt after a bad one: refused: no jail waits",
                          "attack run of a killed jail: refused: no jail waits"})
    EXPECT_EQ(Count(why), 1) << why;
  // Four jails wait for their receipts: one that got none, and three whose receipts named another call, another session
  // or none. What their calls would leave is not there.
  auto count = [&](const char* name) {
    return std::ranges::count_if(Processes(pid_), [&](const Process& process) { return process.name == name; });
  };
  EXPECT_TRUE(Until([&] { return count("warder-init") == 4 && count("warder-keeper") == 4; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(count("warder-init"), 4);
  EXPECT_FALSE(fs::exists(directory_ / "ws/ran"));
  EXPECT_EQ(Count("keeper-began") + Count("jail-ended"), 0) << Events();
  for (const Process& p : Processes(pid_)) {
    EXPECT_NE(p.name, "touch");
    // One that was made ahead waits for an honest call: it is of no session yet.
    if (p.name == "warder-enter") {
      EXPECT_EQ(p.uid, 0u);
    }
  }
}

// A jail that waits is taken by one call, goes with the last session, and its death costs a call nothing.
TEST_F(MonitorTest, AJailMadeAheadServesOneCallAndGoesWithItsEpoch) {
  ASSERT_NO_FATAL_FAILURE(Start());
  auto waiting = [&] {
    std::set<pid_t> pids;
    for (const Process& p : Processes(pid_))
      if (p.name == "warder-enter" && p.uid == 0) pids.insert(p.pid);
    return pids;
  };
  EXPECT_TRUE(waiting().empty()) << "no session, no jail";
  ASSERT_NO_FATAL_FAILURE(ConnectAgent("attack"));  // never starts a run
  ASSERT_TRUE(Until([&] { return Count("played attack") == 1 && !waiting().empty(); }));
  pid_t first = *waiting().begin();
  ASSERT_NO_FATAL_FAILURE(ConnectAgent("work"));
  ASSERT_TRUE(Until([&] { return Count("played work") == 1 && Find("sleep") > 0; })) << Events();
  EXPECT_EQ(Slurp("/proc/" + std::to_string(first) + "/comm"), "warder-init\n")
      << "the one that waited became the jail";
  EXPECT_FALSE(waiting().contains(first));
  ASSERT_TRUE(Until([&] { return waiting().size() >= 2; }));
  for (pid_t pid : waiting()) ASSERT_TRUE(Kill(pid, SIGKILL));
  ASSERT_NO_FATAL_FAILURE(ConnectAgent("work"));
  EXPECT_TRUE(Until([&] { return Count("honest run: accepted") == 2; })) << Events();
  ASSERT_TRUE(Kill(Find("warder-broker"), SIGKILL));
  EXPECT_TRUE(Until([&] { return waiting().empty() && Find("warder-init") == -1 && Count("epoch 2") == 1; }));
}

TEST_F(MonitorTest, AnHonestRunStartsOnceAndItsReplayDoesNot) {
  ASSERT_NO_FATAL_FAILURE(StartWorking());
  EXPECT_EQ(Count("honest run: accepted"), 1) << Events();
  EXPECT_EQ(Count("replayed receipt: refused: no jail waits"), 1) << Events();
  EXPECT_EQ(Count("replayed run: refused: a call of this id"), 1) << Events();
  EXPECT_EQ(Count("second run of one call: refused"), 1) << Events();
  EXPECT_EQ(Count("change file: done"), 1) << Events();
  EXPECT_EQ(Count("change forged: refused: receipt"), 1) << Events();
  EXPECT_TRUE(Until([&] { return Count("keeper-began 42") == 1; }));
  struct stat status{};
  ASSERT_EQ(stat((directory_ / "state/trash" / std::to_string(kOwner)).c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, kOwner);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
}

// Whoever dies, nothing jailed lives on; broker and ledger come back as another epoch.
TEST_F(MonitorTest, AKilledBrokerOrLedgerTakesEveryJailAlongAndBothComeBack) {
  ASSERT_NO_FATAL_FAILURE(StartWorking());
  int epoch = 1;
  for (const char* victim : {"warder-broker", "warder-ledger"}) {
    pid_t broker = Find("warder-broker"), ledger = Find("warder-ledger");
    ASSERT_TRUE(Kill(Find(victim), SIGKILL)) << victim;
    ++epoch;
    EXPECT_TRUE(Until([&] { return Count("epoch " + std::to_string(epoch) + " after a crash") == 1; })) << victim;
    EXPECT_TRUE(Until([&] { return Find("warder-broker") > 0 && Find("warder-ledger") > 0; }));
    EXPECT_NE(Find("warder-broker"), broker);
    EXPECT_NE(Find("warder-ledger"), ledger);
    EXPECT_TRUE(Until([&] { return Find("sleep") == -1; }));
    for (const Process& p : Processes(pid_)) EXPECT_FALSE(p.uid >= kFirst && p.uid <= kLast) << p.name;
    EXPECT_TRUE(Until([&] { return Count("jail-ended killed: the host lost") == epoch - 1; })) << Events();
    ASSERT_NO_FATAL_FAILURE(ConnectAgent("work"));
    ASSERT_TRUE(Until([&] { return Count("played work") == epoch && Find("sleep") > 0; })) << Events();
  }
}

TEST_F(MonitorTest, AKilledKeeperInitOrHandsLeavesNoJailedProcess) {
  ASSERT_NO_FATAL_FAILURE(StartWorking());
  int gone = 0, ended = 0, played = 1;
  for (const char* victim : {"warder-keeper", "warder-init", "warder-hands"}) {
    pid_t pid = Find(victim);
    ASSERT_GT(pid, 0) << victim;
    for (const Process& p : Processes(pid_))  // of hands there is one a session
      if (p.name == victim) Kill(p.pid, SIGKILL);
    if (std::string(victim) == "warder-keeper") ++ended;
    EXPECT_TRUE(Until([&] { return Find("sleep") == -1; })) << victim;
    ++gone;
    EXPECT_TRUE(Until([&] { return Count("jail-gone") == gone; })) << victim << Events();
    EXPECT_EQ(Count("jail-ended its keeper was killed"), ended) << victim << Events();
    EndClients();
    if (std::string(victim) == "warder-hands") break;
    bool closed;
    Connect(directory_ / "run/agents/work.sock", kAgent, closed);
    ASSERT_TRUE(Until([&] { return Count("played work") == played + 1 && Find("sleep") > 0; })) << Events();
    ++played;
  }
  EXPECT_EQ(Count("epoch "), 1);
}

TEST_F(MonitorTest, AKilledWarderdTakesEverythingAlongAndTheNextOneStarts) {
  ASSERT_NO_FATAL_FAILURE(StartWorking());
  auto before = Processes(pid_);
  Kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
  EXPECT_TRUE(Until([&] {
    for (const Process& p : before)
      if (Kill(p.pid, 0) && Slurp("/proc/" + std::to_string(p.pid) + "/comm") == p.name + "\n") return false;
    return true;
  }));
  EndClients();
  Spawn();
  EXPECT_TRUE(Until([&] { return Count("epoch 2") == 1; })) << Said();
}

TEST_F(MonitorTest, TermDrainsAndTheLedgerIsToldToStop) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Kill(pid_, SIGTERM);
  EXPECT_EQ(WaitExit(), 0) << Said();
  EXPECT_EQ(Count("stop"), 1) << Events();
}

TEST_F(MonitorTest, TheStopFileEndsEverythingAndKeepsAgentsOut) {
  ASSERT_NO_FATAL_FAILURE(StartWorking());
  Write("stop", "");
  EXPECT_TRUE(Until([&] { return Find("sleep") == -1 && Find("warder-enter") == -1 && Find("warder-hands") == -1; }, 3))
      << Said();
  EXPECT_EQ(Count("host-event stop the stop file came"), 1) << Events();
  bool closed = false;
  Connect(directory_ / "run/agents/work.sock", kAgent, closed);
  EXPECT_TRUE(closed);
  fs::remove(directory_ / "stop");
  EXPECT_TRUE(Until([&] { return Count("host-event resume") == 1; }));
  ASSERT_NO_FATAL_FAILURE(ConnectAgent("work"));
  EXPECT_TRUE(Until([&] { return Count("played work") == 2 && Find("sleep") > 0; })) << Events();
  Write("stop", "");
  ASSERT_TRUE(Until([&] { return Count("host-event stop") == 2; }));
  ASSERT_TRUE(Kill(Find("warder-broker"), SIGKILL));  // it holds at the next epoch too
  EXPECT_TRUE(Until([&] { return Count("host-event stop") == 3; })) << Events();
}

TEST_F(MonitorTest, Usr1EndsTheHostAtOnce) {
  ASSERT_NO_FATAL_FAILURE(StartWorking());
  ASSERT_TRUE(Kill(pid_, SIGUSR1));
  EXPECT_EQ(WaitExit(3), 0) << Said();
  EXPECT_EQ(Count("host-event drain SIGUSR1"), 1) << Events();
}

TEST_F(MonitorTest, ASecondWarderdOverTheSameStateIsRefused) {
  ASSERT_NO_FATAL_FAILURE(Start());
  pid_t first = pid_;
  Spawn();
  EXPECT_EQ(WaitExit(), 3);
  EXPECT_NE(Said().find("another warderd"), std::string::npos) << Said();
  pid_ = first;
}

TEST_F(MonitorTest, WhatTheStartMustRefuseStartsNothing) {
  struct Line {
    const char* name;
    std::function<void()> spoil;
    const char* word;
  };
  const Line lines[] = {
      {"policy", [&] { Write("policy", "bad"); }, "file:1:1: bad"},
      {"policy writable",
       [&] {
         Write("policy", "good");
         chmod((directory_ / "policy").c_str(), 0666);
       },
       "writable"},
      {"policy owner",
       [&] {
         Write("policy", "good");
         (void)!chown((directory_ / "policy").c_str(), kOwner, 0);
       },
       "belongs to uid"},
      {"policy fifo",
       [&] {
         fs::remove(directory_ / "policy");
         mkfifo((directory_ / "policy").c_str(), 0600);
       },
       "regular"},
      {"policy symlink",
       [&] {
         fs::remove(directory_ / "policy");
         fs::create_symlink("/etc/passwd", directory_ / "policy");
       },
       "policy"},
      {"host garbage",
       [&] {
         fs::remove(directory_ / "policy");
         Write("policy", "good");
         Write("host", "x");
       },
       "message"},
      {"host owner 0",
       [&] {
         auto p = plan_;
         p.agents[0].workspace.owner_uid = 0;
         Write("host", flat::EncodeMessage(p));
       },
       "root"},
      {"version",
       [&] {
         Write("host", flat::EncodeMessage(plan_));
         fs::create_directories(directory_ / "state");
         Write("state/VERSION", "2\n");
       },
       "version 2"},
      {"state writable",
       [&] {
         fs::remove_all(directory_ / "state");
         fs::create_directories(directory_ / "state");
         chmod((directory_ / "state").c_str(), 0777);
       },
       "alone"},
  };
  for (const Line& line : lines) {
    fs::remove(directory_ / "log");
    line.spoil();
    Spawn();
    EXPECT_EQ(WaitExit(), 3) << line.name;
    EXPECT_NE(Said().find(line.word), std::string::npos) << line.name << ": " << Said();
    EXPECT_EQ(Events(), "") << line.name;
  }
}

TEST_F(MonitorTest, ReloadIsAllOrNothing) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Write("policy", "bad");
  Kill(pid_, SIGHUP);
  EXPECT_TRUE(Until([&] { return Count("host-event policy.reject file:1:1: bad") == 1; })) << Events();
  Write("policy", "good");
  auto other = plan_;
  other.bounds.jails_running = 9;
  Write("host", flat::EncodeMessage(other));
  Kill(pid_, SIGHUP);
  EXPECT_TRUE(Until([&] { return Count("restart needed: bounds") == 1; })) << Events();
  other = plan_;
  other.agents.pop_back();
  Write("host", flat::EncodeMessage(other));
  Kill(pid_, SIGHUP);
  EXPECT_TRUE(Until([&] { return Count("generation 2") >= 2; })) << Events();
  EXPECT_FALSE(fs::exists(directory_ / "run/agents/work.sock"));
}

TEST_F(MonitorTest, OnlyTheAgentItselfConnectsAndNoAgentReachesTheAdminSocket) {
  ASSERT_NO_FATAL_FAILURE(Start());
  bool closed = false;
  Connect(directory_ / "run/agents/work.sock", 0, closed);
  EXPECT_TRUE(closed) << "root is not the agent";
  ASSERT_EQ(chmod((directory_ / "run/admin.sock").c_str(), 0666), 0);
  Connect(directory_ / "run/admin.sock", kAgent, closed);
  EXPECT_TRUE(closed);
  Write("stop", "");
  Connect(directory_ / "run/agents/work.sock", kAgent, closed);
  EXPECT_TRUE(closed) << "a stop file is present";
  EXPECT_EQ(Count("session-began"), 0);
  fs::remove(directory_ / "stop");
  for (int i = 0; i < 4; ++i) ASSERT_NO_FATAL_FAILURE(ConnectAgent("work"));
  Connect(directory_ / "run/agents/work.sock", kAgent, closed);
  EXPECT_TRUE(closed) << "a fifth session of four";
}

}  // namespace
}  // namespace warder
