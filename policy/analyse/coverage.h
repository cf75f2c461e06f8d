// Which rules of the policies did no example and no test meet, and which did none decide by?
//
// A rule is met where an example or a test made it apply (an exec rule also by its own examples), an entry of
// `never-args` or `unless` where it kept its rule from applying. It decided where it stood at the level that a test
// came out at: an example asks about the pattern alone and decides nothing.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "policy/examples.h"

namespace warder::policy {

enum class CoveredKind : uint8_t {
  kExec,
  kPath,
  kNetwork,
  kWindow,
  kProfileAction,  // one action in one list of a profile
  kNeverArg,
  kUnless,
};
const char* CoveredName(CoveredKind kind);  // "exec rule", "entry of never-args" …

struct Covered {
  CoveredKind kind = CoveredKind::kExec;
  std::string id;     // of the rule or profile
  std::string entry;  // the action, the option, the glob; empty of a rule
  size_t layer = 0;
  Where where;
  size_t met = 0;      // by how many examples and tests
  size_t decided = 0;  // by how many tests; of never-args and unless the same as met
};

// Everything that can be covered, in the files' order. `more`: tests that stand in no layer.
std::vector<Covered> Coverage(const Trials& trials, std::span<const Test> more);

}  // namespace warder::policy
