// Is this receipt the ledger's, for this plan, fresh, and never used? (0-overview; docs/formats/receipt.md)
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/limits.h"
#include "wire/receipt.h"

namespace warder::jailer {

// Takes each number once: in any order within kReceiptWindow below the highest one, never below it.
class OnceWindow {
 public:
  bool Take(uint64_t number);

 private:
  uint64_t highest_ = 0;
  std::bitset<limits::kReceiptWindow> taken_;  // bit i: highest_ - i
};

// The check of one epoch. Its key lies in memory that fork wipes and core dumps leave out.
class Receipts {
 public:
  static Result<Receipts> Make(const wire::BootId& boot, uint64_t epoch);
  Receipts(Receipts&& other) noexcept
      : boot_(other.boot_), epoch_(other.epoch_), seqs_(other.seqs_), key_(std::exchange(other.key_, nullptr)) {}
  ~Receipts();

  // OK: the receipt counts as used from here on. Any refusal leaves it unused.
  // now_ns: CLOCK_BOOTTIME. session and call: what the plan says, the session being one that lives.
  Status Use(const wire::Receipt& receipt, std::string_view plan, uint64_t session, uint64_t call, uint64_t now_ns);

  const wire::EpochKey& key() const { return *key_; }
  const wire::BootId& boot() const { return boot_; }
  uint64_t epoch() const { return epoch_; }

 private:
  Receipts(const wire::BootId& boot, uint64_t epoch) : boot_(boot), epoch_(epoch) {}
  wire::BootId boot_;
  uint64_t epoch_;
  OnceWindow seqs_;
  wire::EpochKey* key_ = nullptr;  // a page of its own
};

}  // namespace warder::jailer
