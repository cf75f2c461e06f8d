// How does a child of warderd come to be? See spawn.h.
#include "sandbox/jailer/spawn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace warder::jailer {
namespace {

// Sources are moved here first, so that no target is overwritten before it was copied.
constexpr int kParkedFd = 400;

[[noreturn]] void ChildFailed(const char* step) {
  int error = errno;
  const char* words[] = {"warderd: starting a program: ", step, ": ", strerror(error), "\n"};
  for (const char* word : words)
    if (write(2, word, strlen(word)) < 0) break;
  _exit(127);
}

void PlaceDescriptors(const std::vector<std::pair<int, int>>& fds) {
  std::vector<int> parked;
  for (const auto& [target, source] : fds) parked.push_back(fcntl(source, F_DUPFD, kParkedFd));
  int next = 0;
  for (size_t i = 0; i < fds.size(); ++i) {
    if (parked[i] < 0 || dup2(parked[i], fds[i].first) < 0) ChildFailed("descriptors");
    if (fds[i].first > next &&
        close_range(static_cast<unsigned>(next), static_cast<unsigned>(fds[i].first - 1), 0) != 0)
      ChildFailed("close_range");
    next = fds[i].first + 1;
  }
  if (close_range(static_cast<unsigned>(next), ~0u, 0) != 0) ChildFailed("close_range");
}

// The raw system calls: glibc's wrappers signal other threads, of which a fresh clone has none.
void GiveUpPrivilege(const Spawn& spawn) {
  for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; ++cap)
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) ChildFailed("bounding set");
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) ChildFailed("ambient set");
  if (syscall(SYS_setgroups, 0, nullptr) != 0) ChildFailed("setgroups");
  if (syscall(SYS_setresgid, spawn.gid, spawn.gid, spawn.gid) != 0) ChildFailed("setresgid");
  if (syscall(SYS_setresuid, spawn.uid, spawn.uid, spawn.uid) != 0) ChildFailed("setresuid");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  if (capset(&header, none) != 0) ChildFailed("capset");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ChildFailed("no_new_privs");
}

[[noreturn]] void RunChild(const Spawn& spawn, const std::vector<std::pair<int, int>>& fds, pid_t parent) {
  std::vector<char*> argv;
  for (const std::string& word : spawn.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  char* environment[] = {nullptr};
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &standard, nullptr);
  // No process group or terminal of ours: a jail could signal or renice who shares them.
  if (setsid() < 0) ChildFailed("setsid");
  PlaceDescriptors(fds);
  // Opened as root: our programs may lie below a directory (a 0700 home) that the child's uid can not enter.
  int program = open(spawn.program.c_str(), O_PATH | O_CLOEXEC);
  if (program < 0) ChildFailed(spawn.program.c_str());
  if (!spawn.stays_root) GiveUpPrivilege(spawn);
  // After setresuid, which clears it. In a new pid namespace getppid() says 0 whoever lives.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) ChildFailed("PDEATHSIG");
  if ((spawn.clone_flags & CLONE_NEWPID) == 0 && getppid() != parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  syscall(SYS_execveat, program, "", argv.data(), environment, AT_EMPTY_PATH);
  ChildFailed(spawn.program.c_str());
}

}  // namespace

void Child::Kill() const {
  if (alive()) syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

Result<Child> SpawnChild(const Spawn& spawn) {
  // A uid that nobody filled in must not become root.
  WARDER_CHECK(spawn.stays_root || (spawn.uid != 0 && spawn.gid != 0));
  UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return FailErrno("/dev/null");
  auto fds = spawn.fds;
  for (auto [target, source] : {std::pair{0, null.get()}, {1, null.get()}, {2, 2}})
    if (std::none_of(fds.begin(), fds.end(), [t = target](const auto& pair) { return pair.first == t; }))
      fds.emplace_back(target, source);
  std::sort(fds.begin(), fds.end());
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_PIDFD | spawn.clone_flags | (spawn.cgroup >= 0 ? CLONE_INTO_CGROUP : 0);
  arguments.pidfd = reinterpret_cast<uintptr_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<uint64_t>(std::max(spawn.cgroup, 0));
  pid_t parent = getpid();
  long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid < 0) return FailErrno("clone3 for " + spawn.argv[0]);
  if (pid == 0) RunChild(spawn, fds, parent);
  Child child;
  child.pid = static_cast<pid_t>(pid);
  child.pidfd = UniqueFd(pidfd);
  return child;
}

}  // namespace warder::jailer
