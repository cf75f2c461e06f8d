// Steps that give powers up: ids, capabilities, death signal, dumpable, no_new_privs, Landlock, seccomp.
#include <fcntl.h>
#include <grp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/landlock.h"
#include "sandbox/enter/jail.h"
#include "sandbox/tables/load_filter.h"

namespace warder::enter {
namespace {

constexpr unsigned kSecureBits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

// The parent's pid in the host's numbering: 4th field of proc(5) stat, behind the name in parentheses.
Result<int32_t> HostParent(const Jail& jail) {
  char buffer[1024];
  ssize_t size = pread(jail.host_stat.get(), buffer, sizeof buffer - 1, 0);
  if (size <= 0) return FailErrno("the host's stat of this process");
  buffer[size] = 0;
  const char* end_of_name = std::strrchr(buffer, ')');
  if (end_of_name == nullptr || std::strlen(end_of_name) < 5) return Fail(Code::kInvalid, "a stat without a parent");
  return static_cast<int32_t>(std::strtol(end_of_name + 4, nullptr, 10));
}

}  // namespace

Status TakeIds(Jail& jail) {
  // The next step still needs CAP_SETPCAP; it locks this bit away.
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return FailErrno("keepcaps");
  if (setgroups(0, nullptr) != 0) return FailErrno("setgroups");
  if (setresgid(jail.spec.uid, jail.spec.uid, jail.spec.uid) != 0) return FailErrno("setresgid");
  if (setresuid(jail.spec.uid, jail.spec.uid, jail.spec.uid) != 0) return FailErrno("setresuid");
  jail.gave_up_root = true;
  return {};
}

Status IdsAreTaken(const Jail& jail) {
  uid_t uids[3];
  gid_t gids[3];
  if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 || getresgid(&gids[0], &gids[1], &gids[2]) != 0)
    return FailErrno("getresuid");
  for (int i = 0; i < 3; ++i)
    if (uids[i] != jail.spec.uid || gids[i] != jail.spec.uid) return Fail(Code::kConflict, "another uid or gid");
  if (getgroups(0, nullptr) != 0) return Fail(Code::kConflict, "supplementary groups are left");
  return {};
}

Status DropBounding(Jail&) {
  for (cap_value_t value = 0; CAP_IS_SUPPORTED(value); ++value)
    if (cap_drop_bound(value) != 0) return FailErrno("bounding set");
  return {};
}

Status BoundingIsDropped(const Jail&) {
  cap_value_t value = 0;
  for (int bound; (bound = cap_get_bound(value)) >= 0; ++value)
    if (bound != 0) return Fail(Code::kConflict, "a capability is left in the bounding set");
  return value > CAP_SYS_ADMIN ? Status() : FailErrno("bounding set");
}

Status DropCapabilities(Jail&) {
  cap_t sets = cap_get_proc();
  cap_value_t setpcap = CAP_SETPCAP;
  bool raised =
      sets != nullptr && cap_set_flag(sets, CAP_EFFECTIVE, 1, &setpcap, CAP_SET) == 0 && cap_set_proc(sets) == 0;
  cap_free(sets);
  if (!raised) return FailErrno("CAP_SETPCAP");
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return FailErrno("ambient capabilities");
  if (cap_set_secbits(kSecureBits) != 0) return FailErrno("securebits");
  cap_t empty = cap_init();
  bool emptied = empty != nullptr && cap_set_proc(empty) == 0;
  cap_free(empty);
  if (!emptied) return FailErrno("cap_set_proc");
  return {};
}

Status CapabilitiesAreDropped(const Jail&) {
  cap_t sets = cap_get_proc(), empty = cap_init();
  bool none = sets != nullptr && empty != nullptr && cap_compare(sets, empty) == 0;
  cap_free(sets), cap_free(empty);
  // Nor is one ambient: capabilities(7) has none there that is not permitted and inheritable.
  if (!none) return Fail(Code::kConflict, "a capability is left");
  if (cap_get_secbits() != kSecureBits) return Fail(Code::kConflict, "other securebits");
  return {};
}

Status BindToParent(Jail&) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return FailErrno("PR_SET_PDEATHSIG");
  return {};
}

// getppid() is 0 for every first process of a pid namespace, alive or not. The host's stat file of this process,
// opened before the pivot, names the parent in the host's numbers: once warderd is dead, that is a reaper.
Status ParentLives(const Jail& jail) {
  int signal = 0;
  if (prctl(PR_GET_PDEATHSIG, &signal) != 0 || signal != SIGKILL) return Fail(Code::kConflict, "no death signal");
  WARDER_TRY(int32_t parent, HostParent(jail));
  if (jail.room.parent_pid <= 0 || parent != jail.room.parent_pid)
    return Fail(Code::kUnavailable, "the parent is gone");
  return {};
}

Status HideMemory(Jail&) {
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return FailErrno("PR_SET_DUMPABLE");
  return {};
}

Status MemoryIsHidden(const Jail&) {
  if (prctl(PR_GET_DUMPABLE) != 0) return Fail(Code::kConflict, "still dumpable");
  return {};
}

Status ForbidNewPrivileges(Jail&) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return FailErrno("PR_SET_NO_NEW_PRIVS");
  return {};
}

Status NewPrivilegesAreForbidden(const Jail&) {
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return Fail(Code::kConflict, "new privileges are possible");
  return {};
}

Status RestrictFiles(Jail& jail) {
  using namespace landlock;
  constexpr uint64_t kLook = kReadFile | kReadDir;
  // Never MakeChar or MakeBlock; everything else of a tree that may be written.
  constexpr uint64_t kChange = kWriteFile | kTruncate | kRemoveDir | kRemoveFile | kMakeDir | kMakeReg | kMakeSock |
                               kMakeFifo | kMakeSym | kRefer;
  std::vector<UniqueFd> opened;
  std::vector<Rule> rules;
  auto add = [&](const std::string& path, uint64_t access) -> Status {
    opened.emplace_back(open(path.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW));
    if (!opened.back()) return FailErrno("open " + path);
    rules.push_back({opened.back().get(), access});
    return {};
  };
  WARDER_TRY_STATUS(add("/", kLook));
  if (jail.room.role != wire::EnterRole::kSessionHands) WARDER_TRY_STATUS(add("/usr", kExecute));
  WARDER_TRY_STATUS(add("/dev", kWriteFile | kIoctlDev));
  if (jail.room.role != wire::EnterRole::kSessionHands) {
    WARDER_TRY_STATUS(add("/dev/shm", kChange));
    WARDER_TRY_STATUS(add("/tmp", kChange));
  }
  for (const wire::Tree& tree : jail.plan.trees)
    WARDER_TRY_STATUS(add(tree.path, (tree.writable ? kChange : 0) | (tree.executable ? kExecute : 0) | kLook));
  // The program to become lies on the host's mounts, outside every tree.
  rules.push_back({jail.program_fd, kExecute | kReadFile});
  // Loopback servers and clients are of use, and the network namespace has nothing else.
  return RestrictToTrees(rules, {.scope = true, .no_tcp = false});
}

// Landlock can not be read back: an open that only it forbids stands for it, of the host's root, which the
// descriptor still reaches.
Status FilesAreRestricted(const Jail& jail) {
  UniqueFd escaped(openat(jail.host_root.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (escaped || errno != EACCES) return Fail(Code::kConflict, "Landlock does not refuse");
  return {};
}

Status FilterSyscalls(Jail& jail) { return tables::LoadFilter(jail.filter); }

Status SyscallsAreFiltered(const Jail&) {
  if (prctl(PR_GET_SECCOMP) != 2) return Fail(Code::kConflict, "no seccomp filter");
  // unshare(0) succeeds for everybody where no filter refuses it.
  if (unshare(0) == 0 || errno != EPERM) return Fail(Code::kConflict, "another seccomp filter");
  return {};
}

}  // namespace warder::enter
