// Which powers does a broker have that an agent took over? These system calls, and no others.
#include "broker/confine.h"

#include <linux/capability.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

namespace warder::broker {
namespace {

struct AllowedCall {
  int number;
  const char* reason;
};
constexpr AllowedCall kAllowed[] = {
    {SYS_read, "pipes, eventfd of the loop"},
    {SYS_write, "stdin of jails, memory of contents, the daemons' log"},
    {SYS_readv, "Asio reads connections"},
    {SYS_writev, "Asio writes pipes"},
    {SYS_pread64, "sealed memory from warderd and hands"},
    {SYS_lseek, "sealed memory back to its start"},
    {SYS_close, "descriptors"},
    {SYS_fstat, "descriptors of a plan"},
    {SYS_newfstatat, "fstat(3) of glibc on an open descriptor"},
    {SYS_fcntl, "access modes, seals, close-on-exec"},
    {SYS_ioctl, "Asio sets FIONBIO"},
    {SYS_recvmsg, "packets, connections"},
    {SYS_sendmsg, "packets, connections"},
    {SYS_recvfrom, "connections"},
    {SYS_sendto, "connections"},
    {SYS_shutdown, "ends of connections"},
    {SYS_getsockopt, "Asio asks for errors"},
    {SYS_setsockopt, "Asio sets linger at a close"},
    {SYS_socketpair, "output of a run"},
    {SYS_pipe2, "stdin of a run"},
    {SYS_memfd_create, "content of a change"},
    {SYS_epoll_wait, "the loop"},
    {SYS_epoll_pwait, "the loop"},
    {SYS_epoll_ctl, "the loop"},
    {SYS_poll, "Asio waits for a synchronous write"},
    {SYS_timerfd_settime, "timers of the loop"},
    {SYS_clock_gettime, "where the vdso has no clock"},
    {SYS_getrandom, "names of trash entries"},
    {SYS_mmap, "memory"},
    {SYS_munmap, "memory"},
    {SYS_mremap, "memory"},
    {SYS_mprotect, "memory"},
    {SYS_madvise, "memory"},
    {SYS_brk, "memory"},
    {SYS_futex, "locks of the C++ library"},
    {SYS_rt_sigreturn, "signals"},
    {SYS_rt_sigprocmask, "abort(3)"},
    {SYS_rt_sigaction, "abort(3)"},
    {SYS_getpid, "abort(3)"},
    {SYS_gettid, "abort(3)"},
    {SYS_tgkill, "abort(3)"},
    {SYS_restart_syscall, "a wait that a stop interrupted"},
    {SYS_exit, "end"},
    {SYS_exit_group, "end"},
#ifdef WARDER_SANITIZED
    // Only in sanitizer builds: their run-times look at themselves and report.
    {SYS_openat, "sanitizer: /proc/self"},
    {SYS_readlink, "sanitizer: /proc/self/exe"},
    {SYS_sigaltstack, "sanitizer: stacks"},
    {SYS_sched_yield, "sanitizer: locks"},
    {SYS_prlimit64, "sanitizer: stack bounds"},
#endif
};

Status HasNoCapability() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return FailErrno("capget");
  for (const auto& half : data)
    if (half.effective != 0 || half.permitted != 0 || half.inheritable != 0)
      return Fail(Code::kDenied, "the broker was started with capabilities");
  return {};
}

}  // namespace

Status Confine() {
  WARDER_TRY_STATUS(HasNoCapability());
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return FailErrno("PR_SET_DUMPABLE");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("PR_SET_NO_NEW_PRIVS");
  std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release);
  if (!filter) return Fail(Code::kSystem, "seccomp_init");
  for (const AllowedCall& call : kAllowed)
    if (int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call.number, 0); error != 0)
      return FailErrno(-error, "seccomp_rule_add");
  if (int error = seccomp_load(filter.get()); error != 0) return FailErrno(-error, "seccomp_load");
  return {};
}

}  // namespace warder::broker
