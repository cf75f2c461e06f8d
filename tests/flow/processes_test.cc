// Who runs, with what? And what is left when one of them is killed at any moment?
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "tests/flow/host.h"

namespace warder::flow {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::map<std::string, std::string> StatusOf(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  std::map<std::string, std::string> out;
  for (std::string line; std::getline(in, line);) {
    size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    size_t start = line.find_first_not_of(" \t", colon + 1);
    out[line.substr(0, colon)] = start == std::string::npos ? "" : line.substr(start);
  }
  return out;
}

// Jails made ahead come and go while a test looks at them.
bool IsGone(pid_t pid) {
  auto status = StatusOf(pid);
  return status.empty() || status["State"].starts_with('Z') || status["State"].starts_with('X');
}

// What each descriptor above 2 of the process is, numbers cut off: "socket:", "/memfd:x", "anon_inode:[eventpoll]".
// Nothing of a process that is gone.
std::optional<std::multiset<std::string>> Descriptors(pid_t pid) {
  std::multiset<std::string> out;
  std::error_code listing;
  fs::directory_iterator entries("/proc/" + std::to_string(pid) + "/fd", listing);
  for (; !listing && entries != fs::directory_iterator(); entries.increment(listing)) {
    const auto& entry = *entries;
    if (std::stoi(entry.path().filename()) <= 2) continue;
    std::error_code error;
    std::string target = fs::read_symlink(entry.path(), error);
    if (error == std::errc::no_such_file_or_directory) continue;  // closed since it was listed
    out.insert(target.substr(0, target.find('[') == 0 ? std::string::npos : target.find(":[")));
  }
  if (IsGone(pid)) return std::nullopt;
  EXPECT_FALSE(listing) << pid << ": " << listing.message();
  return out;
}

bool HoldsNoCapability(pid_t pid) {
  auto status = StatusOf(pid);
  for (const char* set : {"CapPrm", "CapEff", "CapInh", "CapAmb"})
    if (status[set].find_first_not_of('0') != std::string::npos) return false;
  return true;
}

class Processes : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(host_.Start()) << host_.output();
    agent_ = host_.Connect();
    ASSERT_NE(agent_, nullptr);
  }
  pid_t Only(const std::string& name) {
    auto found = host_.ProcessesNamed(name);
    EXPECT_EQ(found.size(), 1u) << name;
    return found.empty() ? -1 : found[0].pid;
  }
  void StartSleeping() {
    agent_->SendLine(
        R"({"jsonrpc":"2.0","id":700,"method":"tools/call","params":{"name":"run_command","arguments":{"command":"sleep 15 | sleep 15"}}})");
    ASSERT_TRUE(Host::Until([&] { return Sleeping() == 2; })) << host_.output();
  }
  size_t Sleeping() {
    size_t count = 0;
    for (pid_t pid : host_.JailedProcesses()) {
      std::ifstream in("/proc/" + std::to_string(pid) + "/comm");
      std::string name;
      std::getline(in, name);
      count += name == "sleep";
    }
    return count;
  }
  Host host_;
  std::unique_ptr<AgentConnection> agent_;
};

TEST_F(Processes, EachHasItsUidNoCapabilityAndAFilter) {
  StartSleeping();
  agent_->SendLine(
      R"({"jsonrpc":"2.0","id":701,"method":"tools/call","params":{"name":"write_file","arguments":{"path":"x","content":"y"}}})");
  ASSERT_TRUE(Host::Until([&] { return host_.ProcessesNamed("warder-hands").size() == 2; }));
  ASSERT_TRUE(agent_->ReadLine());  // the write is done, so the owner's hands have confined themselves
  std::map<std::string, std::set<uid_t>> expected = {{"warder-ledger", {1900070002}},
                                                     {"warder-broker", {1900070001}},
                                                     {"warder-keeper", {1900000000}},
                                                     {"warder-init", {1900000000}},
                                                     {"warder-hands", {1900000000, kOwner}}};
  std::set<std::string> seen;
  for (const Process& p : host_.Processes()) {
    if (p.name == "warderd") continue;
    auto status = StatusOf(p.pid);
    if (IsGone(p.pid)) continue;
    // One that waits for a call to build the rest of its jail: it has the rights for it, and nothing that could ask it
    // to.
    if (p.name == "warder-enter") {
      EXPECT_EQ(status["Uid"].substr(0, 2), "0\t");
      EXPECT_EQ(status["NSpid"].substr(status["NSpid"].rfind('\t') + 1), "1")
          << "not the first process of its own namespace";
      continue;
    }
    seen.insert(p.name);
    EXPECT_NE(getsid(p.pid), getsid(host_.pid())) << p.name << " could be signalled as warderd's group";
    EXPECT_TRUE(HoldsNoCapability(p.pid)) << p.name;
    EXPECT_EQ(status["Seccomp"], "2") << p.name << " runs without a seccomp filter";
    EXPECT_EQ(status["NoNewPrivs"], "1") << p.name;
    auto it = expected.find(p.name);
    if (it == expected.end()) continue;
    uid_t uid = static_cast<uid_t>(std::stoul(status["Uid"]));
    bool of_a_session = uid >= 1900000000 && uid <= 1900000999;
    EXPECT_TRUE(it->second.contains(of_a_session ? 1900000000 : uid)) << p.name << " runs as " << uid;
  }
  for (const auto& [name, uids] : expected) EXPECT_TRUE(seen.contains(name)) << name << " does not run";
}

TEST_F(Processes, NoneHoldsADescriptorThatItDoesNotNeed) {
  StartSleeping();
  const std::map<std::string, std::set<std::string>> allowed = {
      {"warder-ledger", {"socket", "pipe", "log", "state", "file"}},
      {"warder-broker", {"socket", "pipe", "anon_inode", "memfd"}},
      {"warder-keeper", {"socket", "pipe", "anon_inode", "memfd", "cgroup"}},
      {"warder-init", {"pipe", "anon_inode", "memfd", "program"}},
      {"warder-enter", {"socket", "pipe", "memfd", "cgroup", "program", "root"}},
      {"warder-hands", {"socket", "root"}},
      {"sleep", {}}};
  std::set<std::string> looked;
  for (const Process& p : host_.Processes()) {
    auto it = allowed.find(p.name);
    auto descriptors = Descriptors(p.pid);
    if (it == allowed.end() || !descriptors) continue;
    looked.insert(p.name);
    for (const std::string& target : *descriptors) {
      std::string kind =
          target.starts_with("socket")                                          ? "socket"
          : target.starts_with("pipe")                                          ? "pipe"
          : target.starts_with("anon_inode") || target.starts_with("pidfd")     ? "anon_inode"
          : target.starts_with("/memfd:")                                       ? "memfd"
          : target.starts_with("/sys/fs/cgroup")                                ? "cgroup"
          : target.starts_with("/usr/bin/") || target.ends_with("/warder-init") ? "program"
          : (p.name == "warder-enter" || p.name == "warder-hands") && (target == "/" || target.starts_with("/proc"))
              ? "root"
          : target.starts_with((host_.state() / "log").string()) ? "log"
          : target.starts_with(host_.state().string())           ? "state"
                                                                 : target;
      EXPECT_TRUE(it->second.contains(kind)) << p.name << " holds " << target;
    }
  }
  for (const auto& [name, kinds] : allowed)
    EXPECT_TRUE(name == "warder-enter" || looked.contains(name)) << name << " was not looked at";
}

TEST_F(Processes, WithoutASessionNothingIsMadeAhead) {
  EXPECT_TRUE(Host::Until([&] { return !host_.ProcessesNamed("warder-enter").empty(); }));
  agent_.reset();
  EXPECT_TRUE(Host::Until([&] { return host_.ProcessesNamed("warder-enter").empty(); }));
}

TEST_F(Processes, AJailedProgramSeesItsThreeDescriptorsOnly) {
  json facts = agent_->Run("ls -l /proc/self/fd")["structuredContent"];
  std::string listing = facts.value("stdout", "");
  EXPECT_EQ(listing.find("socket"), std::string::npos) << listing;
  EXPECT_NE(listing.find(" 2 -> pipe"), std::string::npos) << listing;
  EXPECT_EQ(listing.find(" 4 -> "), std::string::npos) << listing;  // 3 is ls's own open directory
}

// After any death: no jailed process alive, the log whole, and no run in it without an intent.
TEST_F(Processes, AKillOfAnyOfThemLeavesNothingRunning) {
  for (const char* victim : {"warder-keeper", "warder-init", "warder-hands", "warder-broker", "warder-ledger"}) {
    if (agent_ == nullptr) agent_ = host_.Connect();
    ASSERT_NE(agent_, nullptr) << "after the kill before " << victim << ": " << host_.output();
    StartSleeping();
    // Of several (two hands) the first; each is enough to end the run or the session.
    auto found = host_.ProcessesNamed(victim);
    ASSERT_FALSE(found.empty()) << victim;
    kill(found[0].pid, SIGKILL);
    EXPECT_TRUE(Host::Until([&] { return Sleeping() == 0; })) << "jailed processes outlived " << victim;
    agent_.reset();
    ASSERT_TRUE(host_.running()) << victim << " took warderd along: " << host_.output();
    EXPECT_TRUE(Host::Until([&] {
      auto connection = host_.Connect();
      return connection != nullptr && connection->Run("true").contains("structuredContent");
    })) << "no service after the death of "
        << victim << ": " << host_.output();
    agent_ = host_.Connect();
  }
  agent_.reset();
  EXPECT_EQ(host_.Stop(), 0);
  auto [code, verdict] =
      Host::Execute({std::string(WARDER_BIN_DIR) + "/warder", "audit", "verify", (host_.state() / "log").string()});
  EXPECT_EQ(code, 0) << verdict;
}

TEST_F(Processes, TheMonitorTakesEverythingWithIt) {
  StartSleeping();
  auto all = host_.Processes();
  ASSERT_GT(all.size(), 4u);
  kill(host_.pid(), SIGKILL);
  for (const Process& p : all) {
    if (p.pid == host_.pid()) continue;
    EXPECT_TRUE(Host::Until([&] { return kill(p.pid, 0) != 0; })) << p.name << " outlived warderd";
  }
}

// What a run did is there, so its intent must be: with the plan's command, durable before the jail began.
TEST_F(Processes, KillsAtRandomMomentsLoseNoIntent) {
  unsigned seed = 20261122;
  size_t killed = 0;
  auto effects = [&](const std::string& start) {
    std::set<std::string> files;
    for (const auto& entry : fs::directory_iterator(host_.workspace()))
      if (entry.path().filename().string().starts_with(start)) files.insert(entry.path().filename());
    return files;
  };
  for (int round = 0; round < 8; ++round) {
    agent_ = nullptr;
    ASSERT_TRUE(Host::Until([&] { return (agent_ = host_.Connect()) != nullptr; })) << host_.output();
    for (int i = 0; i < 4; ++i)
      agent_->SendLine(R"({"jsonrpc":"2.0","id":)" + std::to_string(800 + i) +
                       R"(,"method":"tools/call","params":{"name":"run_command","arguments":{"command":"touch ran-)" +
                       std::to_string(round) + "-" + std::to_string(i) + "\"}}}");
    seed = seed * 1103515245 + 12345;
    // Every other pair of rounds at the worst moment: a run has just had its effect.
    if (round % 4 < 2) usleep(seed / 65536 % 40000);
    for (int i = 0; round % 4 >= 2 && i < 50'000; ++i) {
      if (!effects("ran-" + std::to_string(round) + "-").empty()) break;
      usleep(100);
    }
    const char* victim = round % 2 == 0 ? "warder-broker" : "warder-ledger";
    for (const Process& p : host_.ProcessesNamed(victim)) killed += kill(p.pid, SIGKILL) == 0;
    ASSERT_TRUE(Host::Until([&] { return host_.ProcessesNamed(victim).size() == 1; }, std::chrono::seconds(20)));
  }
  EXPECT_GE(killed, 7u);
  // A host that is stopped while it recovers leaves its last records to the next start to sign.
  ASSERT_TRUE(Host::Until(
      [&] {
        agent_ = host_.Connect();
        return agent_ != nullptr && agent_->Run("echo settled").dump().find("\"exit_code\":0") != std::string::npos;
      },
      std::chrono::seconds(30)))
      << host_.output();
  agent_.reset();
  EXPECT_EQ(host_.Stop(), 0);
  std::set<std::string> files = effects("ran-");
  EXPECT_GT(files.size(), 0u) << "no run had an effect, so nothing was tested";
  std::string warder = std::string(WARDER_BIN_DIR) + "/warder", log = host_.state() / "log";
  auto [code, verdict] = Host::Execute({warder, "audit", "verify", log});
  EXPECT_EQ(code, 0) << verdict;
  auto [shown, records] = Host::Execute({warder, "audit", "tail", "--json", "--count", "1000000", log});
  EXPECT_EQ(shown, 0) << records;
  std::set<std::string> intended;
  std::istringstream lines(records);
  for (std::string line; std::getline(lines, line);) {
    json record = json::parse(line, nullptr, false);
    ASSERT_TRUE(record.is_object()) << line;
    if (record["type"] != "intent") continue;
    std::string argv = record["body"]["commands"][0].value("argv", "");  // words, joined by NUL
    intended.insert(argv.substr(argv.find('\0') + 1));
  }
  for (const std::string& file : files)
    EXPECT_TRUE(intended.contains(file)) << file << " was made by a run whose intent is not in the log";
  std::printf("%zu kills, %zu runs had an effect, %zu intents\n", killed, files.size(), intended.size());
}

// Not even warderd keeps what its starter forgot to close.
TEST(Inherited, ADescriptorOfTheStarterIsClosed) {
  const int left = open("/dev/zero", O_RDONLY);
  ASSERT_GT(left, 2);
  Host host;
  ASSERT_TRUE(host.Start()) << host.output();
  close(left);
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  EXPECT_FALSE(agent->Run("echo here").value("isError", false));
  size_t looked = 0;
  for (const Process& p : host.Processes()) {
    auto descriptors = Descriptors(p.pid);
    if (!descriptors) continue;
    for (const std::string& target : *descriptors) EXPECT_NE(target, "/dev/zero") << p.name;
    ++looked;
  }
  EXPECT_GE(looked, 4u);
}

// An embedded host goes by itself, and takes nobody with it.
TEST(Idle, AHostStopsWithoutSessionsAndNotBefore) {
  HostOptions options;
  options.arguments = {"--stop-after-idle", "2"};
  Host host(options);
  ASSERT_TRUE(host.Start()) << host.output();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  usleep(4'000'000);
  EXPECT_TRUE(host.running()) << "a session is no idleness";
  EXPECT_FALSE(agent->Run("echo still here").value("isError", false));
  agent.reset();
  EXPECT_TRUE(Host::Until([&] { return !host.running(); }, std::chrono::seconds(30))) << host.output();
  EXPECT_EQ(host.Stop(), 0);
  EXPECT_NE(host.output().find("stopping: idle"), std::string::npos) << host.output();
}

}  // namespace
}  // namespace warder::flow
