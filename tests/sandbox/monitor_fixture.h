// A warderd under test among stand-ins: the fixture of monitor_test.cc. Root only.
//
// warderd, enter, keeper and init are the real ones; config, ledger, broker and hands are stand_in.cc.
#pragma once

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

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <thread>

#include "base/file.h"
#include "wire/host_plan.h"

namespace warder {

namespace fs = std::filesystem;
inline constexpr uint32_t kFirst = 1900200000, kLast = 1900200999, kAgent = 1900210001, kOwner = 1900210002,
                          kPerson = 1900210003;

// Empty too for a process that ends while it is read (ESRCH, which the stream throws).
inline std::string Slurp(const fs::path& path) try {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
} catch (const std::ios_base::failure&) {
  return {};
}

struct Process {
  pid_t pid;
  std::string name;
  uint32_t uid;
};
// Live processes whose ancestor is root, and all of the test's session uids.
inline std::vector<Process> Processes(pid_t root) {
  std::vector<Process> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    pid_t pid = atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    std::istringstream status(Slurp(entry.path() / "status"));
    std::string line, name, state;
    pid_t parent = 0;
    uint32_t uid = 0;
    while (std::getline(status, line)) {
      std::istringstream words(line);
      std::string key;
      words >> key;
      if (key == "Name:") words >> name;
      if (key == "State:") words >> state;
      if (key == "PPid:") words >> parent;
      if (key == "Uid:") words >> uid;
    }
    if (state == "Z" || state == "X" || state.empty()) continue;
    // By the name that it was started under: the kernel's own is the file's where a descriptor was executed.
    if (std::string words = Slurp(entry.path() / "cmdline"); !words.empty()) name = fs::path(words.c_str()).filename();
    if (parent == root || (uid >= kFirst && uid <= kLast)) found.push_back({pid, name, uid});
  }
  return found;
}

// kill(2) takes -1 for everybody: a process that was not found must never become that.
inline bool Kill(pid_t pid, int signal) { return pid > 1 && kill(pid, signal) == 0; }

template <typename F>
bool Until(F holds, int seconds = 10) {
  for (int i = 0; i < seconds * 100; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return holds();
}

class MonitorTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    char pattern[] = "/srv/warder-monitor.XXXXXX";  // not below /var/tmp, which is a link in a jail
    directory_ = mkdtemp(pattern);
    chmod(directory_.c_str(), 0755);
    fs::create_directories(directory_ / "bin");
    fs::create_directories(directory_ / "ws");
    ASSERT_EQ(chown((directory_ / "ws").c_str(), kOwner, kOwner), 0);
    const fs::path built = WARDER_BIN_DIR;
    for (const char* name : {"warder-enter", "warder-keeper", "warder-init"})
      fs::create_symlink(built / name, directory_ / "bin" / name);
    for (const char* name : {"warder-config", "warder-ledger", "warder-broker", "warder-hands"})
      fs::create_symlink(built / "warder-stand-in", directory_ / "bin" / name);
    Write("policy", "a policy");
    plan_ = Plan();
    Write("host", flat::EncodeMessage(plan_));
  }
  void TearDown() override {
    if (pid_ > 0) {
      Kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (directory_.empty()) return;
    EXPECT_TRUE(Until([&] { return Processes(-1).empty(); })) << "a jailed process outlived warderd";
    if (HasFailure())
      fprintf(stderr, "warderd said:\n%s\nevents:\n%s\n", Slurp(directory_ / "log").c_str(), Events().c_str());
    fs::remove_all(directory_);
  }
  void Write(const char* name, const std::string& bytes) {
    std::ofstream(directory_ / name) << bytes;
    chmod((directory_ / name).c_str(), 0644);
  }
  wire::HostPlan Plan() const {
    wire::HostPlan plan{.name = "test"};
    plan.state_directory = directory_ / "state";
    plan.run_directory = directory_ / "run";
    plan.stop_file = directory_ / "stop";
    plan.broker_uid = plan.broker_gid = 1900211000;
    plan.ledger_uid = plan.ledger_gid = 1900211001;
    plan.session_uid_first = kFirst;
    plan.session_uid_last = kLast;
    plan.admin_gid = kPerson;
    plan.bounds = {.trees = {directory_},
                   .sources = {"/var/log"},
                   .roots = {"host-usr"},
                   .limits = {3600'000, 3600'000, 1u << 30, 256, 1024, 1u << 20, 1u << 30},
                   .jails_running = 32};
    plan.policy_owner_uids = {0};
    plan.ledger.directory = directory_ / "state/log";
    for (const char* name : {"attack", "work"}) {
      wire::Agent agent{.name = name, .uid = kAgent, .gid = kAgent, .policies = {{"project", directory_ / "policy"}}};
      agent.workspace = {.directory = directory_ / "ws" / name, .owner_uid = kOwner, .owner_gid = kOwner};
      agent.sessions = 4;
      fs::create_directories(agent.workspace.directory);
      (void)!chown(agent.workspace.directory.c_str(), kOwner, kOwner);
      plan.agents.push_back(agent);
    }
    return plan;
  }
  void Spawn(std::vector<std::string> more = {}) {
    pid_ = fork();
    if (pid_ != 0) return;
    int fd = open((directory_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    std::vector<std::string> words{std::string(WARDER_BIN_DIR) + "/warderd", "--bin-dir", directory_ / "bin",
                                   "--host-file", directory_ / "host"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  void Start() {
    Spawn();
    ASSERT_TRUE(Until([&] { return Count("host-event policy.load") >= 1; }));
  }
  int WaitExit(int seconds = 10) {
    int status = -1;
    if (!Until([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, seconds)) return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  std::string Events() const { return Slurp(directory_ / "state/log/events"); }
  std::string Said() const { return Slurp(directory_ / "log"); }
  int Count(const std::string& word) const {
    std::istringstream lines(Events());
    int count = 0;
    for (std::string line; std::getline(lines, line);) count += line.find(word) != std::string::npos;
    return count;
  }
  // A child of this uid that connects and holds the connection; its pipe says "y" when connected and "n" at its end.
  pid_t Connect(const fs::path& socket_path, uint32_t uid, bool& closed_at_once) {
    int fds[2];
    EXPECT_EQ(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
      gid_t group = uid;
      if (setgroups(0, nullptr) != 0 || setresgid(group, group, group) != 0 || setresuid(uid, uid, uid) != 0) _exit(1);
      int fd = socket(AF_UNIX, SOCK_STREAM, 0);
      sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
      std::strncpy(address.sun_path, socket_path.c_str(), sizeof address.sun_path - 1);
      if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) _exit(2);
      timeval second{1, 0};
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
      char byte;
      ssize_t got = recv(fd, &byte, 1, 0);
      (void)!write(fds[1], got >= 0 ? "n" : "y", 1);
      pause();
    }
    clients_.push_back(child);
    close(fds[1]);
    char answer = 'x';
    closed_at_once = read(fds[0], &answer, 1) != 1 || answer == 'n';
    close(fds[0]);
    return child;
  }
  void ConnectAgent(const std::string& name) {
    bool closed = true;
    Connect(directory_ / "run/agents" / (name + ".sock"), kAgent, closed);
    ASSERT_FALSE(closed) << Said();
  }
  void EndClients() {
    for (pid_t client : clients_) {
      Kill(client, SIGKILL);
      waitpid(client, nullptr, 0);
    }
    clients_.clear();
  }
  ~MonitorTest() override { EndClients(); }
  pid_t Find(const std::string& name) const {
    for (const Process& p : Processes(pid_))
      if (p.name == name) return p.pid;
    return -1;
  }
  void StartWorking() {
    ASSERT_NO_FATAL_FAILURE(Start());
    ASSERT_NO_FATAL_FAILURE(ConnectAgent("work"));
    ASSERT_TRUE(Until([&] { return Count("played work") == 1 && Find("sleep") > 0; })) << Events();
  }
  fs::path directory_;
  wire::HostPlan plan_;
  pid_t pid_ = -1;
  std::vector<pid_t> clients_;
};

}  // namespace warder
