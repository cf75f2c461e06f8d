// What may a jail show, as the path rules have it?
#include "policy/decide_parts.h"

namespace warder::policy {
namespace {

constexpr const char* kJailTmp = "/tmp";  // ${tmp}: the jail's own, never the host's

bool MayBeSource(const PathRule& rule, const std::string& under, const std::string& workspace) {
  return !under.empty() && rule.level <= Level::kNotify && (rule.may & ActBit(Act::kRead)) != 0 &&
         !IsUnder(under, workspace) && !IsUnder(under, kJailTmp);
}

}  // namespace

ViewRules ViewOf(const Policy& policy, const std::string& workspace) {
  ViewRules view;
  for (const PathRule& rule : policy.paths) {
    const std::string under = FillIn(rule.under, workspace, kJailTmp);
    if (MayBeSource(rule, under, workspace)) view.sources.push_back({under, rule.id});
    if (rule.level != Level::kForbid || rule.may == 0) continue;
    ViewRules::CoverRule& cover = view.covers.emplace_back();
    cover.rule = rule.id;
    cover.kind = (rule.may & ActBit(Act::kRead)) != 0    ? ViewRules::Cover::kHide
                 : (rule.may & ActBit(Act::kWrite)) != 0 ? ViewRules::Cover::kFreeze
                                                         : ViewRules::Cover::kPin;
    if (!under.empty()) cover.match.push_back(under == "/" ? "/**" : under + "/**");
    for (const std::string& glob : rule.match) cover.match.push_back(FillIn(glob, workspace, kJailTmp));
    for (const std::string& glob : rule.unless) cover.unless.push_back(FillIn(glob, workspace, kJailTmp));
  }
  return view;
}

}  // namespace warder::policy
