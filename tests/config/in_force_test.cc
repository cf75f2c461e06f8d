// Does a host refuse, with place and remedy, every policy that it could not hold to?
#include "config/in_force.h"

#include <gtest/gtest.h>

#include "config/answer.h"
#include "tests/policy/policy_files.h"

namespace warder::config {
namespace {

// The one layer of an agent, alone and then as all its layers.
wire::ConfigAnswer Answer(const std::string& bytes) {
  wire::ConfigAnswer alone = AnswerPolicy("project", "F", bytes);
  if (!alone.ok) return alone;
  return AnswerLayers(std::span(&alone.bytes, 1));
}

// Each file is good policy, and says in its first line what a host refuses of it.
TEST(InForce, WhatCanNotBeEnforcedIsRefusedAsItsFirstLineSays) {
  const auto files = policy::FilesIn("tests/data/policies/not-in-force");
  ASSERT_GE(files.size(), 23u);
  for (const auto& file : files) {
    const std::string bytes = policy::ReadText(file);
    constexpr std::string_view kPrefix = "# expect: ";
    ASSERT_TRUE(bytes.starts_with(kPrefix)) << file;
    const std::string expected = "F:" + bytes.substr(kPrefix.size(), bytes.find('\n') - kPrefix.size()) + "\n";
    const policy::Policy loaded = policy::Loaded(bytes, file.string());
    EXPECT_TRUE(policy::RunExamples(loaded).empty()) << file;
    const wire::ConfigAnswer answer = Answer(bytes);
    EXPECT_FALSE(answer.ok) << file;
    EXPECT_NE(("\n" + answer.problems).find("\n" + expected), std::string::npos)
        << file << "\nsaid: " << answer.problems;
  }
}

TEST(InForce, StarterPoliciesCanBeServed) {
  for (const auto& file : policy::FilesIn("policies"))
    EXPECT_TRUE(Answer(policy::ReadText(file)).ok) << file << Answer(policy::ReadText(file)).problems;
}

TEST(InForce, TheExampleIsRefusedForWhatItNeeds) {
  for (const auto& file : policy::FilesIn("policies/example")) {
    const auto problems = NotEnforced(policy::Loaded(policy::ReadText(file), file.string()));
    EXPECT_FALSE(problems.empty()) << "take this test out with the last row of the table";
    for (const policy::LoadProblem& problem : problems) {
      EXPECT_GT(problem.where.line, 0u);
      EXPECT_FALSE(problem.remedy.empty()) << problem.what;
    }
  }
}

}  // namespace
}  // namespace warder::config
