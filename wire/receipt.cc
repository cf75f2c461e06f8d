// Over which bytes is a receipt's MAC made?
#include "wire/receipt.h"

namespace warder::wire {

Digest ReceiptMac(const EpochKey& key, const Receipt& receipt) {
  Receipt bare = receipt;
  bare.mac = {};
  flat::Saver saver;
  saver(bare);
  return HmacSha256({reinterpret_cast<const char*>(key.data()), key.size()}, saver.Take());
}

}  // namespace warder::wire
