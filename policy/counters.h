// Counters as facts: attempts of rules, leases, and the session's circuit breakers.
//
// Who stores them is another room's matter; what a decision needs of the store is here. The store
// keys by agent (or its group, where it has one), except kCalls and kDuration, which are of one
// session, and times by a monotonic clock.
//   1. Want() names the needs of a call.
//   2. Peek() answers how much of each is used; the answers are facts, Decide() is pure.
//   3. CheckAndCount(decision.counts) right before the call runs: either every need still has room
//      and all are counted in the same step, or nothing is. Where it says no, its facts take the
//      place of the peeked ones and Decide() is asked again: it forbids, and names the rule.
// So two calls that peek at the same time can not both take the last place.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "policy/policy.h"

namespace warder::policy {

enum class CounterKind : uint8_t { kAttempts, kLease, kBreaker };

struct CounterNeed {
  CounterKind kind = CounterKind::kAttempts;
  LayerKind layer = LayerKind::kProject;
  std::string id;   // of the rule; of kLease the resource; of kBreaker `session.calls` …
  Breaker breaker;  // of kBreaker whole; of kAttempts max and per_ms; of kLease max 1
  bool operator==(const CounterNeed& other) const {
    return kind == other.kind && layer == other.layer && id == other.id;
  }
};

struct CounterFact {
  bool known = false;  // false: the store could not say; counts as no room
  // What stands against `max` now, this call not included: runs, calls, failures, tokens, the
  // session's age in milliseconds (kDuration), calls among the last ones that are the same or
  // similar, whether another run holds the lease (1).
  uint64_t used = 0;
};

inline bool HasRoom(const CounterNeed& need, const CounterFact& fact) {
  return fact.known && fact.used < need.breaker.max;
}

class Counters {
 public:
  virtual ~Counters() = default;
  // One fact for each need, in order. Changes nothing. `call`: what same-call and similar-call
  // compare, the canonical text of the call.
  virtual std::vector<CounterFact> Peek(std::span<const CounterNeed> needs, const std::string& call) = 0;
  struct Answer {
    bool counted = false;
    std::vector<CounterFact> facts;  // as they stood before this call, in order
  };
  // Atomic over all needs and against every other call of the store, from any thread: counts this
  // call once in each, or in none. An attempt or a call counts also where the run fails later.
  virtual Answer CheckAndCount(std::span<const CounterNeed> needs, const std::string& call) = 0;
  // The run ended: its leases are free.
  virtual void Release(std::span<const CounterNeed> needs) = 0;
};

}  // namespace warder::policy
