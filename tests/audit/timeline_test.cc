// Does a reader see what was asked, decided and done, and why it ended, in any width?
#include "audit/timeline.h"

#include <gtest/gtest.h>

#include "audit/show.h"
#include "tests/audit/log_bench.h"

namespace warder::audit {
namespace {

TEST(Timeline, SaysWhatWasAskedDecidedAndDone) {
  TempLog log;
  TestFiles files;
  LogBench bench(log, files);
  bench.Begin(5);
  ASSERT_TRUE(bench.Run(5, 1).ok);
  ASSERT_TRUE(bench.Ask({OutcomeDraft(5, 1)}).ok);
  Draft hostile = CallDraft(5, 2);
  hostile.body_json =
      Body().Text("tool", "run_command").Free("arguments", R"({"argv":["rm","-rf","/","\u001b[2J"]})").Take();
  ASSERT_TRUE(bench.Ask({hostile, DecisionDraft(5, 2, "forbid")}).ok);
  ASSERT_TRUE(bench.Run(5, 3).ok);
  auto entries = Timeline(log.log);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 5u);
  EXPECT_EQ((*entries)[2].asked, "make all");
  EXPECT_EQ((*entries)[2].ended, "exited");
  EXPECT_EQ((*entries)[2].duration_ms, 12u);
  EXPECT_EQ((*entries)[3].ended, "refused");
  EXPECT_EQ((*entries)[3].rule, "make");
  EXPECT_EQ((*entries)[4].ended, "running");
  for (bool colour : {false, true}) {
    std::string text = RenderTimeline(*entries, {colour, 0});
    EXPECT_NE(text.find("rm -rf / "), std::string::npos) << text;
    EXPECT_EQ(text.find("\x1b[2J"), std::string::npos);
    EXPECT_NE(text.find("[make api.yaml:12]"), std::string::npos);
  }
  for (size_t width : {size_t{40}, size_t{80}, size_t{200}}) {
    std::string text = RenderTimeline(*entries, {false, width});
    EXPECT_NE(text.find("make all"), std::string::npos) << "what was asked is not left out: " << text;
    EXPECT_NE(text.find("[make api.yaml:12]"), std::string::npos) << text;
    EXPECT_NE(text.find("TIME UTC"), std::string::npos);
    for (size_t at = 0, end; at < text.size(); at = end + 1) {
      end = text.find('\n', at);
      EXPECT_LE(end - at, width + 4);  // in bytes; the ellipsis has three
    }
  }
  auto json = ParseJson(TimelineJson(*entries));
  ASSERT_TRUE(json);
  EXPECT_EQ((*json)[3]["ended"], "refused");
  EXPECT_EQ(Timeline(log.log, {5, 1})->size(), 1u);
  EXPECT_EQ(Timeline(log.log, {99, 0})->size(), 0u);
}

// The cause of an end that is no program's own, and places that are none.
TEST(Timeline, SaysWhyACallEndedAndNoPlaceThatIsNone) {
  TempLog log;
  TestFiles files;
  LogBench bench(log, files);
  bench.Begin(5);
  ASSERT_TRUE(bench.Run(5, 1).ok);
  Draft cancelled = OutcomeDraft(5, 1);
  cancelled.body_json = Body().Text("ended", "cancelled").Take();
  ASSERT_TRUE(bench.Ask({cancelled}).ok);
  Draft decided = DecisionDraft(5, 2, "forbid");
  decided.body_json = Body()
                          .Text("level", "forbid")
                          .Text("rule", "no-rule")
                          .Text("file", "/etc/p.yaml")
                          .Number("line", 0)
                          .Free("why", "no rule")
                          .Text("policy_digest", "00")
                          .Text("engine", "1")
                          .Take();
  ASSERT_TRUE(bench.Ask({CallDraft(5, 2), decided}).ok);
  Draft admin{"admin", 0, 0,
              Body()
                  .Text("act", "sessions.end")
                  .Number("uid", 0)
                  .Number("pid", 7)
                  .Text("object", "5")
                  .Free("text", "wrong branch")
                  .Take()};
  ASSERT_TRUE(bench.Ask({admin}).ok);
  bench.ledger->Take(wire::SessionOver{5, "ended by a person: wrong branch"});
  bench.ledger->Commit();
  auto entries = Timeline(log.log);
  ASSERT_TRUE(entries);
  const std::string text = RenderTimeline(*entries, {});
  EXPECT_NE(text.find("the session ended: ended by a person: wrong branch"), std::string::npos) << text;
  EXPECT_NE(text.find("[no-rule]"), std::string::npos) << text;
  EXPECT_NE(text.find("sessions.end 5 by uid 0: wrong branch"), std::string::npos) << text;
  const std::string shown = Show(log.log, {std::nullopt, 2}, false).value();
  EXPECT_TRUE(shown.starts_with("call 2: run_command make all\nasked")) << shown;
  EXPECT_NE(shown.find("decided  forbid by no-rule: no rule\nended    refused"), std::string::npos) << shown;
}

TEST(Show, JoinsValuesAndNeutralisesThem) {
  TempLog log;
  TestFiles files;
  LogBench bench(log, files);
  bench.Begin(5);
  Draft hostile = CallDraft(5, 1);
  hostile.body_json = Body().Text("tool", "t").Free("arguments", "{}").Free("reason", "\x1b[2Jtrust\nme").Take();
  ASSERT_TRUE(bench.Ask({hostile}).ok);
  std::string shown = Show(log.log, {std::nullopt, 1}, false).value();
  EXPECT_NE(shown.find("reason: \\x1b[2Jtrust\\nme"), std::string::npos) << shown;
  EXPECT_NE(ShowJson(log.log, {2, std::nullopt})->find(R"("reason":"\u001b[2Jtrust\nme")"), std::string::npos);
  EXPECT_FALSE(Show(log.log, {99, std::nullopt}, false));
  EXPECT_FALSE(Show(log.log, {std::nullopt, 0}, false));
  uint64_t next = 0;
  EXPECT_EQ(Tail(log.log, {std::nullopt, 1}, false, &next)->find("2  "), 0u);
  EXPECT_EQ(next, 3u);
  EXPECT_EQ(Tail(log.log, {next, 0}, true, &next).value(), "");
  ASSERT_TRUE(bench.Ask({DecisionDraft(5, 1)}).ok);
  EXPECT_NE(Tail(log.log, {next, 0}, true, &next)->find(R"("type":"decision")"), std::string::npos);
  EXPECT_EQ(next, 4u);
}

}  // namespace
}  // namespace warder::audit
