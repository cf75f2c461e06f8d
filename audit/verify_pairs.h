// Do the records of each call follow on each other as they must?
#pragma once

#include <map>
#include <string>

#include "audit/reader.h"
#include "audit/verify.h"

namespace warder::audit {

class PairCheck {
 public:
  explicit PairCheck(VerifyReport& report) : report_(report) {}
  void Take(const Record& record);
  // Intents that nothing closed: told for a running log, found for a stopped one.
  void Finish();

 private:
  struct Seen {
    uint64_t session = 0, intent = 0;
    bool call = false, decision = false, has_intent = false, closed = false, outcome = false;
    bool approved = false, denied = false;
    std::string level;
  };
  void Find(const Record& record, std::string what);
  void TakeDecision(const Record& record, Seen& seen);
  void TakeIntent(const Record& record, Seen& seen);
  VerifyReport& report_;
  std::map<uint64_t, Seen> calls_;
};

}  // namespace warder::audit
