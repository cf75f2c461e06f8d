// The Merkle tree over the log's lines (RFC 6962, 2.1), kept as the roots of its full subtrees.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/sha256.h"

namespace warder::audit {

Digest FastSha256(std::string_view bytes);  // OpenSSL's
Digest LeafHash(std::string_view leaf);
Digest NodeHash(const Digest& left, const Digest& right);

class Tree {
 public:
  void Append(const Digest& leaf_hash);
  uint64_t size() const { return size_; }
  // The root over all leaves so far; of none: SHA-256 of nothing.
  Digest Root() const;

 private:
  uint64_t size_ = 0;
  std::vector<Digest> full_;  // largest first, one a bit of size_
};

}  // namespace warder::audit
