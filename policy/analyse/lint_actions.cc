// Which actions, profiles and windows say nothing, or more than was thought?
#include <set>

#include "policy/analyse/lint_parts.h"
#include "policy/schema.h"

namespace warder::policy::lint {
namespace {

void LintUnknown(Layer& layer) {
  for (const PolicySet::Problem& problem : CheckSet(layer.set()))
    if (problem.file == layer.policy().file)
      layer.Add("unknown-action", problem.problem.where, "", problem.problem.what, "", problem.problem.remedy);
}

// Of any layer: each takes its own profile's `otherwise` for what it does not list, but a list anywhere binds all.
void LintUnlisted(Layer& layer) {
  if (layer.policy().profiles.empty()) return;
  std::set<std::string_view> listed;
  for (const auto& other : layer.set().layers())
    for (const Profile& profile : other->profiles)
      for (const auto& [action, level] : profile.actions) listed.insert(action);
  std::set<std::string_view> told;
  for (const ExecRule& rule : layer.policy().exec)
    if (!rule.action.empty() && !listed.contains(rule.action) && told.insert(rule.action).second)
      layer.Add("unlisted-action", rule.where, rule.id,
                "no profile names the action " + Quote(rule.action) + ": it takes `otherwise`, or else approve", "",
                "name it in each profile, or take `action` out where the rule's own level is meant");
}

void LintOtherwise(Layer& layer) {
  for (const Profile& profile : layer.policy().profiles)
    if (profile.otherwise && *profile.otherwise <= Level::kNotify)
      layer.Add("otherwise-auto", profile.where, "",
                "in the profile " + Quote(profile.name) + " every action that no list names is " +
                    LevelName(*profile.otherwise) + ", also those of rules that are written later",
                "", "write `otherwise: approve` or `forbid`, and list what may run");
}

// A window that is open all week long never counts.
void LintWindows(Layer& layer) {
  constexpr uint16_t kDay = 1440;
  for (const Window& window : layer.policy().windows)
    for (const Span& span : window.open) {
      const bool each_day = (span.last_day + 7 - span.first_day) % 7 == 6;
      if (each_day && span.from == 0 && span.to == kDay)
        layer.Add("never-matches", window.where, window.id, "this window is open at any time, so it never counts", "",
                  "write when it is open, or take it out");
    }
}

}  // namespace

void LintActions(Layer& layer) {
  LintUnknown(layer);
  LintUnlisted(layer);
  LintOtherwise(layer);
  LintWindows(layer);
}

}  // namespace warder::policy::lint
