// Is YAML read strictly, byte for byte?
#include "policy/yaml.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace warder::policy {
namespace {

struct BadBytes {
  const char* name;
  std::string bytes;
  uint32_t line, column;
  const char* word;
};

// What can not lie in a file of tests/data/policies/bad, whose first line is text.
TEST(Yaml, HostileBytesAreRefusedWithTheirPlace) {
  const BadBytes kCases[] = {
      {"the comma on which yaml-cpp never ends", ",", 1, 1, "no content"},
      {"nothing", "", 1, 1, "no content"},
      {"only a comment", "# a\n", 1, 1, "no content"},
      {"byte order mark", "\xef\xbb\xbfpolicy: 1\n", 1, 1, "byte order mark"},
      {"UTF-16", std::string("p\0o\0", 4), 1, 2, "NUL"},
      {"NUL", std::string("a: b\0", 5), 1, 5, "NUL"},
      {"CRLF", "policy: 1\r\nid: x\r\n", 1, 10, "carriage return"},
      {"lone CR", "policy: 1\rid: x\n", 1, 10, "carriage return"},
      {"C0", "a: \x1b[2J\n", 1, 4, "control"},
      {"C1", "a: \xc2\x9b\n", 1, 4, "control"},
      {"DEL", "a: \x7f\n", 1, 4, "control"},
      {"cut UTF-8", "a: \xc3", 1, 4, "UTF-8"},
      {"overlong UTF-8", "a: \xc0\xaf\n", 1, 4, "UTF-8"},
      {"surrogate", "a: \xed\xa0\x80\n", 1, 4, "UTF-8"},
      {"beyond Unicode", "a: \xf4\x90\x80\x80\n", 1, 4, "UTF-8"},
      {"bidi in a comment", "a: b\n# \xe2\x80\xae x\n", 2, 3, "direction"},
      {"soft hyphen in a key", "a\xc2\xad: b\n", 1, 2, "can not be seen"},
      {"line separator",
       "a: b\xe2\x80\xa8"
       "c: d\n",
       1, 5, "line separator"},
      {"tab alone", "\t", 1, 1, "tab"},
      {"two marks", "---\n---\na: b\n", 2, 1, "second document"},
      {"content behind the mark", "--- {a: b}\n", 1, 1, "second document"},
      {"directive without document", "%YAML 1.2\n", 1, 1, "directive"},
      {"mark without content", "---\n", 2, 1, "no content"},
      {"open bracket", "[", 1, 1, ""},
      {"many brackets", std::string(100'000, '['), 1, 1, ""},
      {"many brackets", "a: " + std::string(100'000, '['), 1, 5, ""},
      {"many braces", "a: " + std::string(100'000, '{'), 1, 5, "not text"},
      {"many questions", "a: " + std::string(2000, '?'), 0, 0, ""},
      {"many dashes", std::string(2000, '-') + " ", 1, 1, ""},
  };
  for (const BadBytes& bad : kCases) {
    auto tree = ParseYaml(bad.bytes);
    if (std::string_view(bad.name) == "many questions") continue;  // only has to end
    ASSERT_FALSE(tree) << bad.name;
    EXPECT_EQ(tree.error().where.line, bad.line) << bad.name << ": " << tree.error().what;
    EXPECT_EQ(tree.error().where.column, bad.column) << bad.name << ": " << tree.error().what;
    EXPECT_NE(tree.error().what.find(bad.word), std::string::npos) << bad.name << ": " << tree.error().what;
    EXPECT_FALSE(tree.error().remedy.empty()) << bad.name;
  }
}

TEST(Yaml, LimitsOfSizeHold) {
  std::string many = "a: [";
  for (size_t i = 0; i < limits::kMaxYamlNodes; ++i) many += "b,";
  auto nodes = ParseYaml(many + "]\n");
  ASSERT_FALSE(nodes);
  EXPECT_NE(nodes.error().what.find("more than 20000"), std::string::npos) << nodes.error().what;

  auto scalar = ParseYaml("a: " + std::string(limits::kMaxYamlScalarBytes + 1, 'x') + "\n");
  ASSERT_FALSE(scalar);
  EXPECT_NE(scalar.error().what.find("8193 bytes"), std::string::npos) << scalar.error().what;
  EXPECT_TRUE(ParseYaml("a: " + std::string(limits::kMaxYamlScalarBytes, 'x') + "\n"));

  std::string large = "a: b\n";
  large.resize(limits::kMaxPolicyBytes, '#');
  large[5] = '#';
  EXPECT_TRUE(ParseYaml(large));
  large += '#';
  auto file = ParseYaml(large);
  ASSERT_FALSE(file);
  EXPECT_NE(file.error().what.find("1048577 bytes"), std::string::npos) << file.error().what;

  EXPECT_TRUE(ParseYaml("a: " + std::string(11, '[') + "x" + std::string(11, ']') + "\n"));
  EXPECT_FALSE(ParseYaml("a: " + std::string(12, '[') + "x" + std::string(12, ']') + "\n"));
}

TEST(Yaml, EveryScalarIsTextWithItsPlace) {
  auto tree = ParseYaml(
      "---\n# first\na: no\nb: [010, 1.10, 12:30, \"x\\ty\", 'it''s', ...]\nc:\n  d: |\n    two\n  "
      "  lines\n");
  ASSERT_TRUE(tree) << tree.error().what;
  EXPECT_EQ(tree->Find("a")->text, "no");
  const YamlNode* list = tree->Find("b");
  const char* kTexts[] = {"010", "1.10", "12:30", "x\ty", "it's", "..."};
  ASSERT_EQ(list->items.size(), std::size(kTexts));
  for (size_t i = 0; i < std::size(kTexts); ++i) EXPECT_EQ(list->items[i].text, kTexts[i]);
  EXPECT_EQ(list->items[1].where.line, 4u);
  EXPECT_EQ(list->items[1].where.column, 10u);
  EXPECT_EQ(tree->Find("c")->Find("d")->text, "two\nlines\n");
  EXPECT_EQ(tree->Find("e"), nullptr);
}

// An escape may not bring in what the bytes may not hold.
TEST(Yaml, EscapesBringInNothingHidden) {
  for (const char* text : {"\\0", "\\x1b", "\\r", "\\u202e", "\\u200b", "\\x7f", "\\N", "\\L", "\\P", "\\ufeff"}) {
    auto tree = ParseYaml(std::string("a: \"") + text + "\"\n");
    EXPECT_FALSE(tree) << text;
  }
  EXPECT_TRUE(ParseYaml("a: \"\\n\\t\\u00e9\"\n"));
}

}  // namespace
}  // namespace warder::policy
