// Is what is learned from calls never wider than what was decided, whatever the calls are made of?
#include "policy/learn/learn.h"

#include <gtest/gtest.h>

#include "policy/analyse/layout.h"
#include "policy/analyse/weaken.h"
#include "tests/policy/learn/seen.h"

namespace warder::policy {
namespace {

Fate FateIn(const World& world, const Decision& decision, const std::string& what) {
  if (decision.level == Level::kForbid) return Fate::kForbidden;
  if (decision.level == Level::kApprove && world.Roll("says no " + what, 2) == 0) return Fate::kNotApproved;
  constexpr Fate kEnds[] = {Fate::kDone, Fate::kDone, Fate::kDone, Fate::kDone, Fate::kFailed, Fate::kNoEnd};
  return kEnds[world.Roll("ends " + what, 6)];
}

struct Log {
  std::vector<SeenCall> seen;
  std::vector<Call> calls;
};
Log AnyLog(Dice& dice, const World& world, const PolicySet& set) {
  Log log;
  for (uint64_t i = 1; i <= 60; ++i) {
    Call call = AnyCall(dice);
    if (call.tool == Tool::kHttpRequest || (call.line.commands.empty() && call.tool == Tool::kRunCommand)) continue;
    const Facts facts = world.Answer(set, call);
    const Decision was = Decide(set, call, facts, "");
    SeenCall seen;
    seen.call = i;
    seen.record = 10 * i;
    seen.fate = FateIn(world, was, call.opaque_text + call.path);
    seen.level = was.level;
    seen.for_reason = was.rule == "reason";
    seen.recorded = Record(set, call, facts, "");
    log.seen.push_back(std::move(seen));
    log.calls.push_back(std::move(call));
  }
  return log;
}

std::set<Widen> AllOfThem() {
  return {Widen::kNumbers, Widen::kPaths, Widen::kFolders, Widen::kTrees, Widen::kWorkspace, Widen::kEnvironment};
}

// Asked with what the world would really answer, not with what the log has.
TEST(Learn, NothingSeenComesOutLooserUnderWhatWasLearned) {
  size_t same = 0, done = 0, refused = 0, widened = 0, learned_logs = 0;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    Dice dice(seed);
    const World world{seed};
    const PolicySet set = MakeSet(AnyLayers(dice));
    const Log log = AnyLog(dice, world, set);
    LearnTerms terms;
    terms.least = 2;
    if (seed % 2 == 1) terms.widen = AllOfThem();
    const Result<Learned> learned = Learn(log.seen, terms);
    if (!learned) {
      EXPECT_EQ(learned.error().code, Code::kInvalid) << learned.error().what;
      continue;
    }
    ++learned_logs;
    const PolicySet host = HostOf(*learned);
    for (const LearnedRule& rule : learned->rules) widened += rule.stands_for.empty() ? 0 : 1;
    for (size_t i = 0; i < log.seen.size(); ++i) {
      const SeenCall& seen = log.seen[i];
      const Decision now = Decide(host, log.calls[i], world.Answer(host, log.calls[i]), "");
      const std::string about = std::to_string(seed) + " call " + std::to_string(seen.call) + " " +
                                *seen.recorded.arguments + "\n" + learned->yaml;
      if (seen.fate == Fate::kForbidden) {
        ASSERT_EQ(now.level, Level::kForbid) << about;
        ++refused;
      } else if (seen.fate == Fate::kNotApproved) {
        ASSERT_GE(now.level, Level::kApprove) << about;
      } else if (seen.fate == Fate::kDone) {
        ASSERT_GE(now.level, seen.level) << about;
        ++done;
        same += now.level == seen.level ? 1 : 0;
      }
    }
  }
  EXPECT_GT(learned_logs, 150u);
  EXPECT_GT(refused, 2000u);
  EXPECT_GT(widened, 50u);
  EXPECT_GT(same * 10, done * 5) << same << " of " << done;  // it would hold of a policy that allows nothing, too
}

// ---- one case each

TEST(Learn, ExactlyWhatWasSeenAtTheLevelThatItHad) {
  Seen seen;
  seen.Run("git status").Run("git log --oneline -n 5").Run("git push origin x").Run("git commit -m hello");
  seen.Run("cat src/a.c > out.txt").Use("read_file", "src/b.c").Use("write_file", "src/b.c").Use("delete_file", "old");
  const Result<Learned> learned = seen.Learn();
  ASSERT_TRUE(learned) << learned.error().what;
  EXPECT_EQ(Says(*learned, "git status"), Level::kAuto);
  EXPECT_EQ(Says(*learned, "git push origin x"), Level::kApprove);
  EXPECT_EQ(Says(*learned, "git commit -m hello"), Level::kNotify);
  EXPECT_EQ(Says(*learned, "cat src/a.c > out.txt"), Level::kAuto);
  EXPECT_EQ(Says(*learned, "read_file", "src/b.c"), Level::kAuto);
  EXPECT_EQ(Says(*learned, "write_file", "src/b.c"), Level::kNotify);
  EXPECT_EQ(Says(*learned, "delete_file", "old"), Level::kApprove);
  for (const char* line : {"git log", "git log --oneline -n 6", "git push origin y", "git status -s", "cat src/b.c",
                           "cat src/a.c > other.txt", "git commit -m other", "make"})
    EXPECT_EQ(Says(*learned, line), Level::kForbid) << line;
  EXPECT_EQ(Says(*learned, "read_file", "src/c.c"), Level::kForbid);
  EXPECT_EQ(Says(*learned, "write_file", "src/a.c"), Level::kForbid);
  EXPECT_EQ(Says(*learned, "write_file", "src/b.c", true), Level::kForbid);  // it was never new
  EXPECT_EQ(Says(*learned, "delete_file", "src/b.c"), Level::kForbid);
  EXPECT_EQ(learned->same, seen.calls.size());
  EXPECT_EQ(learned->stricter, 0u);
  for (const LearnedRule& rule : learned->rules) {
    EXPECT_FALSE(rule.records.empty()) << rule.id;
    EXPECT_TRUE(rule.stands_for.empty()) << rule.id;
  }
}

TEST(Learn, IsLaidOutCheckedAndItsWeakeningsAreNoticed) {
  Seen seen;
  seen.Run("git status")
      .Run("git diff")
      .Run("git log -n 5")
      .Run("git push origin x")
      .Run("cat a.c b.c")
      .Run("make -j4 all");
  seen.Use("read_file", "src/a.c").Use("read_file", "src/b.c").Use("write_file", "src/a.c").Use("write_file", "new.c");
  seen.Use("delete_file", "src/old.c").Use("list_directory", "src");
  const Result<Learned> learned = seen.Learn();
  ASSERT_TRUE(learned) << learned.error().what;
  EXPECT_EQ(*LayOut("F", learned->yaml), learned->yaml);
  Policy policy = Loaded(learned->yaml);
  EXPECT_TRUE(RunExamples(PolicySet(policy)).empty());
  EXPECT_GE(policy.tests.size(), 10u);
  for (const ExecRule& rule : policy.exec) {
    EXPECT_FALSE(rule.match.empty()) << rule.id;
    EXPECT_FALSE(rule.not_match.empty()) << rule.id;
  }
  for (const lint::Found& found : learned->findings) ADD_FAILURE() << lint::Describe(found);
  const Weakened weakened = TryWeakenings(PolicySet(policy), {});
  EXPECT_GT(weakened.all, 20u);
  for (const Survivor& survivor : weakened.survivors) ADD_FAILURE() << survivor.what << " add " << survivor.suggestion;
  // A path that only a tool named has its own level and that of the action: one alone makes no difference.
  for (const Survivor& survivor : weakened.no_call)
    EXPECT_NE(survivor.what.find("delete"), std::string::npos) << survivor.what;
}

TEST(Learn, WordsThatDifferInOnePlaceShareARule) {
  Seen seen;
  const Result<Learned> learned =
      seen.Run("git status").Run("git diff").Run("git log -n 1").Run("git log -n 2").Learn();
  ASSERT_TRUE(learned) << learned.error().what;
  const Policy policy = Loaded(learned->yaml);
  ASSERT_EQ(policy.exec.size(), 2u) << learned->yaml;
  EXPECT_EQ(Says(*learned, "git diff -n 1"), Level::kForbid);
  EXPECT_EQ(Says(*learned, "git log -n 3"), Level::kForbid);
}

TEST(Learn, OnlyWhatWasAllowedAndDone) {
  Seen seen;
  seen.Run("git status").Run("make", Fate::kFailed).Run("make a", Fate::kNoEnd).Run("git push", Fate::kNotApproved);
  seen.Run("nosuch").Run("make b", Fate::kByHost).Use("read_file", ".env");
  const Result<Learned> learned = seen.Learn();
  ASSERT_TRUE(learned) << learned.error().what;
  for (const char* line : {"make", "make a", "make b", "git push", "nosuch"})
    EXPECT_EQ(Says(*learned, line), Level::kForbid) << line;
  EXPECT_EQ(Says(*learned, "read_file", ".env"), Level::kForbid);
  for (const char* why : {"forbidden by policy 2", "nobody approved it 1", "it failed before it was done 1",
                          "the log does not say how it ended 1", "refused by the host itself 1"})
    EXPECT_NE(Whys(*learned).find(why), std::string::npos) << why << "\n" << Whys(*learned);
  EXPECT_EQ(learned->refused, 3u);
}

// The same call was allowed once, and forbidden or not approved another time.
TEST(Learn, WhatWasRefusedOnceIsNotLearned) {
  Seen seen;
  seen.Run("git status").Run("make all").Run("make all").Run("git diff").Run("git diff");
  seen.calls[2].fate = Fate::kForbidden;
  seen.calls[2].level = Level::kForbid;
  seen.calls[4].fate = Fate::kNotApproved;
  seen.calls[4].level = Level::kApprove;
  const Result<Learned> learned = seen.Learn();
  ASSERT_TRUE(learned) << learned.error().what;
  EXPECT_EQ(Says(*learned, "make all"), Level::kForbid);
  EXPECT_EQ(Says(*learned, "git diff"), Level::kApprove);
  EXPECT_EQ(Says(*learned, "git status"), Level::kAuto);
  EXPECT_NE(Whys(*learned).find("refused in another call 1"), std::string::npos) << Whys(*learned);
}

// A refusal for want of a reason becomes the same want.
TEST(Learn, AReasonThatWasWantedIsWantedAgain) {
  Seen seen(std::string(kPolicy) + "require-reason: [create_file]\n");
  seen.Run("git status").Use("write_file", "new.c").Use("write_file", "new.c");
  ASSERT_EQ(seen.calls[1].fate, Fate::kForbidden);
  seen.calls[1].for_reason = true;
  seen.calls[2].fate = Fate::kDone;
  seen.calls[2].level = Level::kAuto;
  seen.calls[2].recorded.has_reason = true;
  seen.calls[2].recorded.reason = "because";
  const Result<Learned> learned = seen.Learn();
  ASSERT_TRUE(learned) << learned.error().what;
  EXPECT_EQ(Loaded(learned->yaml).require_reason, std::vector<std::string>{"create_file"}) << learned->yaml;
  EXPECT_EQ(Says(*learned, "write_file", "new.c", true), Level::kAuto);  // a test gives a reason
}

// ---- widening
TEST(Learn, WideningIsAskedForAndTold) {
  Seen seen;
  for (const char* n : {"1", "5", "20"}) seen.Run(std::string("head -n ") + n + " a");
  for (const char* f : {"src/a.c", "src/b.c", "src/c.c"}) seen.Run(std::string("cat ") + f).Use("read_file", f);
  const Result<Learned> exact = seen.Learn(), wide = seen.Learn({Widen::kNumbers, Widen::kPaths, Widen::kFolders});
  ASSERT_TRUE(exact && wide);
  EXPECT_EQ(Says(*exact, "head -n 7 a"), Level::kForbid);
  EXPECT_EQ(Says(*exact, "cat src/d.c"), Level::kForbid);
  EXPECT_EQ(Says(*wide, "head -n 7 a"), Level::kAuto);
  EXPECT_EQ(Says(*wide, "head -n 21 a"), Level::kForbid);
  EXPECT_EQ(Says(*wide, "head -n 7 b"), Level::kForbid);
  EXPECT_EQ(Says(*wide, "cat src/d.c"), Level::kAuto) << wide->yaml;
  EXPECT_EQ(Says(*wide, "cat other/d.c"), Level::kForbid);
  EXPECT_EQ(Says(*wide, "cat src/deep/d.c"), Level::kForbid);
  size_t told = 0;
  for (const LearnedRule& rule : wide->rules) told += rule.stands_for.empty() ? 0 : 1;
  EXPECT_EQ(told, 3u);
  EXPECT_NE(std::ranges::find_if(wide->rules,
                                 [](const LearnedRule& rule) {
                                   return rule.stands_for == "argument 2: any number from 1 to 20 (3 seen)";
                                 }),
            wide->rules.end());
}

TEST(Learn, AWideningThatWouldCoverARefusedCallIsNotMade) {
  Seen seen;
  for (const char* f : {"a", "b", "c"}) seen.Run(std::string("cat ") + f).Use("read_file", f);
  seen.Use("read_file", ".env");  // forbidden
  for (const char* n : {"1", "5", "20"}) seen.Run(std::string("head -n ") + n + " a");
  seen.Run("head -n 7 a");
  seen.calls.back().fate = Fate::kForbidden;
  seen.calls.back().level = Level::kForbid;
  const Result<Learned> learned =
      seen.Learn({Widen::kNumbers, Widen::kFolders, Widen::kTrees, Widen::kWorkspace, Widen::kPaths});
  ASSERT_TRUE(learned) << learned.error().what;
  EXPECT_EQ(Says(*learned, "head -n 7 a"), Level::kForbid);
  EXPECT_EQ(Says(*learned, "head -n 8 a"), Level::kForbid);
  EXPECT_EQ(Says(*learned, "head -n 5 a"), Level::kAuto);
  EXPECT_EQ(Says(*learned, "read_file", ".env"), Level::kForbid);
  EXPECT_EQ(Says(*learned, "read_file", "d"), Level::kForbid);
  EXPECT_EQ(Says(*learned, "read_file", "a"), Level::kAuto);
  EXPECT_GE(learned->not_widened.size(), 3u);
  for (const NotWidened& no : learned->not_widened) EXPECT_NE(no.call, 0u) << no.what;
}

TEST(Learn, AWideningThatAReviewerRefusesIsNotMade) {
  Seen seen;
  for (const char* f : {"new-a", "new-b", "new-c"}) seen.Use("write_file", f);
  const Result<Learned> learned = seen.Learn({Widen::kTrees});
  ASSERT_TRUE(learned) << learned.error().what;
  EXPECT_EQ(Says(*learned, "write_file", ".git/hooks/post-merge", true), Level::kForbid) << learned->yaml;
  ASSERT_EQ(learned->not_widened.size(), 1u);
  EXPECT_EQ(learned->not_widened[0].why.find("unprotected-hooks"), 0u) << learned->not_widened[0].why;
  EXPECT_TRUE(learned->findings.empty());
}

TEST(Learn, NothingToLearnIsSaid) {
  EXPECT_FALSE(Seen().Learn());
  const Result<Learned> nothing = Seen().Run("nosuch").Learn();
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Code::kInvalid);
  EXPECT_NE(nothing.error().what.find("forbidden by policy"), std::string::npos);
}

}  // namespace
}  // namespace warder::policy
