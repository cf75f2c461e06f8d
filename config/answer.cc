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
    answer.problems =
        name + ":1:1: the loaded file takes " + std::to_string(bytes.size()) + " bytes; write fewer rules\n";
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

JudgedPolicy JudgePolicy(const std::string& name, std::string_view bytes) {
  policy::LoadResult loaded = policy::LoadPolicy(name, bytes);
  JudgedPolicy judged{std::move(loaded.policy), std::move(loaded.problems), {}};
  if (!judged.problems.empty()) return judged;
  // What is seen only with all layers of the agent, which are this one; and what no host can hold
  // to.
  judged.problems = NotEnforced(judged.policy);
  for (policy::LoadProblem& problem : policy::CheckZones(judged.policy)) judged.problems.push_back(std::move(problem));
  for (policy::PolicySet::Problem& problem : policy::CheckSet(judged.policy))
    judged.problems.push_back(std::move(problem.problem));
  if (!judged.problems.empty()) return judged;
  judged.notes = BindFromDisk(judged.policy);
  for (policy::Finding& finding : policy::RunExamples(judged.policy))
    if (finding.fails) judged.problems.push_back({finding.where, std::move(finding.what), std::move(finding.remedy)});
  return judged;
}

wire::ConfigAnswer AnswerPolicy(const std::string& name, std::string_view bytes) {
  wire::ConfigAnswer answer;
  JudgedPolicy judged = JudgePolicy(name, bytes);
  answer.problems = policy::DescribeProblems(name, judged.problems);
  answer.notes = policy::DescribeProblems(name, judged.notes);
  if (judged.problems.empty()) Give(name, judged.policy, answer);
  return answer;
}

}  // namespace warder::config
