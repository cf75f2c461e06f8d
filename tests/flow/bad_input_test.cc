// What does a host do with input and machines that are broken? Nothing lost, nothing run, a clear message.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/flow/host.h"

namespace warder::flow {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

TEST(BadInput, BrokenJsonIsAnErrorAndTheNextLineWorks) {
  Host host;
  ASSERT_TRUE(host.Start()) << host.output();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  agent->SendLine("{\"jsonrpc\":\"2.0\",");
  auto line = agent->ReadLine();
  ASSERT_TRUE(line);
  EXPECT_EQ(json::parse(*line)["error"]["code"], -32700) << *line;
  EXPECT_EQ(agent->Run("true")["structuredContent"]["exit_code"], 0);
}

TEST(BadInput, AMessageOver4MiBEndsTheConnectionWithAnError) {
  Host host;
  ASSERT_TRUE(host.Start()) << host.output();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  agent->SendLine(std::string(4 * 1024 * 1024 + 1, 'x'));
  auto line = agent->ReadLine();
  ASSERT_TRUE(line);
  EXPECT_TRUE(json::parse(*line).contains("error")) << *line;
  EXPECT_FALSE(agent->ReadLine(std::chrono::seconds(5))) << "the stream can not be trusted any more";
  EXPECT_NE(host.Connect(), nullptr);
}

TEST(BadInput, AClientThatNeverReadsHurtsOnlyItself) {
  Host host;
  ASSERT_TRUE(host.Start()) << host.output();
  auto deaf = host.Connect();
  ASSERT_NE(deaf, nullptr);
  // Far more answers than the 16 MiB that may wait for one client: then it is closed, and its own
  // writes fail.
  const std::string ask = R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})"
                          "\n";
  std::string many;
  for (int i = 0; i < 200; ++i) many += ask;
  bool closed = false;
  for (int i = 0; i < 100 && !closed; ++i) {
    size_t done = 0;
    while (!closed && done < many.size()) {
      ssize_t size = send(deaf->fd(), many.data() + done, many.size() - done, MSG_NOSIGNAL);
      if (size <= 0)
        closed = true;
      else
        done += static_cast<size_t>(size);
    }
  }
  EXPECT_TRUE(closed) << "the broker keeps answers without a bound";
  auto other = host.Connect();
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->Run("true")["structuredContent"]["exit_code"], 0);
}

TEST(BadInput, OutputWithoutALimitInThePolicyStallsNobody) {
  std::string policy = kPolicy;
  policy.replace(policy.find("output: 64KiB, "), 15, "");
  Host host(HostOptions{.policy = policy, .output = "64MiB"});
  ASSERT_TRUE(host.Start()) << host.output();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  auto begun = std::chrono::steady_clock::now();
  agent->SendLine(
      R"({"jsonrpc":"2.0","id":900,"method":"tools/call","params":{"name":"run_command","arguments":{"command":"dd if=/dev/zero bs=1048576 count=40"}}})");
  std::chrono::steady_clock::duration longest{};
  for (int i = 0; i < 20; ++i) {
    auto asked = std::chrono::steady_clock::now();
    EXPECT_TRUE(host.Admin(0, "status").contains("agents"));
    longest = std::max(longest, std::chrono::steady_clock::now() - asked);
  }
  auto line = agent->ReadLine(std::chrono::seconds(60));
  ASSERT_TRUE(line) << "the connection was closed";
  json facts = json::parse(*line)["result"]["structuredContent"];
  EXPECT_EQ(facts["exit_code"], 0) << facts.dump().substr(0, 500);
  EXPECT_EQ(facts["stdout_truncated"], true);
  EXPECT_LE(facts["stdout"].get<std::string>().size(), 1u << 20);
  EXPECT_LT(longest, std::chrono::seconds(2)) << "a person waited for the output of an agent";
  for (const Process& broker : host.ProcessesNamed("warder-broker")) {
    std::ifstream status("/proc/" + std::to_string(broker.pid) + "/status");
    for (std::string entry; std::getline(status, entry);)
      if (entry.starts_with("VmHWM:")) {
        EXPECT_LT(std::stol(entry.substr(6)), 100'000) << entry;
        std::printf("broker %s, longest status %.3f s, all %.3f s\n", entry.c_str(),
                    std::chrono::duration<double>(longest).count(),
                    std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
      }
  }
}

TEST(BadInput, AThousandConnectionsLeaveTheHostServing) {
  rlimit files{4096, 4096};
  setrlimit(RLIMIT_NOFILE, &files);
  Host host;
  ASSERT_TRUE(host.Start()) << host.output();
  std::vector<UniqueFd> held;
  for (int i = 0; i < 1000; ++i) {
    UniqueFd fd = host.ConnectTo(host.run() / "agents" / "tester.sock", kAgent);
    if (fd) held.push_back(std::move(fd));
  }
  EXPECT_GE(held.size(), 16u);
  EXPECT_TRUE(host.Admin(0, "status").contains("agents")) << "people are locked out by connections of agents";
  held.clear();
  EXPECT_TRUE(Host::Until(
      [&] {
        auto agent = host.Connect();
        return agent != nullptr && agent->Run("true").contains("structuredContent");
      },
      std::chrono::seconds(30)))
      << host.output();
}

struct BadPolicy {
  const char* name;
  std::string text;
  const char* message;
};

TEST(BadInput, APolicyThatCanNotBeReadStopsTheStart) {
  for (const BadPolicy& bad :
       {BadPolicy{"duplicate key", std::string("policy: 1\npolicy: 1\n"), "policy.yaml:2:1"},
        BadPolicy{"one byte", ",", "policy.yaml:1:1"},
        BadPolicy{"copy-on-write by default",
                  std::string("policy: 1\nlayer: project\nid: x\nexec:\n  - { id: a, level: auto, argv: [true] }\n"),
                  "direct"}}) {
    Host host(HostOptions{.policy = bad.text});
    EXPECT_FALSE(host.Start()) << bad.name;
    EXPECT_NE(host.output().find(bad.message), std::string::npos) << bad.name << ": " << host.output();
  }
}

// What config/ compared with the workspaces is a path; a symlink in it would lead elsewhere.
TEST(BadInput, FilesInForceAreOpenedThroughNoSymlink) {
  Host host;
  const fs::path policy = host.directory() / "policy.yaml", inside = host.workspace() / "conf";
  fs::create_directory(inside);
  fs::rename(policy, inside / "policy.yaml");
  fs::create_symlink(inside / "policy.yaml", policy);
  EXPECT_FALSE(host.Start());
  EXPECT_NE(host.output().find("symlink"), std::string::npos) << host.output();
  fs::remove(policy);
  fs::create_directory_symlink(inside, host.directory() / "conf");
  std::ifstream in(host.directory() / "warder.yaml");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  text.replace(text.find("/policy.yaml }"), 14, "/conf/policy.yaml }");
  std::ofstream(host.directory() / "warder.yaml") << text;
  EXPECT_FALSE(host.Start());
  EXPECT_NE(host.output().find("leads through a symlink"), std::string::npos) << host.output();
}

TEST(BadInput, ABadPolicyAtReloadKeepsTheOldOne) {
  Host host;
  ASSERT_TRUE(host.Start()) << host.output();
  host.WritePolicy("policy: 1\npolicy: 1\n");
  json answer = host.Admin(0, "reload");
  EXPECT_TRUE(answer.contains("error")) << answer.dump();
  EXPECT_NE(answer.dump().find("policy.yaml:2:1"), std::string::npos) << answer.dump();
  EXPECT_EQ(answer["error"]["code"], -32602) << "what can not be used is no trouble of the host: " << answer.dump();
  // By a signal nobody is answered; status still says it.
  host.WritePolicy("policy: 1\nlayer: nowhere\n");
  ASSERT_EQ(kill(host.pid(), SIGHUP), 0);
  EXPECT_TRUE(Host::Until([&] {
    return host.Admin(0, "status").value("refused_reload", "").find("policy.yaml:2:8") != std::string::npos;
  })) << host.Admin(0, "status").dump();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(agent->Run("true")["structuredContent"]["exit_code"], 0);
  std::string changed = kPolicy;
  changed.replace(changed.find("true, false"), 11, "true");
  host.WritePolicy(changed);
  EXPECT_TRUE(host.Admin(0, "reload").contains("reloaded"));
  EXPECT_EQ(host.Admin(0, "status")["refused_reload"], "");
  EXPECT_EQ(agent->Run("false")["structuredContent"]["rule"], "no-rule");
}

TEST(BadInput, AProgramThatIsNotThereIsToldApartFromARefusal) {
  std::string policy = kPolicy;
  policy.replace(policy.find("[[cat,"), 6, "[[nosuchprog, cat,");
  Host host(HostOptions{.policy = policy});
  ASSERT_TRUE(host.Start()) << host.output();
  auto agent = host.Connect();
  ASSERT_NE(agent, nullptr);
  json facts = agent->Run("nosuchprog --now")["structuredContent"];
  EXPECT_EQ(facts["refused"], true) << facts;
  EXPECT_EQ(facts.value("no_program", ""), "nosuchprog") << facts;
  EXPECT_FALSE(agent->Run("perl -e 1")["structuredContent"].contains("no_program")) << "no rule is for it";
  EXPECT_FALSE(agent->Run("sudo nosuchprog")["structuredContent"].contains("no_program"));
}

TEST(BadInput, AFullDiskUnderTheLogRunsNothing) {
  fs::path mount_point = "/var/tmp/warder-full." + std::to_string(getpid());
  fs::create_directories(mount_point);
  ASSERT_EQ(mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=24m,mode=0755"), 0);
  {
    Host host(HostOptions{.state = mount_point / "state"});
    ASSERT_TRUE(host.Start()) << host.output();
    auto agent = host.Connect();
    ASSERT_NE(agent, nullptr);
    EXPECT_EQ(agent->Run("touch before")["structuredContent"]["exit_code"], 0);
    std::ofstream filler(mount_point / "filler");
    std::string block(1 << 20, 'x');
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
    filler.close();
    bool refused = false;
    for (int i = 0; i < 3000 && !refused; ++i) {
      json result = agent->Run("touch after-" + std::to_string(i));
      if (result.contains("closed")) break;
      refused = result.value("isError", false);
      if (refused) {
        EXPECT_FALSE(fs::exists(host.workspace() / ("after-" + std::to_string(i)))) << "ran without a record";
      }
    }
    EXPECT_TRUE(refused || !host.running()) << "a full disk was not noticed";
    if (host.running()) {
      // Everybody is told why, and what to do.
      AgentConnection late(host.ConnectTo(host.run() / "agents" / "tester.sock", kAgent));
      auto word = late.ReadLine();
      ASSERT_TRUE(word) << "a new session is let in, and none of its calls will run";
      EXPECT_NE(word->find("free space on the disk of the log"), std::string::npos) << *word;
      EXPECT_FALSE(late.ReadLine(std::chrono::seconds(5)));
      json status = host.Admin(0, "status");
      EXPECT_EQ(status["ledger"], "refuses") << status.dump();
      EXPECT_NE(status.value("ledger_says", "").find("nothing new is recorded"), std::string::npos) << status.dump();
      EXPECT_NE(host.output().find("no session begins and no call runs"), std::string::npos) << host.output();
      fs::remove(mount_point / "filler");
      EXPECT_TRUE(Host::Until([&] { return host.Connect() != nullptr; })) << "space came back: " << host.output();
      EXPECT_EQ(host.Admin(0, "status")["ledger"], "open");
    }
    agent.reset();
    host.Stop();
    std::string warder = std::string(WARDER_BIN_DIR) + "/warder";
    auto [code, verdict] = Host::Execute({warder, "audit", "verify", (mount_point / "state/log").string()});
    EXPECT_EQ(code, 0) << verdict;
  }
  EXPECT_EQ(umount(mount_point.c_str()), 0);
  fs::remove_all(mount_point);
}

TEST(BadInput, AHiddenControllerIsARefusalAndNotAJailWithoutLimits) {
  if (!fs::exists("/sys/fs/cgroup/pids") && !fs::exists("/sys/fs/cgroup/cgroup.controllers"))
    GTEST_FAIL() << "no cgroup hierarchy on this machine: limits can not be tested";
  std::string hide = fs::exists("/sys/fs/cgroup/pids") ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup";
  Host host(HostOptions{.wrapper = {"/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
                                    "mount -t tmpfs none " + hide + " && exec \"$0\" \"$@\""}});
  EXPECT_FALSE(host.Start());
  EXPECT_NE(host.output().find("pids"), std::string::npos) << host.output();
}

TEST(BadInput, NoUserNamespacesIsSaidAtTheStart) {
  // user.max_user_namespaces is per user namespace: a child of init_user_ns where root may still make mounts is
  // not needed, the limit of a fresh one is set to 0 from inside it and warderd runs there as its root.
  Host host(HostOptions{.wrapper = {"/usr/bin/unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c",
                                    "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" \"$@\""}});
  EXPECT_FALSE(host.Start());
  EXPECT_FALSE(host.output().empty());
}

}  // namespace
}  // namespace warder::flow
