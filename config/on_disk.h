// What of a host file would warderd refuse, or not serve, for what lies on this machine's disk?
//
// `warder host check` asks before warderd does: the ceilings of every host, owner and mode of the
// files in force, the policies themselves, and that each workspace is there and its owner's. Run as
// root it sees what warderd sees; what another user may not read is a problem too.
#pragma once

#include <string>
#include <vector>

#include "config/host_file.h"

namespace warder::config {

struct PlacedProblem {
  std::string file;  // the host file or a policy
  policy::LoadProblem problem;
};

struct OnDisk {
  std::vector<PlacedProblem> problems;  // empty: warderd starts with it and serves every agent
  std::vector<PlacedProblem> notes;
};

// host: loaded from `file` without a problem.
OnDisk CheckOnDisk(const HostResult& host, const std::string& file);

// A regular file that is reached through no symlink, belongs to one of the owners and that nobody
// else may write; kDenied with what to do. As warderd opens every file in force.
Status MayBeInForce(const std::string& path, const std::vector<uint32_t>& owners);

}  // namespace warder::config
