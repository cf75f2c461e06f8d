// Does each rule of a plan refuse what breaks it, and nothing else?
#include "wire/plan.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "wire/receipt.h"

namespace warder::wire {
namespace {

RunPlan Good() {
  RunPlan plan;
  plan.trees = {{"/ws", 1, 2, true, false}};
  plan.covers = {{CoverKind::kHide, "/ws/.env", 1, 3}};
  plan.directory = "/ws";
  Command command;
  command.argv = {"true"};
  command.program = "/usr/bin/true";
  plan.commands = {command};
  plan.limits = {1, 1, 1, 1, 1, 1, 1};
  plan.descriptors = {{DescriptorRole::kOutput, 1, 1, 1}};
  return plan;
}

TEST(Plan, ValidPath) {
  for (const char* good : {"/", "/a", "/a/b", "/a..b", "/.a", "/ a"}) EXPECT_TRUE(ValidPath(good)) << good;
  for (const char* bad : {"", "a", "//", "/a/", "/a//b", "/.", "/..", "/a/./b", "/a/../b", "a/"})
    EXPECT_FALSE(ValidPath(bad)) << bad;
  EXPECT_FALSE(ValidPath(std::string_view("/a\0b", 4)));
  EXPECT_FALSE(ValidPath("/" + std::string(limits::kMaxPathBytes, 'a')));
  EXPECT_TRUE(IsBeneath("/a/b", "/a"));
  EXPECT_TRUE(IsBeneath("/a", "/a"));
  EXPECT_FALSE(IsBeneath("/ab", "/a"));
}

TEST(Plan, EachBreachIsRefused) {
  ASSERT_TRUE(ValidateRun(Good()));
  using Break = void (*)(RunPlan&);
  const std::pair<const char*, Break> breaks[] = {
      {"no tree", [](RunPlan& p) { p.trees.clear(); }},
      {"65 trees", [](RunPlan& p) { p.trees.resize(65, p.trees[0]); }},
      {"the root as a tree", [](RunPlan& p) { p.trees[0].path = "/"; }},
      {"a relative tree", [](RunPlan& p) { p.trees[0].path = "ws"; }},
      {"a cover outside", [](RunPlan& p) { p.covers[0].path = "/etc/passwd"; }},
      {"a cover of a whole tree", [](RunPlan& p) { p.covers[0].path = "/ws"; }},
      {"too many covers", [](RunPlan& p) { p.covers.resize(limits::kMaxMasks + 1, p.covers[0]); }},
      {"an overlay", [](RunPlan& p) { p.overlays.resize(1); }},
      {"a network", [](RunPlan& p) { p.network = Network::kProxy; }},
      {"another root", [](RunPlan& p) { p.root = "image"; }},
      {"no directory", [](RunPlan& p) { p.directory = ""; }},
      {"no command", [](RunPlan& p) { p.commands.clear(); }},
      {"51 commands", [](RunPlan& p) { p.commands.resize(51, p.commands[0]); }},
      {"first join", [](RunPlan& p) { p.commands[0].join = Join::kAnd; }},
      {"second join", [](RunPlan& p) { p.commands.resize(2, p.commands[0]); }},
      {"no argv", [](RunPlan& p) { p.commands[0].argv.clear(); }},
      {"NUL in argv", [](RunPlan& p) { p.commands[0].argv[0] = std::string("a\0b", 3); }},
      {"1025 words", [](RunPlan& p) { p.commands[0].argv.resize(1025); }},
      {"argv of 64 KiB", [](RunPlan& p) { p.commands[0].argv.emplace_back(limits::kMaxArgvBytes, 'a'); }},
      {"no program", [](RunPlan& p) { p.commands[0].program = ""; }},
      {"program /", [](RunPlan& p) { p.commands[0].program = "/"; }},
      {"directory without cd", [](RunPlan& p) { p.commands[0].directory = "/ws"; }},
      {"cd with a program",
       [](RunPlan& p) {
         p.commands[0].change_directory = true;
         p.commands[0].directory = "/ws";
       }},
      {"cd in a pipeline",
       [](RunPlan& p) {
         p.commands.resize(2, p.commands[0]);
         p.commands[0].change_directory = true;
         p.commands[0].program = "";
         p.commands[0].directory = "/ws";
         p.commands[1].join = Join::kPipe;
       }},
      {"descriptor 3", [](RunPlan& p) { p.commands[0].redirections = {{3, RedirectKind::kRead, "/ws/f", 0}}; }},
      {"relative redirection", [](RunPlan& p) { p.commands[0].redirections = {{1, RedirectKind::kAppend, "f", 0}}; }},
      {"dup of 3", [](RunPlan& p) { p.commands[0].redirections = {{1, RedirectKind::kDuplicate, "", 3}}; }},
      {"dup with path", [](RunPlan& p) { p.commands[0].redirections = {{1, RedirectKind::kDuplicate, "/f", 2}}; }},
      {"17 redirections",
       [](RunPlan& p) { p.commands[0].redirections.resize(17, {2, RedirectKind::kDuplicate, "", 1}); }},
      {"= in a name", [](RunPlan& p) { p.environment = {{"A=B", "x"}}; }},
      {"empty name", [](RunPlan& p) { p.commands[0].environment = {{"", "x"}}; }},
      {"NUL in a value", [](RunPlan& p) { p.environment = {{"A", std::string("\0", 1)}}; }},
      {"no wall", [](RunPlan& p) { p.limits.wall_ms = 0; }},
      {"no cpu", [](RunPlan& p) { p.limits.cpu_ms = 0; }},
      {"no memory", [](RunPlan& p) { p.limits.memory_bytes = 0; }},
      {"no pids", [](RunPlan& p) { p.limits.pids = 0; }},
      {"no files", [](RunPlan& p) { p.limits.files = 0; }},
      {"no output", [](RunPlan& p) { p.limits.output_bytes = 0; }},
      {"no disk", [](RunPlan& p) { p.limits.disk_bytes = 0; }},
      {"no descriptor", [](RunPlan& p) { p.descriptors.clear(); }},
      {"content for a run", [](RunPlan& p) { p.descriptors[0].role = DescriptorRole::kContent; }},
      {"three descriptors", [](RunPlan& p) { p.descriptors.resize(3, p.descriptors[0]); }}};
  for (const auto& [what, spoil] : breaks) {
    RunPlan plan = Good();
    spoil(plan);
    EXPECT_FALSE(ValidateRun(plan)) << what;
    EXPECT_FALSE(ParseRunPlan(flat::EncodeMessage(plan))) << what;
  }
}

TEST(Plan, EachBreachOfAChangeIsRefused) {
  ChangePlan good;
  good.kind = ChangeKind::kDelete;
  good.workspace = "/ws";
  good.path = "/ws/a";
  good.trash_entry = "0a-1";
  ASSERT_TRUE(ValidateChange(good));
  using Break = void (*)(ChangePlan&);
  const std::pair<const char*, Break> breaks[] = {
      {"outside", [](ChangePlan& p) { p.path = "/etc/a"; }},
      {"twin", [](ChangePlan& p) { p.path = "/ws-evil/a"; }},
      {"the workspace itself", [](ChangePlan& p) { p.path = "/ws"; }},
      {"all as workspace", [](ChangePlan& p) { p.workspace = "/"; }},
      {"dots", [](ChangePlan& p) { p.path = "/ws/../a"; }},
      {"no entry", [](ChangePlan& p) { p.trash_entry = ""; }},
      {"entry with a slash", [](ChangePlan& p) { p.trash_entry = "../a"; }},
      {"long entry", [](ChangePlan& p) { p.trash_entry = std::string(65, 'a'); }},
      {"content of a delete", [](ChangePlan& p) { p.descriptors.resize(1); }},
      {"write without content",
       [](ChangePlan& p) {
         p.kind = ChangeKind::kWrite;
         p.trash_entry = "";
       }},
      {"too large", [](ChangePlan& p) { p.content_bytes = limits::kMaxFileBytes + 1; }}};
  for (const auto& [what, spoil] : breaks) {
    ChangePlan plan = good;
    spoil(plan);
    EXPECT_FALSE(ValidateChange(plan)) << what;
  }
}

TEST(Plan, AnotherVersionIsRefused) {
  std::string bytes = flat::EncodeMessage(Good());
  ASSERT_TRUE(ParseRunPlan(bytes));
  EXPECT_FALSE(ParseChangePlan(bytes));
  EXPECT_FALSE(ParseRunPlan(bytes + "x"));
  bytes[0] = 2;
  EXPECT_EQ(ParseRunPlan(bytes).error().code, Code::kUnsupported);
  EXPECT_EQ(ParseRunPlan(std::string(limits::kMaxPlanBytes + 1, 'x')).error().code, Code::kLimit);
}

TEST(Receipt, TheMacCoversEveryField) {
  EpochKey key{};
  key[0] = 1;
  const Receipt receipt;
  const Digest mac = ReceiptMac(key, receipt);
  const std::vector<void (*)(Receipt&)> changes = {[](Receipt& r) { ++r.version; }, [](Receipt& r) { ++r.boot[15]; },
                                                   [](Receipt& r) { ++r.epoch; },   [](Receipt& r) { ++r.session; },
                                                   [](Receipt& r) { ++r.call; },    [](Receipt& r) { ++r.seq; },
                                                   [](Receipt& r) { ++r.time_ns; }, [](Receipt& r) { ++r.plan[0]; }};
  for (size_t i = 0; i < changes.size(); ++i) {
    Receipt other = receipt;
    changes[i](other);
    EXPECT_FALSE(SameDigest(ReceiptMac(key, other), mac)) << i;
  }
  Receipt stamped = receipt;
  stamped.mac = mac;
  EXPECT_TRUE(SameDigest(ReceiptMac(key, stamped), mac)) << "all but itself";
  EpochKey another = key;
  ++another[31];
  EXPECT_FALSE(SameDigest(ReceiptMac(another, receipt), mac));
}

}  // namespace
}  // namespace warder::wire
