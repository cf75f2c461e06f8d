// What this version loads and does not serve in full, in words for whoever writes the policy.
#pragma once

#include <optional>

#include "policy/load.h"

namespace warder::policy {

// Level `notify` is decided, run and written into the log as such, and tells nobody yet. Where it
// is first used.
inline std::optional<LoadProblem> NotifyTellsNobody(const Policy& policy) {
  std::optional<Where> where;
  auto look = [&where](std::optional<Level> level, Where at) {
    if (!where && level == Level::kNotify) where = at;
  };
  for (const ExecRule& rule : policy.exec) look(rule.level, rule.where);
  for (const PathRule& rule : policy.paths) look(rule.level, rule.where);
  for (const NetworkRule& rule : policy.network) look(rule.level, rule.where);
  for (const Window& window : policy.windows) look(window.level, window.where);
  for (const Profile& profile : policy.profiles) {
    look(profile.otherwise, profile.where);
    for (const auto& [action, level] : profile.actions) look(level, profile.where);
  }
  if (!where) return std::nullopt;
  return LoadProblem{*where, "level `notify` runs and is marked in the log, and tells nobody yet: there is no notifier",
                     "read `warder audit tail`, or write `approve` where a person must know before"};
}

}  // namespace warder::policy
