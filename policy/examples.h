// Examples and tests of policies, one at a time: for whoever counts, weakens or suggests them.
//
// Nothing is looked up on disk: relative paths start at /workspace and are taken by their text alone, programs are
// what their names were bound to (a name that is bound to nothing stands for a file of its own), counters are at zero,
// windows are open where a test names no time, and a reason is given unless the test is `by: reason`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decide.h"

namespace warder::policy {

// What a test's call is, and what comes out.
struct Answered {
  Call call;
  Wanted wanted;
  Facts facts;
  Decision decision;
};

// A rule against one example line.
struct Tried {
  bool usable = true;    // one command, or an opaque line
  bool matches = false;  // the pattern fits, and no path that it or the line names is forbidden
  bool fits = false;     // the pattern alone
  std::string why;
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, Act>> paths;  // that were judged, canonical
  std::vector<Applied> said;                       // by the layer's path rules
};

class Trials {
 public:
  // Copies what it needs: the set need not live on.
  explicit Trials(const PolicySet& set);

  // The set with a file for each program that is bound to none.
  const PolicySet& set() const { return with_.all; }

  // Nothing where no such call can be made.
  std::optional<Answered> Answer(const Test& test) const;
  // Whose test it is. kAllLayers: of a file of tests; then the answer must be exactly what it expects.
  static constexpr size_t kAllLayers = SIZE_MAX;
  std::optional<Finding> Run(size_t layer, const Test& test) const;

  Tried Try(size_t layer, uint32_t rule, const std::string& line) const;
  // `wanted`: it stands under `match`, else under `not-match`.
  std::optional<Finding> Run(size_t layer, uint32_t rule, const Example& example, bool wanted) const;

 private:
  struct Sets {
    PolicySet all;
    std::vector<PolicySet> alone;  // each layer; empty where there is one
  };
  static Sets Make(const PolicySet& set, bool windows);
  const Sets& SetsFor(const Test& test) const { return test.at || !without_ ? with_ : *without_; }
  Level OwnLevel(size_t layer, const Answered& answered, const Test& test) const;

  const Sets with_;                    // with windows
  const std::optional<Sets> without_;  // absent: no layer has any
};

// policy::RunExamples, of what was prepared already.
std::vector<Finding> RunExamples(const Trials& trials);

// A file of tests alone: `tests`, as in a policy, and nothing else. Profiles and what `by` names must be known to some
// layer of the set.
struct LoadedTests {
  std::vector<Test> tests;
  std::vector<LoadProblem> problems;  // empty: all are usable
};
LoadedTests LoadTests(std::string_view bytes, const PolicySet& set);

}  // namespace warder::policy
