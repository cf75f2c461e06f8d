// How is a jail built? By these steps, in this order; each is read back, and all of them again at the end.
#include "sandbox/enter/jail.h"

namespace warder::enter {
namespace {

constexpr Step kSteps[] = {
    {"signals", "dispositions, mask, umask, niceness and timers as after boot", ResetSignals, SignalsAreReset},
    {"cgroup", "joins the cgroups of this run", JoinCgroups, CgroupsAreJoined},
    {"namespaces", "own cgroup, net, ipc and uts namespaces; mount and pid are own already; nothing propagates",
     OwnNamespaces, NamespacesAreOwn},
    {"network", "loopback up, no other interface", RaiseLoopback, LoopbackIsAlone},
    {"bounding", "no program that is started gains a capability", DropBounding, BoundingIsDropped},
    {"root", "tmpfs with /usr read-only and the links of a merged /usr", MakeRoot, RootIsMade},
    {"etc", "harmless files of the host", MakeEtc, EtcIsMade},
    {"dev", "own nodes, terminals, /dev/shm", MakeDevices, DevicesAreMade},
    {"proc", "own processes only, read-only, entries of the host masked", MakeProc, ProcIsMade},
    {"call", "waits for its call: until here a jail is built ahead, and nothing in it is of any session", AwaitCall,
     CallIsGiven},
    {"names", "generated files of /etc; /tmp of the call's size", MakeNames, NamesAreMade},
    {"trees", "workspace and sources at their own paths, compared with the plan, owners mapped", ShowTrees,
     TreesAreShown},
    {"covers", "hidden and frozen paths beneath the trees", CoverPaths, PathsAreCovered},
    {"pivot", "the new root becomes /, the host's is gone", PivotRoot, RootIsPivoted},
    {"programs", "opened in the new root and compared with the plan", OpenPrograms, ProgramsAreOpen},
    {"host", "host name", NameHost, HostIsNamed},
    {"rlimits", "of sandbox/tables/rlimits.h", SetLimits, LimitsAreSet},
    {"ids", "the session's uid and gid, no other group", TakeIds, IdsAreTaken},
    {"capabilities", "every other set empty, securebits locked", DropCapabilities, CapabilitiesAreDropped},
    {"parent", "dies with warderd, which still lives (ids clear the death signal, so after them)", BindToParent,
     ParentLives},
    {"dumpable", "memory and /proc entries belong to root", HideMemory, MemoryIsHidden},
    {"no-new-privileges", "no setid or file capability counts", ForbidNewPrivileges, NewPrivilegesAreForbidden},
    {"landlock", "execute below /usr and executable trees, write below writable ones", RestrictFiles,
     FilesAreRestricted},
    {"seccomp", "the system calls of sandbox/tables/syscalls.cc", FilterSyscalls, SyscallsAreFiltered},
};

bool LeftOut([[maybe_unused]] const Jail& jail, [[maybe_unused]] const Step& step) {
#ifdef WARDER_TEST_STEPS
  return jail.room.without_step == step.name;
#else
  return false;
#endif
}

Status CheckWithout(const Jail& jail) {
  if (jail.room.without_step.empty()) return {};
#ifdef WARDER_TEST_STEPS
  for (const Step& step : kSteps)
    if (jail.room.without_step == step.name) return {};
#endif
  return Fail(Code::kDenied, "this build leaves no step out");
}

}  // namespace

Status BuildJail(Jail& jail, const char*& failed) {
  failed = "room";
  WARDER_TRY_STATUS(CheckWithout(jail));
  for (const Step& step : kSteps) {
    if (LeftOut(jail, step)) continue;
    failed = step.name;
    WARDER_TRY_STATUS(step.act(jail));
    WARDER_TRY_STATUS(step.read_back(jail));
  }
  // A later step may have undone an earlier one: the kernel clears the death signal with new ids, for one.
  for (const Step& step : kSteps) {
    if (LeftOut(jail, step)) continue;
    failed = step.name;
    WARDER_TRY_STATUS(step.read_back(jail));
  }
  failed = "exec";
  return {};
}

std::string DescribeSteps() {
  std::string out;
  for (const Step& step : kSteps) out += std::string(step.name) + ": " + step.does + "\n";
  return out;
}

}  // namespace warder::enter
