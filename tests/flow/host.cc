// How does a test start a host of its own, speak to it as others, and look at its processes?
#include "tests/flow/host.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace warder::flow {

using nlohmann::json;
namespace fs = std::filesystem;

const char* const kPolicy = R"(policy: 1
layer: project
id: flow
exec:
  - id: look
    level: auto
    argv: [[cat, ls, head, wc, true, false, sleep, echo, id, touch, mkdir, env, stat, dd, seq, yes], ...]
  - id: build
    level: auto
    argv: [make, { re: "[a-z]+", repeat: 0..2 }]
    limits: { wall: 30s }
  - id: ship
    level: approve
    why: Leaves the machine.
    argv: [tail, ...]
  - id: no-privilege
    forbid: Privilege changes are never run.
    argv: [[sudo, su], ...]
paths:
  - { id: ws, level: auto, may: [read, write], under: "${workspace}" }
  - { id: ws-delete, level: notify, may: [delete], under: "${workspace}" }
  - { id: tmp, level: auto, may: [read, write, delete], under: "${tmp}" }
  - { id: secrets, forbid: Keys stay where they are., may: [read, write, delete], match: ["**/*.key", "**/.env*"] }
  - { id: private, forbid: Nobody looks in here., may: [read, write, delete], under: "${workspace}/private" }
  - { id: sealed, forbid: Nobody reads or writes these., may: [read, write], match: ["**/*.sealed"] }
  - { id: kept, forbid: This folder stays., may: [delete], match: ["${workspace}/kept"] }
  - { id: protected, forbid: Hooks run outside the jail., may: [write, delete], match: ["**/.git/hooks/**"] }
default-profile: work
profiles:
  work: { auto: [read_file, list_directory, create_file, modify_file], notify: [delete_file] }
limits: { wall: 20s, cpu: 20s, memory: 256MiB, pids: 64, files: 256, output: 64KiB, disk: 64MiB, read-file: 1MB, concurrent: 8 }
workspace: { mode: direct, executable: no }
environment: { pass: [CI] }
)";

void AgentConnection::SendLine(const std::string& line) {
  std::string bytes = line + "\n";
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t size = send(fd_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (size <= 0) return;
    done += static_cast<size_t>(size);
  }
}

std::optional<std::string> AgentConnection::ReadLine(std::chrono::milliseconds wait) {
  auto end = std::chrono::steady_clock::now() + wait;
  for (;;) {
    size_t newline = pending_.find('\n');
    if (newline != std::string::npos) {
      std::string line = pending_.substr(0, newline);
      pending_.erase(0, newline + 1);
      return line;
    }
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd poll_fd{fd_.get(), POLLIN, 0};
    if (left.count() <= 0 || poll(&poll_fd, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
    char buffer[65536];
    ssize_t size = recv(fd_.get(), buffer, sizeof buffer, 0);
    if (size <= 0) return std::nullopt;
    pending_.append(buffer, static_cast<size_t>(size));
  }
}

json AgentConnection::Request(const std::string& method, json parameters) {
  int id = next_id_++;
  SendLine(json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(parameters)}}.dump());
  for (;;) {
    auto line = ReadLine(std::chrono::seconds(60));
    if (!line) return json{{"closed", true}};
    json answer = json::parse(*line, nullptr, false);
    if (answer.is_object() && answer.value("id", json()) == id) return answer;
  }
}

bool AgentConnection::Initialize() {
  json answer = Request("initialize", {{"protocolVersion", "2025-11-25"},
                                       {"capabilities", json::object()},
                                       {"clientInfo", {{"name", "flow"}, {"version", "1"}}}});
  SendLine(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  return answer.contains("result");
}

json AgentConnection::Call(const std::string& tool, json arguments) {
  json answer = Request("tools/call", {{"name", tool}, {"arguments", std::move(arguments)}});
  return answer.contains("result") ? answer["result"] : answer;
}

namespace {
void GiveToOwner(const fs::path& path) {
  if (chown(path.c_str(), kOwner, kOwner) != 0) std::abort();
}
}  // namespace

Host::Host(HostOptions options) : options_(std::move(options)) {
  char pattern[] = "/srv/warder-flow.XXXXXX";
  directory_ = mkdtemp(pattern);
  chmod(directory_.c_str(), 0755);
  state_ = options_.state.empty() ? directory_ / "state" : fs::path(options_.state);
  fs::create_directory(workspace());
  GiveToOwner(workspace());
  WritePolicy(options_.policy.empty() ? kPolicy : options_.policy);
  if (!options_.org.empty()) WriteLayer("org", options_.org);
  if (!options_.team.empty()) WriteLayer("team", options_.team);
  WriteHostFile();
}

void Host::WriteLayer(const std::string& layer, const std::string& text) {
  std::ofstream(directory_ / (layer + ".yaml")) << text;
}

void Host::WriteWorkspaceFile(const std::string& path, const std::string& text) {
  fs::path full = workspace() / path;
  for (fs::path up = full.parent_path(); up != workspace(); up = up.parent_path()) {
    fs::create_directories(up);
    GiveToOwner(up);
  }
  std::ofstream(full) << text;
  GiveToOwner(full);
}

void Host::WriteHostFile() {
  std::string d = directory_.string();
  std::ofstream out(directory_ / "warder.yaml");
  out << "host: 1\nname: flow-host\n"
      << "paths: { state: " << state_.string() << ", run: " << d << "/run, stop-file: " << d << "/stop }\n"
      << "identities: { broker: 1900070001, ledger: 1900070002, admin-group: " << kAdminGroup
      << ", session-uids: 1900000000..1900000999 }\n"
      << "people:\n"
      << "  - { who: \"user:0\", may: [status, sessions, policy, stop, resume, reload, drain, "
         "audit-read] }\n"
      << "  - { who: \"user:" << kLead << "\", may: [status, sessions, approve] }\n"
      << "bounds:\n  trees: [" << d << "]\n  roots: [host-usr]\n"
      << (options_.sources.empty() ? "" : "  sources: [" + options_.sources + "]\n")
      << "  limits: { wall: 1m, cpu: 1m, memory: 1GiB, pids: 256, disk: 1GiB, output: " << options_.output
      << " }\n  jails: { running: 16 }\n"
      << "policy:\n  owners: [root]\n  layers:\n    project: { flow: " << d << "/policy.yaml }\n"
      << (options_.org.empty() ? "" : "    org: [" + d + "/org.yaml]\n")
      << (options_.team.empty() ? "" : "    team: { crew: " + d + "/team.yaml }\n")
      << "agents:\n  tester:\n    uid: " << kAgent << "\n    layers: { project: flow"
      << (options_.team.empty() ? "" : ", team: crew") << " }\n"
      << "    workspaces: [{ dir: " << d << "/ws, owner: " << kOwner << " }]\n    sessions: 16\n"
      << "    approvers: [\"user:" << kLead << "\"]\n"
      << "ledger: { dir: " << state_.string() << "/log, segment: 4MiB, free-space: { warn: 8MiB, refuse: 4MiB } }\n"
      << "approvals: { timeout: 3s, waiting: 10, per-session: 5 }\n"
      << options_.extra_host;
}

bool Host::Start() {
  std::string program = std::string(WARDER_BIN_DIR) + "/warderd";
  std::string host_file = directory_ / "warder.yaml", log = directory_ / "warderd.log";
  pid_ = fork();
  if (pid_ == 0) {
    int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    std::vector<char*> argv;
    for (const std::string& word : options_.wrapper) argv.push_back(const_cast<char*>(word.c_str()));
    for (const char* word : {program.c_str(), "--host-file", host_file.c_str()})
      argv.push_back(const_cast<char*>(word));
    for (const std::string& word : options_.arguments) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  return Until([&] { return !running() || ConnectTo(run() / "admin.sock", 0); }, std::chrono::seconds(30)) && running();
}

bool Host::running() const {
  if (pid_ <= 0) return false;
  siginfo_t status{};
  return waitid(P_PID, static_cast<id_t>(pid_), &status, WEXITED | WNOHANG | WNOWAIT) == 0 && status.si_pid == 0;
}

int Host::Stop() {
  if (pid_ <= 0) return 0;
  kill(pid_, SIGTERM);
  Until([&] { return !running(); }, std::chrono::seconds(40));
  if (running()) kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

Host::~Host() {
  Stop();
  EXPECT_TRUE(Until([&] { return JailedProcesses().empty(); }, std::chrono::seconds(10)))
      << "a jailed process outlived the host";
  if (testing::Test::HasFailure()) std::fprintf(stderr, "warderd said:\n%s\n", output().c_str());
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::string Host::output() const {
  std::ifstream in(directory_ / "warderd.log");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

UniqueFd Host::ConnectTo(const std::string& socket_path, uid_t uid) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // The kernel keeps the credentials of the moment of connect(2); root's own way past the file's mode is kept
  // out of it, since the sockets' modes are part of what is tested.
  // At the admin socket everybody is in its group, the agent too: its uid alone must keep it out.
  gid_t group = socket_path.ends_with("admin.sock") ? kAdminGroup : uid;
  if (uid != 0 && (setegid(group) != 0 || seteuid(uid) != 0)) std::abort();
  int result = connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  if (uid != 0 && (seteuid(0) != 0 || setegid(0) != 0)) std::abort();
  return result == 0 ? std::move(fd) : UniqueFd();
}

std::unique_ptr<AgentConnection> Host::Connect(uid_t uid) {
  UniqueFd fd = ConnectTo(run() / "agents" / "tester.sock", uid);
  if (!fd) return nullptr;
  auto connection = std::make_unique<AgentConnection>(std::move(fd));
  return connection->Initialize() ? std::move(connection) : nullptr;
}

json Host::Admin(uid_t uid, const std::string& method, json parameters) {
  UniqueFd fd = ConnectTo(run() / "admin.sock", uid);
  if (!fd) return json{{"refused", true}};
  AgentConnection connection(std::move(fd));
  json answer = connection.Request(method, std::move(parameters));
  return answer.contains("result") ? answer["result"] : answer;
}

namespace {

std::string Read(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<Process> AllProcesses() {
  std::vector<Process> out;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::string stat = Read(entry.path() / "stat");
    size_t end = stat.rfind(')');
    if (end == std::string::npos || end + 4 > stat.size()) continue;
    Process process;
    process.pid = std::stoi(name);
    process.parent = std::stoi(stat.substr(end + 4));
    if (stat[end + 2] == 'Z') continue;
    std::error_code error;
    process.name = fs::read_symlink(entry.path() / "exe", error).filename();
    if (!process.name.empty()) out.push_back(process);  // none: it has ended meanwhile
  }
  return out;
}

}  // namespace

std::vector<Process> Host::Processes() const {
  std::vector<Process> all = AllProcesses(), out;
  std::vector<pid_t> wanted{pid_};
  for (size_t i = 0; i < wanted.size(); ++i)
    for (const Process& p : all)
      if (p.parent == wanted[i] || (i == 0 && p.pid == pid_)) {
        out.push_back(p);
        if (p.pid != pid_) wanted.push_back(p.pid);
      }
  return out;
}

std::vector<Process> Host::ProcessesNamed(const std::string& name) const {
  std::vector<Process> out;
  for (const Process& p : Processes())
    if (p.name == name) out.push_back(p);
  return out;
}

std::vector<pid_t> Host::JailedProcesses() const {
  std::vector<pid_t> out;
  for (const Process& p : AllProcesses()) {
    std::string text = Read("/proc/" + std::to_string(p.pid) + "/status");
    size_t at = text.find("\nUid:\t");
    if (at == std::string::npos) continue;
    unsigned long uid = std::stoul(text.substr(at + 6));
    if (uid >= 1900000000 && uid <= 1900000999) out.push_back(p.pid);
  }
  return out;
}

std::pair<int, std::string> Host::Execute(const std::vector<std::string>& argv) {
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) return {-1, ""};
  pid_t child = fork();
  if (child == 0) {
    dup2(pipe_fds[1], 1);
    dup2(pipe_fds[1], 2);
    std::vector<char*> words;
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execvp(words[0], words.data());
    _exit(127);
  }
  close(pipe_fds[1]);
  std::string output;
  char buffer[4096];
  for (ssize_t size; (size = read(pipe_fds[0], buffer, sizeof buffer)) > 0;)
    output.append(buffer, static_cast<size_t>(size));
  close(pipe_fds[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), output};
}

}  // namespace warder::flow
