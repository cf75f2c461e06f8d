// From a decided call to the plan of its jail: exactly what was looked up and decided, nothing else.
#pragma once

#include <optional>
#include <vector>

#include "broker/facts.h"
#include "policy/decide.h"
#include "wire/host_plan.h"
#include "wire/plan.h"

namespace warder::broker {

struct PlanFor {
  uint64_t session = 0;
  uint64_t call = 0;
  const wire::Agent& agent;
  const wire::Bounds& bounds;
  const policy::PolicySet& policy;
  std::optional<uint64_t> timeout_ms;  // of the call: only narrows
};

// Without descriptors: the run step adds those. kInvalid where a part of the call has no fact: nothing is
// guessed.
Result<wire::RunPlan> MakeRunPlan(const PlanFor& plan_for, const LookedUp& found, const policy::Decision& decision,
                                  std::vector<wire::Cover> covers);

// The smaller of the policy's and the host's limits.
wire::Limits LimitsFor(const PlanFor& plan_for, const policy::Limits& limits);

}  // namespace warder::broker
