// The decision rule of the policy language in plain words: slow, obvious, and not the engine's
// code.
//
// It shares with the engine only what is below the rule: the policy as values, the reading of a
// line into commands, the fit of one argv to one pattern, the match of one glob. Every sentence of
// "Semantics" is one function here. What it answers is a level.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/glob.h"
#include "policy/decide.h"
#include "policy/line_words.h"
#include "policy/match.h"

namespace warder::policy::model {

using Layers = std::vector<const Policy*>;  // in order: org, team, project, workspace, session

inline Level Stricter(Level a, Level b) { return a > b ? a : b; }

// ---- "A layer without an exec, paths or network section says nothing about that matter."
// ------------- "The workspace layer counts only in matters of which a layer above speaks."
inline bool Speaks(const Layers& layers, const Policy& layer, bool Policy::* section) {
  if (!(layer.*section)) return false;
  if (layer.layer != LayerKind::kWorkspace) return true;
  for (const Policy* other : layers)
    if (other->layer < LayerKind::kWorkspace && other->*section) return true;
  return false;
}

// ---- "Own first, then based-on's."
// -----------------------------------------------------------------
inline const Profile* Named(const Policy& layer, const std::string& name) {
  for (const Profile& profile : layer.profiles)
    if (profile.name == name) return &profile;
  return nullptr;
}
// "A layer that lacks the chosen profile uses its own default-profile."
inline const Profile* ActiveProfile(const Policy& layer, const std::string& chosen) {
  if (const Profile* own = Named(layer, chosen)) return own;
  return Named(layer, layer.default_profile);
}
inline std::optional<Level> Listed(const Policy& layer, const Profile* profile, const std::string& action) {
  for (; profile != nullptr; profile = Named(layer, profile->based_on))
    for (const auto& [name, level] : profile->actions)
      if (name == action) return level;
  return std::nullopt;
}
inline std::optional<Level> Otherwise(const Policy& layer, const Profile* profile) {
  for (; profile != nullptr; profile = Named(layer, profile->based_on))
    if (profile->otherwise) return profile->otherwise;
  return std::nullopt;
}
// "An action in no list takes `otherwise`, or else approve."
inline Level OfAction(const Policy& layer, const Profile* profile, const std::string& action) {
  if (auto level = Listed(layer, profile, action)) return *level;
  return Otherwise(layer, profile).value_or(Level::kApprove);
}
inline bool ApproveBecomesForbid(const Policy& layer, const Profile* profile) {
  for (; profile != nullptr; profile = Named(layer, profile->based_on))
    if (profile->approve_becomes_forbid) return true;
  return false;
}

// ---- "Level of a match = the stricter of `level` (a floor) and the profile's level."
// ----------------
inline Level OfMatch(const Policy& layer, const ExecRule& rule, const Profile* profile) {
  if (profile == nullptr) return rule.level.value_or(Level::kApprove);
  if (!rule.action.empty()) return Stricter(rule.level.value_or(Level::kAuto), OfAction(layer, profile, rule.action));
  if (rule.level) return *rule.level;
  return Stricter(Level::kApprove, OfAction(layer, profile, ""));
}

// ---- paths
// ---------------------------------------------------------------------------------------
inline std::string Filled(std::string text, const Facts& facts) {
  for (const auto& [name, value] :
       {std::pair<std::string, std::string>{"${workspace}", facts.workspace}, {"${tmp}", facts.tmp}})
    if (text.starts_with(name)) return value + text.substr(name.size());
  return text;
}
inline bool Inside(const std::string& path, const std::string& directory) {
  return directory == "/" || path == directory || path.starts_with(directory + "/");
}
inline bool CoversPath(const PathRule& rule, const std::string& path, Act act, const Facts& facts) {
  if ((rule.may & ActBit(act)) == 0) return false;
  auto excepted = [&](const std::string& at) {
    for (const std::string& glob : rule.unless)
      if (GlobMatch(Filled(glob, facts), at)) return true;
    return false;
  };
  bool named = !rule.under.empty() && Inside(path, Filled(rule.under, facts));
  for (const std::string& glob : rule.match) named = named || GlobMatch(Filled(glob, facts), path);
  if (named && !excepted(path)) return true;
  // "A delete also counts for each path below it that a forbid rule names without a wildcard."
  if (act != Act::kDelete || rule.level != Level::kForbid) return false;
  std::vector<std::string> plain;
  if (!rule.under.empty()) plain.push_back(Filled(rule.under, facts));
  for (std::string glob : rule.match) {
    if (glob.ends_with("/**")) glob.resize(glob.size() - 3);
    if (!glob.contains('*')) plain.push_back(Filled(glob, facts));
  }
  for (const std::string& at : plain)
    if (at != path && Inside(at, path) && !excepted(at)) return true;
  return false;
}

// "Each layer judges; a path that no path rule covers is forbid; what every layer passes on is
// forbidden." A workspace's own layer only narrows: it never is the one that allows.
inline Level OfPath(const Layers& layers, const std::string& path, Act act, const Facts& facts) {
  if (path == "/dev/null" && act != Act::kDelete) return Level::kAuto;
  Level level = Level::kAuto;
  bool allowed_by_some = false;
  for (const Policy* layer : layers) {
    if (!Speaks(layers, *layer, &Policy::has_paths)) continue;
    bool covered = false;
    for (const PathRule& rule : layer->paths)
      if (CoversPath(rule, path, act, facts)) {
        covered = true;
        level = Stricter(level, rule.level);
      }
    if (!covered && !layer->unmatched.paths) return Level::kForbid;
    if (covered && layer->layer != LayerKind::kWorkspace) allowed_by_some = true;
  }
  return allowed_by_some ? level : Level::kForbid;
}

// ---- hosts
// ---------------------------------------------------------------------------------------
inline bool CoversHost(const NetworkRule& rule, const HostPort& host) {
  bool name = false;
  for (const std::string& pattern : rule.hosts)
    name = name || pattern == host.name || (pattern.starts_with("*.") && host.name.ends_with(pattern.substr(1)));
  const bool port = rule.ports.empty() || std::ranges::find(rule.ports, host.port) != rule.ports.end();
  const bool method =
      rule.methods.empty() || host.method.empty() || std::ranges::find(rule.methods, host.method) != rule.methods.end();
  return name && port && method;
}
inline Level OfHost(const Layers& layers, const HostPort& host) {
  Level level = Level::kAuto;
  bool allowed_by_some = false;
  for (const Policy* layer : layers) {
    if (!Speaks(layers, *layer, &Policy::has_network)) continue;
    bool covered = false;
    for (const NetworkRule& rule : layer->network)
      if (CoversHost(rule, host)) {
        covered = true;
        level = Stricter(level, rule.level);
      }
    if (!covered && !layer->unmatched.network) return Level::kForbid;
    if (covered && layer->layer != LayerKind::kWorkspace) allowed_by_some = true;
  }
  return allowed_by_some ? level : Level::kForbid;
}

// ---- programs
// ------------------------------------------------------------------------------------
inline std::string Base(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// "Allowing needs that identity."
inline bool NamesIt(const ExecRule& rule, const std::string& argv0) {
  for (const std::string& word : rule.argv[0].words)
    if (word == argv0 || (argv0.starts_with('/') && word == Base(argv0))) return true;
  return false;
}
inline bool IsTheBoundFile(const Policy& layer, const ExecRule& rule, const std::string& argv0,
                           const ProgramFact& fact) {
  for (const Program& program : layer.programs) {
    const bool named = std::ranges::find(rule.argv[0].words, program.name) != rule.argv[0].words.end() &&
                       (program.name == argv0 || (argv0.starts_with('/') && program.name == Base(argv0)));
    if (!named) continue;
    for (const BoundFile& file : program.files) {
      const auto pin = file.sha256 ? file.sha256 : program.sha256;
      if (file.dev == fact.dev && file.ino == fact.ino && (!pin || fact.sha256 == pin)) return true;
    }
  }
  return false;
}
// "Forbidding needs only one of: basename of the file, basename of argv[0], the bound file's
// present inode, its sha256 where given."
inline bool ForbidReaches(const Policy& layer, const ExecRule& rule, const std::string& argv0,
                          const ProgramFact& fact) {
  for (const std::string& word : rule.argv[0].words) {
    if (Base(word) == Base(argv0) || (fact.found && Base(word) == Base(fact.path))) return true;
    for (const Program& program : layer.programs) {
      if (program.name != word || !fact.found) continue;
      if (program.sha256 && fact.sha256 == program.sha256) return true;
      for (const BoundFile& file : program.files)
        if (file.dev == fact.dev && file.ino == fact.ino) return true;
    }
  }
  return false;
}

struct NamedThings {                                        // what a matching rule names, to be judged by every layer
  std::set<std::pair<std::string, const Policy*>> actions;  // and in whose rule
  std::vector<size_t> paths;                                // indexes in Wanted
  std::vector<HostPort> hosts;
};

class Model {
 public:
  Model(Layers layers, const Call& call, const Wanted& wanted, const Facts& facts, std::string profile)
      : layers_(std::move(layers)), call_(call), wanted_(wanted), facts_(facts), profile_(std::move(profile)) {}

  Level Decide() {
    if (!profile_.empty() && std::ranges::none_of(layers_, [&](const Policy* layer) {
          return layer->layer != LayerKind::kWorkspace && Named(*layer, profile_) != nullptr;
        }))
      return Level::kForbid;
    Level level = call_.tool == Tool::kRunCommand ? Line() : FileTool();
    level = Stricter(level, Actions());
    level = Stricter(level, Windows());
    level = Stricter(level, Counters());
    level = Stricter(level, Reason());
    if (level != Level::kApprove) return level;
    for (const Policy* layer : layers_)
      if (ApproveBecomesForbid(*layer, ActiveProfile(*layer, profile_))) return Level::kForbid;
    return level;
  }

 private:
  Level Line() {
    if (call_.line.commands.empty()) return Level::kForbid;
    Level level = Environment(call_.environment);
    for (size_t i = 0; i < wanted_.paths.size(); ++i)  // cwd, cd and redirections: in each case
      if (!wanted_.paths[i].is_directory)
        continue;
      else
        level = Stricter(level, Path(i));
    for (size_t i = 0; i < call_.line.commands.size(); ++i) {
      const SimpleCommand& command = call_.line.commands[i];
      level = Stricter(level, Environment(command.assignments));
      for (const Redirection& redirection : command.redirections)
        if (redirection.kind != RedirectKind::kDuplicate)
          level = Stricter(
              level, PathNamed(redirection.path, redirection.kind == RedirectKind::kRead ? Act::kRead : Act::kWrite));
      if (!command.change_directory) level = Stricter(level, Command(i));
    }
    return level;
  }

  Level Command(size_t index) {
    const SimpleCommand& command = call_.line.commands[index];
    const ProgramFact* fact = nullptr;
    for (size_t p = 0; p < wanted_.programs.size(); ++p)
      if (wanted_.programs[p].command == index) fact = &facts_.programs[p];
    if (fact == nullptr || IsShellOnly(command.argv[0])) return Level::kForbid;
    Level level = Level::kAuto;
    bool allowed_by_some = false;
    for (const Policy* layer : layers_) {
      if (!Speaks(layers_, *layer, &Policy::has_exec)) continue;
      const Profile* profile = ActiveProfile(*layer, profile_);
      bool any = false;
      for (const ExecRule& rule : layer->exec) {
        if (rule.only == Only::kInside) continue;
        const bool fits = FitArgv(rule.argv, command.argv).fits && !FindNeverArg(rule.never_args, command.argv);
        const Level of_rule = OfMatch(*layer, rule, profile);
        if (of_rule == Level::kForbid) {
          if (!fits || !ForbidReaches(*layer, rule, command.argv[0], *fact)) continue;
          any = true;
          level = Level::kForbid;
          if (!rule.action.empty()) named_.actions.insert({rule.action, layer});
          continue;
        }
        if (!NamesIt(rule, command.argv[0])) continue;
        // "A rule that can not be evaluated counts as forbid for the calls whose program it names."
        if (!fact->found || !fact->executable || !fact->readable || fact->is_script ||
            !IsTheBoundFile(*layer, rule, command.argv[0], *fact)) {
          any = true;
          level = Level::kForbid;
          continue;
        }
        if (!fits) continue;
        any = true;
        level = Stricter(level, of_rule);
        level = Stricter(level, WhatItNames(*layer, rule, command));
      }
      if (!any && !layer->unmatched.exec) return Level::kForbid;  // no-rule
      if (any && layer->layer != LayerKind::kWorkspace) allowed_by_some = true;
    }
    return allowed_by_some ? level : Level::kForbid;
  }

  Level WhatItNames(const Policy& layer, const ExecRule& rule, const SimpleCommand& command) {
    Level level = Level::kAuto;
    if (!rule.action.empty()) named_.actions.insert({rule.action, &layer});
    matched_.push_back({&layer, &rule});
    const Fit fit = FitArgv(rule.argv, command.argv);
    for (const NamedPath& path : fit.paths)
      level = Stricter(level, PathNamed(command.argv[path.word].substr(path.offset), path.act));
    for (const NamedHost& host : fit.hosts)
      level = Stricter(level, OfHost(layers_, {command.argv[host.word], host.port, ""}));
    for (const std::string& id : rule.network)
      for (const NetworkRule& network : layer.network)
        if (network.id == id)
          for (const std::string& host : network.hosts)
            for (uint16_t port : network.ports) level = Stricter(level, OfHost(layers_, {host, port, ""}));
    return level;
  }

  // The strictest of the same text and act wherever it is asked for: a line with `cd` may hold it
  // twice.
  Level PathNamed(const std::string& text, Act act) {
    Level level = Level::kAuto;
    bool found = false;
    for (size_t i = 0; i < wanted_.paths.size(); ++i)
      if (wanted_.paths[i].text == text && wanted_.paths[i].act == act && !wanted_.paths[i].is_directory) {
        found = true;
        level = Stricter(level, Path(i));
      }
    return found ? level : Level::kForbid;
  }

  Level Path(size_t index) {
    const PathFact& fact = facts_.paths[index];
    if (!fact.resolved) return Level::kForbid;
    if (wanted_.paths[index].is_directory) {
      if (!fact.is_directory) return Level::kForbid;
      if (fact.path == facts_.workspace) return Level::kAuto;
    }
    return OfPath(layers_, fact.path, wanted_.paths[index].act, facts_);
  }

  Level FileTool() {
    if (call_.tool == Tool::kNone) return Level::kAuto;
    Level level = Level::kAuto;
    auto action = [&](const char* name) { named_.actions.insert({name, nullptr}); };
    if (call_.tool == Tool::kHttpRequest) {
      action("http_request");
      return OfHost(layers_, call_.host);
    }
    for (size_t i = 0; i < wanted_.paths.size(); ++i) level = Stricter(level, Path(i));
    if (call_.tool == Tool::kReadFile) action("read_file");
    if (call_.tool == Tool::kListDirectory) action("list_directory");
    if (call_.tool == Tool::kDeleteFile) action("delete_file");
    if (call_.tool == Tool::kWriteFile) action(facts_.paths[0].exists ? "modify_file" : "create_file");
    return level;
  }

  // "An action that any layer lists explicitly has at least that level, whichever layer's rule
  // named it." Of a tool: "In a layer that has the section which judges the tool, a profile's
  // silence means `otherwise`, else approve."
  Level Actions() {
    Level level = Level::kAuto;
    for (const auto& [action, owner] : named_.actions)
      for (const Policy* layer : layers_) {
        const Profile* profile = ActiveProfile(*layer, profile_);
        if (profile == nullptr) continue;
        if (auto listed = Listed(*layer, profile, action)) {
          level = Stricter(level, *listed);
          continue;
        }
        auto section = call_.tool == Tool::kHttpRequest ? &Policy::has_network : &Policy::has_paths;
        if (owner == nullptr && Speaks(layers_, *layer, section))
          level = Stricter(level, OfAction(*layer, profile, action));
      }
    return level;
  }

  Level Windows() {
    Level level = Level::kAuto;
    for (const Policy* layer : layers_)
      for (const Window& window : layer->windows)
        for (const auto& [action, owner] : named_.actions) {
          if (std::ranges::find(window.actions, action) == window.actions.end()) continue;
          bool open = false, known = true;
          for (const Span& span : window.open) {
            bool here = false;
            for (const ZoneFact& zone : facts_.zones)
              if (zone.zone == span.zone) {
                here = true;
                const bool day = span.first_day <= span.last_day
                                     ? zone.time.weekday >= span.first_day && zone.time.weekday <= span.last_day
                                     : zone.time.weekday >= span.first_day || zone.time.weekday <= span.last_day;
                open = open || (day && zone.time.minute >= span.from && zone.time.minute < span.to);
              }
            known = known && here;
          }
          if (!known)
            level = Level::kForbid;
          else if (!open)
            level = Stricter(level, window.level);
        }
    return level;
  }

  Level Counters() {
    if (call_.tool == Tool::kNone) return Level::kAuto;
    auto full = [&](LayerKind layer, const std::string& id, CounterKind kind) {
      for (size_t i = 0; i < wanted_.counters.size(); ++i)
        if (wanted_.counters[i].kind == kind && wanted_.counters[i].id == id &&
            (kind == CounterKind::kLease || wanted_.counters[i].layer == layer))
          return i >= facts_.counters.size() || !facts_.counters[i].known ||
                 facts_.counters[i].used >= wanted_.counters[i].breaker.max;
      return true;
    };
    for (const Policy* layer : layers_)
      for (const Breaker& breaker : layer->session)
        if (full(layer->layer, std::string("session.") + BreakerName(breaker.kind), CounterKind::kBreaker))
          return Level::kForbid;
    for (const auto& [layer, rule] : matched_) {
      if (rule->attempts && full(layer->layer, rule->id, CounterKind::kAttempts)) return Level::kForbid;
      if (!rule->lease.empty() && full(layer->layer, rule->lease, CounterKind::kLease)) return Level::kForbid;
    }
    return Level::kAuto;
  }

  // "require-reason: a call without reason is forbidden", union over layers.
  Level Reason() const {
    if (!call_.reason.empty()) return Level::kAuto;
    for (const Policy* layer : layers_)
      for (const std::string& wanted : layer->require_reason)
        for (const auto& [action, owner] : named_.actions)
          if (action == wanted) return Level::kForbid;
    return Level::kAuto;
  }

  // "environment: names that a call may set; none; what all pass."
  Level Environment(const std::vector<std::pair<std::string, std::string>>& variables) const {
    for (const auto& [name, value] : variables) {
      if (FindCodeVariable(name) != nullptr) return Level::kForbid;
      bool spoken = false, above = false;
      for (const Policy* layer : layers_)
        above = above || (layer->environment_pass && layer->layer < LayerKind::kWorkspace);
      for (const Policy* layer : layers_) {
        if (!layer->environment_pass || (layer->layer == LayerKind::kWorkspace && !above)) continue;
        spoken = true;
        const auto& pass = *layer->environment_pass;
        if (std::ranges::find(pass, name) == pass.end()) return Level::kForbid;
      }
      if (!spoken) return Level::kForbid;
    }
    return Level::kAuto;
  }

  const Layers layers_;
  const Call& call_;
  const Wanted& wanted_;
  const Facts& facts_;
  const std::string profile_;
  NamedThings named_;
  std::vector<std::pair<const Policy*, const ExecRule*>> matched_;
};

}  // namespace warder::policy::model
