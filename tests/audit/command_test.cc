// Does the exit code of `warder audit verify` say what was found?
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/audit/log_bench.h"

namespace warder::audit {
namespace {

namespace fs = std::filesystem;

struct Said {
  int code = -1;
  std::string text;
};
Said VerifyCommand(const std::string& arguments) {
  Said said;
  FILE* out = popen((WARDER_BIN_DIR "/warder audit verify " + arguments + " 2>&1").c_str(), "re");
  char chunk[4096];
  for (size_t size; (size = fread(chunk, 1, sizeof chunk, out)) > 0;) said.text.append(chunk, size);
  int status = pclose(out);
  said.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return said;
}

class VerifyExit : public ::testing::Test {
 protected:
  void SetUp() override {
    LogBench bench(log, files);
    bench.Begin(5);
    ASSERT_TRUE(bench.Run(5, 1).ok);
    ASSERT_TRUE(bench.ledger->Stop("done"));
  }
  void Expect(int code, const std::string& words, const std::string& arguments = {}) {
    for (const char* form : {" ", " --json "}) {
      Said said = VerifyCommand(arguments + form + log.log);
      EXPECT_EQ(said.code, code) << said.text;
      EXPECT_NE(said.text.find(words), std::string::npos) << said.text;
    }
  }
  TempLog log;
  TestFiles files;
};

TEST_F(VerifyExit, ZeroIsOkAndAllSigned) { Expect(0, "all of them signed"); }
TEST_F(VerifyExit, OneWhereValuesAreGone) {
  fs::remove(log.Segment("side"));
  Expect(1, "not re-derivable");
}
TEST_F(VerifyExit, OneAtAFinding) {
  fs::remove(log.log + "/checkpoint");
  fs::remove(log.log + "/checkpoint.7");
  Expect(1, "checkpoint of it is missing");
}
TEST_F(VerifyExit, ThreeWhereTheEndIsSignedByNobodyAndZeroWhileTheHostRuns) {
  {
    LogBench bench(log, files);
    bench.Begin(6);
    bench.ledger->Commit();
    Expect(0, "ok so far, the host is running");
  }
  Expect(3, "not yet signed");
  {
    LogBench bench(log, files);
  }
  Expect(0, "all of them signed");
}
TEST_F(VerifyExit, AKeptCheckpointFindsAnOlderCopy) {
  fs::copy(log.log, log.root + "/older", fs::copy_options::recursive);
  {
    LogBench bench(log, files);
    ASSERT_TRUE(bench.ledger->Stop("done"));
  }
  fs::copy_file(log.log + "/checkpoint", log.root + "/kept");
  std::string since = "--since-checkpoint " + log.root + "/kept";
  Expect(0, "all of them signed", since);
  fs::remove_all(log.log);
  fs::rename(log.root + "/older", log.log);
  Expect(0, "all of them signed");
  Expect(1, "an older copy was put in its place", since);
  Spill(log.root + "/kept", "");
  Expect(2, "is empty", since);
  Spill(log.root + "/kept", "rubbish\n");
  Expect(1, "the checkpoint given", since);
  Expect(2, "nothing", "--since-checkpoint " + log.root + "/nothing");
}

}  // namespace
}  // namespace warder::audit
