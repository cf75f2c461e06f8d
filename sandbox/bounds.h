// Does a plan stay inside what the host file allows, and are its descriptors the ones it lists?
#pragma once

#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "wire/host_plan.h"
#include "wire/plan.h"

namespace warder::jailer {

// plan was parsed (so it is well formed); agent is the one of its session as the monitor knows it.
Status CheckRun(const wire::RunPlan& plan, const wire::Agent& agent, const wire::Bounds& bounds);
Status CheckChange(const wire::ChangePlan& plan, const wire::Agent& agent);

// By number, device, inode, access mode and kind: output is a SEQPACKET socket, stdin a pipe or sealed
// memory, content sealed memory. Never a directory, never O_PATH.
Status CheckDescriptors(const std::vector<wire::Descriptor>& listed, const std::vector<UniqueFd>& came);

}  // namespace warder::jailer
