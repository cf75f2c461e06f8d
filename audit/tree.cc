// What is the root over all records so far (RFC 6962)?
#include "audit/tree.h"

#include <openssl/sha.h>

#include <string>

namespace warder::audit {

Digest FastSha256(std::string_view bytes) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

Digest LeafHash(std::string_view leaf) {
  std::string input(1, '\0');
  input += leaf;
  return FastSha256(input);
}

Digest NodeHash(const Digest& left, const Digest& right) {
  std::string input(1, '\1');
  input += AsBytes(left);
  input += AsBytes(right);
  return FastSha256(input);
}

void Tree::Append(const Digest& leaf_hash) {
  Digest node = leaf_hash;
  // Each set low bit of the size is a full subtree as large as the node: the two become one.
  for (uint64_t size = size_; (size & 1) != 0; size >>= 1) {
    node = NodeHash(full_.back(), node);
    full_.pop_back();
  }
  full_.push_back(node);
  ++size_;
}

Digest Tree::Root() const {
  if (full_.empty()) return FastSha256({});
  Digest root = full_.back();
  for (size_t i = full_.size() - 1; i-- > 0;) root = NodeHash(full_[i], root);
  return root;
}

}  // namespace warder::audit
