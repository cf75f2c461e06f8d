// Does verify say ok only to what this log's key signed? Checkpoints removed, logs invented, logs
// replaced by an older copy of themselves, and kills at the moments at which nothing is signed yet.
#include <gtest/gtest.h>

#include <regex>

#include "audit/note.h"
#include "audit/verify.h"
#include "tests/audit/log_bench.h"

namespace warder::audit {
namespace {

namespace fs = std::filesystem;

bool Says(const VerifyReport& report, int64_t seq, const std::string& words) {
  for (const VerifyFinding& finding : report.findings)
    if (finding.seq == seq && finding.what.find(words) != std::string::npos) return true;
  return false;
}

void WriteLines(const TempLog& log, const std::vector<std::string>& lines) {
  std::string bytes;
  for (const std::string& line : lines) bytes += line + "\n";
  bytes.resize(TestStart().segment_bytes, '\0');
  Spill(log.Segment(), bytes);
}
// As somebody would who wants that nothing is missed: numbers without gaps, `intent` and `after`
// too.
std::vector<std::string> Renumbered(std::vector<std::string> lines) {
  for (size_t i = 0; i < lines.size(); ++i)
    lines[i] = std::regex_replace(lines[i], std::regex("\"seq\":\"[0-9]+\""), "\"seq\":\"" + std::to_string(i) + "\"");
  return lines;
}
void RemoveCheckpoints(const std::string& directory, const std::string& but = {}) {
  std::vector<fs::path> gone;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.path().filename().string().starts_with("checkpoint") && entry.path().filename() != but)
      gone.push_back(entry.path());
  for (const fs::path& path : gone) fs::remove(path);
}
// What somebody does who has the log's key: a valid checkpoint of whatever stands there now.
void SignAgain(const TempLog& log, const std::set<uint64_t>& sizes) {
  RemoveCheckpoints(log.log);
  auto signer = NoteSigner::Parse(Slurp(log.state + "/log.key")).value();
  Tree tree;
  for (const std::string& line : LogLines(log.Segment())) {
    tree.Append(LeafHash(line));
    Checkpoint checkpoint{signer.verifier().name(), tree.size(), tree.Root()};
    if (sizes.contains(tree.size()))
      Spill(log.log + "/checkpoint." + std::to_string(tree.size()), signer.Sign(CheckpointText(checkpoint)).value());
  }
}
void CopyLog(const std::string& from, const std::string& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

// A log of two calls, stopped well: 9 records, checkpoints of 1 and 9.
class Signed : public ::testing::Test {
 protected:
  void SetUp() override {
    Fill(log, true);
    vkey = Slurp(log.log + "/key.pub");
    ASSERT_TRUE(Verify(log.log, {vkey, ""})->ok);
    lines = LogLines(log.Segment());
    ASSERT_EQ(lines.size(), 9u);
  }
  void Fill(TempLog& into, bool stop) {
    LogBench bench(into, files);
    bench.Begin(5);
    ASSERT_TRUE(bench.Run(5, 1).ok);
    ASSERT_TRUE(bench.Ask({OutcomeDraft(5, 1)}).ok);
    ASSERT_TRUE(bench.Ask({CallDraft(5, 2), DecisionDraft(5, 2, "forbid")}).ok);
    ASSERT_TRUE(!stop || bench.ledger->Stop("done"));
  }
  VerifyReport Report(const std::string& checkpoint = {}) { return Verify(log.log, {vkey, checkpoint}).value(); }
  TempLog log;
  TestFiles files;
  std::string vkey;
  std::vector<std::string> lines;
};

// No stop, no call 2, no checkpoint, seqs that fit: every line is one that the ledger wrote.
TEST_F(Signed, ALogWithoutCheckpointsIsNotOk) {
  RemoveCheckpoints(log.log);
  WriteLines(log, {lines.begin(), lines.begin() + 6});
  VerifyReport report = Report();
  EXPECT_EQ(report.state, VerifyState::kNotOk) << report.verdict;
  EXPECT_TRUE(Says(report, -1, "no checkpoint of this key"));
  EXPECT_TRUE(Says(report, 0, "checkpoint of it is missing"));
  // A ledger that was killed before its first checkpoint leaves one record; who believes that log
  // believes nothing that ran.
  WriteLines(log, {lines.begin(), lines.begin() + 1});
  EXPECT_EQ(Report().state, VerifyState::kNotOk);
}
// A start that is covered by nothing, behind a stop that is signed well.
TEST_F(Signed, ALaterStartNeedsItsCheckpointToo) {
  {
    LogBench bench(log, files);
    ASSERT_TRUE(bench.ledger) << bench.error.what;
    bench.Begin(6);
    ASSERT_TRUE(bench.Run(6, 3).ok);
  }
  EXPECT_EQ(Report().state, VerifyState::kNotYetSigned);
  fs::copy_file(log.log + "/checkpoint.9", log.log + "/checkpoint", fs::copy_options::overwrite_existing);
  fs::remove(log.log + "/checkpoint.10");
  EXPECT_EQ(Report().state, VerifyState::kNotOk);
  EXPECT_TRUE(Says(Report(), 9, "the host started here, but the checkpoint of it is missing"));
  // The recovery's covers it.
  {
    LogBench bench(log, files);
  }
  fs::remove(log.log + "/checkpoint.10");
  EXPECT_TRUE(Report().ok) << Report().verdict;
}
TEST_F(Signed, ARemovedCallIsSeenWhateverIsRemovedWithIt) {
  std::vector<std::string> without_stop(lines.begin(), lines.begin() + 8);
  std::vector<std::string> without_call_1 = lines;
  without_call_1.erase(without_call_1.begin() + 2, without_call_1.begin() + 6);
  for (const auto& now : {without_stop, Renumbered(without_call_1)})
    for (const char* kept : {"", "checkpoint.1", "checkpoint.9"}) {
      CopyLog(log.log, log.root + "/before");
      RemoveCheckpoints(log.log, kept);
      WriteLines(log, now);
      EXPECT_NE(Report().state, VerifyState::kOk) << kept << ": " << Report().verdict;
      CopyLog(log.root + "/before", log.log);
    }
}
// Another ledger's work under the same name: with its own key, without checkpoints, with ours.
TEST_F(Signed, AnInventedLogIsNotOk) {
  TempLog other;
  Fill(other, true);
  EXPECT_TRUE(Verify(other.log)->ok);
  fs::copy_file(other.log + "/key.pub", other.root + "/its.pub");
  auto report = [&] { return Verify(other.log, {vkey, ""}).value(); };
  EXPECT_TRUE(Says(report(), -1, "no checkpoint of this key"));
  RemoveCheckpoints(other.log);
  EXPECT_TRUE(Says(report(), -1, "no checkpoint of this key"));
  Spill(other.log + "/key.pub", vkey);
  EXPECT_FALSE(report().ok);
  for (const char* name : {"/checkpoint.1", "/checkpoint"}) {
    fs::copy_file(log.log + name, other.log + name);
    EXPECT_TRUE(Says(report(), name == std::string("/checkpoint") ? 8 : 0, "not those that the checkpoint"));
    EXPECT_TRUE(Says(report(), 0, "started with another key"));
  }
}
TEST_F(Signed, AnOlderCopyOfItselfIsFoundByACheckpointKeptElsewhere) {
  CopyLog(log.log, log.root + "/older");
  {
    LogBench bench(log, files);
    ASSERT_TRUE(bench.ledger) << bench.error.what;
    bench.Begin(6);
    ASSERT_TRUE(bench.Run(6, 3).ok);
    ASSERT_TRUE(bench.Ask({OutcomeDraft(6, 3)}).ok);
    ASSERT_TRUE(bench.ledger->Stop("done"));
  }
  std::string kept = Slurp(log.log + "/checkpoint"), early = Slurp(log.log + "/checkpoint.1");
  // Each checkpoint that this log ever signed, it extends.
  for (const std::string& one : {kept, early, Slurp(log.log + "/checkpoint.9")})
    EXPECT_TRUE(Report(one).ok) << Report(one).verdict;
  CopyLog(log.log, log.root + "/newer");
  CopyLog(log.root + "/older", log.log);
  EXPECT_TRUE(Report().ok) << "an older copy is whole in itself";
  EXPECT_TRUE(Report(early).ok);
  VerifyReport report = Report(kept);
  EXPECT_EQ(report.state, VerifyState::kNotOk);
  EXPECT_TRUE(Says(report, 9, "an older copy was put in its place")) << report.verdict;
  EXPECT_NE(VerifyJson(report).find("\"state\":\"not-ok\""), std::string::npos);
  // A log of the same key that went another way since then.
  {
    UniqueFd copy(open(log.log.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    Spill(log.state + "/checkpoint", Slurp(log.log + "/checkpoint"));
    auto ledger = Ledger::Open(copy.get(), log.state_fd.get(), TestStart(), files).value();
    for (uint64_t session = 7; session < 20; ++session)
      ledger->Take(wire::SessionBegan{session, "x", 1, 2, "/w", 3, "", 0, 0});
    ASSERT_TRUE(ledger->Stop("done"));
  }
  EXPECT_TRUE(Report().ok) << Report().verdict;
  report = Report(kept);
  EXPECT_EQ(report.findings.size(), 1u) << report.verdict;
  EXPECT_NE(report.verdict.find("not those that the checkpoint given signed"), std::string::npos);
}
TEST_F(Signed, AKeptCheckpointOfAnotherKeyOrNoneIsSaid) {
  TempLog other;
  Fill(other, true);
  for (const std::string& kept : {Slurp(other.log + "/checkpoint"), std::string("rubbish"), vkey}) {
    EXPECT_EQ(Report(kept).state, VerifyState::kNotOk);
    EXPECT_TRUE(Says(Report(kept), -1, "the checkpoint given"));
  }
}

// A log that ends in records which nobody signed: fine while a ledger runs, told when none does,
// and signed by the recovery.
TEST(Unsigned, TheEndOfALogIsTold) {
  TempLog log;
  TestFiles files;
  {
    LogBench bench(log, files);
    bench.Begin(5);
    ASSERT_TRUE(bench.Run(5, 1).ok);
    auto report = Verify(log.log);
    EXPECT_EQ(report->state, VerifyState::kOk) << report->verdict;
    EXPECT_TRUE(report->running);
    EXPECT_EQ(report->signed_records, 1u);
    EXPECT_EQ(report->verdict.find("ok so far, the host is running: 5 records, the first 1 signed"), 0u);
  }
  for (int round = 0; round < 3; ++round) {
    auto report = Verify(log.log);
    EXPECT_EQ(report->state, VerifyState::kNotYetSigned) << report->verdict;
    EXPECT_FALSE(report->ok);
    EXPECT_TRUE(report->findings.empty());
    EXPECT_NE(VerifyJson(*report).find("\"state\":\"not-yet-signed\""), std::string::npos);
    LogBench bench(log, files);
    report = Verify(log.log);
    EXPECT_EQ(report->state, VerifyState::kOk) << report->verdict;
    EXPECT_EQ(report->signed_records, report->records);
    EXPECT_EQ(report->notes.size(), static_cast<size_t>(round) + 1) << RenderVerify(*report, false);
    bench.Begin(static_cast<uint64_t>(round) + 6);
    bench.ledger->Commit();
  }
  {
    LogBench bench(log, files);
    ASSERT_TRUE(bench.ledger->Stop("done"));
  }
  auto report = Verify(log.log);
  EXPECT_EQ(report->state, VerifyState::kOk) << report->verdict;
  EXPECT_EQ(report->verdict.find("ok: "), 0u);
  EXPECT_EQ(report->notes.at(0), "records 1 to 4 were signed only after a crash, by the recovery at record 5");
}
// Killed between a record and its checkpoint.
TEST(Unsigned, AKillBeforeTheFirstCheckpointOfALife) {
  TempLog log;
  TestFiles files;
  {
    LogBench bench(log, files);
  }
  RemoveCheckpoints(log.log);
  RemoveCheckpoints(log.state);
  EXPECT_EQ(Verify(log.log)->state, VerifyState::kNotOk) << "nothing at all is signed";
  {
    LogBench bench(log, files);
  }
  EXPECT_EQ(Verify(log.log)->state, VerifyState::kOk) << Verify(log.log)->verdict;
  // And in the second life.
  std::string before = Slurp(log.state + "/checkpoint");
  {
    LogBench bench(log, files);
  }
  fs::remove(log.log + "/checkpoint.3");
  for (const std::string& where : {log.log, log.state}) Spill(where + "/checkpoint", before);
  EXPECT_EQ(Verify(log.log)->state, VerifyState::kNotYetSigned) << Verify(log.log)->verdict;
  {
    LogBench bench(log, files);
    ASSERT_TRUE(bench.ledger->Stop("done"));
  }
  EXPECT_EQ(Verify(log.log)->state, VerifyState::kOk) << Verify(log.log)->verdict;
}
TEST(Unsigned, AKillBetweenTheStopAndItsCheckpoint) {
  TempLog log;
  TestFiles files;
  std::string before;
  {
    LogBench bench(log, files);
    bench.Begin(5);
    before = Slurp(log.state + "/checkpoint");
    ASSERT_TRUE(bench.ledger->Stop("done"));
  }
  fs::remove(log.log + "/checkpoint.3");
  for (const std::string& where : {log.log, log.state}) Spill(where + "/checkpoint", before);
  EXPECT_EQ(Verify(log.log)->state, VerifyState::kNotOk);
  {
    LogBench bench(log, files);
    ASSERT_TRUE(bench.ledger) << bench.error.what;
    EXPECT_NE(LogLines(log.Segment()).back().find("\"type\":\"host.recovered\""), std::string::npos);
    ASSERT_TRUE(bench.ledger->Stop("done"));
  }
  EXPECT_EQ(Verify(log.log)->state, VerifyState::kOk) << Verify(log.log)->verdict;
}
// Values come first: a kill leaves values whose records never were, and other records get their
// seqs.
TEST(Unsigned, ValuesOfRecordsThatNeverWereAreCleared) {
  TempLog log;
  TestFiles files;
  {
    LogBench bench(log, files);
    bench.Begin(5);
    bench.ledger->Commit();
  }
  std::string side = Slurp(log.Segment("side"));
  size_t end = side.find('\0');
  std::vector<SideValue> values;
  FreeField("never \"seq\":\"0\" recorded", values, false);
  FreeField("nor this blob", values, true);
  std::string left = SideLines(values[0], 2) + SideLines(values[1], 3);
  Spill(log.Segment("side"), side.replace(end, left.size(), left));
  auto report = Verify(log.log);
  EXPECT_EQ(report->state, VerifyState::kNotYetSigned) << report->verdict;
  EXPECT_NE(RenderVerify(*report, false).find("3 values are there before their records"), std::string::npos);
  {
    LogBench bench(log, files);
    EXPECT_NE(LogLines(log.Segment()).back().find("\"torn_side_bytes\":\"" + std::to_string(left.size()) + "\""),
              std::string::npos)
        << LogLines(log.Segment()).back();
    bench.Begin(6);
    ASSERT_TRUE(bench.Run(6, 1).ok);
    ASSERT_TRUE(bench.ledger->Stop("done"));
  }
  report = Verify(log.log);
  EXPECT_EQ(report->state, VerifyState::kOk) << RenderVerify(*report, false);
}

// With the key itself a past can be signed that never was; it must still be one that a ledger
// writes.
TEST_F(Signed, LivesMustFollowOnEachOther) {
  std::vector<std::string> twice = lines;
  twice.insert(twice.end(), lines.begin() + 1, lines.end());
  std::vector<std::string> restarted = lines;
  restarted.insert(restarted.begin() + 6, lines[0]);
  struct {
    const char* why;
    std::vector<std::string> lines;
    int64_t seq;
    const char* words;
  } kCases[] = {
      {"no start", {lines.begin() + 1, lines.end()}, 0, "does not begin with the start"},
      {"records behind a stop", twice, 9, "behind the stop"},
      {"a start in the middle", restarted, 6, "had not"},
      {"a start that counted otherwise", restarted, 6, "another number of records"},
  };
  for (const auto& c : kCases) {
    WriteLines(log, Renumbered(c.lines));
    std::set<uint64_t> sizes;
    for (uint64_t size = 1; size <= c.lines.size(); ++size) sizes.insert(size);
    SignAgain(log, sizes);
    EXPECT_TRUE(Says(Report(), c.seq, c.words)) << c.why << "\n" << RenderVerify(Report(), false);
  }
}

}  // namespace
}  // namespace warder::audit
