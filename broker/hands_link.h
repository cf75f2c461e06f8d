// What the broker asks of a session's hands: look something up in the session's own view.
//
// Each question is answered within kHandsTimeout or fails with kUnavailable. Hands that are gone fail every
// question: a fact that nobody can look up allows nothing.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "broker/packet_link.h"
#include "wire/hands.h"

namespace warder::broker {

struct HandsBytes {
  std::string bytes;
  uint64_t size = 0;  // of the whole file
};
struct HandsListing {
  std::vector<wire::ListEntry> entries;
  bool cut = false;
};

class HandsLink : public std::enable_shared_from_this<HandsLink> {
 public:
  HandsLink(const asio::any_io_executor& executor, UniqueFd socket);

  // Answers as many as there were questions, in their order. `request` is filled in here.
  asio::awaitable<Result<wire::ResolveAnswer>> Resolve(wire::ResolveRequest request);
  asio::awaitable<Result<std::vector<wire::Cover>>> Covers(wire::CoverRequest request);
  asio::awaitable<Result<HandsBytes>> Read(wire::ReadRequest request);
  asio::awaitable<Result<HandsListing>> List(wire::ListRequest request);

  // Serves answers until the hands are gone.
  asio::awaitable<void> Receive();
  void Close();

 private:
  asio::awaitable<Result<Packet>> Ask(uint64_t request, std::string bytes);

  asio::any_io_executor executor_;
  std::shared_ptr<PacketLink> link_;
  std::map<uint64_t, std::shared_ptr<Answer<Result<Packet>>>> waiting_;
  uint64_t next_ = 1;
};

}  // namespace warder::broker
