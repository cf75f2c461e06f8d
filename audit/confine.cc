// What may the ledger's process still do?
#include "audit/confine.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "audit/note.h"
#include "audit/record.h"
#include "base/landlock.h"

namespace warder::audit {
namespace {

struct Allowed {
  int call;
  const char* why;
};
constexpr Allowed kAllowed[] = {
    {SCMP_SYS(read), "keepers' pipes, small files"},
    {SCMP_SYS(write), "small files, stderr"},
    {SCMP_SYS(writev), "stderr"},
    {SCMP_SYS(pread64), "reading segments at the start"},
    {SCMP_SYS(pwrite64), "appending"},
    {SCMP_SYS(recvmsg), "the control and the broker's socket"},
    {SCMP_SYS(sendmsg), "answers"},
    {SCMP_SYS(poll), "the loop"},
    {SCMP_SYS(ppoll), "the loop, as some libc spell poll"},
    {SCMP_SYS(fdatasync), "the promise"},
    {SCMP_SYS(fsync), "new files and directories"},
    {SCMP_SYS(ftruncate), "closing a segment"},
    {SCMP_SYS(fallocate), "preallocation"},
    {SCMP_SYS(openat), "files of the two directories; Landlock says which"},
    {SCMP_SYS(close), "descriptors"},
    {SCMP_SYS(fstat), "sizes"},
    {SCMP_SYS(newfstatat), "sizes, as glibc 2.33 and up spell fstat"},
    {SCMP_SYS(faccessat), "a name that is not taken"},
    {SCMP_SYS(faccessat2), "the same with flags"},
    {SCMP_SYS(fstatfs), "free space"},
    {SCMP_SYS(renameat), "checkpoints"},
    {SCMP_SYS(renameat2), "the same on newer libc"},
    {SCMP_SYS(unlinkat), "half a segment that a full disk left"},
    {SCMP_SYS(lseek), "reading small files"},
    {SCMP_SYS(getdents64), "listing segments"},
    {SCMP_SYS(flock), "one ledger a directory"},
    {SCMP_SYS(fcntl), "non-blocking pipes"},
    {SCMP_SYS(munmap), "memory"},
    {SCMP_SYS(mremap), "memory"},
    {SCMP_SYS(madvise), "memory; the key's page"},
    {SCMP_SYS(brk), "memory"},
    {SCMP_SYS(futex), "libc's and OpenSSL's locks"},
    {SCMP_SYS(clock_gettime), "time where the vDSO does not serve it"},
    {SCMP_SYS(gettimeofday), "time where the vDSO does not serve it"},
    {SCMP_SYS(getrandom), "salts"},
    {SCMP_SYS(getpid), "OpenSSL's fork check, abort"},
    {SCMP_SYS(gettid), "abort"},
    {SCMP_SYS(tgkill), "abort"},
    {SCMP_SYS(rt_sigprocmask), "abort"},
    {SCMP_SYS(rt_sigaction), "abort"},
    {SCMP_SYS(rt_sigreturn), "signals"},
    {SCMP_SYS(restart_syscall), "stop and continue"},
    {SCMP_SYS(exit), "the end"},
    {SCMP_SYS(exit_group), "the end"},
#ifdef WARDER_SANITIZED
    {SCMP_SYS(sigaltstack), "sanitizer"},
    {SCMP_SYS(sched_yield), "sanitizer"},
    {SCMP_SYS(sched_getaffinity), "sanitizer"},
    {SCMP_SYS(prlimit64), "sanitizer"},
    {SCMP_SYS(readlink), "sanitizer"},
    {SCMP_SYS(mmap), "sanitizer"},
    {SCMP_SYS(mprotect), "sanitizer"},
#endif
};

Status LoadFilter() {
  std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release);
  if (!filter) return Fail(Code::kUnsupported, "seccomp is not there");
  for (const Allowed& row : kAllowed)
    if (int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, row.call, 0); error != 0)
      return FailErrno(-error, std::string("seccomp rule for ") + row.why);
  // Memory that is code can not be made: the mask looks at PROT_EXEC alone.
  for (int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (error != 0 && error != -EEXIST) return FailErrno(-error, "seccomp rule for memory");
  }
  if (int error = seccomp_load(filter.get()); error != 0) return FailErrno(-error, "seccomp_load");
  return {};
}

}  // namespace

Status WarmUpCrypto() {
  WARDER_TRY(auto signer, NoteSigner::Generate("warm-up"));
  WARDER_TRY(std::string note, signer.Sign("warm-up\n"));
  WARDER_TRY(std::string text, signer.verifier().Open(note));
  return Commit(text).free.size() == 64 ? Status() : Fail(Code::kSystem, "HMAC is not there");
}

Status ConfineLedger(int log_directory, int state_directory) {
  if (geteuid() == 0 || getuid() == 0)
    return Fail(Code::kDenied, "the ledger does not run as root", "give it a uid of its own");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return FailErrno("PR_SET_DUMPABLE");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("PR_SET_NO_NEW_PRIVS");
  constexpr uint64_t kKeep = landlock::kReadFile | landlock::kReadDir | landlock::kWriteFile | landlock::kTruncate |
                             landlock::kMakeReg | landlock::kRemoveFile;
  landlock::Rule rules[] = {{log_directory, kKeep}, {state_directory, kKeep}};
  WARDER_TRY_STATUS(landlock::RestrictToTrees(rules));
  return LoadFilter();
}

}  // namespace warder::audit
