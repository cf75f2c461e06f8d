// From parts to the rules of a policy. Internal to policy/learn.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "policy/learn/learn.h"
#include "policy/learn/parts.h"
#include "policy/policy.h"

namespace warder::policy::learn {

// A part that was seen, with the level that it is learned at.
struct Grant {
  Part part;
  Level level = Level::kForbid;
  std::vector<uint64_t> records;
  uint64_t calls = 0;   // distinct ones
  bool reason = false;  // calls without a reason were refused
  bool dropped = false;
};

struct Made {
  std::string kind, says, stands_for;
  Level level = Level::kForbid;
  std::vector<size_t> grants;
  std::string widened_as;  // what to block so that it is not made again; empty: it is exact
};

struct Built {
  Policy policy;                      // without examples and tests
  std::map<std::string, Made> rules;  // by id; actions by their names
};

// The rules for all grants that are not dropped. Equal commands but for one word become one rule with a list of words:
// it allows the same. `blocked`: Made::widened_as of what is not to be widened.
Built BuildRules(const std::vector<Grant>& grants, const std::set<std::string>& variables, const LearnTerms& terms,
                 const std::set<std::string>& blocked);

// Adds `match`, `not-match` and tests that hold, of what was seen, to a policy that loads. `loaded` is what it loads
// to; `asked` are lines and tools of seen calls with the levels that they should have.
struct AskedBefore {
  Test test;  // without `by`
};
void AddExamples(Policy& policy, const Policy& loaded, const std::vector<AskedBefore>& asked);

// The argv as a line that is read back as exactly this argv; empty: there is none.
std::string LineFor(const std::vector<std::string>& argv);

}  // namespace warder::policy::learn
