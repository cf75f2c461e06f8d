// What an intent says of its plan: taken from the plan's bytes, never from who sent them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/json.h"
#include "audit/record.h"
#include "base/error.h"

namespace warder::audit {

struct PlanSummary {
  bool run = false;  // else a change
  uint64_t session = 0, call = 0;
  std::string agent;
  std::vector<std::string> argv;      // of each command: words joined by NUL
  std::vector<std::string> programs;  // empty for cd
  std::string change_kind, path;
  bool direct = true;  // what it writes is in the workspace at once: no overlay takes it
};
Result<PlanSummary> SummarizePlan(std::string_view bytes);

// Puts plan, plan_kind, plan_bytes and commands or change into the intent's body.
void DescribePlan(const PlanSummary& summary, std::string_view bytes, Json& body, std::vector<SideValue>& sides);

}  // namespace warder::audit
