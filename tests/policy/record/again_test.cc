// Is a recorded call decided again as it was, and never guessed where something was not recorded?
#include "policy/record/again.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "policy/record/arguments.h"
#include "policy/zones.h"
#include "tests/policy/policy_files.h"
#include "tests/policy/random_layers.h"
#include "tests/policy/record/recorded.h"

namespace warder::policy {
namespace {

using nlohmann::json;

void ExpectSame(const Decision& was, const Replayed& now, const std::string& about) {
  ASSERT_TRUE(now.decision.has_value()) << about << ": " << WhyNotName(now.why) << " " << now.what;
  EXPECT_EQ(now.decision->level, was.level) << about;
  EXPECT_EQ(now.decision->rule, was.rule) << about;
  EXPECT_EQ(now.decision->layer, was.layer) << about;
  EXPECT_EQ(now.decision->where.line, was.where.line) << about;
  EXPECT_EQ(now.decision->why, was.why) << about;
}

// Under the layers that decided: the same answer, always. Under others: what they would have said in that world, or
// why that can not be known.
TEST(Again, RandomCallsGetTheSameAnswer) {
  const std::vector<std::string> profiles = {"", "", "day", "night", "nobodys"};
  size_t decided = 0, undecidable = 0, levels[4] = {};
  for (uint32_t seed = 0; seed < 400; ++seed) {
    Dice dice(seed);
    const PolicySet set = MakeSet(AnyLayers(dice)), other = MakeSet(AnyLayers(dice));
    const Replayer same(set, {}), changed(other, {});
    for (int i = 0; i < 25; ++i) {
      const Call call = AnyCall(dice);
      if (call.tool == Tool::kHttpRequest || (call.line.commands.empty() && call.tool == Tool::kRunCommand)) continue;
      const World world{seed};
      const std::string profile = dice.Of(profiles);
      const Facts facts = world.Answer(set, call);
      const Decision was = Decide(set, call, facts, profile);
      const RecordedCall recorded = Record(set, call, facts, profile);
      ++levels[static_cast<size_t>(was.level)];
      const std::string about = std::to_string(seed) + " " + recorded.tool + " " + *recorded.arguments;
      ExpectSame(was, same.Decide(recorded), about);
      const Replayed now = changed.Decide(recorded);
      if (!now.decision) {
        ++undecidable;
        continue;
      }
      ++decided;
      Facts there = world.Answer(other, call);
      // A zone that only the other layers name is known from the time of the record.
      for (const std::string& zone : other.settings().zones)
        if (std::ranges::find(set.settings().zones, zone) == set.settings().zones.end() &&
            std::ranges::find(there.zones, zone, &ZoneFact::zone) == there.zones.end())
          there.zones.push_back({zone, *LocalTimeIn(zone, kThen)});
      ExpectSame(Decide(other, call, there, profile), now, about + " under others");
    }
  }
  EXPECT_GT(decided, 1000u);
  EXPECT_GT(undecidable, 100u);
  for (size_t count : levels) EXPECT_GT(count, 50u);
}

// ---- one case each

constexpr const char* kPolicy =
    "policy: 1\nlayer: project\nid: p\nexec:\n"
    "- {id: show, level: auto, argv: [cat, {path: read}], match: [cat a]}\n"
    "- {id: look, level: auto, argv: [[ls, run.sh], ...], match: [ls]}\n"
    "- {id: python, level: auto, argv: [python3, ...], match: [python3 x]}\n"
    "paths:\n- {id: ws, level: auto, may: [read, write, delete], under: \"${workspace}\"}\n";

PolicySet Bound(const std::string& text, uint64_t first_inode = 100) {
  auto policy = std::make_shared<Policy>(Loaded(text));
  for (Program& program : policy->programs)
    if (program.files.empty()) program.files = {{"/usr/bin/" + program.name, 1, first_inode++, std::nullopt}};
  return std::move(*PolicySet::Make({policy}));
}

struct Case {
  explicit Case(const PolicySet& set, const std::string& line) {
    call = *CallOf(Tool::kRunCommand, json{{"command", line}});
    facts = World{7}.Answer(set, call);
    for (PathFact& path : facts.paths) path.resolved = true;
    recorded = Record(set, call, facts, "");
  }
  json FactsAsJson() const { return json::parse(*recorded.facts); }
  Call call;
  Facts facts;
  RecordedCall recorded;
};

TEST(Again, WhatIsGoneOrCutIsNotGuessed) {
  const PolicySet set = Bound(kPolicy);
  const Replayer replayer(set, {});
  const Case good(set, "cat a");
  ASSERT_TRUE(replayer.Decide(good.recorded).decision);
  auto why = [&](auto change) {
    RecordedCall recorded = good.recorded;
    change(recorded);
    const Replayed replayed = replayer.Decide(recorded);
    EXPECT_FALSE(replayed.decision);
    return replayed.why;
  };
  EXPECT_EQ(why([](RecordedCall& r) { r.arguments.reset(); }), WhyNot::kErased);
  EXPECT_EQ(why([](RecordedCall& r) { r.facts.reset(); }), WhyNot::kErased);
  EXPECT_EQ(why([](RecordedCall& r) { r.has_facts = false; }), WhyNot::kOlder);
  EXPECT_EQ(why([](RecordedCall& r) { r.facts = r.facts->substr(0, 40) + " … cut, sha256 of all: 00"; }), WhyNot::kCut);
  EXPECT_EQ(why([](RecordedCall& r) { r.arguments = R"({"begins":"{","bytes":99999,"sha256":"00"})"; }), WhyNot::kCut);
  EXPECT_EQ(why([](RecordedCall& r) { r.facts = R"({"workspace":"/ws","paths":[],"programs":[],"scripts":[]})"; }),
            WhyNot::kOlder);
  EXPECT_EQ(why([](RecordedCall& r) { r.tool = "no_such_tool"; }), WhyNot::kCall);
  EXPECT_EQ(why([](RecordedCall& r) { r.arguments = R"({"command":7})"; }), WhyNot::kCall);
  // Any other text in the place of the facts is no record either.
  for (const char* text : {"", "[]", "null", R"({"form":1,"paths":7})", R"({"form":1,"paths":[{"from":3}]})",
                           R"({"form":1,"programs":[{"id":"1"}]})", R"({"form":2})", R"({"form":1,"counters":{"x":1}})",
                           R"({"form":1,"zones":[{"zone":"UTC","weekday":9,"minute":1}]})"})
    EXPECT_FALSE(ReadFacts(text)) << text;
}

TEST(Again, FactsThatNobodyLookedUpAreNotKnown) {
  const PolicySet narrow = Bound(kPolicy);
  const Case ls(narrow, "ls notes"), tool(narrow, "jq .");
  std::string text = kPolicy;
  text.insert(text.find("paths:"),
              "- {id: list, forbid: no, argv: [ls, {path: read}], match: [ls a]}\n"
              "- {id: jq, level: auto, argv: [jq, ...], match: [jq .]}\n");
  const PolicySet wide = Bound(text);
  const Replayer replayer(wide, {});
  EXPECT_EQ(replayer.Decide(ls.recorded).why, WhyNot::kPath);
  EXPECT_EQ(replayer.Decide(tool.recorded).why, WhyNot::kProgram);
  EXPECT_EQ(replayer.Decide(tool.recorded).what, "/usr/bin/jq");
}

TEST(Again, CountersAreFreeOnlyWhenAsked) {
  const PolicySet plain = Bound(kPolicy), counted = Bound(std::string(kPolicy) + "session:\n  calls: { max: 5 }\n");
  const Case ls(plain, "ls");
  EXPECT_EQ(Replayer(counted, {}).Decide(ls.recorded).why, WhyNot::kCounter);
  ReplayTerms terms;
  terms.counters_free = true;
  ASSERT_TRUE(Replayer(counted, terms).Decide(ls.recorded).decision);
}

// The inode of a file is another one on another day and another machine; that it was the bound file is what counts.
TEST(Again, IdentityIsThatOfThen) {
  const PolicySet then = Bound(kPolicy, 100), today = Bound(kPolicy, 900);
  EXPECT_EQ(Replayer(today, {}).Decide(Case(then, "ls -l").recorded).decision->level, Level::kAuto);
  Case replaced(then, "ls -l");
  replaced.facts.programs[0].ino = 55;
  const Decision was = Decide(then, replaced.call, replaced.facts, "");
  ASSERT_EQ(was.level, Level::kForbid);
  ExpectSame(was, Replayer(today, {}).Decide(Record(then, replaced.call, replaced.facts, "")), "replaced");
  // Another file by that path that is a hard link of a forbidden program.
  std::string text = kPolicy;
  text.insert(text.find("paths:"), "- {id: no-rm, forbid: no, argv: [rm, ...], match: [rm a]}\n");
  const PolicySet strict = Bound(text, 100), strict_today = Bound(text, 700);
  Case linked(strict, "ls -l");
  for (const Program& program : strict.layer(0).programs)
    if (program.name == "rm") linked.facts.programs[0].ino = program.files[0].ino;
  const Decision no = Decide(strict, linked.call, linked.facts, "");
  EXPECT_EQ(no.level, Level::kForbid);
  ExpectSame(no, Replayer(strict_today, {}).Decide(Record(strict, linked.call, linked.facts, "")), "linked");
}

TEST(Again, ScriptsAreTheirInterpreters) {
  const PolicySet set = Bound(kPolicy);
  for (const char* argument : {"", "-E"}) {
    Call call = *CallOf(Tool::kRunCommand, json{{"command", "ls && run.sh one"}});
    Record(set, call, World{7}.Answer(set, call), "");
    Call run = call;
    run.line.commands[1] = AsInterpreter(call.line.commands[1], "/usr/bin/python3", argument, "/usr/bin/run.sh");
    Facts facts = World{7}.Answer(set, run);
    for (PathFact& path : facts.paths) path = {true, "", "/usr/bin/run.sh", true, false, 1, 9};
    const Decision was = Decide(set, run, facts, "");
    RecordedCall recorded = Record(set, call, World{7}.Answer(set, call), "");
    recorded.facts =
        FactsForLog(set, {run, Want(set, run), facts, {{"/usr/bin/run.sh", 1, 9, std::nullopt}}}, "").dump();
    ExpectSame(was, Replayer(set, {}).Decide(recorded), argument);
    EXPECT_EQ(was.rule, "no-path");  // the script itself is read
  }
}

}  // namespace
}  // namespace warder::policy
