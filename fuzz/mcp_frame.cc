// Do lines and messages of agents mean exactly one thing, whatever the bytes are?
//
// Property: what ParseJson accepts, nlohmann's strict parser accepts as the same value; a message
// that is accepted and written again reads as the same message; a cutter's lines are the input's
// lines.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "broker/frame.h"
#include "broker/json_rpc.h"

using namespace warder::broker;

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckValue(std::string_view line) {
  auto value = ParseJson(line);
  if (!value) return;
  auto strict = nlohmann::json::parse(line.begin(), line.end(), nullptr, false);
  Check(!strict.is_discarded() && strict == *value);
  auto again = ParseJson(ToLine(*value));
  Check(again.has_value() && *again == *value);
  auto message = ReadMessage(*value);
  if (!message || message->kind == Message::Kind::kResponse) return;
  Check(WriteMessage(*message) == *value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  LineCutter cutter;
  std::string joined;
  // Fed in pieces whose size the input chooses.
  size_t step = size == 0 ? 1 : 1 + data[0] % 64;
  for (size_t at = 0; at < size; at += step) {
    cutter.Feed(input.substr(at, step));
    for (;;) {
      auto line = cutter.Next();
      if (!line) return 0;
      if (!line->has_value()) break;
      joined += **line + "\n";
      CheckValue(**line);
    }
  }
  // Carriage returns before newlines are taken off; nothing else is.
  std::string expected;
  for (size_t start = 0;;) {
    size_t end = input.find('\n', start);
    if (end == std::string_view::npos) break;
    std::string_view line = input.substr(start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    expected += std::string(line) + "\n";
    start = end + 1;
  }
  Check(joined == expected);
  CheckValue(input);
  return 0;
}
