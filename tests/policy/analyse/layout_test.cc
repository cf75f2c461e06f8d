// Does laying a policy out change its layout, and nothing else?
#include "policy/analyse/layout.h"

#include <algorithm>
#include <random>

#include "policy/analyse/meaning.h"
#include "policy/schema.h"
#include "tests/policy/policy_files.h"

namespace warder::policy {
namespace {

// Each comment, found by another reading than the layout's own: no text of these tests has a # in quotes.
std::vector<std::string> Comments(const std::string& text) {
  std::vector<std::string> all;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    char quote = 0;
    for (size_t i = 0; i < line.size(); ++i) {
      if (quote != 0) {
        if (line[i] == quote) quote = 0;
      } else if ((line[i] == '"' || line[i] == '\'') && (i == 0 || std::string_view(" [{,").contains(line[i - 1]))) {
        quote = line[i];
      } else if (line[i] == '#' && (i == 0 || line[i - 1] == ' ')) {
        std::string comment = line.substr(i);
        while (comment.ends_with(' ')) comment.pop_back();
        all.push_back(std::move(comment));
        break;
      }
    }
    at = end + 1;
  }
  std::ranges::sort(all);
  return all;
}

std::string LaidOut(const std::string& text) {
  const auto out = LayOut("F", text);
  if (!out) {
    ADD_FAILURE() << DescribeProblems("F", out.error()) << text;
    return "";
  }
  return *out;
}

void Holds(const std::string& text, const std::string& name) {
  const std::string once = LaidOut(text);
  EXPECT_EQ(Meaning(Loaded(once, name)), Meaning(Loaded(text, name))) << name;
  EXPECT_EQ(LaidOut(once), once) << name << ": laid out twice";
  EXPECT_EQ(Comments(once), Comments(text)) << name;
}

TEST(Layout, KeepsMeaningAndCommentsOfEveryPolicyHere) {
  size_t files = 0;
  for (const char* folder : {"policies", "policies/example", "tests/data/policies/good", "tests/data/policies/golden"})
    for (const auto& file : FilesIn(folder)) {
      Holds(ReadText(file), file.string());
      ++files;
    }
  EXPECT_GT(files, 6u);
}

// Whatever of the fuzzers' corpus loads.
TEST(Layout, KeepsMeaningOfTheCorpus) {
  size_t loaded = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::string(WARDER_SOURCE_DIR) + "/fuzz/corpus")) {
    if (!entry.is_regular_file() || entry.file_size() > 1 << 16) continue;
    const std::string text = ReadText(entry.path());
    if (!LoadPolicy("F", text).problems.empty()) continue;
    ++loaded;
    const std::string once = LaidOut(text);
    EXPECT_EQ(LaidOut(once), once) << entry.path();
  }
  EXPECT_GT(loaded, 3u);
}

// Comments and blank lines wherever a policy takes them: at the ends of lines, inside of brackets, between lines.
TEST(Layout, KeepsCommentsWhereverTheyStand) {
  std::mt19937 random(1);
  auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
  size_t held = 0;
  for (const char* folder : {"policies", "policies/example", "tests/data/policies/good"})
    for (const auto& file : FilesIn(folder)) {
      const std::string text = ReadText(file), meaning = Meaning(Loaded(text));
      for (size_t round = 0; round < 5; ++round) {
        std::string changed;
        size_t made = 0;
        for (size_t at = 0; at < text.size();) {
          const size_t end = std::min(text.find('\n', at), text.size());
          std::string line = text.substr(at, end - at);
          if (below(8) == 0) changed += std::string(below(3) * 2, ' ') + "# own " + std::to_string(++made) + "\n";
          if (below(12) == 0) changed += "\n";
          if (below(8) == 0 && line.find('#') == std::string::npos) line += " # end " + std::to_string(++made);
          changed += line + "\n";
          at = end + 1;
        }
        const LoadResult loaded = LoadPolicy("F", changed);
        if (!loaded.problems.empty() || Meaning(loaded.policy) != meaning) continue;  // it fell into a text
        Holds(changed, file.string());
        ++held;
      }
    }
  EXPECT_GT(held, 25u);
}

constexpr const char* kHead = "policy: 1\nlayer: project\nid: a/b\n";

TEST(Layout, IsOneForEachPolicy) {
  const std::pair<std::string, std::string> cases[] = {
      {"exec:\n- {id: a,level: auto_approve,   argv: [ls,\n   ...]}\n",
       "exec:\n  - { id: a, level: auto, argv: [ls, ...] }\n"},
      {"exec:\n    -   id: a   # the first\n        # of the level\n        level: notify_only\n        argv:\n        "
       "- ls\n"
       "        -    ...\n# the end\n",
       "exec:\n  - id: a  # the first\n    # of the level\n    level: notify\n    argv:\n      - ls\n      - ...\n# "
       "the end\n"},
      {"exec:  # programs\n  - { id: a, level: auto,  # runs\n      argv: [ls] }  # lists\n",
       "exec:  # programs\n  - id: a\n    level: auto  # runs\n    argv: [ls]\n    # lists\n"},
      {"description: |\n  one\n  two\nexec: [{ id: a, level: auto, argv: [ls] }]\n",
       "description: |\n  one\n  two\nexec: [{ id: a, level: auto, argv: [ls] }]\n"},
      {"description: >\n  one\n  two\nexec: [{ id: a, level: auto, argv: [ls] }]\n",
       "description: |\n  one two\nexec: [{ id: a, level: auto, argv: [ls] }]\n"},
      {"\n\n\nexec:\n\n\n  - { id: a, level: auto, argv: [ls] }\n\n\n\n  # b\n  - { id: b, level: auto, argv: [wc] "
       "}\n\n",
       "\nexec:\n  - { id: a, level: auto, argv: [ls] }\n\n  # b\n  - { id: b, level: auto, argv: [wc] }\n"},
      {"exec: [{ id: a, level: forbidden, argv: [forbidden] }]\ndefault-profile: p\nprofiles: { p: { auto_approve: "
       "[read_file], "
       "forbidden: [create_file] } }\n",
       "exec: [{ id: a, level: forbid, argv: [forbidden] }]\ndefault-profile: p\nprofiles: { p: { auto: [read_file], "
       "forbid: "
       "[create_file] } }\n"},
      {"forbidden: [rm]  # a key of the shorthand, no level\n",
       "forbidden: [rm]  # a key of the shorthand, no level\n"},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_EQ(LaidOut(kHead + text), kHead + wanted);
    Holds(kHead + text, "F");
  }
}

TEST(Layout, WrapsWhatIsLong) {
  std::string words;
  for (int i = 0; i < 60; ++i) words += (i > 0 ? ", " : "") + std::string("word-") + std::to_string(i);
  const std::string text =
      kHead + std::string("exec:\n  - { id: a, level: auto, argv: [ls, [") + words + "], { text: 9 }] }\n";
  const std::string out = LaidOut(text);
  for (size_t at = 0; at < out.size();) {
    const size_t end = out.find('\n', at);
    EXPECT_LE(end - at, 120u) << out;
    at = end + 1;
  }
  Holds(text, "F");
}

TEST(Layout, WhatDoesNotLoadIsRefusedAndNotLaidOut) {
  const auto out = LayOut("F", "policy: 1\nlayer: project\nid: a/b\nexec: [{ id: a, argv: [ls], levle: auto }]\n");
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error()[0].where.line, 4u);
}

TEST(Layout, AScalarReadsAsTheSameText) {
  for (const std::string text :
       {"a",   "a b", "yes", "No", "12", "1.5", "-x", "--",  "a: b", "a #b", "\"q\"", "a\\b", "~", "null", "a,b",
        "[x]", "{y}", "*",   "&a", "!t", "%d",  "@x", "`c`", "a\nb", "über", "|",     ">",    "",  "${x}"}) {
    const auto tree = ParseYaml("key: [" + ScalarOf(text) + "]\n");
    ASSERT_TRUE(tree) << text << ": " << tree.error().what;
    EXPECT_EQ(tree->items[0].items[0].text, text);
  }
}

}  // namespace
}  // namespace warder::policy
