// How is a body spelled for the ledger?
#include "audit/client.h"

#include <cstdio>

#include "audit/base64.h"
#include "base/text.h"

namespace warder::audit {
namespace {

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      char form[8];
      std::snprintf(form, sizeof form, "\\u%04x", byte);
      out += form;
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string JsonText(std::string_view bytes) {
  return IsUtf8(bytes) ? Quoted(bytes) : "{\"b64\":\"" + Base64(bytes) + "\"}";
}

std::string JsonFree(std::string_view bytes) {
  return IsUtf8(bytes) ? "{\"$free\":" + Quoted(bytes) + "}" : "{\"$free_b64\":\"" + Base64(bytes) + "\"}";
}

Body& Body::Number(std::string_view key, int64_t value) {
  constexpr int64_t kWidest = (int64_t{1} << 53) - 1;
  if (value > kWidest || value < -kWidest) return Text(key, std::to_string(value));
  return Raw(key, std::to_string(value));
}

Body& Body::Decimal(std::string_view key, uint64_t value) { return Raw(key, '"' + std::to_string(value) + '"'); }

Body& Body::Raw(std::string_view key, std::string_view json) {
  if (out_.size() > 1) out_ += ',';
  out_ += Quoted(key);
  out_ += ':';
  out_ += json;
  return *this;
}

std::string Body::Take() {
  out_ += '}';
  return std::move(out_);
}

}  // namespace warder::audit
