// Where do the control groups of jails live, and how is one made, killed and removed?
//
// Killing is always the v2 hierarchy's cgroup.kill (it works without controllers); memory and pids limits
// come from v2 where it has those controllers, else from v1. A controller that can not be reached is a
// refusal, never a jail without the limit. All groups lie below one group of this host, `warder-…`.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "wire/plan.h"

namespace warder::jailer {

struct JailGroup {
  std::string name;
  std::vector<UniqueFd> directories;  // one a hierarchy; the first is v2's, to be born in
  UniqueFd kill;                      // cgroup.kill, for writing
  UniqueFd cpu;                       // v2 cpu.stat, for reading: there without the controller too (cgroups(7))
  UniqueFd memory_events;             // v1 memory.oom_control or v2 memory.events, for reading
  std::vector<UniqueFd> procs;        // v1 `tasks` files to write "0" into
};

class Cgroups {
 public:
  // name: the same for each start over one state directory, so that what a crash left is killed and removed.
  static Result<Cgroups> Open(const std::string& name);
  Result<JailGroup> Make(const std::string& name) const;
  // Before anything of the call runs in it.
  Status Limit(const JailGroup& group, const wire::Limits& limits) const;
  // False while something of it is still there; try again later.
  bool Remove(const std::string& name) const;
  void KillAll() const;
  void RemoveAll();
  std::string Describe() const;

 private:
  struct Hierarchy {
    std::string controllers;  // "memory", "pids" or "cpu" of v1; all that v2 serves; may be empty for v2
    UniqueFd base;            // our parent's directory
    UniqueFd parent;          // warder-…
    bool v2 = false;
  };
  Status AddV2();
  Status AddV1(const std::string& controller, bool required);
  Status EnterHierarchy(Hierarchy hierarchy);
  bool Served(const std::string& controller) const;
  std::string name_;
  std::vector<Hierarchy> hierarchies_;  // v2 first
};

}  // namespace warder::jailer
