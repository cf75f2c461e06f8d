// Which types of records are there, and who may write each?
#include "audit/record.h"

namespace warder::audit {
namespace {

// One line a type: writers, whether the reserve is for it, fields that must be there, fields of
// free text.
constexpr TypeRule kTypes[] = {
    // ---- calls, the broker's word
    {"call", kBroker, false, "tool arguments", "arguments reason client"},
    {"decision", kBroker, true, "level rule file line why policy_digest engine", "why part facts applied"},
    {"approval.request", kBroker, false, "id digest expires_ms shown", "shown"},
    {"approval.answer", kBroker, true, "id answer uid digest waited_ms", "message"},
    {"approval.expire", kBroker, true, "id waited_ms", ""},
    {"intent", kBroker, false, "tool what", "what"},
    {"outcome", kBroker, true, "ended", "detail"},
    {"changes", kBroker, true, "", ""},
    {"trash.put", kBroker, true, "entry path", "path"},
    {"trash.restore", kBroker, true, "entry path", "path"},
    {"trash.purge", kBroker, true, "entry", ""},
    {"undo", kBroker, false, "", ""},
    {"breaker.trip", kBroker, true, "", ""},
    {"breaker.resume", kBroker, false, "", ""},
    {"policy.candidate", kBroker, false, "what agent", "text"},
    {"profile", kBroker, true, "", ""},
    {"lease", kBroker, false, "", ""},
    {"escalation", kBroker, true, "", ""},
    {"notify", kBroker, false, "", ""},
    {"admin", kBroker, true, "act uid pid", "text"},
    {"redaction", kBroker, false, "pattern count", ""},
    {"prune", kBroker, true, "", ""},
    // ---- what ran, by those who saw it run
    {"exec", kKeeper, false, "", ""},
    {"flow", kKeeper, false, "", ""},
    {"exit", kKeeper | kMonitor, true, "ended", "detail how"},
    // ---- sessions and the host, the monitor's word
    {"session.start", kMonitor, false, "workspace session_uid", "workspace program"},
    {"session.end", kMonitor, true, "reason", "reason"},
    {"config.load", kMonitor, true, "object digest text", "text"},
    {"config.reject", kMonitor, true, "object digest text", "text"},
    {"policy.load", kMonitor, true, "object digest text", "text"},
    {"policy.reject", kMonitor, true, "object digest text", "text"},
    {"stop", kMonitor, true, "object digest text", "text"},
    {"drain", kMonitor, true, "object digest text", "text"},
    {"resume", kMonitor, true, "object digest text", "text"},
    // ---- the ledger's own
    {"host.start", kLedger, true, "after key", ""},
    {"host.recovered", kLedger, true, "after key why", ""},
    {"host.stop", kLedger, true, "reason", "reason"},
    {"orphan", kLedger, true, "intent exit", ""},
    {"limit", kLedger | kKeeper, true, "what", ""},
    {"gap", kLedger, true, "refused why", ""},
    {"key.rotate", kLedger, true, "", ""},
    {"seal", kLedger, true, "", ""},
    {"heartbeat", kLedger, true, "", ""},
};

}  // namespace

std::span<const TypeRule> AllTypes() { return kTypes; }

const TypeRule* FindType(std::string_view type) {
  for (const TypeRule& rule : kTypes)
    if (rule.type == type) return &rule;
  return nullptr;
}

}  // namespace warder::audit
