// Is a record what the page says, and is what is not refused?
#include "audit/record.h"

#include <gtest/gtest.h>

#include <random>
#include <tuple>

#include "audit/client.h"
#include "audit/plan_body.h"
#include "audit/side_line.h"

namespace warder::audit {
namespace {

TEST(Record, AProcessWritesOnlyItsOwnTypes) {
  int checked = 0;
  for (const TypeRule& rule : AllTypes())
    for (Writer writer : {kBroker, kMonitor, kKeeper, kLedger}) {
      auto prepared = Prepare(rule.type, writer, "{}");
      if ((rule.writers & writer) == 0) {
        ASSERT_FALSE(prepared);
        EXPECT_EQ(prepared.error().code, Code::kDenied) << rule.type;
        ++checked;
      } else if (!prepared) {
        EXPECT_NE(prepared.error().code, Code::kDenied) << rule.type;
      }
    }
  EXPECT_GT(checked, 100);
  // What says that something ran is never the broker's to write.
  for (const char* type : {"exit", "exec", "flow", "host.start", "orphan", "session.start", "seal"})
    EXPECT_EQ(FindType(type)->writers & kBroker, 0) << type;
}

TEST(Record, BodiesThatCouldBeTwoThingsAreRefused) {
  const char* kFree = R"("arguments":{"$free":"x"})";
  struct {
    std::string body;
    bool good;
  } kCases[] = {
      {R"({"tool":"t",)" + std::string(kFree) + "}", true},
      {R"({"tool":"t","arguments":null})", true},
      {R"({"tool":"t","arguments":{"$free_b64":"/w=="}})", true},
      {R"({"tool":"t","arguments":{"$free_b64":"/w"}})", false},
      {R"({"tool":"t","arguments":"plain"})", false},
      {R"({"tool":"t","arguments":{"free":"00"}})", false},
      {R"({"tool":"t",)" + std::string(kFree) + R"(,"x":{"free":"00"}})", false},
      {R"({"tool":"t",)" + std::string(kFree) + R"(,"x":{"$free":"a","b":1}})", false},
      {R"({"tool":"t",)" + std::string(kFree) + R"(,"n":1.5})", false},
      {R"({"tool":"t",)" + std::string(kFree) + R"(,"n":9007199254740992})", false},
      {R"({"tool":"t",)" + std::string(kFree) + R"(,"n":9007199254740991})", true},
      {R"({"tool":"t",)" + std::string(kFree) + R"(,"n":-9007199254740992})", false},
      {R"({"tool":"t",)" + std::string(kFree) + R"(,"N":1})", false},
      {R"({"tool":"t",)" + std::string(kFree) + R"(,"a":1,"a":2})", false},
      {R"({"tool":"t"})", false},
      {R"([])", false},
      {R"({"$free":"x"})", false},
      {"", false},
      {R"({"tool":"t",)" + std::string(kFree) + R"(,"x":)" + std::string(40, '[') + std::string(40, ']') + "}", false},
      {"{\"tool\":\"\xff\"," + std::string(kFree) + "}", false},
  };
  for (const auto& c : kCases) EXPECT_EQ(Prepare("call", kBroker, c.body).has_value(), c.good) << c.body;
  EXPECT_FALSE(Prepare("nonsense", kBroker, "{}"));
}

TEST(Record, FreeTextIsACommitmentOnly) {
  std::string body =
      Body().Text("tool", "run_command").Free("arguments", "s3cret").Free("reason", std::string("\xff\0x", 3)).Take();
  auto prepared = Prepare("call", kBroker, body);
  ASSERT_TRUE(prepared) << prepared.error().what;
  std::string text = Canonical(prepared->body);
  EXPECT_EQ(text.find("s3cret"), std::string::npos);
  ASSERT_EQ(prepared->sides.size(), 2u);
  EXPECT_EQ(prepared->sides[0].bytes, "s3cret");
  EXPECT_EQ(prepared->sides[1].bytes, std::string("\xff\0x", 3));
  EXPECT_EQ(prepared->sides[0].salt.size(), 32u);
  EXPECT_EQ(prepared->body["arguments"]["free"], Commitment(prepared->sides[0].salt, "s3cret"));
  // The same words again give another commitment: nothing can be guessed by comparing.
  EXPECT_NE(Prepare("call", kBroker, body)->body["arguments"], prepared->body["arguments"]);
}

TEST(Record, LineIsCanonicalAndComplete) {
  Envelope envelope{7, 1'790'000'000'000'000'001,        18'446'744'073'709'551'615u, "ab", "h\n\"ö", 3,
                    9, AgentName{"a", 4'000'000'000u, 2}};
  auto line = RenderLine(envelope, "call", Json{{"z", 1}, {"a", "\x01/\\"}});
  ASSERT_TRUE(line);
  EXPECT_EQ(
      *line,
      R"({"agent":{"name":"a","pid":2,"uid":4000000000},"body":{"a":"\u0001/\\","z":1},"boot":"ab","call":"9",)"
      R"("host":"h\n\"ö","mono_ns":"18446744073709551615","seq":"7","session":"3","time":"2026-09-21T14:13:20.000000001Z",)"
      R"("type":"call","v":1})");
  EXPECT_TRUE(ParseCanonical(*line));
  EXPECT_FALSE(RenderLine(envelope, "call", Json{{"a", std::string(65'600, 'x')}}));
}

TEST(Record, OnlyTheCanonicalFormIsRead) {
  for (const char* line : {R"({"b":1,"a":2})", R"({"a": 1})", R"({"a":"\u0041"})", R"({"a":1,"a":1})", R"({"a":-0})",
                           R"({"a":1e2})", R"([1])", R"({"a":"\/"})"})
    EXPECT_FALSE(ParseCanonical(line)) << line;
  EXPECT_TRUE(ParseCanonical(R"({"a":1,"b":[null,true,"ö\t"]})"));
}

TEST(Record, TimesGoThereAndBack) {
  for (int64_t t : {int64_t{0}, int64_t{1'790'000'000'123'456'789}, int64_t{951'782'400'000'000'000}})
    EXPECT_EQ(ParseRfc3339(Rfc3339(t)), t);
  for (const char* text : {"3026-09-21T14:13:20.000000000Z", "", "2026-02-30T00:00:00.000000000Z",
                           "2026-01-01 00:00:00.000000000Z", "2026-01-01T00:00:00Z"})
    EXPECT_FALSE(ParseRfc3339(text)) << text;
}

TEST(Body, SpellsWhatTheLedgerTakes) {
  EXPECT_EQ(
      Body()
          .Text("a", "x\"\\\n")
          .Free("b", "y")
          .Number("c", -3)
          .Number("d", int64_t{1} << 60)
          .Decimal("e", UINT64_MAX)
          .Bool("f", true)
          .Null("g")
          .Take(),
      R"({"a":"x\"\\\u000a","b":{"$free":"y"},"c":-3,"d":"1152921504606846976","e":"18446744073709551615","f":true,"g":null})");
  EXPECT_EQ(JsonText("\xff"), R"({"b64":"/w=="})");
  EXPECT_EQ(JsonFree("\xff"), R"({"$free_b64":"/w=="})");
}

// What the quick reader of side lines takes, the parser takes, as the same value; and most lines are for the quick one.
TEST(SideLines, AreReadAlikeInBothWays) {
  std::mt19937 random(7);
  auto below = [&](size_t n) { return static_cast<size_t>(random()) % n; };
  const std::string pieces[] = {"a",
                                "{\"k\":1}",
                                "\\",
                                "\"",
                                "\n",
                                "\t",
                                "\x1f",
                                "\x7f",
                                "\xc3\xb6",
                                "\xe2\x80\xa8",
                                "\xff",
                                "\xed\xa0\x80",
                                "\xf0\x9f\x98\x80",
                                "\\u0041",
                                "/",
                                "\\/"};
  size_t quick = 0, changed_quick = 0;
  for (int round = 0; round < 40'000; ++round) {
    std::string text;
    for (size_t n = below(8); n > 0; --n) text += pieces[below(std::size(pieces))];
    std::string line = SideLines(Commit(text), below(1000));
    line.pop_back();  // the newline
    const bool change = round % 2 == 1;
    if (change) {
      const size_t at = below(line.size());
      const std::string& piece = pieces[below(std::size(pieces))];
      line.replace(at, below(3), piece);
    }
    Sides by_text, by_tree;
    const bool plain = TakePlainSideLine(line, by_text), any = TakeAnySideLine(line, by_tree);
    EXPECT_TRUE(any || change) << line;
    quick += plain && !change;
    changed_quick += plain && change;
    if (!plain) continue;
    ASSERT_TRUE(any) << line;
    const auto& [a_name, a] = *by_text.values.begin();
    const auto& [b_name, b] = *by_tree.values.begin();
    ASSERT_EQ(a_name, b_name) << line;
    ASSERT_EQ(std::tie(a.salt, a.value, a.blob, a.seq), std::tie(b.salt, b.value, b.blob, b.seq)) << line;
  }
  EXPECT_GT(quick, 1000u);
  EXPECT_GT(changed_quick, 100u);
}

}  // namespace
}  // namespace warder::audit
