// What does a zone's clock show, by what was bound to a policy? Reads no disk: for processes that can not. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "policy/policy_set.h"

namespace warder::policy {

// By the clock of the uppermost layer that has one for the zone: a lower one does not set the clock of an upper one.
// Nothing where none is known for that moment.
std::optional<LocalTime> LocalTimeBy(const PolicySet& set, const std::string& zone,
                                     std::chrono::system_clock::time_point now);

// local: since 1970-01-01 00:00 on that clock.
LocalTime AsLocalTime(std::chrono::seconds local);

}  // namespace warder::policy
