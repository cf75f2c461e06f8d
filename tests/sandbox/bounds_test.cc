// Which plans, descriptors and host plans go beyond what the jailer allows?
#include "sandbox/bounds.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <functional>

#include "base/file.h"
#include "base/packet.h"

namespace warder::jailer {
namespace {

wire::Agent GoodAgent() {
  wire::Agent agent{.name = "ci", .uid = 1900100000, .gid = 1900100000};
  agent.policies = {{"project", "/etc/warder/policy.yaml"}};
  agent.workspace = {.directory = "/srv/work/api", .owner_uid = 1900100001, .owner_gid = 1900100001};
  agent.sessions = 8;
  return agent;
}

wire::HostPlan GoodHost() {
  wire::HostPlan plan{.name = "host", .state_directory = "/var/lib/warder", .run_directory = "/run/warder"};
  plan.stop_file = "/etc/warder/stop";
  plan.broker_uid = plan.broker_gid = 1900110000;
  plan.ledger_uid = plan.ledger_gid = 1900110001;
  plan.session_uid_first = 1900000000;
  plan.session_uid_last = 1900065535;
  plan.bounds = {.trees = {"/srv/work"},
                 .sources = {"/var/log"},
                 .roots = {"host-usr"},
                 .limits = {60000, 60000, 1u << 30, 256, 1024, 1u << 20, 1u << 30},
                 .jails_running = 16};
  plan.ledger.directory = "/var/lib/warder/log";
  plan.agents = {GoodAgent()};
  return plan;
}

wire::RunPlan GoodRun() {
  wire::RunPlan plan;
  plan.agent = "ci";
  plan.trees = {{.path = "/srv/work/api", .writable = true}, {.path = "/var/log/nginx"}};
  plan.limits = {1000, 1000, 1 << 20, 16, 64, 1024, 1 << 20};
  return plan;
}

TEST(BoundsTest, APlanInsideIsTaken) {
  auto status = CheckRun(GoodRun(), GoodAgent(), GoodHost().bounds);
  EXPECT_TRUE(status) << status.error().ToString();
}

TEST(BoundsTest, EveryWayOutOfTheBoundsIsRefused) {
  struct Line {
    std::function<void(wire::RunPlan&)> change;
    const char* word;
  };
  const Line lines[] = {
      {[](auto& p) { p.agent = "other"; }, "agent"},
      {[](auto& p) { p.root = "image:dev"; }, "root"},
      {[](auto& p) { p.trees[0].path = "/"; }, "workspace"},
      {[](auto& p) { p.trees[0].path = "/srv/work"; }, "workspace"},
      {[](auto& p) { p.trees[0].path = "/srv/work/api-evil"; }, "workspace"},
      {[](auto& p) { p.trees[0].path = "/srv/work/api/sub"; }, "workspace"},
      {[](auto& p) { std::swap(p.trees[0], p.trees[1]); }, "workspace"},
      {[](auto& p) { p.trees[1].path = "/etc"; }, "bounds.sources"},
      {[](auto& p) { p.trees[1].path = "/var/logs"; }, "bounds.sources"},
      {[](auto& p) { p.trees[1].path = "/var"; }, "bounds.sources"},
      {[](auto& p) { p.trees[1].path = "/srv/work/api"; }, "bounds.sources"},
      {[](auto& p) { p.trees[1].writable = true; }, "writable"},
      {[](auto& p) { p.trees[1].executable = true; }, "executable"},
      {[](auto& p) { p.trees[1] = {.path = "/srv/work/api/part", .executable = true}; }, "executable"},
      {[](auto& p) { p.limits.wall_ms = 60001; }, "wall"},
      {[](auto& p) { p.limits.cpu_ms = 60001; }, "cpu"},
      {[](auto& p) { p.limits.memory_bytes = UINT64_MAX; }, "memory"},
      {[](auto& p) { p.limits.pids = 257; }, "pids"},
      {[](auto& p) { p.limits.files = 1025; }, "files"},
      {[](auto& p) { p.limits.output_bytes = (1u << 20) + 1; }, "output"},
      {[](auto& p) { p.limits.disk_bytes = (1u << 30) + 1; }, "disk"},
  };
  for (const Line& line : lines) {
    wire::RunPlan plan = GoodRun();
    line.change(plan);
    auto status = CheckRun(plan, GoodAgent(), GoodHost().bounds);
    ASSERT_FALSE(status) << line.word;
    EXPECT_NE(status.error().what.find(line.word), std::string::npos) << status.error().what;
  }
}

TEST(BoundsTest, AChangeOutsideTheAgentsWorkspaceIsRefused) {
  wire::ChangePlan plan;
  plan.agent = "ci";
  plan.workspace = "/srv/work/api";
  EXPECT_TRUE(CheckChange(plan, GoodAgent()));
  plan.workspace = "/srv/work/other";
  EXPECT_FALSE(CheckChange(plan, GoodAgent()));
  plan.workspace = "/srv/work/api";
  plan.agent = "other";
  EXPECT_FALSE(CheckChange(plan, GoodAgent()));
}

TEST(CeilingsTest, AHostPlanThatHandsTheMachineOutIsRefused) {
  auto good = wire::ValidateHost(GoodHost(), false);
  ASSERT_TRUE(good) << good.error().ToString();
  const std::function<void(wire::HostPlan&)> changes[] = {
      [](auto& p) { p.state_directory = "/"; },
      [](auto& p) { p.run_directory = "/var/lib/warder/run"; },
      [](auto& p) { p.state_directory = "relative"; },
      [](auto& p) { p.broker_uid = 0; },
      [](auto& p) { p.ledger_gid = 0; },
      [](auto& p) { p.ledger_uid = p.broker_uid; },
      [](auto& p) { p.broker_uid = p.session_uid_first; },
      [](auto& p) { p.session_uid_first = 0; },
      [](auto& p) { p.session_uid_last = UINT32_MAX; },
      [](auto& p) { p.session_uid_last = p.session_uid_first - 1; },
      [](auto& p) { p.bounds.limits.pids = 1u << 20; },
      [](auto& p) { p.bounds.jails_running = 1u << 20; },
      [](auto& p) { p.bounds.sources = {"/"}; },
      [](auto& p) { p.bounds.sources = {"/proc/1"}; },
      [](auto& p) { p.bounds.sources = {"/var/lib"}; },
      [](auto& p) { p.agents[0].name = "../x"; },
      [](auto& p) { p.agents[0].uid = 0; },
      [](auto& p) { p.agents[0].uid = p.broker_uid; },
      [](auto& p) { p.agents[0].uid = p.session_uid_last; },
      [](auto& p) { p.agents[0].workspace.owner_uid = 0; },
      [](auto& p) { p.agents[0].workspace.owner_gid = 0; },
      [](auto& p) { p.agents[0].workspace.also_uids = {0}; },
      [](auto& p) { p.agents[0].workspace.owner_uid = p.session_uid_first; },
      [](auto& p) { p.agents[0].workspace.directory = "/srv/elsewhere"; },
      [](auto& p) {
        p.bounds.trees = {"/"};
        p.agents[0].workspace.directory = "/etc/x";
      },
      [](auto& p) {
        p.bounds.trees = {"/"};
        p.agents[0].workspace.directory = "/";
      },
      [](auto& p) {
        p.bounds.trees = {"/"};
        p.agents[0].workspace.directory = "/var/lib/warder/trash";
      },
      [](auto& p) { p.agents.push_back(p.agents[0]); },
      [](auto& p) { p.agents[0].sessions = 1u << 20; },
  };
  for (size_t i = 0; i < std::size(changes); ++i) {
    wire::HostPlan plan = GoodHost();
    changes[i](plan);
    EXPECT_FALSE(wire::ValidateHost(plan, false)) << "change " << i;
  }
}

wire::Descriptor Listed(wire::DescriptorRole role, int fd) {
  struct stat status{};
  fstat(fd, &status);
  return {role, status.st_dev, status.st_ino, static_cast<uint8_t>(fcntl(fd, F_GETFL) & O_ACCMODE)};
}

TEST(DescriptorsTest, OnlyTheListedOnesOfTheRightKindAreTaken) {
  using wire::DescriptorRole;
  int pipe_fds[2];
  ASSERT_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
  UniqueFd read_end(pipe_fds[0]), write_end(pipe_fds[1]);
  auto pair = MakePacketPair();
  auto sealed = SealedMemory("x", "x");
  UniqueFd stream(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      network(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  UniqueFd directory(open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), path(open("/etc/passwd", O_PATH | O_CLOEXEC));
  UniqueFd file(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  struct Line {
    const char* name;
    DescriptorRole role;
    int fd;
    bool taken;
  };
  const Line lines[] = {
      {"output socket", DescriptorRole::kOutput, pair->first.get(), true},
      {"stream as output", DescriptorRole::kOutput, stream.get(), false},
      {"network socket as output", DescriptorRole::kOutput, network.get(), false},
      {"directory as output", DescriptorRole::kOutput, directory.get(), false},
      {"pipe as output", DescriptorRole::kOutput, write_end.get(), false},
      {"pipe as stdin", DescriptorRole::kStdin, read_end.get(), true},
      {"write end as stdin", DescriptorRole::kStdin, write_end.get(), false},
      {"sealed memory as stdin", DescriptorRole::kStdin, sealed->get(), true},
      {"host file as stdin", DescriptorRole::kStdin, file.get(), false},
      {"directory as stdin", DescriptorRole::kStdin, directory.get(), false},
      {"socket as stdin", DescriptorRole::kStdin, pair->first.get(), false},
      {"O_PATH as stdin", DescriptorRole::kStdin, path.get(), false},
      {"sealed memory as content", DescriptorRole::kContent, sealed->get(), true},
      {"host file as content", DescriptorRole::kContent, file.get(), false},
  };
  for (const Line& line : lines) {
    std::vector<UniqueFd> came;
    came.emplace_back(fcntl(line.fd, F_DUPFD_CLOEXEC, 0));
    EXPECT_EQ(CheckDescriptors({Listed(line.role, line.fd)}, came).has_value(), line.taken) << line.name;
    for (int field = 0; field < 3; ++field) {
      wire::Descriptor other = Listed(line.role, line.fd);
      if (field == 0) ++other.dev;
      if (field == 1) ++other.ino;
      if (field == 2) other.access ^= 1;
      EXPECT_FALSE(CheckDescriptors({other}, came)) << line.name << field;
    }
    EXPECT_FALSE(CheckDescriptors({}, came));
    came.emplace_back(fcntl(line.fd, F_DUPFD_CLOEXEC, 0));
    EXPECT_FALSE(CheckDescriptors({Listed(line.role, line.fd)}, came)) << "one too many";
  }
}

}  // namespace
}  // namespace warder::jailer
