// Does every trash meta that is accepted have exactly one encoding, its own bytes?
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sandbox/hands/trash.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto meta = warder::flat::DecodeMessage<warder::hands::TrashMeta>(bytes);
  if (meta && warder::flat::EncodeMessage(*meta) != bytes) std::abort();
  return 0;
}
