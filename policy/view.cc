// What may a jail show, as the path rules of all layers have it?
#include <algorithm>
#include <utility>

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

bool Lets(const PathRule& rule, Act act) { return rule.level <= Level::kNotify && (rule.may & ActBit(act)) != 0; }

// Whether the layer has this directory in a tree that it lets be read, or written.
bool LetsWhole(const Policy& policy, Act act, const std::string& directory, const std::string& workspace) {
  return std::ranges::any_of(policy.paths, [&](const PathRule& rule) {
    return Lets(rule, act) && std::ranges::any_of(Trees(rule, workspace),
                                                  [&](const std::string& tree) { return IsUnder(directory, tree); });
  });
}

// As LetsWhole, without exceptions below.
bool LetsAll(const Policy& policy, Act act, const std::string& directory, const std::string& workspace) {
  return std::ranges::any_of(policy.paths, [&](const PathRule& rule) {
    return Lets(rule, act) && rule.unless.empty() &&
           std::ranges::any_of(Trees(rule, workspace),
                               [&](const std::string& tree) { return IsUnder(directory, tree); });
  });
}

std::string Below(const std::string& directory) { return directory == "/" ? "/**" : directory + "/**"; }

ViewRules::Grant GlobsOf(const PathRule& rule, const std::string& workspace) {
  ViewRules::Grant out;
  if (const std::string under = FillIn(rule.under, workspace, kJailTmp); !under.empty())
    out.match.push_back(Below(under));
  for (const std::string& glob : rule.match) out.match.push_back(FillIn(glob, workspace, kJailTmp));
  for (const std::string& glob : rule.unless) out.unless.push_back(FillIn(glob, workspace, kJailTmp));
  return out;
}

class View {
 public:
  View(const PolicySet& set, const std::string& workspace, const std::vector<ApprovedPath>& approved)
      : set_(set), workspace_(workspace), approved_(approved) {
    for (size_t i = 0; i < set_.size(); ++i)
      if (set_.Speaks(i, Matter::kPaths)) (set_.Passes(i, Matter::kPaths) ? passing_ : judging_).push_back(i);
  }

  std::vector<ViewRules::CoverRule> Kept(const std::string& directory) {
    for (const auto& layers : {judging_, passing_})
      for (size_t layer : layers)
        for (const PathRule& rule : set_.layer(layer).paths)
          if (rule.level >= Level::kApprove) AddRule(rule, Act::kDelete, ViewRules::Cover::kPin);
    for (size_t layer : judging_) AddUngranted({layer}, Act::kDelete, ViewRules::Cover::kPin, {directory});
    if (judging_.empty()) AddUngranted(passing_, Act::kDelete, ViewRules::Cover::kPin, {directory});
    return std::move(view_.covers);
  }

  ViewRules Make() {
    for (const auto& layers : {judging_, passing_})
      for (size_t layer : layers) AddTrees(layer);
    // The workspace whole, or parts of it.
    if (std::ranges::find(view_.writable, workspace_) != view_.writable.end()) view_.writable = {workspace_};
    for (const auto& layers : {judging_, passing_})
      for (size_t layer : layers) AddRules(set_.layer(layer));
    for (size_t layer : judging_) AddUngranted({layer});
    if (judging_.empty()) AddUngranted(passing_);  // what every layer passes on is forbidden
    return std::move(view_);
  }

 private:
  bool AllLet(Act act, const std::string& directory) const {
    return std::ranges::all_of(judging_,
                               [&](size_t i) { return LetsWhole(set_.layer(i), act, directory, workspace_); });
  }

  void AddTrees(size_t layer) {
    if (!set_.Answers(layer)) return;
    for (const PathRule& rule : set_.layer(layer).paths) {
      for (const std::string& tree : Trees(rule, workspace_)) {
        const bool seen = std::ranges::any_of(view_.sources, [&](const auto& source) { return source.path == tree; });
        if (Lets(rule, Act::kRead) && !seen && !IsUnder(tree, workspace_) && !IsUnder(tree, kJailTmp) &&
            AllLet(Act::kRead, tree))
          view_.sources.push_back({tree, rule.id});
        const std::string part = IsUnder(workspace_, tree) ? workspace_ : tree;
        if (Lets(rule, Act::kWrite) && IsUnder(part, workspace_) && AllLet(Act::kWrite, part) &&
            std::ranges::find(view_.writable, part) == view_.writable.end())
          view_.writable.push_back(part);
      }
    }
  }

  // What a rule forbids or leaves to a person, but for what a person said yes to in this call.
  void AddRules(const Policy& layer) {
    constexpr std::pair<Act, ViewRules::Cover> kKinds[] = {{Act::kRead, ViewRules::Cover::kHide},
                                                           {Act::kWrite, ViewRules::Cover::kFreeze},
                                                           {Act::kDelete, ViewRules::Cover::kPin}};
    for (const PathRule& rule : layer.paths) {
      if (rule.level < Level::kApprove) continue;
      for (const auto& [act, kind] : kKinds) {
        if ((rule.may & ActBit(act)) == 0) continue;
        AddRule(rule, act, kind);
        const bool may_be_lifted = !view_.covers.back().grants.empty();
        if (!may_be_lifted) break;  // hidden is frozen too, and frozen is pinned
      }
    }
  }

  void AddRule(const PathRule& rule, Act act, ViewRules::Cover kind) {
    if ((rule.may & ActBit(act)) == 0) return;
    ViewRules::Grant globs = GlobsOf(rule, workspace_);
    ViewRules::CoverRule& cover = view_.covers.emplace_back(
        ViewRules::CoverRule{kind, std::move(globs.match), std::move(globs.unless), {}, rule.id});
    if (rule.level == Level::kApprove) AddApproved(act, &cover.grants);
  }

  void AddApproved(Act act, std::vector<ViewRules::Grant>* grants) const {
    for (const ApprovedPath& named : approved_)
      if (named.act == act) grants->push_back({{named.path}, {}});
  }

  // Everything in view that none of these layers grants.
  void AddUngranted(const std::vector<size_t>& layers) {
    std::vector<std::string> shown{workspace_};
    for (const ViewRules::Source& source : view_.sources) shown.push_back(source.path);
    AddUngranted(layers, Act::kRead, ViewRules::Cover::kHide, shown);
    AddUngranted(layers, Act::kWrite, ViewRules::Cover::kFreeze, view_.writable);
  }

  void AddUngranted(const std::vector<size_t>& layers, Act act, ViewRules::Cover kind,
                    const std::vector<std::string>& trees) {
    ViewRules::CoverRule cover{kind, {}, {}, {}, ""};
    for (const std::string& tree : trees)
      if (std::ranges::none_of(layers, [&](size_t i) { return LetsAll(set_.layer(i), act, tree, workspace_); }))
        cover.match.push_back(Below(tree));
    if (cover.match.empty()) return;
    for (size_t i : layers)
      for (const PathRule& rule : set_.layer(i).paths)
        if (Lets(rule, act)) cover.grants.push_back(GlobsOf(rule, workspace_));
    AddApproved(act, &cover.grants);
    view_.covers.push_back(std::move(cover));
  }

  const PolicySet& set_;
  const std::string& workspace_;
  const std::vector<ApprovedPath>& approved_;
  std::vector<size_t> judging_, passing_;  // layers that speak of paths
  ViewRules view_;
};

}  // namespace

ViewRules ViewOf(const PolicySet& set, const std::string& workspace, const std::vector<ApprovedPath>& approved) {
  return View(set, workspace, approved).Make();
}

std::vector<ViewRules::CoverRule> KeptBelow(const PolicySet& set, const std::string& workspace,
                                            const std::string& directory, bool approved) {
  std::vector<ApprovedPath> yes;
  if (approved) yes.push_back({Below(directory), Act::kDelete});
  return View(set, workspace, yes).Kept(directory);
}

}  // namespace warder::policy
