// Do the automata of path rules say what the path index says, and are their paths real?
#include "policy/analyse/paths.h"

#include <gtest/gtest.h>

#include "policy/layer_index.h"
#include "tests/policy/policy_maker.h"
#include "tests/policy/random_layers.h"

namespace warder::policy::analyse {
namespace {

const std::vector<std::string> kGlobs = {"**/.env*",
                                         "${workspace}/**",
                                         "${workspace}/src/*",
                                         "/etc/p",
                                         "${workspace}/.git/hooks/**",
                                         "/etc/**/x*y",
                                         "**/*.key",
                                         "${tmp}/**",
                                         "/**",
                                         "${workspace}",
                                         "${workspace}/**/a/**/b",
                                         "/tmp/*",
                                         "${workspace}/*/c"};
const std::vector<std::string> kDirectories = {"${workspace}", "/etc", "${tmp}", "${workspace}/src", "/", "/etc/p"};
const std::vector<std::string> kParts = {"workspace", "tmp", "etc",  "p",     "src", ".env", ".env.local", "a",
                                         "b",         "c",   ".git", "hooks", "xzy", "xy",   "my.key",     "other"};

PathRule RandomRule(Dice& dice) {
  PathRule rule;
  rule.level = dice.Coin() ? Level::kAuto : Level::kForbid;
  rule.may = static_cast<uint8_t>(dice.Coin() ? 7 : 1 + dice.Below(7));
  if (dice.Coin())
    rule.under = dice.Of(kDirectories);
  else
    rule.match = {dice.Of(kGlobs), dice.Of(kGlobs)};
  if (dice.Coin()) rule.unless = {dice.Of(kGlobs)};
  return rule;
}

std::string RandomPath(Dice& dice) {
  std::string path;
  for (size_t i = dice.Below(5); i > 0; --i) path += "/" + dice.Of(kParts);
  return path.empty() ? "/" : path;
}

std::vector<bool> Covering(const Policy& policy, const std::string& path, Act act) {
  std::vector<bool> covers(policy.paths.size());
  for (uint32_t r : PathIndex(policy).Covering(path, act, {kWorkspace, kTmp})) covers[r] = true;
  return covers;
}

TEST(AnalysePaths, EveryOutcomeIsRealAndNoPathHasAnother) {
  Dice dice(3);
  size_t outcomes = 0;
  for (int round = 0; round < 300; ++round) {
    Policy policy;
    for (size_t i = 1 + dice.Below(4); i > 0; --i) policy.paths.push_back(RandomRule(dice));
    std::vector<const PathRule*> rules;
    for (const PathRule& rule : policy.paths) rules.push_back(&rule);
    const Act act = static_cast<Act>(dice.Below(3));
    Paths paths;
    for (const PathRule& rule : policy.paths) paths.AddHints(rule);
    std::set<std::vector<bool>> seen;
    ASSERT_TRUE(paths.Walk(rules, act, [&](const PathOutcome& outcome) {
      EXPECT_TRUE(IsCanonical(outcome.path)) << outcome.path;
      EXPECT_EQ(outcome.covers, Covering(policy, outcome.path, act)) << outcome.path;
      seen.insert(outcome.covers);
      ++outcomes;
      return true;
    }));
    for (int i = 0; i < 100; ++i) {
      const std::string path = RandomPath(dice);
      ASSERT_TRUE(seen.contains(Covering(policy, path, act))) << path << " round " << round;
    }
  }
  EXPECT_GT(outcomes, 1000u);
}

TEST(AnalysePaths, FindsWhatAnUnlessLetsThrough) {
  const PathRule wide = maker::Globs("secrets", Level::kForbid, maker::kAll, {"**/*.pem"});
  const PathRule narrow = maker::Globs("secrets", Level::kForbid, maker::kAll, {"**/*.pem"}, {"**/test/**"});
  Paths paths;
  for (const PathRule* rule : {&wide, &narrow}) paths.AddHints(*rule);
  const PathRule *w = &wide, *n = &narrow;
  EXPECT_EQ(paths.Find(std::span(&w, 1), std::span(&n, 1), Act::kRead).path, "/test/server.pem");
  EXPECT_FALSE(paths.Find(std::span(&n, 1), std::span(&w, 1), Act::kRead).path);
}

TEST(AnalysePaths, AWholePathArgumentIsTheSameLanguageAbsoluteAndRelative) {
  Dice dice(4);
  analyse::Words words(Alphabet::kArgument);
  for (int round = 0; round < 2000; ++round) {
    Policy policy;
    PathRule rule;
    rule.may = 7;
    const bool under = dice.Coin();
    if (under)
      rule.under = dice.Of(kDirectories);
    else
      rule.match = {dice.Of(kGlobs)};
    policy.paths = {rule};
    const uint32_t predicate = words.PathWord(WithSymbols(under ? rule.under : rule.match[0]), under, kWorkspace);
    const std::string path = RandomPath(dice);
    EXPECT_EQ(words.Fits(predicate, path), Covering(policy, path, Act::kRead)[0]) << path;
    if (path == "/") continue;
    EXPECT_EQ(words.Fits(predicate, path.substr(1)), Covering(policy, kWorkspace + path, Act::kRead)[0]) << path;
  }
}

}  // namespace
}  // namespace warder::policy::analyse
