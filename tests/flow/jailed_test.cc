// What holds for the jails of one host together: limits over all processes of a run, and one jail beside another.
#include <gtest/gtest.h>

#include <filesystem>

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
limits: { wall: 20s, cpu: 4s, memory: 256MiB, pids: 64, files: 256, output: 64KiB, disk: 64MiB, concurrent: 8 }
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
  const std::string code =
      "$e = time + 3; while (time < $e) { $n++; $k++ if rename('p0/d', 'p1/d'); rename('p1/d', 'p0/d') } "
      "print \"tries $n moved \", $k + 0";
  mover->SendLine(json{{"jsonrpc", "2.0"},
                       {"id", 900},
                       {"method", "tools/call"},
                       {"params", {{"name", "run_command"}, {"arguments", {{"argv", {"perl", "-e", code}}}}}}}
                      .dump());
  int calls = 0;
  for (; calls < 12; ++calls) {
    json facts = Perl(*agent_, "for (qw(p0/d p1/d)) { print <F> if open F, \"$_/secret.key\" }");
    EXPECT_EQ(facts.value("stdout", "").find("TOPSECRET"), std::string::npos) << calls;
  }
  auto answer = mover->ReadLine(std::chrono::seconds(20));
  ASSERT_TRUE(answer);
  SCOPED_TRACE(*answer);
  std::string said = json::parse(*answer)["result"]["structuredContent"].value("stdout", "");
  EXPECT_TRUE(said.ends_with(" moved 0")) << said;
  EXPECT_GT(std::atoi(said.c_str() + said.find(' ')), 1000) << said;
}

constexpr const char* kPartsPolicy = R"(policy: 1
layer: project
id: parts
exec:
  - { id: look, level: auto, argv: [[cat, ls, touch, rm], ...] }
paths:
  - { id: src, level: auto, may: [read], under: "${workspace}/src" }
  - { id: build, level: auto, may: [read, write], under: "${workspace}/build", unless: ["${workspace}/build/keep/**"] }
  - { id: keep, level: auto, may: [read], under: "${workspace}/build/keep" }
  - { id: private, level: approve, may: [read], under: "${workspace}/private" }
  - { id: log, level: approve, may: [read, write], match: ["${workspace}/log.txt"] }
limits: { wall: 20s, cpu: 20s, memory: 256MiB, pids: 64, files: 256, output: 64KiB, disk: 64MiB, concurrent: 8 }
workspace: { mode: direct, executable: no }
)";

// A command that only names what it may: what else does its jail show, and let be written?
TEST(JailView, IsNoWiderThanThePathRules) {
  Host host({.policy = kPartsPolicy});
  for (const char* file : {"src/a", "build/b", "build/keep/k", "private/key", "other/o", "log.txt"})
    host.WriteWorkspaceFile(file, "CONTENT");
  ASSERT_TRUE(host.Start()) << host.output();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  auto run = [&](const char* line) { return agent->Run(line)["structuredContent"]; };
  auto there = [&](const char* path) { return std::filesystem::exists(host.workspace() / path); };
  EXPECT_EQ(run("cat src/a").value("stdout", ""), "CONTENT");
  EXPECT_EQ(run("cat build/b build/keep/k").value("stdout", ""), "CONTENTCONTENT");
  for (const char* hidden : {"cat other/o", "cat private/key", "cat log.txt"}) {
    json facts = run(hidden);
    EXPECT_EQ(facts.value("ended", ""), "exited") << hidden << facts.dump(2);
    EXPECT_NE(facts.value("exit_code", 0), 0) << hidden;
    EXPECT_EQ(facts.value("stdout", "x"), "") << hidden;
  }
  EXPECT_EQ(run("touch build/made").value("exit_code", -1), 0);
  EXPECT_TRUE(there("build/made"));
  // One write that is named opens nothing else.
  EXPECT_NE(run("touch src/pwn pwn other/pwn build/keep/k > build/log").value("exit_code", 0), 0);
  EXPECT_TRUE(there("build/log"));
  EXPECT_FALSE(there("src/pwn") || there("pwn") || there("other/pwn"));
  EXPECT_NE(run("rm build/keep/k").value("exit_code", 0), 0);
  EXPECT_TRUE(there("build/keep/k"));
  // Where no command may write, nobody is asked whether it may.
  json facts = run("cat src/a > log.txt");
  EXPECT_TRUE(facts.value("failed", false)) << facts.dump(2);
  EXPECT_NE(facts.value("why", "").find("can not be written by a command"), std::string::npos) << facts.dump(2);
}

}  // namespace
}  // namespace warder::flow
