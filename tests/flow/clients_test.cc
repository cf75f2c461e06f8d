// Do MCP clients that nobody here wrote work, and does the demo show what it claims?
#include <gtest/gtest.h>

#include "tests/flow/host.h"

namespace warder::flow {
namespace {

const char* const kClientPolicy = R"(policy: 1
layer: project
id: clients
exec:
  - { id: any, level: auto, argv: [[printf, sleep, cat, ls, "true", echo, seq], ...] }
paths:
  - { id: ws, level: auto, may: [read, write, delete], under: "${workspace}" }
default-profile: work
profiles:
  work: { auto: [read_file, list_directory, create_file, modify_file, delete_file] }
limits: { wall: 30s, memory: 512MiB, pids: 64, output: 256KiB, disk: 64MiB, read-file: 1MB, concurrent: 8 }
workspace: { mode: direct }
)";

TEST(Clients, SdkOneAndClientTwoInBothErasWork) {
  Host host(HostOptions{.policy = kClientPolicy});
  ASSERT_TRUE(host.Start()) << host.output();
  std::string id = std::to_string(kAgent);
  auto [code, output] = Host::Execute({std::string(WARDER_SOURCE_DIR) + "/tests/flow/mcp_client/run.sh",
                                       std::string(WARDER_BIN_DIR) + "/..", "setpriv", "--reuid", id, "--regid", id,
                                       "--clear-groups", std::string(WARDER_BIN_DIR) + "/warder", "mcp", "--socket",
                                       (host.run() / "agents/tester.sock").string()});
  // 77 says that Node or the packages are not there; scripts/setup installs them, so here that is a failure too.
  EXPECT_EQ(code, 0) << output;
  std::printf("%s", output.c_str());
}

TEST(Demo, EachStepComesOutAsItMust) {
  auto [code, output] = Host::Execute({std::string(WARDER_BIN_DIR) + "/warder", "demo"});
  EXPECT_EQ(code, 0) << output;
  for (const char* words : {"rm -rf /", "core.pager", "curl", "approved", "denied", "verif"})
    EXPECT_NE(output.find(words), std::string::npos) << words << " is not in:\n" << output;
}

}  // namespace
}  // namespace warder::flow
