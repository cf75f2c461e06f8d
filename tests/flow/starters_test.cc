// Do the starter policies serve an agent at work on a real host, and refuse it what they must?
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/flow/host.h"

namespace warder::flow {
namespace {

using nlohmann::json;

std::string Starter(const std::string& name) {
  std::ifstream in(std::string(WARDER_SOURCE_DIR) + "/policies/" + name + ".yaml");
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Step {
  const char* tool;  // a tool, or run for a line
  json arguments;
  int exit_code = 0;         // of a command that runs
  const char* refused = "";  // by this rule
  bool asks = false;         // and a person says yes
};
Step Runs(const char* line, int exit_code = 0) { return {"run_command", {{"command", line}}, exit_code, ""}; }
Step Refused(const char* line, const char* rule) { return {"run_command", {{"command", line}}, 0, rule}; }
Step Asked(const char* line) { return {"run_command", {{"command", line}, {"reason", "as agreed"}}, 0, "", true}; }

// A folder below /var/log, taken away at the end.
struct Logs {
  explicit Logs(const std::string& name) : path("/var/log/warder-" + name + "." + std::to_string(getpid())) {
    std::filesystem::create_directory(path);
    std::ofstream(path + "/a.log") << "ERROR\n";
  }
  ~Logs() { std::filesystem::remove_all(path); }
  const std::string path;
};

// A host that serves the starter; the files lie in its workspace and belong to the workspace's owner.
class Work {
 public:
  Work(const std::string& policy, const std::vector<std::pair<std::string, std::string>>& files)
      : host_(HostOptions{.policy = policy, .sources = "/var/log"}) {
    for (const auto& [path, text] : files) {
      std::filesystem::create_directories((host_.workspace() / path).parent_path());
      std::ofstream(host_.workspace() / path) << text;
    }
  }
  Host& host() { return host_; }

  void Does(const std::vector<Step>& steps) {
    const std::string owner = std::to_string(kOwner);
    ASSERT_EQ(Host::Execute({"chown", "-hR", owner + ":" + owner, host_.workspace()}).first, 0);
    ASSERT_TRUE(host_.Start()) << host_.output();
    auto agent = host_.Connect();
    ASSERT_TRUE(agent);
    for (const Step& step : steps) {
      const json said = step.asks ? SayYes(*agent, step) : agent->Call(step.tool, step.arguments);
      const json answer = said.value("structuredContent", json::object());
      const bool refused = answer.value("refused", false);
      EXPECT_EQ(refused ? answer.value("rule", "") : "", step.refused) << step.arguments << "\n" << said.dump(1);
      if (refused || step.tool != std::string("run_command")) continue;
      EXPECT_EQ(answer.value("exit_code", -1), step.exit_code) << step.arguments << "\n" << said.dump(1);
    }
  }

 private:
  json SayYes(AgentConnection& agent, const Step& step) {
    agent.SendLine(json{{"jsonrpc", "2.0"},
                        {"id", 900},
                        {"method", "tools/call"},
                        {"params", {{"name", step.tool}, {"arguments", step.arguments}}}}
                       .dump());
    json waiting;
    Host::Until([&] {
      waiting = host_.Admin(kLead, "approvals.list").value("approvals", json::array());
      return !waiting.empty();
    });
    if (waiting.empty()) return json{{"nobody was asked", true}};
    host_.Admin(kLead, "approvals.approve", {{"id", waiting[0]["id"]}, {"digest", waiting[0]["digest"]}});
    auto line = agent.ReadLine();
    return line ? json::parse(*line).value("result", json::object()) : json::object();
  }

  Host host_;
};

TEST(Starters, AReviewerReadsAndChangesNothing) {
  Work work(Starter("reviewer"), {{"src/a.c", "int main() { return 0; } // TODO\n"}, {".env", "KEY=1\n"}});
  ASSERT_EQ(symlink("../.env", (work.host().workspace() / "src/link").c_str()), 0);
  ASSERT_EQ(symlink("/etc/passwd", (work.host().workspace() / "src/users").c_str()), 0);
  work.Does({Runs("ls -la"), Runs("grep -rn TODO src | wc -l"), Runs("find . -name '*.c' -type f"),
             Runs("head -1 src/a.c"), Runs("cat src/a.c > /tmp/a"), Refused("cat src/link", "secrets"),
             Refused("cat src/users", "no-path"), Refused("echo x > src/a.c", "no-path"),
             Refused("rm src/a.c", "no-changes"), Refused("git -c core.pager=sh log", "no-rule"),
             Step{"read_file", {{"path", "src/a.c"}}}, Step{"read_file", {{"path", "src/link"}}, 0, "secrets"},
             Step{"write_file", {{"path", "src/a.c"}, {"content", "x"}}, 0, "no-path"}});
}

TEST(Starters, APythonDeveloperTestsAndAsksForWhatRunsUnasked) {
  Work work(Starter("developer-python"),
            {{"tests/__init__.py", ""},
             {"tests/test_a.py", "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n"},
             {"scripts/count.py", "print(1)\n"},
             {"conftest.py", "\n"}});
  work.Does({Runs("python3 -m unittest -v"), Runs("python3 -m py_compile scripts/count.py"),
             Runs("python3 scripts/count.py"), Runs("cp -T scripts/count.py scripts/again.py"),
             Runs("rm -rf -- scripts/again.py"), Refused("python3 -c 1", "no-rule"),
             Refused("python3 -m pip install x", "no-module-install"),
             Refused("PYTHONPATH=. python3 -m unittest", "environment"),
             Step{"write_file", {{"path", "scripts/new.py"}, {"content", "x = 1\n"}}},
             Step{"write_file", {{"path", ".envrc"}, {"content", "x"}}, 0, "protected"}});
}

TEST(Starters, ANodeDeveloperRunsScriptsByNameAndInstallsNothing) {
  if (!std::filesystem::exists("/usr/bin/npm")) GTEST_SKIP() << "npm is not installed";
  Work work(Starter("developer-node"),
            {{"package.json", R"({ "name": "x", "scripts": { "test": "node scripts/a.js" } })"},
             {"scripts/a.js", "console.log(1)\n"}});
  work.Does({Runs("npm test"), Runs("npm run test"), Runs("node --check scripts/a.js"), Runs("node scripts/a.js"),
             Refused("npm install x", "no-npm-install"), Refused("npx x", "no-install"),
             Refused("npm test --script-shell=./x", "no-rule"), Refused("npm run test -- x", "no-rule"),
             Refused("node -e 1", "no-rule"), Refused("node --require ./scripts/a.js scripts/a.js", "no-rule"),
             Asked("echo x > package.json")});
}

TEST(Starters, ALogAnalystReadsLogsAndNoSignIns) {
  if (access("/var/log", W_OK) != 0) GTEST_SKIP() << "needs a folder below /var/log, which is read-only here";
  const Logs logs("analyst");
  Work work(Starter("log-analyst"), {{"old.md", "x\n"}});
  ASSERT_EQ(symlink("/var/log/btmp", (work.host().workspace() / "b").c_str()), 0);
  ASSERT_EQ(symlink("/etc/shadow", (work.host().workspace() / "s").c_str()), 0);
  const std::string count = "grep -c ERROR " + logs.path + "/a.log > report.txt",
                    spoil = "echo x >> " + logs.path + "/a.log";
  work.Does({Runs(count.c_str()), Runs("cat report.txt"), Refused("cat b", "sign-ins"), Refused("cat s", "no-path"),
             Refused(spoil.c_str(), "written-logs"), Refused("rm old.md", "no-changes"),
             Step{"write_file", {{"path", "report.md"}, {"content", "x"}}},
             Step{"read_file", {{"path", "b"}}, 0, "sign-ins"}});
}

TEST(Starters, ADeploymentIsUnpackedAndTheRunningReleaseStays) {
  Work work(Starter("deploy-agent"), {{"releases/1.4.1/app.txt", "old\n"}, {"incoming/app.txt", "new\n"}});
  const std::string ws = work.host().workspace();
  ASSERT_EQ(Host::Execute({"bash", "-euc",
                           "cd " + ws +
                               "; ln -s 1.4.1 releases/current; cd incoming; tar -czf app-1.4.2.tar.gz app.txt; "
                               "cd ..; sha256sum incoming/app-1.4.2.tar.gz > incoming/app-1.4.2.sha256"})
                .first,
            0);
  const char* const unpack =
      "mkdir releases/1.4.2 && tar --no-same-owner -xzf incoming/app-1.4.2.tar.gz -C releases/1.4.2";
  work.Does(
      {Runs("sha256sum -c --strict incoming/app-1.4.2.sha256"), Runs("tar -tzf incoming/app-1.4.2.tar.gz"),
       Runs(unpack), Runs("grep -c new releases/1.4.2/app.txt"),
       // What was there when a call began is changed by nothing: not by the right archive, not in a folder of its own.
       Runs(unpack, 1), Runs("tar --no-same-owner -xzf incoming/app-1.4.2.tar.gz -C releases/1.4.1", 2),
       Runs("grep -c old releases/1.4.1/app.txt"), Refused("cat incoming/app.txt > releases/1.4.1/app.txt", "in-place"),
       Refused("cat incoming/app.txt > releases/current/app.txt", "in-place"),
       Refused("ln -sfnT /etc releases/current", "no-rule"), Refused("rm -rf releases/1.4.1", "no-rm"),
       Step{"delete_file", {{"path", "releases/current"}, {"reason", "x"}}, 0, "running"},
       Refused("ln -sfnT 1.4.2 releases/current", "reason"), Asked("ln -sfnT 1.4.2 releases/current"),
       Step{"delete_file", {{"path", "releases/1.4.1"}, {"reason", "as agreed"}}, 0, "", true}});
  EXPECT_EQ(std::filesystem::read_symlink(ws + "/releases/current"), "1.4.2");
  EXPECT_FALSE(std::filesystem::exists(ws + "/releases/1.4.1"));
}

TEST(Starters, AnIncidentGoesBackWithAYesAndEditsNoRelease) {
  std::string policy = Starter("incident-responder");
  const std::string observe = "default-profile: observe", look_on = "  # Without an incident", attacks = "  # Attacks";
  ASSERT_TRUE(policy.contains(observe) && policy.contains(look_on));
  policy.replace(policy.find(observe), observe.size(), "default-profile: incident");
  policy.erase(policy.find(look_on), policy.find(attacks) - policy.find(look_on));  // tests of the other profile
  Work work(policy, {{"releases/1.4.1/app.txt", "old\n"},
                     {"releases/1.4.2/app.txt", "new\n"},
                     {"flags/search.json", "{}\n"},
                     {"evidence/keep", ""}});
  const std::string ws = work.host().workspace();
  ASSERT_EQ(symlink("1.4.2", (ws + "/releases/current").c_str()), 0);
  work.Does(
      {Runs("diff -r releases/1.4.1 releases/1.4.2", 1), Runs("tar -czf evidence/flags.tgz -- flags"),
       Refused("echo x > releases/1.4.2/app.txt", "code"), Refused("kill 1", "no-service-manager"),
       Asked("ln -sfnT 1.4.1 releases/current"), Runs("cat releases/current/app.txt"),
       Step{"write_file", {{"path", "flags/search.json"}, {"content", "off"}, {"reason", "as agreed"}}, 0, "", true},
       Step{"delete_file", {{"path", "flags/search.json"}}, 0, "delete_file"}});
  EXPECT_EQ(std::filesystem::read_symlink(ws + "/releases/current"), "1.4.1");
}

TEST(Starters, AnUnattendedBuildWritesBuildAlone) {
  Work work(Starter("ci-unattended"),
            {{"Makefile", "all:\n\techo done > build/out\ntest:\n\techo x > Makefile\n"}, {"build/keep", ""}});
  work.Does({Runs("make all"), Runs("cat build/out"), Runs("mkdir -p build/reports"), Runs("ls > build/reports/list"),
             Runs("make test", 2), Refused("make install", "no-rule"), Refused("ls > list", "no-path"),
             Refused("git push origin main", "no-rule")});
}

// Rules that meet a whole tree: nothing of the source may be written, nothing of the workspace deleted, or even read.
TEST(Starters, RulesOfAWholeTreeHoldAndRefuseNoRun) {
  if (access("/var/log", W_OK) != 0) GTEST_SKIP() << "needs a folder below /var/log, which is read-only here";
  const Logs logs("trees");
  const std::string head =
      "policy: 1\nlayer: project\nid: t/x\nworkspace: { mode: direct }\nexec:\n"
      "  - { id: look, level: auto, argv: [[cat, ls, touch, rm], ...] }\npaths:\n";
  struct Case {
    const char* rules;
    std::vector<Step> steps;
  };
  const std::string a = "cat " + logs.path + "/a.log", b = "touch " + logs.path + "/b";
  const Case cases[] = {{"  - { id: ws, level: auto, may: [read, write], under: \"${workspace}\" }\n"
                         "  - { id: kept, forbid: No, may: [delete], under: \"${workspace}\" }\n",
                         {Runs("cat f"), Runs("touch new"), Runs("rm f", 1)}},
                        {"  - { id: ws, level: auto, may: [read], under: \"${workspace}\" }\n"
                         "  - { id: logs, level: auto, may: [read], under: /var/log }\n"
                         "  - { id: written, forbid: No, may: [write, delete], match: [/var/log/**] }\n",
                         {Runs("cat f"), Runs(a.c_str()), Runs(b.c_str(), 1)}},
                        {"  - { id: logs, level: auto, may: [read], under: /var/log }\n",
                         {Runs("ls"), Runs(a.c_str()), Runs("cat f", 1)}}};
  for (const Case& c : cases) {
    Host host(HostOptions{.policy = head + c.rules, .sources = "/var/log"});
    host.WriteWorkspaceFile("f", "x\n");
    ASSERT_TRUE(host.Start()) << host.output();
    auto agent = host.Connect();
    ASSERT_TRUE(agent);
    for (const Step& step : c.steps) {
      const json said = agent->Call(step.tool, step.arguments);
      EXPECT_EQ(said["structuredContent"].value("exit_code", -1), step.exit_code) << c.rules << step.arguments << "\n"
                                                                                  << said.dump(1);
    }
  }
}

}  // namespace
}  // namespace warder::flow
