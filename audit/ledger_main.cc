// warder-ledger: the process that alone holds the log and its keys (docs/formats/processes.md).
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <deque>

#include "audit/confine.h"
#include "audit/ledger.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/packet.h"

namespace warder::audit {
namespace {

constexpr int kControl = 3;
constexpr size_t kMaxReport = 2 + 65'535;
// A record that nobody waits for, a keeper's last word for one, goes into the sync of what comes next; after this time
// into one of its own.
constexpr uint64_t kUnaskedNs = 20'000'000;

struct ReportPipe {
  wire::KeeperBegan began;
  UniqueFd fd;
  std::string bytes;
};

// One process, one loop: everything that is there is taken, then one Commit, then the answers.
class LedgerProcess {
 public:
  int Run();

 private:
  Status Start();
  Status Turn();
  Status TakeControl();
  Status TakeControlPacket(Packet packet);
  void TakeBroker();
  void ReadReports();
  void SendAnswers();
  void SayWhetherFull();
  void Wait();
  bool MustCommit();

  FileLayer files_;
  UniqueFd log_directory_, state_directory_, broker_;
  std::unique_ptr<Ledger> ledger_;
  std::vector<ReportPipe> reports_;
  std::deque<std::string> answers_;
  std::optional<std::string> stop_;
  uint64_t unasked_since_ns_ = 0;  // CLOCK_MONOTONIC; 0: nothing waits for a sync
  bool said_full_ = false;
};

template <typename T>
Status Forward(Ledger& ledger, const std::string& bytes) {
  WARDER_TRY(T message, flat::DecodeMessage<T>(bytes));
  ledger.Take(message);
  return {};
}

Status LedgerProcess::Start() {
  WARDER_TRY(auto packet, ReceivePacket(kControl));
  if (!packet || packet->fds.size() != 3)
    return Fail(Code::kInvalid, "the first message is not LedgerStart with three descriptors");
  WARDER_TRY(auto start, flat::DecodeMessage<wire::LedgerStart>(packet->bytes));
  explicit_bzero(packet->bytes.data(), packet->bytes.size());
  log_directory_ = std::move(packet->fds[0]);
  state_directory_ = std::move(packet->fds[1]);
  broker_ = std::move(packet->fds[2]);
  WARDER_TRY_STATUS(WarmUpCrypto());
  WARDER_TRY_STATUS(ConfineLedger(log_directory_.get(), state_directory_.get()));
  WARDER_TRY(ledger_, Ledger::Open(log_directory_.get(), state_directory_.get(), start, files_));
  explicit_bzero(start.key.data(), start.key.size());
  return SendPacket(kControl, flat::EncodeMessage(ledger_->Ready()));
}

Status LedgerProcess::TakeControlPacket(Packet packet) {
  const std::string& bytes = packet.bytes;
  switch (flat::MessageType(bytes)) {
    case wire::SessionBegan::kType:
      return Forward<wire::SessionBegan>(*ledger_, bytes);
    case wire::SessionOver::kType:
      return Forward<wire::SessionOver>(*ledger_, bytes);
    case wire::JailEnded::kType:
      return Forward<wire::JailEnded>(*ledger_, bytes);
    case wire::HostEvent::kType:
      return Forward<wire::HostEvent>(*ledger_, bytes);
    case wire::KeeperBegan::kType: {
      WARDER_TRY(auto began, flat::DecodeMessage<wire::KeeperBegan>(bytes));
      if (packet.fds.size() != 1) return Fail(Code::kInvalid, "KeeperBegan without its pipe");
      int flags = fcntl(packet.fds[0].get(), F_GETFL);
      if (flags < 0 || fcntl(packet.fds[0].get(), F_SETFL, flags | O_NONBLOCK) != 0) return FailErrno("a report pipe");
      reports_.push_back({began, std::move(packet.fds[0]), {}});
      return {};
    }
    case wire::LedgerStop::kType: {
      WARDER_TRY(auto stop, flat::DecodeMessage<wire::LedgerStop>(bytes));
      stop_ = stop.reason;
      return {};
    }
    default:
      return Fail(Code::kInvalid, "a message that the monitor does not send");
  }
}

Status LedgerProcess::TakeControl() {
  for (;;) {
    WARDER_TRY(auto packet, ReceivePacket(kControl, /*dont_wait=*/true));
    if (!packet) return {};
    WARDER_TRY_STATUS(TakeControlPacket(std::move(*packet)));
  }
}

void LedgerProcess::TakeBroker() {
  if (!broker_ || !answers_.empty()) return;  // one that does not read its answers is not heard either
  std::vector<std::string> packets;
  while (packets.size() < limits::kMaxBatchRecords) {
    auto packet = ReceivePacket(broker_.get(), /*dont_wait=*/true);
    if (!packet) {
      LogWarning("the broker's socket: " + packet.error().ToString());
      broker_.Reset();
      break;
    }
    if (!*packet) break;
    packets.push_back(std::move((*packet)->bytes));
  }
  if (packets.empty()) return;
  // The monitor told us of a session before it told the broker: what it said is heard before its
  // calls.
  if (auto control = TakeControl(); !control) return LogError(control.error().ToString());
  for (const std::string& packet : packets)
    if (auto taken = ledger_->TakeRequest(packet); !taken) {
      LogError("the broker does not speak the ledger's language: " + taken.error().ToString());
      broker_.Reset();
      return;
    }
}

void LedgerProcess::ReadReports() {
  for (ReportPipe& report : reports_) {
    char chunk[4096];
    for (;;) {
      ssize_t size = read(report.fd.get(), chunk, sizeof chunk);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EAGAIN) break;
      if (size > 0) report.bytes.append(chunk, static_cast<size_t>(size));
      size_t length = report.bytes.size() < 2
                          ? SIZE_MAX
                          : static_cast<uint8_t>(report.bytes[0]) + 256u * static_cast<uint8_t>(report.bytes[1]);
      if (length != SIZE_MAX && report.bytes.size() >= 2 + length) {
        auto end = flat::DecodeMessage<wire::RunEnd>(std::string_view(report.bytes).substr(2, length));
        if (end) ledger_->Take(report.began, *end);
        if (!end) LogWarning("a keeper's report: " + end.error().ToString());
        report.fd.Reset();
      } else if (size <= 0 || report.bytes.size() > kMaxReport) {
        report.fd.Reset();  // died without a word: the monitor says how the jail ended
      }
      if (!report.fd) break;
    }
  }
  std::erase_if(reports_, [](const ReportPipe& report) { return !report.fd; });
}

void LedgerProcess::SendAnswers() {
  while (broker_ && !answers_.empty()) {
    auto sent = SendPacket(broker_.get(), answers_.front(), {}, /*dont_wait=*/true);
    if (!sent && sent.error().code == Code::kLimit) return;
    if (!sent) broker_.Reset();
    answers_.pop_front();
  }
  if (!broker_) answers_.clear();
}

// Once when it begins and once when it ends, not once a call.
void LedgerProcess::SayWhetherFull() {
  if (ledger_->full().empty() == !said_full_) return;
  said_full_ = !said_full_;
  if (said_full_)
    LogError("no session begins and no call runs: " + ledger_->full());
  else
    LogInfo("the log's disk has space again: calls run");
}

void LedgerProcess::Wait() {
  std::vector<pollfd> fds{{kControl, POLLIN, 0}};
  if (broker_) fds.push_back({broker_.get(), static_cast<short>(answers_.empty() ? POLLIN : POLLOUT), 0});
  for (const ReportPipe& report : reports_) fds.push_back({report.fd.get(), POLLIN, 0});
  poll(fds.data(), fds.size(), unasked_since_ns_ == 0 ? -1 : static_cast<int>(kUnaskedNs / 1'000'000));
}

bool LedgerProcess::MustCommit() {
  if (ledger_->asked()) return true;
  if (ledger_->staged() == 0) return false;
  const uint64_t now = MonotonicNs();
  if (unasked_since_ns_ == 0) unasked_since_ns_ = now;
  return now - unasked_since_ns_ >= kUnaskedNs;
}

Status LedgerProcess::Turn() {
  Wait();
  WARDER_TRY_STATUS(TakeControl());
  TakeBroker();
  ReadReports();
  if (MustCommit()) {
    for (std::string& answer : ledger_->Commit()) answers_.push_back(std::move(answer));
    unasked_since_ns_ = 0;
  }
  SayWhetherFull();
  SendAnswers();
  return {};
}

int LedgerProcess::Run() {
  if (auto started = Start(); !started) {
    LogError(started.error().ToString());
    (void)SendPacket(kControl, flat::EncodeMessage(wire::LedgerShut{started.error().ToString()}));
    return 1;
  }
  while (!ledger_->shut()) {
    if (auto turned = Turn(); !turned) {
      LogError(turned.error().ToString());
      return 1;
    }
    if (!stop_ || ledger_->shut()) continue;
    if (auto stopped = ledger_->Stop(*stop_); !stopped) {
      LogError("stopping: " + stopped.error().ToString());
      (void)SendPacket(kControl, flat::EncodeMessage(wire::LedgerShut{stopped.error().ToString()}));
      return 1;
    }
    return SendPacket(kControl, flat::EncodeMessage(wire::LedgerStopped{})) ? 0 : 1;
  }
  LogError(ledger_->why_shut());
  (void)SendPacket(kControl, flat::EncodeMessage(wire::LedgerShut{ledger_->why_shut()}));
  return 1;
}

}  // namespace
}  // namespace warder::audit

int main() {
  warder::SetLogName("warder-ledger");
  return warder::audit::LedgerProcess().Run();
}
