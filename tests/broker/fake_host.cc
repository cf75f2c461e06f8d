// What do monitor, ledger and hands say to the broker in its tests?
#include "tests/broker/fake_host.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "audit/record.h"
#include "base/file.h"
#include "broker/broker.h"
#include "policy/bind.h"
#include "policy/load.h"
#include "policy/zones.h"

namespace warder::broker::test {
namespace {

using nlohmann::json;

class FakeDisk : public policy::ProgramLookup {
 public:
  Result<policy::BoundFile> Look(const std::string& path, bool) override {
    if (!path.starts_with("/usr/bin/")) return Fail(Code::kNotFound, "not there");
    return policy::BoundFile{path, 7, InodeOf(path), std::nullopt};
  }
  std::string ScriptLine(const std::string&) override { return {}; }
};

policy::Policy MakePolicy(const std::string& yaml) {
  auto loaded = policy::LoadPolicy("/etc/warder/test.yaml", yaml);
  EXPECT_TRUE(loaded.problems.empty()) << loaded.Describe("test.yaml");
  // The loader does not take two people yet; the broker asks them all the same.
  for (policy::ExecRule& rule : loaded.policy.exec)
    if (rule.id == "deploy") rule.approval->people = 2;
  FakeDisk disk;
  policy::BindPrograms(loaded.policy, disk);
  EXPECT_TRUE(policy::BindClocks(loaded.policy, std::chrono::system_clock::now()).empty());
  return std::move(loaded.policy);
}

// The order that docs/formats/audit.md names.
void CheckOrder(const audit::Draft& draft, std::set<std::string>& steps) {
  const std::string& type = draft.type;
  const bool once = type == "call" || type == "intent" || type == "outcome";
  EXPECT_FALSE(once && steps.contains(type)) << type << " twice";
  EXPECT_TRUE(draft.call == 0 || type == "call" || steps.contains("call")) << type;
  EXPECT_TRUE((type != "intent" && type != "outcome") || steps.contains("decision")) << type;
  EXPECT_FALSE(type == "decision" && (steps.contains("intent") || steps.contains("outcome")));
  steps.insert(type);
}

wire::HostPlan MakeHost() {
  wire::HostPlan host;
  host.name = "test";
  host.session_uid_first = kSessionUid;
  host.session_uid_last = kSessionUid + 400;
  const uint32_t all = wire::kRightStatus | wire::kRightSessions | wire::kRightPolicy | wire::kRightReload |
                       wire::kRightDrain | wire::kRightApprove;
  host.people = {{{false, kOperatorUid, "user:op"}, all}, {{false, kSecondUid, "user:second"}, all}};
  // An agent whom the host file names among people gets in as little as any other.
  host.people.push_back({{false, kAgentUid, "user:agent"}, all});
  host.bounds.trees = {kWorkspace};
  host.bounds.limits = {60'000, 60'000, 1ull << 30, 64, 256, 1u << 20, 1ull << 28};
  host.bounds.jails_running = 16;
  wire::Agent agent;
  agent.name = "coder";
  agent.uid = agent.gid = kAgentUid;
  agent.policies = {{"project", "/etc/warder/test.yaml"}};
  agent.workspace = {kWorkspace, 1900000050, 1900000050, {}};
  agent.sessions = 8;
  host.agents.push_back(agent);
  host.approval_timeout_ms = 600'000;
  host.approvals_waiting = 100;
  host.approvals_per_session = 5;
  return host;
}

}  // namespace

std::string TestPolicy(int concurrent, const std::string& more_exec) {
  return R"(policy: 1
layer: project
id: test/broker
workspace: { mode: direct }
limits: { wall: 20s, cpu: 20s, memory: 256MiB, pids: 16, files: 64, output: 256KiB, disk: 16MiB, read-file: 1MB, concurrent: )" +
         std::to_string(concurrent) + R"( }
exec:
  - id: look
    level: auto
    argv: [[cat, ls, 'true'], ...]
    match: ["ls -la"]
  - id: build
    level: approve
    why: A build runs what the makefile says.
    argv: [make, ...]
    match: ["make"]
  - id: deploy
    level: approve
    why: Two people look at it.
    argv: [deploy, ...]
    approval: { people: 1, expires: 15m }
    match: ["deploy"]
  - id: no-network
    forbid: There is no network in the jail.
    argv: [[curl, wget], ...]
    match: ["curl https://example.com"]
)" + more_exec +
         R"(paths:
  - { id: workspace, level: auto, may: [read, write, delete], under: "${workspace}" }
  - { id: asked, level: approve, may: [read, write, delete], match: ["${workspace}/**/asked.txt", "${workspace}/asked.txt"] }
  - { id: secrets, forbid: "Keys stay where they are.", may: [read, write, delete], match: ["**/*.key"] }
default-profile: default
profiles:
  default: { auto: [read_file, list_directory, create_file, modify_file, delete_file] }
)";
}

FakeHost::FakeHost(const std::string& policy_yaml, const std::function<void(wire::HostPlan&)>& change)
    : host_(MakeHost()) {
  signal(SIGPIPE, SIG_IGN);  // as warder-broker's main does
  if (change) change(host_);
  auto monitor = MakePacketPair(), ledger = MakePacketPair();
  int wake[2];
  WARDER_CHECK(monitor && ledger && pipe(wake) == 0);
  monitor_ = std::move(monitor->first);
  ledger_ = std::move(ledger->first);
  wake_read_.Reset(wake[0]);
  wake_write_.Reset(wake[1]);
  auto plan = SealedMemory("host", flat::EncodeMessage(host_));
  WARDER_CHECK(plan.has_value());
  const int fds[] = {plan->get(), ledger->second.get()};
  Say(monitor_.get(), flat::EncodeMessage(wire::BrokerStart{1, 9, 100, 1}), fds);
  Offer(1, policy_yaml, true);
  broker_ = std::thread([this, control = std::move(monitor->second)]() mutable {
    std::string why = ServeBroker(std::move(control));
    std::lock_guard lock(mutex_);
    why_ = why;
    events_.push_back("broker stopped");
    seen_.notify_all();
  });
  fakes_ = std::thread([this]() { Serve(); });
}

FakeHost::~FakeHost() {
  CloseMonitor();
  broker_.join();
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  (void)!write(wake_write_.get(), "x", 1);
  fakes_.join();
}

void FakeHost::Offer(uint64_t generation, const std::string& yaml, bool first) {
  if (!first) {
    auto plan = SealedMemory("host", flat::EncodeMessage(host_));
    const int fds[] = {plan->get()};
    Say(monitor_.get(), flat::EncodeMessage(wire::BrokerStart{generation, 9, 100, 1}), fds);
  }
  const policy::Policy policy = MakePolicy(yaml);
  auto bytes = SealedMemory("policy", flat::EncodeMessage(policy));
  const int fds[] = {bytes->get()};
  Say(monitor_.get(), flat::EncodeMessage(wire::PolicyOffered{generation, "/etc/warder/test.yaml", policy.digest}),
      fds);
}

Client FakeHost::Connect(uint64_t* session) {
  int agent[2];
  WARDER_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, agent) == 0);
  auto hands = MakePacketPair();
  WARDER_CHECK(hands.has_value());
  UniqueFd theirs(agent[1]);
  std::lock_guard lock(mutex_);
  const uint64_t id = next_session_++;
  if (session != nullptr) *session = id;
  const int fds[] = {theirs.get(), hands->second.get()};
  const auto session_uid = static_cast<uint32_t>(kSessionUid + id);
  Say(monitor_.get(), flat::EncodeMessage(wire::SessionOpened{id, "coder", kAgentUid, kAgentUid, 4242, session_uid}),
      fds);
  const int fd = hands->first.get();
  hands_[fd] = std::move(hands->first);
  (void)!write(wake_write_.get(), "x", 1);
  return Client(UniqueFd(agent[0]));
}

Client FakeHost::ConnectPerson(uint32_t uid) {
  int person[2];
  WARDER_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, person) == 0);
  UniqueFd theirs(person[1]);
  const int fds[] = {theirs.get()};
  std::lock_guard lock(mutex_);
  Say(monitor_.get(), flat::EncodeMessage(wire::AdminOpened{1, uid, uid, 4343, {}}), fds);
  return Client(UniqueFd(person[0]));
}

void FakeHost::Set(const std::function<void(Script&)>& change) {
  std::lock_guard lock(mutex_);
  change(script_);
  // Hands that died say so at once.
  if (script_.hands == HandsScript::kDead) hands_.clear();
}

void FakeHost::CloseLedger() {
  std::lock_guard lock(mutex_);
  if (ledger_) shutdown(ledger_.get(), SHUT_RDWR);
}

void FakeHost::CloseMonitor() {
  std::lock_guard lock(mutex_);
  if (monitor_) shutdown(monitor_.get(), SHUT_RDWR);
}

std::string FakeHost::WhyStopped() {
  EXPECT_TRUE(Wait("broker stopped"));
  std::lock_guard lock(mutex_);
  return why_;
}

std::vector<std::string> FakeHost::Events() {
  std::lock_guard lock(mutex_);
  return events_;
}

std::vector<Recorded> FakeHost::Records() {
  std::lock_guard lock(mutex_);
  return records_;
}

std::vector<Recorded> FakeHost::RecordsOf(uint64_t call) {
  auto all = Records();
  std::erase_if(all, [&](const Recorded& record) { return record.call != call; });
  return all;
}

std::string FakeHost::TypesOf(uint64_t call) {
  std::string types;
  for (const Recorded& record : RecordsOf(call)) types += (types.empty() ? "" : " ") + record.type;
  return types;
}

bool FakeHost::Wait(const std::string& begins, size_t count) {
  std::unique_lock lock(mutex_);
  return seen_.wait_for(lock, std::chrono::seconds(5), [&] {
    return static_cast<size_t>(std::ranges::count_if(
               events_, [&](const std::string& event) { return event.starts_with(begins); })) >= count;
  });
}

size_t FakeHost::Count(const std::string& begins) {
  std::lock_guard lock(mutex_);
  return static_cast<size_t>(
      std::ranges::count_if(events_, [&](const std::string& event) { return event.starts_with(begins); }));
}

std::vector<wire::RunPlan> FakeHost::Runs() {
  std::lock_guard lock(mutex_);
  return runs_;
}

size_t FakeHost::OpenRuns() {
  std::lock_guard lock(mutex_);
  return keepers_.size();
}

void FakeHost::JailsAreGone() {
  std::lock_guard lock(mutex_);
  for (const wire::RunPlan& plan : runs_) Say(monitor_.get(), flat::EncodeMessage(wire::JailGone{plan.call}));
}

void FakeHost::Note(std::string event) {
  events_.push_back(std::move(event));
  seen_.notify_all();
}

void FakeHost::Say(int fd, std::string_view bytes, std::span<const int> fds) { (void)SendPacket(fd, bytes, fds); }

void FakeHost::Serve() {
  for (;;) {
    std::vector<pollfd> wait;
    {
      std::lock_guard lock(mutex_);
      if (stop_) return;
      wait.push_back({wake_read_.get(), POLLIN, 0});
      for (int fd : {monitor_.get(), ledger_.get()})
        if (fd >= 0) wait.push_back({fd, POLLIN, 0});
      for (const auto& [fd, socket] : hands_) wait.push_back({fd, POLLIN, 0});
      for (const auto& [fd, keeper] : keepers_) wait.push_back({fd, POLLIN, 0});
    }
    // Not for ever: sockets are added and dropped by the test's thread.
    if (poll(wait.data(), wait.size(), 20) <= 0) continue;
    std::lock_guard lock(mutex_);
    for (const pollfd& ready : wait) {
      if (ready.revents == 0) continue;
      char byte;
      if (ready.fd == wake_read_.get())
        (void)!read(ready.fd, &byte, 1);
      else if (!ServeOne(ready.fd)) {
        if (ready.fd == monitor_.get()) monitor_.Reset();
        if (ready.fd == ledger_.get()) ledger_.Reset();
        hands_.erase(ready.fd);
        keepers_.erase(ready.fd);
      }
    }
  }
}

// One packet; false where the other end is gone.
bool FakeHost::ServeOne(int fd) {
  const bool known = fd == monitor_.get() || fd == ledger_.get() || hands_.contains(fd) || keepers_.contains(fd);
  if (!known) return true;
  auto packet = ReceivePacket(fd, true);
  if (!packet) return false;
  if (!*packet) return true;
  if (fd == monitor_.get())
    TakeMonitor(std::move(**packet));
  else if (fd == ledger_.get())
    TakeLedger(**packet);
  else if (hands_.contains(fd))
    TakeHands(fd, **packet);
  else
    TakeKeeper(fd, **packet);
  return true;
}

void FakeHost::TakeMonitor(Packet packet) {
  switch (flat::MessageType(packet.bytes)) {
    case wire::JailRequest::kType:
      return MakeJail(std::move(packet));
    case wire::RunRequest::kType: {
      auto request = flat::DecodeMessage<wire::RunRequest>(packet.bytes);
      Note("run " + std::to_string(request->receipt.call));
      return StartRun(request->receipt);
    }
    case wire::ChangeRequest::kType: {
      auto request = flat::DecodeMessage<wire::ChangeRequest>(packet.bytes);
      auto plan = wire::ParseChangePlan(request->plan);
      EXPECT_TRUE(plan.has_value());
      Note("change " + std::to_string(request->receipt.call));
      wire::ChangeAnswer answer;
      answer.call = request->receipt.call;
      answer.done = true;
      answer.created = !plan->expect_exists;
      answer.bytes = plan->content_bytes;
      answer.trash_entry = plan->trash_entry;
      Say(monitor_.get(), flat::EncodeMessage(answer));
      return;
    }
    case wire::KillRequest::kType: {
      const uint64_t call = flat::DecodeMessage<wire::KillRequest>(packet.bytes)->call;
      Note("kill " + std::to_string(call));
      // One that runs is told gone by its script.
      if (jails_.erase(call) != 0 && !script_.jails_stay)
        Say(monitor_.get(), flat::EncodeMessage(wire::JailGone{call}));
      return;
    }
    case wire::SessionClosed::kType:
      Note("closed " + std::to_string(flat::DecodeMessage<wire::SessionClosed>(packet.bytes)->session));
      return;
    case wire::DrainRequest::kType:
      Note("drain");
      return;
    case wire::ReloadRequest::kType: {
      auto request = flat::DecodeMessage<wire::ReloadRequest>(packet.bytes);
      Note("reload");
      if (!script_.reload_refused) Offer(++generation_, script_.reload_policy, false);
      Say(monitor_.get(), flat::EncodeMessage(wire::ReloadAnswer{request->request, !script_.reload_refused,
                                                                 script_.reload_refused ? "line 1: no" : ""}));
      return;
    }
    default:
      ADD_FAILURE() << "the monitor got a message of type " << int{flat::MessageType(packet.bytes)};
  }
}

void FakeHost::MakeJail(Packet packet) {
  auto request = flat::DecodeMessage<wire::JailRequest>(packet.bytes);
  auto plan = wire::ParseRunPlan(request->plan);
  ASSERT_TRUE(plan.has_value()) << plan.error().what;
  ASSERT_EQ(packet.fds.size(), plan->descriptors.size());
  Note("jail " + std::to_string(plan->call));
  if (script_.run == RunScript::kNoJail)
    Say(monitor_.get(), flat::EncodeMessage(wire::RunAnswer{plan->call, false, "beyond the bounds"}));
  else
    jails_[plan->call] = {request->plan, std::move(packet.fds)};
}

void FakeHost::StartRun(const wire::Receipt& receipt) {
  auto jail = jails_.extract(receipt.call);
  ASSERT_FALSE(jail.empty());
  const auto& [bytes, fds] = jail.mapped();
  EXPECT_TRUE(SameDigest(HashSha256(bytes), receipt.plan));
  auto plan = wire::ParseRunPlan(bytes);
  runs_.push_back(*plan);
  const bool refused = script_.run == RunScript::kRefused;
  Say(monitor_.get(), flat::EncodeMessage(wire::RunAnswer{plan->call, !refused, refused ? "beyond the bounds" : ""}));
  if (refused) return;
  Keeper keeper{plan->session, plan->call, std::move(jail.mapped().second[0])};
  const int fd = keeper.socket.get();
  if (!script_.jails_stay && script_.run != RunScript::kUntilCancelled)
    Say(monitor_.get(), flat::EncodeMessage(wire::JailGone{plan->call}));
  if (script_.run == RunScript::kDies) return;
  if (script_.run == RunScript::kNonsense) {
    Say(fd, "\x01\x63nonsense");
    return;
  }
  if (script_.run == RunScript::kFloods) {
    // More than the plan lets the answer keep: a keeper that was taken over.
    for (int i = 0; i < 64; ++i) Say(fd, flat::EncodeMessage(wire::Output{1, std::string(32'768, 'x')}));
    return;
  }
  const size_t piece = script_.output.size() > 4096 ? 32'768 : 4;
  for (size_t at = 0; at < script_.output.size(); at += piece)
    Say(fd, flat::EncodeMessage(wire::Output{1, script_.output.substr(at, piece)}));
  if (script_.run == RunScript::kEnds)
    EndRun(keeper, wire::EndKind::kExited);
  else
    keepers_[fd] = std::move(keeper);
}

void FakeHost::EndRun(Keeper& keeper, wire::EndKind kind) {
  wire::RunEnd end;
  end.session = keeper.session;
  end.call = keeper.call;
  end.kind = kind;
  end.stdout_bytes = end.stdout_kept = script_.output.size();
  Say(keeper.socket.get(), flat::EncodeMessage(end));
}

void FakeHost::TakeKeeper(int fd, const Packet& packet) {
  auto cancel = flat::DecodeMessage<wire::Cancel>(packet.bytes);
  EXPECT_TRUE(cancel.has_value());
  Note("cancel " + std::to_string(keepers_[fd].call));
  EndRun(keepers_[fd], wire::EndKind::kCancelled);
  if (!script_.jails_stay) Say(monitor_.get(), flat::EncodeMessage(wire::JailGone{keepers_[fd].call}));
  keepers_.erase(fd);
}

void FakeHost::TakeLedger(const Packet& packet) {
  auto request = flat::DecodeMessage<audit::AppendRequest>(packet.bytes);
  ASSERT_TRUE(request.has_value());
  audit::AppendReply reply;
  reply.request = request->request;
  reply.ok = !script_.ledger_refuses || !script_.ledger_refuses(*request);
  if (!reply.ok) {
    reply.code = static_cast<uint8_t>(Code::kUnavailable);
    reply.error = "no space is left";
    Note("ledger says no");
    Say(ledger_.get(), flat::EncodeMessage(reply));
    return;
  }
  for (const audit::Draft& draft : request->drafts) {
    auto prepared = audit::Prepare(draft.type, audit::kBroker, draft.body_json);
    EXPECT_TRUE(prepared.has_value()) << draft.type << ": " << prepared.error().what;
    CheckOrder(draft, steps_[draft.call]);
    records_.push_back({draft.type, draft.session, draft.call, json::parse(draft.body_json)});
    reply.seqs.push_back(next_seq_++);
    Note("record " + draft.type + " " + std::to_string(draft.call));
    if (draft.type != "intent") continue;
    EXPECT_FALSE(request->plan.empty());
    reply.receipt.emplace();
    reply.receipt->session = draft.session;
    reply.receipt->call = draft.call + (script_.receipt_of_another_call ? 1 : 0);
    reply.receipt->seq = reply.seqs.back();
    reply.receipt->plan = HashSha256(request->plan);
  }
  if (script_.ledger_silent) return;
  if (reply.receipt) Note("receipt " + std::to_string(reply.receipt->call));
  Say(ledger_.get(), flat::EncodeMessage(reply));
}

}  // namespace warder::broker::test
