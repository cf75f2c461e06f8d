// What the plan reader accepts has one encoding, and holds every rule of ValidateRun /
// ValidateChange.
#include <cstdlib>
#include <string_view>

#include "wire/plan.h"

namespace {
void Demand(bool holds) {
  if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto run = warder::wire::ParseRunPlan(bytes)) {
    Demand(warder::flat::EncodeMessage(*run) == bytes);
    Demand(warder::wire::ValidateRun(*run).has_value());
    for (const auto& command : run->commands)
      for (const auto& word : command.argv) Demand(!word.contains('\0'));
  }
  if (auto change = warder::wire::ParseChangePlan(bytes)) {
    Demand(warder::flat::EncodeMessage(*change) == bytes);
    Demand(warder::wire::ValidateChange(*change).has_value());
    Demand(warder::wire::IsBeneath(change->path, change->workspace));
  }
  return 0;
}
