// The host file (8-host-file): from YAML bytes to a HostPlan, by the same strict reader as
// policies.
//
// Names of users and groups are resolved; every default is filled in. What this version does not
// serve (notify, metrics, warm jails, images …) is
// refused by name. Owner and mode of the file are checked by whoever opens it (base/owner_check.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/accounts.h"
#include "policy/load.h"
#include "wire/host_plan.h"

namespace warder::config {

// Where an agent's words stand.
struct AgentPlaces {
  policy::Where uid, policy, profile, workspace;
};

struct HostResult {
  wire::HostPlan plan;
  std::vector<AgentPlaces> places;            // one an agent of the plan, in its order
  policy::Where paths{1, 1};                  // of `paths`
  std::vector<policy::LoadProblem> problems;  // empty: the plan is usable
  std::string Describe(const std::string& file) const;
};

// file: its own path, which may lie in no agent's workspace.
HostResult LoadHostFile(std::string_view bytes, Accounts& accounts, const std::string& file = {});
// The same, from a path and with this machine's accounts; an Error where the file can not be read.
Result<HostResult> LoadHostFileAt(const std::string& path);

// The plan as a host file with every default written out; ids as numbers. Loading it gives the same
// plan but for its digest.
std::string ShowHost(const wire::HostPlan& plan);

// Rights by name, in the order of their bits.
struct RightName {
  std::string_view name;
  uint32_t bit;
};
extern const RightName kRightNames[15];

}  // namespace warder::config
