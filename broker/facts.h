// Facts of a call: what the names in it really are, looked up by the session's hands before it is decided.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "broker/hands_link.h"
#include "policy/decide.h"
#include "policy/record/facts.h"
#include "wire/host_plan.h"
#include "wire/plan.h"

namespace warder::broker {

struct LookedUp {
  policy::Call call;  // as it is decided and run: `#!` files rewritten to their interpreters
  policy::Wanted wanted;
  policy::Facts facts;
  std::vector<policy::ScriptFile> scripts;
  std::vector<wire::PathAnswer> paths;  // as wanted.paths; what hands said, with sizes and modes
  std::vector<wire::Tree> trees;  // the workspace first, then its writable parts and the read-only sources in view
};

struct WhereFrom {  // the session's side of a question
  HandsLink& hands;
  const policy::PolicySet& policy;
  const std::string& workspace;
  const wire::Bounds& bounds;
};

// With `digests`, programs are hashed also where no rule pins them (approvals bind content).
asio::awaitable<Result<LookedUp>> LookUp(WhereFrom from, policy::Call call, bool digests);

// What the policy's path rules hide or freeze among the files that exist now, but for what a person said yes to. No
// rule: no walk. `trees` as in LookedUp: one that is frozen whole becomes read-only, a source that can not be looked
// into is taken out.
asio::awaitable<Result<std::vector<wire::Cover>>> LookUpCovers(WhereFrom from, std::vector<wire::Tree>& trees,
                                                               std::vector<policy::ApprovedPath> approved);

// kDenied, and which path, where the directory to delete holds what may not be deleted.
asio::awaitable<Status> MayGoWith(WhereFrom from, std::string directory, bool approved);

// kUnsupported where a command names a path of the workspace to write that its jail will not let it write.
Status CommandsMayWrite(const LookedUp& found);

// What was found, for people who approve, and to compare before and after.
nlohmann::json FactsAsJson(const LookedUp& found);
policy::LookedAt LookedAtOf(const LookedUp& found);  // borrows it

}  // namespace warder::broker
