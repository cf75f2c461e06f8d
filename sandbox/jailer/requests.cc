// What may the broker ask of warderd, and what is checked before it gets it?
#include <fcntl.h>

#include <algorithm>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "sandbox/bounds.h"
#include "sandbox/jailer/monitor.h"

namespace warder::jailer {
namespace {

constexpr uint64_t kNsPerMs = 1'000'000;
constexpr int kMostGarbage = 64;
constexpr uint64_t kLayerNs = std::chrono::nanoseconds(limits::kConfigTimeout).count();
constexpr uint64_t kHandsNs = std::chrono::nanoseconds(limits::kHandsTimeout).count();

}  // namespace

// Everything that the broker can make warderd do. What is not in here is refused.
const Monitor::RequestLine Monitor::kRequests[] = {
    {wire::JailRequest::kType, "a decided command's jail, which runs nothing without a receipt", &Monitor::ServeJail},
    {wire::RunRequest::kType, "a decided and recorded command", &Monitor::ServeRun},
    {wire::ChangeRequest::kType, "a decided and recorded change of a file", &Monitor::ServeChange},
    {wire::KillRequest::kType, "a cancelled call; killing needs no proof", &Monitor::ServeKill},
    {wire::SessionClosed::kType, "only the broker sees its connections end", &Monitor::ServeClosed},
    {wire::LayerRequest::kType, "a workspace's own policy, which a loader reads that can reach nothing",
     &Monitor::ServeLayer},
    {wire::CandidateRequest::kType, "a person's candidate, from where policies lie, checked as they are",
     &Monitor::ServeCandidate},
    {wire::ReloadRequest::kType, "a person's reload; the files are checked as at the start", &Monitor::ServeReload},
    {wire::DrainRequest::kType, "a person's drain", &Monitor::ServeDrain},
};

void Monitor::OnBroker() {
  if (!broker_socket_) return;  // it fell with the ledger in this very turn
  auto packet = ReceivePacket(broker_socket_.get(), true);
  if (!packet && packet.error().code == Code::kUnavailable) {
    broker_socket_.Reset();  // SIGCHLD follows; a broker that only closed its socket is of no use either
    if (leaving_ < Leaving::kEndingBroker) Fall("warder-broker closed its socket");
    return;
  }
  if (packet && !*packet) return;
  Status served =
      packet ? Fail(Code::kInvalid, "a request that is not in the table") : Status(std::unexpected(packet.error()));
  if (packet)
    for (const RequestLine& line : kRequests)
      if (line.type == flat::MessageType((*packet)->bytes)) served = (this->*line.serve)(**packet);
  if (served) return;
  LogWarning("refused a request of the broker: " + served.error().ToString());
  ToBroker(flat::EncodeMessage(wire::RunAnswer{0, false, served.error().ToString()}));
  if (++garbage_ > kMostGarbage) Fall("warder-broker sends what nobody can read");
}

// Its success is told with the run's.
Status Monitor::ServeJail(Packet& packet) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::JailRequest>(packet.bytes));
  WARDER_TRY(auto plan, wire::ParseRunPlan(request.plan));
  Status status = AdmitJail(plan, packet);
  if (status) status = StartJail(request.plan, plan, packet.fds);
  if (!status) LogWarning("refused a jail: " + status.error().ToString());
  if (!status) ToBroker(flat::EncodeMessage(wire::RunAnswer{plan.call, false, status.error().ToString()}));
  return {};
}

Status Monitor::AdmitJail(const wire::RunPlan& plan, const Packet& packet) {
  Session* session = FindSession(plan.session);
  if (session == nullptr) return Fail(Code::kDenied, "no such session lives");
  WARDER_TRY_STATUS(CheckRun(plan, session->agent, config_.host.bounds));
  WARDER_TRY_STATUS(CheckDescriptors(plan.descriptors, packet.fds));
  auto running = std::count_if(jails_.begin(), jails_.end(), [](const Jail& jail) { return jail.call != 0; });
  if (static_cast<size_t>(running) >= config_.host.bounds.jails_running)
    return Fail(Code::kLimit, "as many jails run as bounds.jails.running allows", "wait for one to end");
  if (!session->calls.Take(plan.call)) return Fail(Code::kDenied, "a call of this id has been started before");
  return {};
}

Status Monitor::ServeRun(Packet& packet) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::RunRequest>(packet.bytes));
  Status status = RunJail(request.receipt);
  if (!status) LogWarning("refused a run: " + status.error().ToString());
  ToBroker(flat::EncodeMessage(
      wire::RunAnswer{request.receipt.call, status.has_value(), status ? "" : status.error().ToString()}));
  return {};
}

Status Monitor::StartOwner(Session& session) {
  const wire::Workspace& workspace = session.agent.workspace;
  WARDER_TRY(std::string trash, OwnerTrash(dirs_, config_.host, workspace));
  WARDER_TRY(auto pair, MakePacketPair());
  WARDER_TRY(session.owner, SpawnChild({.program = Program("warder-hands"),
                                        .argv = {"warder-hands", "--owner"},
                                        .uid = workspace.owner_uid,
                                        .gid = workspace.owner_gid,
                                        .fds = {{3, pair.second.get()}}}));
  session.owner_socket = std::move(pair.first);
  return SendPacket(session.owner_socket.get(), flat::EncodeMessage(wire::OwnerStart{workspace.directory, trash}), {},
                    true);
}

Status Monitor::ServeChange(Packet& packet) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::ChangeRequest>(packet.bytes));
  auto admit = [&]() -> Status {
    WARDER_TRY(auto plan, wire::ParseChangePlan(request.plan));
    Session* session = FindSession(plan.session);
    if (session == nullptr) return Fail(Code::kDenied, "no such session lives");
    WARDER_TRY_STATUS(CheckChange(plan, session->agent));
    WARDER_TRY_STATUS(CheckDescriptors(plan.descriptors, packet.fds));
    WARDER_TRY_STATUS(receipts_->Use(request.receipt, request.plan, plan.session, plan.call, NowNs()));
    if (!session->calls.Take(plan.call)) return Fail(Code::kDenied, "a call of this id has been started before");
    if (!session->owner.alive()) WARDER_TRY_STATUS(StartOwner(*session));
    std::vector<int> content;
    for (const UniqueFd& fd : packet.fds) content.push_back(fd.get());
    WARDER_TRY_STATUS(
        SendPacket(session->owner_socket.get(), flat::EncodeMessage(wire::ChangeOrder{request.plan}), content, true));
    session->changes.emplace_back(plan.call, NowNs() + kHandsNs);
    return {};
  };
  Status status = admit();
  ToBroker(flat::EncodeMessage(
      wire::RunAnswer{request.receipt.call, status.has_value(), status ? "" : status.error().ToString()}));
  return {};
}

void Monitor::OnOwner(uint64_t id) {
  Session* session = FindSession(id);
  if (session == nullptr || !session->owner_socket) return;
  auto packet = ReceivePacket(session->owner_socket.get(), true);
  if (packet && !*packet) return;
  auto answer = packet ? flat::DecodeMessage<wire::ChangeAnswer>((*packet)->bytes)
                       : Result<wire::ChangeAnswer>(std::unexpected(packet.error()));
  auto pending = std::find_if(session->changes.begin(), session->changes.end(),
                              [&](const auto& change) { return answer && change.first == answer->call; });
  if (pending == session->changes.end()) {
    session->owner.Kill();  // ended, or not hands any more
    return session->owner_socket.Reset();
  }
  session->changes.erase(pending);
  ToBroker((*packet)->bytes);
}

void Monitor::FailChanges(Session& session, const std::string& why) {
  for (const auto& [call, deadline] : std::exchange(session.changes, {})) {
    wire::ChangeAnswer answer;
    answer.call = call;
    answer.code = static_cast<uint8_t>(Code::kUnavailable);
    answer.reason = why + "; whether the change was made is not known";
    if (serving_) ToBroker(flat::EncodeMessage(answer));
  }
}

// The loader answers the broker itself; nothing that it says comes here. Its text is anybody's: an id that no loader of
// the host's files has, and namespaces in which there is nobody and no network.
Status Monitor::ServeLayer(Packet& packet) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::LayerRequest>(packet.bytes));
  Session* session = FindSession(request.session);
  if (session == nullptr || packet.fds.size() != 2)
    return Fail(Code::kDenied, "a workspace's policy of no session, or without its text");
  const std::vector<wire::Agent>& agents = config_.host.agents;
  auto agent = std::ranges::find(agents, session->agent.name, &wire::Agent::name);
  if (agent == agents.end()) return Fail(Code::kDenied, "its agent is not in the host file any more");
  Spawn spawn{.program = Program("warder-config"),
              .argv = {"warder-config", "workspace", agent->workspace.directory + "/.warder/policy.yaml"},
              .uid = wire::kLayerUid,
              .gid = wire::kLayerUid,
              .clone_flags = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWPID,
              .fds = {{1, packet.fds[1].get()}, {3, packet.fds[0].get()}}};
  for (const wire::LayerFile& layer : agent->policies) {
    spawn.argv.push_back(layer.path);
    spawn.fds.emplace_back(2 + static_cast<int>(spawn.fds.size()), BytesOf(config_, layer.path));
  }
  session->layer.Kill();  // one at a time: it has answered and is about to end, or nobody waits for it any more
  WARDER_TRY(session->layer, SpawnChild(spawn));
  session->layer_deadline_ns = NowNs() + kLayerNs;
  return {};
}

Status Monitor::ServeCandidate(Packet& packet) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::CandidateRequest>(packet.bytes));
  if (packet.fds.size() != 1) return Fail(Code::kInvalid, "a candidate without a pipe for its loader");
  Status started = ReadCandidate(request, packet.fds[0].get());
  ToBroker(flat::EncodeMessage(wire::CandidateAnswer{request.request, started.has_value(),
                                                     started ? "" : started.error().ToString().substr(0, 65536)}));
  return {};
}

// Only where policies lie already: a refusal quotes the text, so that any other file of root's would be told in parts.
Status Monitor::ReadCandidate(const wire::CandidateRequest& request, int answer) {
  const std::vector<wire::Agent>& agents = config_.host.agents;
  auto agent = std::ranges::find(agents, request.agent, &wire::Agent::name);
  if (agent == agents.end()) return Fail(Code::kNotFound, "no agent " + request.agent);
  if (std::ranges::find(wire::kLayersOfAHost, request.layer) == std::end(wire::kLayersOfAHost))
    return Fail(Code::kInvalid, "no layer of a host is called " + request.layer);
  const std::string directory = request.path.substr(0, request.path.rfind('/') + 1);
  const bool beside = std::ranges::any_of(config_.policies, [&](const LoadedPolicy& policy) {
    return policy.path.substr(0, policy.path.rfind('/') + 1) == directory;
  });
  if (!wire::ValidPath(request.path) || !beside || !request.path.ends_with(".yaml"))
    return Fail(Code::kDenied, request.path + " does not lie beside a policy in force",
                "put it, as a .yaml file, into a directory that holds policies of the host file");
  if (candidate_.alive()) return Fail(Code::kConflict, "another candidate is being read", "ask again");
  WARDER_TRY(UniqueFd file, OpenOwned(request.path, config_.host.policy_owner_uids));
  WARDER_TRY(std::string bytes, ReadAll(file.get(), limits::kMaxPolicyBytes));
  WARDER_TRY(UniqueFd copy, SealedMemory("warder-candidate", bytes));
  Spawn spawn{.program = Program("warder-config"),
              .argv = {"warder-config", "candidate", request.layer, request.path},
              .uid = wire::kConfigUid,
              .gid = wire::kConfigUid,
              .fds = {{1, answer}, {3, copy.get()}}};
  for (const wire::LayerFile& layer : agent->policies) {
    if (layer.layer == request.layer) continue;
    spawn.argv.push_back(layer.path);
    spawn.fds.emplace_back(2 + static_cast<int>(spawn.fds.size()), BytesOf(config_, layer.path));
  }
  WARDER_TRY(candidate_, SpawnChild(spawn));
  candidate_deadline_ns_ = NowNs() + kLayerNs;
  return {};
}

Status Monitor::ServeKill(Packet& packet) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::KillRequest>(packet.bytes));
  for (Jail& jail : jails_)
    if (request.call != 0 && jail.call == request.call) jail.Condemn();
  return {};
}

Status Monitor::ServeClosed(Packet& packet) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::SessionClosed>(packet.bytes));
  if (Session* session = FindSession(request.session)) EndSession(*session, request.reason);
  return {};
}

Status Monitor::ServeReload(Packet& packet) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::ReloadRequest>(packet.bytes));
  BeginReload(request.request);
  return {};
}

Status Monitor::ServeDrain(Packet& packet) {
  WARDER_TRY(auto request, flat::DecodeMessage<wire::DrainRequest>(packet.bytes));
  Leave(std::min<uint64_t>(request.wait_ms, 3'600'000) * kNsPerMs, "drain");
  return {};
}

}  // namespace warder::jailer
