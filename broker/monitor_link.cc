// How do plans and their receipts get to the jailer, and its answers back?
#include "broker/monitor_link.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"

namespace warder::broker {
namespace {

// Setting a jail up takes milliseconds; a host under load gets time, a broken one does not get for ever.
constexpr std::chrono::seconds kStartTimeout{30};
// Hands move or write at most 100 MB; across file systems a large tree is copied.
constexpr std::chrono::seconds kChangeTimeout{120};
constexpr std::chrono::seconds kReloadTimeout{60};
// A keeper waits two seconds for its init to be gone; more is a host in trouble.
constexpr std::chrono::seconds kGoneTimeout{5};

asio::awaitable<void> ReadToEnd(std::shared_ptr<asio::posix::stream_descriptor> pipe,
                                std::shared_ptr<Answer<std::string>> read) {
  constexpr size_t kMost = limits::kMaxFlatConfigBytes + 64 * 1024;
  std::string bytes, piece(64 * 1024, '\0');
  while (bytes.size() <= kMost) {
    auto [error, size] = co_await pipe->async_read_some(asio::buffer(piece), asio::as_tuple(asio::use_awaitable));
    if (error) break;
    bytes.append(piece, 0, size);
  }
  read->Set(std::move(bytes));
}

}  // namespace

MonitorLink::MonitorLink(const asio::any_io_executor& executor, UniqueFd socket)
    : executor_(executor), link_(std::make_shared<PacketLink>(executor, std::move(socket))) {}

asio::awaitable<Status> MonitorLink::TakePlace(uint64_t call, size_t most) {
  const auto deadline = std::chrono::steady_clock::now() + kGoneTimeout;
  while (places_.size() >= most) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (running() >= most || left.count() <= 0)
      co_return Fail(Code::kLimit, "the host runs as many jails as it may", "try again later");
    auto gone = waiting_.emplace_back(std::make_shared<Answer<bool>>(executor_));
    co_await gone->Wait(left);
  }
  places_[call] = Place::kRuns;
  co_return Status();
}

void MonitorLink::GiveBack(uint64_t call) {
  places_.erase(call);
  for (auto& waiting : std::exchange(waiting_, {})) waiting->Set(true);
}

void MonitorLink::RunIsOver(uint64_t call) {
  if (auto place = places_.find(call); place != places_.end()) place->second = Place::kOver;
}

size_t MonitorLink::running() const {
  return static_cast<size_t>(
      std::ranges::count_if(places_, [](const auto& place) { return place.second == Place::kRuns; }));
}

Status MonitorLink::MakeJail(const Permit& permit, const std::string& plan, std::vector<UniqueFd> fds) {
  WARDER_CHECK(permit.good());
  runs_[permit.call()] = std::make_shared<Answer<wire::RunAnswer>>(executor_);
  Status sent = link_->Send(flat::EncodeMessage(wire::JailRequest{plan}), std::move(fds));
  if (sent) return {};
  runs_.erase(permit.call());
  GiveBack(permit.call());
  return sent;
}

// Its place is given back when it is gone.
void MonitorLink::DropJail(uint64_t call) {
  runs_.erase(call);
  Kill(call);
}

asio::awaitable<Status> MonitorLink::StartRun(Permit permit, RecordedIntent intent) {
  WARDER_CHECK(permit.good() && intent.good() && permit.call() == intent.receipt().call);
  const uint64_t call = permit.call();
  const auto answer = runs_.at(call);
  if (!answer->ready()) {  // it is, where the jail was refused
    if (Status sent = link_->Send(flat::EncodeMessage(wire::RunRequest{intent.receipt()})); !sent) {
      DropJail(call);
      co_return sent;
    }
  }
  auto said = co_await answer->Wait(kStartTimeout);
  runs_.erase(call);
  if (!said) {
    Kill(call);
    co_return Fail(Code::kUnavailable, "the jailer did not answer in time; the run may have begun");
  }
  if (!said->accepted) co_return Fail(Code::kDenied, "the jailer refused the plan: " + said->reason);
  co_return Status();
}

asio::awaitable<Result<wire::ChangeAnswer>> MonitorLink::MakeChange(Permit permit, RecordedIntent intent,
                                                                    std::vector<UniqueFd> fds) {
  WARDER_CHECK(permit.good() && intent.good() && permit.call() == intent.receipt().call);
  const uint64_t call = permit.call();
  wire::ChangeRequest request{intent.receipt(), intent.plan()};
  auto answer = std::make_shared<Answer<Result<wire::ChangeAnswer>>>(executor_);
  changes_[call] = answer;
  Status sent = link_->Send(flat::EncodeMessage(request), std::move(fds));
  if (!sent) {
    changes_.erase(call);
    co_return std::unexpected(sent.error());
  }
  auto said = co_await answer->Wait(kChangeTimeout);
  changes_.erase(call);
  if (!said) co_return Fail(Code::kUnavailable, "no answer about the change in time; it may have been made");
  co_return std::move(*said);
}

asio::awaitable<Result<std::string>> MonitorLink::ReadLayer(uint64_t session, const std::string& text) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) co_return FailErrno("pipe2");
  UniqueFd pipe(ends[0]);
  std::vector<UniqueFd> fds(2);
  fds[1] = UniqueFd(ends[1]);
  auto memory = SealedMemory("workspace-policy", text);
  if (!memory) co_return std::unexpected(memory.error());
  fds[0] = std::move(*memory);
  Status sent = link_->Send(flat::EncodeMessage(wire::LayerRequest{session}), std::move(fds));
  if (!sent) co_return std::unexpected(sent.error());
  auto bytes = co_await AnswerOfLoader(std::move(pipe));
  if (!bytes)
    co_return Fail(Code::kUnavailable, "no answer about the workspace's policy in time", "make the call again");
  co_return std::move(*bytes);
}

asio::awaitable<std::optional<std::string>> MonitorLink::AnswerOfLoader(UniqueFd end) {
  auto pipe = std::make_shared<asio::posix::stream_descriptor>(executor_, end.Release());
  auto read = std::make_shared<Answer<std::string>>(executor_);
  asio::co_spawn(executor_, ReadToEnd(pipe, read), asio::detached);
  auto bytes = co_await read->Wait(limits::kConfigTimeout + std::chrono::seconds(5));
  boost::system::error_code ignored;
  pipe->close(ignored);
  co_return bytes;
}

asio::awaitable<Result<std::string>> MonitorLink::ReadCandidate(const std::string& agent, const std::string& layer,
                                                                const std::string& path) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) co_return FailErrno("pipe2");
  UniqueFd pipe(ends[0]);
  std::vector<UniqueFd> fds(1);
  fds[0] = UniqueFd(ends[1]);
  wire::CandidateRequest request{next_reload_++, agent, layer, path};
  auto answer = std::make_shared<Answer<wire::CandidateAnswer>>(executor_);
  candidates_[request.request] = answer;
  Status sent = link_->Send(flat::EncodeMessage(request), std::move(fds));
  std::optional<wire::CandidateAnswer> said;
  if (sent) said = co_await answer->Wait(kReloadTimeout);
  candidates_.erase(request.request);
  if (!sent) co_return std::unexpected(sent.error());
  if (!said) co_return Fail(Code::kUnavailable, "the monitor did not answer in time");
  if (!said->started) co_return Fail(Code::kInvalid, said->reason);
  auto bytes = co_await AnswerOfLoader(std::move(pipe));
  if (!bytes) co_return Fail(Code::kUnavailable, "no answer about the candidate in time", "ask again");
  co_return std::move(*bytes);
}

asio::awaitable<Status> MonitorLink::Reload() {
  wire::ReloadRequest request;
  request.request = next_reload_++;
  auto answer = std::make_shared<Answer<wire::ReloadAnswer>>(executor_);
  reloads_[request.request] = answer;
  Status sent = link_->Send(flat::EncodeMessage(request));
  if (!sent) {
    reloads_.erase(request.request);
    co_return sent;
  }
  auto said = co_await answer->Wait(kReloadTimeout);
  reloads_.erase(request.request);
  if (!said) co_return Fail(Code::kUnavailable, "the monitor did not answer in time");
  if (!said->done) co_return Fail(Code::kInvalid, said->reason);
  co_return Status();
}

void MonitorLink::Tell(std::string bytes) {
  if (Status sent = link_->Send(std::move(bytes)); !sent) LogError("monitor: " + sent.error().what);
}

void MonitorLink::Kill(uint64_t call) { Tell(flat::EncodeMessage(wire::KillRequest{call})); }

void MonitorLink::EndSession(uint64_t session, const std::string& reason) {
  Tell(flat::EncodeMessage(wire::SessionClosed{session, reason}));
}

void MonitorLink::Drain(uint64_t wait_ms) { Tell(flat::EncodeMessage(wire::DrainRequest{wait_ms})); }

bool MonitorLink::TakeAnswer(const Packet& packet) {
  switch (flat::MessageType(packet.bytes)) {
    case wire::RunAnswer::kType: {
      auto said = flat::DecodeMessage<wire::RunAnswer>(packet.bytes);
      if (!said) return true;
      if (!said->accepted) GiveBack(said->call);
      if (auto run = runs_.find(said->call); run != runs_.end())
        run->second->Set(std::move(*said));
      else if (auto change = changes_.find(said->call); change != changes_.end() && !said->accepted)
        change->second->Set(Fail(Code::kDenied, "the change was refused: " + said->reason));
      return true;
    }
    case wire::ChangeAnswer::kType: {
      auto said = flat::DecodeMessage<wire::ChangeAnswer>(packet.bytes);
      if (!said) return true;
      if (auto change = changes_.find(said->call); change != changes_.end()) change->second->Set(std::move(*said));
      return true;
    }
    case wire::ReloadAnswer::kType: {
      auto said = flat::DecodeMessage<wire::ReloadAnswer>(packet.bytes);
      if (!said) return true;
      refused_reload_ = said->done ? "" : said->reason;
      if (auto reload = reloads_.find(said->request); reload != reloads_.end()) reload->second->Set(std::move(*said));
      return true;
    }
    case wire::CandidateAnswer::kType: {
      auto said = flat::DecodeMessage<wire::CandidateAnswer>(packet.bytes);
      if (!said) return true;
      if (auto asked = candidates_.find(said->request); asked != candidates_.end())
        asked->second->Set(std::move(*said));
      return true;
    }
    case wire::JailGone::kType: {  // the answer to the agent waits for the keeper's word, not for this
      auto said = flat::DecodeMessage<wire::JailGone>(packet.bytes);
      if (said) GiveBack(said->call);
      return true;
    }
    default:
      return false;
  }
}

asio::awaitable<Result<Packet>> MonitorLink::Receive() {
  for (;;) {
    Result<Packet> packet = co_await link_->Receive();
    if (!packet || !TakeAnswer(*packet)) co_return packet;
  }
}

}  // namespace warder::broker
