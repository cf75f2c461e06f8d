// Receipt: the ledger's proof that an intent for exactly these plan bytes is durable (0-overview).
//
// A MAC under a per-epoch key that only ledger and jailer hold. The jailer takes a receipt once, within
// kReceiptLife of `time_ns`, for the session that it knows itself.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/archive.h"
#include "base/sha256.h"

namespace warder::wire {

using EpochKey = std::array<uint8_t, 32>;
using BootId = std::array<uint8_t, 16>;

struct Receipt {
  uint8_t version = 1;
  BootId boot{};
  uint64_t epoch = 0;
  uint64_t session = 0;
  uint64_t call = 0;
  uint64_t seq = 0;      // of the intent record; no two receipts of an epoch share one
  uint64_t time_ns = 0;  // CLOCK_BOOTTIME when the sync had returned
  Digest plan{};         // SHA-256 of the plan's bytes
  Digest mac{};

  template <typename F>
  void Fields(F& f) {
    f(version, boot, epoch, session, call, seq, time_ns, plan, mac);
  }
};

// The MAC over every field but itself.
Digest ReceiptMac(const EpochKey& key, const Receipt& receipt);

}  // namespace warder::wire
