// Is what Commit() answered on the disk, whatever the disk does?
#include "audit/writer.h"

#include <gtest/gtest.h>

#include "tests/audit/log_bench.h"

namespace warder::audit {
namespace {

Entry Heartbeat() { return {Prepare("heartbeat", kLedger, R"({"n":1})").value(), {}, {}, {}}; }
Entry Admin() {
  return {Prepare("admin", kBroker, R"({"act":"reload","uid":1,"pid":2,"text":{"$free":"t"}})").value(), {}, {}, {}};
}
Entry Notify() {
  return {Prepare("notify", kBroker, R"({"pad":")" + std::string(30'000, 'x') + "\"}").value(), {}, {}, {}};
}

WriterOptions Options(uint64_t segment = 64 * 1024) { return {"h", "ab", segment, 1 << 20, 0, 0}; }

TEST(Writer, ManyRecordsShareOneSync) {
  TempLog log;
  TestFiles files;
  auto writer = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files).value();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(writer->Stage({Heartbeat()}));
  EXPECT_EQ(files.syncs, 0);
  EXPECT_TRUE(LogLines(log.Segment()).empty());
  ASSERT_TRUE(writer->Commit());
  EXPECT_EQ(files.syncs, 1);  // no values: the side file needs none
  EXPECT_EQ(LogLines(log.Segment()).size(), 100u);
  ASSERT_TRUE(writer->Stage({Admin()}));
  ASSERT_TRUE(writer->Commit());
  EXPECT_EQ(files.syncs, 3);
}

TEST(Writer, ValuesAreDurableBeforeTheirLeaf) {
  TempLog log;
  TestFiles files;
  auto writer = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files).value();
  ASSERT_TRUE(writer->Stage({Admin()}));
  files.fail_sync = EIO;
  EXPECT_FALSE(writer->Commit());
  EXPECT_TRUE(LogLines(log.Segment()).empty());
  EXPECT_EQ(LogLines(log.Segment("side")).size(), 1u);
}

TEST(Writer, ShortWritesGoOn) {
  TempLog log;
  TestFiles files;
  auto writer = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files).value();
  files.short_writes = 5;
  ASSERT_TRUE(writer->Stage({Heartbeat(), Heartbeat()}));
  ASSERT_TRUE(writer->Commit());
  EXPECT_EQ(files.short_writes, 0);
  EXPECT_EQ(LogLines(log.Segment()).size(), 2u);
}

TEST(Writer, AnyFailureShutsForGood) {
  struct {
    int TestFiles::* fault;
    int error;
  } kFaults[] = {{&TestFiles::fail_write, EIO},
                 {&TestFiles::fail_write, ENOSPC},
                 {&TestFiles::fail_sync, EIO},
                 {&TestFiles::fail_sync, ENOSPC}};
  for (const auto& f : kFaults) {
    TempLog log;
    TestFiles files;
    auto writer = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files).value();
    ASSERT_TRUE(writer->Stage({Heartbeat()}));
    ASSERT_TRUE(writer->Commit());
    ASSERT_TRUE(writer->Stage({Heartbeat()}));
    files.*f.fault = f.error;
    auto failed = writer->Commit();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::kUnavailable);
    files.*f.fault = 0;  // the disk is well again: the tail is unknown all the same
    EXPECT_TRUE(writer->shut());
    EXPECT_FALSE(writer->Stage({Heartbeat()}));
    EXPECT_FALSE(writer->Commit());
    EXPECT_EQ(writer->tree().size(), 1u);
  }
}

TEST(Writer, SecondLedgerIsRefused) {
  TempLog log;
  TestFiles files;
  auto first = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files);
  ASSERT_TRUE(first);
  auto second = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
  first->reset();
  EXPECT_TRUE(LedgerWriter::Open(log.log_fd.get(), Options(), {}, files));
}

TEST(Writer, SegmentsFollowOnEachOtherAndReopen) {
  TempLog log;
  TestFiles files;
  Digest root;
  {
    auto writer = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files).value();
    for (int i = 0; i < 7; ++i) {
      ASSERT_TRUE(writer->Stage({Notify()})) << i;
      ASSERT_TRUE(writer->Commit());
    }
    root = writer->tree().Root();
  }
  auto segments = ListSegments(log.log_fd.get()).value();
  EXPECT_GT(segments.size(), 3u);
  EXPECT_LT(std::filesystem::file_size(log.Segment()),
            64 * 1024u);  // a closed one is cut to its length
  auto state = ScanLog(log.log_fd.get(), {}).value();
  EXPECT_EQ(state.tree.size(), 7u);
  EXPECT_EQ(state.tree.Root(), root);
  // What the last checkpoint signed must be there.
  EXPECT_TRUE(ScanLog(log.log_fd.get(), Checkpoint{"h", 7, root}));
  EXPECT_FALSE(ScanLog(log.log_fd.get(), Checkpoint{"h", 8, root}));
  EXPECT_FALSE(ScanLog(log.log_fd.get(), Checkpoint{"h", 6, root}));
}

TEST(Writer, FullDiskStillTakesClosingRecordsOutOfTheReserve) {
  TempLog log;
  TestFiles files;
  auto writer = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files).value();
  files.no_space = true;
  Result<std::vector<uint64_t>> staged = writer->Stage({Notify()});
  int taken = 0;
  for (; staged; ++taken) staged = writer->Stage({Notify()});
  EXPECT_GT(taken, 0);
  EXPECT_EQ(staged.error().code, Code::kUnavailable);
  EXPECT_FALSE(writer->shut());
  // A request that would begin something takes nothing along.
  EXPECT_FALSE(writer->Stage({Heartbeat(), Notify()}));
  ASSERT_TRUE(writer->Stage({Admin()}));
  ASSERT_TRUE(writer->Commit());
  files.no_space = false;
  EXPECT_TRUE(writer->Stage({Notify()}));
  EXPECT_TRUE(writer->Commit());
}

TEST(Writer, UsedUpReserveShuts) {
  TempLog log;
  TestFiles files;
  auto writer = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files).value();
  files.no_space = true;
  int taken = 0;
  while (writer->Stage({Heartbeat()}) && taken < 10'000) ++taken;
  EXPECT_TRUE(writer->shut());
  EXPECT_LT(taken, 10'000);
}

TEST(Writer, LowDiskRefusesBeforeItIsFull) {
  TempLog log;
  TestFiles files;
  WriterOptions options = Options();
  options.free_refuse_bytes = 1000;
  options.free_warn_bytes = 5000;
  auto writer = LedgerWriter::Open(log.log_fd.get(), options, {}, files).value();
  files.free = 6000;
  EXPECT_FALSE(writer->LowSpace());
  files.free = 999;
  EXPECT_EQ(writer->LowSpace(), 999u);
  EXPECT_FALSE(writer->Stage({Notify()}));
  EXPECT_TRUE(writer->Stage({Admin()}));
}

TEST(Writer, TornTailIsKeptAsideAndTheRestGoesOn) {
  for (std::string torn : {std::string("{\"v\":1,\"se"), std::string("{}\n{}\n"), std::string("\0\0\0{\"x\"", 7)}) {
    TempLog log;
    TestFiles files;
    {
      auto writer = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files).value();
      ASSERT_TRUE(writer->Stage({Heartbeat(), Heartbeat()}));
      ASSERT_TRUE(writer->Commit());
    }
    std::string bytes = Slurp(log.Segment());
    size_t end = bytes.find('\0');
    bytes.replace(end, torn.size(), torn);
    Spill(log.Segment(), bytes);
    auto writer = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files).value();
    EXPECT_EQ(writer->tree().size(), 2u);
    EXPECT_EQ(writer->torn_file(), "torn-2.bin");
    EXPECT_EQ(Slurp(log.log + "/torn-2.bin"), torn);
    ASSERT_TRUE(writer->Stage({Heartbeat()}));
    ASSERT_TRUE(writer->Commit());
    EXPECT_EQ(LogLines(log.Segment()).size(), 3u);
    EXPECT_EQ(ScanLog(log.log_fd.get(), {}).value().log_data_end, ScanLog(log.log_fd.get(), {}).value().log_end);
  }
}

TEST(Writer, DamageInAClosedSegmentIsRefused) {
  TempLog log;
  TestFiles files;
  {
    auto writer = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files).value();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer->Stage({Notify()}));
    ASSERT_TRUE(writer->Commit());
  }
  std::string bytes = Slurp(log.Segment());
  bytes[0] = 'x';
  Spill(log.Segment(), bytes);
  auto opened = LedgerWriter::Open(log.log_fd.get(), Options(), {}, files);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kInvalid);
}

}  // namespace
}  // namespace warder::audit
