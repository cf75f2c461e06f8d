// Steps about the process itself: signals, cgroups, namespaces, host name, limits.
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "sandbox/enter/jail.h"
#include "sandbox/tables/rlimits.h"

namespace warder::enter {
namespace {

constexpr const char* kNamespaceNames[] = {"mnt", "pid", "net", "ipc", "uts"};

bool Settable(int signal) { return signal != SIGKILL && signal != SIGSTOP && (signal < 32 || signal >= SIGRTMIN); }

Result<std::string> ReadLink(int directory, const std::string& path) {
  char buffer[4096];
  ssize_t size = readlinkat(directory, path.c_str(), buffer, sizeof buffer);
  if (size < 0) return FailErrno("readlink " + path);
  return std::string(buffer, static_cast<size_t>(size));
}

// The value that a row asks for, below the hard limit in force; RLIM_INFINITY: leave it alone.
rlim_t WantedLimit(const Jail& jail, const tables::RlimitRow& row) {
  const wire::Limits& limits = jail.plan.limits;
  switch (row.from) {
    case tables::LimitFrom::kFixed:
      return row.value;
    case tables::LimitFrom::kFiles:
      if (jail.room.role == wire::EnterRole::kSessionHands) return tables::kHandsFiles;
      return std::max(limits.files, tables::kFewestFiles);
    case tables::LimitFrom::kDisk:
      return limits.disk_bytes == 0 ? RLIM_INFINITY : limits.disk_bytes;
    case tables::LimitFrom::kCpu:
      return limits.cpu_ms == 0 ? RLIM_INFINITY : (limits.cpu_ms + 999) / 1000;
  }
  return RLIM_INFINITY;
}

// The kernel's SIGXCPU comes at the soft limit; SIGKILL a second later for who ignores it.
rlim_t HardLimit(const tables::RlimitRow& row, rlim_t soft) { return row.resource == RLIMIT_CPU ? soft + 1 : soft; }

}  // namespace

Status ResetSignals(Jail&) {
  struct sigaction action{};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal <= SIGRTMAX; ++signal)
    if (Settable(signal) && sigaction(signal, &action, nullptr) != 0) return FailErrno("sigaction");
  sigset_t none;
  sigemptyset(&none);
  if (sigprocmask(SIG_SETMASK, &none, nullptr) != 0) return FailErrno("sigprocmask");
  umask(022);
  if (setpriority(PRIO_PROCESS, 0, 0) != 0) return FailErrno("setpriority");
  itimerval off{};
  for (int timer : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF})
    if (setitimer(static_cast<__itimer_which_t>(timer), &off, nullptr) != 0) return FailErrno("setitimer");
  return {};
}

Status SignalsAreReset(const Jail&) {
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    struct sigaction action{};
    if (Settable(signal) && (sigaction(signal, nullptr, &action) != 0 || action.sa_handler != SIG_DFL))
      return Fail(Code::kConflict, "signal " + std::to_string(signal) + " has another disposition");
  }
  if (getsid(0) != 1) return Fail(Code::kConflict, "another process's session");
  sigset_t mask;
  if (sigprocmask(SIG_SETMASK, nullptr, &mask) != 0 || !sigisemptyset(&mask))
    return Fail(Code::kConflict, "signals are blocked");
  if (umask(022) != 022) return Fail(Code::kConflict, "another umask");
  errno = 0;
  if (getpriority(PRIO_PROCESS, 0) != 0 || errno != 0) return Fail(Code::kConflict, "another niceness");
  itimerval timer{};
  if (getitimer(ITIMER_REAL, &timer) != 0 || timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0)
    return Fail(Code::kConflict, "a timer runs");
  return {};
}

Status JoinCgroups(Jail& jail) {
  for (int i = 0; i < jail.room.cgroup_count; ++i)
    if (write(wire::kEnterCgroupFirstFd + i, "0", 1) != 1) return FailErrno("cgroup.procs");
  return {};
}

Status CgroupsAreJoined(const Jail& jail) {
  if (jail.room.cgroup_count == 0) return {};
  WARDER_TRY(std::string mine, ReadFile("/proc/self/cgroup", 65536));
  if (jail.own_cgroup_namespace) {
    // Its roots are where this process was at unshare: still there means "/" in every line but those of
    // hierarchies that moved nobody.
    size_t at_root = 0;
    for (size_t at = mine.find(":/\n"); at != std::string::npos; at = mine.find(":/\n", at + 1)) ++at_root;
    if (at_root != static_cast<size_t>(std::count(mine.begin(), mine.end(), '\n')))
      return Fail(Code::kConflict, "this process left its cgroup");
    return {};
  }
  for (int i = 0; i < jail.room.cgroup_count; ++i) {
    int fd = wire::kEnterCgroupFirstFd + i;
    WARDER_TRY(std::string link, ReadLink(AT_FDCWD, "/proc/self/fd/" + std::to_string(fd)));
    std::string group = link.substr(0, link.rfind('/'));
    bool found = false;
    for (size_t start = 0; start < mine.size() && !found;) {
      size_t end = std::min(mine.find('\n', start), mine.size());
      std::string line = mine.substr(start, end - start);
      size_t colon = line.find(':', line.find(':') + 1);
      std::string path = colon == std::string::npos ? "" : line.substr(colon + 1);
      found = path.size() > 1 && group.ends_with(path);
      start = end + 1;
    }
    if (!found) return Fail(Code::kConflict, "not a member of " + group);
  }
  return {};
}

Status OwnNamespaces(Jail& jail) {
  jail.host_root.Reset(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  jail.host_proc.Reset(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  jail.host_stat.Reset(open("/proc/self/stat", O_RDONLY | O_CLOEXEC));
  if (!jail.host_root || !jail.host_proc || !jail.host_stat) return FailErrno("the host's /proc");
  // Here and not at clone3: warderd's one thread does not wait for a network namespace to be made.
  if (unshare(CLONE_NEWCGROUP | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0)
    return FailErrno("unshare of namespaces");
  jail.own_cgroup_namespace = true;
  std::string parent = std::to_string(jail.room.parent_pid) + "/ns/";
  for (const char* name : kNamespaceNames) {
    WARDER_TRY(std::string own, ReadLink(jail.host_proc.get(), std::string("self/ns/") + name));
    WARDER_TRY(std::string other, ReadLink(jail.host_proc.get(), parent + name));
    if (own == other) return Fail(Code::kDenied, std::string("the namespace ") + name + " is the parent's");
    jail.namespace_links.push_back(std::move(own));
  }
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return FailErrno("private mounts");
  return {};
}

Status NamespacesAreOwn(const Jail& jail) {
  if (getpid() != 1) return Fail(Code::kConflict, "not the first process of a pid namespace");
  // Before the jail's own /proc is there, host_proc is; afterwards the path is the jail's.
  for (size_t i = 0; i < std::size(kNamespaceNames); ++i) {
    std::string path = std::string("self/ns/") + kNamespaceNames[i];
    auto now = jail.pivoted ? ReadLink(AT_FDCWD, "/proc/" + path) : ReadLink(jail.host_proc.get(), path);
    if (!now) return std::unexpected(now.error());
    if (*now != jail.namespace_links[i]) return Fail(Code::kConflict, path + " is another namespace now");
  }
  return {};
}

Status NameHost(Jail& jail) {
  if (sethostname(jail.spec.host_name.data(), jail.spec.host_name.size()) != 0) return FailErrno("sethostname");
  if (setdomainname("", 0) != 0) return FailErrno("setdomainname");
  return {};
}

Status HostIsNamed(const Jail& jail) {
  utsname name;
  if (uname(&name) != 0 || jail.spec.host_name != name.nodename) return Fail(Code::kConflict, "another host name");
  return {};
}

Status RaiseLoopback(Jail&) {
  UniqueFd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  if (!socket_fd || ioctl(socket_fd.get(), SIOCGIFFLAGS, &request) != 0) return FailErrno("loopback");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_RUNNING);
  if (ioctl(socket_fd.get(), SIOCSIFFLAGS, &request) != 0) return FailErrno("loopback up");
  return {};
}

Status LoopbackIsAlone(const Jail& jail) {
  if (jail.room.role == wire::EnterRole::kSessionHands && jail.gave_up_root) return {};  // hands have no socket(2)
  UniqueFd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq requests[8];
  ifconf all{};
  all.ifc_len = sizeof requests;
  all.ifc_req = requests;
  if (!socket_fd || ioctl(socket_fd.get(), SIOCGIFCONF, &all) != 0) return FailErrno("interfaces");
  if (all.ifc_len != sizeof(ifreq) || std::strcmp(requests[0].ifr_name, "lo") != 0)
    return Fail(Code::kDenied, "an interface other than loopback has an address");
  return {};
}

Status SetLimits(Jail& jail) {
  for (const tables::RlimitRow& row : tables::kRlimits) {
    rlim_t wanted = WantedLimit(jail, row);
    rlimit now;
    if (getrlimit(row.resource, &now) != 0) return FailErrno(row.name);
    if (wanted == RLIM_INFINITY) continue;
    now.rlim_max = std::min(now.rlim_max, HardLimit(row, wanted));
    now.rlim_cur = std::min(now.rlim_max, wanted);
    if (setrlimit(row.resource, &now) != 0) return FailErrno(std::string("limit of ") + row.name);
  }
  return {};
}

Status LimitsAreSet(const Jail& jail) {
  for (const tables::RlimitRow& row : tables::kRlimits) {
    rlim_t wanted = WantedLimit(jail, row);
    rlimit now;
    if (getrlimit(row.resource, &now) != 0) return FailErrno(row.name);
    if (wanted != RLIM_INFINITY && (now.rlim_cur > wanted || now.rlim_max > HardLimit(row, wanted)))
      return Fail(Code::kConflict, std::string("the limit of ") + row.name + " is larger");
    // 0 is not stricter here (rlimits.h): the host gave none, so the helper would run.
    if (row.resource == RLIMIT_CORE && now.rlim_cur != 1) return Fail(Code::kConflict, "the limit of core is not 1");
  }
  return {};
}

}  // namespace warder::enter
