// Does libyaml, an independent reader, agree with every YAML text that we accept?
#include <gtest/gtest.h>

#include "fuzz/libyaml_tree.h"
#include "tests/policy/policy_files.h"

namespace warder::policy {
namespace {

TEST(Libyaml, ReadsEveryFileOfOursAsTheSameTree) {
  size_t accepted = 0;
  for (const char* folder : {"policies", "policies/example", "tests/data/policies/good", "tests/data/policies/bad",
                             "tests/data/policies/not-in-force"})
    for (const auto& file : FilesIn(folder)) {
      const std::string bytes = ReadText(file);
      accepted += ParseYaml(bytes).has_value();
      EXPECT_EQ(fuzz::Disagreement(bytes), "") << file;
    }
  EXPECT_GT(accepted, 60u);
}

// The hazards of the yaml-test-suite, each as a case of our own: what readers are known to disagree
// about is refused, or read as libyaml reads it.
struct Hazard {
  const char* name;
  const char* text;
  bool accepted;
};
constexpr Hazard kHazards[] = {
    {"plain scalars over lines fold", "a: b\n  c\n  d\n", true},
    {"a folded line with more indentation", "a: >\n  b\n    c\n  d\n", true},
    {"folded, empty lines kept", "a: >\n  b\n\n\n  c\n", true},
    {"literal with keep", "a: |+\n  b\n\nc: d\n", true},
    {"literal with strip", "a: |-\n  b\n\nc: d\n", true},
    {"literal with an indentation indicator", "a: |2\n    b\n   c\nd: e\n", true},
    {"literal that is empty", "a: |\nb: c\n", true},
    {"literal whose first line is deeper", "a: |\n    b\n  c\n", false},
    {"double quotes over lines", "a: \"b\n  c\"\n", false},
    {"double quotes, escaped line end", "a: \"b\\\n  c\"\n", false},
    {"double quotes at the left margin", "a: \"b\nc\"\n", false},
    {"single quotes over lines", "a: 'b\n  c'\n", false},
    {"a colon first, in brackets", "a: [:b]\n", false},
    {"brackets at the left margin", "a:\n[]\n", false},
    {"a doubled single quote", "a: 'it''s'\n", true},
    {"escapes", "a: \"\\x41\\u00e9\\U0001F600\\n\"\n", true},
    {"an escaped slash", "a: \"\\/\"\n", true},
    {"an escaped single quote", "a: \"\\'\"\n", false},
    {"an unknown escape", "a: \"\\q\"\n", false},
    {"a surrogate by escape", "a: \"\\ud800\"\n", false},
    {"a NUL by escape", "a: \"\\0\"\n", false},
    {"a next-line character by escape", "a: \"\\N\"\n", false},
    {"a colon inside a plain scalar", "a: b:c\n", true},
    {"a colon at the end of a plain scalar", "a: b:\n", false},
    {"two colons", "a: b: c\n", false},
    {"a hash without a blank", "a: b#c\n", true},
    {"a hash after a blank", "a: b #c\n", true},
    {"a comment between lines of a plain scalar", "a: b\n  # c\n  d\n", false},
    {"a dash in a plain scalar", "a: b - c\n", true},
    {"a list at the key's own indentation", "a:\n- b\n- c\n", true},
    {"a list in a list", "a:\n- - b\n  - c\n- d\n", true},
    {"a map in a list in a map", "a:\n- b: c\n  d: e\n- f: g\n", true},
    {"a flow list over lines", "a: [b,\n  c]\n", true},
    {"a flow list with a comma at the end", "a: [b, c,]\n", true},
    {"a flow list with two commas", "a: [b,, c]\n", false},
    {"a flow list with an empty entry", "a: [, b]\n", false},
    {"a flow map over lines", "a: {b: c,\n  d: e}\n", true},
    {"a flow map with a lone key", "a: {b}\n", false},
    {"a flow map with an empty value", "a: {b: }\n", false},
    {"a pair in a flow list", "a: [b: c]\n", true},
    {"a value at the left margin", "k: \na\n#", false},
    {"a value at the left margin of a list", "k:\n- \na\n#", false},
    {"a flow map with adjacent value", "a: {\"b\":c}\n", true},
    {"a plain key and adjacent value", "a: {b:c}\n", false},
    {"a question mark as key", "? a\n: b\n", true},
    {"a question mark in a plain scalar", "a: b ? c\n", true},
    {"an empty key", ": a\n", false},
    {"a quoted key", "\"a\": b\n", true},
    {"a key over two lines", "a\n b: c\n", false},
    {"a list as key", "[a]: b\n", false},
    {"a tag", "a: !!str b\n", false},
    {"a lone tag", "a: ! b\n", false},
    {"an anchor and no alias", "a: &x b\n", false},
    {"an alias", "a: &x b\nc: *x\n", false},
    {"a merge key", "a: {b: c}\n<<: {d: e}\n", false},
    {"a directive", "%YAML 1.1\n---\na: b\n", false},
    {"a first document mark", "---\na: b\n", true},
    {"a document mark with content", "--- a: b\n", false},
    {"a second document", "a: b\n---\nc: d\n", false},
    {"a document's end", "a: b\n...\n", false},
    {"a bare list", "- a\n", false},
    {"a bare scalar", "a\n", false},
    {"nothing", "", false},
    {"only a comment", "# a\n", false},
    {"no newline at the end", "a: b", true},
    {"a tab between", "a:\tb\n", false},
    {"a carriage return", "a: b\r\n", false},
    {"trailing blanks", "a: b   \nc: d  \n", true},
    {"a block text and blanks without a newline", "a: >-\n  b,\n  ", false},
    {"a blank line with blanks", "a: b\n   \nc: d\n", true},
    {"less indentation than the list", "a:\n  - b\n - c\n", false},
    {"more indentation than the key", "a: b\n  c: d\n", false},
    {"words that other readers turn into values", "a: [no, 010, 1.10, 12:30, 0x1f, 1e3, .inf]\n", true},
    {"null", "a: null\n", false},
    {"a tilde", "a: ~\n", false},
    {"a plain scalar that begins with an at sign", "a: @b\n", false},
    {"a plain scalar that begins with a backquote", "a: `b\n", false},
    {"a plain scalar that begins with a percent sign", "a: %b\n", false},
    {"a key twice", "a: b\na: c\n", false},
    {"a line separator in a scalar",
     "a: b\xe2\x80\xa8"
     "c\n",
     false},
    {"a quote that is never closed", "a: \"b\n", false},
    {"a text behind a quote", "a: \"b\" c\n", false},
    {"a text behind a flow list", "a: [b] c\n", false},
};

TEST(Libyaml, HazardsAreRefusedOrReadAlike) {
  for (const Hazard& hazard : kHazards) {
    const auto ours = ParseYaml(hazard.text);
    EXPECT_EQ(ours.has_value(), hazard.accepted) << hazard.name << ": " << (ours ? "" : ours.error().what);
    EXPECT_EQ(fuzz::Disagreement(hazard.text), "") << hazard.name;
  }
}

// Every text of up to five of these bytes, after a key: where readers differ, they differ in short
// texts.
TEST(Libyaml, AgreesOnEveryShortValue) {
  constexpr std::string_view kBytes = "a -:#[]{},\"'|>?&*!%\n";
  size_t accepted = 0;
  for (size_t length = 1; length <= 4; ++length) {
    std::string value(length, kBytes[0]);
    std::vector<size_t> at(length, 0);
    for (;;) {
      for (size_t i = 0; i < length; ++i) value[i] = kBytes[at[i]];
      const std::string text = "k: " + value;
      accepted += ParseYaml(text).has_value();
      const std::string disagreement = fuzz::Disagreement(text);
      ASSERT_EQ(disagreement, "") << "k: " << value;
      size_t i = 0;
      while (i < length && ++at[i] == kBytes.size()) at[i++] = 0;
      if (i == length) break;
    }
  }
  EXPECT_GT(accepted, 1000u);
}

}  // namespace
}  // namespace warder::policy
