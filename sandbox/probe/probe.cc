// Does this jail refuse what it must? A table of forbidden acts, each with the refusal that is expected.
#include "sandbox/probe/probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/file.h"

namespace warder::init {
namespace {

// 0: the act succeeded (bad); else its errno.
int Of(long result) { return result < 0 ? errno : 0; }
int Open(const char* path, int flags) { return Of(open(path, flags | O_CLOEXEC, 0600)); }

int RunFromTmp() {
  int fd = open("/tmp/probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  if (fd < 0 || write(fd, "#!/usr/bin/true\n", 16) != 16) return 255;
  close(fd);
  return Of(execl("/tmp/probe", "/tmp/probe", nullptr));
}

int RunFromMemory() {
  int fd = static_cast<int>(syscall(SYS_memfd_create, "probe", 0u));
  if (fd < 0) return errno;
  if (write(fd, "#!/usr/bin/true\n", 16) != 16) return 255;
  const char* argv[] = {"probe", nullptr};
  return Of(syscall(SYS_execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH));
}

int ConnectOut() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(53);
  address.sin_addr.s_addr = htonl(0xc0000201);  // 192.0.2.1, TEST-NET-1 of RFC 5737
  return Of(connect(socket(AF_INET, SOCK_DGRAM, 0), reinterpret_cast<sockaddr*>(&address), sizeof address));
}

// EEXIST stands for: something other than loopback has an address.
int OtherInterface() {
  ifreq requests[8];
  ifconf all{};
  all.ifc_len = sizeof requests;
  all.ifc_req = requests;
  if (ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCGIFCONF, &all) != 0) return errno;
  bool only_loopback = all.ifc_len == sizeof(ifreq) && std::strcmp(requests[0].ifr_name, "lo") == 0;
  return only_loopback ? ENODEV : 0;
}

int MakeSetid() {
  int fd = open("/tmp/setid", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  return fd < 0 ? 255 : Of(fchmod(fd, 04755));
}

int Int80() {
  long result = 20;  // getpid in the 32-bit table
  asm volatile("int $0x80" : "+a"(result) : : "memory");
  return result < 0 ? static_cast<int>(-result) : 0;
}

constexpr int kKilled = 254;
constexpr rlimit kNothing{0, 0};

struct Act {
  const char* name;
  int (*act)();
  int expected;
  int or_expected;
};

constexpr Act kActs[] = {
    {"write-usr", [] { return Open("/usr/bin/true", O_WRONLY); }, EROFS, EACCES},
    {"write-root", [] { return Open("/probe", O_WRONLY | O_CREAT); }, EROFS, EACCES},
    {"write-proc", [] { return Open("/proc/self/oom_score_adj", O_WRONLY); }, EROFS, EACCES},
    {"write-sysctl", [] { return Open("/proc/sys/kernel/core_pattern", O_WRONLY); }, EROFS, EACCES},
    {"read-init", [] { return Open("/proc/1/environ", O_RDONLY); }, EPERM, ENOENT},
    {"read-keys", [] { return Open("/proc/keys", O_RDONLY); }, EACCES, ENOENT},
    {"read-shadow", [] { return Open("/etc/shadow", O_RDONLY); }, ENOENT, ENOENT},
    {"mount", [] { return Of(mount("none", "/tmp", "tmpfs", 0, nullptr)); }, EPERM, EPERM},
    {"umount", [] { return Of(umount2("/proc", MNT_DETACH)); }, EPERM, EPERM},
    {"user-namespace", [] { return Of(unshare(CLONE_NEWUSER)); }, EPERM, EPERM},
    {"clone-user-namespace",
     [] { return Of(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0)); }, EPERM, EPERM},
    {"clone3", [] { return Of(syscall(SYS_clone3, nullptr, 0)); }, ENOSYS, ENOSYS},
    {"ptrace", [] { return Of(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }, EPERM, EPERM},
    {"io-uring", [] { return Of(syscall(SYS_io_uring_setup, 1, nullptr)); }, EPERM, EPERM},
    {"bpf", [] { return Of(syscall(SYS_bpf, 0, nullptr, 0)); }, EPERM, EPERM},
    {"keyring", [] { return Of(syscall(SYS_keyctl, 0, -3, 0)); }, EPERM, EPERM},
    {"open-by-handle", [] { return Of(syscall(SYS_open_by_handle_at, -1, nullptr, 0)); }, EPERM, EPERM},
    {"become-root", [] { return Of(setuid(0)); }, EPERM, EPERM},
    {"raw-socket", [] { return Of(socket(AF_INET, SOCK_RAW, 1)); }, ENOSYS, ENOSYS},
    {"packet-socket", [] { return Of(socket(AF_PACKET, SOCK_RAW, 0)); }, ENOSYS, ENOSYS},
    {"connect-out", ConnectOut, ENETUNREACH, ENETUNREACH},
    {"other-interface", OtherInterface, ENODEV, ENODEV},
    {"terminal-input", [] { return Of(ioctl(0, TIOCSTI, "x")); }, EPERM, EPERM},
    {"terminal-input-64", [] { return Of(syscall(SYS_ioctl, 0, TIOCSTI | 1ul << 32, "x")); }, EPERM, EPERM},
    {"device-node", [] { return Of(mknod("/tmp/null", S_IFCHR | 0666, makedev(1, 3))); }, EPERM, EACCES},
    {"setid-bit", MakeSetid, EPERM, EPERM},
    {"run-from-tmp", RunFromTmp, EACCES, EACCES},
    {"run-from-memory", RunFromMemory, EACCES, ENOSYS},
    {"vsock-pair",
     [] {
       int pair[2];
       return Of(socketpair(AF_VSOCK, SOCK_STREAM, 0, pair));
     },
     ENOSYS, ENOSYS},
    {"whiteout", [] { return Of(syscall(SYS_renameat2, AT_FDCWD, "/tmp/a", AT_FDCWD, "/tmp/b", 4)); }, EPERM, EPERM},
    {"core-limit", [] { return Of(setrlimit(RLIMIT_CORE, &kNothing)); }, EPERM, EPERM},
    {"x32", [] { return Of(syscall(0x40000000 | SYS_getpid)); }, kKilled, kKilled},
    {"int80", Int80, kKilled, kKilled},
};

int InChild(int (*act)()) {
  pid_t child = fork();
  if (child == 0) _exit(act());
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return 255;
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? kKilled : 253;
  return WEXITSTATUS(status);
}

}  // namespace

int RunProbe() {
  std::string report;
  bool all = true;
  for (const Act& row : kActs) {
    int result = InChild(row.act);
    bool refused = result == row.expected || result == row.or_expected;
    all = all && refused;
    report += row.name + std::string(refused ? " ok\n" : " FAILED result ") +
              (refused ? "" : std::to_string(result) + " where " + std::to_string(row.expected) + " was expected\n");
  }
  return WriteAll(STDOUT_FILENO, report) && all ? 0 : 1;
}

}  // namespace warder::init
