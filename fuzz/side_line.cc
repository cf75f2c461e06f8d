// Property: what the quick way takes of a side file's line, the parser of JSON takes as the same; a line that is
// refused leaves nothing behind; and one that is there already is not taken a second time.
#include "audit/side_line.h"

#include <cstdint>
#include <cstdlib>
#include <tuple>

namespace {
using namespace warder::audit;

void Demand(bool holds) {
  if (!holds) std::abort();
}

bool Empty(const Sides& sides) { return sides.values.empty() && sides.blobs.empty(); }
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  Sides quick, tree, either;
  const bool plain = TakePlainSideLine(line, quick), any = TakeAnySideLine(line, tree),
             taken = TakeSideLine(line, either);
  Demand(plain || Empty(quick));
  Demand(any || Empty(tree));
  Demand(taken || Empty(either));
  if (taken && !either.values.empty()) Demand(!TakeSideLine(line, either));
  if (!plain) return 0;
  Demand(any && taken && quick.values.size() == 1 && tree.values.size() == 1);
  const auto& [name, value] = *quick.values.begin();
  const auto& [other_name, other] = *tree.values.begin();
  Demand(name == other_name);
  Demand(std::tie(value.salt, value.value, value.blob, value.seq) ==
         std::tie(other.salt, other.value, other.blob, other.seq));
  return 0;
}
