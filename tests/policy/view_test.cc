// Does the view of a jail follow from the path rules?
#include <gtest/gtest.h>

#include "tests/policy/policy_maker.h"

namespace warder::policy {
namespace {

using namespace maker;

TEST(View, SourcesAreWhatAutoAndNotifyName) {
  Policy p;
  p.paths = {Under("ws", Level::kAuto, kReadWrite, "${workspace}"),
             Under("deep", Level::kAuto, kReadOnly, "${workspace}/src"),
             Under("tmp", Level::kAuto, kAll, "${tmp}"),
             Under("logs", Level::kNotify, kReadOnly, "/var/log/app"),
             Under("ask", Level::kApprove, kReadOnly, "/srv/ask"),
             Under("never", Level::kForbid, kReadOnly, "/srv/never"),
             Under("only-write", Level::kAuto, 2, "/srv/out"),
             Under("twin", Level::kAuto, kReadOnly, "/ws-twin")};
  p.has_paths = true;
  const ViewRules view = ViewOf(p, "/ws");
  ASSERT_EQ(view.sources.size(), 2u);
  EXPECT_EQ(view.sources[0].path, "/var/log/app");
  EXPECT_EQ(view.sources[1].path, "/ws-twin");
  ASSERT_EQ(view.covers.size(), 2u);
  EXPECT_EQ(view.covers[0].match[0], "/srv/ask/**");
  EXPECT_EQ(view.covers[1].match[0], "/srv/never/**");
  EXPECT_EQ(view.writable, std::vector<std::string>{"/ws"});
}

TEST(View, ForbiddenToReadIsHiddenForbiddenToWriteIsFrozen) {
  Policy p;
  p.paths = {Globs("secrets", Level::kForbid, kAll, {"**/.env*"}, {"**/.env.example"}),
             Globs("hooks", Level::kForbid, kWriteDelete, {"${workspace}/.git/hooks/**"}),
             Globs("ask", Level::kApprove, kAll, {"**/x"})};
  p.has_paths = true;
  const ViewRules view = ViewOf(p, "/ws");
  ASSERT_EQ(view.covers.size(), 4u);
  EXPECT_EQ(view.covers[0].kind, ViewRules::Cover::kHide);
  EXPECT_EQ(view.covers[0].unless[0], "**/.env.example");
  EXPECT_EQ(view.covers[1].kind, ViewRules::Cover::kFreeze);
  EXPECT_EQ(view.covers[1].match[0], "/ws/.git/hooks/**");
  EXPECT_EQ(view.covers[1].rule, "hooks");
  EXPECT_EQ(view.covers[2].kind, ViewRules::Cover::kHide) << "what needs a yes is hidden without one";
  EXPECT_EQ(view.covers[3].match[0], "/ws/**") << "nothing is granted, so all is hidden";
  EXPECT_TRUE(view.covers[3].grants.empty());
  EXPECT_TRUE(view.writable.empty());
}

TEST(View, WhatAPersonSaidYesToIsShownAndNoMore) {
  Policy p;
  p.paths = {Under("ws", Level::kAuto, kReadWrite, "${workspace}"),
             Under("ask", Level::kApprove, kReadWrite, "${workspace}/ask")};
  p.has_paths = true;
  const ViewRules view = ViewOf(p, "/ws", {{"/ws/ask/log", Act::kRead}});
  ASSERT_EQ(view.covers.size(), 2u);
  EXPECT_EQ(view.covers[0].kind, ViewRules::Cover::kHide);
  ASSERT_EQ(view.covers[0].grants.size(), 1u);
  EXPECT_EQ(view.covers[0].grants[0].match[0], "/ws/ask/log");
  EXPECT_EQ(view.covers[1].kind, ViewRules::Cover::kFreeze) << "read was approved, writing was not";
  EXPECT_TRUE(view.covers[1].grants.empty());
}

TEST(View, WritableAreTheDirectoriesThatEveryLayerNames) {
  Policy p;
  p.paths = {Under("ws", Level::kAuto, kReadOnly, "${workspace}"),
             Under("out", Level::kNotify, kReadWrite, "${workspace}/build"),
             Globs("logs", Level::kAuto, kReadWrite, {"**/*.log"}),
             Under("ask", Level::kApprove, kAll, "${workspace}/ask")};
  p.has_paths = true;
  EXPECT_EQ(ViewOf(p, "/ws").writable, std::vector<std::string>{"/ws/build"});
}

TEST(View, WhatADeletedDirectoryMayNotTakeAlong) {
  Policy p;
  p.paths = {Under("ws", Level::kAuto, kAll, "${workspace}"), Globs("keys", Level::kForbid, kAll, {"**/*.key"}),
             Globs("ask", Level::kApprove, kWriteDelete, {"**/*.cfg"}), Globs("frozen", Level::kForbid, 2, {"**/*.c"})};
  p.has_paths = true;
  auto kept = KeptBelow(p, "/ws", "/ws/d", false);
  ASSERT_EQ(kept.size(), 2u) << "a rule on writes alone keeps nothing from being deleted";
  EXPECT_EQ(kept[0].rule, "keys");
  EXPECT_EQ(kept[1].rule, "ask");
  for (const auto& rule : kept) {
    EXPECT_EQ(rule.kind, ViewRules::Cover::kPin);
    EXPECT_TRUE(rule.grants.empty());
  }
  kept = KeptBelow(p, "/ws", "/ws/d", true);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_TRUE(kept[0].grants.empty()) << "no yes lifts forbid";
  EXPECT_EQ(kept[1].grants.at(0).match, std::vector<std::string>{"/ws/d/**"});
  p.paths = {Globs("only", Level::kAuto, kAll, {"/ws/d", "/ws/d/*.o"})};
  kept = KeptBelow(p, "/ws", "/ws/d", false);
  ASSERT_EQ(kept.size(), 1u) << "what no rule lets be deleted stays";
  EXPECT_EQ(kept[0].match, std::vector<std::string>{"/ws/d/**"});
  EXPECT_EQ(kept[0].grants.at(0).match.at(1), "/ws/d/*.o");
}

TEST(View, WhatNoRuleNamesIsHidden) {
  Policy p;
  p.paths = {Under("src", Level::kAuto, kReadOnly, "${workspace}/src"),
             Globs("docs", Level::kAuto, kReadOnly, {"**/*.md"})};
  p.has_paths = true;
  const ViewRules view = ViewOf(p, "/ws");
  ASSERT_EQ(view.covers.size(), 1u);
  EXPECT_EQ(view.covers[0].match, std::vector<std::string>{"/ws/**"});
  ASSERT_EQ(view.covers[0].grants.size(), 2u);
  EXPECT_EQ(view.covers[0].grants[0].match[0], "/ws/src/**");
}

}  // namespace
}  // namespace warder::policy
