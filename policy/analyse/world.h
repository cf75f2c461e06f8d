// Calls under imagined facts, asked of two policies: both see the same world.
//
// As with in-rule examples nothing is looked up on disk: paths are taken by their text from the workspace kWorkspace
// on, every file exists unless the case says otherwise, programs are what names were bound to at load, a name that is
// bound to nothing stands for the file in which it is declared, the same for both. Decisions are policy::Decide's.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/decide.h"

namespace warder::policy::analyse {

enum class Side : uint8_t { kOld, kNew };

inline const std::string kReason = "asked by a comparison";

// What may differ between two calls of the same words.
struct Situation {
  std::string profile;          // empty: the policies' own default
  std::vector<ZoneFact> zones;  // local times
  std::string when;             // the same for people; empty where no window asks
  bool reason = true;
};

struct Case {
  Call call;
  std::string shown;              // for people
  std::vector<std::string> argv;  // of a run of one command
  bool new_file = false;          // what it writes does not exist yet
  // What pinned programs hold: what the old policy pins (the new one, where only it does), what the new one pins, or
  // something else.
  enum class Content : uint8_t { kOldPin, kNewPin, kOther } content = Content::kOldPin;
  // Every counter of this kind stands at this number; of a breaker, of this one.
  struct Used {
    CounterKind kind = CounterKind::kBreaker;
    BreakerKind breaker = BreakerKind::kCalls;
    uint64_t used = 0;
  };
  std::optional<Used> used;
};

class World {
 public:
  World(const PolicySet& old_set, const PolicySet& new_set);
  const PolicySet& set(Side side) const { return side == Side::kOld ? old_ : new_; }
  Decision Ask(Side side, const Case& one, const Situation& situation) const;

 private:
  Facts Imagine(Side side, const Case& one, const Situation& situation) const;
  ProgramFact Look(const std::string& path, const Case& one) const;

  PolicySet old_, new_;
  // By path and by name, with the pin of the old policy first, and with that of the new one.
  std::unordered_map<std::string, ProgramFact> files_[2];
};

// One simple command, as a call gives it.
Case RunOf(std::vector<std::string> argv, bool inside);

}  // namespace warder::policy::analyse
