// How one run is kept: a poll loop with deadlines, and the words on how it ended.
#include "sandbox/keeper/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/packet.h"
#include "sandbox/keeper/counters.h"

namespace warder::keeper {
namespace {

constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kNever = UINT64_MAX;
// Building a jail takes milliseconds, and a disk under load seconds for the intent that it waits for; one that hangs (a
// dead network file system) is ended.
constexpr uint64_t kSetupLimit = 30'000 * kMillisecond;
constexpr uint64_t kCpuPoll = 100 * kMillisecond;
// After the jail's end, for a broker or ledger that is slow to read.
constexpr uint64_t kReportPatience = 5'000 * kMillisecond;
// For init to exit after its last word.
constexpr int kGoneMilliseconds = 2'000;
// Messages that wait for the broker before output is left in its pipe.
constexpr size_t kQueueEnough = 8;

void SetNonBlocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

int PollTimeout(uint64_t deadline) {
  uint64_t now = MonotonicNs();
  if (deadline <= now) return 0;
  return static_cast<int>(std::min<uint64_t>((deadline - now) / kMillisecond + 1, 60'000));
}

}  // namespace

Run::Run(const wire::RunPlan& plan)
    : plan_(plan),
      output_(plan.limits.output_bytes),
      began_ns_(MonotonicNs()),
      memory_kills_before_(MemoryKills(kMemoryFd)) {
  for (int fd : {kStatusFd, kStdoutFd, kStderrFd, kReportFd}) SetNonBlocking(fd);
}

void Run::Keep() {
  while (!gone_ && !list_ended_) PollOnce();
  // Everything was written before the list ended; what waits in the pipes is all there is. The last word of init comes
  // when every other process of its pid namespace is dead and reaped: nothing is left that could still act, and the
  // answer does not wait for mounts to be taken down.
  bool over = std::exchange(gone_, true);
  PumpStream(kStdoutFd, 1, stdout_open_);
  PumpStream(kStderrFd, 2, stderr_open_);
  ReadStatus();
  output_.Finish();
  SendEnd(Describe());
  pollfd init{kInitFd, POLLIN, 0};
  if (!over && poll(&init, 1, kGoneMilliseconds) != 1) Kill();
}

void Run::PollOnce() {
  bool read_output = output_.queue().size() < kQueueEnough || !broker_open_;
  pollfd polls[] = {
      {status_open_ ? kStatusFd : -1, POLLIN, 0},
      {stdout_open_ && read_output ? kStdoutFd : -1, POLLIN, 0},
      {stderr_open_ && read_output ? kStderrFd : -1, POLLIN, 0},
      {broker_open_ ? kBrokerFd : -1, static_cast<short>(output_.queue().empty() ? POLLIN : POLLIN | POLLOUT), 0},
      {kInitFd, POLLIN, 0}};
  if (poll(polls, std::size(polls), PollTimeout(NextDeadline())) < 0 && errno != EINTR) {
    EndFor(wire::EndKind::kLost, "poll failed", true);
    gone_ = true;
    return;
  }
  if (polls[0].revents != 0) ReadStatus();
  if (polls[1].revents != 0) PumpStream(kStdoutFd, 1, stdout_open_);
  if (polls[2].revents != 0) PumpStream(kStderrFd, 2, stderr_open_);
  if ((polls[3].revents & (POLLIN | POLLHUP | POLLERR)) != 0) HearBroker();
  if ((polls[3].revents & POLLOUT) != 0) SendQueue();
  if (polls[4].revents != 0) gone_ = true;
  CheckTime();
}

// At the end (gone_) all of it; before, one buffer a round, so that no stream starves deadlines.
void Run::PumpStream(int fd, uint8_t stream, bool& open) {
  static char buffer[64 * 1024];
  while (open) {
    ssize_t size = read(fd, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      open = false;
      return;
    }
    output_.Take(stream, {buffer, static_cast<size_t>(size)});
    if (!gone_) return;
  }
}

void Run::ReadStatus() {
  char buffer[4096];
  ssize_t size;
  while ((size = read(kStatusFd, buffer, sizeof buffer)) > 0) status_bytes_.append(buffer, static_cast<size_t>(size));
  if (size == 0) status_open_ = false;
  uint16_t length = 0;
  while (status_bytes_.size() >= sizeof length) {
    std::memcpy(&length, status_bytes_.data(), sizeof length);
    if (status_bytes_.size() < sizeof length + length) return;
    std::string message = status_bytes_.substr(sizeof length, length);
    status_bytes_.erase(0, sizeof length + length);
    // The first word of a kind counts: nothing that comes later can take it back.
    if (auto failed = flat::DecodeMessage<wire::SetupFailed>(message); failed && !setup_failed_)
      setup_failed_ = *failed;
    if (auto ended = flat::DecodeMessage<wire::ListEnded>(message); ended && !list_ended_) list_ended_ = *ended;
    auto started = flat::DecodeMessage<wire::JailStarted>(message);
    if (!started || jail_started_) continue;
    jail_started_ = *started;
    started_ns_ = MonotonicNs();
  }
}

void Run::HearBroker() {
  auto packet = ReceivePacket(kBrokerFd, true);
  if (packet && !*packet) return;
  auto cancel = packet ? flat::DecodeMessage<wire::Cancel>((*packet)->bytes)
                       : Result<wire::Cancel>(std::unexpected(packet.error()));
  if (cancel) {
    EndFor(wire::EndKind::kCancelled, "", cancel->at_once);
    if (cancel->at_once) Kill();
    return;
  }
  // Nobody is left who could answer the agent, or somebody who speaks another language.
  broker_open_ = false;
  output_.queue().clear();
  EndFor(wire::EndKind::kLost, "the broker is gone", true);
}

void Run::SendQueue() {
  while (broker_open_ && !output_.queue().empty()) {
    Status sent = SendPacket(kBrokerFd, output_.queue().front(), {}, true);
    if (!sent && sent.error().code == Code::kLimit) return;
    if (!sent) {
      broker_open_ = false;
      output_.queue().clear();
      EndFor(wire::EndKind::kLost, "the broker is gone", true);
      return;
    }
    output_.queue().pop_front();
  }
}

void Run::EndFor(wire::EndKind reason, const char* detail, bool at_once) {
  if (!reason_) {
    reason_ = reason;
    reason_detail_ = detail;
  }
  if (at_once) return Kill();
  if (kill_at_ns_ != 0) return;
  syscall(SYS_pidfd_send_signal, kInitFd, SIGTERM, nullptr, 0);
  kill_at_ns_ = MonotonicNs() + static_cast<uint64_t>(limits::kTermGrace.count()) * kMillisecond;
}

void Run::Kill() {
  if (killed_) return;
  killed_ = true;
  // The cgroup reaches what left the pid namespace, if anything could; the pidfd works where there is no cgroup.
  [[maybe_unused]] ssize_t ignored = write(kKillFd, "1", 1);
  syscall(SYS_pidfd_send_signal, kInitFd, SIGKILL, nullptr, 0);
}

uint64_t Run::NextDeadline() const {
  if (killed_) return kNever;
  if (kill_at_ns_ != 0) return kill_at_ns_;
  if (started_ns_ == 0) return began_ns_ + kSetupLimit;
  uint64_t wall = started_ns_ + plan_.limits.wall_ms * kMillisecond;
  return CpuNanoseconds(kCpuFd) ? std::min(wall, MonotonicNs() + kCpuPoll) : wall;
}

void Run::CheckTime() {
  uint64_t now = MonotonicNs();
  if (kill_at_ns_ != 0) {
    if (now >= kill_at_ns_) Kill();
    return;
  }
  if (started_ns_ == 0) {
    if (now >= began_ns_ + kSetupLimit) EndFor(wire::EndKind::kLost, "the jail was not built in time", true);
    return;
  }
  if (now >= started_ns_ + plan_.limits.wall_ms * kMillisecond) EndFor(wire::EndKind::kWallLimit, "", false);
  auto cpu = CpuNanoseconds(kCpuFd);
  if (cpu && *cpu >= plan_.limits.cpu_ms * kMillisecond) EndFor(wire::EndKind::kCpuLimit, "", false);
}

void Run::DescribeStatus(wire::RunEnd& end) const {
  int status = list_ended_->wait_status;
  end.command = list_ended_->command;
  end.cpu_ns = list_ended_->cpu_ns;
  end.max_rss_bytes = list_ended_->max_rss_bytes;
  if (WIFEXITED(status)) {
    end.kind = wire::EndKind::kExited;
    end.code = WEXITSTATUS(status);
    return;
  }
  end.kind = wire::EndKind::kSignaled;
  end.signal = WTERMSIG(status);
  bool cpu_spent = end.cpu_ns >= plan_.limits.cpu_ms * kMillisecond;
  if (end.signal == SIGXFSZ) end.kind = wire::EndKind::kDiskLimit;
  if (end.signal == SIGXCPU || (end.signal == SIGKILL && cpu_spent)) end.kind = wire::EndKind::kCpuLimit;
}

wire::RunEnd Run::Describe() {
  wire::RunEnd end;
  end.session = plan_.session;
  end.call = plan_.call;
  end.detail = reason_detail_;
  if (started_ns_ != 0) end.wall_ns = MonotonicNs() - started_ns_;
  if (jail_started_) end.setup_ns = jail_started_->setup_ns;
  if (list_ended_) DescribeStatus(end);
  if (!list_ended_) end.cpu_ns = CpuNanoseconds(kCpuFd).value_or(0);
  bool clean = list_ended_ && end.kind == wire::EndKind::kExited && end.code == 0;
  if (!clean && MemoryKills(kMemoryFd) > memory_kills_before_) end.kind = wire::EndKind::kMemoryLimit;
  if (reason_) end.kind = *reason_;
  // Only before the start: a jailed program can not make its run look as if it never was.
  if (setup_failed_ && !jail_started_) {
    end.kind = wire::EndKind::kSetupFailed;
    end.step = setup_failed_->step;
    end.error = setup_failed_->error;
    end.detail = setup_failed_->detail;
  }
  end.stdout_bytes = output_.written(1);
  end.stderr_bytes = output_.written(2);
  end.stdout_kept = output_.kept(1);
  end.stderr_kept = output_.kept(2);
  return end;
}

// The ledger first: its record must not wait for a broker that does not read.
void Run::SendEnd(const wire::RunEnd& end) {
  std::string bytes = flat::EncodeMessage(end);
  auto size = static_cast<uint16_t>(bytes.size());
  std::string framed = std::string(reinterpret_cast<const char*>(&size), sizeof size) + bytes;
  uint64_t patience = MonotonicNs() + kReportPatience;
  pollfd ledger{kReportFd, POLLOUT, 0};
  // Below PIPE_BUF: all of it in one write, or EAGAIN.
  while (write(kReportFd, framed.data(), framed.size()) < 0 && (errno == EAGAIN || errno == EINTR)) {
    if (MonotonicNs() >= patience) {
      LogError("the ledger does not take the report");
      break;
    }
    poll(&ledger, 1, PollTimeout(patience));
  }
  close(kReportFd);  // the ledger reads to the end, and does not wait for the broker below
  output_.queue().push_back(bytes);
  pollfd broker{kBrokerFd, POLLOUT, 0};
  for (patience = MonotonicNs() + kReportPatience;
       broker_open_ && !output_.queue().empty() && MonotonicNs() < patience;) {
    poll(&broker, 1, PollTimeout(patience));
    SendQueue();
  }
}

}  // namespace warder::keeper
