// How do ledger and broker start, fall together, and come back? And how does a new configuration reach them?
#include <fcntl.h>

#include <algorithm>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "sandbox/jailer/monitor.h"

namespace warder::jailer {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kLongLifeNs = 60 * kSecond;  // an epoch that lived so long was not a crash at start
constexpr int kMostDoublings = 7;               // of 0.1 s: at most 12.8 s between two tries

Result<wire::BootId> ReadBootId() {
  WARDER_TRY(std::string text, ReadFile("/proc/sys/kernel/random/boot_id", 64));
  std::erase_if(text, [](char c) { return c == '-' || c == '\n'; });
  auto raw = FromHex(text);
  wire::BootId id;
  if (!raw || raw->size() != id.size()) return Fail(Code::kSystem, "boot_id has another form than proc(5) says");
  std::copy(raw->begin(), raw->end(), id.begin());
  return id;
}

template <typename... T>
std::string Flat(const T&... values) {
  flat::Saver saver;
  (saver(values), ...);
  return saver.Take();
}

// What of the host file can not change while anything runs; an embedded host's bounds can.
std::string RestartNeeded(const wire::HostPlan& a, const wire::HostPlan& b, bool embedded) {
  struct {
    const char* name;
    std::string before, after;
  } const lines[] = {{"name", a.name, b.name},
                     {"paths", Flat(a.state_directory, a.run_directory, a.stop_file),
                      Flat(b.state_directory, b.run_directory, b.stop_file)},
                     {"identities",
                      Flat(a.broker_uid, a.broker_gid, a.ledger_uid, a.ledger_gid, a.session_uid_first,
                           a.session_uid_last, a.admin_gid),
                      Flat(b.broker_uid, b.broker_gid, b.ledger_uid, b.ledger_gid, b.session_uid_first,
                           b.session_uid_last, b.admin_gid)},
                     {"bounds", embedded ? "" : Flat(a.bounds), embedded ? "" : Flat(b.bounds)},
                     {"ledger", Flat(a.ledger), Flat(b.ledger)}};
  for (const auto& line : lines)
    if (line.before != line.after) return line.name;
  return "";
}

}  // namespace

Status Monitor::StartEpoch() {
  WARDER_TRY(uint64_t epoch, NextEpoch(dirs_.state.get()));
  WARDER_TRY(wire::BootId boot, ReadBootId());
  WARDER_TRY(auto receipts, Receipts::Make(boot, epoch));
  receipts_.emplace(std::move(receipts));
  WARDER_TRY(auto control, MakePacketPair());
  WARDER_TRY(auto between, MakePacketPair());
  falling_ = serving_ = false;
  garbage_ = 0;
  epoch_began_ns_ = NowNs();
  const wire::HostPlan& host = config_.host;
  WARDER_TRY(ledger_, SpawnChild({.program = Program("warder-ledger"),
                                  .argv = {"warder-ledger"},
                                  .uid = host.ledger_uid,
                                  .gid = host.ledger_gid,
                                  .fds = {{3, control.second.get()}}}));
  ledger_socket_ = std::move(control.first);
  brokers_ledger_end_ = std::move(between.first);
  wire::LedgerStart start{boot,
                          epoch,
                          receipts_->key(),
                          host.name,
                          host.ledger.segment_bytes,
                          host.ledger.free_warn_bytes,
                          host.ledger.free_refuse_bytes,
                          after_crash_};
  std::string bytes = flat::EncodeMessage(start);
  ToLedger(bytes, {dirs_.log.get(), dirs_.ledger_state.get(), between.second.get()});
  explicit_bzero(bytes.data(), bytes.size());
  explicit_bzero(start.key.data(), start.key.size());
  return {};
}

void Monitor::OnLedger() {
  auto packet = ReceivePacket(ledger_socket_.get(), true);
  if (packet && !*packet) return;
  if (!packet) {
    ledger_socket_.Reset();
    if (leaving_ < Leaving::kEndingLedger) Fall("warder-ledger: " + packet.error().what);
    return;
  }
  if (auto shut = flat::DecodeMessage<wire::LedgerShut>((*packet)->bytes)) {
    exit_code_ = 3;
    return Fall("the log is shut for good: " + shut->reason);
  }
  if (flat::DecodeMessage<wire::LedgerStopped>((*packet)->bytes)) return;
  auto ready = flat::DecodeMessage<wire::LedgerReady>((*packet)->bytes);
  if (!ready || serving_) return Fall("warder-ledger said what nobody expected");
  if (auto started = StartBroker(*ready); !started) Fall(started.error().ToString());
}

Status Monitor::StartBroker(const wire::LedgerReady& ready) {
  last_session_ = std::max(last_session_, ready.last_session);
  for (const wire::JailEnded& ended : std::exchange(untold_, {})) ToLedger(flat::EncodeMessage(ended));
  WARDER_TRY(auto control, MakePacketPair());
  WARDER_TRY(broker_, SpawnChild({.program = Program("warder-broker"),
                                  .argv = {"warder-broker"},
                                  .uid = config_.host.broker_uid,
                                  .gid = config_.host.broker_gid,
                                  .fds = {{3, control.second.get()}}}));
  broker_socket_ = std::move(control.first);
  serving_ = true;
  first_call_ = ready.last_call + 1;
  UniqueFd ledger_end = std::move(brokers_ledger_end_);
  OfferConfiguration(ledger_end.get());
  stopped_ = false;
  OnStopFile();
  if (!after_crash_) LogInfo("serving");
  return {};
}

void Monitor::OfferConfiguration(int ledger_socket) {
  std::vector<int> fds{config_.host_bytes.get()};
  if (ledger_socket >= 0) fds.push_back(ledger_socket);
  ToBroker(flat::EncodeMessage(wire::BrokerStart{generation_, receipts_->epoch(), first_call_,
                                                 static_cast<uint32_t>(config_.policies.size())}),
           fds);
  Record("config.load", options_.host_file, config_.host.digest, "generation " + std::to_string(generation_));
  for (const LoadedPolicy& policy : config_.policies) {
    ToBroker(flat::EncodeMessage(wire::PolicyOffered{generation_, policy.path, policy.digest}), {policy.bytes.get()});
    Record("policy.load", policy.path, policy.digest, "generation " + std::to_string(generation_));
  }
}

// Both or none: what one of them knew dies with it, so every jail and session ends and both start again.
void Monitor::Fall(const std::string& why) {
  if (falling_) return;
  LogError(why + (exit_code_ != 0 ? "" : "; every jail is killed, broker and ledger start again"));
  // A ledger that never got ready will not do so by being started again.
  if (!serving_ && !after_crash_ && exit_code_ == 0) exit_code_ = 3;
  falling_ = after_crash_ = true;
  serving_ = false;
  cgroups_->KillAll();
  ledger_.Kill();
  broker_.Kill();
  ledger_socket_.Reset();
  broker_socket_.Reset();
  for (Session& session : sessions_) EndSession(session, "the host lost its broker or ledger");
  crashes_ = NowNs() - epoch_began_ns_ > kLongLifeNs ? 0 : std::min(crashes_ + 1, kMostDoublings);
  restart_ns_ = NowNs() + (crashes_ <= 1 ? 0 : (kSecond / 10) << crashes_);
}

// A daemon that does not read is a dead one: nothing is dropped in silence, nothing waits.
void Monitor::ToLedger(const std::string& bytes, std::vector<int> fds) {
  if (falling_ || !ledger_socket_) return;
  if (auto sent = SendPacket(ledger_socket_.get(), bytes, fds, true); !sent)
    Fall("warder-ledger: " + sent.error().what);
}

void Monitor::ToBroker(const std::string& bytes, std::vector<int> fds) {
  if (falling_ || !broker_socket_) return;
  if (auto sent = SendPacket(broker_socket_.get(), bytes, fds, true); !sent)
    Fall("warder-broker: " + sent.error().what);
}

void Monitor::Record(const char* type, const std::string& object, const Digest& digest, const std::string& text) {
  ToLedger(flat::EncodeMessage(wire::HostEvent{type, object, digest, text.substr(0, 16384)}));
}

void Monitor::BeginReload(uint64_t request) {
  if (load_)
    return ToBroker(flat::EncodeMessage(wire::ReloadAnswer{request, false, "a reload is under way; ask again"}));
  load_ = std::make_unique<ConfigLoad>(Program("warder-config"), options_.host_file, options_.embedded);
  reload_request_ = request;
}

void Monitor::FinishReload() {
  auto next = load_->Take();
  std::string file = next ? options_.host_file : load_->failed_file();
  Digest digest = next ? next->host.digest : load_->failed_digest();
  load_.reset();
  Status taken = next ? TakeConfiguration(std::move(*next)) : Status(std::unexpected(next.error()));
  std::string reason = taken ? "" : taken.error().ToString();
  if (!taken) {
    LogLines(LogError, "reload refused, nothing has changed: " + reason);
    Record(file == options_.host_file ? "config.reject" : "policy.reject", file, digest, reason);
  }
  // Request 0, of a signal: its end is told too, so that `status` knows it.
  ToBroker(flat::EncodeMessage(wire::ReloadAnswer{reload_request_, taken.has_value(), reason.substr(0, 65536)}));
}

Status Monitor::TakeConfiguration(Configuration next) {
  std::string fixed = RestartNeeded(config_.host, next.host, options_.embedded);
  if (!fixed.empty()) return Fail(Code::kConflict, "restart needed: " + fixed + " can not change while warderd runs");
  Configuration before = std::exchange(config_, std::move(next));
  if (auto listening = Listen(); !listening) {
    config_ = std::move(before);
    (void)Listen();
    return listening;
  }
  ++generation_;
  for (Session& session : sessions_) {
    bool same = std::any_of(config_.host.agents.begin(), config_.host.agents.end(), [&](const wire::Agent& agent) {
      return agent.name == session.agent.name && agent.uid == session.agent.uid &&
             Flat(agent.workspace) == Flat(session.agent.workspace);
    });
    if (!same) EndSession(session, "its agent changed with the configuration");
  }
  if (serving_) OfferConfiguration(-1);
  return {};
}

}  // namespace warder::jailer
