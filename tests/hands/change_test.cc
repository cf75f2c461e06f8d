// Is every change whole or not at all, is nothing lost, and nothing outside the workspace touched?
#include <sys/wait.h>

#include <csignal>

#include "sandbox/hands/fault_point.h"
#include "sandbox/hands/trash.h"
#include "tests/hands/tree.h"

namespace warder::hands {

// Kills the process at the n-th point; counts down, 0 and below: never.
static int g_points_left = 0;
void FaultPoint(const char*) {
  if (g_points_left > 0 && --g_points_left == 0) raise(SIGKILL);
}

namespace {

Code CodeOf(const wire::ChangeAnswer& answer) { return static_cast<Code>(answer.code); }

TEST(Write, CreatesReplacesAndKeepsTheOldContent) {
  Owner o;
  auto created = o.Write("a", "one");
  ASSERT_TRUE(created.done) << created.reason;
  EXPECT_TRUE(created.created);
  EXPECT_EQ(created.trash_entry, "");
  EXPECT_EQ(o.tree.Read("w/a"), "one");
  EXPECT_TRUE(std::filesystem::is_empty(o.tree / "t"));
  chmod((o.tree / "w/a").c_str(), 04751);
  auto replaced = o.Write("a", "two");
  ASSERT_TRUE(replaced.done) << replaced.reason;
  EXPECT_FALSE(replaced.created);
  EXPECT_EQ(replaced.trash_entry, "2-0");
  EXPECT_EQ(o.tree.Read("w/a"), "two");
  struct stat status;
  stat((o.tree / "w/a").c_str(), &status);
  EXPECT_EQ(status.st_mode & 07777, 0751u);
  auto entries = ListTrash(o.tree / "t");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ(entries->at(0).meta.path, o.tree / "w/a");
  EXPECT_EQ(o.tree.Read("t/2-0/data"), "one");
  // The place is taken: told, nothing changed.
  EXPECT_EQ(CodeOf(o.Restore("2-0", "a")), Code::kConflict);
  std::filesystem::remove(o.tree / "w/a");
  ASSERT_TRUE(o.Restore("2-0", "a").done);
  EXPECT_EQ(o.tree.Read("w/a"), "one");
  EXPECT_TRUE(std::filesystem::is_empty(o.tree / "t"));
}

TEST(Write, RefusesOtherContentThanTheRecordedOne) {
  Owner o;
  o.tree.File("w/a", "old");
  auto plan = o.WritePlan("a", "new");
  auto other = SealedMemory("x", "NEW");
  EXPECT_EQ(CodeOf(Change(o.trees, plan, other->get())), Code::kDenied);
  auto longer = SealedMemory("x", "new!");
  EXPECT_EQ(CodeOf(Change(o.trees, plan, longer->get())), Code::kDenied);
  o.tree.File("plain", "new");
  UniqueFd unsealed(open((o.tree / "plain").c_str(), O_RDONLY));
  EXPECT_EQ(CodeOf(Change(o.trees, plan, unsealed.get())), Code::kDenied);
  EXPECT_EQ(CodeOf(Change(o.trees, plan, -1)), Code::kInvalid);
  EXPECT_EQ(o.tree.Read("w/a"), "old");
  EXPECT_TRUE(std::filesystem::is_empty(o.tree / "t"));
}

TEST(Change, AnotherWorldThanThePlanSawIsAConflict) {
  Owner o;
  o.tree.File("w/a", "old");
  o.tree.File("w/b", "other");
  auto memory = SealedMemory("x", "new");
  auto write = o.WritePlan("a", "new");
  auto create = o.WritePlan("c", "new");
  auto remove = o.Plan(wire::ChangeKind::kDelete, "a");
  std::filesystem::rename(o.tree / "w/b", o.tree / "w/a");
  o.tree.File("w/c", "came between");
  EXPECT_EQ(CodeOf(Change(o.trees, write, memory->get())), Code::kConflict);
  EXPECT_EQ(CodeOf(Change(o.trees, create, memory->get())), Code::kConflict);
  EXPECT_EQ(CodeOf(Change(o.trees, remove, -1)), Code::kConflict);
  std::filesystem::remove(o.tree / "w/a");
  EXPECT_EQ(CodeOf(Change(o.trees, write, memory->get())), Code::kConflict);
  EXPECT_EQ(CodeOf(Change(o.trees, remove, -1)), Code::kNotFound);
  EXPECT_EQ(o.tree.Read("w/c"), "came between");
  EXPECT_TRUE(std::filesystem::is_empty(o.tree / "t"));
}

TEST(Change, NeverLeavesTheWorkspace) {
  Owner o;
  o.tree.Directory("outside");
  o.tree.File("outside/a", "mine");
  o.tree.Link("../outside", "w/out");
  o.tree.Link("../outside/a", "w/file");
  auto write = o.Write("out/a", "x");
  EXPECT_EQ(CodeOf(write), Code::kConflict);
  EXPECT_EQ(CodeOf(o.Delete("out/a")), Code::kConflict);
  EXPECT_FALSE(o.Write("file", "x").done);  // resolved paths only: a symlink is not written through
  auto plan = o.Plan(wire::ChangeKind::kDelete, "x");
  for (const std::string& path : {o.tree / "outside/a", o.tree / "w", o.tree / "w/../outside/a", o.tree / "w2/a"}) {
    plan.path = path;
    EXPECT_FALSE(Change(o.trees, plan, -1).done) << path;
  }
  auto restored = o.Delete("file");
  ASSERT_TRUE(restored.done) << restored.reason;
  EXPECT_FALSE(o.Restore(restored.trash_entry, "out/file").done);
  // Its own path, which leads outside by now.
  o.tree.Directory("w/d");
  o.tree.File("w/d/new", "x");
  auto below = o.Delete("d/new");
  ASSERT_TRUE(below.done) << below.reason;
  std::filesystem::remove(o.tree / "w/d");
  o.tree.Link("../outside", "w/d");
  EXPECT_FALSE(o.Restore(below.trash_entry, "d/new").done);
  EXPECT_FALSE(o.tree.Has("outside/new"));
  EXPECT_EQ(o.tree.Read("outside/a"), "mine");
}

TEST(Delete, TakesEveryKindOfThingAndBringsItBack) {
  Owner o;
  o.tree.Directory("w/tree/deep");
  o.tree.File("w/tree/deep/f", "f");
  o.tree.Link("/etc/passwd", "w/link");
  mkfifo((o.tree / "w/fifo").c_str(), 0600);
  o.tree.File("w/line\n\xff", "x");
  o.tree.File("w/" + std::string(255, 'n'), "long");
  for (const std::string& name : {std::string("tree"), std::string("link"), std::string("fifo"),
                                  std::string("line\n\xff"), std::string(255, 'n')}) {
    struct stat before, after;
    lstat((o.tree / ("w/" + name)).c_str(), &before);
    auto gone = o.Delete(name);
    ASSERT_TRUE(gone.done) << gone.reason;
    EXPECT_FALSE(o.tree.Has("w/" + name));
    EXPECT_EQ(ListTrash(o.tree / "t")->size(), 1u);
    auto back = o.Restore(gone.trash_entry, name);
    ASSERT_TRUE(back.done) << back.reason;
    lstat((o.tree / ("w/" + name)).c_str(), &after);
    EXPECT_EQ(before.st_ino, after.st_ino);
    EXPECT_TRUE(std::filesystem::is_empty(o.tree / "t"));
  }
  EXPECT_EQ(o.tree.Read("w/tree/deep/f"), "f");
}

TEST(Restore, MakesParentsAndKeepsWorkspacesApart) {
  Owner o;
  o.tree.Directory("w/a/b");
  o.tree.File("w/a/b/f", "f");
  auto file = o.Delete("a/b/f");
  ASSERT_TRUE(o.Delete("a").done);
  auto back = o.Restore(file.trash_entry, "a/b/f");
  ASSERT_TRUE(back.done) << back.reason;
  EXPECT_EQ(back.restored, std::vector<std::string>{o.tree / "w/a/b/f"});
  EXPECT_EQ(o.tree.Read("w/a/b/f"), "f");
  auto again = o.Delete("a/b/f");
  // Another workspace of the same owner, same trash.
  o.tree.Directory("v");
  auto other = OpenOwnerTrees({o.tree / "v", o.tree / "t"});
  wire::ChangePlan plan = o.Plan(wire::ChangeKind::kRestore, "x");
  plan.workspace = o.tree / "v";
  plan.path = o.tree / "v/f";
  plan.trash_entry = again.trash_entry;
  EXPECT_EQ(CodeOf(Change(*other, plan, -1)), Code::kDenied);
  EXPECT_EQ(CodeOf(o.Restore("dead-beef", "z")), Code::kNotFound);
  EXPECT_EQ(CodeOf(o.Restore("../w", "z")), Code::kInvalid);
  EXPECT_EQ(ListTrash(o.tree / "t")->size(), 2u);
}

// Elsewhere other path rules would hold for the content; and one owner's workspaces and agents
// share a trash.
TEST(Restore, GoesOnlyToWhereItWasAndToWhoseCallItWas) {
  Owner o;
  o.tree.File("w/server.pem", "key");
  o.tree.Directory("w/fakegit/hooks");
  o.tree.File("w/fakegit/hooks/pre-commit", "evil");
  auto key = o.Delete("server.pem"), tree = o.Delete("fakegit");
  ASSERT_TRUE(key.done && tree.done);
  EXPECT_EQ(CodeOf(o.Restore(key.trash_entry, "notes.txt")), Code::kDenied);
  EXPECT_EQ(CodeOf(o.Restore(tree.trash_entry, "sub/.git")), Code::kDenied);
  EXPECT_FALSE(o.tree.Has("w/notes.txt") || o.tree.Has("w/sub"));
  wire::ChangePlan others = o.Plan(wire::ChangeKind::kRestore, "server.pem");
  others.agent = "other";
  others.trash_entry = key.trash_entry;
  EXPECT_EQ(CodeOf(Change(o.trees, others, -1)), Code::kDenied);
  EXPECT_FALSE(o.tree.Has("w/server.pem"));
  EXPECT_TRUE(o.Restore(key.trash_entry, "server.pem").done);
  EXPECT_TRUE(o.Restore(tree.trash_entry, "fakegit").done);
}

TEST(Trash, AnotherFileSystemIsRefusedAndNothingLost) {
  struct stat here, there;
  Owner o;
  stat(o.tree.path().c_str(), &here);
  if (stat("/dev/shm", &there) != 0 || here.st_dev == there.st_dev || access("/dev/shm", W_OK) != 0)
    GTEST_SKIP() << "no second file system to write to";
  std::string trash = "/dev/shm/warder-hands-XXXXXX";
  ASSERT_NE(mkdtemp(trash.data()), nullptr);
  auto trees = OpenOwnerTrees({o.tree / "w", trash});
  ASSERT_TRUE(trees);
  o.tree.File("w/a", "old");
  EXPECT_EQ(CodeOf(Change(*trees, o.Plan(wire::ChangeKind::kDelete, "a"), -1)), Code::kUnsupported);
  auto memory = SealedMemory("x", "new");
  EXPECT_EQ(CodeOf(Change(*trees, o.WritePlan("a", "new"), memory->get())), Code::kUnsupported);
  EXPECT_EQ(o.tree.Read("w/a"), "old");
  EXPECT_TRUE(std::filesystem::is_empty(trash));
  std::filesystem::remove_all(trash);
}

TEST(Trash, MustBeTheOwnersAloneAndOutside) {
  Owner o;
  chmod((o.tree / "t").c_str(), 0750);
  EXPECT_EQ(OpenOwnerTrees({o.tree / "w", o.tree / "t"}).error().code, Code::kDenied);
  o.tree.Directory("w/t");
  EXPECT_EQ(OpenOwnerTrees({o.tree / "w", o.tree / "w/t"}).error().code, Code::kDenied);
  o.tree.Link("t", "link");
  EXPECT_FALSE(OpenOwnerTrees({o.tree / "w", o.tree / "link"}));
}

// Runs act in a child that dies at its n-th point, then check in this process; until it outlives all.
template <typename Act, typename Check>
int KillAtEachPoint(Act act, Check check) {
  for (int n = 1;; ++n) {
    Owner o;
    o.tree.File("w/a", "old");
    pid_t child = fork();
    if (child == 0) {
      g_points_left = n;
      act(o);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    check(o, n);
    if (WIFEXITED(status)) return n - 1;
  }
}

// The bytes that lie in restorable entries.
std::vector<std::string> InTrash(const Owner& o) {
  std::vector<std::string> out;
  auto entries = ListTrash(o.tree / "t");
  if (!entries) return {"!" + entries.error().what};
  for (const auto& entry : *entries) out.push_back(o.tree.Read("t/" + entry.name + "/data"));
  return out;
}

TEST(Kill, OverwriteKeepsOldContentSomewhereAndNeverHalfOfTheNew) {
  int points = KillAtEachPoint([](Owner& o) { o.Write("a", "new"); },
                               [](const Owner& o, int n) {
                                 bool before = o.tree.Read("w/a") == "old" && InTrash(o).empty();
                                 bool after =
                                     o.tree.Read("w/a") == "new" && InTrash(o) == std::vector<std::string>{"old"};
                                 EXPECT_TRUE(before || after) << "killed at point " << n;
                               });
  EXPECT_GE(points, 7);
}

TEST(Kill, DeleteLeavesItInPlaceOrWholeInTheTrash) {
  int points = KillAtEachPoint([](Owner& o) { o.Delete("a"); },
                               [](const Owner& o, int n) {
                                 bool before = o.tree.Read("w/a") == "old" && InTrash(o).empty();
                                 bool after = !o.tree.Has("w/a") && InTrash(o) == std::vector<std::string>{"old"};
                                 EXPECT_TRUE(before || after) << "killed at point " << n;
                               });
  EXPECT_GE(points, 6);
}

TEST(Kill, CreateIsWholeOrNotThere) {
  int points = KillAtEachPoint([](Owner& o) { o.Write("n", "new"); },
                               [](const Owner& o, int n) {
                                 EXPECT_TRUE(!o.tree.Has("w/n") || o.tree.Read("w/n") == "new") << n;
                                 EXPECT_TRUE(InTrash(o).empty()) << n;
                               });
  EXPECT_GE(points, 7);
}

TEST(Kill, RestoreLeavesItInTheTrashOrInPlace) {
  int points = KillAtEachPoint(
      [](Owner& o) {
        int left = std::exchange(g_points_left, 0);
        auto gone = o.Delete("a");
        g_points_left = left;
        o.Restore(gone.trash_entry, "a");
      },
      [](const Owner& o, int n) {
        bool before = !o.tree.Has("w/a") && InTrash(o) == std::vector<std::string>{"old"};
        bool after = o.tree.Read("w/a") == "old" && InTrash(o).empty();
        EXPECT_TRUE(before || after) << "killed at point " << n;
      });
  EXPECT_GE(points, 3);
}

}  // namespace
}  // namespace warder::hands
