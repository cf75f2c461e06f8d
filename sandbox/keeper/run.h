// One run, from the keeper's side: pumps output, holds deadlines, says how it ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sandbox/keeper/output.h"
#include "wire/plan.h"
#include "wire/report.h"

namespace warder::keeper {

// docs/formats/processes.md. The last two may be absent.
inline constexpr int kStatusFd = 3, kStdoutFd = 4, kStderrFd = 5, kBrokerFd = 6, kReportFd = 7, kKillFd = 8,
                     kInitFd = 9, kPlanFd = 10, kMemoryFd = 11, kCpuFd = 12, kLastFd = 12;

class Run {
 public:
  explicit Run(const wire::RunPlan& plan);

  // Returns when the jail is empty and both reports are out (or their readers gone).
  void Keep();

 private:
  void PollOnce();
  void PumpStream(int fd, uint8_t stream, bool& open);
  void ReadStatus();
  void HearBroker();
  void SendQueue();
  void CheckTime();
  // Begins the end for this reason, once: TERM now and kill after the grace, or kill at once.
  void EndFor(wire::EndKind reason, const char* detail, bool at_once);
  void Kill();
  uint64_t NextDeadline() const;
  wire::RunEnd Describe();
  void DescribeStatus(wire::RunEnd& end) const;
  void SendEnd(const wire::RunEnd& end);

  const wire::RunPlan& plan_;
  OutputKeep output_;
  std::string status_bytes_;
  bool status_open_ = true, stdout_open_ = true, stderr_open_ = true, broker_open_ = true;
  bool gone_ = false;  // init ended, and with it every process of its pid namespace
  bool killed_ = false;
  uint64_t began_ns_;
  uint64_t started_ns_ = 0;  // 0: the jail is still being built
  uint64_t kill_at_ns_ = 0;  // 0: no end was begun
  uint64_t memory_kills_before_;
  std::optional<wire::EndKind> reason_;
  std::string reason_detail_;
  std::optional<wire::SetupFailed> setup_failed_;
  std::optional<wire::JailStarted> jail_started_;
  std::optional<wire::ListEnded> list_ended_;
};

}  // namespace warder::keeper
