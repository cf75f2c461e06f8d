// In which ways could policies be weaker by one step, and would one of their examples or tests notice?
//
// A weakening is one small change of one rule, list or setting by which some call could come out looser. Only changes
// that an example or a test can see are made: what has no level (limits, approval terms, attempts, leases, breakers,
// guard, the hosts that a run may reach, pins, jail, workspace, redact, lengths of texts, http methods of which GET is
// one) and what counts inside a jail alone is not asked for by any test (docs/policy/testing.md).
//
// A change that nothing notices counts as a survivor only where it is really weaker: where a call was found that comes
// out looser, or a line that an example would tell apart. That call or line is the test that is missing. A change that
// makes no difference to any level is left out; one that nothing notices and of which no such call was found is told
// apart as `no_call`.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/examples.h"

namespace warder::policy {

struct Weakening {
  size_t layer = 0;
  Where where;       // of the rule, list or setting
  std::string what;  // "rule no-privilege: without `su`"
  std::function<void(Policy&)> change;
  // Calls that the change may let through, in the words of a test: what they expect is not filled in.
  std::vector<Test> probes;
  // Lines that the rule's pattern may take in, or no longer, by the change.
  std::vector<std::string> lines;
  size_t rule = SIZE_MAX;      // of `lines`: the exec rule
  bool asks_for_time = false;  // a window's: probes at each of its edges
};

// Every weakening of every layer, in the files' order. None that changes nothing by itself.
std::vector<Weakening> Weakenings(const PolicySet& set, std::span<const Test> more);

struct Survivor {
  size_t layer = 0;
  Where where;
  std::string what;
  // A line of YAML that would notice it: under `tests`, or under `match` or `not-match` of the rule. Empty: no call was
  // found that tells the two apart.
  std::string suggestion;
};

struct Weakened {
  size_t all = 0;      // weakenings that were tried
  size_t noticed = 0;  // by an example or a test
  std::vector<Survivor> survivors;
  std::vector<Survivor> no_call;
};

// All examples and tests of the set, and `more`, must hold.
Weakened TryWeakenings(const PolicySet& set, std::span<const Test> more);

// The words of a test, as a line of YAML: `- { run: "make", expect: auto }`.
std::string TestLine(const Test& test);

}  // namespace warder::policy
