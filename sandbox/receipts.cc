// Is a receipt good? See receipts.h.
#include "sandbox/receipts.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include <cerrno>
#include <string>

namespace warder::jailer {
namespace {
constexpr size_t kPageBytes = 4096;
}

bool OnceWindow::Take(uint64_t number) {
  if (number > highest_) {
    uint64_t step = number - highest_;
    taken_ = step >= taken_.size() ? decltype(taken_)() : taken_ << step;
    highest_ = number;
  }
  uint64_t back = highest_ - number;
  if (number == 0 || back >= taken_.size() || taken_[back]) return false;
  taken_[back] = true;
  return true;
}

Result<Receipts> Receipts::Make(const wire::BootId& boot, uint64_t epoch) {
  Receipts receipts(boot, epoch);
  void* page = mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return FailErrno("mmap for the epoch's key");
  receipts.key_ = static_cast<wire::EpochKey*>(page);
  if (madvise(page, kPageBytes, MADV_WIPEONFORK) != 0 || madvise(page, kPageBytes, MADV_DONTDUMP) != 0)
    return FailErrno("madvise for the epoch's key");
  if (getrandom(page, receipts.key_->size(), 0) != static_cast<ssize_t>(receipts.key_->size()))
    return FailErrno("getrandom");
  return receipts;
}

Receipts::~Receipts() {
  if (key_ == nullptr) return;
  explicit_bzero(key_, kPageBytes);
  munmap(key_, kPageBytes);
}

Status Receipts::Use(const wire::Receipt& receipt, std::string_view plan, uint64_t session, uint64_t call,
                     uint64_t now_ns) {
  auto refuse = [](std::string why) { return Fail(Code::kDenied, "receipt: " + std::move(why)); };
  if (receipt.version != 1) return refuse("version " + std::to_string(receipt.version));
  // The MAC first: nothing else in a receipt is worth a word before it.
  if (!SameDigest(wire::ReceiptMac(*key_, receipt), receipt.mac)) return refuse("the MAC is not the ledger's");
  if (receipt.boot != boot_) return refuse("of another boot");
  if (receipt.epoch != epoch_) return refuse("of epoch " + std::to_string(receipt.epoch));
  if (receipt.session != session) return refuse("of another session");
  if (receipt.call != call) return refuse("of another call");
  if (!SameDigest(receipt.plan, HashSha256(plan))) return refuse("of another plan");
  if (receipt.time_ns > now_ns) return refuse("from the future");
  if (now_ns - receipt.time_ns > static_cast<uint64_t>(std::chrono::nanoseconds(limits::kReceiptLife).count()))
    return refuse("older than 2 s");
  if (!seqs_.Take(receipt.seq)) return refuse("used before, or behind the window");
  return {};
}

}  // namespace warder::jailer
