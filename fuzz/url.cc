// A URL that is read says again what was read: one host, one port, one target, and nothing of a user or a fragment.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "policy/url.h"

namespace {
void Demand(bool holds) {
  if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using warder::policy::ReadUrl;
  const auto url = ReadUrl({reinterpret_cast<const char*>(data), size});
  if (!url) return 0;
  Demand(warder::policy::IsHostName(url->host) && url->port != 0 && url->target.starts_with('/'));
  Demand(url->host.starts_with("0x") == false || url->host.find('.') != std::string::npos);
  for (char c : url->host) Demand(c < 'A' || c > 'Z');
  Demand(url->host.find_first_of("@:/?#\\") == std::string::npos && url->target.find('#') == std::string::npos);
  const std::string text =
      (url->https ? "https://" : "http://") + url->host + ":" + std::to_string(url->port) + url->target;
  const auto again = ReadUrl(text);
  Demand(again && again->https == url->https && again->host == url->host && again->port == url->port &&
         again->target == url->target);
  return 0;
}
