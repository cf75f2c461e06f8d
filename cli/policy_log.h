// The decisions of an audit log with what replay and learn need of each.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "policy/record/again.h"

namespace warder::cli {

struct LoggedDecision {
  uint64_t call = 0, session = 0;
  std::string time, agent;
  policy::RecordedCall recorded;
  std::string level, rule, layer, file;
  uint32_t line = 0;
  bool by_policy = true;  // false: the host refused before or beside the policy, by a word of its own
  bool answered = false;  // by people: whether the last answer was a yes
  std::string ended;      // of the outcome; empty: there is none
  std::optional<int64_t> exit_code;
};

enum class Await : uint8_t {
  kDecision,  // `ended` and `answered` are not filled; needs little memory
  kEnd,       // all of a call's records; in the order of the calls, at the end of the log
};
// kInvalid where a record is damaged, with its number: such a log is for `warder audit verify`.
Status ReadDecisions(const std::string& directory, std::optional<uint64_t> session, Await await,
                     const std::function<void(const LoggedDecision&)>& take);

// The layers of these files together, for `replay` and `learn`: names without a file here get the one that a host
// would look for. An Error says where and what to do.
Result<policy::PolicySet> LoadForReplay(const std::vector<std::string>& files);

// What was asked, on one line and safe for a terminal: the command line, or the tool and its path.
std::string AskedText(const LoggedDecision& decision);

}  // namespace warder::cli
