// How does `warder` start a warderd of its own, and end it? See host_process.h.
#include "cli/host_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/connect.h"

namespace warder::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPoll{5};
constexpr size_t kMaxShownLog = 8192;

void Pause() {
  timespec pause{0, std::chrono::nanoseconds(kPoll).count()};
  nanosleep(&pause, nullptr);
}

// In the child: nothing of the caller's but the log; default signals; then warderd.
[[noreturn]] void BecomeHost(const char* program, char* const* argv, int log) {
  setsid();
  int null = open("/dev/null", O_RDWR);
  if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) _exit(126);
  close_range(3, ~0U, 0);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // The environment of whoever called is nothing that a host needs; some of them carry keys.
  char* const environment[] = {const_cast<char*>("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nullptr};
  execve(program, argv, environment);
  _exit(127);
}

// Whether it ended, without taking its status away from waitpid.
bool Ended(pid_t pid) {
  siginfo_t status{};
  return waitid(P_PID, static_cast<id_t>(pid), &status, WEXITED | WNOHANG | WNOWAIT) != 0 || status.si_pid == pid;
}

std::string Tail(const std::string& file) {
  Result<std::string> text = ReadFile(file, 16 * 1024 * 1024);
  if (!text || text->empty()) return "it said nothing";
  std::string tail = text->size() > kMaxShownLog ? text->substr(text->size() - kMaxShownLog) : *text;
  tail.erase(tail.find_last_not_of('\n') + 1);
  return ForTerminal(tail, true);
}

}  // namespace

Result<std::string> ProgramOfOurs(const std::string& name) {
  std::error_code error;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return Fail(Code::kSystem, "/proc/self/exe can not be read: " + error.message());
  std::string beside = self.parent_path() / name;
  std::string installed = self.parent_path().parent_path() / "libexec/warder" / name;
  for (const std::string& path : {beside, installed})
    if (access(path.c_str(), X_OK) == 0) return path;
  return Fail(Code::kNotFound, name + " is neither " + beside + " nor " + installed,
              "build or install all programs of warder");
}

Result<pid_t> StartHost(const std::vector<std::string>& arguments, const std::string& admin_socket,
                        const std::string& log_file, std::chrono::milliseconds wait) {
  WARDER_TRY(std::string program, ProgramOfOurs("warderd"));
  UniqueFd log(open(log_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!log) return FailErrno("open " + log_file);
  std::vector<char*> argv{program.data()};
  for (const std::string& word : arguments) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t pid = fork();
  if (pid < 0) return FailErrno("fork");
  if (pid == 0) BecomeHost(program.c_str(), argv.data(), log.get());
  for (auto end = Clock::now() + wait; Clock::now() < end; Pause()) {
    if (Ended(pid)) {
      int status = 0;
      waitpid(pid, &status, 0);
      return Fail(Code::kUnavailable, "the host did not start: " + Tail(log_file), "see `warder doctor`");
    }
    if (ConnectTo(admin_socket)) return pid;
  }
  StopHost(pid, std::chrono::milliseconds(0));
  return Fail(Code::kUnavailable, "the host did not answer in time: " + Tail(log_file), "see `warder doctor`");
}

int StopHost(pid_t pid, std::chrono::milliseconds wait) {
  kill(pid, SIGTERM);
  for (auto end = Clock::now() + wait; !Ended(pid) && Clock::now() < end;) Pause();
  if (!Ended(pid)) kill(pid, SIGKILL);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace warder::cli
