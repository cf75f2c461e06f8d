// Which system calls jailed programs may make, and why; the filters are compiled from these rows.
#include "sandbox/tables/syscalls.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/file.h"
#include "base/unique_fd.h"
#include "sandbox/tables/load_filter.h"

namespace warder::tables {
namespace {

constexpr auto kAllow = Verdict::kAllow;
constexpr auto kRefuse = Verdict::kRefuse;
constexpr auto kUnknown = Verdict::kUnknown;

constexpr SyscallRow kRows[] = {
    {kAllow, "files by descriptor: what was opened may be used",
     "read write close lseek pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 dup dup2 dup3 fcntl "
     "flock fsync fdatasync ftruncate fallocate fadvise64 readahead sendfile splice tee vmsplice copy_file_range "
     "sync_file_range close_range cachestat"},
    {kAllow, "files by path: the mount view and Landlock decide",
     "open openat creat access faccessat faccessat2 stat lstat fstat newfstatat statx statfs fstatfs readlink "
     "readlinkat getdents getdents64 getcwd chdir fchdir truncate utime utimes utimensat futimesat umask"},
    {kAllow, "changing names in writable trees",
     "rename renameat renameat2 mkdir mkdirat rmdir unlink unlinkat link linkat symlink symlinkat mknod mknodat"},
    {kAllow,
     "modes, owners, attributes: without capabilities the kernel lets only owners; setid bits are refused below",
     "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat setxattr lsetxattr fsetxattr setxattrat getxattr "
     "lgetxattr fgetxattr getxattrat listxattr llistxattr flistxattr listxattrat removexattr lremovexattr "
     "fremovexattr removexattrat file_getattr"},
    {kAllow, "watching files", "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch"},
    {kAllow, "own memory",
     "brk mmap munmap mprotect mremap madvise msync mincore mlock mlock2 munlock mlockall munlockall pkey_alloc "
     "pkey_free pkey_mprotect mseal map_shadow_stack mbind set_mempolicy get_mempolicy set_mempolicy_home_node"},
    {kAllow, "memory files: executable ones are refused below", "memfd_create"},
    {kAllow, "processes of the jail: clone flags are checked below; exec is checked by Landlock",
     "clone fork vfork execve execveat exit exit_group wait4 waitid getpid getppid gettid getpgid getpgrp setpgid "
     "getsid setsid set_tid_address set_robust_list get_robust_list rseq arch_prctl prctl getcpu membarrier pidfd_open "
     "pidfd_send_signal"},
    {kAllow, "signals: the pid namespace ends at the jail",
     "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigqueueinfo "
     "rt_tgsigqueueinfo sigaltstack kill tkill tgkill signalfd signalfd4 pause restart_syscall"},
    {kAllow, "waiting and locking",
     "futex futex_waitv futex_wake futex_wait futex_requeue poll ppoll select pselect6 epoll_create epoll_create1 "
     "epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 pipe pipe2 nanosleep clock_nanosleep"},
    {kAllow, "clocks and timers, reading only; own timers",
     "time gettimeofday clock_gettime clock_getres getitimer setitimer alarm timer_create timer_settime timer_gettime "
     "timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime times"},
    {kAllow, "identity: without capabilities only to ids one has already",
     "getuid geteuid getgid getegid getresuid getresgid getgroups setuid setgid setreuid setregid setresuid setresgid "
     "setfsuid setfsgid setgroups capget capset"},
    {kAllow, "limits and scheduling of one's own: the cgroup bounds the sum",
     "getrlimit setrlimit prlimit64 getrusage getpriority setpriority sched_yield sched_getaffinity sched_setaffinity "
     "sched_getparam sched_setparam sched_getscheduler sched_setscheduler sched_getattr sched_setattr "
     "sched_get_priority_max sched_get_priority_min sched_rr_get_interval ioprio_get ioprio_set"},
    {kAllow, "what system is this", "uname sysinfo getrandom"},
    {kAllow, "sockets inside an empty network namespace; families and protocols are checked below",
     "socket socketpair bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt shutdown "
     "sendto "
     "recvfrom sendmsg recvmsg sendmmsg recvmmsg"},
    {kAllow, "terminals and descriptors; TIOCSTI and TIOCLINUX are refused below", "ioctl"},
    {kAllow, "IPC inside an own IPC namespace",
     "shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink "
     "mq_timedsend mq_timedreceive mq_notify mq_getsetattr"},
    {kAllow, "asynchronous I/O of the old kind: databases use it",
     "io_setup io_destroy io_getevents io_pgetevents io_submit io_cancel"},
    {kAllow, "giving up more: only ever narrows",
     "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self lsm_get_self_attr"},
    {kAllow, "personality: 32-bit layouts are of no use without the 32-bit calls", "personality"},

    {kRefuse, "the view is fixed: mounts",
     "mount umount2 pivot_root chroot open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick mount_setattr "
     "statmount listmount swapon swapoff quotactl quotactl_fd"},
    {kRefuse, "namespaces: a nested user namespace opens kernel surface and mounts", "unshare setns"},
    {kRefuse, "other processes' memory and descriptors: rewriting between check and exec",
     "ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp process_madvise process_mrelease"},
    {kRefuse, "kernel surface with a history of escapes, none needed",
     "io_uring_setup io_uring_enter io_uring_register bpf perf_event_open userfaultfd keyctl add_key request_key "
     "modify_ldt remap_file_pages uretprobe uprobe memfd_secret lookup_dcookie"},
    {kRefuse, "a handle passes every path check (CVE-2014-9357, shocker)", "open_by_handle_at name_to_handle_at"},
    {kRefuse, "the whole machine: time, modules, power, accounting, log",
     "settimeofday clock_settime clock_adjtime adjtimex init_module finit_module delete_module create_module "
     "query_module get_kernel_syms kexec_load kexec_file_load reboot acct syslog vhangup iopl ioperm sethostname "
     "setdomainname"},
    {kRefuse, "the whole machine's disks: a storm of these stalls other calls", "sync syncfs"},
    {kRefuse, "watching or moving what is not one's own",
     "fanotify_init fanotify_mark migrate_pages move_pages lsm_set_self_attr lsm_list_modules file_setattr"},
    {kRefuse, "old information calls: sysfs(2), ustat(2)", "sysfs ustat"},

    {kUnknown, "structs in memory that a filter can not read: libc falls back to clone and openat", "clone3 openat2"},
    {kUnknown, "never built into this architecture's kernel, or removed",
     "uselib _sysctl nfsservctl getpmsg putpmsg afs_syscall tuxcall security epoll_ctl_old epoll_wait_old vserver "
     "set_thread_area get_thread_area"},
    {kUnknown, "newer than this table's review: programs fall back", "listns rseq_slice_yield"},
};

constexpr SyscallNumber kNumbers[] = {
    {"uretprobe", 335},
    {"uprobe", 336},
    {"process_mrelease", 448},
    {"futex_waitv", 449},
    {"set_mempolicy_home_node", 450},
    {"cachestat", 451},
    {"fchmodat2", 452},
    {"map_shadow_stack", 453},
    {"futex_wake", 454},
    {"futex_wait", 455},
    {"futex_requeue", 456},
    {"statmount", 457},
    {"listmount", 458},
    {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460},
    {"lsm_list_modules", 461},
    {"mseal", 462},
    {"setxattrat", 463},
    {"getxattrat", 464},
    {"listxattrat", 465},
    {"removexattrat", 466},
    {"open_tree_attr", 467},
    {"file_getattr", 468},
    {"file_setattr", 469},
    {"listns", 470},
    {"rseq_slice_yield", 471},
};

// Macros as rows of a table; clang-format takes them for blocks.
// clang-format off
// S_ISUID and S_ISGID; either bit alone is enough.
#define SETID(call, index)                                                                \
  {call, "setid bits make others run as the session", 1, {{index, false, 04000, 04000}}}, \
  {call, "setid bits make others run as the session", 1, {{index, false, 02000, 02000}}}
#define CLONE_BIT(bit, why) {"clone", why, 1, {{0, false, bit, bit}}}
// clang-format on

constexpr ArgumentRow kArguments[] = {
    CLONE_BIT(0x00000080, "CLONE_NEWTIME: namespaces"),
    CLONE_BIT(0x00002000, "CLONE_PTRACE: attaches the child to a tracer"),
    CLONE_BIT(0x00008000, "CLONE_PARENT: a child beside its maker"),
    CLONE_BIT(0x00020000, "CLONE_NEWNS: namespaces"),
    CLONE_BIT(0x00800000, "CLONE_UNTRACED: escapes a tracer"),
    CLONE_BIT(0x02000000, "CLONE_NEWCGROUP: namespaces"),
    CLONE_BIT(0x04000000, "CLONE_NEWUTS: namespaces"),
    CLONE_BIT(0x08000000, "CLONE_NEWIPC: namespaces"),
    CLONE_BIT(0x10000000, "CLONE_NEWUSER: namespaces"),
    CLONE_BIT(0x20000000, "CLONE_NEWPID: namespaces"),
    CLONE_BIT(0x40000000, "CLONE_NEWNET: namespaces"),
    SETID("chmod", 1),
    SETID("fchmod", 1),
    SETID("fchmodat", 2),
    SETID("fchmodat2", 2),
    SETID("open", 2),
    SETID("openat", 3),
    SETID("creat", 1),
    SETID("mknod", 1),
    SETID("mknodat", 2),
    SETID("mkdir", 1),
    SETID("mkdirat", 2),
    {"ioctl", "TIOCSTI: types into the terminal of others", 1, {{1, false, 0xffffffff, 0x5412}}},
    {"ioctl", "TIOCLINUX: pastes into a console", 1, {{1, false, 0xffffffff, 0x541c}}},
    {"setrlimit", "RLIMIT_CORE: a piped core_pattern runs as the host's root", 1, {{0, false, 0xffffffff, 4}}},
    {"prlimit64",
     "RLIMIT_CORE: a piped core_pattern runs as the host's root",
     2,
     {{1, false, 0xffffffff, 4}, {2, true, 0, 0}}},
    {"prlimit64", "limits of others: pid 1 has the same uid", 2, {{0, true, 0, 0}, {2, true, 0, 0}}},
    {"memfd_create", "MFD_EXEC: a program without a file", 1, {{1, false, 0x10, 0x10}}},
    {"socket", "AF_NETLINK other than NETLINK_ROUTE", 2, {{0, false, 0xffffffff, 16}, {2, true, 0, 0}}},
    {"ioctl", "TIOCSETD: line disciplines load modules", 1, {{1, false, 0xffffffff, 0x5423}}},
    {"ioctl",
     "FS_IOC_FSSETXATTR: a project id would leave the project's quota",
     1,
     {{1, false, 0xffffffff, 0x401c5820}}},
    {"ioctl", "FS_IOC_ENABLE_VERITY: nobody could write the file any more", 1, {{1, false, 0xffffffff, 0x40806685}}},
    {"ioctl", "FS_IOC_ADD_ENCRYPTION_KEY: the host's keys", 1, {{1, false, 0xffffffff, 0xc0506617}}},
    {"renameat2", "RENAME_WHITEOUT: leaves a device node", 1, {{4, false, 4, 4}}},
    // init takes a TERM without a sender as the keeper's. The kernel drops the sender of these when the queue is full.
    {"rt_sigqueueinfo", "init must see who signals", 1, {{0, false, 0xffffffff, 1}}},
    {"rt_tgsigqueueinfo", "init must see who signals", 1, {{0, false, 0xffffffff, 1}}},
    {"tgkill", "init must see who signals", 1, {{0, false, 0xffffffff, 1}}},
    {"tkill", "init must see who signals", 1, {{0, false, 0xffffffff, 1}}},
    {"pidfd_send_signal", "init must see who signals", 1, {{2, true, 0, 0}}},
};

constexpr OnlyRow kOnly[] = {
    {"personality", "Linux's own", 1, {{0, 0}}},
    {"personality", "fixed addresses, as setarch -R", 1, {{0, 0x40000}}},
    {"personality", "asks", 1, {{0, 0xffffffff}}},
    {"socketpair", "AF_UNIX; other families load modules", 1, {{0, 1}}},
    {"socket", "AF_UNIX", 1, {{0, 1}}},
    {"socket", "AF_NETLINK, of which only routes are left below", 1, {{0, 16}}},
    {"socket", "AF_INET, the type's protocol; others load modules", 2, {{0, 2}, {2, 0}}},
    {"socket", "AF_INET, TCP", 2, {{0, 2}, {2, 6}}},
    {"socket", "AF_INET, UDP", 2, {{0, 2}, {2, 17}}},
    {"socket", "AF_INET6, the type's protocol", 2, {{0, 10}, {2, 0}}},
    {"socket", "AF_INET6, TCP", 2, {{0, 10}, {2, 6}}},
    {"socket", "AF_INET6, UDP", 2, {{0, 10}, {2, 17}}},
};

// What warder-hands does not need of the allowlist: it looks at files and answers in sealed memory.
constexpr const char* kNotForHands[] = {"execve", "clone",   "fork",   "vfork",  "socket", "socketpair",
                                        "bind",   "connect", "listen", "accept", "accept4"};

Status Add(scmp_filter_ctx filter, uint32_t action, int number, const std::vector<scmp_arg_cmp>& arguments,
           const char* name) {
  int failed = seccomp_rule_add_array(filter, action, number, static_cast<unsigned>(arguments.size()),
                                      arguments.empty() ? nullptr : arguments.data());
  if (failed != 0) return FailErrno(-failed, std::string("seccomp rule for ") + name);
  return {};
}

scmp_arg_cmp Masked(unsigned index, uint32_t mask, uint32_t value) { return {index, SCMP_CMP_MASKED_EQ, mask, value}; }

bool ForKind(FilterKind kind, const char* name) {
  if (kind == FilterKind::kJailed) return true;
  for (const char* dropped : kNotForHands)
    if (std::strcmp(dropped, name) == 0) return false;
  return true;
}

Status AddName(scmp_filter_ctx filter, FilterKind kind, Verdict verdict, const std::string& name) {
  int number = SyscallByName(name.c_str());
  if (number < 0) return {};
  // Before Linux 6.3 nothing keeps a memory file from being executed: Landlock does not know it.
  if (kind == FilterKind::kJailed && name == "memfd_create" && access("/proc/sys/vm/memfd_noexec", F_OK) != 0)
    return {};
  if (verdict == Verdict::kRefuse) return Add(filter, SCMP_ACT_ERRNO(EPERM), number, {}, name.c_str());
  if (!ForKind(kind, name.c_str())) return Add(filter, SCMP_ACT_ERRNO(EPERM), number, {}, name.c_str());
  std::vector<scmp_arg_cmp> only;
  if (kind == FilterKind::kHands && name == "execveat") only = {Masked(0, 0xffffffff, kHandsProgramFd)};
  bool restricted = false;
  for (const OnlyRow& row : kOnly) {
    if (name != row.name) continue;
    restricted = true;
    std::vector<scmp_arg_cmp> equal;
    for (uint8_t i = 0; i < row.count; ++i) equal.push_back(Masked(row.equal[i].index, 0xffffffff, row.equal[i].value));
    WARDER_TRY_STATUS(Add(filter, SCMP_ACT_ALLOW, number, equal, row.name));
  }
  if (restricted) return {};
  return Add(filter, SCMP_ACT_ALLOW, number, only, name.c_str());
}

Status FillAllowlist(scmp_filter_ctx filter, FilterKind kind) {
  for (const SyscallRow& row : kRows) {
    if (row.verdict == Verdict::kUnknown) continue;
    std::string_view names = row.names;
    while (!names.empty()) {
      size_t end = std::min(names.find(' '), names.size());
      WARDER_TRY_STATUS(AddName(filter, kind, row.verdict, std::string(names.substr(0, end))));
      names.remove_prefix(std::min(end + 1, names.size()));
    }
  }
  if (kind == FilterKind::kHands) return Add(filter, SCMP_ACT_ALLOW, SyscallByName("openat2"), {}, "openat2");
  return {};
}

Status FillArguments(scmp_filter_ctx filter, FilterKind) {
  for (const ArgumentRow& row : kArguments) {
    std::vector<scmp_arg_cmp> conditions;
    for (uint8_t i = 0; i < row.count; ++i) {
      const ArgumentCondition& c = row.conditions[i];
      conditions.push_back(c.not_zero ? scmp_arg_cmp{c.index, SCMP_CMP_NE, 0, 0} : Masked(c.index, c.mask, c.value));
    }
    WARDER_TRY_STATUS(Add(filter, SCMP_ACT_ERRNO(EPERM), SyscallByName(row.name), conditions, row.name));
  }
  return {};
}

Status CompileOne(std::string& bytes, uint32_t otherwise, FilterKind kind,
                  Status (*fill)(scmp_filter_ctx, FilterKind)) {
  scmp_filter_ctx filter = seccomp_init(otherwise);
  if (filter == nullptr) return Fail(Code::kSystem, "seccomp_init failed");
  Status status = fill(filter, kind);
  UniqueFd memory(memfd_create("filter", MFD_CLOEXEC));
  // Optimize 2: a binary tree over the numbers, since every call of every program passes here.
  if (status && (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
                 seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0 || !memory ||
                 seccomp_export_bpf(filter, memory.get()) != 0))
    status = Fail(Code::kSystem, "the seccomp filter could not be compiled");
  seccomp_release(filter);
  if (!status) return status;
  if (lseek(memory.get(), 0, SEEK_SET) != 0) return FailErrno("lseek");
  WARDER_TRY(std::string raw, ReadAll(memory.get(), 64 * 1024));
  std::vector<sock_filter> program(raw.size() / sizeof(sock_filter));
  std::memcpy(program.data(), raw.data(), program.size() * sizeof(sock_filter));
  AppendFilter(bytes, program);
  return {};
}

}  // namespace

std::span<const SyscallRow> SyscallRows() { return kRows; }
std::span<const SyscallNumber> NewSyscallNumbers() { return kNumbers; }
std::span<const ArgumentRow> ArgumentRows() { return kArguments; }
std::span<const OnlyRow> OnlyRows() { return kOnly; }

int SyscallByName(const char* name) {
  for (const SyscallNumber& row : kNumbers)
    if (std::strcmp(row.name, name) == 0) return row.number;
  int number = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);
  return number == __NR_SCMP_ERROR || number < 0 ? -1 : number;
}

Result<std::string> CompileFilter(FilterKind kind) {
  std::string bytes;
  WARDER_TRY_STATUS(CompileOne(bytes, SCMP_ACT_ERRNO(ENOSYS), kind, FillAllowlist));
  WARDER_TRY_STATUS(CompileOne(bytes, SCMP_ACT_ALLOW, kind, FillArguments));
  return bytes;
}

}  // namespace warder::tables
