// How is the local time of a zone found? By the tz library that became std::chrono's own.
#include "policy/zones.h"

#include <date/tz.h>

#include <algorithm>

#include "policy/clocks.h"
#include "policy/schema.h"

namespace warder::policy {
namespace {

const date::time_zone* Find(const std::string& zone) {
  try {
    return date::locate_zone(zone);
  } catch (const std::exception&) {  // unknown, or no tz database on this machine
    return nullptr;
  }
}

constexpr auto kBefore = std::chrono::hours(24), kAfter = std::chrono::hours(24 * 3653);

std::optional<ZoneClock> ClockOf(const std::string& zone, std::chrono::system_clock::time_point now) {
  const date::time_zone* found = Find(zone);
  if (found == nullptr) return std::nullopt;
  ZoneClock clock{zone, {}, date::floor<std::chrono::seconds>(now + kAfter).time_since_epoch().count()};
  try {
    date::sys_seconds at = date::floor<std::chrono::seconds>(now - kBefore);
    while (at.time_since_epoch().count() < clock.until_s) {
      const date::sys_info info = found->get_info(at);
      clock.offsets.push_back({at.time_since_epoch().count(), static_cast<int32_t>(info.offset.count())});
      at = info.end;
    }
  } catch (const std::exception&) {
    return std::nullopt;
  }
  return clock;
}

}  // namespace

std::vector<LoadProblem> BindClocks(Policy& policy, std::chrono::system_clock::time_point now) {
  std::vector<LoadProblem> problems;
  policy.clocks.clear();
  for (const Window& window : policy.windows)
    for (const Span& span : window.open) {
      if (std::ranges::find(policy.clocks, span.zone, &ZoneClock::zone) != policy.clocks.end()) continue;
      if (auto clock = ClockOf(span.zone, now))
        policy.clocks.push_back(std::move(*clock));
      else
        problems.push_back({window.where, Quote(span.zone) + " is not a zone of this machine",
                            "write a name of the tz database, as Europe/Berlin, or install tzdata"});
    }
  return problems;
}

std::optional<LocalTime> LocalTimeIn(const std::string& zone, std::chrono::system_clock::time_point now) {
  const date::time_zone* found = Find(zone);
  if (found == nullptr) return std::nullopt;
  try {
    return AsLocalTime(found->to_local(std::chrono::floor<std::chrono::seconds>(now)).time_since_epoch());
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace warder::policy
