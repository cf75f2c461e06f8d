// The tools without a jail: changes by the owner's hands, looks by the session's, and session_info.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "broker/decode.h"
#include "broker/records.h"
#include "broker/run.h"
#include "wire/plan.h"

namespace warder::broker {

// Where an entry of the trash was; kNotFound where it is not this agent's or is not known any more.
Result<std::string> TrashOrigin(const Broker& broker, const std::string& agent, const std::string& entry);

struct ChangeFor {
  CallId id;
  const wire::Agent& agent;
  const DecodedCall& asked;
  const LookedUp& found;
};
struct PreparedChange {
  wire::ChangePlan plan;
  UniqueFd content;  // sealed memory, for a write
};
Result<PreparedChange> PrepareChange(const ChangeFor& change);

struct ChangeDone {
  audit::Body outcome;
  nlohmann::json answer;
  std::vector<audit::Draft> more;  // trash.put, trash.restore
};
ChangeDone FinishChange(Broker& broker, CallId id, const wire::Agent& agent, const wire::ChangePlan& plan,
                        const Result<wire::ChangeAnswer>& said);

struct Looking {
  CallId id;
  Session& session;
  const wire::Agent& agent;
  const policy::PolicySet& policy;
  const wire::HostPlan& host;
  const DecodedCall& asked;
  const LookedUp& found;
  const policy::Decision& decision;
};
// read_file, list_directory, session_info. Spends the permit.
asio::awaitable<Result<nlohmann::json>> Look(Permit permit, const Looking& looking);

// Sends output as notifications/progress; does nothing where the client gave no token.
OnOutput ProgressTo(std::shared_ptr<Session> session, nlohmann::json token);

}  // namespace warder::broker
