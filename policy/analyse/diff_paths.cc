// On which paths and hosts do the two policies differ, and which call shows it?
#include <algorithm>

#include "policy/analyse/differ.h"
#include "policy/layer_index.h"

namespace warder::policy::analyse {
namespace {

std::string Short(const std::string& path) {
  return path.starts_with(kWorkspace + "/") ? path.substr(kWorkspace.size() + 1) : path;
}

Case ToolOf(Tool tool, const std::string& name, const std::string& path, bool new_file = false) {
  Case one;
  one.call.tool = tool;
  one.call.path = path;
  one.call.reason = kReason;
  one.new_file = new_file;
  one.shown = name + " " + ShowCommand({Short(path)}) + (new_file ? " (a new file)" : "");
  return one;
}

Case HttpOf(const HostPort& host) {
  Case one;
  one.call.tool = Tool::kHttpRequest;
  one.call.host = host;
  one.call.reason = kReason;
  one.shown =
      "http_request " + (host.method.empty() ? "" : host.method + " ") + host.name + ":" + std::to_string(host.port);
  return one;
}

}  // namespace

// What the path rules say of one path, as Decider::JudgePath puts the layers together.
Verdict Differ::PathVerdict(Side side, const std::string& path, Act act) const {
  const PolicySet& set = Set(side);
  Verdict strictest{Level::kAuto, "", "", set.layer(0).file, {}, ""};
  bool answered = false;
  auto take = [&](Level level, const std::string& rule, size_t layer, Where where) {
    if (!strictest.rule.empty() && level <= strictest.level) return;
    strictest = {level, rule, LayerName(set.layer(layer).layer), set.layer(layer).file, where, ""};
  };
  for (size_t layer = 0; layer < set.size(); ++layer) {
    if (!set.Speaks(layer, Matter::kPaths)) continue;
    const std::vector<uint32_t> rules = set.index(layer).paths.Covering(path, act, {kWorkspace, kTmp});
    if (rules.empty() && set.Passes(layer, Matter::kPaths)) continue;
    answered |= set.Answers(layer);
    if (rules.empty()) take(Level::kForbid, "no-path", layer, {});
    for (uint32_t r : rules) {
      const PathRule& rule = set.layer(layer).paths[r];
      take(rule.level, rule.id, layer, rule.where);
    }
  }
  if (!answered && strictest.level < Level::kForbid) take(Level::kForbid, "no-path", 0, {});
  return strictest;
}

PathSample Differ::SampleOf(const std::string& path) const {
  PathSample sample{path, {}};
  for (const Side side : {Side::kOld, Side::kNew})
    for (const Act act : {Act::kRead, Act::kWrite, Act::kDelete})
      sample.levels[static_cast<size_t>(side)][static_cast<size_t>(act)] = PathVerdict(side, path, act).level;
  return sample;
}

// A path for each combination of levels that the two policies have for the three acts.
void Differ::Sample(const std::string& path) {
  PathSample sample = SampleOf(path);
  for (PathSample& known : samples_) {
    if (!std::equal(&known.levels[0][0], &known.levels[0][0] + 6, &sample.levels[0][0])) continue;
    return;
  }
  samples_.push_back(std::move(sample));
}

void Differ::ComparePaths() {
  std::vector<const PathRule*> rules;
  std::set<std::string> meanings;
  for (const Side side : {Side::kOld, Side::kNew})
    for (const auto& layer : Set(side).layers())
      for (const PathRule& rule : layer->paths)
        if (meanings.insert(MeaningOf(rule)).second) rules.push_back(&rule);
  // What a reader expects, where it stands for others.
  for (const std::string& plain : {kWorkspace + "/src/main.c", kTmp + "/notes.txt", std::string("/etc/hosts")})
    Sample(plain);
  for (const Act act : {Act::kRead, Act::kWrite, Act::kDelete}) CompareAct(act, rules);
  // What the new policy lets be done most freely comes first: calls that other rules decide shall not fail by paths.
  auto strictness = [](const PathSample& sample) {
    int sum = 0;
    for (const auto& side : sample.levels)
      for (Level level : side) sum += static_cast<int>(level);
    return sum;
  };
  std::ranges::stable_sort(samples_, {}, strictness);
}

void Differ::CompareAct(Act act, const std::vector<const PathRule*>& rules) {
  Paths paths;
  for (const PathRule* rule : rules) paths.AddHints(*rule);
  std::set<std::vector<std::string>> shown;
  const bool whole = paths.Walk(rules, act, [&](const PathOutcome& outcome) {
    Sample(outcome.path);
    const Verdict before = PathVerdict(Side::kOld, outcome.path, act);
    const Verdict after = PathVerdict(Side::kNew, outcome.path, act);
    if (before.level != after.level && shown
                                           .insert({before.rule, before.layer, LevelName(before.level), after.rule,
                                                    after.layer, LevelName(after.level)})
                                           .second)
      ShowPath(outcome.path, act, before, after);
    return true;
  });
  if (!whole) Unseen(std::string("paths, act ") + ActName(act) + ": the rules combine in too many ways to try each");
}

// By a tool, by a cd, by what the path rules say of changes that runs make: the first that can be called.
void Differ::ShowPath(const std::string& path, Act act, const Verdict& before, const Verdict& after) {
  std::vector<Case> cases;
  if (act == Act::kRead) {
    cases.push_back(ToolOf(Tool::kReadFile, "read_file", path));
    Case cd = RunOf({"cd", path}, false);
    cd.call.line = ReadLine("cd " + ShowCommand({path}));
    cases.push_back(std::move(cd));
  } else if (act == Act::kWrite) {
    cases.push_back(ToolOf(Tool::kWriteFile, "write_file", path, true));
    cases.push_back(ToolOf(Tool::kWriteFile, "write_file", path));
  } else {
    cases.push_back(ToolOf(Tool::kDeleteFile, "delete_file", path));
  }
  for (const Case& one : cases)
    if (Try(one, "paths")) return;
  Change change;
  change.widened = after.level < before.level;
  change.matter = "paths";
  change.what = std::string("what runs ") + (act == Act::kRead ? "see: " : "change: ") + ActName(act) + " of " +
                Short(path) + " is " + LevelName(after.level) + ", before " + LevelName(before.level);
  change.call = std::string("any run that may ") + ActName(act) + " " + Short(path);
  change.profiles = {""};
  change.before = before;
  change.after = after;
  Tell(std::move(change));
}

// What profiles, windows and missing sections make of the tools of every host.
void Differ::CompareTools() {
  for (const PathSample& sample : samples_) {
    const std::string& path = sample.path;
    std::vector<Case> cases{
        ToolOf(Tool::kReadFile, "read_file", path),         ToolOf(Tool::kListDirectory, "list_directory", path),
        ToolOf(Tool::kWriteFile, "write_file", path, true), ToolOf(Tool::kWriteFile, "write_file", path),
        ToolOf(Tool::kEditFile, "edit_file", path),         ToolOf(Tool::kDeleteFile, "delete_file", path)};
    for (const bool fresh : {true, false}) {
      Case move = ToolOf(Tool::kMoveFile, "move_file", path, fresh);
      move.call.target = samples_.front().path;
      move.shown += " to " + ShowCommand({Short(move.call.target)});
      cases.push_back(std::move(move));
    }
    for (const Case& one : cases) Try(one, "tools");
  }
}

// Every name that a rule has, one below each wildcard, one of no rule; with every port and method of the rules that
// could cover it, and one of none.
void Differ::CompareHosts() {
  std::set<std::string> names{"example.org"};
  std::map<std::string, std::set<uint16_t>> ports;
  std::vector<std::string> methods{"GET", "PURGE", ""};
  std::vector<const NetworkRule*> rules;
  std::set<std::string> meanings[2];
  for (const Side side : {Side::kOld, Side::kNew})
    for (const auto& layer : Set(side).layers())
      for (const NetworkRule& rule : layer->network) {
        meanings[static_cast<size_t>(side)].insert(std::to_string(static_cast<int>(layer->layer)) + MeaningOf(rule));
        rules.push_back(&rule);
        for (const std::string& host : rule.hosts) {
          if (!host.starts_with("*.")) names.insert(host);
          names.insert("any." + (host.starts_with("*.") ? host.substr(2) : host));
        }
        for (const std::string& method : rule.methods)
          if (std::ranges::find(methods, method) == methods.end()) methods.insert(methods.begin(), method);
      }
  hosts_.assign(names.begin(), names.end());
  // Nothing but the rules speaks of hosts by themselves; profiles and layers do of requests.
  const bool all = meanings[0] != meanings[1] || MeaningAround(Set(Side::kOld)) != MeaningAround(Set(Side::kNew));
  for (const std::string& name : names) {
    std::set<uint16_t> asked{443, 64999};
    for (const NetworkRule* rule : rules)
      if (std::ranges::any_of(rule->hosts, [&](const std::string& host) { return CoversHost(host, name); }))
        asked.insert(rule->ports.begin(), rule->ports.end());
    for (uint16_t port : asked)
      for (const std::string& method : methods) {
        if (!all) continue;
        const HostPort host{name, port, method};
        if (Try(HttpOf(host), "network")) continue;
        const Decision before = DecideHost(Set(Side::kOld), host, ""), after = DecideHost(Set(Side::kNew), host, "");
        ++diff_.calls;
        if (before.level == after.level) continue;
        Case redirect = HttpOf(host);
        redirect.shown =
            "a connection to " + name + ":" + std::to_string(port) + (method.empty() ? "" : " by " + method);
        Tell(Seen(redirect, "network", situations_[0], {before, after}));
      }
  }
}

}  // namespace warder::policy::analyse
