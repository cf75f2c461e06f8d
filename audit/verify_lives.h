// Does each life of the host begin and end as it must, and is it signed where it must be?
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "audit/reader.h"
#include "audit/verify.h"

namespace warder::audit {

class LifeCheck {
 public:
  // sizes: those that valid checkpoints signed. Both are borrowed.
  LifeCheck(VerifyReport& report, const std::set<uint64_t>& sizes) : report_(report), sizes_(sizes) {}
  // key: HashHex() of the log's key; empty where it is not known.
  void Take(const Record& record, const std::string& key);
  // Behind the last record. stopped: it is host.stop.
  void Finish(bool stopped);

 private:
  void Find(uint64_t seq, std::string what);
  void TakeStart(const Record& record, const std::string& key);
  void DemandStop(uint64_t size);
  VerifyReport& report_;
  const std::set<uint64_t>& sizes_;
  uint64_t started_ = 0, next_ = 0;
  bool beginning_ = false;  // host.start or host.recovered, and nothing but orphans since
  std::string last_type_;
};

}  // namespace warder::audit
