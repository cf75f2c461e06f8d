// Property: a policy file is loaded the same way each time; what is refused says where and what to
// write; what is taken reads back from its flat form byte for byte, and its examples and tests can
// be run.
#include <cstdint>
#include <cstdlib>

#include "base/archive.h"
#include "base/environment.h"
#include "policy/decide.h"
#include "policy/load.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace warder;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  policy::LoadResult first = policy::LoadPolicy("F", bytes);
  policy::LoadResult second = policy::LoadPolicy("F", bytes);
  Require(first.Describe("F") == second.Describe("F"));
  for (const policy::LoadProblem& problem : first.problems)
    Require(problem.where.line > 0 && problem.where.column > 0 && !problem.what.empty() && !problem.remedy.empty());
  if (!first.problems.empty()) return 0;
  // What may never get through, whatever the rest of the file says.
  for (const std::string& name : first.policy.environment_pass.value_or(std::vector<std::string>()))
    Require(FindCodeVariable(name) == nullptr);
  for (const policy::ExecRule& rule : first.policy.exec)
    Require(!rule.id.empty() && !rule.argv.empty() && !rule.argv.front().words.empty());
  for (const policy::PathRule& rule : first.policy.paths)
    Require(!rule.id.empty() && rule.may != 0 && rule.under.empty() != rule.match.empty());
  std::string flat = flat::EncodeMessage(first.policy);
  Require(flat == flat::EncodeMessage(second.policy));
  auto back = flat::DecodeMessage<policy::Policy>(flat);
  Require(back.has_value() && flat::EncodeMessage(*back) == flat);
  Require(policy::RunExamples(first.policy).size() == policy::RunExamples(*back).size());
  return 0;
}
