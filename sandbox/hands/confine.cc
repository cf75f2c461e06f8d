// What may hands of an owner ask of the kernel?
#include "sandbox/hands/confine.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <vector>

#include "base/landlock.h"

namespace warder::hands {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the owner's filter names the architectures that it was tried on"
#endif

constexpr int kOwnerCalls[] = {
    // Orders come and answers go on one socket that is open already.
    SYS_recvmsg,
    SYS_sendmsg,
    // Content, meta.
    SYS_read,
    SYS_pread64,
    SYS_write,
    SYS_fsync,
    // Beneath the two trees (Landlock and RESOLVE_BENEATH); openat without its 2 is not needed.
    SYS_openat2,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_fcntl,
    // The change itself.
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_fchmod,
    SYS_fchown,
    // Memory; PROT_EXEC is looked at below.
    SYS_brk,
    SYS_mmap,
    SYS_munmap,
    SYS_mremap,
    SYS_mprotect,
    SYS_madvise,
    // libc: time, malloc's random key, locks that are never contended, ending and aborting.
    SYS_clock_gettime,
    SYS_getrandom,
    SYS_futex,
    SYS_restart_syscall,
    SYS_rt_sigreturn,
    SYS_rt_sigprocmask,
    SYS_rt_sigaction,
    SYS_getpid,
    SYS_gettid,
    SYS_tgkill,
    SYS_exit,
    SYS_exit_group,
#ifdef WARDER_SANITIZED
    SYS_sigaltstack,
    SYS_sched_yield,
    SYS_readlink,
    SYS_readlinkat,
    SYS_openat,
    SYS_lseek,
    SYS_prctl,
    SYS_clone,
    SYS_clone3,
    SYS_wait4,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_getdents64,
    SYS_ioctl,
    SYS_uname,
    SYS_getuid,
    SYS_geteuid,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_prlimit64,
    SYS_pipe2,
    SYS_socketpair,
    SYS_dup2,
    SYS_getppid,
    SYS_sched_getaffinity,
    SYS_statx,
    SYS_stat,
    SYS_access,
#endif
};

sock_filter Statement(uint16_t code, uint32_t k) { return {code, 0, 0, k}; }
sock_filter Jump(uint16_t code, uint32_t k, uint8_t yes, uint8_t no) { return {code, yes, no, k}; }

std::vector<sock_filter> OwnerFilter() {
  constexpr uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
  constexpr uint16_t kEqual = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr uint16_t kReturn = BPF_RET | BPF_K;
  std::vector<sock_filter> code = {
      Statement(kLoad, offsetof(seccomp_data, arch)),
      Jump(kEqual, kArchitecture, 1, 0),
      Statement(kReturn, SECCOMP_RET_KILL_PROCESS),
      Statement(kLoad, offsetof(seccomp_data, nr)),
#ifndef WARDER_SANITIZED
      // No memory becomes code: the third argument's low word holds every protection bit.
      Jump(kEqual, SYS_mmap, 1, 0),
      Jump(kEqual, SYS_mprotect, 0, 4),
      Statement(kLoad, offsetof(seccomp_data, args) + 2 * sizeof(uint64_t)),
      Jump(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
      Statement(kReturn, SECCOMP_RET_KILL_PROCESS),
      Statement(kLoad, offsetof(seccomp_data, nr)),
#endif
  };
  for (int call : kOwnerCalls) {
    code.push_back(Jump(kEqual, static_cast<uint32_t>(call), 0, 1));
    code.push_back(Statement(kReturn, SECCOMP_RET_ALLOW));
  }
  code.push_back(Statement(kReturn, SECCOMP_RET_KILL_PROCESS));
  return code;
}

}  // namespace

std::span<const int> OwnerCalls() { return kOwnerCalls; }

Status AssertPowerless() {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return FailErrno("PR_SET_DUMPABLE");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("PR_SET_NO_NEW_PRIVS");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (syscall(SYS_capget, &header, sets) != 0) return FailErrno("capget");
  for (const auto& set : sets)
    if ((set.effective | set.permitted | set.inheritable) != 0)
      return Fail(Code::kDenied, "hands were started with capabilities");
  return {};
}

Status ConfineOwner(const OwnerTrees& trees) {
  // All that moving, making and removing of any kind of file needs; never execute, never device ioctls.
  constexpr uint64_t kAccess = landlock::kAllFiles & ~(landlock::kExecute | landlock::kIoctlDev);
  const landlock::Rule rules[] = {{trees.workspace_fd.get(), kAccess}, {trees.trash_fd.get(), kAccess}};
  WARDER_TRY_STATUS(landlock::RestrictToTrees(rules));
  std::vector<sock_filter> code = OwnerFilter();
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) return FailErrno("PR_SET_SECCOMP");
  return {};
}

}  // namespace warder::hands
