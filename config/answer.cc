// How does one file become an answer of warder-config?
#include "config/answer.h"

#include "base/archive.h"
#include "base/limits.h"
#include "config/bind_disk.h"
#include "config/host_file.h"
#include "config/in_force.h"
#include "policy/decide.h"
#include "policy/schema.h"
#include "policy/zones.h"

namespace warder::config {
namespace {

// The flat form, unless it is larger than a reader takes.
template <typename T>
void Give(const std::string& name, const T& message, wire::ConfigAnswer& answer) {
  std::string bytes = flat::EncodeMessage(message);
  if (bytes.size() > limits::kMaxFlatConfigBytes) {
    answer.problems = name + ":1:1: the loaded file takes " + std::to_string(bytes.size()) +
                      " bytes; write fewer rules\n";
    return;
  }
  answer.ok = true;
  answer.bytes = std::move(bytes);
}

}  // namespace

wire::ConfigAnswer AnswerHost(const std::string& name, std::string_view bytes, Accounts& accounts) {
  wire::ConfigAnswer answer;
  HostResult host = LoadHostFile(bytes, accounts, name);
  answer.problems = host.Describe(name);
  if (host.problems.empty()) Give(name, host.plan, answer);
  return answer;
}

wire::ConfigAnswer AnswerPolicy(const std::string& name, std::string_view bytes) {
  wire::ConfigAnswer answer;
  policy::LoadResult loaded = policy::LoadPolicy(name, bytes);
  answer.problems = loaded.Describe(name);
  if (!loaded.problems.empty()) return answer;
  // What is seen only with all layers of the agent, which are this one; and what no host can hold
  // to.
  std::vector<policy::LoadProblem> refused = NotEnforced(loaded.policy);
  for (policy::LoadProblem& problem : policy::CheckZones(loaded.policy))
    refused.push_back(std::move(problem));
  for (policy::PolicySet::Problem& problem : policy::CheckSet(loaded.policy))
    refused.push_back(std::move(problem.problem));
  answer.problems = policy::DescribeProblems(name, refused);
  if (!refused.empty()) return answer;
  answer.notes = policy::DescribeProblems(name, BindFromDisk(loaded.policy));
  std::vector<policy::LoadProblem> failed;
  for (policy::Finding& finding : policy::RunExamples(loaded.policy))
    if (finding.fails)
      failed.push_back({finding.where, std::move(finding.what), std::move(finding.remedy)});
  answer.problems = policy::DescribeProblems(name, failed);
  if (failed.empty()) Give(name, loaded.policy, answer);
  return answer;
}

}  // namespace warder::config
