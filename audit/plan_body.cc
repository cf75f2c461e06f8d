// What does an intent say of its plan?
#include "audit/plan_body.h"

#include "wire/plan.h"

namespace warder::audit {
namespace {

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) out += (i > 0 ? std::string(1, '\0') : "") + words[i];
  return out;
}

const char* KindName(wire::ChangeKind kind) {
  switch (kind) {
    case wire::ChangeKind::kWrite:
      return "write";
    case wire::ChangeKind::kDelete:
      return "delete";
    case wire::ChangeKind::kRestore:
      return "restore";
  }
  return "unknown";
}

}  // namespace

Result<PlanSummary> SummarizePlan(std::string_view bytes) {
  PlanSummary summary;
  if (flat::MessageType(bytes) == wire::RunPlan::kType) {
    WARDER_TRY(auto plan, wire::ParseRunPlan(bytes));
    summary.run = true;
    summary.session = plan.session;
    summary.call = plan.call;
    summary.agent = plan.agent;
    summary.direct = plan.overlays.empty();
    for (const wire::Command& command : plan.commands) {
      summary.argv.push_back(Joined(command.argv));
      summary.programs.push_back(command.program);
    }
    return summary;
  }
  WARDER_TRY(auto plan, wire::ParseChangePlan(bytes));
  summary.session = plan.session;
  summary.call = plan.call;
  summary.agent = plan.agent;
  summary.change_kind = KindName(plan.kind);
  summary.path = plan.path;
  return summary;
}

void DescribePlan(const PlanSummary& summary, std::string_view bytes, Json& body, std::vector<SideValue>& sides) {
  body["plan"] = FreeField(bytes, sides, /*blob=*/true);
  body["plan_bytes"] = bytes.size();
  body["plan_kind"] = summary.run ? "run" : "change";
  body["workspace_mode"] = summary.direct ? "direct" : "copy-on-write";
  if (!summary.run) {
    body["change"] = Json{{"kind", summary.change_kind}, {"path", FreeField(summary.path, sides)}};
    return;
  }
  Json commands = Json::array();
  for (size_t i = 0; i < summary.argv.size(); ++i)
    commands.push_back(
        Json{{"argv", FreeField(summary.argv[i], sides)}, {"program", FreeField(summary.programs[i], sides)}});
  body["commands"] = std::move(commands);
}

}  // namespace warder::audit
