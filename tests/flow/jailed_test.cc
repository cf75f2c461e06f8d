// What holds for the jails of one host together: limits over all processes of a run, and one jail beside another.
#include <gtest/gtest.h>

#include "tests/flow/host.h"

namespace warder::flow {
namespace {

using nlohmann::json;

constexpr const char* kPerlPolicy = R"(policy: 1
layer: project
id: jailed
exec:
  - { id: perl, level: auto, argv: [perl, -e, { text: 4096 }] }
paths:
  - { id: ws, level: auto, may: [read, write], under: "${workspace}" }
  - { id: secrets, forbid: Keys stay where they are., may: [read, write, delete], match: ["**/*.key"] }
default-profile: work
profiles:
  work: { auto: [read_file, list_directory, create_file, modify_file], notify: [delete_file] }
limits: { wall: 20s, cpu: 2s, memory: 256MiB, pids: 64, files: 256, output: 64KiB, disk: 64MiB, concurrent: 8 }
workspace: { mode: direct, executable: no }
)";

class Jailed : public testing::Test {
 protected:
  Jailed() : host_({.policy = kPerlPolicy}) {}
  void SetUp() override {
    host_.WriteWorkspaceFile("p0/d/secret.key", "TOPSECRET");
    host_.WriteWorkspaceFile("p1/readme", "x");
    ASSERT_TRUE(host_.Start()) << host_.output();
    agent_ = host_.Connect();
    ASSERT_NE(agent_, nullptr);
  }
  static json Perl(AgentConnection& agent, const std::string& code) {
    return agent.Call("run_command", {{"argv", {"perl", "-e", code}}})["structuredContent"];
  }
  Host host_;
  std::unique_ptr<AgentConnection> agent_;
};

TEST_F(Jailed, TheCpuLimitCountsEveryProcessOfTheRun) {
  json facts = Perl(*agent_, "for (1..6) { if (!fork) { 1 while times < 1.2; exit } wait } print 'all done'");
  EXPECT_EQ(facts.value("ended", ""), "cpu-limit") << facts.dump(2);
  EXPECT_EQ(facts.value("stdout", ""), "");
}

// One jail moves the directory of a hidden file to and fro while covers are made for others.
TEST_F(Jailed, AHiddenFileCanNotBeMovedPastTheWalkForAnotherJail) {
  auto mover = host_.Connect();
  ASSERT_NE(mover, nullptr);
  const std::string code = "$e = time + 3; while (time < $e) { $n++; $k++ if rename('p0/d', 'p1/d'); rename('p1/d', 'p0/d') } "
                           "print \"tries $n moved \", $k + 0";
  mover->SendLine(json{{"jsonrpc", "2.0"}, {"id", 900}, {"method", "tools/call"},
                       {"params", {{"name", "run_command"}, {"arguments", {{"argv", {"perl", "-e", code}}}}}}}.dump());
  int calls = 0;
  for (; calls < 12; ++calls) {
    json facts = Perl(*agent_, "for (qw(p0/d p1/d)) { print <F> if open F, \"$_/secret.key\" }");
    EXPECT_EQ(facts.value("stdout", "").find("TOPSECRET"), std::string::npos) << calls;
  }
  auto answer = mover->ReadLine(std::chrono::seconds(20));
  ASSERT_TRUE(answer);
  std::string said = json::parse(*answer)["result"]["structuredContent"].value("stdout", "");
  EXPECT_TRUE(said.ends_with(" moved 0")) << said;
  EXPECT_GT(std::atoi(said.c_str() + said.find(' ')), 1000) << said;
}

}  // namespace
}  // namespace warder::flow
