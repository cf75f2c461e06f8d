// Which refusals before the decision go into the log: a flood of broken calls must not fill the disk.
//
// One for each agent, kept over its connections: connecting anew brings no new burst. What is left out is
// counted, and the count stands in the agent's next decision record.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace warder::broker {

// More at once, or for long, is no mistake of a client.
inline constexpr double kRefusalsRecordedAtOnce = 50;
inline constexpr double kRefusalsRecordedPerSecond = 5;

class RefusalRate {
 public:
  using Clock = std::chrono::steady_clock;

  // Whether one that happens now is recorded; else it is counted. `now` never goes back.
  bool Take(Clock::time_point now) {
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    left_ = std::min<double>(kRefusalsRecordedAtOnce, left_ + seconds * kRefusalsRecordedPerSecond);
    if (left_ < 1) {
      ++left_out_;
      return false;
    }
    left_ -= 1;
    return true;
  }
  // How many were left out since this was last asked.
  uint64_t TakeLeftOut() { return std::exchange(left_out_, 0); }

 private:
  Clock::time_point last_ = Clock::now();
  double left_ = kRefusalsRecordedAtOnce;
  uint64_t left_out_ = 0;
};

}  // namespace warder::broker
