// What the broker asks of warderd: start this jail, make this change, end that session.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/packet_link.h"
#include "broker/permit.h"
#include "wire/monitor.h"

namespace warder::broker {

class MonitorLink {
 public:
  MonitorLink(const asio::any_io_executor& executor, UniqueFd socket);

  // A place for the jail of `call`, one of `most`. Where the last ones are held by runs that are over, it waits until
  // their jails are gone. kLimit: as many run. Given back by the jail's end, or by StartRun that fails.
  asio::awaitable<Status> TakePlace(uint64_t call, size_t most);
  void GiveBack(uint64_t call);  // no jail was asked for
  void RunIsOver(uint64_t call);
  size_t running() const;

  // Has the jail of a permitted plan built, while its intent is written; nothing runs in it. Afterwards StartRun, or
  // DropJail where there is nothing to run.
  Status MakeJail(const Permit& permit, const std::string& plan, std::vector<UniqueFd> fds);
  void DropJail(uint64_t call);
  // Spends both. The answer says whether the jailer runs what MakeJail gave it; it then speaks on its output socket.
  asio::awaitable<Status> StartRun(Permit permit, RecordedIntent intent);
  asio::awaitable<Result<wire::ChangeAnswer>> MakeChange(Permit permit, RecordedIntent intent,
                                                         std::vector<UniqueFd> fds);
  // What the loader of a workspace's policy answers to this text: the bytes of a ConfigAnswer, or of one cut short.
  // kUnavailable: none in time. One at a time for a session.
  asio::awaitable<Result<std::string>> ReadLayer(uint64_t session, const std::string& text);
  // What the loader of a candidate for this layer of the agent answers, as of ReadLayer.
  asio::awaitable<Result<std::string>> ReadCandidate(const std::string& agent, const std::string& layer,
                                                     const std::string& path);
  asio::awaitable<Status> Reload();
  // Why the last one, by whomever, was refused; empty: it was not.
  const std::string& refused_reload() const { return refused_reload_; }
  void Kill(uint64_t call);
  void EndSession(uint64_t session, const std::string& reason);
  void Drain(uint64_t wait_ms);

  // The next packet of the monitor that is not an answer to one of the above.
  asio::awaitable<Result<Packet>> Receive();

 private:
  bool TakeAnswer(const Packet& packet);
  void Tell(std::string bytes);
  // What is written into the pipe until its other ends are closed; nothing: not in time.
  asio::awaitable<std::optional<std::string>> AnswerOfLoader(UniqueFd pipe);

  enum class Place : uint8_t { kRuns, kOver };

  asio::any_io_executor executor_;
  std::shared_ptr<PacketLink> link_;
  std::map<uint64_t, Place> places_;
  std::vector<std::shared_ptr<Answer<bool>>> waiting_;  // for any place
  std::map<uint64_t, std::shared_ptr<Answer<wire::RunAnswer>>> runs_;
  std::map<uint64_t, std::shared_ptr<Answer<Result<wire::ChangeAnswer>>>> changes_;
  std::map<uint64_t, std::shared_ptr<Answer<wire::ReloadAnswer>>> reloads_;
  std::map<uint64_t, std::shared_ptr<Answer<wire::CandidateAnswer>>> candidates_;
  std::string refused_reload_;
  uint64_t next_reload_ = 1;
};

}  // namespace warder::broker
