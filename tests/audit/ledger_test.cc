// Does the ledger take only what belongs, in order, and answer only what is durable?
#include "audit/ledger.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "tests/audit/log_bench.h"

namespace warder::audit {
namespace {

std::string Plan(uint64_t session, uint64_t call) { return flat::EncodeMessage(TestPlan(session, call)); }

TEST(Ledger, ReceiptIsForThisPlanAndMadeAfterTheSync) {
  TempLog log;
  TestFiles files;
  LogBench bench(log, files);
  ASSERT_TRUE(bench.ledger) << bench.error.what;
  bench.Begin(5);
  bench.ledger->Commit();
  files.events.clear();
  auto reply = bench.Run(5, 1);
  ASSERT_TRUE(reply.ok) << reply.error;
  ASSERT_TRUE(reply.receipt);
  // staged (t), values written and synced, leaves written and synced, and only then the receipt's
  // clock.
  EXPECT_EQ(files.events, "twswst");
  const wire::Receipt& receipt = *reply.receipt;
  EXPECT_EQ(receipt.session, 5u);
  EXPECT_EQ(receipt.call, 1u);
  EXPECT_EQ(receipt.epoch, 3u);
  EXPECT_EQ(receipt.seq, reply.seqs[2]);
  EXPECT_EQ(receipt.time_ns, files.boot_ns);
  EXPECT_EQ(receipt.boot, TestStart().boot);
  EXPECT_EQ(receipt.plan, HashSha256(Plan(5, 1)));
  EXPECT_EQ(receipt.mac, wire::ReceiptMac(TestStart().key, receipt));
}

TEST(Ledger, NoReceiptWhereTheSyncFails) {
  for (int fail_at = 0; fail_at < 2; ++fail_at) {
    TempLog log;
    TestFiles files;
    LogBench bench(log, files);
    bench.Begin(5);
    bench.ledger->Commit();
    (fail_at == 0 ? files.fail_sync : files.fail_write) = EIO;
    auto reply = bench.Run(5, 1);
    EXPECT_FALSE(reply.ok);
    EXPECT_FALSE(reply.receipt);
    EXPECT_TRUE(reply.seqs.empty());
    EXPECT_EQ(reply.code, static_cast<uint8_t>(Code::kUnavailable));
    EXPECT_TRUE(bench.ledger->shut());
    files.fail_sync = files.fail_write = 0;
    EXPECT_FALSE(bench.Run(5, 2).ok);
  }
}

TEST(Ledger, RefusesWhatABrokerMayNotSay) {
  TempLog log;
  TestFiles files;
  LogBench bench(log, files);
  bench.Begin(5);
  bench.Begin(6);
  ASSERT_TRUE(bench.Ask({CallDraft(5, 1), DecisionDraft(5, 1)}).ok);
  ASSERT_TRUE(bench.Ask({CallDraft(6, 3), DecisionDraft(6, 3)}).ok);
  wire::RunPlan other_agent = TestPlan(5, 1);
  other_agent.agent = "other";
  wire::RunPlan bad = TestPlan(5, 1);
  bad.commands.clear();
  Draft claims{"intent", 5, 1, Body().Text("tool", "t").Free("what", "w").Number("plan_bytes", 1).Take()};
  struct {
    const char* why;
    std::vector<Draft> drafts;
    std::string plan;
  } kCases[] = {
      {"unknown session", {CallDraft(7, 9)}, ""},
      {"no session", {CallDraft(0, 9)}, ""},
      {"no call", {CallDraft(5, 0)}, ""},
      {"call twice", {CallDraft(5, 1)}, ""},
      {"call of another session", {IntentDraft(6, 1)}, Plan(6, 1)},
      {"intent without call", {IntentDraft(5, 8)}, Plan(5, 8)},
      {"intent without decision", {CallDraft(5, 8), IntentDraft(5, 8)}, Plan(5, 8)},
      {"intent without plan", {IntentDraft(5, 1)}, ""},
      {"intent with broken plan", {IntentDraft(5, 1)}, Plan(5, 1).substr(1)},
      {"intent with cut plan", {IntentDraft(5, 1)}, Plan(5, 1).substr(0, 20)},
      {"intent with a plan that is not valid", {IntentDraft(5, 1)}, flat::EncodeMessage(bad)},
      {"plan of another session", {IntentDraft(5, 1)}, Plan(6, 1)},
      {"plan of another call", {IntentDraft(5, 1)}, Plan(5, 3)},
      {"plan of another agent", {IntentDraft(5, 1)}, flat::EncodeMessage(other_agent)},
      {"the ledger's own fields", {claims}, Plan(5, 1)},
      {"two intents", {IntentDraft(5, 1), IntentDraft(5, 1)}, Plan(5, 1)},
      {"plan without intent", {OutcomeDraft(5, 1)}, Plan(5, 1)},
      {"outcome without decision", {CallDraft(5, 8), OutcomeDraft(5, 8)}, ""},
      {"keeper's type", {{"exit", 5, 1, R"({"ended":"exited"})"}}, ""},
      {"monitor's type", {{"session.end", 5, 0, R"({"reason":{"$free":"r"}})"}}, ""},
      {"ledger's type", {{"orphan", 5, 1, R"({"intent":"1","exit":null})"}}, ""},
      {"a plan and no records", {}, flat::EncodeMessage(TestPlan(5, 1))},
      {"one bad among good", {CallDraft(5, 8), {"nonsense", 5, 8, "{}"}}, ""},
  };
  for (auto& c : kCases) {
    auto before = bench.ledger->Ready().next_seq;
    auto reply = bench.Ask(c.drafts, c.plan);
    EXPECT_FALSE(reply.ok) << c.why;
    EXPECT_FALSE(reply.receipt) << c.why;
    EXPECT_FALSE(reply.error.empty()) << c.why;
    EXPECT_EQ(bench.ledger->Ready().next_seq, before) << c.why;
  }
  // The same things in order are taken.
  EXPECT_TRUE(bench.Ask({IntentDraft(5, 1)}, Plan(5, 1)).ok);
  EXPECT_FALSE(bench.Ask({IntentDraft(5, 1)}, Plan(5, 1)).ok) << "a second receipt for one call";
  EXPECT_TRUE(bench.Ask({OutcomeDraft(5, 1)}).ok);
  EXPECT_FALSE(bench.Ask({OutcomeDraft(5, 1)}).ok);
  EXPECT_FALSE(bench.ledger->TakeRequest("rubbish"));
}

TEST(Ledger, SessionThatIsOverBeginsNothing) {
  TempLog log;
  TestFiles files;
  LogBench bench(log, files);
  bench.Begin(5);
  ASSERT_TRUE(bench.Run(5, 1).ok);
  ASSERT_TRUE(bench.Ask({CallDraft(5, 2), DecisionDraft(5, 2)}).ok);
  bench.ledger->Take(wire::SessionOver{5, "closed"});
  EXPECT_FALSE(bench.Ask({CallDraft(5, 3)}).ok);
  EXPECT_FALSE(bench.Ask({IntentDraft(5, 2)}, Plan(5, 2)).ok);
  EXPECT_TRUE(bench.Ask({OutcomeDraft(5, 1)}).ok);  // how it ended is still wanted
}

TEST(Ledger, ManyRequestsShareOneCommit) {
  TempLog log;
  TestFiles files;
  LogBench bench(log, files);
  bench.Begin(5);
  bench.ledger->Commit();
  files.syncs = 0;
  for (uint64_t call = 1; call <= 200; ++call)
    ASSERT_TRUE(bench.ledger->TakeRequest(flat::EncodeMessage(
        AppendRequest{call, {CallDraft(5, call), DecisionDraft(5, call), IntentDraft(5, call)}, Plan(5, call)})));
  auto replies = bench.ledger->Commit();
  ASSERT_EQ(replies.size(), 200u);
  EXPECT_LE(files.syncs, 12);  // two, and two for each new segment
  std::set<uint64_t> seqs;
  for (uint64_t call = 1; call <= 200; ++call) {
    auto reply = flat::DecodeMessage<AppendReply>(replies[call - 1]).value();
    EXPECT_EQ(reply.request, call);
    ASSERT_TRUE(reply.receipt);
    EXPECT_EQ(reply.receipt->call, call);
    EXPECT_TRUE(seqs.insert(reply.receipt->seq).second);
  }
}

TEST(Ledger, FullDiskRefusesRunsAndRecordsHowMany) {
  TempLog log;
  TestFiles files;
  wire::LedgerStart start = TestStart();
  start.free_refuse_bytes = 1000;
  start.free_warn_bytes = 2000;
  LogBench bench(log, files, start);
  bench.Begin(5);
  ASSERT_TRUE(bench.Run(5, 1).ok);
  files.free = 10;
  auto refused = bench.Run(5, 2);
  EXPECT_FALSE(refused.ok);
  EXPECT_EQ(refused.code, static_cast<uint8_t>(Code::kUnavailable));
  EXPECT_NE(refused.error.find("nothing may run"), std::string::npos);
  EXPECT_NE(refused.error.find("its disk has 10 B free and must keep 1000 B (ledger.free-space.refuse)"),
            std::string::npos)
      << refused.error;
  EXPECT_FALSE(bench.ledger->full().empty()) << "the operator is not told";
  EXPECT_FALSE(bench.Ask({}).ok) << "a question whether records are taken";
  EXPECT_TRUE(bench.Ask({OutcomeDraft(5, 1)}).ok);
  bench.Begin(6);  // its start can not be recorded, so nothing of it is
  files.free = 1'000'000;
  auto later = bench.Ask({CallDraft(6, 4)});
  EXPECT_FALSE(later.ok);
  EXPECT_NE(later.error.find("start of this session could not be recorded"), std::string::npos) << later.error;
  EXPECT_TRUE(bench.Ask({}).ok);
  EXPECT_TRUE(bench.ledger->full().empty());
  EXPECT_TRUE(bench.Run(5, 3).ok);
  ASSERT_TRUE(bench.Ask({OutcomeDraft(5, 3)}).ok);
  std::string all = Slurp(log.Segment());
  EXPECT_NE(all.find(R"({"refused":"3","why":"no space"})"), std::string::npos);
  EXPECT_NE(all.find(R"("what":"free-space")"), std::string::npos);
  ASSERT_TRUE(bench.ledger->Stop("done"));
  auto report = Verify(log.log);
  EXPECT_TRUE(report->ok) << report->verdict;
}

TEST(Ledger, OrphansAreRecordedAfterACrashAndIdsGoOn) {
  TempLog log;
  TestFiles files;
  {
    LogBench bench(log, files);
    bench.Begin(5);
    ASSERT_TRUE(bench.Run(5, 1).ok);
    ASSERT_TRUE(bench.Run(5, 2).ok);
    ASSERT_TRUE(bench.Ask({OutcomeDraft(5, 1)}).ok);
    wire::RunEnd end;
    end.session = 5;
    end.call = 2;
    end.kind = wire::EndKind::kSignaled;
    end.signal = 9;
    bench.ledger->Take(wire::KeeperBegan{5, 2, 0}, end);
    bench.ledger->Commit();
    EXPECT_TRUE(Verify(log.log)->ok) << "a running log";
  }  // no stop
  wire::LedgerStart again = TestStart();
  again.boot.fill(0xcd);
  LogBench bench(log, files, again);
  ASSERT_TRUE(bench.ledger) << bench.error.what;
  auto ready = bench.ledger->Ready();
  EXPECT_EQ(ready.last_session, 5u);
  EXPECT_EQ(ready.last_call, 2u);
  auto lines = LogLines(log.Segment());
  ASSERT_EQ(lines.size(), ready.next_seq);
  EXPECT_NE(lines.back().find(R"("type":"orphan")"), std::string::npos);
  EXPECT_NE(lines.back().find(R"({"exit":"9","intent":"7"})"), std::string::npos) << lines.back();
  EXPECT_NE(lines[lines.size() - 2].find(R"("why":"crash")"), std::string::npos);
  // A call id of before is not taken again.
  bench.Begin(6);
  EXPECT_FALSE(bench.Run(6, 2).ok);
  EXPECT_TRUE(bench.Run(6, 3).ok);
  ASSERT_TRUE(bench.ledger->Stop("done"));
  auto report = Verify(log.log);
  EXPECT_TRUE(report->ok) << report->verdict;
  EXPECT_EQ(report->orphans, 2u);
  EXPECT_EQ(report->signed_records, report->records);
}

// One id far away, recorded once, would make every later one "used before", also after a restart.
TEST(Ledger, CallIdsGoUpInSmallSteps) {
  TempLog log;
  TestFiles files;
  {
    LogBench bench(log, files);
    bench.Begin(5);
    for (uint64_t far : {UINT64_MAX, UINT64_MAX - 1, uint64_t{1} << 53, uint64_t{65'537}}) {
      auto reply = bench.Run(5, far);
      EXPECT_FALSE(reply.ok) << far;
      EXPECT_EQ(reply.code, static_cast<uint8_t>(Code::kDenied));
      EXPECT_NE(reply.error.find("too far above"), std::string::npos) << reply.error;
    }
    // Within one request too, and from each id as from the one before.
    EXPECT_FALSE(bench.Ask({CallDraft(5, 65'536), CallDraft(5, 131'072)}).ok);
    EXPECT_TRUE(bench.Run(5, 65'536).ok);
    EXPECT_TRUE(bench.Run(5, 7).ok) << "calls at once come in any order";
    EXPECT_FALSE(bench.Run(5, 131'073).ok);
    EXPECT_TRUE(bench.Run(5, 131'072).ok);
  }
  LogBench bench(log, files);
  ASSERT_TRUE(bench.ledger);
  EXPECT_EQ(bench.ledger->Ready().last_call, 131'072u);
  bench.Begin(6);
  EXPECT_FALSE(bench.Run(6, UINT64_MAX).ok);
  EXPECT_TRUE(bench.Run(6, 131'073).ok);
}

TEST(Ledger, LogThatWentBackInTimeIsRefused) {
  TempLog log;
  TestFiles files;
  std::string early;
  {
    LogBench bench(log, files);
    bench.Begin(5);
    ASSERT_TRUE(bench.Run(5, 1).ok);
    early = Slurp(log.Segment());
    ASSERT_TRUE(bench.Ask({OutcomeDraft(5, 1)}).ok);
    ASSERT_TRUE(bench.ledger->Stop("done"));
  }
  Spill(log.Segment(), early);
  LogBench bench(log, files);
  EXPECT_FALSE(bench.ledger);
  EXPECT_EQ(bench.error.code, Code::kInvalid);
}

TEST(Ledger, LostKeyIsNotReplacedUnderALog) {
  TempLog log;
  TestFiles files;
  {
    LogBench bench(log, files);
    ASSERT_TRUE(bench.ledger->Stop("done"));
  }
  std::filesystem::remove(log.state + "/log.key");
  LogBench bench(log, files);
  EXPECT_FALSE(bench.ledger);
}

TEST(Ledger, KeeperOfAnotherCallIsNotBelieved) {
  TempLog log;
  TestFiles files;
  LogBench bench(log, files);
  bench.Begin(5);
  ASSERT_TRUE(bench.Run(5, 1).ok);
  wire::RunEnd end;
  end.session = 5;
  end.call = 9;
  end.kind = wire::EndKind::kExited;
  bench.ledger->Take(wire::KeeperBegan{5, 1, 0}, end);
  bench.ledger->Commit();
  std::string last = LogLines(log.Segment()).back();
  EXPECT_NE(last.find(R"("ended":"lost")"), std::string::npos);
  EXPECT_NE(last.find(R"("call":"1")"), std::string::npos);
}

// The lines as they stand on disk, commitments and the key's name masked.
TEST(Ledger, GoldenLines) {
  TempLog log;
  TestFiles files;
  LogBench bench(log, files);
  bench.ledger->Take(wire::HostEvent{"policy.load", "/etc/warder/policy/api.yaml", {}, "api"});
  bench.Begin(5);
  bench.Ask({CallDraft(5, 1), DecisionDraft(5, 1, "approve")});
  bench.Ask(
      {{"approval.request", 5, 1,
        Body().Decimal("id", 1).Text("digest", "00").Number("expires_ms", 600000).Free("shown", "make all").Take()}});
  bench.Ask({{"approval.answer", 5, 1,
              Body()
                  .Decimal("id", 1)
                  .Text("answer", "approved")
                  .Number("uid", 1000)
                  .Text("name", "lead")
                  .Text("digest", "00")
                  .Number("waited_ms", 1200)
                  .Take()}});
  bench.Ask({IntentDraft(5, 1)}, Plan(5, 1));
  bench.ledger->Take(wire::KeeperBegan{5, 1, 0},
                     wire::RunEnd{5, 1, wire::EndKind::kExited, 0, 0, 0, "", 0, "", 1, 2, 3, 4, 5, 6, 7, 8});
  bench.ledger->Take(wire::JailEnded{5, 1, "the keeper died"});
  bench.Ask({OutcomeDraft(5, 1)});
  bench.Ask({{"trash.put", 5, 1, Body().Text("entry", "ab-1").Free("path", "/srv/work/x").Decimal("bytes", 9).Take()}});
  bench.Ask({{"trash.restore", 5, 1, Body().Text("entry", "ab-1").Free("path", "/srv/work/x").Take()}});
  bench.Ask({CallDraft(5, 2),
             DecisionDraft(5, 2, "approve"),
             {"approval.request", 5, 2,
              Body().Decimal("id", 2).Text("digest", "00").Number("expires_ms", 5).Free("shown", "x").Take()}});
  bench.Ask({{"approval.expire", 5, 2, Body().Decimal("id", 2).Number("waited_ms", 5).Text("why", "timeout").Take()}});
  bench.Ask(
      {{"admin", 0, 0, Body().Text("act", "reload").Number("uid", 0).Number("pid", 9).Bool("done", true).Take()}});
  bench.ledger->Take(wire::SessionOver{5, "closed"});
  ASSERT_TRUE(bench.ledger->Stop("drained"));
  std::string got;
  for (const std::string& line : LogLines(log.Segment())) {
    std::string masked = std::regex_replace(line, std::regex("\\{\"free\":\"[0-9a-f]{64}\"\\}"), "FREE");
    masked = std::regex_replace(masked, std::regex("\"key\":\"[0-9a-f]{8}\""), "\"key\":KEY");
    masked = std::regex_replace(
        masked, std::regex("\"boot\":\"(ab){16}\",(.*)\"host\":\"build-07\",\"mono_ns\":\"5000\""), "$2@");
    masked = std::regex_replace(masked,
                                std::regex("\"time\":\"2026-09-21T14:13:20.123456789Z\",|\"agent\":\\{"
                                           "\"name\":\"ci-fixer\",\"pid\":77,\"uid\":1900000001\\},"),
                                "");
    got += masked + "\n";
  }
  std::string golden = WARDER_SOURCE_DIR "/tests/audit/golden_lines.txt";
  if (getenv("WARDER_WRITE_GOLDEN") != nullptr) Spill(golden, got);
  EXPECT_EQ(got, Slurp(golden));
  auto report = Verify(log.log);
  EXPECT_TRUE(report->ok) << report->verdict;
}

}  // namespace
}  // namespace warder::audit
