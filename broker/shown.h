// What a person is shown before they say yes, and the digest that binds their yes to it.
#pragma once

#include "broker/approvals.h"
#include "broker/decode.h"
#include "broker/facts.h"
#include "broker/records.h"

namespace warder::broker {

struct Shown {
  CallId id;
  const wire::SessionOpened& session;
  const wire::Agent& agent;
  const policy::PolicySet& policy;
  const wire::HostPlan& host;
  const DecodedCall& asked;
  const LookedUp& found;
  const policy::Decision& decision;
};

ApprovalRequest MakeApprovalRequest(const Shown& shown, const std::string& tool);
// Over argv, cwd, environment, resolved identities and digests, the policy's digest, and the text.
Digest ShownDigest(const Shown& shown);

}  // namespace warder::broker
