// Does verify see every kind of tampering, and name it?
#include "audit/verify.h"

#include <gtest/gtest.h>

#include "audit/base64.h"
#include "audit/json.h"
#include "base/text.h"
#include "tests/audit/log_bench.h"

namespace warder::audit {
namespace {

class Tampered : public ::testing::Test {
 protected:
  void SetUp() override {
    LogBench bench(log, files);
    bench.Begin(5);
    ASSERT_TRUE(bench.Run(5, 1).ok);
    ASSERT_TRUE(bench.Ask({OutcomeDraft(5, 1)}).ok);
    ASSERT_TRUE(bench.Ask({CallDraft(5, 2), DecisionDraft(5, 2, "forbid")}).ok);
    ASSERT_TRUE(bench.ledger->Stop("done"));
    auto report = Verify(log.log);
    ASSERT_TRUE(report->ok) << report->verdict;
    ASSERT_EQ(report->records, 9u);
    lines = LogLines(log.Segment());
    sides = LogLines(log.Segment("side"));
  }
  void WriteLines(const std::vector<std::string>& changed, const char* prefix = "log") {
    std::string bytes;
    for (const std::string& line : changed) bytes += line + "\n";
    bytes.resize(TestStart().segment_bytes, '\0');
    Spill(log.Segment(prefix), bytes);
  }
  // Not ok, the first finding at this record and saying this.
  void ExpectFound(int64_t seq, const std::string& words) {
    auto report = Verify(log.log);
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_FALSE(report->ok) << report->verdict;
    bool found = false;
    for (const auto& finding : report->findings)
      found = found || (finding.seq == seq && finding.what.find(words) != std::string::npos);
    EXPECT_TRUE(found) << words << "\n" << RenderVerify(*report, false);
    EXPECT_NE(VerifyJson(*report).find("\"ok\":false"), std::string::npos);
  }
  size_t SideWith(const std::string& words) const {
    for (size_t i = 0; i < sides.size(); ++i)
      if (sides[i].find(words) != std::string::npos) return i;
    ADD_FAILURE() << words;
    return 0;
  }
  TempLog log;
  TestFiles files;
  std::vector<std::string> lines, sides;
};

TEST_F(Tampered, ChangedByteInALeaf) {
  auto changed = lines;
  size_t at = changed[3].find("\"make\"");
  changed[3][at + 1] = 'f';
  WriteLines(changed);
  ExpectFound(8, "not those that the checkpoint signed");
}
TEST_F(Tampered, ChangedFormOfALeaf) {
  auto changed = lines;
  changed[3].insert(1, " ");
  WriteLines(changed);
  ExpectFound(3, "canonical");
}
TEST_F(Tampered, RemovedRecord) {
  auto changed = lines;
  changed.erase(changed.begin() + 4);
  WriteLines(changed);
  ExpectFound(4, "removed, added or moved");
}
TEST_F(Tampered, InsertedRecord) {
  auto changed = lines;
  changed.insert(changed.begin() + 4, lines[1]);
  WriteLines(changed);
  ExpectFound(4, "removed, added or moved");
}
TEST_F(Tampered, ReorderedRecords) {
  auto changed = lines;
  std::swap(changed[3], changed[4]);
  WriteLines(changed);
  ExpectFound(3, "removed, added or moved");
}
TEST_F(Tampered, DuplicatedRecord) {
  auto changed = lines;
  changed.insert(changed.begin() + 3, lines[3]);
  WriteLines(changed);
  ExpectFound(4, "removed, added or moved");
}
TEST_F(Tampered, RemovedRecordWithSeqsMadeToFit) {
  auto changed = lines;
  changed.erase(changed.begin() + 6);
  for (size_t i = 6; i < changed.size(); ++i) {
    std::string from = "\"seq\":\"" + std::to_string(i + 1) + "\"", to = "\"seq\":\"" + std::to_string(i) + "\"";
    changed[i].replace(changed[i].find(from), from.size(), to);
  }
  WriteLines(changed);
  ExpectFound(8, "it was cut");
}
TEST_F(Tampered, CutTail) {
  for (size_t keep : {8, 3, 0}) {
    WriteLines({lines.begin(), lines.begin() + static_cast<ptrdiff_t>(keep)});
    ExpectFound(static_cast<int64_t>(keep), "it was cut");
  }
}
TEST_F(Tampered, BytesBehindTheEnd) {
  std::string bytes = Slurp(log.Segment());
  bytes.back() = 'x';
  Spill(log.Segment(), bytes);
  ExpectFound(9, "behind its end");
}
TEST_F(Tampered, MissingBlob) {
  auto changed = sides;
  changed.erase(changed.begin() + static_cast<ptrdiff_t>(SideWith("{\"b64\":")));
  WriteLines(changed, "side");
  ExpectFound(4, "is missing");
}
TEST_F(Tampered, ChangedBlob) {
  auto changed = sides;
  std::string& line = changed[SideWith("{\"b64\":")];
  line[20] = line[20] == 'A' ? 'B' : 'A';
  WriteLines(changed, "side");
  ExpectFound(4, "was changed");
}
TEST_F(Tampered, BlobOfAnotherPlanUnderItsOwnName) {
  auto changed = sides;
  wire::RunPlan plan = TestPlan(5, 1);
  plan.commands[0].argv = {"make", "none"};
  std::string bytes = flat::EncodeMessage(plan);
  std::string name = Hex(AsBytes(FastSha256(bytes)));
  Json naming = ParseJson(changed[SideWith("\"blob\":")]).value();
  for (std::string& line : changed) {
    Json json = ParseJson(line).value();
    if (!json.contains("blob")) continue;
    json["blob"] = name;
    if (json.contains("b64")) json["b64"] = Base64(bytes);
    line = Canonical(json);
  }
  WriteLines(changed, "side");
  ExpectFound(4, "not the one recorded");
}
TEST_F(Tampered, ChangedValue) {
  auto changed = sides;
  std::string& line = changed[SideWith("\"build\"")];
  line.replace(line.find("\"build\""), 7, "\"burnt\"");
  WriteLines(changed, "side");
  ExpectFound(2, "not the one recorded");
}
// A bit of the blob's own line that its hash does not cover.
TEST_F(Tampered, BlobOfAnotherRecord) {
  auto changed = sides;
  std::string& line = changed[SideWith("{\"b64\":")];
  line.replace(line.find("\"seq\":\"4\""), 9, "\"seq\":\"5\"");
  WriteLines(changed, "side");
  ExpectFound(4, "names another record");
}
TEST_F(Tampered, ValuesAndBlobsThatNoRecordNames) {
  for (uint64_t seq : {2u, 4u, 9u, 77u})
    for (bool blob : {false, true}) {
      std::vector<SideValue> values;
      FreeField("forged", values, blob);
      std::string lines_of = SideLines(values[0], seq);
      lines_of.pop_back();
      auto changed = sides;
      changed.push_back(lines_of);
      WriteLines(changed, "side");
      ExpectFound(static_cast<int64_t>(seq), "that no record names");
    }
}
TEST_F(Tampered, SideLineWithMoreInItThanItsFields) {
  for (const char* with : {"{\"b64\":", "\"salt\":", "\"build\""}) {
    auto changed = sides;
    std::string& line = changed[SideWith(with)];
    line.insert(line.size() - 1, ",\"zz\":\"more\"");
    WriteLines(changed, "side");
    auto report = Verify(log.log);
    EXPECT_FALSE(report->ok) << with;
    EXPECT_NE(RenderVerify(*report, false).find("a side line that is none"), std::string::npos);
  }
}
TEST_F(Tampered, ErasedValueIsToldAndNeverOk) {
  auto changed = sides;
  std::string& line = changed[SideWith("\"build\"")];
  line.assign(line.size(), ' ');
  WriteLines(changed, "side");
  auto report = Verify(log.log);
  EXPECT_FALSE(report->ok);
  EXPECT_TRUE(report->findings.empty()) << report->verdict;
  EXPECT_EQ(report->redacted, 1u);
  EXPECT_EQ(report->state, VerifyState::kRedacted);
  EXPECT_EQ(report->verdict.find("not re-derivable (redacted): 1"), 0u);
}
TEST_F(Tampered, LostSideFileIsToldAndNeverOk) {
  std::filesystem::remove(log.Segment("side"));
  auto report = Verify(log.log);
  EXPECT_FALSE(report->ok);
  EXPECT_EQ(report->state, VerifyState::kRedacted);
  EXPECT_EQ(report->redacted, report->values);
}
TEST_F(Tampered, CheckpointForgedByAnotherKey) {
  std::string name = NoteVerifier::Parse(Slurp(log.log + "/key.pub"))->name();
  auto text = CheckpointText({name, 9, FastSha256("forged")});
  Spill(log.log + "/checkpoint", NoteSigner::Generate(name)->Sign(text).value());
  ExpectFound(-1, "signature");
}
TEST_F(Tampered, CheckpointChanged) {
  for (const char* file : {"/checkpoint", "/checkpoint.9"}) {
    std::string note = Slurp(log.log + file), changed = note;
    changed[changed.find("\n9\n") + 1] = '8';
    Spill(log.log + file, changed);
    ExpectFound(-1, "signature");
    Spill(log.log + file, note);
  }
}
TEST_F(Tampered, CheckpointRemoved) {
  std::filesystem::remove(log.log + "/checkpoint");
  std::filesystem::remove(log.log + "/checkpoint.9");
  ExpectFound(8, "the host stopped here, but the checkpoint of it is missing");
  std::filesystem::remove(log.log + "/checkpoint.1");
  ExpectFound(0, "the host started here, but the checkpoint of it is missing");
}
// Of each byte, also of the zeros behind the end, a bit that wanders and the one that turns the
// case of letters: where two texts could mean one value, it is that one.
TEST_F(Tampered, EveryByteOfLogSideAndCheckpointsCounts) {
  std::filesystem::remove(log.log + "/checkpoint");  // the same as checkpoint.9
  std::vector<std::string> all = {log.Segment("log"), log.Segment("side"), log.log + "/checkpoint.1",
                                  log.log + "/checkpoint.9"};
  for (size_t i : {0u, 1u})  // a few of the zeros stand for all
    std::filesystem::resize_file(all[i], Slurp(all[i]).find('\0') + 32);
  ASSERT_TRUE(Verify(log.log)->ok);
  for (const std::string& file : all) {
    std::string bytes = Slurp(file);
    UniqueFd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
    for (size_t at = 0; at < bytes.size(); ++at)
      for (size_t bit : {at % 8, size_t{5}}) {
        char changed = static_cast<char>(bytes[at] ^ (1 << bit));
        ASSERT_EQ(pwrite(fd.get(), &changed, 1, static_cast<off_t>(at)), 1);
        auto report = Verify(log.log);
        ASSERT_FALSE(report && report->ok) << file << " byte " << at << " bit " << bit;
        ASSERT_EQ(pwrite(fd.get(), &bytes[at], 1, static_cast<off_t>(at)), 1);
      }
  }
  EXPECT_TRUE(Verify(log.log)->ok);
}

// What a taken-over broker could write in order, and a reader must still see.
TEST(Verify, RunsThatNobodyAllowedAreFound) {
  for (const char* level : {"forbid", "approve"}) {
    TempLog log;
    TestFiles files;
    LogBench bench(log, files);
    bench.Begin(5);
    ASSERT_TRUE(
        bench.Ask({CallDraft(5, 1), DecisionDraft(5, 1, level), IntentDraft(5, 1)}, flat::EncodeMessage(TestPlan(5, 1)))
            .ok);
    auto report = Verify(log.log);
    EXPECT_FALSE(report->ok) << level;
    EXPECT_EQ(report->findings.at(0).seq, 4);
  }
}
wire::RunEnd Exited(uint64_t session, uint64_t call, int32_t code) {
  wire::RunEnd end;
  end.session = session;
  end.call = call;
  end.kind = wire::EndKind::kExited;
  end.code = code;
  return end;
}
// Everything that a broker would have written is gone; the keeper's word is still there.
TEST(Verify, AnExitWithoutAnIntentIsFound) {
  for (bool asked : {false, true})
    for (bool lost : {false, true}) {
      TempLog log;
      TestFiles files;
      LogBench bench(log, files);
      bench.Begin(5);
      ASSERT_TRUE(!asked || bench.Ask({CallDraft(5, 1), DecisionDraft(5, 1)}).ok);
      if (lost) bench.ledger->Take(wire::JailEnded{5, 1, "its keeper was killed"});
      if (!lost) bench.ledger->Take(wire::KeeperBegan{5, 1, 0}, Exited(5, 1, 0));
      ASSERT_TRUE(bench.ledger->Stop("done"));
      auto report = Verify(log.log);
      ASSERT_EQ(report->findings.size(), 1u) << report->verdict;
      EXPECT_EQ(report->findings[0].seq, asked ? 4 : 2);
      EXPECT_EQ(report->findings[0].what, "call 1: it ran, but there is no intent of it");
    }
}
TEST(Verify, AnOutcomeThatContradictsTheKeeperIsFound) {
  struct {
    std::string ended;
    const char* number;
    int64_t value;
    bool found;
  } kSaid[] = {{"exited", "exit_code", 7, false},    {"exited", "exit_code", 0, true}, {"signaled", "signal", 7, true},
               {"wall-limit", "exit_code", 7, true}, {"setup-failed", "x", 0, true},   {"lost", "x", 0, false}};
  for (const auto& said : kSaid)
    for (bool keeper_first : {false, true}) {
      TempLog log;
      TestFiles files;
      LogBench bench(log, files);
      bench.Begin(5);
      ASSERT_TRUE(bench.Run(5, 1).ok);
      if (keeper_first) bench.ledger->Take(wire::KeeperBegan{5, 1, 4}, Exited(5, 1, 7));
      Draft outcome{"outcome", 5, 1, Body().Text("ended", said.ended).Number(said.number, said.value).Take()};
      ASSERT_TRUE(bench.Ask({outcome}).ok);
      if (!keeper_first) bench.ledger->Take(wire::KeeperBegan{5, 1, 4}, Exited(5, 1, 7));
      ASSERT_TRUE(bench.ledger->Stop("done"));
      auto report = Verify(log.log);
      EXPECT_EQ(report->findings.size(), said.found ? 1u : 0u) << said.ended << ": " << report->verdict;
      if (!said.found) continue;
      EXPECT_EQ(report->findings.at(0).seq, keeper_first ? 6 : 5);
      EXPECT_NE(report->findings.at(0).what.find("but it ended \"exited 7\""), std::string::npos);
    }
}
TEST(Verify, NoLogIsAnError) {
  TempLog log;
  EXPECT_FALSE(Verify(log.log));
  EXPECT_FALSE(Verify(log.root + "/nothing"));
}

}  // namespace
}  // namespace warder::audit
