// In which profiles and at which local times is each call asked?
#include <algorithm>

#include "policy/analyse/differ.h"
#include "policy/layer_index.h"
#include "policy/zones.h"

namespace warder::policy::analyse {
namespace {

using std::chrono::sys_days;
constexpr size_t kMaxTimes = 24;

std::vector<const Window*> WindowsOf(const PolicySet& set) {
  std::vector<const Window*> windows;
  for (const auto& layer : set.layers())
    for (const Window& window : layer->windows) windows.push_back(&window);
  return windows;
}

std::string TimeText(const LocalTime& time) {
  constexpr const char* kDays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  const std::string hour = std::to_string(time.minute / 60), minute = std::to_string(time.minute % 60);
  return std::string(kDays[time.weekday % 7]) + " " + (hour.size() < 2 ? "0" : "") + hour + ":" +
         (minute.size() < 2 ? "0" : "") + minute;
}

bool IsOpen(const Window& window, const std::vector<ZoneFact>& zones) {
  return std::ranges::any_of(window.open, [&](const Span& span) {
    const auto fact = std::ranges::find(zones, span.zone, &ZoneFact::zone);
    return fact != zones.end() && span.Holds(fact->time);
  });
}

}  // namespace

// A workspace's own profile does not make a name known (policy/decide.cc).
bool Differ::Known(Side side, const std::string& profile) const {
  if (profile.empty()) return true;
  const PolicySet& set = Set(side);
  for (size_t layer = 0; layer < set.size(); ++layer)
    if (set.Answers(layer) && set.index(layer).FindProfile(profile) != nullptr) return true;
  return false;
}

// One real instant for each way in which the windows of both are open together: in a week of winter and one of summer,
// minute by minute, so that hours of several zones are only combined as clocks combine them.
void Differ::MakeTimes(std::vector<Situation>& times) {
  std::vector<const Window*> windows = WindowsOf(Set(Side::kOld));
  const std::vector<const Window*> more = WindowsOf(Set(Side::kNew));
  windows.insert(windows.end(), more.begin(), more.end());
  if (windows.empty()) {
    times.emplace_back();
    return;
  }
  std::vector<std::string> zones = Set(Side::kOld).settings().zones;
  for (const std::string& zone : Set(Side::kNew).settings().zones)
    if (std::ranges::find(zones, zone) == zones.end()) zones.push_back(zone);
  std::map<std::vector<bool>, bool> seen;
  for (const sys_days monday : {sys_days(std::chrono::year(2026) / 1 / 12), sys_days(std::chrono::year(2026) / 7 / 13)})
    for (int minute = 0; minute < 7 * 1440; ++minute) {
      Situation situation;
      for (const std::string& zone : zones)
        if (auto time = LocalTimeIn(zone, monday + std::chrono::minutes(minute)))
          situation.zones.push_back({zone, *time});
      std::vector<bool> open;
      for (const Window* window : windows) open.push_back(IsOpen(*window, situation.zones));
      if (!seen.emplace(std::move(open), true).second) continue;
      for (const ZoneFact& fact : situation.zones)
        situation.when += (situation.when.empty() ? "" : ", ") + TimeText(fact.time) + " " + fact.zone;
      times.push_back(std::move(situation));
    }
  if (times.size() <= kMaxTimes) return;
  Unseen("times: windows are open in " + std::to_string(times.size()) + " different ways; " +
         std::to_string(kMaxTimes) + " were asked");
  times.resize(kMaxTimes);
}

void Differ::MakeSituations() {
  std::vector<std::string> profiles{""};
  for (const Side side : {Side::kOld, Side::kNew})
    for (const auto& layer : Set(side).layers())
      for (const Profile& profile : layer->profiles) {
        if (std::ranges::find(profiles, profile.name) != profiles.end()) continue;
        if (!Known(Side::kOld, profile.name) && !Known(Side::kNew, profile.name)) continue;
        profiles.push_back(profile.name);
        if (!Known(Side::kOld, profile.name)) fresh_profiles_.insert(profile.name);
      }
  auto wanted = [&](Side side) {
    std::vector<std::string> actions = Set(side).settings().require_reason;
    std::ranges::sort(actions);
    return actions;
  };
  const bool reasons = wanted(Side::kOld) != wanted(Side::kNew);
  std::vector<Situation> times;
  MakeTimes(times);
  for (const std::string& profile : profiles)
    for (const Situation& time : times)
      for (const bool reason : {true, false}) {
        if (!reason && !reasons) continue;
        Situation& situation = situations_.emplace_back(time);
        situation.profile = profile;
        situation.reason = reason;
      }
}

}  // namespace warder::policy::analyse
