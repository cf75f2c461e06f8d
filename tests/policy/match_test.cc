// Which arguments does each element of a pattern take, and does any pattern cost more than
// polynomial time?
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "policy/line.h"
#include "policy/match.h"
#include "tests/policy/policy_maker.h"

namespace warder::policy {
namespace {

using namespace maker;
using Argv = std::vector<std::string>;

TEST(Match, OneElement) {
  const Flag bundle{FlagForm::kBundle, "nil", FlagValue::kNone}, number{FlagForm::kSeparate, "-C", FlagValue::kInt},
      glued{FlagForm::kGlued, "-j", FlagValue::kInt}, glob{FlagForm::kGlued, "--glob=", FlagValue::kText},
      out{FlagForm::kSeparate, "-t", FlagValue::kText}, dashes{FlagForm::kExact, "--", FlagValue::kNone};
  const Element flags = Flags({bundle, number, glued, glob, out});
  const struct {
    Element element;
    Argv words;
    bool fits;
  } cases[] = {
      {Words({"a", "b"}), {"b"}, true},
      {Words({"a", "b"}), {"c"}, false},
      {Words({"a"}), {}, false},
      {Words({"a"}), {"a", "a"}, false},
      {Regex("[a-z]+"), {"abc"}, true},
      {Regex("[a-z]+"), {"abc\n"}, false},
      {Regex("a|ab"), {"ab"}, true},
      {Regex("a"), {"xa"}, false},
      {Regex(".*"), {""}, false},
      {Regex(".*"), {"-x"}, false},
      {Text(3), {"abc"}, true},
      {Text(3), {"abcd"}, false},
      {Text(3), {""}, false},
      {Text(3), {"-a"}, false},
      {Int(1, 20), {"20"}, true},
      {Int(1, 20), {"21"}, false},
      {Int(1, 20), {"0"}, false},
      {Int(0, 20), {"0"}, true},
      {Int(0, 20), {"007"}, false},
      {Int(0, 20), {"+1"}, false},
      {Int(0, UINT64_MAX), {"18446744073709551616"}, false},
      {Path(Act::kRead), {"-"}, false},
      {Path(Act::kRead), {"a b"}, true},
      {Path(Act::kRead, 0, 2), {}, true},
      {Path(Act::kRead, 0, 2), {"a", "b"}, true},
      {Path(Act::kRead, 0, 2), {"a", "b", "c"}, false},
      {Path(Act::kRead, 2, 2), {"a"}, false},
      {Rest(), {}, true},
      {Rest(), {"-x", "", "y"}, true},
      {flags, {}, true},
      {flags, {"-nl", "-i"}, true},
      {flags, {"-nx"}, false},
      {flags, {"-"}, false},
      {flags, {"--nil"}, false},
      {flags, {"-C", "3", "-n"}, true},
      {flags, {"-C"}, false},
      {flags, {"-C3"}, false},
      {flags, {"-C", "-1"}, false},
      {flags, {"-j4"}, true},
      {flags, {"-j"}, false},
      {flags, {"-j", "4"}, false},
      {flags, {"--glob=*.c"}, true},
      {flags, {"--glob="}, false},
      {flags, {"--glo=*.c"}, false},
      {flags, {"-t", "-n"}, false},
      {flags, {"-t", std::string(256, 'x')}, true},
      {flags, {"-t", std::string(257, 'x')}, false},
      {Flags({dashes}), {"--"}, true},
      {Flags({dashes}), {"--", "--"}, false},
  };
  for (const auto& c : cases) {
    Argv argv = {"prog"};
    argv.insert(argv.end(), c.words.begin(), c.words.end());
    EXPECT_EQ(FitArgv({Words({"prog"}), c.element}, argv).fits, c.fits) << ShowCommand(argv);
  }
}

TEST(Match, DashesLetArgumentsBeginWithOne) {
  const std::vector<Element> pattern = {Words({"p"}), Flags({{FlagForm::kExact, "--", FlagValue::kNone}}),
                                        Path(Act::kDelete, 1, 4)};
  EXPECT_TRUE(FitArgv(pattern, {"p", "--", "-x"}).fits);
  EXPECT_TRUE(FitArgv(pattern, {"p", "x"}).fits);
  EXPECT_FALSE(FitArgv(pattern, {"p", "-x"}).fits);
  EXPECT_FALSE(FitArgv(pattern, {"p", "x", "--", "-x"}).fits) << "`--` stands where no element takes it";
  EXPECT_TRUE(FitArgv(pattern, {"p", "--", "--"}).fits) << "a file named --";
}

TEST(Match, NeverArgs) {
  const Argv never = {"-o", "--output", "-exec", "e"};
  const std::pair<const char*, bool> cases[] = {
      {"-o", true},       {"-ox", true},        {"-uo", true},      {"--o", true},         {"--out", true},
      {"--output", true}, {"--output=x", true}, {"--outp=x", true}, {"--output-x", false}, {"--", false},
      {"-", false},       {"-u", false},        {"o", false},       {"-exec", true},       {"-exec=1", true},
      {"e", true},        {"e=1", true},        {"ex", false},      {"--x-o", false}};
  for (const auto& [word, hit] : cases) EXPECT_EQ(FindNeverArg(never, {"sort", "a", word}).has_value(), hit) << word;
  EXPECT_FALSE(FindNeverArg(never, {"e"})) << "the program itself";
}

// In how many ways it fits does not matter: each of them counts.
TEST(Match, PathsOfAllWaysCount) {
  const std::vector<Element> pattern = {Words({"p"}), Text(99, 0, 3), Path(Act::kRead, 0, 3), Path(Act::kWrite, 0, 3)};
  const Fit fit = FitArgv(pattern, {"p", "a", "b"});
  ASSERT_TRUE(fit.fits);
  EXPECT_EQ(fit.paths.size(), 4u) << "each word may be read, and may be written";
  const Fit flags =
      FitArgv({Words({"p"}),
               Flags({{FlagForm::kGlued, "--out=", FlagValue::kWrite}, {FlagForm::kSeparate, "-i", FlagValue::kRead}}),
               Path(Act::kRead)},
              {"p", "--out=/x", "-i", "y", "z"});
  ASSERT_EQ(flags.paths.size(), 3u);
  EXPECT_EQ(flags.paths[0].offset, 6u);
  EXPECT_EQ(flags.paths[1].word, 3u);
  // A way that does not fit to the end does not count.
  const Fit narrow = FitArgv({Words({"p"}), Path(Act::kRead, 0, 1), Words({"x"}), Path(Act::kWrite)}, {"p", "x", "y"});
  ASSERT_TRUE(narrow.fits);
  ASSERT_EQ(narrow.paths.size(), 1u);
  EXPECT_EQ(narrow.paths[0].word, 2u);
}

TEST(Match, TellsWhereItFailed) {
  const Fit fit =
      FitArgv({Words({"git"}), Words({"push"}), Words({"origin", "up"})}, {"git", "push", "evil"}, Explain::kYes);
  EXPECT_FALSE(fit.fits);
  EXPECT_EQ(fit.words_matched, 2u);
  EXPECT_EQ(fit.expected, "one of `origin`, `up`");
}

// The obvious way to say what fits: try everything. Slow, and right.
bool Fits(const std::vector<Element>& pattern, size_t e, const Argv& argv, size_t w) {
  if (e == pattern.size()) return w == argv.size();
  const Element& element = pattern[e];
  if (element.kind == ElementKind::kRest) return true;
  if (element.kind == ElementKind::kFlags) {
    if (Fits(pattern, e + 1, argv, w)) return true;
    for (const Flag& flag : element.flags) {
      const size_t taken = w < argv.size() ? FlagWords(flag, argv, w) : 0;
      const bool ends = flag.text == "--" && flag.form == FlagForm::kExact;
      if (taken > 0 && Fits(pattern, ends ? e + 1 : e, argv, w + taken)) return true;
    }
    return false;
  }
  for (size_t n = 0; n <= element.repeat_high; ++n) {
    if (n >= element.repeat_low && Fits(pattern, e + 1, argv, w + n)) return true;
    if (w + n >= argv.size()) return false;
    const bool after = std::find(argv.begin() + 1, argv.begin() + static_cast<ptrdiff_t>(w + n), "--") !=
                       argv.begin() + static_cast<ptrdiff_t>(w + n);
    if (!FitsWord(element, argv[w + n], after)) return false;
  }
  return false;
}

TEST(MatchProperty, AgreesWithTryingEverything) {
  std::mt19937 engine(7);
  auto r = [&] { return static_cast<uint32_t>(engine()); };
  const Argv words = {"a", "b", "-n", "-nn", "--", "7", "-C", ""};
  int fitting = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<Element> pattern = {Words({"p"})};
    for (size_t e = r() % 4; e > 0; --e) {
      const uint32_t low = r() % 3;
      switch (r() % 5) {
        case 0:
          pattern.push_back(Words({words[r() % 8]}));
          break;
        case 1:
          pattern.push_back(Path(Act::kRead, low, low + r() % 3));
          break;
        case 2:
          pattern.push_back(Text(9, low, low + r() % 3));
          break;
        case 3:
          pattern.push_back(Flags({{FlagForm::kBundle, "n", FlagValue::kNone},
                                   {FlagForm::kSeparate, "-C", FlagValue::kInt},
                                   {FlagForm::kExact, "--", FlagValue::kNone}}));
          break;
        default:
          pattern.push_back(Regex("[ab]", low, low + r() % 3));
      }
    }
    if (r() % 4 == 0) pattern.push_back(Rest());
    Argv argv = {"p"};
    for (size_t w = r() % 5; w > 0; --w) argv.push_back(words[r() % 8]);
    const bool expected = Fits(pattern, 1, argv, 1);
    ASSERT_EQ(FitArgv(pattern, argv).fits, expected) << ShowCommand(argv);
    fitting += expected;
  }
  EXPECT_GT(fitting, 500);
}

TEST(Match, RepeatsDoNotBlowUp) {
  std::vector<Element> pattern = {Words({"p"})};
  for (int i = 0; i < 30; ++i) pattern.push_back(Path(Act::kRead, 0, 1000));
  for (int i = 0; i < 10; ++i) pattern.push_back(Flags({{FlagForm::kBundle, "x", FlagValue::kNone}}));
  pattern.push_back(Words({"end"}));
  Argv argv(1024, "a");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(FitArgv(pattern, argv).fits);
  argv.back() = "end";
  EXPECT_TRUE(FitArgv(pattern, argv).fits);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace warder::policy
