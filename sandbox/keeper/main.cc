// warder-keeper: stays beside one jail until it is empty, and tells the broker and the ledger what became of it.
#include <signal.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "sandbox/keeper/confine.h"
#include "sandbox/keeper/run.h"

int main() {
  using namespace warder;
  SetLogName("warder-keeper");
  // A reader that is gone is an error of write(2), not an end of this process.
  signal(SIGPIPE, SIG_IGN);
  auto bytes = ReadSealed(keeper::kPlanFd, limits::kMaxPlanBytes);
  auto plan = bytes ? wire::ParseRunPlan(*bytes) : Result<wire::RunPlan>(std::unexpected(bytes.error()));
  if (!plan) {
    LogError(plan.error().what);
    return 1;  // warderd sees the keeper die and kills the jail
  }
  if (Status status = keeper::Confine(); !status) {
    LogError(status.error().what);
    return 1;
  }
  keeper::Run(*plan).Keep();
  return 0;
}
