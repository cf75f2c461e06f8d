// Do the commands that test, lay out and print policies keep their exit codes, and say what is missing?
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/command.h"

namespace warder::cli {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class PolicyFiles : public testing::Test {
 protected:
  PolicyFiles() { fs::create_directories(directory_); }
  ~PolicyFiles() override { fs::remove_all(directory_); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }
  static std::string Run(const std::vector<std::string>& words, int expected, bool of_stderr = false) {
    if (of_stderr)
      testing::internal::CaptureStderr();
    else
      testing::internal::CaptureStdout();
    const int code = RunCommandLine(words);
    std::string said = of_stderr ? testing::internal::GetCapturedStderr() : testing::internal::GetCapturedStdout();
    EXPECT_EQ(code, expected) << said;
    return said;
  }

  const fs::path directory_ = fs::temp_directory_path() / ("warder-policy." + std::to_string(getpid()));
};

constexpr const char* kSmall = R"(policy: 1
layer: project
id: a/b
exec:
  - { id: ls, level: auto, argv: [ls, ...], match: [ls -la] }
  - { id: no-su, forbid: Never., argv: [su], match: [su] }
tests:
  - { run: ls, expect: auto, by: ls }
)";

TEST_F(PolicyFiles, TestTellsFailuresCoverageAndSurvivors) {
  const std::string file = Write("small.yaml", kSmall);
  const std::string said = Run({"policy", "test", file}, kOk);
  EXPECT_NE(said.find("2 examples and 1 test: all hold"), std::string::npos) << said;
  EXPECT_NE(said.find("2 of 2 rules and entries met by an example or a test, 1 decided in a test"), std::string::npos)
      << said;
  EXPECT_NE(said.find(file + ":6:5"), std::string::npos) << "the rule that decides nothing has its place: " << said;

  const std::string mutated = Run({"policy", "test", "--mutate", file}, kFinding);
  EXPECT_NE(mutated.find(file + ":6:5: survives: rule no-su: at approve, not forbid\n"
                                "  add: - { run: \"su\", expect: forbid, by: no-su }"),
            std::string::npos)
      << mutated;
  const std::string more = Write("more.yaml", "tests: [{ run: su, expect: forbid, by: no-su }]\n");
  EXPECT_NE(Run({"policy", "test", "--mutate", file, "--tests", more}, kOk).find("none survives"), std::string::npos);

  const std::string wrong = Write("wrong.yaml", "tests:\n  - { run: su, expect: approve }\n");
  EXPECT_NE(Run({"policy", "test", file, "--tests", wrong}, kFinding).find(wrong + ":2:5: fails: "), std::string::npos);
  const std::string unknown = Write("unknown.yaml", "tests: [{ run: su, expect: forbid, by: no-sudo }]\n");
  EXPECT_NE(Run({"policy", "test", file, "--tests", unknown}, kMisuse, true).find(unknown + ":1:"), std::string::npos);
  EXPECT_NE(Run({"policy", "test", Write("bad.yaml", "policy: 2\n")}, kMisuse, true).find("bad.yaml:1:9"),
            std::string::npos);
}

TEST_F(PolicyFiles, TestGivesTheSameAsJson) {
  const std::string file = Write("small.yaml", kSmall);
  const json answer = json::parse(Run({"policy", "test", "--mutate", "--json", file}, kFinding));
  EXPECT_EQ(answer["counts"], (json{{"examples", 2}, {"tests", 1}}));
  EXPECT_EQ(answer["findings"], json::array());
  EXPECT_EQ(answer["coverage"][1]["id"], "no-su");
  EXPECT_EQ(answer["coverage"][1]["decided"], 0);
  EXPECT_EQ(answer["mutate"]["weakenings"].get<size_t>(), answer["mutate"]["noticed"].get<size_t>() +
                                                              answer["mutate"]["survivors"].size() +
                                                              answer["mutate"]["no_call"].size());
}

TEST_F(PolicyFiles, TheReferenceIsMadeFromTheTables) {
  std::ifstream in(WARDER_SOURCE_DIR "/docs/policy/reference.md");
  const std::string page((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(Run({"policy", "schema", "--markdown"}, kOk), page)
      << "write it anew: warder policy schema --markdown > docs/policy/reference.md";
}

TEST_F(PolicyFiles, SchemaIsClosedAndNamesWhatIsRequired) {
  const json schema = json::parse(Run({"policy", "schema"}, kOk));
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"], (json{"policy", "layer", "id"}));
  EXPECT_EQ(schema["properties"]["exec"]["items"]["additionalProperties"], false);
}

// The validator and its YAML reader are Debian's; tests/cli/schema_validate.py says what is compared.
TEST(PolicySchema, TellsPoliciesThatLoadFromThoseThatDoNot) {
  const std::string command = "/usr/bin/python3 " WARDER_SOURCE_DIR "/tests/cli/schema_validate.py " WARDER_BIN_DIR
                              "/warder " WARDER_SOURCE_DIR;
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(PolicyFiles, FmtChecksWritesAndRefuses) {
  const std::string wild =
      "policy: 1\nlayer:   project\nid: a/b   # mine\nexec:\n- {id: a,level: auto_approve, argv: [ls]}\n";
  const std::string calm =
      "policy: 1\nlayer: project\nid: a/b  # mine\nexec:\n  - { id: a, level: auto, argv: [ls] }\n";
  auto text = [](const std::string& file) {
    std::ifstream in(file);
    return std::string((std::istreambuf_iterator<char>(in)), {});
  };
  const std::string file = Write("wild.yaml", wild);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(Run({"policy", "fmt", file}, kOk), calm);
  EXPECT_NE(Run({"policy", "fmt", "--check", file}, kFinding).find(file + ": is laid out otherwise"),
            std::string::npos);
  EXPECT_EQ(text(file), wild) << "nothing is written unasked";
  Run({"policy", "fmt", "--write", file}, kOk);
  EXPECT_EQ(text(file), calm);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(Run({"policy", "fmt", "--check", file}, kOk), "");
  EXPECT_FALSE(fs::exists(file + ".before-fmt"));
  const std::string bad = Write("bad.yaml", "policy: 1\nlayer: project\nid: a\nexce: []\n");
  EXPECT_NE(Run({"policy", "fmt", "--write", bad}, kMisuse, true).find(bad + ":4:1"), std::string::npos);
  EXPECT_NE(Run({"policy", "fmt", "--write", "--check", file}, kMisuse, true).find("take one"), std::string::npos);
}

TEST_F(PolicyFiles, ShowWritesTheLongForm) {
  const std::string file = Write("short.yaml", "policy: 1\nlayer: project\nid: a\nforbidden: [rm]\n");
  const std::string shown = Run({"policy", "show", file}, kOk);
  EXPECT_NE(shown.find("  - id: forbidden-programs\n"), std::string::npos) << shown;
  EXPECT_NE(Run({"policy", "show", "--all", file}, kOk).find("# inside: both forbid\n"), std::string::npos);
  EXPECT_EQ(json::parse(Run({"policy", "show", "--json", file}, kOk))["yaml"], shown);
  EXPECT_NE(Run({"policy", "show", file, "--profile", "x"}, kMisuse, true).find("no profile"), std::string::npos);
}

}  // namespace
}  // namespace warder::cli
