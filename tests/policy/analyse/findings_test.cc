// Does each kind of finding say what its page says, and nothing about what ships?
#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "policy/analyse/findings.h"
#include "policy/decide.h"
#include "tests/policy/policy_files.h"

namespace warder::policy::lint {
namespace {

const std::string kPages = std::string(WARDER_SOURCE_DIR) + "/docs/policy/findings/";

// The blocks of this language on a page.
std::vector<std::string> Blocks(const std::string& page, const std::string& language) {
  std::vector<std::string> blocks;
  const std::string open = "\n```" + language + "\n";
  for (size_t at = 0; (at = page.find(open, at)) != std::string::npos;) {
    at += open.size();
    const size_t end = std::min(page.find("\n```", at), page.size() - 1);
    blocks.push_back(page.substr(at, end + 1 - at));
    at = end;
  }
  return blocks;
}

std::vector<Found> FindingsOf(const Policy& policy) {
  std::vector<Found> found = Lint(policy);
  std::erase_if(found, [](const Found& one) { return KindOf(one.id).weight == Weight::kNote; });
  return found;
}

std::string Told(const std::vector<Found>& found) {
  std::string all;
  for (const Found& one : found) all += Describe(one) + "\n";
  return all;
}

TEST(Findings, EachPageHasABadPolicyThatHasItAndAGoodOneThatHasNothing) {
  for (const Kind& kind : Kinds()) {
    const std::string id(kind.id);
    const std::string page = ReadText(kPages + id + ".md");
    EXPECT_TRUE(page.starts_with("# " + id + "\n")) << id;
    EXPECT_TRUE(page.contains(kind.title)) << id << ": the title of the table is not on the page";
    const std::vector<std::string> policies = Blocks(page, "yaml"), says = Blocks(page, "text");
    ASSERT_EQ(policies.size(), 2u) << id;
    ASSERT_EQ(says.size(), 1u) << id;
    const Policy bad = Loaded(policies[0], id + " bad"), good = Loaded(policies[1], id + " good");
    for (const Policy* policy : {&bad, &good})
      for (const Finding& failed : RunExamples(*policy))
        EXPECT_FALSE(failed.fails) << policy->file << ": " << failed.what;
    std::vector<Found> found = Lint(bad);
    std::erase_if(found, [&](const Found& one) { return one.id != id; });
    EXPECT_FALSE(found.empty()) << id << ": the bad policy has none of it";
    EXPECT_EQ(says[0], Told(found)) << id << ": the page says otherwise";
    EXPECT_EQ(Told(FindingsOf(good)), "") << id;
    for (const Found& one : Lint(good)) EXPECT_NE(one.id, id) << Describe(one);
  }
}

TEST(Findings, EachKindHasItsPageAndItsRowAndEachPageItsKind) {
  const std::string index = ReadText(kPages + "README.md");
  std::set<std::string> pages{"README"};
  for (const Kind& kind : Kinds()) {
    const std::string id(kind.id), weight = kind.weight == Weight::kNote ? "note" : "finding";
    pages.insert(id);
    EXPECT_TRUE(index.contains("| [" + id + "](" + id + ".md) | " + weight + " | " + std::string(kind.title) + " |"))
        << id;
  }
  for (const auto& entry : std::filesystem::directory_iterator(kPages))
    EXPECT_TRUE(pages.contains(entry.path().stem())) << entry.path();
}

// A policy that ships is one that others copy.
TEST(Findings, PoliciesThatShipHaveNone) {
  size_t read = 0;
  for (const char* folder : {"policies", "policies/example"})
    for (const auto& file : FilesIn(folder)) {
      ++read;
      EXPECT_EQ(Told(FindingsOf(Loaded(ReadText(file), file.filename()))), "") << file;
    }
  EXPECT_GT(read, 5u);
}

TEST(Findings, LayersAreJudgedTogether) {
  const std::string org = R"(policy: 1
layer: org
id: org
unmatched: { paths: pass }
paths:
  - { id: hooks, forbid: Not here., may: [write], match: ["**/.git/**", "**/.github/**", "**/.gitlab-ci.yml", "**/.envrc",
      "**/.vscode/**", "**/.npmrc", "**/.mcp.json"] }
default-profile: org
profiles: { org: { approve: [deploy] } }
)";
  const std::string project = R"(policy: 1
layer: project
id: project
exec:
  - { id: deploy, action: deploy, argv: [deploy, now], match: ["deploy now"] }
paths: [{ id: ws, level: auto, may: [read, write], match: ["${workspace}/**"] }]
default-profile: work
profiles: { work: { auto: [read_file] } }
)";
  // Alone the one lists an action that nothing has, the other has one that nothing lists, and leaves hooks open.
  EXPECT_TRUE(Told(Lint(Loaded(org))).contains("unknown-action"));
  EXPECT_TRUE(Told(Lint(Loaded(project))).contains("unlisted-action"));
  EXPECT_TRUE(Told(Lint(Loaded(project))).contains("unprotected-hooks"));
  std::vector<Found> found = Lint(SetOf({org, project}));
  std::erase_if(found, [](const Found& one) { return KindOf(one.id).weight == Weight::kNote; });
  EXPECT_EQ(Told(found), "");
}

TEST(Findings, AThousandRulesAreLookedThroughInSeconds) {
  std::string text = "policy: 1\nlayer: project\nid: large\nexec:\n";
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    // A few programs with many rules each, half of them beside each other, as large policies have them.
    const std::string tool = "tool" + std::to_string(i % 10), word = i % 2 == 0 ? "word" + n : "",
                      after = word.empty() ? "" : ", " + word;
    text += "  - { id: r" + n + ", level: " + (i % 3 == 0 ? "notify" : "auto") + ", argv: [" + tool + after +
            ", { flags: [-a, \"-n INT\"] }, { re: \"[a-z]{1,9}-" + n + "\" }, { path: read }], match: [\"" + tool +
            " " + word + " -a abc-" + n + " f\"], not-match: [x] }\n";
  }
  text += "paths:\n";
  for (int i = 0; i < 100; ++i)
    text +=
        "  - { id: p" + std::to_string(i) + ", level: auto, may: [read], under: /data/" + std::to_string(i) + " }\n";
  const Policy policy = Loaded(text);
  const auto start = std::chrono::steady_clock::now();
  const std::vector<Found> found = Lint(policy);
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(Told(found), "");
#ifndef WARDER_SANITIZED
  EXPECT_LT(took, std::chrono::seconds(5));
#endif
  RecordProperty("milliseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
}

}  // namespace
}  // namespace warder::policy::lint
