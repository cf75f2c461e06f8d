// Property: what our YAML reader accepts, libyaml reads as the same tree; what libyaml refuses, we
// refuse.
#include <cstdint>
#include <cstdlib>

#include "fuzz/libyaml_tree.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!warder::fuzz::Disagreement(bytes).empty()) std::abort();
  return 0;
}
