// What may a jail show, as the path rules of all layers have it?
#include <algorithm>

#include "policy/decide_parts.h"

namespace warder::policy {
namespace {

constexpr const char* kJailTmp = "/tmp";  // ${tmp}: the jail's own, never the host's

// The directories that a rule names whole: `under`, and globs of the form D or D/**.
std::vector<std::string> Trees(const PathRule& rule, const std::string& workspace) {
  std::vector<std::string> trees;
  if (!rule.under.empty()) trees.push_back(FillIn(rule.under, workspace, kJailTmp));
  if (!rule.unless.empty()) return trees;
  for (std::string_view glob : rule.match) {
    if (!glob.ends_with("/**")) continue;
    glob.remove_suffix(3);
    if (!glob.contains('*') && !glob.empty()) trees.push_back(FillIn(glob, workspace, kJailTmp));
  }
  return trees;
}

bool ShowsReading(const PathRule& rule) {
  return rule.level <= Level::kNotify && (rule.may & ActBit(Act::kRead)) != 0;
}

// Whether the layer has this directory in a tree that it lets be read.
bool Allows(const Policy& policy, const std::string& directory, const std::string& workspace) {
  return std::ranges::any_of(policy.paths, [&](const PathRule& rule) {
    return ShowsReading(rule) &&
           std::ranges::any_of(Trees(rule, workspace),
                               [&](const std::string& tree) { return IsUnder(directory, tree); });
  });
}

ViewRules::CoverRule CoverOf(const PathRule& rule, const std::string& workspace) {
  ViewRules::CoverRule cover;
  cover.rule = rule.id;
  cover.kind = (rule.may & ActBit(Act::kRead)) != 0    ? ViewRules::Cover::kHide
               : (rule.may & ActBit(Act::kWrite)) != 0 ? ViewRules::Cover::kFreeze
                                                       : ViewRules::Cover::kPin;
  const std::string under = FillIn(rule.under, workspace, kJailTmp);
  if (!under.empty()) cover.match.push_back(under == "/" ? "/**" : under + "/**");
  for (const std::string& glob : rule.match)
    cover.match.push_back(FillIn(glob, workspace, kJailTmp));
  for (const std::string& glob : rule.unless)
    cover.unless.push_back(FillIn(glob, workspace, kJailTmp));
  return cover;
}

}  // namespace

ViewRules ViewOf(const PolicySet& set, const std::string& workspace) {
  ViewRules view;
  auto all_allow = [&](const std::string& directory) {
    for (size_t layer = 0; layer < set.size(); ++layer)
      if (set.Speaks(layer, Matter::kPaths) && !set.Passes(layer, Matter::kPaths) &&
          !Allows(set.layer(layer), directory, workspace))
        return false;
    return true;
  };
  for (size_t layer = 0; layer < set.size(); ++layer) {
    if (!set.Speaks(layer, Matter::kPaths)) continue;
    for (const PathRule& rule : set.layer(layer).paths) {
      if (rule.level == Level::kForbid && rule.may != 0)
        view.covers.push_back(CoverOf(rule, workspace));
      if (!ShowsReading(rule) || !set.Answers(layer)) continue;
      for (const std::string& tree : Trees(rule, workspace)) {
        const bool seen = std::ranges::any_of(
            view.sources, [&](const ViewRules::Source& source) { return source.path == tree; });
        if (!seen && !IsUnder(tree, workspace) && !IsUnder(tree, kJailTmp) && all_allow(tree))
          view.sources.push_back({tree, rule.id});
      }
    }
  }
  return view;
}

}  // namespace warder::policy
