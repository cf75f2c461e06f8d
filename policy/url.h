// Which host, port and path does an http URL name? A closed reader: what it does not take is
// refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace warder::policy {

struct Url {
  bool https = true;
  std::string host;  // lower case, no dot at its end
  uint16_t port = 0;
  std::string target;  // path and query, "/" at least
};

// "http://" or "https://", a host name or a dotted IPv4 address, a port where it is not the
// scheme's own, a path and a query of printable ASCII. No user, no fragment, no IPv6 address, no
// escape in the host: programs do not agree on how to read those.
std::optional<Url> ReadUrl(std::string_view text);

// Letters in lower case, without a dot at the end: DNS does not tell them apart (RFC 4343).
void NormalizeHost(std::string& host);

// Labels of letters, digits and inner dashes (RFC 1123), at most 253 bytes; not empty. A number as last label only in a
// dotted IPv4 address: other forms of one are read by some programs and not by others.
bool IsHostName(std::string_view text);

}  // namespace warder::policy
