// A whole warder host for a test: a temporary directory with host file, policy, workspace and state, and
// a real warderd. Root only. Every process that it started is gone when it is destroyed, or the test fails.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace warder::flow {

inline constexpr uid_t kOwner = 1900090001;
inline constexpr uid_t kAgent = 1900090002;
inline constexpr uid_t kLead = 1900090003;  // may approve
inline constexpr gid_t kAdminGroup = 1900090009;

// A connection to the agent socket that speaks raw lines.
class AgentConnection {
 public:
  explicit AgentConnection(UniqueFd fd) : fd_(std::move(fd)) {}
  void SendLine(const std::string& line);
  // The next line, or nothing at the end of the stream or after the time.
  std::optional<std::string> ReadLine(std::chrono::milliseconds wait = std::chrono::seconds(20));
  // Sends a request and gives its answer; notifications in between are dropped.
  nlohmann::json Request(const std::string& method, nlohmann::json parameters);
  bool Initialize();  // false: the host closed the connection first
  // The tool's result object (content, structuredContent, isError).
  nlohmann::json Call(const std::string& tool, nlohmann::json arguments);
  nlohmann::json Run(const std::string& line) { return Call("run_command", {{"command", line}}); }
  int fd() const { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::string pending_;
  int next_id_ = 1;
};

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  std::string name;  // of /proc/PID/exe, last component
};

struct HostOptions {
  std::string policy = {};                  // text; default: kPolicy
  std::string org = {}, team = {};          // texts of layers above it; default: none
  std::string extra_host = {};              // lines added to the host file
  std::vector<std::string> arguments = {};  // of warderd, behind the host file
  std::string state = {};                   // another state directory
  std::string output = "1MiB";              // bounds.limits.output
  std::string sources = {};                 // bounds.sources, separated by commas
  std::vector<std::string> wrapper = {};    // a command in front of warderd
};

class Host {
 public:
  explicit Host(HostOptions options = {});
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Starts warderd and waits until its sockets answer; false where it ended first (see output()).
  bool Start();
  // SIGTERM and wait; the exit code, or -signal.
  int Stop();
  bool running() const;
  pid_t pid() const { return pid_; }
  std::string output() const;  // of warderd's stderr so far

  std::unique_ptr<AgentConnection> Connect(uid_t uid = kAgent);
  UniqueFd ConnectTo(const std::string& socket, uid_t uid);
  nlohmann::json Admin(uid_t uid, const std::string& method, nlohmann::json parameters = nlohmann::json::object());

  // warderd and everything below it.
  std::vector<Process> Processes() const;
  std::vector<Process> ProcessesNamed(const std::string& name) const;
  // Everything that runs under a uid of the session range, wherever its parent is.
  std::vector<pid_t> JailedProcesses() const;
  // Waits until the predicate holds.
  template <typename F>
  static bool Until(F done, std::chrono::milliseconds wait = std::chrono::seconds(10));

  std::filesystem::path directory() const { return directory_; }
  std::filesystem::path workspace() const { return directory_ / "ws"; }
  std::filesystem::path state() const { return state_; }
  std::filesystem::path run() const { return directory_ / "run"; }
  void WritePolicy(const std::string& text) { WriteLayer("policy", text); }
  // "org", "team" or "policy", which is the project's.
  void WriteLayer(const std::string& layer, const std::string& text);
  void WriteWorkspaceFile(const std::string& path, const std::string& text);
  // Runs a program of ours; its output and exit code.
  static std::pair<int, std::string> Execute(const std::vector<std::string>& argv);

 private:
  void WriteHostFile();
  HostOptions options_;
  std::filesystem::path directory_, state_;
  pid_t pid_ = -1;
};

template <typename F>
bool Host::Until(F done, std::chrono::milliseconds wait) {
  auto end = std::chrono::steady_clock::now() + wait;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    timespec pause{0, 2'000'000};
    nanosleep(&pause, nullptr);
  }
  return true;
}

extern const char* const kPolicy;

}  // namespace warder::flow
