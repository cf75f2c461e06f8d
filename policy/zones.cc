// How is the local time of a zone found? By the tz library that became std::chrono's own.
#include "policy/zones.h"

#include <date/tz.h>

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

}  // namespace

bool LoadZone(const std::string& zone) { return LocalTimeIn(zone, std::chrono::system_clock::now()).has_value(); }

std::vector<LoadProblem> CheckZones(const Policy& policy) {
  std::vector<LoadProblem> problems;
  for (const Window& window : policy.windows)
    for (const Span& span : window.open)
      if (!LoadZone(span.zone))
        problems.push_back({window.where, Quote(span.zone) + " is not a zone of this machine",
                            "write a name of the tz database, as Europe/Berlin, or install tzdata"});
  return problems;
}

std::optional<LocalTime> LocalTimeIn(const std::string& zone, std::chrono::system_clock::time_point now) {
  const date::time_zone* found = Find(zone);
  if (found == nullptr) return std::nullopt;
  try {
    const auto local = found->to_local(std::chrono::floor<std::chrono::seconds>(now));
    const auto day = date::floor<date::days>(local);
    const auto minute = std::chrono::floor<std::chrono::minutes>(local - day);
    const unsigned weekday = date::weekday(day).iso_encoding() - 1;
    return LocalTime{static_cast<uint8_t>(weekday), static_cast<uint16_t>(minute.count())};
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace warder::policy
