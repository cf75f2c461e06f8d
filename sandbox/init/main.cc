// warder-init, pid 1 of a jail: runs the plan's commands with their pipes and redirections, reaps, reports.
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "sandbox/probe/probe.h"
#include "wire/enter_spec.h"
#include "wire/plan.h"
#include "wire/report.h"

namespace warder::init {
namespace {

constexpr int kPlanFd = 3, kWordFd = 4, kStatusFd = 5, kProgramFirstFd = 10;  // docs/formats/processes.md

// Built from nothing: what programs need to start at all. The plan adds to it.
constexpr const char* kEnvironment[][2] = {
    {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"},
    {"HOME", "/tmp"},     // the only place that is always writable
    {"LANG", "C.UTF-8"},  // in libc itself: no locale files needed
    {"TERM", "dumb"},     // no cursor movement in output that people and models read
    {"TMPDIR", "/tmp"}};

using Environment = std::vector<std::pair<std::string, std::string>>;

void Put(Environment& environment, const std::string& name, const std::string& value) {
  for (auto& [known, old] : environment) {
    if (known != name) continue;
    old = value;
    return;
  }
  environment.emplace_back(name, value);
}

template <typename T>
void Report(const T& message) {
  std::string bytes = flat::EncodeMessage(message);
  auto size = static_cast<uint16_t>(bytes.size());
  // A keeper that is gone needs no report; warderd ends this jail.
  [[maybe_unused]] Status ignored =
      WriteAll(kStatusFd, std::string(reinterpret_cast<const char*>(&size), sizeof size) + bytes);
}

[[noreturn]] void Die(const std::string& words, int code) {
  std::string line = "warder: " + words + "\n";
  [[maybe_unused]] Status ignored = WriteAll(STDERR_FILENO, line);
  _exit(code);
}

void Redirect(const wire::Redirection& redirection) {
  int from = redirection.from_fd;
  if (redirection.kind != wire::RedirectKind::kDuplicate) {
    int flags = redirection.kind == wire::RedirectKind::kRead       ? O_RDONLY
                : redirection.kind == wire::RedirectKind::kTruncate ? O_WRONLY | O_CREAT | O_TRUNC
                                                                    : O_WRONLY | O_CREAT | O_APPEND;
    // The path was resolved when it was decided: a symlink at its end is a change since then.
    from = open(redirection.path.c_str(), flags | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0666);
    if (from < 0) Die(ForTerminal(redirection.path) + ": " + strerrordesc_np(errno), 1);
  }
  if (from != redirection.fd && dup2(from, redirection.fd) < 0) Die("a redirection failed", 1);
}

[[noreturn]] void Exec(const wire::RunPlan& plan, size_t index) {
  const wire::Command& command = plan.commands[index];
  Environment environment;
  for (const auto& [name, value] : kEnvironment) Put(environment, name, value);
  for (const auto& [name, value] : plan.environment) Put(environment, name, value);
  for (const auto& [name, value] : command.environment) Put(environment, name, value);
  std::vector<std::string> lines;
  for (const auto& [name, value] : environment) lines.push_back(name + "=" + value);
  std::vector<const char*> argv, envp;
  for (const std::string& word : command.argv) argv.push_back(word.c_str());
  for (const std::string& line : lines) envp.push_back(line.c_str());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  syscall(SYS_execveat, kProgramFirstFd + static_cast<int>(index), "", argv.data(), envp.data(), AT_EMPTY_PATH);
  int error = errno;
  Die(ForTerminal(command.program) + ": " + strerrordesc_np(error), error == ENOENT ? 127 : 126);
}

// Waits until the call is recorded. False: it never will be.
bool HearWord() {
  char word[8];
  ssize_t size;
  do size = read(kWordFd, word, sizeof word);
  while (size < 0 && errno == EINTR);
  close(kWordFd);
  return size > 0 && wire::kRunWord == std::string_view(word, static_cast<size_t>(size));
}

// Runs the list; the only object that knows about children.
class List {
 public:
  explicit List(const wire::RunPlan& plan) : plan_(plan) {
    sigemptyset(&awaited_);
    for (int signal : {SIGCHLD, SIGTERM}) sigaddset(&awaited_, signal);
    // Blocked signals queue even for a first process, so TERM of the keeper arrives here and nowhere else.
    sigprocmask(SIG_BLOCK, &awaited_, nullptr);
  }

  void Run() {
    for (size_t i = 0; i < plan_.commands.size() && !ended_;) {
      size_t end = i + 1;
      while (end < plan_.commands.size() && plan_.commands[end].join == wire::Join::kPipe) ++end;
      wire::Join join = plan_.commands[i].join;
      if (!(join == wire::Join::kAnd && status_ != 0) && !(join == wire::Join::kOr && status_ == 0))
        RunPipeline(i, end);
      i = end;
    }
  }

  // Ends whatever the commands left behind, so that nothing outlives the list.
  wire::ListEnded Finish() {
    kill(-1, SIGKILL);
    while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    auto nanoseconds = [](const timeval& t) {
      return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(t.tv_usec) * 1000u;
    };
    return {command_, status_, static_cast<uint64_t>(usage.ru_maxrss) * 1024u,
            nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime)};
  }

 private:
  void RunPipeline(size_t first, size_t end) {
    command_ = static_cast<uint32_t>(end - 1);
    if (plan_.commands[first].change_directory) {
      const std::string& directory = plan_.commands[first].directory;
      bool changed = chdir(directory.c_str()) == 0;
      status_ = changed ? 0 : 1 << 8;
      std::string words = "warder: cd: " + ForTerminal(directory) + ": " + strerrordesc_np(errno) + "\n";
      if (!changed) [[maybe_unused]]
        Status ignored = WriteAll(STDERR_FILENO, words);
      return;
    }
    std::vector<pid_t> members;
    int input = -1;
    for (size_t i = first; i < end; ++i) {
      int pipe_fds[2] = {-1, -1};
      if (i + 1 < end && pipe2(pipe_fds, O_CLOEXEC) != 0) Die("no pipe", 125);
      members.push_back(Start(i, input, pipe_fds[1]));
      if (input >= 0) close(input);
      if (pipe_fds[1] >= 0) close(pipe_fds[1]);
      input = pipe_fds[0];
    }
    Await(members);
  }

  pid_t Start(size_t index, int input, int output) {
    pid_t child = fork();
    if (child < 0) {
      std::string words = std::string("warder: no new process: ") + strerrordesc_np(errno) + "\n";
      [[maybe_unused]] Status ignored = WriteAll(STDERR_FILENO, words);
      return -1;
    }
    if (child > 0) return child;
    if ((input >= 0 && dup2(input, 0) < 0) || (output >= 0 && dup2(output, 1) < 0)) Die("a pipe failed", 125);
    for (const wire::Redirection& redirection : plan_.commands[index].redirections) Redirect(redirection);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    Exec(plan_, index);
  }

  // Waits for all members; the last one's status counts. Reaps orphans on the way.
  void Await(const std::vector<pid_t>& members) {
    size_t left = 0;
    for (pid_t member : members) left += member > 0 ? 1 : 0;
    if (members.back() < 0) status_ = 125 << 8;
    while (left > 0) {
      int status = 0;
      pid_t ended = waitpid(-1, &status, WNOHANG);
      if (ended < 0 && errno == ECHILD) return;
      if (ended <= 0) {
        HearSignal();
        continue;
      }
      for (pid_t member : members) left -= member == ended ? 1 : 0;
      if (ended == members.back()) status_ = status;
    }
  }

  void HearSignal() {
    siginfo_t signal{};
    if (sigwaitinfo(&awaited_, &signal) != SIGTERM) return;
    // 0: from outside this pid namespace, the keeper; a jailed process may not end the list.
    if (signal.si_pid != 0) return;
    ended_ = true;
    kill(-1, SIGTERM);
    kill(-1, SIGCONT);  // a stopped process takes its TERM only when it goes on
  }

  const wire::RunPlan& plan_;
  sigset_t awaited_;
  bool ended_ = false;
  int status_ = 0;
  uint32_t command_ = 0;
};

int Main(const char* started) {
  close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
  // exec made this process dumpable again (prctl(2)); nothing else runs in the jail yet.
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return 125;
  if (std::strcmp(started, "--probe") == 0) return RunProbe();
  auto bytes = ReadSealed(kPlanFd, limits::kMaxPlanBytes);
  auto plan = bytes ? wire::ParseRunPlan(*bytes) : Result<wire::RunPlan>(std::unexpected(bytes.error()));
  if (!plan) {
    Report(wire::SetupFailed{"init: plan", 0, plan.error().what});
    return 125;
  }
  if (chdir(plan->directory.c_str()) != 0) {
    Report(wire::SetupFailed{"init: directory", errno, plan->directory.substr(0, 1024)});
    return 125;
  }
  const uint64_t ready = MonotonicNs();
  if (!HearWord()) return 125;
  Report(wire::JailStarted{ready - ParseDecimal(started).value_or(ready)});
  List list(*plan);
  list.Run();
  Report(list.Finish());
  return 0;
}

}  // namespace
}  // namespace warder::init

int main(int argc, char** argv) {
  if (argc != 2 || getpid() != 1) return 2;  // of no use outside a jail
  return warder::init::Main(argv[1]);
}
