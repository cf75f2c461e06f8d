// Our SHA-256 and HMAC give what OpenSSL's give, however the input is cut into updates.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>
#include <cstring>

#include "base/sha256.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  warder::Digest theirs;
  unsigned int length = 0;
  if (EVP_Digest(data, size, theirs.data(), &length, EVP_sha256(), nullptr) != 1) std::abort();
  warder::Sha256 hash;
  const size_t step = size > 0 ? data[0] + 1u : 1;
  for (size_t at = 0; at < size; at += step) hash.Update(bytes.substr(at, step));
  if (hash.Finish() != theirs) std::abort();
  const size_t key = size > 1 ? data[1] % (size + 1) : 0;
  if (HMAC(EVP_sha256(), data, static_cast<int>(key), data + key, size - key, theirs.data(), &length) == nullptr)
    std::abort();
  if (warder::HmacSha256(bytes.substr(0, key), bytes.substr(key)) != theirs) std::abort();
  return 0;
}
