// Random layers, calls and facts for property tests and for the golden corpus; the same on every
// machine (std::mt19937 is fixed by the standard, its distributions are not and are not used).
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "policy/decide.h"

namespace warder::policy {

struct Dice {
  explicit Dice(uint32_t seed) : engine(seed) {}
  size_t Below(size_t n) { return engine() % n; }
  bool Coin() { return Below(2) == 0; }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <typename T>
  const T& Of(const std::vector<T>& list) {
    return list[Below(list.size())];
  }
  std::mt19937 engine;
};

inline const std::vector<std::string> kPrograms = {"a", "b", "c"};
inline const std::vector<std::string> kWords = {"x", "y", "src/f", ".env", "/etc/p", "-v", "h.org"};
inline const std::vector<std::string> kActions = {"read_file", "build", "push"};
inline const std::vector<std::string> kHosts = {"h.org", "g.h.org", "other.net"};

inline Level AnyLevel(Dice& dice) {
  // Loose levels more often: else everything is forbidden and nothing is tested.
  constexpr Level kLevels[] = {Level::kAuto,   Level::kAuto,    Level::kAuto,
                               Level::kNotify, Level::kApprove, Level::kForbid};
  return kLevels[dice.Below(6)];
}

inline Element AnyElement(Dice& dice) {
  Element e;
  switch (dice.Below(5)) {
    case 0:
      e.words = {dice.Of(kWords)};
      return e;
    case 1:
      e.kind = ElementKind::kHost;
      e.port = 443;
      return e;
    case 2:
      e.kind = ElementKind::kFlags;
      e.flags = {{FlagForm::kExact, "-v", FlagValue::kNone}};
      return e;
    default:
      e.kind = ElementKind::kPath;
      e.act = static_cast<Act>(dice.Below(3));
      e.repeat_low = 0;
      e.repeat_high = 2;
      return e;
  }
}

inline ExecRule AnyExecRule(Dice& dice, const std::string& id, uint32_t line) {
  ExecRule rule;
  rule.id = id;
  rule.where = {line, 1};
  Element program;
  program.words = {dice.Of(kPrograms)};
  if (dice.OneIn(4)) program.words.push_back(dice.Of(kPrograms));
  rule.argv = {program};
  for (size_t e = dice.Below(3); e > 0; --e) rule.argv.push_back(AnyElement(dice));
  if (dice.Coin()) {
    Element rest;
    rest.kind = ElementKind::kRest;
    rule.argv.push_back(rest);
  }
  if (!dice.OneIn(3)) rule.level = AnyLevel(dice);
  if (dice.Coin()) rule.action = dice.Of(kActions);
  if (dice.OneIn(6)) rule.never_args = {dice.Of(kWords)};
  if (dice.OneIn(5)) rule.attempts = Rate{3, 1000};
  if (dice.OneIn(8)) rule.lease = "staging";
  if (dice.OneIn(8)) rule.only = dice.Coin() ? Only::kInside : Only::kCall;
  return rule;
}

inline PathRule AnyPathRule(Dice& dice, const std::string& id, uint32_t line) {
  PathRule rule;
  rule.id = id;
  rule.where = {line, 1};
  rule.level = AnyLevel(dice);
  rule.may = static_cast<uint8_t>(dice.Coin() ? 7 : 1 + dice.Below(7));
  const std::vector<std::string> directories = {"${workspace}", "${workspace}", "${workspace}/src", "/etc", "${tmp}"};
  const std::vector<std::string> globs = {"**/.env*", "${workspace}/**", "${workspace}/src/*", "/etc/p",
                                          "${workspace}/.git/hooks/**"};
  if (dice.Coin())
    rule.under = dice.Of(directories);
  else
    rule.match = {dice.Of(globs)};
  if (dice.OneIn(4)) rule.unless = {dice.Of(globs)};
  return rule;
}

inline NetworkRule AnyNetworkRule(Dice& dice, const std::string& id, uint32_t line) {
  NetworkRule rule;
  rule.id = id;
  rule.where = {line, 1};
  rule.level = AnyLevel(dice);
  rule.hosts = {dice.OneIn(3) ? "*.h.org" : dice.Of(kHosts)};
  rule.ports = {443};
  if (dice.OneIn(3)) rule.methods = {dice.Coin() ? "GET" : "POST"};
  return rule;
}

inline void AddProfiles(Dice& dice, Policy& p, uint32_t& line) {
  for (const char* name : {"day", "night"}) {
    if (!p.profiles.empty() && dice.Coin()) break;
    Profile profile;
    profile.name = name;
    profile.where = {line++, 1};
    for (const std::string& action : kActions)
      if (dice.Coin()) profile.actions.emplace_back(action, AnyLevel(dice));
    if (dice.Coin()) profile.otherwise = AnyLevel(dice);
    if (!p.profiles.empty() && dice.Coin()) profile.based_on = p.profiles[0].name;
    profile.approve_becomes_forbid = dice.OneIn(5);
    p.profiles.push_back(profile);
  }
  p.default_profile = "day";
}

inline Policy AnyLayer(Dice& dice, LayerKind kind) {
  Policy p;
  p.layer = kind;
  p.file = LayerName(kind);
  uint32_t line = 10;
  const std::string tag = std::string(1, LayerName(kind)[0]);
  p.has_exec = !dice.OneIn(4);
  p.has_paths = !dice.OneIn(4);
  p.has_network = dice.Coin();
  if (p.has_network)
    for (size_t i = 1 + dice.Below(3); i > 0; --i)
      p.network.push_back(AnyNetworkRule(dice, tag + "n" + std::to_string(i), line++));
  if (p.has_exec)
    for (size_t i = 2 + dice.Below(6); i > 0; --i) {
      p.exec.push_back(AnyExecRule(dice, tag + "e" + std::to_string(i), line++));
      if (p.has_network && dice.OneIn(4)) p.exec.back().network = {p.network[0].id};
    }
  if (p.has_paths) {
    PathRule workspace;
    workspace.id = tag + "ws";
    workspace.where = {line++, 1};
    workspace.level = Level::kAuto;
    workspace.may = 7;
    workspace.under = "${workspace}";
    if (!dice.OneIn(3)) p.paths.push_back(workspace);
    for (size_t i = dice.Below(4); i > 0; --i)
      p.paths.push_back(AnyPathRule(dice, tag + "p" + std::to_string(i), line++));
    if (p.paths.empty()) p.paths.push_back(workspace);
  }
  p.unmatched = {p.has_exec && dice.OneIn(3), p.has_paths && dice.OneIn(3), p.has_network && dice.OneIn(3)};
  if (dice.Coin()) AddProfiles(dice, p, line);
  if (dice.OneIn(4)) {
    Window window;
    window.id = tag + "w";
    window.where = {line++, 1};
    window.actions = {dice.Of(kActions)};
    window.open = {{static_cast<uint8_t>(dice.Below(7)), static_cast<uint8_t>(dice.Below(7)), 480, 1080,
                    dice.Coin() ? "Europe/Berlin" : "UTC"}};
    window.level = dice.Coin() ? Level::kApprove : Level::kForbid;
    p.windows.push_back(window);
  }
  if (dice.OneIn(5)) p.session.push_back({BreakerKind::kCalls, 5, 0, 0, 0, {line++, 1}});
  if (dice.OneIn(4)) p.environment_pass = {{"CI", "TZ"}};
  if (dice.OneIn(6)) p.require_reason = {dice.Of(kActions)};
  if (dice.Coin()) p.limits.wall_ms = 1000 * (1 + dice.Below(9));
  uint64_t inode = 100;
  for (const std::string& name : kPrograms) {
    Program program;
    program.name = name;
    program.files.push_back({"/usr/bin/" + name, 1, inode++, std::nullopt});
    p.programs.push_back(program);
  }
  return p;
}

// Between one and four layers, one of each kind at most.
inline std::vector<std::shared_ptr<const Policy>> AnyLayers(Dice& dice) {
  std::vector<std::shared_ptr<const Policy>> layers;
  for (LayerKind kind :
       {LayerKind::kOrg, LayerKind::kTeam, LayerKind::kProject, LayerKind::kWorkspace, LayerKind::kSession})
    if (kind == LayerKind::kProject || dice.OneIn(3)) layers.push_back(std::make_shared<Policy>(AnyLayer(dice, kind)));
  return layers;
}

inline Call AnyCall(Dice& dice) {
  Call call;
  if (!dice.OneIn(3)) call.reason = "because";
  if (dice.OneIn(4)) {
    constexpr Tool kTools[] = {Tool::kReadFile, Tool::kWriteFile, Tool::kListDirectory, Tool::kDeleteFile,
                               Tool::kHttpRequest};
    call.tool = kTools[dice.Below(5)];
    call.path = dice.Of(kWords);
    if (call.tool == Tool::kHttpRequest) call.host = {dice.Of(kHosts), 443, dice.Coin() ? "GET" : "POST"};
    return call;
  }
  std::string line;
  for (size_t i = 1 + dice.Below(10) / 8; i > 0; --i) {
    if (!line.empty()) line += dice.Coin() ? " && " : " | ";
    if (dice.OneIn(10)) line += dice.Coin() ? "CI=1 " : "LD_PRELOAD=x ";
    line += dice.OneIn(12) ? "d" : dice.OneIn(12) ? "/usr/bin/" + dice.Of(kPrograms) : dice.Of(kPrograms);
    for (size_t w = dice.Below(4); w > 0; --w) line += " " + dice.Of(kWords);
    if (dice.OneIn(6)) line += (dice.Coin() ? " > " : " < ") + dice.Of(kWords);
  }
  call.line = ReadLine(line);
  call.opaque_text = line;
  if (dice.OneIn(10)) call.directory = dice.Coin() ? "src" : "/etc";
  return call;
}

// What hands would say in a tidy world, now and then with a trouble in it.
inline Facts AnyFacts(Dice& dice, const PolicySet& set, const Call& call, bool trouble = true) {
  Facts facts;
  facts.workspace = "/ws";
  const Wanted wanted = Want(set, call);
  for (const WantedPath& path : wanted.paths) {
    const std::string from = path.directory == SIZE_MAX ? "/ws" : facts.paths.at(path.directory).path;
    PathFact fact{
        true, "", path.text.starts_with('/') ? path.text : from + "/" + path.text, dice.Coin(), path.is_directory,
        1,    1};
    if (trouble && dice.OneIn(20)) fact.resolved = false;
    facts.paths.push_back(std::move(fact));
  }
  for (const WantedProgram& program : wanted.programs) {
    ProgramFact& fact = facts.programs.emplace_back();
    for (const Program& known : set.layer(0).programs)
      if (!program.path.empty() && known.files[0].path == program.path)
        fact = {true, "", program.path, 1, known.files[0].ino, std::nullopt, true, true, false};
    if (trouble && dice.OneIn(20)) fact.ino += 1;
  }
  const LocalTime time{static_cast<uint8_t>(dice.Below(7)), static_cast<uint16_t>(dice.Below(1440))};
  facts.zones = {{"Europe/Berlin", time}};
  if (!trouble || !dice.OneIn(10)) facts.zones.push_back({"UTC", time});
  for (size_t i = 0; i < wanted.counters.size(); ++i)
    facts.counters.push_back({!trouble || !dice.OneIn(20), dice.Below(trouble ? 6 : 3)});
  return facts;
}

inline PolicySet MakeSet(std::vector<std::shared_ptr<const Policy>> layers) {
  return std::move(*PolicySet::Make(std::move(layers)));
}

}  // namespace warder::policy
