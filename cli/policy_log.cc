// Which decisions does an audit log hold? See policy_log.h.
#include "cli/policy_log.h"

#include <algorithm>
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

// How a run or a tool ended, by the words of an outcome.
policy::Fate FateOf(std::string_view ended) {
  for (std::string_view ran :
       {"exited", "signaled", "wall-limit", "cpu-limit", "memory-limit", "disk-limit", "cancelled", "done"})
    if (ended == ran) return policy::Fate::kDone;
  return policy::Fate::kFailed;
}

// One call after the other, whole: what was decided, what people said, how it ended.
class WholeCalls {
 public:
  explicit WholeCalls(std::optional<uint64_t> session, std::string agent)
      : session_(session), agent_(std::move(agent)) {}

  Status Take(const audit::Record& record, const audit::Sides& sides, const std::string& problem) {
    if (!problem.empty())
      return Fail(Code::kInvalid, "record " + std::to_string(record.seq) + " of the log is damaged: " + problem,
                  "see what `warder audit verify` says of it");
    if (record.call == 0 || (session_ && record.session != *session_)) return {};
    if (record.type == "call") {
      TakeCall(record, sides, open_[record.call].asked);
      return {};
    }
    auto found = open_.find(record.call);
    if (found == open_.end()) return {};
    Open& call = found->second;
    if (record.type == "decision") {
      TakeDecision(record, sides, call.asked);
      call.record = record.seq;
    } else if (record.type == "approval.answer") {
      const bool yes = TextIn(record.body(), "answer") == "approved";
      (yes ? call.approved : call.denied) = true;
    } else if (record.type == "outcome") {
      call.ended = TextIn(record.body(), "ended");
    }
    return {};
  }

  std::vector<policy::SeenCall> Seen() {
    std::vector<policy::SeenCall> seen;
    for (auto& [id, call] : open_) {
      if (call.record == 0 || (!agent_.empty() && call.asked.agent != agent_)) continue;
      policy::SeenCall one;
      one.call = id;
      one.record = call.record;
      one.fate = Fate(call);
      one.level = LevelOf(call.asked.level);
      one.for_reason = call.asked.rule == "reason";
      one.recorded = std::move(call.asked.recorded);
      seen.push_back(std::move(one));
    }
    std::ranges::sort(seen, {}, &policy::SeenCall::record);
    return seen;
  }

 private:
  struct Open {
    LoggedDecision asked;
    uint64_t record = 0;  // of the decision; a log begins with a record of the host
    bool approved = false, denied = false;
    std::string ended;
  };

  static policy::Level LevelOf(const std::string& name) {
    for (policy::Level level : {policy::Level::kAuto, policy::Level::kNotify, policy::Level::kApprove})
      if (name == policy::LevelName(level)) return level;
    return policy::Level::kForbid;
  }
  static policy::Fate Fate(const Open& call) {
    const policy::Level level = LevelOf(call.asked.level);
    if (!call.asked.by_policy) return policy::Fate::kByHost;
    if (level == policy::Level::kForbid) return policy::Fate::kForbidden;
    if (level == policy::Level::kApprove && (!call.approved || call.denied)) return policy::Fate::kNotApproved;
    return call.ended.empty() ? policy::Fate::kNoEnd : FateOf(call.ended);
  }

  std::optional<uint64_t> session_;
  std::string agent_;
  std::map<uint64_t, Open> open_;  // by call
};

// Hands every record to `reader`, until it says no.
template <typename Reader>
Status ReadInto(const std::string& directory, Reader& reader) {
  Status status;
  audit::LogVisitor visitor;
  visitor.record = [&](const audit::Record& record, const audit::Sides& sides, const std::string& problem) {
    status = reader.Take(record, sides, problem);
    return status.has_value();
  };
  WARDER_TRY_STATUS(audit::ReadLog(directory, visitor));
  return status;
}

}  // namespace

Status ReadSeenCalls(const std::string& directory, std::optional<uint64_t> session, const std::string& agent,
                     std::vector<policy::SeenCall>& calls) {
  WholeCalls whole(session, agent);
  WARDER_TRY_STATUS(ReadInto(directory, whole));
  calls = whole.Seen();
  return {};
}

Status ReadDecisions(const std::string& directory, std::optional<uint64_t> session,
                     const std::function<void(const LoggedDecision&)>& take) {
  Calls calls(session, take);
  return ReadInto(directory, calls);
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
