// Does `warder policy diff` keep its exit codes, put places first and show a call for each widening?
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/command.h"

namespace warder::cli {
namespace {

class PolicyDiff : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/warder-diff-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& name, const std::string& rules, const std::string& layer = "project") {
    const std::string path = folder_ / name;
    std::ofstream(path) << "policy: 1\nlayer: " << layer << "\nid: t\nexec:\n" << rules;
    return path;
  }
  int Run(const std::vector<std::string>& words) {
    ::testing::internal::CaptureStdout();
    const int code = RunCommandLine(words);
    out_ = ::testing::internal::GetCapturedStdout();
    return code;
  }

  std::filesystem::path folder_;
  std::string out_;
};

const char* const kPush = "- {id: push, level: auto, argv: [git, push, origin, {re: \"[a-z]+\"}]}\n";
const char* const kMain = "- {id: main, forbid: no, argv: [git, push, origin, [main, master]]}\n";

TEST_F(PolicyDiff, AWideningIsToldWithPlaceAndCallAndEndsWithOne) {
  const std::string before = File("old.yaml", std::string(kPush) + kMain), after = File("new.yaml", kPush);
  EXPECT_EQ(Run({"policy", "diff", before, after}), kFinding);
  EXPECT_TRUE(out_.starts_with(after + ":5:3: widened: forbid -> auto: `git push origin ma")) << out_;
  EXPECT_TRUE(out_.contains("before    forbid by main, layer project (" + before + ":6:3)")) << out_;
  EXPECT_EQ(Run({"policy", "diff", after, before}), kOk) << out_;
  EXPECT_TRUE(out_.contains("nothing widened, 1 narrowed")) << out_;
}

TEST_F(PolicyDiff, JsonHasTheArgvAndBothVerdicts) {
  const std::string before = File("old.yaml", std::string(kPush) + kMain), after = File("new.yaml", kPush);
  EXPECT_EQ(Run({"policy", "diff", before, after, "--json"}), kFinding);
  const auto answer = nlohmann::json::parse(out_, nullptr, false);
  ASSERT_TRUE(answer.is_object()) << out_;
  ASSERT_EQ(answer["widened"].size(), 1u) << out_;
  EXPECT_EQ(answer["widened"][0]["argv"][0], "git");
  EXPECT_EQ(answer["widened"][0]["before"]["level"], "forbid");
  EXPECT_EQ(answer["widened"][0]["after"]["rule"], "push");
}

TEST_F(PolicyDiff, LayersOfBothSidesAreJudgedTogether) {
  const std::string org = File("org.yaml", std::string(kMain) + "unmatched: {exec: pass}\n", "org");
  const std::string before = File("old.yaml", std::string(kPush) + kMain), after = File("new.yaml", kPush);
  EXPECT_EQ(Run({"policy", "diff", "--old", org, before, "--new", org, after}), kOk) << out_;
  EXPECT_EQ(Run({"policy", "diff", "--old", org, before, "--new", after}), kFinding) << out_;
}

TEST_F(PolicyDiff, WhatCanNotBeUsedIsTwo) {
  const std::string good = File("good.yaml", kPush), bad = File("bad.yaml", "- {id: x}\n");
  EXPECT_EQ(Run({"policy", "diff", good, bad}), kMisuse);
  EXPECT_EQ(Run({"policy", "diff", good}), kMisuse);
  EXPECT_EQ(Run({"policy", "diff", good, good, good}), kMisuse);
  EXPECT_EQ(Run({"policy", "diff", good, folder_ / "none.yaml"}), kMisuse);
}

}  // namespace
}  // namespace warder::cli
