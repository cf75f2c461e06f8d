// SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104) for programs that link no OpenSSL: the jailer,
// warder-enter, warder-init, warder-keeper. Tested with the NIST and RFC 4231 vectors and against OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace warder {

using Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  void Update(std::string_view bytes);
  Digest Finish();  // the object is spent afterwards

 private:
  void Block(const uint8_t* block);
  std::array<uint32_t, 8> state_;
  std::array<uint8_t, 64> pending_{};
  size_t pending_size_ = 0;
  uint64_t total_ = 0;
};

Digest HashSha256(std::string_view bytes);
Digest HmacSha256(std::string_view key, std::string_view bytes);
// Compares without a branch on the content, so that a MAC can not be guessed byte by byte.
bool SameDigest(const Digest& a, const Digest& b);

inline std::string_view AsBytes(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace warder
