// What warder-config answers for one file: the whole way from bytes to a flat message.
#pragma once

#include <string>
#include <string_view>

#include "config/accounts.h"
#include "policy/load.h"
#include "wire/config_answer.h"

namespace warder::config {

// bytes: a HostPlan message.
wire::ConfigAnswer AnswerHost(const std::string& name, std::string_view bytes, Accounts& accounts);

// What becomes of a policy that is to be put in force.
struct JudgedPolicy {
  policy::Policy policy;                      // its programs bound to this machine's files
  std::vector<policy::LoadProblem> problems;  // empty: it may be
  std::vector<policy::LoadProblem> notes;
};
JudgedPolicy JudgePolicy(const std::string& name, std::string_view bytes);

// bytes: a policy::Policy message, its programs bound to this machine's files, its examples and
// tests passed.
wire::ConfigAnswer AnswerPolicy(const std::string& name, std::string_view bytes);

}  // namespace warder::config
