// Do the layers of an agent bind each of its calls, from the host file down to the workspace's own?
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/flow/host.h"

namespace warder::flow {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kOrg = R"(policy: 1
layer: org
id: acme
unmatched: { exec: pass, paths: pass }
exec:
  - { id: no-heads, forbid: Nobody looks at heads., argv: [head, ...], match: ["head x"] }
paths:
  - { id: payroll, forbid: Payroll is not for agents., may: [read, write, delete], match: ["**/payroll/**"] }
limits: { output: 2KiB }
)";
constexpr const char* kTeam = R"(policy: 1
layer: team
id: acme/crew
unmatched: { exec: pass }
exec:
  - { id: count-asks, level: approve, why: Somebody looks., argv: [wc, ...], match: ["wc x"] }
tests:
  - { run: "head x", expect: forbid }
)";

json Said(AgentConnection& agent, const std::string& line) { return agent.Run(line)["structuredContent"]; }

TEST(Layers, EachBindsEveryCallAndTheStrictestDecides) {
  Host host(HostOptions{.org = kOrg, .team = kTeam});
  host.WriteWorkspaceFile("payroll/list", "secret\n");
  ASSERT_TRUE(host.Start()) << host.output();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(Said(*agent, "echo fine").value("stdout", ""), "fine\n");
  json refused = Said(*agent, "head x");
  EXPECT_EQ(refused.value("level", ""), "forbid") << refused;
  EXPECT_EQ(refused.value("rule", ""), "no-heads");
  EXPECT_EQ(Said(*agent, "wc x").value("rule", ""), "count-asks");
  // Hidden by the org's path rule, though the project's allows the whole workspace and the team says nothing of paths.
  EXPECT_EQ(Said(*agent, "cat payroll/list").value("stdout", "").find("secret"), std::string::npos);
  json read = agent->Call("read_file", {{"path", "payroll/list"}});
  EXPECT_TRUE(read.value("isError", false)) << read;
  // The smallest of the limits: the project's 64 KiB, the org's 2.
  EXPECT_LE(Said(*agent, "seq 100000").value("stdout", "").size(), 2048u);
  agent.reset();
  EXPECT_EQ(host.Stop(), 0);
  auto [code, log] = Host::Execute({std::string(WARDER_BIN_DIR) + "/warder", "audit", "tail", "--json", "--count",
                                    "1000", (host.state() / "log").string()});
  EXPECT_EQ(code, 0);
  EXPECT_NE(log.find("\"layer\":\"org\""), std::string::npos) << "the record does not say which layer decided";
}

TEST(Layers, ABadLayerRefusesTheStartAndAtReloadTheOldOnesStay) {
  std::string two = kOrg;
  two.replace(two.find("layer: org"), 10, "layer: project");
  Host wrong(HostOptions{.org = two});
  EXPECT_FALSE(wrong.Start());
  EXPECT_NE(wrong.output().find("named as the org layer"), std::string::npos) << wrong.output();

  Host host(HostOptions{.org = kOrg, .team = kTeam});
  ASSERT_TRUE(host.Start()) << host.output();
  // The org's rule goes, and with it what the team's test rests on.
  std::string widened = kOrg;
  widened.replace(widened.find("argv: [head, ...], match: [\"head x\"]"), 36, "argv: [nl, ...], match: [\"nl x\"]    ");
  host.WriteLayer("org", widened);
  json answer = host.Admin(0, "reload");
  EXPECT_NE(answer.dump().find("team.yaml:8:"), std::string::npos) << answer;
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(Said(*agent, "head x").value("rule", ""), "no-heads");
  agent.reset();
  EXPECT_EQ(host.Stop(), 0);
}

constexpr const char* kOwn = R"(policy: 1
layer: workspace
id: here
unmatched: { exec: pass }
exec:
  - { id: no-cat, forbid: Not in this tree., argv: [cat, ...], match: ["cat x"] }
)";

// What a clone brings along narrows at once, also in a session that is open, and can not be taken away from inside.
TEST(WorkspaceLayer, NarrowsAndCanNotBeTakenAwayFromInside) {
  Host host;
  host.WriteWorkspaceFile("notes", "words\n");
  ASSERT_TRUE(host.Start()) << host.output();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(Said(*agent, "cat notes").value("stdout", ""), "words\n");
  host.WriteWorkspaceFile(".warder/policy.yaml", kOwn);
  json refused = Said(*agent, "cat notes");
  EXPECT_EQ(refused.value("rule", ""), "no-cat") << refused;
  EXPECT_EQ(Said(*agent, "echo fine").value("stdout", ""), "fine\n");
  EXPECT_EQ(agent->Call("read_file", {{"path", "notes"}}).value("isError", false), false);

  const std::string before = kOwn;
  auto content = [&] {
    std::ifstream in(host.workspace() / ".warder/policy.yaml");
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  for (const char* path : {".warder/policy.yaml", "./.warder/../.warder/policy.yaml"}) {
    EXPECT_EQ(agent->Call("write_file", {{"path", path}, {"content", "x"}})["structuredContent"].value("rule", ""),
              "own-policy");
    EXPECT_EQ(agent->Call("delete_file", {{"path", path}})["structuredContent"].value("rule", ""), "own-policy");
  }
  EXPECT_TRUE(agent->Call("delete_file", {{"path", ".warder"}}).value("isError", false));
  // Commands: the file is frozen, its directory does not move, and nothing is laid over either.
  for (const char* line :
       {"dd if=/dev/null of=.warder/policy.yaml", "touch .warder/policy.yaml", "mkdir .warder/policy.yaml",
        "echo x > .warder/policy.yaml", "env rm .warder/policy.yaml", "env mv .warder gone",
        "env ln -sf /dev/null .warder/policy.yaml", "env cp /dev/null .warder/policy.yaml",
        "env ln .warder/policy.yaml hard", "env chmod 0666 .warder/policy.yaml", "env mv .warder/policy.yaml .warder/p",
        "env mkdir -p .warder2 && env mv .warder2 .warder"})
    Said(*agent, line);
  EXPECT_EQ(content(), before);
  struct stat status{};
  ASSERT_EQ(stat((host.workspace() / ".warder/policy.yaml").c_str(), &status), 0);
  EXPECT_EQ(status.st_nlink, 1u) << "another name, by which it could be written";
  EXPECT_EQ(status.st_mode & 022u, 0u);
  EXPECT_EQ(Said(*agent, "cat notes").value("rule", ""), "no-cat");

  // A person's change counts from the next call on, also in place and of the same length.
  std::string other = before;
  other.replace(other.find("[cat, ...], match: [\"cat x\"]"), 28, "[seq, ...], match: [\"seq 1\"]");
  std::ofstream(host.workspace() / ".warder/policy.yaml") << other;
  EXPECT_EQ(Said(*agent, "cat notes").value("stdout", ""), "words\n");
  EXPECT_EQ(Said(*agent, "seq 3").value("rule", ""), "no-cat");
  std::filesystem::remove(host.workspace() / ".warder/policy.yaml");
  EXPECT_EQ(Said(*agent, "seq 1").value("stdout", ""), "1\n");
  agent.reset();
  EXPECT_EQ(host.Stop(), 0);
}

TEST(WorkspaceLayer, NeverWidens) {
  // Everything that it could say to be let do more: allow, answer for what the others do not know, larger limits.
  Host host;
  host.WriteWorkspaceFile("a.key", "secret\n");
  host.WriteWorkspaceFile(".warder/policy.yaml", R"(policy: 1
layer: workspace
id: greedy
exec:
  - { id: all, level: auto, argv: [[cat, sudo, sort, seq, perl, tail], ...] }
paths:
  - { id: every, level: auto, may: [read, write], under: "${workspace}" }
  - { id: etc, level: auto, may: [read], under: /etc }
limits: { output: 1GiB, wall: 1h, concurrent: 1000 }
environment: { pass: [CI, TZ] }
)");
  ASSERT_TRUE(host.Start()) << host.output();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(Said(*agent, "sudo id").value("level", ""), "forbid");
  EXPECT_EQ(Said(*agent, "sort notes").value("level", ""), "forbid");
  EXPECT_EQ(Said(*agent, "perl -e 1").value("level", ""), "forbid");
  EXPECT_EQ(Said(*agent, "tail x").value("level", ""), "approve");
  EXPECT_EQ(Said(*agent, "cat a.key").value("stdout", "").find("secret"), std::string::npos);
  EXPECT_TRUE(agent->Call("read_file", {{"path", "a.key"}}).value("isError", false));
  EXPECT_TRUE(agent->Call("read_file", {{"path", "/etc/passwd"}}).value("isError", false));
  EXPECT_LE(Said(*agent, "seq 100000").value("stdout", "").size(), 65536u);
  agent.reset();
  EXPECT_EQ(host.Stop(), 0);
}

TEST(WorkspaceLayer, ABrokenOneRefusesItsWorkspaceAndSaysWhere) {
  Host host;
  host.WriteWorkspaceFile(".warder/policy.yaml", std::string(kOwn) + "execc: []\n");
  ASSERT_TRUE(host.Start()) << host.output();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  const fs::path file = host.workspace() / ".warder/policy.yaml";
  auto refused_for = [&](const std::string& words) {
    json answer = agent->Run("echo fine");
    EXPECT_TRUE(answer.value("isError", false)) << words;
    EXPECT_NE(answer.dump().find(words), std::string::npos) << words << ": " << answer;
  };
  refused_for("policy.yaml:7:1");
  std::ofstream(file) << ",";
  refused_for("policy.yaml:1:1");
  std::ofstream(file) << "policy: 1\nlayer: project\nid: here\n";
  refused_for("named as the workspace layer");
  std::ofstream(file) << std::string(1 << 20, '[');
  refused_for("policy.yaml:");
  std::ofstream(file) << std::string((1 << 20) + 1, '#');
  refused_for("larger than 1 MiB");
  std::ofstream(file) << std::string(kOwn) + "tests:\n  - { run: \"echo x\", expect: forbid, by: no-cat }\n";
  refused_for("policy.yaml:8:");
  std::ofstream(file) << kOwn;
  ASSERT_EQ(chmod(file.c_str(), 0664), 0);
  refused_for("writable by its group");
  ASSERT_EQ(chmod(file.c_str(), 0000), 0);
  refused_for("policy.yaml");
  fs::remove(file);
  fs::create_symlink("/dev/null", file);
  refused_for("no file of its own");
  fs::remove(file);
  fs::create_directory(file);
  refused_for("no file of its own");
  fs::remove(file);
  ASSERT_EQ(mkfifo(file.c_str(), 0644), 0);
  refused_for("no file of its own");
  fs::remove(file);
  EXPECT_EQ(Said(*agent, "echo fine").value("stdout", ""), "fine\n");
  // Calls that come together wait for one reading.
  std::ofstream(file) << kOwn;
  ASSERT_EQ(chmod(file.c_str(), 0644), 0);
  for (int id = 1; id <= 6; ++id)
    agent->SendLine(R"({"jsonrpc":"2.0","id":)" + std::to_string(800 + id) +
                    R"(,"method":"tools/call","params":{"name":"run_command","arguments":{"command":"cat x"}}})");
  for (int answers = 0; answers < 6; ++answers) {
    auto line = agent->ReadLine();
    ASSERT_TRUE(line);
    EXPECT_NE(line->find("no-cat"), std::string::npos) << *line;
  }
  agent.reset();
  EXPECT_EQ(host.Stop(), 0);
}

}  // namespace
}  // namespace warder::flow
