// The jail while it is being built: what was asked for, and the descriptors that the steps share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "wire/enter_spec.h"
#include "wire/plan.h"

namespace warder::enter {

struct Place {  // a file or directory as the kernel names it
  uint64_t dev = 0;
  uint64_t ino = 0;
  bool operator==(const Place&) const = default;
};

struct Jail {
  wire::EnterRoom room;  // known from the start
  wire::EnterSpec spec;  // these two: from the step `call` on
  wire::RunPlan plan;
  std::string filter;  // tables/load_filter.h
  int status_fd = -1;
  int program_fd = -1;  // what the jail becomes

  UniqueFd host_root;  // "/" of the host, kept until exec: what Landlock must refuse
  UniqueFd host_proc;  // "/proc" of the host, where this process and its parent have host numbers
  UniqueFd host_stat;  // its self/stat, which names the parent after the pivot too
  UniqueFd root;       // the new root's mount
  UniqueFd plan_fd;    // sealed
  UniqueFd id_map;     // user namespace that holds the map of idmapped trees; not given: none
  Place root_place;
  std::vector<std::string> namespace_links;  // of this process, in the order of kNamespaceNames
  bool own_cgroup_namespace = false;
  bool pivoted = false;            // paths mean the jail's root now
  bool gave_up_root = false;       // ids are the session's: some paths can not be reached any more
  std::vector<UniqueFd> programs;  // one a command; empty for cd

  // A path in the jail, to be used from the host's root before the pivot and from "/" after it.
  std::string At(const std::string& path) const;
};

// Where the new root is mounted until the pivot. /proc: the one place of the host on which no tree may lie and
// which nobody looks up by path any more (host_proc holds it).
inline constexpr const char* kBuildPlace = "/proc";

struct Step {
  const char* name;
  const char* does;  // for people: `warder-enter --steps`
  Status (*act)(Jail&);
  Status (*read_back)(const Jail&);
};

// The steps of the table in enter_jail.cc; each says in its file what it relies on.
Status ResetSignals(Jail&), JoinCgroups(Jail&), OwnNamespaces(Jail&), RaiseLoopback(Jail&), MakeRoot(Jail&),
    MakeEtc(Jail&), MakeDevices(Jail&), MakeProc(Jail&), AwaitCall(Jail&), MakeNames(Jail&), ShowTrees(Jail&),
    CoverPaths(Jail&), PivotRoot(Jail&), OpenPrograms(Jail&), NameHost(Jail&), SetLimits(Jail&), TakeIds(Jail&),
    DropBounding(Jail&), DropCapabilities(Jail&), BindToParent(Jail&), HideMemory(Jail&), ForbidNewPrivileges(Jail&),
    RestrictFiles(Jail&), FilterSyscalls(Jail&);
Status SignalsAreReset(const Jail&), CgroupsAreJoined(const Jail&), NamespacesAreOwn(const Jail&),
    LoopbackIsAlone(const Jail&), RootIsMade(const Jail&), EtcIsMade(const Jail&), DevicesAreMade(const Jail&),
    ProcIsMade(const Jail&), CallIsGiven(const Jail&), NamesAreMade(const Jail&), TreesAreShown(const Jail&),
    PathsAreCovered(const Jail&), RootIsPivoted(const Jail&), ProgramsAreOpen(const Jail&), HostIsNamed(const Jail&),
    LimitsAreSet(const Jail&), IdsAreTaken(const Jail&), BoundingIsDropped(const Jail&),
    CapabilitiesAreDropped(const Jail&), ParentLives(const Jail&), MemoryIsHidden(const Jail&),
    NewPrivilegesAreForbidden(const Jail&), FilesAreRestricted(const Jail&), SyscallsAreFiltered(const Jail&);

// Runs the table, then reads everything back again. On failure `failed` names the step.
Status BuildJail(Jail& jail, const char*& failed);
// The table for people, one line a step.
std::string DescribeSteps();
// Becomes the program; returns only on failure.
Status Become(Jail& jail);

}  // namespace warder::enter
