// How does warderd start a child? One way for all: clone3, exactly the descriptors listed, exec.
//
// Every child gets a session of its own, an empty environment, a default signal state, PDEATHSIG KILL towards warderd
// and, unless it stays root (warder-enter alone), its uid and gid, no supplementary group, no capability in any set and
// no_new_privs before exec. A descriptor that is not listed does not survive.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace warder::jailer {

struct Spawn {
  std::string program;            // absolute path
  std::vector<std::string> argv;  // with argv[0]
  uint32_t uid = 0, gid = 0;
  bool stays_root = false;               // else uid must not be 0
  uint64_t clone_flags = 0;              // namespaces
  int cgroup = -1;                       // directory of the v2 group to be born in
  std::vector<std::pair<int, int>> fds;  // (number in the child, ours); 0, 1: /dev/null, 2: ours, unless listed
};

struct Child {
  pid_t pid = -1;  // -1: none, or reaped already
  UniqueFd pidfd;
  bool alive() const { return pid > 0; }
  // SIGKILL by pidfd: never meets a pid that was used again.
  void Kill() const;
};

Result<Child> SpawnChild(const Spawn& spawn);

}  // namespace warder::jailer
