// The order of a call, held by types: no run without a Permit and a RecordedIntent.
//
// A Permit is made only from a decision that allows, or from one that asks and a person's Grant for exactly
// what was shown. A RecordedIntent is made only by LedgerLink, when an intent is durable. Both are moved into
// the step that runs, and are spent there.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/sha256.h"
#include "policy/decide.h"
#include "wire/receipt.h"

namespace warder::broker {

class Spent {  // moves once, is never copied
 public:
  Spent() = default;
  Spent(Spent&& other) noexcept : good_(std::exchange(other.good_, false)) {}
  Spent& operator=(Spent&& other) noexcept {
    good_ = std::exchange(other.good_, false);
    return *this;
  }
  Spent(const Spent&) = delete;
  Spent& operator=(const Spent&) = delete;
  ~Spent() = default;
  explicit operator bool() const { return good_; }

 private:
  bool good_ = true;
};

// A person's yes to one call, for the digest that they were shown.
class Grant {
 public:
  uint64_t call() const { return call_; }
  const Digest& shown() const { return shown_; }

 private:
  friend class Approvals;
  Grant(uint64_t call, const Digest& shown) : call_(call), shown_(shown) {}
  Spent good_;
  uint64_t call_ = 0;
  Digest shown_{};
};

class Permit {
 public:
  // Nothing for approve and forbid.
  static std::optional<Permit> FromDecision(uint64_t call, const policy::Decision& decision) {
    if (decision.level != policy::Level::kAuto && decision.level != policy::Level::kNotify) return std::nullopt;
    return Permit(call);
  }
  // Nothing where the grant is for another call or for another text, or the decision does not ask.
  static std::optional<Permit> FromGrant(uint64_t call, const policy::Decision& decision, Grant grant,
                                         const Digest& shown_now) {
    if (decision.level != policy::Level::kApprove || grant.call() != call || !SameDigest(grant.shown(), shown_now))
      return std::nullopt;
    return Permit(call);
  }
  uint64_t call() const { return call_; }
  bool good() const { return static_cast<bool>(good_); }

 private:
  explicit Permit(uint64_t call) : call_(call) {}
  Spent good_;
  uint64_t call_ = 0;
};

class RecordedIntent {
 public:
  const wire::Receipt& receipt() const { return receipt_; }
  const std::string& plan() const { return plan_; }
  bool good() const { return static_cast<bool>(good_); }

 private:
  friend class LedgerLink;
  RecordedIntent(const wire::Receipt& receipt, std::string plan) : receipt_(receipt), plan_(std::move(plan)) {}
  Spent good_;
  wire::Receipt receipt_;
  std::string plan_;
};

}  // namespace warder::broker
