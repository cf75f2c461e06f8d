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

JudgedPolicy JudgePolicy(const std::string& layer, const std::string& name, std::string_view bytes) {
  policy::LoadResult loaded = policy::LoadPolicy(name, bytes);
  JudgedPolicy judged{std::move(loaded.policy), std::move(loaded.problems), {}};
  if (!judged.problems.empty()) return judged;
  const std::string says = policy::LayerName(judged.policy.layer);
  if (says != layer)
    judged.problems.push_back({{1, 1},
                               "it says `layer: " + says + "`, and is named as the " + layer + " layer",
                               "write `layer: " + layer + "`, or name the file where its own layer stands"});
  for (policy::LoadProblem& problem : NotEnforced(judged.policy)) judged.problems.push_back(std::move(problem));
  for (policy::LoadProblem& problem : policy::BindClocks(judged.policy, std::chrono::system_clock::now()))
    judged.problems.push_back(std::move(problem));
  if (judged.problems.empty()) judged.notes = BindFromDisk(judged.policy);
  return judged;
}

JudgedLayers JudgeLayers(std::vector<std::shared_ptr<const policy::Policy>> layers) {
  JudgedLayers judged;
  auto set = policy::PolicySet::Make(std::move(layers));
  if (!set) {
    judged.problems = std::move(set.error());
    return judged;
  }
  judged.problems = DefaultsNotEnforced(*set);
  for (policy::PolicySet::Problem& problem : policy::CheckSet(*set)) judged.problems.push_back(std::move(problem));
  if (!judged.problems.empty()) return judged;
  for (policy::Finding& finding : policy::RunExamples(*set)) {
    auto& into = finding.fails ? judged.problems : judged.notes;
    into.push_back(
        {set->layer(finding.layer).file, {finding.where, std::move(finding.what), std::move(finding.remedy)}});
  }
  return judged;
}

wire::ConfigAnswer AnswerPolicy(const std::string& layer, const std::string& name, std::string_view bytes) {
  wire::ConfigAnswer answer;
  JudgedPolicy judged = JudgePolicy(layer, name, bytes);
  answer.problems = policy::DescribeProblems(name, judged.problems);
  answer.notes = policy::DescribeProblems(name, judged.notes);
  if (judged.problems.empty()) Give(name, judged.policy, answer);
  return answer;
}

namespace {

using Layers = std::vector<std::shared_ptr<const policy::Policy>>;

Result<Layers> Decoded(std::span<const std::string> policies) {
  Layers layers;
  for (const std::string& bytes : policies) {
    auto policy = flat::DecodeMessage<policy::Policy>(bytes);
    if (!policy) return Fail(Code::kInvalid, "a layer that no loader wrote: " + policy.error().what);
    layers.push_back(std::make_shared<const policy::Policy>(std::move(*policy)));
  }
  return layers;
}

// ok where nothing is wrong with them together.
wire::ConfigAnswer Together(Layers layers) {
  wire::ConfigAnswer answer;
  const JudgedLayers judged = JudgeLayers(std::move(layers));
  for (const auto& [file, problem] : judged.problems) answer.problems += policy::DescribeProblems(file, {problem});
  for (const auto& [file, note] : judged.notes) answer.notes += policy::DescribeProblems(file, {note});
  answer.ok = judged.problems.empty();
  return answer;
}

wire::ConfigAnswer Refused(const Error& error) {
  wire::ConfigAnswer answer;
  answer.problems = error.ToString() + "\n";
  return answer;
}

}  // namespace

wire::ConfigAnswer AnswerLayers(std::span<const std::string> policies) {
  Result<Layers> layers = Decoded(policies);
  return layers ? Together(std::move(*layers)) : Refused(layers.error());
}

wire::ConfigAnswer AnswerBeside(const std::string& layer, const std::string& name, std::string_view bytes,
                                std::span<const std::string> others) {
  Result<Layers> layers = Decoded(others);
  if (!layers) return Refused(layers.error());
  JudgedPolicy own = JudgePolicy(layer, name, bytes);
  wire::ConfigAnswer answer;
  answer.problems = policy::DescribeProblems(name, own.problems);
  if (!own.problems.empty()) return answer;
  auto policy = std::make_shared<const policy::Policy>(std::move(own.policy));
  layers->push_back(policy);
  answer = Together(std::move(*layers));
  answer.notes += policy::DescribeProblems(name, own.notes);
  if (std::exchange(answer.ok, false)) Give(name, *policy, answer);
  return answer;
}

}  // namespace warder::config
