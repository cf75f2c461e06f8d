// One tool call from end to end: does the agent get what policy allows, and nothing else?
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/flow/host.h"

namespace warder::flow {
namespace {

using nlohmann::json;

class Call : public testing::Test {
 protected:
  void SetUp() override {
    host_.WriteWorkspaceFile("src/main.c", "int main(void) { return 0; }\n");
    host_.WriteWorkspaceFile("keys/server.key", "SECRET-OF-THE-SERVER\n");
    host_.WriteWorkspaceFile(".git/hooks/pre-commit", "#!/bin/sh\n");
    ASSERT_TRUE(host_.Start()) << host_.output();
    agent_ = host_.Connect();
    ASSERT_NE(agent_, nullptr);
  }
  std::string OnDisk(const std::string& path) {
    std::ifstream in(host_.workspace() / path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  Host host_;
  std::unique_ptr<AgentConnection> agent_;
};

json Facts(const json& result) { return result.value("structuredContent", json::object()); }

TEST_F(Call, AnAllowedCommandRunsAndSaysHow) {
  json facts = Facts(agent_->Run("cat src/main.c | wc -l"));
  EXPECT_EQ(facts["ended"], "exited") << facts.dump();
  EXPECT_EQ(facts["exit_code"], 0);
  EXPECT_EQ(facts["stdout"], "1\n");
  EXPECT_EQ(facts["level"], "auto");
  EXPECT_EQ(facts["workspace"], "direct");
}

TEST_F(Call, EndsAreToldApart) {
  EXPECT_EQ(Facts(agent_->Run("false"))["exit_code"], 1);
  EXPECT_EQ(Facts(agent_->Run("false || echo yes"))["stdout"], "yes\n");
  EXPECT_EQ(Facts(agent_->Run("false && echo yes"))["exit_code"], 1);
  json slow = Facts(agent_->Call("run_command", {{"command", "sleep 30"}, {"timeout_ms", 300}}));
  EXPECT_EQ(slow["ended"], "wall-limit") << slow.dump();
}

TEST_F(Call, RefusalsNameTheRuleAndRunNothing) {
  struct Case {
    const char* line;
    const char* rule;
  };
  for (const Case& c :
       {Case{"sudo id", "no-privilege"}, Case{"perl -e 1", "no-rule"}, Case{"echo $(id)", "no-rule"},
        Case{"echo x > .git/hooks/pre-commit", "protected"}, Case{"echo x > keys/server.key", "secrets"},
        Case{"cat < /etc/shadow", "no-path"}, Case{"true && sudo id", "no-privilege"}}) {
    json result = agent_->Run(c.line);
    EXPECT_TRUE(result.value("isError", false)) << c.line << " " << result.dump();
    EXPECT_EQ(Facts(result)["rule"], c.rule) << c.line << " " << result.dump();
    EXPECT_TRUE(Facts(result)["refused"]) << c.line;
  }
  EXPECT_EQ(OnDisk(".git/hooks/pre-commit"), "#!/bin/sh\n");
  EXPECT_EQ(OnDisk("keys/server.key"), "SECRET-OF-THE-SERVER\n");
  // Each begins with a command that may run and would leave a mark: of a refused line nothing runs.
  for (const char* line : {"touch ran && sudo id", "touch ran; perl -e 1", "touch ran && echo $(id)",
                           "touch ran && echo x > .git/hooks/pre-commit", "touch ran; echo x > keys/server.key",
                           "touch ran | cat < /etc/shadow"}) {
    EXPECT_TRUE(Facts(agent_->Run(line)).value("refused", false)) << line;
    EXPECT_FALSE(std::filesystem::exists(host_.workspace() / "ran")) << line;
  }
  EXPECT_EQ(Facts(agent_->Run("touch ran"))["exit_code"], 0);
  EXPECT_TRUE(std::filesystem::exists(host_.workspace() / "ran")) << "the mark shows nothing";
  agent_.reset();
  EXPECT_EQ(host_.Stop(), 0);
  auto [code, timeline] = Host::Execute({std::string(WARDER_BIN_DIR) + "/warder", "audit", "tail", "--count", "200",
                                         "--json", (host_.state() / "log").string()});
  EXPECT_EQ(code, 0) << timeline;
  size_t intents = 0;
  for (size_t at = 0; (at = timeline.find("\"type\":\"intent\"", at)) != std::string::npos; ++at) ++intents;
  EXPECT_EQ(intents, 1u) << timeline;
}

TEST_F(Call, HiddenFilesAreNotInTheJail) {
  // The words are free (`cat …`), so what the jail shows decides.
  for (const char* line :
       {"cat keys/server.key", "cat ./src/../keys/server.key", "cat /proc/self/root/proc/1/environ"}) {
    json facts = Facts(agent_->Run(line));
    EXPECT_EQ(facts["stdout"], "") << line << facts.dump();
  }
  ASSERT_EQ(symlink("../keys/server.key", (host_.workspace() / "src/innocent.txt").c_str()), 0);
  ASSERT_EQ(link((host_.workspace() / "keys/server.key").c_str(), (host_.workspace() / "src/copy.txt").c_str()), 0);
  EXPECT_EQ(Facts(agent_->Run("cat src/innocent.txt"))["stdout"], "");
  EXPECT_EQ(Facts(agent_->Run("cat src/copy.txt"))["stdout"], "") << "a hard link showed a hidden file";
  json read = agent_->Call("read_file", {{"path", "src/innocent.txt"}});
  EXPECT_EQ(Facts(read)["rule"], "secrets") << read.dump();
}

TEST_F(Call, FrozenFilesCanNotBeWrittenByCommands) {
  for (const char* line :
       {"dd if=/dev/zero of=.git/hooks/pre-commit count=1", "env truncate -s 0 .git/hooks/pre-commit",
        "env rm -f .git/hooks/pre-commit", "env mv src/main.c .git/hooks/pre-commit"}) {
    json facts = Facts(agent_->Run(line));
    EXPECT_EQ(facts["ended"], "exited") << line << facts;
    EXPECT_GT(facts.value("exit_code", 0), 0) << line << facts;
    EXPECT_NE(facts.value("stderr", "").find("pre-commit"), std::string::npos) << line << facts;
    EXPECT_EQ(OnDisk(".git/hooks/pre-commit"), "#!/bin/sh\n") << line;
  }
  // The same commands do change a file that no rule protects.
  EXPECT_EQ(Facts(agent_->Run("dd if=/dev/zero of=src/main.c count=1"))["exit_code"], 0);
  EXPECT_EQ(OnDisk("src/main.c").size(), 512u);
}

TEST_F(Call, FilesAreWrittenAsTheOwner) {
  json written = agent_->Call("write_file", {{"path", "src/new.c"}, {"content", "int x;\n"}});
  EXPECT_FALSE(written.value("isError", false)) << written.dump();
  EXPECT_EQ(OnDisk("src/new.c"), "int x;\n");
  Facts(agent_->Run("echo made by a command > made.txt"));
  EXPECT_EQ(OnDisk("made.txt"), "made by a command\n");
  for (const char* path : {"src/new.c", "made.txt"}) {
    struct stat status{};
    ASSERT_EQ(stat((host_.workspace() / path).c_str(), &status), 0) << path;
    EXPECT_EQ(status.st_uid, kOwner) << path;
  }
}

TEST_F(Call, DeletedComesBack) {
  host_.WriteWorkspaceFile("build/a/b.o", "object\n");
  json deleted = agent_->Call("delete_file", {{"path", "build"}});
  EXPECT_FALSE(deleted.value("isError", false)) << deleted.dump();
  EXPECT_FALSE(std::filesystem::exists(host_.workspace() / "build"));
  std::string entry = Facts(deleted).value("trash_entry", "");
  ASSERT_FALSE(entry.empty()) << deleted.dump();
  json restored = agent_->Call("restore_file", {{"trash_entry", entry}});
  EXPECT_FALSE(restored.value("isError", false)) << restored.dump();
  EXPECT_EQ(OnDisk("build/a/b.o"), "object\n");
}

// A folder is not a way around the rules of what lies in it.
TEST_F(Call, AFolderDoesNotTakeAlongWhatMayNotBeDeleted) {
  host_.WriteWorkspaceFile("build/a/b.o", "object\n");
  host_.WriteWorkspaceFile("build/a/server.key", "KEY\n");
  json refused = agent_->Call("delete_file", {{"path", "build"}});
  EXPECT_TRUE(refused.value("isError", false)) << refused.dump();
  EXPECT_NE(refused.dump().find("build/a/server.key lies in it"), std::string::npos) << refused.dump();
  EXPECT_EQ(OnDisk("build/a/server.key"), "KEY\n");
  std::filesystem::remove(host_.workspace() / "build/a/server.key");
  EXPECT_FALSE(agent_->Call("delete_file", {{"path", "build"}}).value("isError", false));
  EXPECT_FALSE(std::filesystem::exists(host_.workspace() / "build"));
}

// The words of the answer hold after a restart, which forgets what the broker had noted.
TEST_F(Call, DeletedAndOverwrittenComeBackAfterARestart) {
  json wrote = Facts(agent_->Call("write_file", {{"path", "src/main.c"}, {"content", "int y;\n"}}));
  host_.WriteWorkspaceFile("build/b.o", "object\n");
  json deleted = Facts(agent_->Call("delete_file", {{"path", "build"}}));
  ASSERT_NE(wrote["undo"].dump().find((host_.workspace() / "src/main.c").string()), std::string::npos) << wrote;
  EXPECT_EQ(host_.Stop(), 0);
  ASSERT_TRUE(host_.Start()) << host_.output();
  agent_ = host_.Connect();
  ASSERT_NE(agent_, nullptr);
  agent_->Call("delete_file", {{"path", "src/main.c"}});
  json back = agent_->Call("restore_file", {{"trash_entry", wrote["trash_entry"]}, {"path", wrote["path"]}});
  EXPECT_FALSE(back.value("isError", false)) << back;
  EXPECT_EQ(OnDisk("src/main.c"), "int main(void) { return 0; }\n");
  json tree = agent_->Call("restore_file", {{"trash_entry", deleted["trash_entry"]}, {"path", deleted["path"]}});
  EXPECT_FALSE(tree.value("isError", false)) << tree;
  EXPECT_EQ(OnDisk("build/b.o"), "object\n");
}

TEST_F(Call, TheTrashCarriesNothingAroundThePathRules) {
  host_.WriteWorkspaceFile("unread/a.sealed", "SEALED\n");
  json sealed = Facts(agent_->Call("delete_file", {{"path", "unread/a.sealed"}}));
  EXPECT_TRUE(agent_->Call("restore_file", {{"trash_entry", sealed["trash_entry"]}, {"path", "notes.txt"}})
                  .value("isError", false));
  EXPECT_EQ(OnDisk("notes.txt"), "");
  host_.WriteWorkspaceFile("fakegit/hooks/pre-commit", "evil\n");
  json tree = Facts(agent_->Call("delete_file", {{"path", "fakegit"}}));
  EXPECT_TRUE(agent_->Call("restore_file", {{"trash_entry", tree["trash_entry"]}, {"path", "sub/.git"}})
                  .value("isError", false));
  EXPECT_EQ(OnDisk("sub/.git/hooks/pre-commit"), "");
}

TEST_F(Call, ReadAndListShowWhatPolicyShows) {
  json read = agent_->Call("read_file", {{"path", "src/main.c"}});
  EXPECT_EQ(Facts(read)["content"], "int main(void) { return 0; }\n") << read.dump();
  json listed = agent_->Call("list_directory", {{"path", "src"}});
  ASSERT_TRUE(Facts(listed).contains("entries")) << listed.dump();
  EXPECT_EQ(Facts(listed)["entries"][0]["name"], "main.c");
  // What may not be read is not named either, at no depth.
  host_.WriteWorkspaceFile("private/deep/plan.txt", "x");
  host_.WriteWorkspaceFile("private/.hidden", "x");
  json all = agent_->Call("list_directory", {{"path", "."}, {"depth", 8}});
  EXPECT_NE(all.dump().find("src/main.c"), std::string::npos) << all;
  for (const char* name : {"server.key", "plan.txt", "private"})
    EXPECT_EQ(all.dump().find(name), std::string::npos) << name << all;
  EXPECT_TRUE(agent_->Call("read_file", {{"path", "/etc/passwd"}}).value("isError", false));
  EXPECT_TRUE(agent_->Call("read_file", {{"path", "../outside"}}).value("isError", false));
}

// Where reading is granted in part, a listing has that part alone; and what needs a yes once it is there.
TEST(CallList, HasWhatTheRulesGrantAndNothingElse) {
  std::string policy = kPolicy;
  const std::string whole = R"(may: [read, write], under: "${workspace}" })";
  policy.replace(policy.find(whole), whole.size(), R"(may: [read, write], under: "${workspace}/src" }
  - { id: asked, level: approve, may: [read], under: "${workspace}/src/asked" })");
  Host host(HostOptions{.policy = policy});
  for (const char* path : {"src/main.c", "src/sub/a.c", "src/sub/server.key", "src/asked/plan.txt", "other/b.c"})
    host.WriteWorkspaceFile(path, "x");
  ASSERT_TRUE(host.Start()) << host.output();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  EXPECT_TRUE(agent->Call("list_directory", {{"path", "."}}).value("isError", false));
  auto names = [](const json& result) {
    std::set<std::string> found;
    for (const json& entry : Facts(result).value("entries", json::array())) found.insert(entry["name"]);
    return found;
  };
  EXPECT_EQ(names(agent->Call("list_directory", {{"path", "src"}, {"depth", 8}})),
            (std::set<std::string>{"main.c", "sub", "sub/a.c"}));
  agent->SendLine(
      R"({"jsonrpc":"2.0","id":900,"method":"tools/call","params":{"name":"list_directory","arguments":{"path":"src/asked"}}})");
  json asked;
  ASSERT_TRUE(Host::Until([&] {
    json list = host.Admin(kLead, "approvals.list").value("approvals", json::array());
    if (!list.empty()) asked = list[0];
    return !list.empty();
  }));
  EXPECT_TRUE(
      host.Admin(kLead, "approvals.approve", {{"id", asked["id"]}, {"digest", asked["digest"]}}).contains("approved"));
  auto line = agent->ReadLine();
  ASSERT_TRUE(line);
  EXPECT_EQ(names(json::parse(*line)["result"]), (std::set<std::string>{"plan.txt"})) << *line;
}

TEST_F(Call, AnApproverDecidesAndSilenceIsNo) {
  auto wait_for_request = [&]() -> json {
    json found;
    Host::Until([&] {
      json list = host_.Admin(kLead, "approvals.list");
      if (!list.contains("approvals") || list["approvals"].empty()) return false;
      found = list["approvals"][0];
      return true;
    });
    return found;
  };
  auto ask = [&] {
    agent_->SendLine(
        R"({"jsonrpc":"2.0","id":900,"method":"tools/call","params":{"name":"run_command","arguments":{"command":"tail src/main.c","reason":"because"}}})");
  };
  auto answer = [&]() -> json {
    auto line = agent_->ReadLine();
    return line ? json::parse(*line)["result"] : json();
  };
  ask();
  json request = wait_for_request();
  ASSERT_TRUE(request.contains("id")) << request.dump();
  EXPECT_EQ(request["rule"], "ship");
  EXPECT_EQ(request["reason"], "because");
  // The agent's own uid and somebody without the right get nowhere.
  EXPECT_FALSE(host_.Admin(kAgent, "approvals.approve", {{"id", request["id"]}, {"digest", request["digest"]}})
                   .contains("approved"));
  EXPECT_FALSE(
      host_.Admin(0, "approvals.approve", {{"id", request["id"]}, {"digest", request["digest"]}}).contains("approved"));
  EXPECT_FALSE(host_.Admin(kLead, "approvals.approve", {{"id", request["id"]}, {"digest", std::string(64, '0')}})
                   .contains("approved"));
  EXPECT_TRUE(host_.Admin(kLead, "approvals.approve", {{"id", request["id"]}, {"digest", request["digest"]}})
                  .contains("approved"));
  EXPECT_EQ(Facts(answer())["stdout"], "int main(void) { return 0; }\n");

  ask();
  request = wait_for_request();
  EXPECT_TRUE(
      host_.Admin(kLead, "approvals.deny", {{"id", request["id"]}, {"message", "not today"}}).contains("denied"));
  json denied = answer();
  EXPECT_TRUE(denied.value("isError", false));
  EXPECT_NE(denied.dump().find("not today"), std::string::npos) << denied.dump();

  ask();
  json silent = answer();  // approvals.timeout of the host file is 3 s
  EXPECT_TRUE(silent.value("isError", false));
  EXPECT_EQ(Facts(silent)["approval"]["answer"], "timeout") << silent.dump();
}

TEST_F(Call, AWorkspaceWithAPolicyOfItsOwnIsRefusedAndNotIgnored) {
  EXPECT_EQ(Facts(agent_->Run("true"))["exit_code"], 0);
  host_.WriteWorkspaceFile(".warder/policy.yaml", "policy: 1\nlayer: workspace\n");
  json refused = agent_->Run("true");
  EXPECT_TRUE(refused.value("isError", false)) << refused.dump();
  EXPECT_NE(refused.dump().find(".warder/policy.yaml"), std::string::npos) << refused.dump();
  // One that can not be looked at could say anything: root's alone, a symlink to nowhere, no
  // directory at all.
  const std::filesystem::path own = host_.workspace() / ".warder";
  std::filesystem::remove_all(own);
  EXPECT_EQ(Facts(agent_->Run("true"))["exit_code"], 0);
  auto refuses = [&](const char* what) {
    json answer = agent_->Run("true");
    EXPECT_TRUE(answer.value("isError", false)) << what << answer;
    EXPECT_NE(answer.dump().find(".warder/policy.yaml"), std::string::npos) << what << answer;
    std::filesystem::remove_all(own);
  };
  ASSERT_EQ(mkdir(own.c_str(), 0700), 0);
  std::ofstream(own / "policy.yaml") << "policy: 1\n";
  refuses("of root, mode 0700");
  ASSERT_EQ(symlink("/nowhere", own.c_str()), 0);
  refuses("a symlink to nowhere");
  std::ofstream(own).put('x');
  refuses("a file");
  // Without a policy in it the directory is nobody's business.
  host_.WriteWorkspaceFile(".warder/notes", "x");
  EXPECT_EQ(Facts(agent_->Run("true"))["exit_code"], 0);
}

TEST_F(Call, WhatMayNotBeDeletedIsPinnedAndStillWritable) {
  // `rules` of kPolicy: .git/hooks is frozen; here the pin of a rule that forbids only delete.
  host_.WriteWorkspaceFile("kept/a.txt", "one\n");
  for (const char* line : {"env mv kept gone", "env rmdir kept", "env rm -rf kept"}) {
    json facts = Facts(agent_->Run(line));
    EXPECT_EQ(facts["ended"], "exited") << line << facts;
    EXPECT_GT(facts.value("exit_code", 0), 0) << line << facts;
    EXPECT_TRUE(std::filesystem::exists(host_.workspace() / "kept")) << line;
  }
  host_.WriteWorkspaceFile("free/a.txt", "one\n");
  EXPECT_EQ(Facts(agent_->Run("env mv free gone"))["exit_code"], 0) << "the command itself works";
  Facts(agent_->Run("echo two > kept/b.txt"));
  EXPECT_EQ(OnDisk("kept/b.txt"), "two\n");
}

TEST_F(Call, TheLogTellsAllOfItAndVerifies) {
  agent_->Run("cat src/main.c");
  host_.WriteWorkspaceFile("old.txt", "x");
  agent_->Call("delete_file", {{"path", "old.txt"}});  // at notify, which tells nobody yet but the log
  agent_->Run("sudo id");
  agent_->Call("write_file", {{"path", "src/new.c"}, {"content", "int x;\n"}});
  agent_.reset();
  EXPECT_EQ(host_.Stop(), 0) << host_.output();
  std::string warder = std::string(WARDER_BIN_DIR) + "/warder";
  auto [code, verdict] = Host::Execute({warder, "audit", "verify", (host_.state() / "log").string()});
  EXPECT_EQ(code, 0) << verdict;
  auto [shown, timeline] = Host::Execute({warder, "audit", "timeline", (host_.state() / "log").string()});
  EXPECT_EQ(shown, 0) << timeline;
  for (const char* words : {"cat src/main.c", "sudo id", "no-privilege", "write_file"})
    EXPECT_NE(timeline.find(words), std::string::npos) << words << " is not in:\n" << timeline;
  auto [tailed, tail] = Host::Execute({warder, "audit", "tail", "--count", "100", (host_.state() / "log").string()});
  EXPECT_EQ(tailed, 0) << tail;
  EXPECT_NE(tail.find("notify"), std::string::npos) << tail;
  auto [raw, records] =
      Host::Execute({warder, "audit", "tail", "--json", "--count", "100", (host_.state() / "log").string()});
  const std::string own = std::filesystem::read_symlink("/proc/self/exe");
  EXPECT_NE(records.find("\"program\":\"" + own), std::string::npos) << "who connected\n" << records;
}

}  // namespace
}  // namespace warder::flow
