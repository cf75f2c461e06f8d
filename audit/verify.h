// Is this log whole, unchanged and signed? Judged from the directory alone, with what the caller
// knows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace warder::audit {

struct VerifyOptions {
  std::string vkey;        // of the log key; empty: the directory's own key.pub, which proves less
  std::string checkpoint;  // a signed note kept elsewhere: the log must contain it; may be empty
};

struct VerifyFinding {
  int64_t seq = -1;  // of the first record concerned; -1: of none
  std::string what;
};

struct VerifyReport {
  bool ok = false;      // nothing was found, and nothing was redacted
  std::string verdict;  // one line
  std::vector<VerifyFinding> findings;
  std::vector<std::string> notes;  // no findings: open intents of a running log, clock steps …
  uint64_t records = 0, signed_records = 0, checkpoints = 0;
  uint64_t calls = 0, intents = 0, outcomes = 0, orphans = 0, open_intents = 0;
  uint64_t values = 0, redacted = 0, plans = 0;
  bool stopped = false;  // the last record is host.stop
  std::string root;      // base64, over all records
  std::string key;       // vkey that was used
};

// An Error only where the directory can not be read or holds no log.
Result<VerifyReport> Verify(const std::string& directory, const VerifyOptions& options = {});

// For people: the verdict, then findings and notes; and for machines.
std::string RenderVerify(const VerifyReport& report, bool colour);
std::string VerifyJson(const VerifyReport& report);

}  // namespace warder::audit
