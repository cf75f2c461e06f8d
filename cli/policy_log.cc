// Which decisions does an audit log hold? See policy_log.h.
#include "cli/policy_log.h"

#include <map>
#include <nlohmann/json.hpp>

#include "audit/reader.h"
#include "audit/record.h"
#include "base/text.h"
#include "policy/record/arguments.h"

namespace warder::cli {
namespace {

using audit::Json;

std::string TextIn(const Json& object, const char* key) { return audit::TextOf(object, key); }

void TakeCall(const audit::Record& record, const audit::Sides& sides, LoggedDecision& out) {
  out.recorded.tool = TextIn(record.body(), "tool");
  out.recorded.arguments = sides.BytesOf(record.body(), "arguments");
  out.recorded.has_reason = record.body().contains("reason");
  out.recorded.reason = sides.BytesOf(record.body(), "reason");
}

void TakeDecision(const audit::Record& record, const audit::Sides& sides, LoggedDecision& out) {
  const Json& body = record.body();
  out.time = TextIn(record.json, "time");
  if (auto ns = audit::ParseRfc3339(out.time))
    out.recorded.time = std::chrono::system_clock::time_point(std::chrono::nanoseconds(*ns));
  if (auto agent = record.json.find("agent"); agent != record.json.end()) out.agent = TextIn(*agent, "name");
  out.level = TextIn(body, "level");
  out.rule = TextIn(body, "rule");
  out.layer = TextIn(body, "layer");
  out.file = TextIn(body, "file");
  if (auto line = body.find("line"); line != body.end() && line->is_number_unsigned()) out.line = line->get<uint32_t>();
  out.by_policy = !out.file.empty();  // a policy names its file, whatever decided
  out.recorded.has_facts = body.contains("facts");
  out.recorded.facts = sides.BytesOf(body, "facts");
}

class Calls {
 public:
  Calls(std::optional<uint64_t> session, const std::function<void(const LoggedDecision&)>& take)
      : session_(session), take_(take) {}

  Status Take(const audit::Record& record, const audit::Sides& sides, const std::string& problem) {
    if (!problem.empty())
      return Fail(Code::kInvalid, "record " + std::to_string(record.seq) + " of the log is damaged: " + problem,
                  "see what `warder audit verify` says of it");
    if (record.call == 0 || (session_ && record.session != *session_)) return {};
    if (record.type == "call") {
      LoggedDecision& call = open_[record.call];
      call.call = record.call;
      call.session = record.session;
      TakeCall(record, sides, call);
      return {};
    }
    auto found = open_.find(record.call);
    if (found == open_.end() || record.type != "decision") return {};
    TakeDecision(record, sides, found->second);
    take_(found->second);
    open_.erase(found);
    return {};
  }

 private:
  std::optional<uint64_t> session_;
  const std::function<void(const LoggedDecision&)>& take_;
  std::map<uint64_t, LoggedDecision> open_;  // by call
};

}  // namespace

Status ReadDecisions(const std::string& directory, std::optional<uint64_t> session,
                     const std::function<void(const LoggedDecision&)>& take) {
  Calls calls(session, take);
  Status status;
  audit::LogVisitor visitor;
  visitor.record = [&](const audit::Record& record, const audit::Sides& sides, const std::string& problem) {
    status = calls.Take(record, sides, problem);
    return status.has_value();
  };
  WARDER_TRY_STATUS(audit::ReadLog(directory, visitor));
  return status;
}

std::string AskedText(const LoggedDecision& decision) {
  const policy::RecordedCall& recorded = decision.recorded;
  if (!recorded.arguments) return recorded.tool + " (erased)";
  const nlohmann::json arguments = nlohmann::json::parse(*recorded.arguments, nullptr, false);
  auto tool = policy::ToolNamed(recorded.tool);
  if (!tool || !arguments.is_object()) return ForTerminal(recorded.tool);
  Result<policy::Call> call = policy::CallOf(*tool, arguments);
  if (!call) return ForTerminal(recorded.tool);
  if (*tool == policy::Tool::kRunCommand) return ForTerminal(call->opaque_text);
  return recorded.tool + (call->path.empty() ? "" : " " + ForTerminal(call->path));
}

}  // namespace warder::cli
