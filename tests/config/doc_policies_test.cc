// Do the policies that the pages of docs/policy show come out as they say, and do the pages say what no host takes yet?
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "config/in_force.h"
#include "tests/policy/policy_files.h"

namespace warder::config {
namespace {

struct Block {
  size_t line = 0;  // of its first line in the page
  std::string text;
};
struct Section {
  std::string title, text;
  std::vector<Block> policies;  // blocks that begin with `policy: 1`
};

// A page by its `## ` headings; blocks begin with ```yaml and end with ```.
std::vector<Section> SectionsOf(const std::string& page) {
  std::vector<Section> sections(1);
  bool in_block = false, in_yaml = false;
  Block block;
  size_t number = 0;
  for (size_t at = 0; at < page.size();) {
    const size_t end = std::min(page.find('\n', at), page.size());
    const std::string line = page.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.starts_with("```")) {
      if (in_yaml && block.text.starts_with("policy: 1")) sections.back().policies.push_back(block);
      in_block = !in_block;
      in_yaml = in_block && line == "```yaml";
      block = {number + 1, ""};
    } else if (in_block) {
      block.text += line + "\n";
    } else {
      if (line.starts_with("## ")) sections.push_back({line.substr(3), "", {}});
      sections.back().text += line + "\n";
    }
  }
  return sections;
}

// Each policy loads; the layers of a section are decided together, and every example and test comes out.
void CheckSection(const std::string& page, const Section& section) {
  std::vector<std::shared_ptr<const policy::Policy>> layers;
  bool in_force = true;
  for (const Block& block : section.policies) {
    const std::string name = page + ":" + std::to_string(block.line) + " (" + section.title + ")";
    layers.push_back(std::make_shared<policy::Policy>(policy::Loaded(block.text, name)));
    in_force = in_force && NotEnforced(*layers.back()).empty();
  }
  if (layers.empty()) return;
  auto set = policy::PolicySet::Make(std::move(layers));
  ASSERT_TRUE(set.has_value()) << page << ": " << section.title;
  for (const policy::PolicySet::Problem& problem : policy::CheckSet(*set))
    ADD_FAILURE() << problem.file << ": " << problem.problem.what;
  for (const policy::Finding& finding : policy::RunExamples(*set))
    EXPECT_FALSE(finding.fails) << set->layer(finding.layer).file << ":" << finding.where.line << ": " << finding.what;
  in_force = in_force && DefaultsNotEnforced(*set).empty();
  EXPECT_EQ(section.text.contains("**Not in force yet**"), !in_force) << page << ": " << section.title;
}

TEST(DocPolicies, EachPolicyOfAPageComesOutAsItSays) {
  const std::filesystem::path folder = std::string(WARDER_SOURCE_DIR) + "/docs/policy";
  size_t policies = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".md") continue;
    for (const Section& section : SectionsOf(policy::ReadText(entry.path()))) {
      CheckSection(entry.path().filename(), section);
      policies += section.policies.size();
    }
  }
  EXPECT_GE(policies, 20u);
}

TEST(DocPolicies, TwentyExamplesAllowSomethingAndRefuseSomething) {
  size_t examples = 0;
  for (const Section& section :
       SectionsOf(policy::ReadText(std::string(WARDER_SOURCE_DIR) + "/docs/policy/examples.md"))) {
    if (section.policies.empty()) continue;
    ++examples;
    std::set<policy::Level> expected;
    for (const Block& block : section.policies)
      for (const policy::Test& test : policy::Loaded(block.text, section.title).tests) expected.insert(test.expect);
    EXPECT_TRUE(expected.contains(policy::Level::kForbid)) << section.title << " refuses nothing";
    EXPECT_GE(expected.size(), 2u) << section.title << " has one answer for everything";
  }
  EXPECT_GE(examples, 20u);
}

TEST(DocPolicies, EachStarterHasItsPlaceInThePage) {
  const std::string page = policy::ReadText(std::string(WARDER_SOURCE_DIR) + "/docs/policy/starters.md");
  for (const auto& file : policy::FilesIn("policies"))
    EXPECT_TRUE(page.contains("`" + file.filename().string() + "`")) << file << " is not in docs/policy/starters.md";
}

}  // namespace
}  // namespace warder::config
