// Do the automata of argv patterns say what policy/match.h says, and are their witnesses real?
#include "policy/analyse/argv.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "policy/match.h"
#include "tests/policy/policy_maker.h"
#include "tests/policy/random_layers.h"

namespace warder::policy::analyse {
namespace {

using maker::Kind;
using maker::Regex;
using maker::Rule;
using maker::Words;

const std::vector<std::string> kArguments = {
    "x",      "y",     "ab",  "abc", "-",        "--",     "-v",      "-rf",      "-fr",      "-n",  "3",   "12",
    "007",    "",      "-n3", "-nx", "--max=4",  "--max=", "--max=x", "--output", "--outp=x", "-ox", "-uo", "src/f",
    "/etc/p", "h.org", ".h",  "a b", "\xC3\xA9", "x\n",    "-é",      "--o",      "--file=a", "9",   "10",  "300",
};
const std::vector<std::string> kRegexes = {
    "a*",          "(a|b)*abb?", "[a-c]+", "[^a-c]*",     "x|y|src/.*", "\\d+",    "[[:alpha:]]{2,3}",
    "a{0,2}b{1,}", ".",          ".*f",    "\\x61(bc?)*", "[\\w/.-]+",  "-?v|n",   "é+",
    "[à-ü]",       "\\S+ \\S+",  "()|x",   "a|",          "[]a]+",      "h\\.org", "{x",
};

Element Random(Dice& dice) {
  Element e;
  const auto low = static_cast<uint32_t>(dice.Below(2));
  const auto high = low + static_cast<uint32_t>(dice.Below(3)) + (low == 0 ? 1 : 0);
  switch (dice.Below(8)) {
    case 0:
      e = Words({dice.Of(kArguments), dice.Of(kArguments)});
      break;
    case 1:
      e = Regex(dice.Of(kRegexes), low, high);
      break;
    case 2:
      e = maker::Text(1 + dice.Below(4), low, high);
      break;
    case 3:
      e = maker::Int(dice.Below(4), 4 + dice.Below(300));
      break;
    case 4:
      e = maker::Path(static_cast<Act>(dice.Below(3)), low, high);
      break;
    case 5:
      e = Kind(ElementKind::kHost, low, high);
      e.port = 443;
      break;
    default: {
      const std::vector<Flag> all = {
          {FlagForm::kExact, "-v", FlagValue::kNone},     {FlagForm::kExact, "--", FlagValue::kNone},
          {FlagForm::kBundle, "rfv", FlagValue::kNone},   {FlagForm::kSeparate, "-n", FlagValue::kInt},
          {FlagForm::kSeparate, "-o", FlagValue::kWrite}, {FlagForm::kGlued, "-n", FlagValue::kInt},
          {FlagForm::kGlued, "--max=", FlagValue::kText}, {FlagForm::kGlued, "--file=", FlagValue::kRead}};
      e.kind = ElementKind::kFlags;
      for (const Flag& flag : all)
        if (dice.OneIn(3)) e.flags.push_back(flag);
      break;
    }
  }
  return e;
}

ExecRule RandomRule(Dice& dice) {
  const std::vector<std::string> nevers = {"-o", "--output", "x", "-", "--max", "src"};
  ExecRule rule = Rule("r", {Words({"p"})}, Level::kAuto);
  for (size_t e = dice.Below(4); e > 0; --e) rule.argv.push_back(Random(dice));
  if (dice.OneIn(5)) rule.argv.push_back(maker::Rest());
  if (dice.OneIn(3)) rule.never_args = {dice.Of(nevers), dice.Of(nevers)};
  return rule;
}

std::vector<std::string> RandomArgv(Dice& dice) {
  std::vector<std::string> argv{"p"};
  for (size_t w = dice.Below(5); w > 0; --w) argv.push_back(dice.Of(kArguments));
  return argv;
}

bool Matches(const ExecRule& rule, const std::vector<std::string>& argv) {
  return FitArgv(rule.argv, argv).fits && !FindNeverArg(rule.never_args, argv);
}

std::vector<std::string> WithProgram(std::vector<std::string> words) {
  words.insert(words.begin(), "p");
  return words;
}

std::string Told(const ExecRule& rule, const std::vector<std::string>& argv) {
  std::string out;
  for (const Element& element : rule.argv)
    out += DescribeElement(element) + " {" + std::to_string(element.repeat_low) + ".." +
           std::to_string(element.repeat_high) + "}; ";
  for (const std::string& never : rule.never_args) out += "never " + never + "; ";
  return out + "argv: " + ShowCommand(argv);
}

TEST(AnalyseArgv, AnAutomatonFitsExactlyWhatTheMatcherFits) {
  Dice dice(1);
  size_t fitted = 0;
  for (int round = 0; round < 400; ++round) {
    Argvs argvs;
    const ExecRule rule = RandomRule(dice);
    const Sequence& sequence = argvs.Of(rule);
    for (int i = 0; i < 200; ++i) {
      const std::vector<std::string> argv = RandomArgv(dice);
      const bool wanted = Matches(rule, argv);
      fitted += wanted ? 1 : 0;
      ASSERT_EQ(Fits(argvs.words(), sequence, {argv.begin() + 1, argv.end()}), wanted) << Told(rule, argv);
    }
  }
  EXPECT_GT(fitted, 5'000u);
}

TEST(AnalyseArgv, EachRegexIsReadAsRe2ReadsIt) {
  std::vector<std::string> words = kArguments;
  for (const char* more : {"a",     "b",    "c",          "aab", "abb",          "aabbb",
                           "bb",    "f",    "src/deep/f", "]",   "]a",           "{x",
                           "é",     "ü",    "à",          "èé",  "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                           "abcbc", "a b c"})
    words.emplace_back(more);
  std::vector<std::string> regexes = kRegexes;
  for (const char* more : {"[a-z0-9][a-z0-9/_-]{0,63}", "deployment/payments-[a-z]+", "(ab?){2,4}", "a{3}", "a{,2}",
                           "[€-😀]+", "[^\\d\\s]+", "\\D\\W?", "[[:^alpha:]]+", "\\101", "\\x{e9}", "a**", "[z-a]"})
    regexes.emplace_back(more);
  size_t read = 0;
  for (const std::string& regex : regexes) {
    analyse::Words automata(Alphabet::kArgument);
    const Element element = Regex(regex);
    if (!ProblemOf(element).empty()) continue;
    for (const bool after : {false, true}) {
      const uint32_t predicate = automata.Of(element, after);
      ASSERT_FALSE(automata.Sampled(predicate)) << regex;
      ++read;
      for (const std::string& word : words)
        EXPECT_EQ(automata.Fits(predicate, word), FitsWord(element, word, after)) << regex << " on " << word;
    }
  }
  EXPECT_GT(read, 55u);
}

TEST(AnalyseArgv, AWitnessIsRealAndWhereThereIsNoneNoArgvShowsOne) {
  Dice dice(2);
  size_t found = 0, none = 0;
  for (int round = 0; round < 500; ++round) {
    Argvs argvs;
    const ExecRule a = RandomRule(dice);
    ExecRule b = dice.Coin() ? a : RandomRule(dice);
    if (dice.Coin() && b.argv.size() > 1) b.argv[1 + dice.Below(b.argv.size() - 1)] = Random(dice);
    const ExecRule* pa = &a;
    const ExecRule* pb = &b;
    const Found inside = argvs.Find(std::span(&pa, 1), {});
    const Found difference = argvs.Find(std::span(&pa, 1), std::span(&pb, 1));
    const ExecRule* both[] = {&a, &b};
    const Found overlap = argvs.Find(both, {});
    if (inside.words) {
      ASSERT_TRUE(Matches(a, WithProgram(*inside.words))) << Told(a, WithProgram(*inside.words));
    }
    if (difference.words) {
      ASSERT_TRUE(Matches(a, WithProgram(*difference.words))) << Told(a, WithProgram(*difference.words));
      ASSERT_FALSE(Matches(b, WithProgram(*difference.words))) << Told(b, WithProgram(*difference.words));
    }
    if (overlap.words) {
      ASSERT_TRUE(Matches(a, WithProgram(*overlap.words))) << Told(a, WithProgram(*overlap.words));
      ASSERT_TRUE(Matches(b, WithProgram(*overlap.words))) << Told(b, WithProgram(*overlap.words));
    }
    (difference.words ? found : none) += 1;
    ASSERT_FALSE(inside.partial || difference.partial || overlap.partial) << Told(a, {}) << Told(b, {});
    for (int i = 0; i < 200; ++i) {
      const std::vector<std::string> argv = RandomArgv(dice);
      const bool in_a = Matches(a, argv), in_b = Matches(b, argv);
      ASSERT_TRUE(inside.words || !in_a) << Told(a, argv);
      ASSERT_TRUE(difference.words || !in_a || in_b) << Told(a, argv) << Told(b, {});
      ASSERT_TRUE(overlap.words || !in_a || !in_b) << Told(a, argv) << Told(b, {});
    }
  }
  EXPECT_GT(found, 50u);
  EXPECT_GT(none, 50u);
}

std::string Repeated(const std::string& word, size_t count) {
  std::string out = word;
  while (--count > 0) out += " " + word;
  return out;
}

struct Difference {
  std::vector<Element> wide, narrow;
  std::vector<std::string> never_wide, never_narrow;
  std::string witness;  // without the program
};

TEST(AnalyseArgv, FindsTheDifferenceThatAReviewerWouldMiss) {
  const Flag bundle_rf{FlagForm::kBundle, "rf", FlagValue::kNone}, bundle_r{FlagForm::kBundle, "r", FlagValue::kNone};
  const std::vector<Difference> cases = {
      {{Words({"push"}), Regex("[a-z][a-z/]*")}, {Words({"push"}), Regex("[a-z]+")}, {}, {}, "push a/"},
      {{maker::Path(Act::kRead, 0, 17)}, {maker::Path(Act::kRead, 0, 16)}, {}, {}, Repeated("src/main.c", 17)},
      {{maker::Flags({bundle_rf})}, {maker::Flags({bundle_r})}, {}, {}, "-f"},
      {{maker::Rest()}, {maker::Rest()}, {"-o"}, {"-o", "--output"}, "--output"},
      {{maker::Text(3)}, {maker::Text(2)}, {}, {}, "aaa"},
      {{maker::Text(300)}, {maker::Text(299)}, {}, {}, std::string(300, 'a')},
      {{maker::Int(1, 1000)}, {maker::Int(1, 999)}, {}, {}, "1000"},
      {{maker::Flags({{FlagForm::kExact, "--", FlagValue::kNone}}), maker::Path(Act::kRead)},
       {maker::Path(Act::kRead)},
       {},
       {},
       "-- src/main.c"},
  };
  for (const Difference& one : cases) {
    Argvs argvs;
    ExecRule wide = Rule("wide", {Words({"p"})}, Level::kAuto), narrow = Rule("narrow", {Words({"p"})}, Level::kAuto);
    wide.argv.insert(wide.argv.end(), one.wide.begin(), one.wide.end());
    narrow.argv.insert(narrow.argv.end(), one.narrow.begin(), one.narrow.end());
    wide.never_args = one.never_wide;
    narrow.never_args = one.never_narrow;
    const ExecRule *w = &wide, *n = &narrow;
    for (const ExecRule* rule : {w, n}) argvs.AddHints(*rule);
    const Found found = argvs.Find(std::span(&w, 1), std::span(&n, 1));
    ASSERT_TRUE(found.words) << one.witness;
    std::string shown;
    for (const std::string& word : *found.words) shown += (shown.empty() ? "" : " ") + word;
    EXPECT_EQ(shown, one.witness);
    EXPECT_FALSE(argvs.Find(std::span(&n, 1), std::span(&w, 1)).words && one.never_wide.size() < 1) << one.witness;
  }
}

TEST(AnalyseArgv, WitnessesAreWordsOfThePeopleWhoWroteTheRules) {
  Argvs argvs;
  ExecRule rule = Rule("git", {Words({"git"}), Words({"log"}), Regex("[A-Za-z0-9][A-Za-z0-9_.~/-]*")}, Level::kAuto);
  rule.match = {{"git log HEAD~1", {}}};
  argvs.AddHints(rule);
  const ExecRule* one = &rule;
  EXPECT_EQ(argvs.Find(std::span(&one, 1), {}).words, (std::vector<std::string>{"log", "HEAD~1"}));
}

TEST(AnalyseArgv, ARegexThatIsNotReadIsTriedAndSaid) {
  Argvs argvs;
  const ExecRule rule = Rule("r", {Words({"p"}), Regex("\\p{Greek}+")}, Level::kAuto);
  const ExecRule* one = &rule;
  const Found found = argvs.Find(std::span(&one, 1), {});
  EXPECT_FALSE(found.words);
  EXPECT_TRUE(found.partial);
}

}  // namespace
}  // namespace warder::policy::analyse
