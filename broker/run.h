// The run step: a jail is asked for with a permit and a recorded intent, and is listened to until it ends.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "broker/cancellation.h"
#include "wire/plan.h"
#include "wire/report.h"

namespace warder::broker {

// A plan with the descriptors that travel with it; ours are kept here.
struct PreparedRun {
  wire::RunPlan plan;
  std::vector<UniqueFd> theirs;
  UniqueFd output;  // packets of the keeper come here
  UniqueFd input;   // write end of stdin, where there is one
  std::string input_bytes;
};
Result<PreparedRun> PrepareRun(wire::RunPlan plan, std::optional<std::string> input);

struct RunResult {
  wire::RunEnd end;
  std::string out, err;
  bool started = false;
  std::string problem;  // why not started, or what was lost
  uint64_t start_ns = 0, run_ns = 0;
};
// Called with each piece of output, in order.
using OnOutput = std::function<void(const wire::Output&)>;

asio::awaitable<RunResult> Run(Broker& broker, Permit permit, RecordedIntent intent, PreparedRun prepared,
                               Cancellation& cancellation, OnOutput on_output);

const char* EndName(wire::EndKind kind);

}  // namespace warder::broker
