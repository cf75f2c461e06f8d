// What does a clock on the wall of a zone show? Local time as a fact, for windows.
//
// The one part of this room that reads the disk: the system's tz database, once for each zone, on
// first use. Thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "policy/load.h"

namespace warder::policy {

// Gives the policy the clocks of its windows' zones, from a day before now to ten years after it. Answers the windows
// whose zone this machine does not know: what they judge would be forbidden.
std::vector<LoadProblem> BindClocks(Policy& policy, std::chrono::system_clock::time_point now);

// Nothing where the zone is not known. Daylight saving counts: minutes that do not exist are never
// shown, minutes that are there twice are shown twice.
std::optional<LocalTime> LocalTimeIn(const std::string& zone, std::chrono::system_clock::time_point now);

}  // namespace warder::policy
