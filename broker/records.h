// The broker's records (docs/formats/audit.md): one function a type, so that a body is written in one place.
#pragma once

#include <string>
#include <string_view>

#include "audit/client.h"
#include "broker/approvals.h"
#include "broker/decode.h"
#include "broker/facts.h"
#include "broker/session.h"
#include "policy/decide.h"

namespace warder::broker {

struct CallId {
  uint64_t session = 0;
  uint64_t call = 0;
};

audit::Draft CallRecord(CallId id, const CallRequest& request, const std::string& client);
// `part` is what was refused; found may be null where nothing was looked up, and is not without a policy; profile: as
// it was asked for; left_out: refusals of the agent before this one that were only counted.
audit::Draft DecisionRecord(CallId id, const policy::Decision& decision, const policy::PolicySet* policy,
                            const std::string& part, const LookedUp* found, const std::string& profile,
                            uint64_t left_out);
audit::Draft ApprovalRequestRecord(CallId id, uint64_t approval, const ApprovalRequest& request);
// One for each person who answered, or one that says why nobody did.
std::vector<audit::Draft> ApprovalAnswerRecords(CallId id, const ApprovalAnswer& answer, const Digest& digest);
audit::Draft IntentRecord(CallId id, const std::string& tool, const std::string& line, uint64_t approval);
audit::Draft TrashRecord(CallId id, const char* type, const std::string& entry, const std::string& path);
audit::Draft AdminRecord(const std::string& act, const PersonSeen& person, const std::string& object,
                         const std::string& text);

}  // namespace warder::broker
