// How does the broker learn that its records are durable?
#include "broker/ledger_link.h"

#include <boost/asio/co_spawn.hpp>

#include "base/limits.h"
#include "base/log.h"

namespace warder::broker {
namespace {

// Sync times have a tail of some ms; a ledger that says nothing for this long is broken.
constexpr std::chrono::seconds kLedgerTimeout{30};

}  // namespace

LedgerLink::LedgerLink(const asio::any_io_executor& executor, UniqueFd socket)
    : executor_(executor), link_(std::make_shared<PacketLink>(executor, std::move(socket))) {}

void LedgerLink::Shut(const std::string& why) {
  if (ok_) LogError("the ledger takes no records: " + why + "; no call runs until the host is restarted");
  ok_ = false;
  link_->Close();
  for (auto& [request, reply] : waiting_) reply->Set(Fail(Code::kUnavailable, "the audit log is shut: " + why));
}

asio::awaitable<Result<audit::AppendReply>> LedgerLink::Ask(std::vector<audit::Draft> drafts, std::string plan) {
  if (!ok_) co_return Fail(Code::kUnavailable, "the audit log is shut");
  audit::AppendRequest request;
  request.request = next_++;
  request.drafts = std::move(drafts);
  request.plan = std::move(plan);
  std::string bytes = flat::EncodeMessage(request);
  if (bytes.size() > limits::kMaxMessageBytes)
    co_return Fail(Code::kLimit, "the records of this call are larger than the log takes at once");
  auto reply = std::make_shared<Reply>(executor_);
  waiting_[request.request] = reply;
  if (Status sent = link_->Send(std::move(bytes)); !sent) {
    waiting_.erase(request.request);
    Shut(sent.error().what);
    co_return std::unexpected(sent.error());
  }
  auto answer = co_await reply->Wait(kLedgerTimeout);
  waiting_.erase(request.request);
  if (!answer) {
    Shut("no answer in " + std::to_string(kLedgerTimeout.count()) + " s");
    co_return Fail(Code::kUnavailable, "the audit log did not answer");
  }
  if (!*answer) co_return std::unexpected(answer->error());
  if (!(*answer)->ok) {
    uint8_t code = (*answer)->code;
    co_return Fail(code <= static_cast<uint8_t>(Code::kSystem) ? static_cast<Code>(code) : Code::kSystem,
                   "the audit log: " + (*answer)->error);
  }
  co_return std::move(**answer);
}

asio::awaitable<Status> LedgerLink::Append(std::vector<audit::Draft> drafts) {
  auto reply = co_await Ask(std::move(drafts));
  if (!reply) co_return std::unexpected(reply.error());
  co_return Status();
}

asio::awaitable<Result<RecordedIntent>> LedgerLink::AppendIntent(std::vector<audit::Draft> drafts, std::string plan) {
  // What does not fit one packet goes in two; the intent is last either way.
  size_t bytes = plan.size();
  for (const audit::Draft& draft : drafts) bytes += draft.body_json.size() + 64;
  if (bytes > limits::kMaxMessageBytes - 4096 && drafts.size() > 1) {
    audit::Draft intent = std::move(drafts.back());
    drafts.pop_back();
    Status first = co_await Append(std::move(drafts));
    if (!first) co_return std::unexpected(first.error());
    drafts.clear();
    drafts.push_back(std::move(intent));
  }
  const uint64_t session = drafts.back().session, call = drafts.back().call;
  Digest digest = HashSha256(plan);
  auto reply = co_await Ask(std::move(drafts), plan);
  if (!reply) co_return std::unexpected(reply.error());
  if (!reply->receipt || !SameDigest(reply->receipt->plan, digest) || reply->receipt->session != session ||
      reply->receipt->call != call)
    co_return Fail(Code::kUnavailable, "the ledger gave no receipt for this plan");
  co_return RecordedIntent(*reply->receipt, std::move(plan));
}

asio::awaitable<void> LedgerLink::Receive() {
  for (;;) {
    Result<Packet> packet = co_await link_->Receive();
    if (!packet) {
      Shut(packet.error().what);
      co_return;
    }
    auto reply = flat::DecodeMessage<audit::AppendReply>(packet->bytes);
    if (!reply) {
      Shut(reply.error().what);
      co_return;
    }
    auto waiting = waiting_.find(reply->request);
    if (waiting == waiting_.end()) continue;
    waiting->second->Set(std::move(*reply));
  }
}

}  // namespace warder::broker
