// What does the monitor tell the broker, and what follows?
#include <boost/asio/co_spawn.hpp>
#include <ctime>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "broker/admin.h"
#include "broker/broker.h"
#include "broker/candidate.h"
#include "broker/session.h"

namespace warder::broker {
namespace {

// One load of host file and policies, until all its parts are here: all or nothing.
struct Incoming {
  std::shared_ptr<Generation> generation;
  std::map<std::string, std::shared_ptr<const policy::Policy>> files;  // by path
  uint32_t policies_left = 0;
  uint64_t first_call = 0;
};

Result<Incoming> TakeStart(const Packet& packet) {
  WARDER_TRY(auto start, flat::DecodeMessage<wire::BrokerStart>(packet.bytes));
  if (packet.fds.empty()) return Fail(Code::kInvalid, "a start without a host plan");
  WARDER_TRY(auto bytes, ReadSealed(packet.fds[0].get(), limits::kMaxFlatConfigBytes));
  Incoming incoming;
  incoming.generation = std::make_shared<Generation>();
  WARDER_TRY(incoming.generation->host, flat::DecodeMessage<wire::HostPlan>(bytes));
  incoming.generation->number = start.generation;
  incoming.generation->epoch = start.epoch;
  incoming.policies_left = start.policies;
  incoming.first_call = start.first_call;
  return incoming;
}

Status TakePolicy(const Packet& packet, Incoming& incoming) {
  WARDER_TRY(auto offered, flat::DecodeMessage<wire::PolicyOffered>(packet.bytes));
  if (!incoming.generation || incoming.policies_left == 0 || offered.generation != incoming.generation->number)
    return Fail(Code::kInvalid, "a policy of no load");
  if (packet.fds.size() != 1) return Fail(Code::kInvalid, "a policy without its bytes");
  WARDER_TRY(auto bytes, ReadSealed(packet.fds[0].get(), limits::kMaxFlatConfigBytes));
  WARDER_TRY(auto policy, flat::DecodeMessage<policy::Policy>(bytes));
  if (!SameDigest(policy.digest, offered.digest)) return Fail(Code::kInvalid, offered.path + ": another digest");
  incoming.files[offered.path] = std::make_shared<const policy::Policy>(std::move(policy));
  --incoming.policies_left;
  return {};
}

// The layers of each agent, put together; agents with the same files share them.
Status JoinLayers(Incoming& incoming) {
  std::map<std::vector<std::string>, std::shared_ptr<const policy::PolicySet>> sets;
  for (const wire::Agent& agent : incoming.generation->host.agents) {
    std::vector<std::string> paths;
    std::vector<std::shared_ptr<const policy::Policy>> layers;
    for (const wire::LayerFile& file : agent.policies) {
      auto loaded = incoming.files.find(file.path);
      if (loaded == incoming.files.end()) return Fail(Code::kInvalid, file.path + " was not offered");
      paths.push_back(file.path);
      layers.push_back(loaded->second);
    }
    auto [known, fresh] = sets.try_emplace(std::move(paths));
    if (fresh) {
      auto set = policy::PolicySet::Make(std::move(layers));
      if (!set) return Fail(Code::kInvalid, set.error().front().file + ": " + set.error().front().problem.what);
      known->second = std::make_shared<const policy::PolicySet>(std::move(*set));
    }
    incoming.generation->policies[agent.name] = known->second;
  }
  return {};
}

// Only memory that is used up throws here; what would be half served then must not go on as if it were whole.
constexpr auto kMustNotThrow = [](std::exception_ptr thrown) {
  if (thrown) CheckFailed(__FILE__, __LINE__, "a connection threw");
};

class Server {
 public:
  Server(Broker& broker, Incoming incoming) : broker_(broker), incoming_(std::move(incoming)) {}

  // The next message of the monitor; an error ends the broker: what it says is never guessed at.
  Status Take(Packet packet) {
    switch (flat::MessageType(packet.bytes)) {
      case wire::BrokerStart::kType: {
        WARDER_TRY(incoming_, TakeStart(packet));
        break;
      }
      case wire::PolicyOffered::kType: {
        WARDER_TRY_STATUS(TakePolicy(packet, incoming_));
        break;
      }
      case wire::SessionOpened::kType:
        return OpenSession(std::move(packet));
      case wire::AdminOpened::kType:
        return OpenAdmin(std::move(packet));
      case wire::Draining::kType:
        broker_.draining = true;
        return {};
      case wire::StopState::kType: {
        WARDER_TRY(auto state, flat::DecodeMessage<wire::StopState>(packet.bytes));
        broker_.stopped = state.stopped;
        return {};
      }
      default:
        return Fail(Code::kInvalid, "a message that the broker does not know");
    }
    return PutInForce();
  }

  Status PutInForce() {
    if (!incoming_.generation || incoming_.policies_left != 0) return {};
    WARDER_TRY_STATUS(JoinLayers(incoming_));
    const wire::HostPlan& host = incoming_.generation->host;
    broker_.approvals.SetLimits(host.approvals_waiting, host.approvals_per_session, host.agents.size());
    broker_.next_call = std::max(broker_.next_call, incoming_.first_call);
    broker_.generation = std::move(incoming_.generation);
    EndCandidates(broker_, "a new load is in force");
    incoming_ = {};
    LogInfo("generation " + std::to_string(broker_.generation->number) + " is in force");
    return {};
  }

 private:
  Status OpenSession(Packet packet) {
    WARDER_TRY(auto opened, flat::DecodeMessage<wire::SessionOpened>(packet.bytes));
    if (packet.fds.size() != 2 || !broker_.generation) return Fail(Code::kInvalid, "a session that can not be served");
    auto session = std::make_shared<Session>(broker_, opened, std::move(packet.fds[0]), std::move(packet.fds[1]));
    broker_.sessions[opened.session] = session;
    asio::co_spawn(broker_.executor, session->Serve(), kMustNotThrow);
    return {};
  }

  Status OpenAdmin(Packet packet) {
    WARDER_TRY(auto opened, flat::DecodeMessage<wire::AdminOpened>(packet.bytes));
    if (packet.fds.size() != 1 || !broker_.generation) return Fail(Code::kInvalid, "an admin that can not be served");
    asio::co_spawn(broker_.executor, ServeAdmin(broker_, std::move(opened), std::move(packet.fds[0])), kMustNotThrow);
    return {};
  }

  Broker& broker_;
  Incoming incoming_;
};

asio::awaitable<void> Listen(Broker& broker, Server& server, std::string& why) {
  while (why.empty()) {
    Result<Packet> packet = co_await broker.monitor.Receive();
    if (!packet) {
      why = "the monitor is gone: " + packet.error().what;
      co_return;
    }
    if (Status taken = server.Take(std::move(*packet)); !taken) why = "the monitor: " + taken.error().what;
  }
}

asio::awaitable<void> ListenToLedger(Broker& broker) { co_await broker.ledger.Receive(); }

}  // namespace

std::string Rfc3339(std::chrono::system_clock::time_point time) {
  std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string ServeBroker(UniqueFd control, Status (*confine)()) {
  // The first packet brings what everything else needs; nobody else is connected yet.
  auto first = ReceivePacket(control.get());
  if (!first || !*first) return "no start from the monitor";
  Packet packet = std::move(**first);
  auto incoming = TakeStart(packet);
  if (!incoming) return incoming.error().what;
  if (packet.fds.size() != 2) return "a start without the ledger's socket";
  asio::io_context loop(1);
  std::string why;
  {
    Broker broker(loop.get_executor(), std::move(control), std::move(packet.fds[1]));
    if (confine != nullptr)
      if (Status confined = confine(); !confined) return "confining: " + confined.error().ToString();
    Server server(broker, std::move(*incoming));
    if (Status joined = server.PutInForce(); !joined) return joined.error().what;
    asio::co_spawn(loop, Listen(broker, server, why), [&loop](std::exception_ptr) { loop.stop(); });
    asio::co_spawn(loop, ListenToLedger(broker), kMustNotThrow);
    loop.run();
    if (why.empty()) why = "stopped";
    // Sessions hold the broker; their coroutines end with the loop, which must not run again.
    broker.sessions.clear();
  }
  return why;
}

std::string ServeBroker(UniqueFd control) { return ServeBroker(std::move(control), nullptr); }

}  // namespace warder::broker
