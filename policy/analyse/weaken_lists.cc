// In which ways could profiles, windows and the lists beside the rules be weaker by one step?
#include <algorithm>

#include "policy/analyse/weaken_parts.h"
#include "policy/layer_index.h"

namespace warder::policy {
namespace {

// Where approve becomes forbid in this profile, or in one that it is based on.
bool ApproveIsForbid(const Maker& maker, const Profile& profile) {
  const ResolvedProfile* resolved = maker.set.index(maker.layer).FindProfile(profile.name);
  return resolved != nullptr && resolved->approve_becomes_forbid();
}

template <typename T>
void Drop(std::vector<T>& list, size_t i) {
  list.erase(list.begin() + static_cast<ptrdiff_t>(i));
}

void WeakenWindow(Maker& maker, size_t w) {
  const Window& window = maker.policy().windows[w];
  auto add = [&](const std::string& what, std::function<void(Window&)> change) {
    Weakening& made = maker.Add(window.where, "window " + window.id + ": " + what,
                                [w, change = std::move(change)](Policy& policy) { change(policy.windows[w]); });
    made.probes = CallsOfEveryRule(maker.set, maker.samples);
    made.asks_for_time = true;
  };
  add("gone", [](Window& x) { x.actions.clear(); });
  if (const Level looser = Looser(window.level); looser > Level::kAuto)
    add(std::string("level ") + LevelName(looser) + ", not " + LevelName(window.level),
        [looser](Window& x) { x.level = looser; });
  for (size_t a = 0; window.actions.size() > 1 && a < window.actions.size(); ++a)
    add("not for " + window.actions[a], [a](Window& x) { Drop(x.actions, a); });
  for (size_t s = 0; s < window.open.size(); ++s) {
    const Span& span = window.open[s];
    const std::string which = window.open.size() > 1 ? " (span " + std::to_string(s + 1) + ")" : "";
    if ((span.last_day + 7 - span.first_day) % 7 < 6) {
      add("a day earlier" + which,
          [s](Window& x) { x.open[s].first_day = static_cast<uint8_t>((x.open[s].first_day + 6) % 7); });
      add("a day longer" + which,
          [s](Window& x) { x.open[s].last_day = static_cast<uint8_t>((x.open[s].last_day + 1) % 7); });
    }
    if (span.from > 0) add("a minute earlier" + which, [s](Window& x) { --x.open[s].from; });
    if (span.to < 1440) add("a minute longer" + which, [s](Window& x) { ++x.open[s].to; });
  }
}

Where PlaceOf(const Policy& policy, const std::string& action, Where otherwise) {
  for (const ActionMention& mention : policy.listed_actions)
    if (mention.action == action && mention.where.line >= otherwise.line) return mention.where;
  return otherwise;
}

}  // namespace

void WeakenProfiles(Maker& maker) {
  const std::vector<Test> calls = CallsOfEveryRule(maker.set, maker.samples);
  for (size_t p = 0; p < maker.policy().profiles.size(); ++p) {
    const Profile& profile = maker.policy().profiles[p];
    const bool same = ApproveIsForbid(maker, profile);
    const std::string name = "profile " + profile.name + ": ";
    for (size_t a = 0; a < profile.actions.size(); ++a) {
      const auto& [action, level] = profile.actions[a];
      if (level == Level::kAuto) continue;
      const Level looser = Looser(level, same);
      maker.AddLevels(
          PlaceOf(maker.policy(), action, profile.where),
          name + action + " at " + LevelName(looser) + ", not " + LevelName(level),
          [p, a, looser](Policy& policy) { policy.profiles[p].actions[a].second = looser; }, calls);
    }
    if (profile.otherwise && *profile.otherwise > Level::kAuto) {
      const Level looser = Looser(*profile.otherwise, same);
      maker.AddLevels(
          profile.where, name + "otherwise " + LevelName(looser) + ", not " + LevelName(*profile.otherwise),
          [p, looser](Policy& policy) { policy.profiles[p].otherwise = looser; }, calls);
    }
    if (profile.approve_becomes_forbid && AnyApprove(maker.set))
      maker
          .Add(profile.where, name + "approve stays approve",
               [p](Policy& policy) { policy.profiles[p].approve_becomes_forbid = false; })
          .probes = calls;
  }
}

void WeakenLists(Maker& maker) {
  const Policy& policy = maker.policy();
  for (size_t w = 0; w < policy.windows.size(); ++w) WeakenWindow(maker, w);
  // What one layer alone passes on is forbidden: it takes two that speak.
  auto speak = [&](Matter matter) {
    size_t count = 0;
    for (size_t layer = 0; layer < maker.set.size(); ++layer) count += maker.set.Speaks(layer, matter) ? 1 : 0;
    return count > 1 && maker.set.Speaks(maker.layer, matter);
  };
  auto pass = [&](const char* matter, bool Unmatched::* field) {
    if (policy.unmatched.*field) return;
    maker
        .Add({1, 1}, std::string("unmatched: ") + matter + " pass, not forbid",
             [field](Policy& p) { p.unmatched.*field = true; })
        .probes = CallsOfEveryRule(maker.set, maker.samples);
  };
  if (speak(Matter::kExec)) pass("exec", &Unmatched::exec);
  if (speak(Matter::kPaths)) pass("paths", &Unmatched::paths);
  if (speak(Matter::kNetwork)) pass("network", &Unmatched::network);
  if (policy.environment_pass) {
    Weakening& made =
        maker.Add({1, 1}, "environment: pass any variable", [names = maker.samples.variables()](Policy& p) {
          p.environment_pass->insert(p.environment_pass->end(), names.begin(), names.end());
        });
    for (const Test& call : CallsOfEveryRule(maker.set, maker.samples))
      if (!call.run.empty()) made.probes.push_back(RunTest("OTHER=1 " + call.run));
  }
  for (size_t i = 0; i < policy.require_reason.size(); ++i) {
    const std::string& action = policy.require_reason[i];
    Weakening& made = maker.Add(PlaceOf(policy, action, {1, 1}), "require-reason: without " + action,
                                [i](Policy& p) { Drop(p.require_reason, i); });
    for (Test call : CallsOfEveryRule(maker.set, maker.samples)) {
      call.by = "reason";  // asks without one
      made.probes.push_back(std::move(call));
    }
  }
}

}  // namespace warder::policy
