// One attack an argument: tries it, prints `NAME errno` (0: it worked), exits 0. See main() for the names.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int Of(long result) { return result < 0 ? errno : 0; }
static int Open(const char* path, int flags) { return Of(open(path, flags | O_CLOEXEC, 0600)); }

// Row 30: a clone that a tracer or the jail's process tree would not see.
static int CloneWith(unsigned long flags) {
  long child = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  return Of(child);
}

static int FindOpenDescriptor(void) {
  for (int fd = 3; fd < 2048; ++fd)
    if (fcntl(fd, F_GETFD) >= 0) return 0;
  return EBADF;
}

static int Setid(void) {
  int fd = open("setid", O_WRONLY | O_CREAT, 0755);
  return fd < 0 ? 255 : Of(fchmod(fd, 04755));
}

static int LimitInit(int resource) {
  struct rlimit zero = {0, 0};
  return Of(prlimit(1, resource, &zero, 0));
}

static int Signals(void) {
  sigset_t mask;
  sigprocmask(SIG_SETMASK, 0, &mask);
  for (int i = 1; i < 32; ++i) {
    struct sigaction action;
    if (i == SIGKILL || i == SIGSTOP) continue;
    if (sigismember(&mask, i) || sigaction(i, 0, &action) != 0 || action.sa_handler != SIG_DFL) return 0;
  }
  mode_t mask_now = umask(022);
  struct itimerval timer;
  getitimer(ITIMER_REAL, &timer);
  return mask_now == 022 && getpriority(PRIO_PROCESS, 0) == 0 && timer.it_value.tv_sec == 0 ? EALREADY : 0;
}

static int Whiteout(void) {
  int fd = open("white", O_WRONLY | O_CREAT, 0644);
  return fd < 0 ? 255 : Of(syscall(SYS_renameat2, AT_FDCWD, "white", AT_FDCWD, "out", 4));
}

static int Bounding(void) {
  for (int capability = 0; capability < 64; ++capability)
    if (prctl(PR_CAPBSET_READ, capability) == 1) return 0;
  return EPERM;
}

static int QueueToInit(void) {  // as the keeper's would look: no sender
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = SIGWINCH;
  info.si_code = SI_QUEUE;
  return Of(syscall(SYS_rt_sigqueueinfo, 1, SIGWINCH, &info));
}

static int RunCopy(const char* place) {
  char path[256], buffer[65536];
  snprintf(path, sizeof path, "%s/copy", place);
  int in = open("/usr/bin/true", O_RDONLY), out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  ssize_t size;
  if (in < 0 || out < 0) return errno;
  while ((size = read(in, buffer, sizeof buffer)) > 0)
    if (write(out, buffer, (size_t)size) != size) return 255;
  close(out);
  execl(path, path, (char*)0);
  return errno;
}

static int ExecMemory(unsigned flags) {
  int fd = (int)syscall(SYS_memfd_create, "x", flags);
  if (fd < 0) return errno;
  if (write(fd, "#!/usr/bin/true\n", 16) != 16) return 255;
  char* argv[] = {"x", 0};
  syscall(SYS_execveat, fd, "", argv, argv + 1, 0x1000);
  return errno;
}

static int Stay(void) {  // Row 18: double fork, own session, TERM ignored
  if (fork() != 0) return 0;
  setsid();
  if (fork() != 0) _exit(0);
  signal(SIGTERM, SIG_IGN);
  for (;;) pause();
}

_Noreturn static void Stubborn(void) {
  signal(SIGTERM, SIG_IGN);
  for (;;) pause();
}

static int ForkBomb(void) {
  for (int i = 0; i < 4096; ++i) {
    pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0)
      for (;;) pause();
  }
  return 0;
}

static int MemoryBomb(void) {
  for (;;) {
    char* page = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return errno;
    memset(page, 1, 1 << 20);
  }
}

static int LongLine(void) {
  static char buffer[1 << 20];
  memset(buffer, 'x', sizeof buffer);
  for (int i = 0; i < 1024; ++i)
    if (write(1, buffer, sizeof buffer) < 0) return errno;
  _exit(0);
}

_Noreturn static void Spin(void) {
  for (;;) __asm__ volatile("");
}

static int Attack(const char* name) {
  if (!strcmp(name, "magic-fd")) return Open("/proc/1/fd/0", O_RDONLY);
  if (!strcmp(name, "magic-root")) return Open("/proc/1/root", O_RDONLY);
  if (!strcmp(name, "magic-cwd")) return Open("/proc/1/cwd", O_RDONLY);
  if (!strcmp(name, "init-mem")) return Open("/proc/1/mem", O_RDWR);
  if (!strcmp(name, "own-mem")) return Open("/proc/self/mem", O_RDWR);
  if (!strcmp(name, "up")) return chdir("/") || chdir("../../../..") ? errno : Open("work/main", O_RDONLY);
  if (!strcmp(name, "descriptor")) return FindOpenDescriptor();
  if (!strcmp(name, "unshare")) return Of(unshare(CLONE_NEWUSER));
  if (!strcmp(name, "setns")) return Of(setns(0, 0));
  if (!strcmp(name, "clone-user")) return CloneWith(CLONE_NEWUSER);
  if (!strcmp(name, "clone-untraced")) return CloneWith(CLONE_UNTRACED);
  if (!strcmp(name, "clone-ptrace")) return CloneWith(CLONE_PTRACE);
  if (!strcmp(name, "clone-parent")) return CloneWith(CLONE_PARENT);
  if (!strcmp(name, "clone-plain")) return CloneWith(0);
  if (!strcmp(name, "tiocsti")) return Of(syscall(SYS_ioctl, 0, 0x5412ul, "x"));
  if (!strcmp(name, "tiocsti-64")) return Of(syscall(SYS_ioctl, 0, 0x5412ul | 1ul << 32, "x"));
  if (!strcmp(name, "vsock")) return Of(socket(40, SOCK_STREAM, 0));
  if (!strcmp(name, "alg")) return Of(socket(38, SOCK_SEQPACKET, 0));
  if (!strcmp(name, "setid")) return Setid();
  if (!strcmp(name, "core-limit")) return Of(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}));
  if (!strcmp(name, "core-limit-64")) return Of(syscall(SYS_prlimit64, 0, 4ul | 1ul << 32, &(struct rlimit){0, 0}, 0));
  if (!strcmp(name, "limit-init")) return LimitInit(RLIMIT_NOFILE);
  if (!strcmp(name, "session")) return getsid(0) == 1 ? EALREADY : 0;
  if (!strcmp(name, "queue-init")) return QueueToInit();
  if (!strcmp(name, "tgkill-init")) return Of(syscall(SYS_tgkill, 1, 1, SIGWINCH));
  if (!strcmp(name, "vsock-pair")) return Of(socketpair(40, SOCK_STREAM, 0, (int[2]){0, 0}));
  if (!strcmp(name, "sctp")) return Of(socket(AF_INET, SOCK_STREAM, 132));
  if (!strcmp(name, "tcp")) return Of(socket(AF_INET6, SOCK_STREAM, 6));
  if (!strcmp(name, "whiteout")) return Whiteout();
  if (!strcmp(name, "line-discipline")) return Of(ioctl(0, TIOCSETD, &(int){27}));
  if (!strcmp(name, "stderr-anew")) return Open("/dev/stderr", O_WRONLY);
  if (!strcmp(name, "kill-init")) return kill(1, SIGKILL) || kill(1, SIGTERM) || kill(1, SIGSTOP) ? errno : EALREADY;
  if (!strcmp(name, "signals")) return Signals();
  if (!strcmp(name, "exec-tmp")) return RunCopy("/tmp");
  if (!strcmp(name, "exec-shm")) return RunCopy("/dev/shm");
  if (!strcmp(name, "exec-memfd")) return ExecMemory(0);
  if (!strcmp(name, "exec-memfd-exec")) return ExecMemory(0x10);
  if (!strcmp(name, "write-usr")) return Open("/usr/bin/true", O_WRONLY);
  if (!strcmp(name, "bounding")) return Bounding();
  if (!strcmp(name, "hidden")) return Open("secret", O_RDONLY);
  if (!strcmp(name, "frozen")) return Open("frozen", O_WRONLY);
  if (!strcmp(name, "frozen-rename")) return Of(rename("frozen", "thawed"));
  if (!strcmp(name, "stay")) return Stay();
  if (!strcmp(name, "stubborn")) Stubborn();
  if (!strcmp(name, "fork-bomb")) return ForkBomb();
  if (!strcmp(name, "memory-bomb")) return MemoryBomb();
  if (!strcmp(name, "long-line")) return LongLine();
  if (!strcmp(name, "spin")) Spin();
  return 254;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  int result = Attack(argv[1]);
  printf("%s %d\n", argv[1], result);
  fflush(stdout);
  return 0;
}
