// Is a candidate heard by the log and by nobody else, and can only those who may reload set one?
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/flow/host.h"

namespace warder::flow {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// Forbids what the policy in force allows, and allows what it forbids.
std::string Other(const std::string& id = "shadow/other") {
  return "policy: 1\nlayer: project\nid: " + id +
         "\nworkspace: { mode: direct }\n"
         "exec:\n"
         "  - { id: no-cat, forbid: Not here., argv: [cat, ...], match: [\"cat x\"] }\n"
         "  - { id: say, level: auto, argv: [echo, ...], match: [\"echo x\"] }\n"
         "  - { id: jq, level: auto, argv: [ls, { path: read }], match: [\"ls x\"] }\n"
         "  - { id: fetch, level: auto, argv: [curl, ...], match: [\"curl x\"] }\n"
         "paths:\n"
         "  - { id: ws, level: auto, may: [read, write, delete], under: \"${workspace}\" }\n"
         "default-profile: p\n"
         "profiles: { p: { auto: [read_file], notify: [create_file, modify_file, delete_file, list_directory] } }\n";
}

class CandidateOnAHost : public testing::Test {
 protected:
  void SetUp() override {
    host_.WriteWorkspaceFile("notes", "words\n");
    ASSERT_TRUE(host_.Start()) << host_.output();
    agent_ = host_.Admin(0, "status")["agents"][0]["name"];
  }
  void TearDown() override { EXPECT_TRUE(!host_.running() || host_.Stop() == 0) << host_.output(); }
  fs::path Write(const std::string& name, const std::string& text, mode_t mode = 0644) {
    const fs::path path = host_.directory() / name;
    std::ofstream(path) << text;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  json Set(const fs::path& file, uid_t uid = 0, const std::string& layer = "project") {
    return host_.Admin(uid, "policy.candidate", {{"agent", agent_}, {"layer", layer}, {"file", file.string()}});
  }
  json Status() { return host_.Admin(0, "policy.candidates")["candidates"]; }
  json Counts() { return Status().empty() ? json() : Status()[0]; }
  json Differences(int expected) {
    auto [code, text] = Host::Execute({std::string(WARDER_BIN_DIR) + "/warder", "policy", "candidate", "--json",
                                       "--differences", (host_.state() / "log").string()});
    EXPECT_EQ(code, expected) << text;
    return json::parse(text, nullptr, false);
  }
  Host host_;
  std::string agent_;
};

json Said(AgentConnection& agent, const std::string& line) { return agent.Run(line)["structuredContent"]; }

TEST_F(CandidateOnAHost, ItIsRecordedAndNeverFelt) {
  auto agent = host_.Connect();
  ASSERT_NE(agent, nullptr);
  const json cat_before = Said(*agent, "cat notes"), ls_before = Said(*agent, "ls notes");
  ASSERT_EQ(cat_before.value("stdout", ""), "words\n") << cat_before;
  json set = Set(Write("other.yaml", Other()));
  ASSERT_EQ(set.value("id", ""), "shadow/other") << set;
  EXPECT_EQ(set.value("decided", 7), 0);
  EXPECT_NE(set.value("replaces", ""), "");
  // What it forbids runs, what it allows stays forbidden.
  EXPECT_EQ(Said(*agent, "cat notes").value("stdout", ""), "words\n");
  EXPECT_EQ(Said(*agent, "cat notes").value("level", ""), cat_before.value("level", ""));
  EXPECT_EQ(Said(*agent, "echo fine").value("stdout", ""), "fine\n");
  EXPECT_EQ(Said(*agent, "curl x").value("level", ""), "forbid");
  EXPECT_EQ(Said(*agent, "ls notes").value("exit_code", 9), ls_before.value("exit_code", 8));
  EXPECT_EQ(agent->Call("read_file", {{"path", "notes"}}).value("isError", false), false);
  ASSERT_TRUE(Host::Until([&] { return Counts().value("decided", 0) >= 6; })) << Status();
  const json counts = Counts();
  EXPECT_GE(counts.value("stricter", 0), 2) << counts;
  EXPECT_EQ(counts.value("failed", 9), 0) << counts;
  EXPECT_EQ(host_.Admin(0, "policy.candidate.stop", {{"agent", agent_}}).value("stopped", false), true);
  EXPECT_TRUE(Status().empty());
  // Nothing more is decided, and nothing is left behind.
  Said(*agent, "cat notes");
  agent.reset();
  EXPECT_EQ(host_.Stop(), 0);
  const json read = Differences(1);
  size_t begun = 0, ended = 0, cats = 0;
  for (const json& row : read["records"]) {
    begun += row["what"] == "begin";
    ended += row["what"] == "end";
    if (row["what"] != "difference") continue;
    EXPECT_TRUE(row.contains("call")) << row;
    if (row["candidate"]["rule"] != "no-cat") continue;
    ++cats;
    EXPECT_EQ(row["change"], "stricter") << row;
    EXPECT_EQ(row["candidate"]["level"], "forbid") << row;
    EXPECT_NE(row["candidate"]["file"].get<std::string>().find("other.yaml"), std::string::npos) << row;
    EXPECT_EQ(row["candidate"]["line"], 6) << row;
    EXPECT_EQ(row["asked"], "cat notes") << row;
  }
  EXPECT_EQ(begun, 1u);
  EXPECT_EQ(ended, 1u);
  EXPECT_EQ(cats, 2u) << read.dump(1);
  auto [code, verdict] =
      Host::Execute({std::string(WARDER_BIN_DIR) + "/warder", "audit", "verify", "--state", host_.state().string()});
  EXPECT_EQ(code, 0) << verdict;
}

TEST_F(CandidateOnAHost, OnlyWhoMayReloadSetsOneAndOnlyOfFilesThatAPolicyMayBe) {
  const fs::path good = Write("good.yaml", Other());
  EXPECT_NE(Set(good, kLead).dump().find("no right `reload`"), std::string::npos);
  EXPECT_NE(host_.Admin(kLead, "policy.candidate.stop", {{"agent", agent_}}).dump().find("`reload`"),
            std::string::npos);
  const json agents = Set(good, kAgent);  // does not even get an answer
  EXPECT_FALSE(agents.contains("id")) << agents;
  EXPECT_TRUE(Status().empty());
  auto refused = [&](const fs::path& file, const std::string& why, const std::string& layer = "project") {
    const json answer = Set(file, 0, layer);
    EXPECT_NE(answer["error"].dump().find(why), std::string::npos) << file << answer;
    EXPECT_TRUE(Status().empty());
  };
  const fs::path foreign = Write("foreign.yaml", Other());
  ASSERT_EQ(chown(foreign.c_str(), kAgent, kAgent), 0);
  refused(foreign, "belongs to uid");
  refused(Write("open.yaml", Other(), 0666), "writable by");
  refused(Write("broken.yaml", "policy: 1\nlayer: project\nid: x\nexecs: []\n"), "broken.yaml:4:1");
  refused(good, "named as the org layer", "org");
  refused(good, "no layer of a host", "workspace");
  refused("/etc/shadow", "does not lie beside a policy");
  refused("/etc/shadow.yaml", "does not lie beside a policy");
  refused(host_.directory() / "../../etc/shadow.yaml", "does not lie beside a policy");
  refused(host_.workspace() / "mine.yaml", "does not lie beside a policy");
  // open(2) would end at the zero byte, the rule about names would not.
  refused(host_.directory().string() + std::string("/warder.log\0.yaml", 17), "does not lie beside a policy");
  refused(host_.directory() / "none.yaml", "No such file");
  fs::create_symlink("/etc/shadow", host_.directory() / "link.yaml");
  refused(host_.directory() / "link.yaml", "symlink");
  std::string failing = Other() + "tests:\n  - { run: \"cat x\", expect: auto }\n";
  refused(Write("failing.yaml", failing), "should be auto");
  std::string unserved = Other();
  unserved.replace(unserved.find("mode: direct"), 12, "mode: copy-on-write");
  refused(Write("unserved.yaml", unserved), "copy-on-write");
  agent_ = "nobody";
  refused(good, "no agent");
}

TEST_F(CandidateOnAHost, AReloadEndsItAndSaysSo) {
  ASSERT_FALSE(Set(Write("one.yaml", Other("shadow/one"))).contains("error"));
  ASSERT_FALSE(Set(Write("two.yaml", Other("shadow/two"))).contains("error"));
  ASSERT_EQ(Status().size(), 1u);
  EXPECT_EQ(Status()[0].value("id", ""), "shadow/two");
  EXPECT_FALSE(host_.Admin(0, "reload").contains("error"));
  EXPECT_TRUE(Host::Until([&] { return Status().empty(); }));
  EXPECT_EQ(host_.Stop(), 0);
  std::vector<std::string> ends;
  const json read = Differences(0);
  for (const json& row : read["records"])
    if (row["what"] == "end") ends.push_back(row["text"]);
  EXPECT_EQ(ends, (std::vector<std::string>{"another one was set", "a new load is in force"}));
  ASSERT_TRUE(host_.Start()) << host_.output();
  EXPECT_TRUE(Status().empty());
}

}  // namespace
}  // namespace warder::flow
