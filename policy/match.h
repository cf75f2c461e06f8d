// Does an argv fit a pattern, and which of its arguments are paths?
//
// The whole argv must fit. Where it fits in several ways, the paths of all of them count. Dynamic
// programming over (element, word): time is elements × words × flags, whatever the pattern repeats.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace warder::policy {

struct NamedPath {
  size_t word = 0;    // index in argv
  size_t offset = 0;  // where in that word the path begins (`--file=PATH`)
  Act act = Act::kRead;
};

struct NamedHost {
  size_t word = 0;
  uint16_t port = 0;
};

struct Fit {
  bool fits = false;
  std::vector<NamedPath> paths;  // of every way in which it fits, each once
  std::vector<NamedHost> hosts;  // the same
  std::string broken;            // why the pattern can not be evaluated at all; then it fits nothing
  // Where it does not fit and that was asked for: how many words did (the program included), and
  // what was expected instead.
  size_t words_matched = 0;
  std::string expected;
};

// argv[0] is not looked at: which program a name stands for is decided elsewhere. Both are never
// empty.
enum class Explain : uint8_t { kNo, kHowFar, kYes };  // kHowFar: words_matched alone
Fit FitArgv(const std::vector<Element>& pattern, const std::vector<std::string>& argv, Explain explain = Explain::kNo);

// The first argument that is one of these options, in any of its spellings (1-policy,
// "never-args").
std::optional<size_t> FindNeverArg(const std::vector<std::string>& never_args, const std::vector<std::string>& argv);

// ---- one word (policy/match_word.cc)
// ------------------------------------------------------------- Whether one argument fits an
// element that takes one argument a time; `after_dashes`: a `--` came before.
bool FitsWord(const Element& element, const std::string& word, bool after_dashes);
// Why the element can not be evaluated (its regular expression does not compile); empty: it can.
std::string ProblemOf(const Element& element);
// How many arguments from `at` on this flag takes: 0 (it is not there), 1 or 2.
size_t FlagWords(const Flag& flag, const std::vector<std::string>& argv, size_t at);
// As a person would write it: "one of `a`, `b`", "a path to read".
std::string DescribeElement(const Element& element);

}  // namespace warder::policy
