// Do the records of each call follow on each other as they must?
#pragma once

#include <map>
#include <string>
#include <vector>

#include "audit/reader.h"
#include "audit/verify.h"

namespace warder::audit {

class PairCheck {
 public:
  explicit PairCheck(VerifyReport& report) : report_(report) {}
  void Take(const Record& record);
  // Ends that contradict each other, and intents that nothing closed: told for a log that goes on,
  // found for a stopped one.
  void Finish();

 private:
  struct Seen {
    uint64_t session = 0, intent = 0;
    bool call = false, decision = false, has_intent = false, closed = false, outcome = false;
    bool approved = false, denied = false;
    std::string level;
    std::vector<std::string> exits;  // as keeper and monitor said: EndOf
    std::string said;                // as the outcome says
    uint64_t outcome_seq = 0;
  };
  void Find(const Record& record, std::string what);
  void TakeExit(const Record& record, Seen& seen);
  void TakeOutcome(const Record& record, Seen& seen);
  void CheckEnd(uint64_t call, const Seen& seen);
  void TakeDecision(const Record& record, Seen& seen);
  void TakeIntent(const Record& record, Seen& seen);
  VerifyReport& report_;
  std::map<uint64_t, Seen> calls_;
};

}  // namespace warder::audit
