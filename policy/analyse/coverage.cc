// How is it counted what examples and tests meet?
#include "policy/analyse/coverage.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/glob.h"
#include "policy/layer_index.h"
#include "policy/match.h"

namespace warder::policy {
namespace {

using Key = std::tuple<CoveredKind, size_t, std::string, std::string>;  // kind, layer, id, entry

class Count {
 public:
  Count(const Trials& trials) : trials_(trials), set_(trials.set()) {
    for (size_t layer = 0; layer < set_.size(); ++layer) AddAll(layer);
  }

  void Example(size_t layer, uint32_t r, const std::string& line) {
    const Tried tried = trials_.Try(layer, r, line);
    Met(CoveredKind::kExec, layer, set_.layer(layer).exec[r].id);
    for (const Applied& applied : tried.said) Met(CoveredKind::kPath, layer, applied.id);
    for (const auto& [path, act] : tried.paths) Excepted(path, act, "/workspace", "/tmp");
    NeverArgs(tried.argv);
    Close();
  }

  void Tested(const Test& test) {
    const std::optional<Answered> answered = trials_.Answer(test);
    if (!answered) return;
    Level top = Level::kAuto;
    for (const Applied& applied : answered->decision.applied) top = std::max(top, applied.level);
    for (const Applied& applied : answered->decision.applied) {
      if (applied.layer == SIZE_MAX) continue;
      const bool decides = applied.level == top;
      for (CoveredKind kind : {CoveredKind::kExec, CoveredKind::kPath, CoveredKind::kNetwork, CoveredKind::kWindow})
        Met(kind, applied.layer, applied.id, {}, decides);
      Actions(applied, test.profile, top);
    }
    const Facts& facts = answered->facts;
    for (size_t i = 0; i < facts.paths.size(); ++i)
      Excepted(facts.paths[i].path, answered->wanted.paths[i].act, facts.workspace, facts.tmp);
    for (const SimpleCommand& command : answered->call.line.commands) NeverArgs(command.argv);
    Close();
  }

  std::vector<Covered> Take() { return std::move(all_); }

 private:
  void Add(CoveredKind kind, size_t layer, const std::string& id, const std::string& entry, Where where) {
    places_.emplace(Key{kind, layer, id, entry}, all_.size());
    all_.push_back({kind, id, entry, layer, where});
  }

  void AddAll(size_t layer) {
    const Policy& policy = set_.layer(layer);
    for (const ExecRule& rule : policy.exec) {
      Add(CoveredKind::kExec, layer, rule.id, {}, rule.where);
      for (const std::string& option : rule.never_args) Add(CoveredKind::kNeverArg, layer, rule.id, option, rule.where);
    }
    for (const PathRule& rule : policy.paths) {
      Add(CoveredKind::kPath, layer, rule.id, {}, rule.where);
      for (const std::string& glob : rule.unless) Add(CoveredKind::kUnless, layer, rule.id, glob, rule.where);
    }
    for (const NetworkRule& rule : policy.network) Add(CoveredKind::kNetwork, layer, rule.id, {}, rule.where);
    for (const Profile& profile : policy.profiles)
      for (const auto& [action, level] : profile.actions)
        Add(CoveredKind::kProfileAction, layer, profile.name, action, profile.where);
    for (const Window& window : policy.windows) Add(CoveredKind::kWindow, layer, window.id, {}, window.where);
  }

  // Once for each example or test, however often it applies in it.
  void Met(CoveredKind kind, size_t layer, const std::string& id, const std::string& entry = {}, bool decides = false) {
    const auto place = places_.find(Key{kind, layer, id, entry});
    if (place == places_.end()) return;
    bool& decided = met_[place->second];
    decided = decided || decides;
  }
  void Close() {
    for (const auto& [place, decided] : met_) {
      ++all_[place].met;
      all_[place].decided += decided ? 1 : 0;
    }
    met_.clear();
  }

  // The entry of the profile in force, or of one that it is based on, that gave the action its level.
  void Actions(const Applied& applied, const std::string& asked, Level top) {
    const Policy& policy = set_.layer(applied.layer);
    std::string action = applied.id;  // of a tool, or of another layer's rule
    for (const ExecRule& rule : policy.exec)
      if (rule.id == applied.id && !applied.is_path) action = rule.action;
    auto named = [&](const std::string& name) { return std::ranges::find(policy.profiles, name, &Profile::name); };
    auto profile = named(asked);
    if (profile == policy.profiles.end()) profile = named(policy.default_profile);
    for (size_t steps = 0; profile != policy.profiles.end() && steps < policy.profiles.size(); ++steps) {
      const auto entry = std::ranges::find(profile->actions, action, &std::pair<std::string, Level>::first);
      if (entry != profile->actions.end())
        return Met(CoveredKind::kProfileAction, applied.layer, profile->name, action,
                   applied.level == top && entry->second == top);
      profile = named(profile->based_on);
    }
  }

  // Each `unless` that freed this path of its rule.
  void Excepted(const std::string& path, Act act, const std::string& workspace, const std::string& tmp) {
    auto fits = [&](const std::string& glob) { return GlobMatch(FillIn(glob, workspace, tmp), path); };
    for (size_t layer = 0; layer < set_.size(); ++layer)
      for (const PathRule& rule : set_.layer(layer).paths) {
        if ((rule.may & ActBit(act)) == 0 || rule.unless.empty()) continue;
        const bool named = rule.under.empty() ? std::ranges::any_of(rule.match, fits)
                                              : IsUnder(path, FillIn(rule.under, workspace, tmp));
        for (const std::string& glob : rule.unless)
          if (named && fits(glob)) Met(CoveredKind::kUnless, layer, rule.id, glob, true);
      }
  }

  // Each option that kept a pattern from fitting.
  void NeverArgs(const std::vector<std::string>& argv) {
    if (argv.empty()) return;
    for (size_t layer = 0; layer < set_.size(); ++layer)
      for (const ExecRule& rule : set_.layer(layer).exec) {
        if (rule.never_args.empty() || std::ranges::find(rule.argv[0].words, argv[0]) == rule.argv[0].words.end() ||
            !FitArgv(rule.argv, argv).fits)
          continue;
        for (const std::string& option : rule.never_args)
          if (FindNeverArg({option}, argv)) Met(CoveredKind::kNeverArg, layer, rule.id, option, true);
      }
  }

  const Trials& trials_;
  const PolicySet& set_;
  std::vector<Covered> all_;
  std::map<Key, size_t> places_;
  std::map<size_t, bool> met_;  // by the example or test at hand; true: it decided
};

}  // namespace

const char* CoveredName(CoveredKind kind) {
  switch (kind) {
    case CoveredKind::kExec:
      return "exec rule";
    case CoveredKind::kPath:
      return "path rule";
    case CoveredKind::kNetwork:
      return "network rule";
    case CoveredKind::kWindow:
      return "window";
    case CoveredKind::kProfileAction:
      return "action of a profile";
    case CoveredKind::kNeverArg:
      return "entry of never-args";
    case CoveredKind::kUnless:
      return "entry of unless";
  }
  return "";
}

std::vector<Covered> Coverage(const Trials& trials, std::span<const Test> more) {
  Count count(trials);
  const PolicySet& set = trials.set();
  for (size_t layer = 0; layer < set.size(); ++layer) {
    const Policy& policy = set.layer(layer);
    for (uint32_t r = 0; r < policy.exec.size(); ++r)
      for (const std::vector<Example>* examples : {&policy.exec[r].match, &policy.exec[r].not_match})
        for (const Example& example : *examples) count.Example(layer, r, example.line);
    for (const Test& test : policy.tests) count.Tested(test);
  }
  for (const Test& test : more) count.Tested(test);
  return count.Take();
}

}  // namespace warder::policy
