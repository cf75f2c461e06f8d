// Does a jail run what the plan says, end as it should, and leave nothing behind?
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>

#include "tests/jail/jail_harness.h"

namespace warder::testing {
namespace {

using wire::CoverKind;
using wire::EndKind;
using wire::Join;

JailResult RunOne(std::vector<std::string> argv) {
  Workspace workspace(kSessionUid);
  if (argv[0] == "prisoner") argv[0] = workspace.path() + "/prisoner";
  return Execute(RunIn(workspace, {CommandOf(std::move(argv))}));
}

TEST(JailRunTest, ExitCodeOutputAndSignalArrive) {
  JailResult result = RunOne({"/usr/bin/printf", "a\\000b"});
  EXPECT_EQ(result.end.kind, EndKind::kExited) << result.end.step << result.end.detail;
  EXPECT_EQ(result.end.code, 0);
  EXPECT_EQ(result.out, std::string("a\0b", 3));
  EXPECT_TRUE(result.reported && result.told);
  EXPECT_EQ(result.end.session, 7u);
  std::printf("setup %.2f ms, whole run %.2f ms\n", static_cast<double>(result.end.setup_ns) / 1e6, result.total_ms);
  EXPECT_EQ(RunOne({"/usr/bin/false"}).end.code, 1);
  result = RunOne({"/usr/bin/bash", "-c", "kill -SEGV $$"});
  EXPECT_EQ(result.end.kind, EndKind::kSignaled);
  EXPECT_EQ(result.end.signal, SIGSEGV);
}

// Who sends the word is warderd, once the call is recorded. Only the word counts, and only as it is.
TEST(JailRunTest, WithoutTheWordNothingRuns) {
  for (const char* word : {"", "r", "ru", "run ", "no", "\1\2\3\4"}) {
    Workspace workspace(kSessionUid);
    JailRun run = RunIn(workspace, {CommandOf({"/usr/bin/touch", workspace.path() + "/ran"})});
    run.word = word;
    JailResult result = Execute(run);
    EXPECT_EQ(access((workspace.path() + "/ran").c_str(), F_OK), -1) << word;
    EXPECT_TRUE(result.reported);
    EXPECT_EQ(result.end.kind, EndKind::kLost) << word;
    EXPECT_EQ(result.left_behind, 0);
  }
}

TEST(JailRunTest, ListsPipesAndDirectoriesAsAShellHasThem) {
  Workspace workspace(kSessionUid);
  auto echo = [](const char* word, Join join) { return CommandOf({"/usr/bin/echo", word}, join); };
  JailResult result =
      Execute(RunIn(workspace, {CommandOf({"/usr/bin/false"}), echo("no", Join::kAnd), echo("or", Join::kOr),
                                echo("and", Join::kAnd), CommandOf({"/usr/bin/tr", "a", "A"}, Join::kPipe),
                                CommandOf({"cd", "/usr"}, Join::kThen), CommandOf({"/usr/bin/pwd"}, Join::kAnd)}));
  EXPECT_EQ(result.out, "or\nAnd\n/usr\n") << result.err << result.end.detail;
  result = Execute(RunIn(workspace, {CommandOf({"cd", "/absent"}), echo("no", Join::kAnd)}));
  EXPECT_EQ(result.end.code, 1);
  EXPECT_EQ(result.out, "");
}

TEST(JailRunTest, RedirectionsAndEnvironmentAreThePlans) {
  Workspace workspace(kSessionUid);
  workspace.Put("in", "input");
  wire::Command cat = CommandOf({"/usr/bin/cat"});
  cat.redirections = {{0, wire::RedirectKind::kRead, workspace.path() + "/in", 0},
                      {1, wire::RedirectKind::kTruncate, workspace.path() + "/out", 0}};
  wire::Command env = CommandOf({"/usr/bin/env"}, Join::kThen);
  env.environment = {{"OWN", "1"}};
  env.redirections = {{1, wire::RedirectKind::kDuplicate, "", 2}};
  JailRun run = RunIn(workspace, {cat, env});
  run.plan.environment = {{"PLAN", "2"}};
  JailResult result = Execute(run);
  EXPECT_EQ(workspace.Get("out"), "input") << result.err;
  EXPECT_EQ(result.err,
            "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin\nHOME=/tmp\nLANG=C.UTF-8\n"
            "TERM=dumb\nTMPDIR=/tmp\nPLAN=2\nOWN=1\n");
}

TEST(JailRunTest, WallDeadlineEndsWhoIgnoresTerm) {
  Workspace workspace(kSessionUid);
  JailRun run = RunIn(workspace, {CommandOf({workspace.path() + "/prisoner", "stubborn"})});
  run.plan.limits.wall_ms = 200;
  JailResult result = Execute(run);
  EXPECT_EQ(result.end.kind, EndKind::kWallLimit);
  EXPECT_GT(result.total_ms, 2000);
  EXPECT_LT(result.total_ms, 15'000);
  EXPECT_EQ(result.left_behind, 0);
}

TEST(JailRunTest, NothingOutlivesTheList) {
  JailResult result = RunOne({"prisoner", "stay"});
  EXPECT_EQ(result.end.kind, EndKind::kExited);
  EXPECT_EQ(result.left_behind, 0);
  EXPECT_LT(result.total_ms, 10'000);
}

TEST(JailRunTest, CpuLimitIsToldApart) {
  Workspace workspace(kSessionUid);
  JailRun run = RunIn(workspace, {CommandOf({workspace.path() + "/prisoner", "spin"})});
  run.plan.limits.cpu_ms = 1000;
  EXPECT_EQ(Execute(run).end.kind, EndKind::kCpuLimit);
}

TEST(JailRunTest, BombsMeetTheCgroup) {
  Workspace workspace(kSessionUid);
  JailRun run = RunIn(workspace, {CommandOf({workspace.path() + "/prisoner", "fork-bomb"})});
  run.cgroup_pids = 32;
  EXPECT_EQ(Attack("fork-bomb", run), EAGAIN);
  run = RunIn(workspace, {CommandOf({workspace.path() + "/prisoner", "memory-bomb"})});
  run.cgroup_memory = 32u << 20;
  JailResult result = Execute(run);
  EXPECT_EQ(result.end.kind, EndKind::kMemoryLimit);
  EXPECT_EQ(result.left_behind, 0);
}

TEST(JailRunTest, OneLongLineKeepsItsEndsWithinTheLimit) {
  Workspace workspace(kSessionUid);
  JailRun run = RunIn(workspace, {CommandOf({workspace.path() + "/prisoner", "long-line"})});
  run.plan.limits.wall_ms = run.plan.limits.cpu_ms = 300'000;  // slow machines
  JailResult result = Execute(run);
  EXPECT_EQ(result.end.kind, EndKind::kExited);
  EXPECT_EQ(result.end.stdout_bytes, 1u << 30);
  EXPECT_EQ(result.end.stdout_kept, 1u << 20);
  EXPECT_EQ(result.out.size(), 1u << 20);
  EXPECT_EQ(result.gaps, 1);
}

TEST(JailRunTest, ABrokerThatDoesNotReadHoldsNoDeadline) {
  Workspace workspace(kSessionUid);
  JailRun run = RunIn(workspace, {CommandOf({"/usr/bin/yes"})});
  run.plan.limits.wall_ms = 300;
  run.plan.limits.output_bytes = 32u << 20;
  run.read_output = false;
  JailResult result = Execute(run);
  EXPECT_EQ(result.end.kind, EndKind::kWallLimit);
  EXPECT_LT(result.total_ms, 15'000);
}

TEST(JailRunTest, CancelAndAGoneBrokerEndTheRun) {
  Workspace workspace(kSessionUid);
  JailRun run = RunIn(workspace, {CommandOf({"/usr/bin/sleep", "20"})});
  run.cancel_after_ms = 100;
  JailResult result = Execute(run);
  EXPECT_EQ(result.end.kind, EndKind::kCancelled);
  EXPECT_LT(result.total_ms, 10'000);
  run.cancel_after_ms = -1;
  run.broker_hangs_up = true;
  result = Execute(run);
  EXPECT_EQ(result.end.kind, EndKind::kLost);
  EXPECT_LT(result.total_ms, 10'000);
}

// tmpfs(5): idmapped mounts since Linux 6.3.
bool TmpfsMapsOwners() {
  struct utsname name{};
  int major = 0, minor = 0;
  return uname(&name) == 0 && std::sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
         (major > 6 || (major == 6 && minor >= 3));
}

TEST(JailRunTest, OwnersAreMapped) {
  std::string memory = "/tmp/warder-test-tmpfs-" + std::to_string(getpid());
  ASSERT_TRUE(mkdir(memory.c_str(), 0755) == 0 && mount("tmpfs", memory.c_str(), "tmpfs", 0, nullptr) == 0);
  for (const std::string& parent : {std::string("/tmp"), memory}) {
    Workspace workspace(1900000777, parent);
    workspace.Put("private", "x", 0600);
    JailRun run = RunIn(workspace, {CommandOf({"/usr/bin/cp", "private", "made"})});
    run.owners = {{1900000777, kSessionUid}};
    JailResult result = Execute(run);
    if (parent == memory && !TmpfsMapsOwners()) {
      EXPECT_EQ(result.end.kind, EndKind::kSetupFailed) << "nothing runs where owners can not be mapped";
      EXPECT_EQ(result.end.step, "trees");
      EXPECT_EQ(workspace.Get("made"), "(none)");
      continue;
    }
    EXPECT_EQ(result.end.kind, EndKind::kExited) << parent << result.end.step << result.end.detail;
    EXPECT_EQ(result.end.code, 0) << parent << result.err << result.end.step << result.end.detail;
    struct stat status{};
    stat((workspace.path() + "/made").c_str(), &status);
    EXPECT_EQ(status.st_uid, 1900000777u) << parent;
  }
  EXPECT_EQ(umount2(memory.c_str(), MNT_DETACH), 0);
  rmdir(memory.c_str());
}

// A part that may be written where the workspace may not; and what the host mounts below the workspace is no part of
// it.
TEST(JailRunTest, PartsOfTheWorkspaceAreOfItsOwnMount) {
  Workspace workspace(kSessionUid);
  workspace.Put("readme", "x");
  const std::string part = workspace.path() + "/part";
  ASSERT_TRUE(mkdir(part.c_str(), 0755) == 0 && chown(part.c_str(), kSessionUid, kSessionUid) == 0);
  auto with_part = [&](const char* file) {
    JailRun run = RunIn(workspace, {CommandOf({"/usr/bin/touch", file})});
    struct stat status{};
    stat(part.c_str(), &status);
    run.plan.trees[0].writable = false;
    run.plan.trees.push_back({part, status.st_dev, status.st_ino, true, false});
    return Execute(run);
  };
  JailResult written = with_part("part/made");
  EXPECT_EQ(written.end.kind, EndKind::kExited) << written.end.step << written.end.detail;
  EXPECT_EQ(written.end.code, 0) << written.err;
  EXPECT_NE(with_part("made").end.code, 0);
  ASSERT_EQ(mount("tmpfs", part.c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_EQ(with_part("part/made").end.step, "trees") << "the plan names what the host has mounted there";
  EXPECT_EQ(umount2(part.c_str(), MNT_DETACH), 0);
}

TEST(JailRunTest, CoversHoldAndAVanishedOneRefuses) {
  Workspace workspace(kSessionUid);
  workspace.Put("secret", "s");
  workspace.Put("frozen", "f");
  auto attack = [&](const char* name) {
    JailRun run = RunIn(workspace, {CommandOf({workspace.path() + "/prisoner", name})});
    run.plan.covers = {CoverOf(CoverKind::kHide, workspace.path() + "/secret"),
                       CoverOf(CoverKind::kFreeze, workspace.path() + "/frozen")};
    return Attack(name, run);
  };
  EXPECT_EQ(attack("hidden"), EACCES);
  EXPECT_EQ(attack("frozen"), EROFS);
  EXPECT_EQ(attack("frozen-rename"), EBUSY);
  JailRun run = RunIn(workspace, {CommandOf({"/usr/bin/true"})});
  run.plan.covers = {CoverOf(CoverKind::kHide, workspace.path() + "/secret")};
  run.plan.covers[0].ino += 1;
  EXPECT_EQ(Execute(run).end.step, "covers");
  run.plan.covers[0].path += "-gone";
  EXPECT_EQ(Execute(run).end.kind, EndKind::kSetupFailed);
}

TEST(JailRunTest, AnotherTreeOrProgramThanThePlansIsRefused) {
  Workspace workspace(kSessionUid);
  JailRun run = RunIn(workspace, {CommandOf({"/usr/bin/true"})});
  run.plan.trees[0].ino += 1;
  EXPECT_EQ(Execute(run).end.step, "trees");
  run = RunIn(workspace, {CommandOf({"/usr/bin/true"})});
  run.plan.commands[0].identity.ino += 1;
  EXPECT_EQ(Execute(run).end.step, "programs");
  run = RunIn(workspace, {CommandOf({"/usr/bin/true"})});
  run.plan.commands[0].identity.sha256 = Digest{};
  EXPECT_EQ(Execute(run).end.step, "programs");
  run = RunIn(workspace, {CommandOf({"/usr/bin/true"})});
  run.room.parent_pid = getppid();  // alive, but not the parent
  EXPECT_EQ(Execute(run).end.step, "parent");
}

TEST(JailRunTest, ASessionThatIsAnothersIsRefused) {
  Workspace workspace(kSessionUid);
  JailRun run = RunIn(workspace, {CommandOf({"/usr/bin/true"})});
  run.own_session = false;
  EXPECT_EQ(Execute(run).end.step, "signals");
}

TEST(JailRunTest, TheReleaseBinaryLeavesNoStepOut) {
  Workspace workspace(kSessionUid);
  JailRun run = RunIn(workspace, {CommandOf({"/usr/bin/true"})});
  run.room.without_step = "seccomp";
  JailResult result = Execute(run);
  EXPECT_EQ(result.end.kind, EndKind::kSetupFailed);
  EXPECT_EQ(result.end.step, "room");
  run.test_enter = true;
  EXPECT_EQ(Execute(run).end.kind, EndKind::kExited);
}

TEST(JailRunTest, TheProbeFindsEveryForbiddenActRefused) {
  Workspace workspace(kSessionUid);
  JailRun run = RunIn(workspace, {CommandOf({"/usr/bin/true"})});
  run.room.role = wire::EnterRole::kProbe;
  run.keeper = false;
  JailResult result = Execute(run);
  EXPECT_EQ(result.out.find("FAILED"), std::string::npos) << result.out;
  EXPECT_GE(std::count(result.out.begin(), result.out.end(), '\n'), 25) << result.raw_status;
}

TEST(JailStepsTest, ThePageShowsTheTable) {
  std::ifstream page(std::string(WARDER_SOURCE_DIR) + "/docs/jail.md");
  std::string text((std::istreambuf_iterator<char>(page)), {});
  FILE* steps = popen((std::string(WARDER_BIN_DIR) + "/warder-enter --steps").c_str(), "r");
  ASSERT_NE(steps, nullptr);
  char line[512];
  int count = 0;
  for (; fgets(line, sizeof line, steps) != nullptr; ++count) {
    std::string row(line);
    size_t colon = row.find(": ");
    row = "| `" + row.substr(0, colon) + "` | " + row.substr(colon + 2, row.size() - colon - 3) + " |\n";
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
  EXPECT_EQ(pclose(steps), 0);
  EXPECT_EQ(count, 24);
}

}  // namespace
}  // namespace warder::testing
