// What does a zone's clock show, by what was bound to a policy? See clocks.h.
#include "policy/clocks.h"

#include <algorithm>
#include <iterator>

namespace warder::policy {

LocalTime AsLocalTime(std::chrono::seconds local) {
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const unsigned weekday = std::chrono::weekday(std::chrono::sys_days(day)).iso_encoding() - 1;
  return {static_cast<uint8_t>(weekday),
          static_cast<uint16_t>(std::chrono::floor<std::chrono::minutes>(local - day).count())};
}

std::optional<LocalTime> LocalTimeBy(const PolicySet& set, const std::string& zone,
                                     std::chrono::system_clock::time_point now) {
  const int64_t utc = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  for (const auto& layer : set.layers()) {
    const auto clock = std::ranges::find(layer->clocks, zone, &ZoneClock::zone);
    if (clock == layer->clocks.end()) continue;
    const auto next = std::ranges::upper_bound(clock->offsets, utc, {}, &ZoneClock::Offset::since_s);
    if (next == clock->offsets.begin() || utc >= clock->until_s) return std::nullopt;
    return AsLocalTime(std::chrono::seconds(utc) + std::chrono::seconds(std::prev(next)->seconds));
  }
  return std::nullopt;
}

}  // namespace warder::policy
