// Do examples and tests of a policy fail exactly when what they say is not so?
#include <gtest/gtest.h>

#include "tests/policy/policy_maker.h"

namespace warder::policy {
namespace {

using namespace maker;

Policy Small() {
  Policy p;
  p.exec = {Rule("rg", {Words({"rg"}), Text(99), Path(Act::kRead, 0, 4)}, Level::kAuto, "read_file"),
            Rule("no-sudo", {Words({"sudo"}), Rest()}, Level::kForbid)};
  p.paths = {Under("ws", Level::kAuto, kReadWrite, "${workspace}"), Globs("env", Level::kForbid, kAll, {"**/.env"})};
  Bind(p);
  for (Program& program : p.programs) program.files.clear();  // nothing of it is installed
  return p;
}

TEST(Examples, MatchAndNotMatch) {
  const struct {
    const char* line;
    bool matches;
  } cases[] = {
      {"rg TODO src", true},   {"rg TODO", true},         {"rg -x TODO", false}, {"rg TODO /etc", false},
      {"rg TODO .env", false}, {"rg TODO > .env", false}, {"grep TODO", false},  {"rg TODO /workspace/a", true},
      {"rg TODO ../x", false}};
  for (const auto& c : cases) {
    Policy p = Small();
    p.exec[0].match = {{c.line, {7, 3}}};
    EXPECT_EQ(RunExamples(p).empty(), c.matches) << c.line;
    p.exec[0].match.clear();
    p.exec[0].not_match = {{c.line, {7, 3}}};
    const std::vector<Finding> findings = RunExamples(p);
    EXPECT_EQ(findings.empty(), !c.matches) << c.line;
    if (!findings.empty()) {
      EXPECT_EQ(findings[0].where.line, 7u);
    }
  }
  Policy p = Small();
  p.exec[1].match = {{"sudo id", {}}};
  EXPECT_TRUE(RunExamples(p).empty()) << "a rule that forbids";
  p.exec[1].match = {{"sudo id && ls", {}}};
  EXPECT_EQ(RunExamples(p).size(), 1u) << "two commands are no example";
  p.exec[1].match.clear();
  p.exec[1].not_match = {{"sudo id && ls", {}}};
  EXPECT_EQ(RunExamples(p).size(), 1u) << "nor a counter-example";
  p = Small();
  p.exec.push_back(Rule("scripts", {Words({"sh"}), Words({"-c"}), Text(8192)}, Level::kApprove));
  p.exec.back().match = {{"for f in a; do wc $f; done", {}}};
  Bind(p);
  EXPECT_TRUE(RunExamples(p).empty()) << "an opaque line is the argv of a shell";
}

TEST(Examples, TestsOfTheFinalDecision) {
  Policy p = Small();
  auto run = [&](const char* line, Level expect, const char* by) {
    policy::Test test;
    test.run = line;
    test.expect = expect;
    test.by = by;
    p.tests = {test};
    return RunExamples(p).empty();
  };
  EXPECT_TRUE(run("rg TODO", Level::kAuto, "rg"));
  EXPECT_TRUE(run("rg TODO", Level::kAuto, "read_file"));
  EXPECT_TRUE(run("rg TODO", Level::kAuto, ""));
  EXPECT_FALSE(run("rg TODO", Level::kAuto, "ws"));
  EXPECT_FALSE(run("rg TODO", Level::kNotify, "rg"));
  EXPECT_FALSE(run("rg TODO .env", Level::kAuto, ""));
  EXPECT_TRUE(run("rg TODO .env", Level::kForbid, "env"));
  EXPECT_TRUE(run("cd /etc && rg TODO", Level::kForbid, "no-path"));
  EXPECT_TRUE(run("rg $x", Level::kForbid, "no-rule"));
  policy::Test file;
  file.tool = "read_file";
  file.path = "src/a";
  file.expect = Level::kAuto;
  file.by = "ws";
  p.tests = {file};
  EXPECT_TRUE(RunExamples(p).empty());
  p.tests[0].tool = "run_command";
  EXPECT_EQ(RunExamples(p).size(), 1u) << "no such call: a test of it can not pass";
}

}  // namespace
}  // namespace warder::policy
