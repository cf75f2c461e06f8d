// How the keeper confines itself.
#include "sandbox/keeper/confine.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <vector>

#include "sandbox/keeper/run.h"

namespace warder::keeper {
namespace {

// Everything that the loop does after this point.
constexpr int kAllowed[] = {
    SYS_read,
    SYS_write,
    SYS_writev,
    SYS_poll,
    SYS_close,
    SYS_fcntl,
    SYS_fstat,
    SYS_newfstatat,
    SYS_pread64,
    SYS_recvmsg,
    SYS_sendmsg,  // pipes, the broker's socket, cgroup files
    SYS_pidfd_send_signal,
    SYS_clock_gettime,
    SYS_brk,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_mprotect,
    SYS_futex,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigreturn,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_restart_syscall,
    SYS_getpid,
    SYS_gettid,
    SYS_tgkill,  // the last three: abort(3)
#ifdef WARDER_SANITIZED
    SYS_sigaltstack,
    SYS_sched_yield,
    SYS_readlink,
    SYS_openat,
    SYS_getrlimit,
    SYS_clone,
    SYS_wait4,
    SYS_ptrace,
    SYS_prctl,
    SYS_nanosleep,
    SYS_getdents64,
#endif
};

Status LoadFilter() {
  std::vector<sock_filter> program = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
                                      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
                                      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                                      // x32 numbers are not in the list, and fall to the end with everything else.
                                      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (int number : kAllowed) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) return FailErrno("seccomp");
  return {};
}

}  // namespace

Status Confine() {
  if (getuid() == 0 || geteuid() == 0) return Fail(Code::kDenied, "the keeper does not run as root");
  if (close_range(kLastFd + 1, ~0u, 0) != 0) return FailErrno("close_range");
  cap_t empty = cap_init();
  bool emptied = empty != nullptr && cap_set_proc(empty) == 0;  // none can be ambient then (capabilities(7))
  cap_free(empty);
  if (!emptied) return FailErrno("capabilities");
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return FailErrno("PR_SET_DUMPABLE");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("PR_SET_NO_NEW_PRIVS");
  return LoadFilter();
}

}  // namespace warder::keeper
