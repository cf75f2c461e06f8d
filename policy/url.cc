// How is an http URL read, strictly?
#include "policy/url.h"

#include <algorithm>

#include "base/text.h"

namespace warder::policy {

void NormalizeHost(std::string& host) {
  for (char& c : host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (host.ends_with('.')) host.pop_back();
}

namespace {
// Four decimal numbers without leading zeros, as inet_pton(3) has it.
bool IsDottedQuad(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    const size_t dot = std::min(text.find('.'), text.size());
    const std::string_view number = text.substr(0, dot);
    if (!ParseDecimal(number, 255) || (number.size() > 1 && number.front() == '0')) return false;
    if ((dot == text.size()) != (part == 3)) return false;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return true;
}
// inet_aton(3) takes 0x7f.1, 0177.1 and 2130706433 for an address: one that no rule would know again.
bool LooksLikeNumber(std::string_view label) {
  if (label.starts_with("0x") || label.starts_with("0X")) return true;
  return std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
}
}  // namespace

bool IsHostName(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  const std::string_view last = text.substr(text.rfind('.') + 1);
  if (LooksLikeNumber(last) && !IsDottedQuad(text)) return false;
  for (;;) {
    const size_t dot = std::min(text.find('.'), text.size());
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    for (char c : label)
      if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-') return false;
    if (dot == text.size()) return true;
    text.remove_prefix(dot + 1);
  }
}

std::optional<Url> ReadUrl(std::string_view text) {
  Url url;
  constexpr size_t kLongest = 8000;
  if (text.size() > kLongest) return std::nullopt;
  for (char c : text)
    if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '#') return std::nullopt;
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    url.https = false;
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  const size_t end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, end);
  url.target = std::string(text.substr(end));
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  url.port = url.https ? 443 : 80;
  if (const size_t colon = authority.find(':'); colon != std::string_view::npos) {
    const auto port = ParseDecimal(authority.substr(colon + 1), 65'535);
    if (!port || *port == 0) return std::nullopt;
    url.port = static_cast<uint16_t>(*port);
    authority = authority.substr(0, colon);
  }
  url.host = std::string(authority);
  NormalizeHost(url.host);
  if (!IsHostName(url.host)) return std::nullopt;
  return url;
}

}  // namespace warder::policy
