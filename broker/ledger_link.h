// What the broker asks of the ledger: make these records durable, in order, before anything goes on.
//
// Once the ledger is gone or says that it is shut, nothing is taken any more (ok() is false for good): no
// record, no run.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "audit/client.h"
#include "broker/packet_link.h"
#include "broker/permit.h"

namespace warder::broker {

class LedgerLink {
 public:
  LedgerLink(const asio::any_io_executor& executor, UniqueFd socket);

  // All of them, durable, or none. kUnavailable: the ledger is shut.
  asio::awaitable<Status> Append(std::vector<audit::Draft> drafts);
  // The same with an intent among the drafts; the only way to a RecordedIntent.
  asio::awaitable<Result<RecordedIntent>> AppendIntent(std::vector<audit::Draft> drafts, std::string plan);
  // Whether a new record would be taken now: kUnavailable says why not (no space, shut).
  asio::awaitable<Status> TakesNew() { return Append({}); }

  // Serves answers until the ledger is gone.
  asio::awaitable<void> Receive();
  bool ok() const { return ok_; }

 private:
  using Reply = Answer<Result<audit::AppendReply>>;
  asio::awaitable<Result<audit::AppendReply>> Ask(std::vector<audit::Draft> drafts, std::string plan = "");
  void Shut(const std::string& why);

  asio::any_io_executor executor_;
  std::shared_ptr<PacketLink> link_;
  std::map<uint64_t, std::shared_ptr<Reply>> waiting_;
  uint64_t next_ = 1;
  bool ok_ = true;
};

}  // namespace warder::broker
