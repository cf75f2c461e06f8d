// What do the path rules of one layer say of one act on one path?
#include <algorithm>

#include "base/text.h"
#include "policy/decide_parts.h"

namespace warder::policy {

std::string PlaceProblem(const Place& place) {
  // A `*` in a real directory's name would become a wildcard of the globs that it is filled into.
  for (std::string_view directory : {place.workspace, place.tmp})
    if (!IsCanonical(directory) || directory == "/" || directory.contains('*'))
      return "the directory `" + ForTerminal(directory) + "` can not stand in path rules";
  return {};
}

Applied AppliedOf(const PathRule& rule, size_t layer, const CutPath& path, Act act) {
  const std::string& text = rule.level == Level::kForbid ? rule.forbid_text : rule.why;
  return {rule.id, rule.level, rule.where, std::string(path.text), text, act, true, layer, Applied::Text::kOfPathRule};
}

std::vector<Applied> JudgePathIn(const PolicySet& set, size_t layer, const CutPath& path, Act act, const Place& place) {
  std::vector<Applied> out;
  for (uint32_t r : set.index(layer).paths.Covering(path, act, place))
    out.push_back(AppliedOf(set.layer(layer).paths[r], layer, path, act));
  return out;
}

std::string WhatIsAllowed(const PolicySet& set, size_t layer, Act act, const Place& place) {
  constexpr size_t kShown = 8;
  std::string list;
  size_t count = 0;
  for (const PathRule& rule : set.layer(layer).paths) {
    if (rule.level == Level::kForbid || (rule.may & ActBit(act)) == 0) continue;
    std::vector<std::string> places = rule.match;
    if (!rule.under.empty()) places.push_back(rule.under);
    for (const std::string& text : places) {
      if (++count > kShown) break;
      list +=
          (list.empty() ? "" : ", ") + ForTerminal(FillIn(text, std::string(place.workspace), std::string(place.tmp)));
    }
    if (count > kShown) break;
  }
  if (list.empty()) return std::string("no rule allows ") + ActName(act) + " of any path";
  return std::string(ActName(act)) + " is allowed under " + list + (count > kShown ? ", …" : "");
}

}  // namespace warder::policy
