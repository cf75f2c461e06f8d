// What warder-config answers for one file: the whole way from bytes to a flat message.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/accounts.h"
#include "policy/policy_set.h"
#include "wire/config_answer.h"

namespace warder::config {

// bytes: a HostPlan message.
wire::ConfigAnswer AnswerHost(const std::string& name, std::string_view bytes, Accounts& accounts);

// What becomes of a policy that is to be put in force, as far as it can be seen alone.
struct JudgedPolicy {
  policy::Policy policy;                      // its programs bound to this machine's files
  std::vector<policy::LoadProblem> problems;  // empty: it may be
  std::vector<policy::LoadProblem> notes;
};
// layer: as what it is to be in force ("org", "project"); a file that says another one is refused.
JudgedPolicy JudgePolicy(const std::string& layer, const std::string& name, std::string_view bytes);

// What is seen only with all layers that bind an agent: that they agree, that what they leave unsaid can be
// enforced, and their examples and tests, decided by all of them together.
struct JudgedLayers {
  std::vector<policy::PolicySet::Problem> problems;  // empty: they may be in force together
  std::vector<policy::PolicySet::Problem> notes;     // as a test's answer that another layer made stricter
};
JudgedLayers JudgeLayers(std::vector<std::shared_ptr<const policy::Policy>> layers);

// bytes: a policy::Policy message, its programs bound to this machine's files.
wire::ConfigAnswer AnswerPolicy(const std::string& layer, const std::string& name, std::string_view bytes);
// Of policies that were answered before, as flat messages; bytes: none.
wire::ConfigAnswer AnswerLayers(std::span<const std::string> policies);
// A policy and what it says beside others that were answered before: a workspace's own layer, a candidate. bytes as of
// AnswerPolicy.
wire::ConfigAnswer AnswerBeside(const std::string& layer, const std::string& name, std::string_view bytes,
                                std::span<const std::string> others);

}  // namespace warder::config
