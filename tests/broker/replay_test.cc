// Does `warder policy replay` say of a broker's own records what the broker said?
#include <gtest/gtest.h>

#include <fstream>

#include "tests/audit/log_bench.h"
#include "tests/broker/fake_host.h"

namespace warder::broker::test {
namespace {

using nlohmann::json;

const char* const kMoreExec =
    "  - { id: copy, level: auto, argv: [cp, { path: read }, { path: write }], match: [cp a b] }\n"
    "  - { id: drop, level: auto, argv: [rm, { path: delete }], match: [rm a] }\n";

// Many calls of all kinds: paths in and out of the workspace, cwd, cd, variables, opaque lines, unknown programs.
void MakeCalls(Client& client) {
  for (const char* word : {"a.txt", "b/c.txt", "../out", "/etc/shadow", "server.key", "b/../a.txt"}) {
    for (const char* tool : {"read_file", "delete_file", "list_directory"}) client.Call(tool, {{"path", word}});
    client.Call("write_file", {{"path", word}, {"content", "x"}, {"reason", "why not"}});
    for (const std::string line : {"cat ", "ls -l ", "rm ", "cp a.txt ", "true > ", "curl ", "jq ", "true && cat < "})
      client.Call("run_command", {{"command", line + word}});
    client.Call("run_command", {{"argv", {"cp", word, "copy"}}, {"cwd", "b"}});
    client.Call("run_command", {{"command", "cd b && rm " + std::string(word)}, {"env", {{"CI", "1"}}}});
  }
  client.Call("session_info");
  for (const char* line : {"echo $(id)", "LD_PRELOAD=x true", "/usr/bin/true", "/opt/true", "./true", "sh -c 'true'"})
    client.Call("run_command", {{"command", line}});
  client.Call("run_command", {{"argv", {"cat", std::string(30'000, 'x')}}});
}

// The records in a log of their own, as a ledger writes them. Intents, which carry a plan, are left out.
void WriteLog(FakeHost& host, uint64_t session, audit::TempLog& log) {
  audit::TestFiles files;
  audit::LogBench bench(log, files);
  ASSERT_NE(bench.ledger, nullptr) << bench.error.what;
  bench.Begin(session);
  for (const Recorded& record : host.Records()) {
    if (record.call == 0 || record.type == "intent") continue;
    const audit::AppendReply reply = bench.Ask({{record.type, record.session, record.call, record.body.dump()}});
    ASSERT_TRUE(reply.ok) << reply.error;
  }
}

std::pair<int, std::string> Warder(const std::string& words) {
  FILE* out = popen((std::string(WARDER_BIN_DIR) + "/warder " + words + " 2>&1").c_str(), "r");
  std::string text;
  char buffer[4096];
  for (size_t got; (got = fread(buffer, 1, sizeof buffer, out)) > 0;) text.append(buffer, got);
  const int status = pclose(out);
  return {WEXITSTATUS(status), text};
}

class ReplayOfCalls : public testing::Test {
 protected:
  void SetUp() override {
    FakeHost host(TestPolicy(4, kMoreExec));
    uint64_t session = 0;
    Client client = host.Connect(&session);
    MakeCalls(client);
    client.AskTool("run_command", {{"command", "make all"}});
    client.AskTool("delete_file", {{"path", "asked.txt"}});
    ASSERT_TRUE(host.Wait("record approval.request", 2));
    ASSERT_NO_FATAL_FAILURE(WriteLog(host, session, log_));
    calls_ = host.Count("record decision");
  }
  std::string Policy(const std::string& text) {
    const std::string path = log_.root + "/new" + std::to_string(++files_) + ".yaml";
    std::ofstream(path) << text;
    return path;
  }
  json Replay(const std::string& policy, int expected, const std::string& more = "") {
    auto [code, text] = Warder("policy replay --json " + more + log_.log + " " + policy);
    EXPECT_EQ(code, expected) << text;
    json answer = json::parse(text, nullptr, false);
    EXPECT_TRUE(answer.is_object()) << text;
    return answer;
  }
  audit::TempLog log_;
  size_t calls_ = 0;
  int files_ = 0;
};

TEST_F(ReplayOfCalls, UnderTheirOwnPolicyNothingChanges) {
  ASSERT_GT(calls_, 80u);
  json answer = Replay(Policy(TestPolicy(4, kMoreExec)), 0);
  EXPECT_EQ(answer["decisions"], calls_);
  EXPECT_EQ(answer["looser"], 0) << answer.dump(1);
  EXPECT_EQ(answer["stricter"], 0) << answer.dump(1);
  EXPECT_EQ(answer["other_rule"], 0) << answer.dump(1);
  // What was cut is the one that can not be decided; nothing else is hidden in that count.
  ASSERT_EQ(answer["undecidable"].size(), 1u) << answer.dump(1);
  EXPECT_EQ(answer["undecidable"][0]["count"], 1) << answer.dump(1);
  EXPECT_LE(answer["refused_by_host"], 20) << answer.dump(1);
  EXPECT_GT(answer["same"], 70) << answer.dump(1);
}

TEST_F(ReplayOfCalls, EachChangeIsFoundWithBothRules) {
  std::string strict = TestPolicy(4, kMoreExec), loose = strict;
  strict.replace(strict.find("{ id: drop, level: auto"), 23, "{ id: drop, forbid: 'no'");
  json stricter = Replay(Policy(strict), 1);
  EXPECT_EQ(stricter["looser"], 0) << stricter.dump(1);
  ASSERT_GT(stricter["stricter"], 0) << stricter.dump(1);
  for (const json& change : stricter["changes"]) {
    EXPECT_NE(change["asked"].get<std::string>().find("rm "), std::string::npos) << change;
    EXPECT_EQ(change["new"]["rule"], "drop") << change;
    EXPECT_EQ(change["new"]["level"], "forbid") << change;
    EXPECT_EQ(change["old"]["at"].get<std::string>().find("/etc/warder/test.yaml"), 0u) << change;
  }
  loose.replace(loose.find("forbid: There is no network in the jail."), 40, "level: auto");
  const std::string file = Policy(loose);
  json looser = Replay(file, 1);
  ASSERT_EQ(looser["looser"], 6) << looser.dump(1);
  EXPECT_EQ(looser["changes"][0]["old"]["level"], "forbid");
  EXPECT_EQ(looser["changes"][0]["new"]["level"], "auto");
  EXPECT_EQ(looser["changes"][0]["new"]["at"].get<std::string>().find(file + ":"), 0u) << looser["changes"][0];
  auto [code, table] = Warder("policy replay " + log_.log + " " + file);
  EXPECT_EQ(code, 1);
  EXPECT_NE(table.find("6 looser"), std::string::npos) << table;
  EXPECT_NE(table.find("curl a.txt"), std::string::npos) << table;
}

TEST_F(ReplayOfCalls, ErasedTextIsCountedAndNotGuessed) {
  std::string side = log_.Segment("side");
  std::string bytes = audit::Slurp(side);
  // One call's arguments: spaces of the same length, as an erasure leaves them.
  const size_t at = bytes.find("curl a.txt"), begin = bytes.rfind('\n', at) + 1, end = bytes.find('\n', at);
  ASSERT_NE(at, std::string::npos);
  bytes.replace(begin, end - begin, std::string(end - begin, ' '));
  audit::Spill(side, bytes);
  json answer = Replay(Policy(TestPolicy(4, kMoreExec)), 0);
  ASSERT_EQ(answer["undecidable"].size(), 2u) << answer.dump(1);
  EXPECT_EQ(answer["undecidable"][0]["why"], "its free text was erased");
}

// From a broker's own records: what is learned loads, its tests hold, and no call of the log comes out looser under it.
TEST_F(ReplayOfCalls, WhatIsLearnedOfThemLetsNothingMoreThrough) {
  for (const char* more : {"", " --generalise numbers paths folders trees workspace environment --least 2"}) {
    auto [code, text] = Warder("policy learn --json " + log_.log + more);
    ASSERT_LE(code, 1) << text;
    json learned = json::parse(text, nullptr, false);
    ASSERT_TRUE(learned.is_object()) << text;
    EXPECT_GT(learned["same"], 10) << text;
    EXPECT_GT(learned["refused"], 30) << text;
    EXPECT_GE(learned["left_out"].size(), 2u) << text;
    for (const json& rule : learned["rules"]) EXPECT_FALSE(rule["records"].empty()) << rule;
    EXPECT_TRUE(*more != 0 || learned["findings"].empty()) << learned["findings"].dump(1);
    const std::string file = Policy(learned["yaml"].get<std::string>());
    auto [tested, said] = Warder("policy test " + file);
    EXPECT_EQ(tested, 0) << said;
    EXPECT_EQ(Warder("policy fmt --check " + file).first, 0);
    auto [replayed, answer] = Warder("policy replay --json " + log_.log + " " + file);
    ASSERT_LE(replayed, 1) << answer;
    EXPECT_EQ(json::parse(answer)["looser"], 0) << answer << learned["yaml"].get<std::string>();
  }
}

TEST_F(ReplayOfCalls, LearnGivesThePolicyAloneOnItsOutput) {
  const std::string file = log_.root + "/learned.yaml", told = log_.root + "/told";
  FILE* run = popen(
      (std::string(WARDER_BIN_DIR) + "/warder policy learn " + log_.log + " >" + file + " 2>" + told).c_str(), "r");
  EXPECT_EQ(WEXITSTATUS(pclose(run)), 0);
  EXPECT_EQ(Warder("policy check " + file).first, 0) << Warder("policy check " + file).second;
  EXPECT_NE(audit::Slurp(told).find("left out"), std::string::npos) << audit::Slurp(told);
  EXPECT_NE(audit::Slurp(told).find("none looser"), std::string::npos) << audit::Slurp(told);
  EXPECT_EQ(Warder("policy learn " + log_.log + " --generalise everything").first, 2);
  EXPECT_EQ(Warder("policy learn " + log_.log + " --least 1").first, 2);
  EXPECT_EQ(Warder("policy learn " + log_.log + " --agent nobody").first, 2);
  EXPECT_EQ(Warder("policy learn " + log_.log + " --session 4711").first, 2);
  EXPECT_EQ(Warder("policy learn").first, 2);
}

TEST_F(ReplayOfCalls, WhatCanNotBeUsedIsTwo) {
  EXPECT_EQ(Warder("policy replay /nowhere " + Policy(TestPolicy())).first, 2);
  EXPECT_EQ(Warder("policy replay " + log_.log + " " + Policy("policy: 2\n")).first, 2);
  EXPECT_EQ(Warder("policy replay --session 4711 " + log_.log + " " + Policy(TestPolicy())).first, 2);
  std::string bytes = audit::Slurp(log_.Segment());
  bytes[bytes.find("\"level\"")] = 'x';
  audit::Spill(log_.Segment(), bytes);
  auto [code, text] = Warder("policy replay " + log_.log + " " + Policy(TestPolicy()));
  EXPECT_EQ(code, 2);
  EXPECT_NE(text.find("audit verify"), std::string::npos) << text;
}

}  // namespace
}  // namespace warder::broker::test
