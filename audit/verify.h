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
  std::string checkpoint;  // a signed note kept elsewhere: the log must extend it; may be empty
};

// What docs/formats/audit.md says of a verdict.
enum class VerifyState : uint8_t {
  kOk,            // nothing found; all is signed, or the host runs and will sign
  kNotYetSigned,  // nothing found; the last records are signed by nobody and no ledger is at work
  kRedacted,      // nothing found; values were erased, so not all can be checked
  kNotOk,         // a finding
};

struct VerifyFinding {
  int64_t seq = -1;  // of the first record concerned; -1: of none
  std::string what;
};

struct VerifyReport {
  VerifyState state = VerifyState::kNotOk;
  bool ok = false;      // kOk
  std::string verdict;  // one line
  std::vector<VerifyFinding> findings;
  std::vector<std::string> notes;  // no findings: open intents of a running log, clock steps …
  uint64_t records = 0, signed_records = 0, checkpoints = 0;
  uint64_t calls = 0, intents = 0, outcomes = 0, orphans = 0, open_intents = 0;
  uint64_t values = 0, redacted = 0, plans = 0;
  bool stopped = false;  // the last record is host.stop
  bool running = false;  // a ledger held the log's lock when reading began
  std::string root;      // base64, over all records
  std::string key;       // vkey that was used
};

// An Error only where the directory can not be read or holds no log. Whether a ledger is at work is
// asked by taking the log's lock, shared, for a moment.
Result<VerifyReport> Verify(const std::string& directory, const VerifyOptions& options = {});

// For people: the verdict, then findings and notes; and for machines.
std::string RenderVerify(const VerifyReport& report, bool colour);
std::string VerifyJson(const VerifyReport& report);

}  // namespace warder::audit
