// Does the loader take what the language has, and refuse the rest with place and remedy?
#include "policy/load.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/archive.h"
#include "base/environment.h"
#include "tests/policy/policy_files.h"

namespace warder::policy {
namespace {

// Each file says in its first line which problem it has: `# expect: LINE:COLUMN: text`.
TEST(Load, EveryBadFileIsRefusedAsItsFirstLineSays) {
  auto files = FilesIn("tests/data/policies/bad");
  ASSERT_GE(files.size(), 100u);
  for (const auto& file : files) {
    std::string bytes = ReadText(file);
    constexpr std::string_view kPrefix = "# expect: ";
    ASSERT_TRUE(bytes.starts_with(kPrefix)) << file;
    std::string expected = "F:" + bytes.substr(kPrefix.size(), bytes.find('\n') - kPrefix.size());
    LoadResult result = LoadPolicy("F", bytes);
    // What is seen only with all layers at hand, of this one alone.
    if (result.problems.empty())
      for (PolicySet::Problem& problem : CheckSet(result.policy)) result.problems.push_back(std::move(problem.problem));
    std::string said = "\n" + result.Describe("F");
    EXPECT_NE(said.find("\n" + expected + "\n"), std::string::npos)
        << file << "\nsaid: " << said << "\nnot: " << expected;
    for (const LoadProblem& problem : result.problems)
      EXPECT_FALSE(problem.remedy.empty()) << file << ": " << problem.what;
  }
}

// What follows from one slip is not told as another.
TEST(Load, OneSlipIsToldOnce) {
  for (const char* name : {"action-capital", "path-variable-write-typo", "forbid-true", "flag-placeholder",
                           "quote-left-open", "unquoted-variable", "unquoted-colon"}) {
    const std::string file = std::string(WARDER_SOURCE_DIR "/tests/data/policies/bad/") + name + ".yaml";
    LoadResult result = LoadPolicy("F", ReadText(file));
    EXPECT_EQ(result.problems.size(), 1u) << name << "\n" << result.Describe("F");
  }
  // Flags that programs have are no slips.
  for (const char* flag : {"-DNAME", "-DNDEBUG", "-O", "--no-TEXTURE", "-XFILE2", "-IDIR"}) {
    LoadResult result =
        LoadPolicy("F", std::string("policy: 1\nlayer: project\nid: t/x\nexec:\n  - { id: b, level: auto, argv: "
                                    "[cc, { flags: [\"") +
                            flag + "\"] }] }\n");
    EXPECT_TRUE(result.problems.empty()) << flag << result.Describe("F");
  }
}

TEST(Load, EveryGoodFileIsTakenAndReadsBackTheSame) {
  for (const char* folder : {"tests/data/policies/good", "policies"}) {
    auto files = FilesIn(folder);
    ASSERT_GE(files.size(), 3u) << folder;
    for (const auto& file : files) {
      LoadResult result = LoadPolicy(file.string(), ReadText(file));
      EXPECT_TRUE(result.problems.empty()) << result.Describe(file.string());
      std::string flat = flat::EncodeMessage(result.policy);
      auto back = flat::DecodeMessage<Policy>(flat);
      ASSERT_TRUE(back) << file;
      EXPECT_EQ(flat::EncodeMessage(*back), flat) << file;
    }
  }
}

// What fuzz/policy_flat begins with; House.SeedsAreOfTheVersionsOfToday says when they must be written again.
TEST(Load, SeedsOfTheFlatFormAreWrittenOnRequest) {
  for (const char* folder : {"tests/data/policies/good", "policies"})
    for (const auto& file : FilesIn(folder)) {
      const auto seed = std::filesystem::path(WARDER_SOURCE_DIR "/fuzz/corpus/policy_flat") / file.stem();
      Policy policy = LoadPolicy("F", ReadText(file)).policy;
      policy.layer = LayerKind::kWorkspace;
      if (getenv("WARDER_WRITE_SEEDS") != nullptr) std::ofstream(seed) << flat::EncodeMessage(policy);
      EXPECT_TRUE(!exists(seed) || flat::DecodeMessage<Policy>(ReadText(seed))) << seed;
    }
}

TEST(Load, StarterPoliciesPassTheirOwnExamplesAndTests) {
  for (const auto& file : FilesIn("policies")) {
    LoadResult result = LoadPolicy(file.string(), ReadText(file));
    ASSERT_TRUE(result.problems.empty()) << result.Describe(file.string());
    EXPECT_GE(result.policy.tests.size(), 10u) << file;
    for (const ExecRule& rule : result.policy.exec) {
      EXPECT_FALSE(rule.match.empty()) << file << ": " << rule.id << " has no example";
      if (rule.level != Level::kForbid) {
        EXPECT_FALSE(rule.not_match.empty()) << file << ": " << rule.id << " has no counter-example";
      }
    }
    for (const Finding& finding : RunExamples(result.policy))
      ADD_FAILURE() << file << ":" << finding.where.line << ": " << finding.what << "; " << finding.remedy;
  }
}

constexpr const char* kHead = "policy: 1\nlayer: project\nid: t/x\nworkspace: { mode: direct }\n";

// A test that would pass whatever the rules say, or an example that proves nothing, is no test.
TEST(Load, ATestThatExpectsTooLittleFails) {
  std::string text = std::string(kHead) +
                     "exec:\n  - { id: look, level: auto, argv: [ls, { flags: [-l] }], match: "
                     "[\"ls -l\"], not-match: [\"ls -a\"] }\n"
                     "tests:\n  - { run: \"ls -l\", expect: auto, by: look }\n  - { run: \"ls "
                     "-a\", expect: forbid, by: no-rule }\n";
  LoadResult good = LoadPolicy("F", text);
  ASSERT_TRUE(good.problems.empty()) << good.Describe("F");
  EXPECT_TRUE(RunExamples(good.policy).empty());
  for (auto [from, to] :
       {std::pair("expect: forbid", "expect: auto"), std::pair("match: [\"ls -l\"]", "match: [\"ls -a\"]"),
        std::pair("not-match: [\"ls -a\"]", "not-match: [\"ls -l\"]"), std::pair("by: no-rule", "by: look")}) {
    std::string broken = text;
    broken.replace(broken.find(from), std::string(from).size(), to);
    LoadResult result = LoadPolicy("F", broken);
    ASSERT_TRUE(result.problems.empty()) << result.Describe("F");
    EXPECT_FALSE(RunExamples(result.policy).empty()) << to;
  }
}

// The complete project layer of the language's description: everything in it loads, and its own
// examples and tests come out.
TEST(Load, TheExampleLoadsAndPassesItsOwnTests) {
  for (const auto& file : FilesIn("policies/example")) {
    const Policy policy = Loaded(ReadText(file), file.string());
    EXPECT_TRUE(CheckSet(policy).empty());
    EXPECT_GE(policy.exec.size(), 14u);
    EXPECT_GE(policy.tests.size(), 20u);
    for (const Finding& finding : RunExamples(policy))
      ADD_FAILURE() << file << ":" << finding.where.line << ": " << finding.what << "; " << finding.remedy;
  }
}

TEST(Load, ElementsAndFlagsMeanWhatTheySay) {
  LoadResult result = LoadPolicy("F", std::string(kHead) +
                                          "exec:\n  - id: r\n    argv: [[a, b], word, [x, y], { re: \"[^/]+\", "
                                          "repeat: 0..2 }, { text: 40 }, { int: 1..9 },\n"
                                          "      { path: delete, repeat: 1..64 }, { host: 443 },\n"
                                          "      { flags: [-p, --stat, \"--\", \"-[rf]\", \"-n INT\", \"-jINT\", "
                                          "\"--max=TEXT\", \"-o WRITE\"] }, ...]\n");
  ASSERT_TRUE(result.problems.empty()) << result.Describe("F");
  const auto& argv = result.policy.exec[0].argv;
  ASSERT_EQ(argv.size(), 10u);
  const ElementKind kKinds[] = {ElementKind::kWords, ElementKind::kWords, ElementKind::kWords, ElementKind::kRegex,
                                ElementKind::kText,  ElementKind::kInt,   ElementKind::kPath,  ElementKind::kHost,
                                ElementKind::kFlags, ElementKind::kRest};
  for (size_t i = 0; i < argv.size(); ++i) EXPECT_EQ(argv[i].kind, kKinds[i]) << i;
  EXPECT_EQ(argv[3].repeat_low, 0u);
  EXPECT_EQ(argv[3].repeat_high, 2u);
  EXPECT_EQ(argv[4].high, 40u);
  EXPECT_EQ(argv[5].low, 1u);
  EXPECT_EQ(argv[5].high, 9u);
  EXPECT_EQ(argv[6].act, Act::kDelete);
  EXPECT_EQ(argv[7].port, 443);
  struct {
    FlagForm form;
    const char* text;
    FlagValue value;
  } const kFlags[] = {{FlagForm::kExact, "-p", FlagValue::kNone},     {FlagForm::kExact, "--stat", FlagValue::kNone},
                      {FlagForm::kExact, "--", FlagValue::kNone},     {FlagForm::kBundle, "rf", FlagValue::kNone},
                      {FlagForm::kSeparate, "-n", FlagValue::kInt},   {FlagForm::kGlued, "-j", FlagValue::kInt},
                      {FlagForm::kGlued, "--max=", FlagValue::kText}, {FlagForm::kSeparate, "-o", FlagValue::kWrite}};
  ASSERT_EQ(argv[8].flags.size(), std::size(kFlags));
  for (size_t i = 0; i < std::size(kFlags); ++i) {
    EXPECT_EQ(argv[8].flags[i].form, kFlags[i].form) << i;
    EXPECT_EQ(argv[8].flags[i].text, kFlags[i].text) << i;
    EXPECT_EQ(argv[8].flags[i].value, kFlags[i].value) << i;
  }
  std::set<std::string> names;
  for (const Program& program : result.policy.programs) names.insert(program.name);
  EXPECT_EQ(names, (std::set<std::string>{"a", "b"}));
}

TEST(Load, UnitsAreExact) {
  LoadResult result =
      LoadPolicy("F", std::string(kHead) +
                          "limits: { wall: 2m, cpu: 90s, memory: 2GiB, output: 100MB, disk: 1GB, pids: 256, "
                          "files: 1024, read-file: 3KiB, concurrent: 3 }\n");
  ASSERT_TRUE(result.problems.empty()) << result.Describe("F");
  const Limits& limits = result.policy.limits;
  EXPECT_EQ(limits.wall_ms, 120'000u);
  EXPECT_EQ(limits.cpu_ms, 90'000u);
  EXPECT_EQ(limits.memory_bytes, 2ull << 30);
  EXPECT_EQ(limits.output_bytes, 100'000'000u);
  EXPECT_EQ(limits.disk_bytes, 1'000'000'000u);
  EXPECT_EQ(limits.pids, 256u);
  EXPECT_EQ(limits.files, 1024u);
  EXPECT_EQ(limits.read_file_bytes, 3072u);
  EXPECT_EQ(limits.concurrent, 3u);
}

TEST(Load, LongerNamesAreTheLevels) {
  LoadResult result = LoadPolicy("F", std::string(kHead) +
                                          "exec:\n  - { id: a, level: auto_approve, argv: [a] }\n  "
                                          "- { id: b, level: notify_only, argv: [a] }\n"
                                          "  - { id: c, level: require_approval, argv: [a] }\n  - "
                                          "{ id: d, level: forbidden, argv: [a] }\n");
  ASSERT_TRUE(result.problems.empty()) << result.Describe("F");
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(result.policy.exec[i].level, static_cast<Level>(i));
}

TEST(Load, NoVariableOfTheDenyTableCanBePassed) {
  for (const CodeVariable& variable : kCodeVariables) {
    std::string name(variable.name);
    if (variable.prefix) name += "X";
    LoadResult result = LoadPolicy("F", std::string(kHead) + "environment: { pass: [\"" + name + "\"] }\n");
    ASSERT_EQ(result.problems.size(), 1u) << name;
    EXPECT_NE(result.problems[0].what.find(variable.reason), std::string::npos)
        << name << ": " << result.problems[0].what;
  }
  EXPECT_TRUE(LoadPolicy("F", std::string(kHead) + "environment: { pass: [CI, TZ, LC_ALL] }\n").problems.empty());
}

TEST(Load, AllProblemsAreToldAtOnceAndNotWithoutEnd) {
  std::string text = kHead;
  for (int i = 0; i < 500; ++i) text += "key" + std::to_string(i) + ": x\n";
  LoadResult result = LoadPolicy("F", text);
  EXPECT_EQ(result.problems.size(), 50u);
}

}  // namespace
}  // namespace warder::policy
