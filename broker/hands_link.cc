// How are facts about files looked up by a process that has the session's own view?
#include "broker/hands_link.h"

#include "base/file.h"
#include "base/limits.h"

namespace warder::broker {
namespace {

// Names of 1,000 entries, 255 bytes each with link targets up to PATH_MAX.
constexpr size_t kMaxListingBytes = 8 * 1024 * 1024;

struct Listing {
  std::vector<wire::ListEntry> entries;
  template <typename F>
  void Fields(F& f) {
    f(entries);
  }
};

Code CodeFrom(uint8_t code) {
  return code <= static_cast<uint8_t>(Code::kSystem) ? static_cast<Code>(code) : Code::kSystem;
}

// The request number that every message of wire/hands.h begins with; 0 where there is none.
uint64_t RequestOf(const std::string& bytes) {
  flat::Reader reader(bytes);
  reader.Int<uint8_t>();
  reader.Int<uint8_t>();
  uint64_t request = reader.Int<uint64_t>();
  return reader.ok() ? request : 0;
}

}  // namespace

HandsLink::HandsLink(const asio::any_io_executor& executor, UniqueFd socket)
    : executor_(executor), link_(std::make_shared<PacketLink>(executor, std::move(socket))) {}

asio::awaitable<Result<Packet>> HandsLink::Ask(uint64_t request, std::string bytes) {
  auto self = shared_from_this();
  if (bytes.size() > limits::kMaxMessageBytes)
    co_return Fail(Code::kLimit, "the call names more or longer paths than can be looked up at once");
  auto answer = std::make_shared<Answer<Result<Packet>>>(executor_);
  waiting_[request] = answer;
  Status sent = link_->Send(std::move(bytes));
  if (!sent) {
    waiting_.erase(request);
    co_return Fail(Code::kUnavailable, "the session's file process: " + sent.error().what);
  }
  auto said = co_await answer->Wait(limits::kHandsTimeout);
  waiting_.erase(request);
  if (!said) co_return Fail(Code::kUnavailable, "looking up files took longer than 10 s");
  co_return std::move(*said);
}

asio::awaitable<Result<wire::ResolveAnswer>> HandsLink::Resolve(wire::ResolveRequest request) {
  request.request = next_++;
  auto packet = co_await Ask(request.request, flat::EncodeMessage(request));
  if (!packet) co_return std::unexpected(packet.error());
  auto answer = flat::DecodeMessage<wire::ResolveAnswer>(packet->bytes);
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->paths.size() != request.paths.size() || answer->programs.size() != request.programs.size())
    co_return Fail(Code::kInvalid, "another number of answers than of questions");
  for (const wire::PathAnswer& path : answer->paths)
    if (path.resolved && !wire::ValidPath(path.path)) co_return Fail(Code::kInvalid, "a path that is not canonical");
  for (const wire::ProgramAnswer& program : answer->programs)
    if (program.found && !wire::ValidPath(program.path)) co_return Fail(Code::kInvalid, "a path that is not canonical");
  co_return std::move(*answer);
}

asio::awaitable<Result<std::vector<wire::Cover>>> HandsLink::Covers(wire::CoverRequest request) {
  request.request = next_++;
  auto packet = co_await Ask(request.request, flat::EncodeMessage(request));
  if (!packet) co_return std::unexpected(packet.error());
  auto answer = flat::DecodeMessage<wire::CoverAnswer>(packet->bytes);
  if (!answer) co_return std::unexpected(answer.error());
  if (!answer->problem.empty()) co_return Fail(Code::kLimit, answer->problem);
  co_return std::move(answer->covers);
}

asio::awaitable<Result<HandsBytes>> HandsLink::Read(wire::ReadRequest request) {
  request.request = next_++;
  auto packet = co_await Ask(request.request, flat::EncodeMessage(request));
  if (!packet) co_return std::unexpected(packet.error());
  auto answer = flat::DecodeMessage<wire::ReadAnswer>(packet->bytes);
  if (!answer) co_return std::unexpected(answer.error());
  if (!answer->problem.empty()) co_return Fail(CodeFrom(answer->code), answer->problem);
  if (packet->fds.size() != 1) co_return Fail(Code::kInvalid, "an answer without the file's bytes");
  auto bytes = ReadSealed(packet->fds[0].get(), request.max_bytes);
  if (!bytes) co_return std::unexpected(bytes.error());
  co_return HandsBytes{std::move(*bytes), answer->size};
}

asio::awaitable<Result<HandsListing>> HandsLink::List(wire::ListRequest request) {
  request.request = next_++;
  auto packet = co_await Ask(request.request, flat::EncodeMessage(request));
  if (!packet) co_return std::unexpected(packet.error());
  auto answer = flat::DecodeMessage<wire::ListAnswer>(packet->bytes);
  if (!answer) co_return std::unexpected(answer.error());
  if (!answer->problem.empty()) co_return Fail(CodeFrom(answer->code), answer->problem);
  if (packet->fds.size() != 1) co_return Fail(Code::kInvalid, "an answer without the listing");
  auto bytes = ReadSealed(packet->fds[0].get(), kMaxListingBytes);
  if (!bytes) co_return std::unexpected(bytes.error());
  flat::Loader loader(*bytes);
  Listing listing;
  loader(listing);
  if (!loader.Done()) co_return Fail(Code::kInvalid, "a listing that is cut");
  co_return HandsListing{std::move(listing.entries), answer->cut};
}

asio::awaitable<void> HandsLink::Receive() {
  auto self = shared_from_this();
  for (;;) {
    Result<Packet> packet = co_await link_->Receive();
    if (!packet) {
      for (auto& [request, answer] : waiting_)
        answer->Set(Fail(Code::kUnavailable, "the session's file process: " + packet.error().what));
      // Nobody reads any more: a later question fails at once instead of waiting.
      link_->Close();
      co_return;
    }
    auto waiting = waiting_.find(RequestOf(packet->bytes));
    if (waiting != waiting_.end()) waiting->second->Set(std::move(*packet));
  }
}

void HandsLink::Close() { link_->Close(); }

}  // namespace warder::broker
