// Does a host file grant exactly what it says, and never more than warderd's own ceilings?
//
// Property: loaded twice it gives the same; what is refused says where and what to write; what is
// taken passes warderd's check, reads back from its flat form byte for byte, and shown as a file it
// loads as the same plan.
#include "config/host_file.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/archive.h"

using namespace warder;

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

class FewAccounts : public config::Accounts {
 public:
  std::vector<config::User> Users() override {
    return {{"root", 0, 0},           {"warder", 901, 901}, {"warder-ledger", 902, 902},
            {"agent-ci", 1001, 1001}, {"dev", 1002, 1002},  {"lead", 1003, 1003}};
  }
  std::vector<config::Group> Groups() override {
    return {{"root", 0, {}}, {"warder-admin", 910, {"lead"}}, {"oncall", 911, {}}};
  }
  std::vector<config::IdRange> Subordinate() override { return {{100000, 165535, "/etc/subuid: dev"}}; }
  std::string HostName() override { return "build-07"; }
};

// Names of people are numbers once shown; ids are what counts.
void ForgetNames(wire::HostPlan& plan) {
  plan.digest = {};
  for (auto& person : plan.people) person.who.name.clear();
  for (auto& agent : plan.agents)
    for (auto& who : agent.approvers) who.name.clear();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  FewAccounts accounts;
  config::HostResult first = config::LoadHostFile(bytes, accounts);
  config::HostResult second = config::LoadHostFile(bytes, accounts);
  Require(first.Describe("F") == second.Describe("F"));
  for (const policy::LoadProblem& problem : first.problems)
    Require(problem.where.line > 0 && problem.where.column > 0 && !problem.what.empty() && !problem.remedy.empty());
  if (!first.problems.empty()) return 0;
  if (Status taken = wire::ValidateHost(first.plan, false); !taken) {
    std::fprintf(stderr, "warderd refuses: %s\n", taken.error().ToString().c_str());
    std::abort();
  }
  const std::string flat = flat::EncodeMessage(first.plan);
  auto back = flat::DecodeMessage<wire::HostPlan>(flat);
  Require(back && flat::EncodeMessage(*back) == flat);
  config::HostResult shown = config::LoadHostFile(config::ShowHost(first.plan), accounts);
  if (!shown.problems.empty()) {
    std::fprintf(stderr, "%s", shown.Describe("shown").c_str());
    std::abort();
  }
  ForgetNames(first.plan);
  ForgetNames(shown.plan);
  Require(flat::EncodeMessage(shown.plan) == flat::EncodeMessage(first.plan));
  return 0;
}
