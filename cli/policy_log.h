// The decisions of an audit log with what `policy replay` and `policy learn` need of each.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "policy/learn/learn.h"
#include "policy/record/again.h"

namespace warder::cli {

struct LoggedDecision {
  uint64_t call = 0, session = 0;
  std::string time, agent;
  policy::RecordedCall recorded;
  std::string level, rule, layer, file;
  uint32_t line = 0;
  bool by_policy = true;  // false: the host refused before or beside the policy, by a word of its own
};

// kInvalid where a record is damaged, with its number: such a log is for `warder audit verify`.
Status ReadDecisions(const std::string& directory, std::optional<uint64_t> session,
                     const std::function<void(const LoggedDecision&)>& take);

// Each call with how it ended, for `warder policy learn`, in the order of their decisions. `agent`: of this name alone;
// empty: all.
Status ReadSeenCalls(const std::string& directory, std::optional<uint64_t> session, const std::string& agent,
                     std::vector<policy::SeenCall>& calls);

// What was asked, on one line and safe for a terminal: the command line, or the tool and its path.
std::string AskedText(const LoggedDecision& decision);

}  // namespace warder::cli
