// What does the broker write down, in which words?
#include "broker/records.h"

#include "base/limits.h"
#include "base/text.h"

namespace warder::broker {
namespace {

// Bounded, as it is written on the wire (a control character takes six bytes there), so that all records before
// a run always fit one message to the ledger: a call must not go unrecorded for being large. Facts of a call with
// 1,000 paths are cut, and say so.
constexpr size_t kMaxLoggedText = 12 * 1024;

std::string Bounded(std::string text) {
  if (audit::JsonFree(text).size() <= kMaxLoggedText) return text;
  std::string digest = Hex(AsBytes(HashSha256(text)));
  while (audit::JsonFree(text).size() > kMaxLoggedText) text.resize(text.size() / 2);
  return text + " … cut, sha256 of all: " + digest;
}

std::string AppliedAsText(const policy::Decision& decision, const policy::PolicySet* policy) {
  nlohmann::json list = nlohmann::json::array();
  for (const policy::Applied& applied : decision.applied) {
    nlohmann::json entry = {{"rule", applied.id},
                            {"level", policy::LevelName(applied.level)},
                            {"line", applied.where.line},
                            {"object", applied.object}};
    if (policy != nullptr && applied.layer < policy->size())
      entry["layer"] = policy::LayerName(policy->layer(applied.layer).layer);
    if (applied.is_path) entry["act"] = policy::ActName(applied.act);
    list.push_back(std::move(entry));
  }
  return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

audit::Draft Make(const char* type, CallId id, audit::Body& body) { return {type, id.session, id.call, body.Take()}; }

}  // namespace

audit::Draft CallRecord(CallId id, const CallRequest& request, const std::string& client) {
  audit::Body body;
  body.Text("tool", request.tool->name).Free("arguments", ArgumentsForLog(request.arguments));
  if (auto reason = request.arguments.find("reason"); reason != request.arguments.end() && reason->is_string())
    body.Free("reason", Bounded(reason->get<std::string>().substr(0, limits::kMaxReasonBytes)));
  if (!client.empty()) body.Free("client", client);
  body.Text("era", request.era == Era::kModern ? "modern" : "legacy");
  if (!request.traceparent.empty()) body.Text("traceparent", request.traceparent);
  return Make("call", id, body);
}

audit::Draft DecisionRecord(CallId id, const policy::Decision& decision, const policy::PolicySet* policy,
                            const std::string& part, const LookedUp* found, const std::string& profile,
                            uint64_t left_out) {
  audit::Body body;
  body.Text("level", policy::LevelName(decision.level))
      .Text("rule", decision.rule)
      .Text("file", decision.file)
      .Number("line", decision.where.line)
      .Free("why", Bounded(decision.why))
      .Text("policy_digest", policy == nullptr ? "" : Hex(AsBytes(policy->digest())))
      .Text("engine", "warder 0.1.0");
  if (!decision.layer.empty()) body.Text("layer", decision.layer);
  if (!decision.action.empty()) body.Text("action", decision.action);
  if (!decision.profile.empty()) body.Text("profile", decision.profile);
  if (left_out > 0) body.Decimal("left_out", left_out);
  if (!part.empty()) body.Free("part", Bounded(part));
  if (found != nullptr && policy != nullptr) {
    const nlohmann::json facts = policy::FactsForLog(*policy, LookedAtOf(*found), profile);
    body.Free("facts", Bounded(facts.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  }
  if (!decision.applied.empty()) body.Free("applied", Bounded(AppliedAsText(decision, policy)));
  return Make("decision", id, body);
}

audit::Draft ApprovalRequestRecord(CallId id, uint64_t approval, const ApprovalRequest& request) {
  audit::Body body;
  body.Decimal("id", approval)
      .Text("digest", Hex(AsBytes(request.digest)))
      .Number("expires_ms", request.life.count())
      .Free("shown", Bounded(request.shown.value("text", "")));
  return Make("approval.request", id, body);
}

std::vector<audit::Draft> ApprovalAnswerRecords(CallId id, const ApprovalAnswer& answer, const Digest& digest) {
  std::vector<audit::Draft> drafts;
  for (const AnsweredBy& person : answer.people) {
    audit::Body body;
    body.Decimal("id", answer.id)
        .Text("answer", answer.word == PersonsWord::kApproved ? "approved" : "denied")
        .Number("uid", person.uid)
        .Text("digest", Hex(AsBytes(digest)))
        .Number("waited_ms", static_cast<int64_t>(person.waited_ms));
    if (!answer.message.empty()) body.Free("message", Bounded(answer.message));
    drafts.push_back(Make("approval.answer", id, body));
  }
  if (!drafts.empty()) return drafts;
  audit::Body body;
  body.Decimal("id", answer.id)
      .Number("waited_ms", static_cast<int64_t>(answer.waited_ms))
      .Text("why", answer.word == PersonsWord::kWithdrawn ? "cancelled" : "timeout");
  drafts.push_back(Make("approval.expire", id, body));
  return drafts;
}

audit::Draft IntentRecord(CallId id, const std::string& tool, const std::string& line, uint64_t approval) {
  audit::Body body;
  body.Text("tool", tool).Free("what", Bounded(line));
  if (approval != 0) body.Decimal("approval", approval);
  return Make("intent", id, body);
}

audit::Draft TrashRecord(CallId id, const char* type, const std::string& entry, const std::string& path) {
  audit::Body body;
  body.Text("entry", entry).Free("path", path);
  return Make(type, id, body);
}

audit::Draft AdminRecord(const std::string& act, const PersonSeen& person, const std::string& object,
                         const std::string& text) {
  audit::Body body;
  body.Text("act", act).Number("uid", person.uid).Number("pid", person.pid);
  if (!object.empty()) body.Text("object", object);
  if (!text.empty()) body.Free("text", Bounded(text));
  return {"admin", 0, 0, body.Take()};
}

}  // namespace warder::broker
