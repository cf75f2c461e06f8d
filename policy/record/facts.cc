// What of a decision's facts does the log keep, and how is it read back?
#include "policy/record/facts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "policy/layer_index.h"

namespace warder::policy {
namespace {

using nlohmann::json;

constexpr int kForm = 1;

std::string IdText(uint64_t dev, uint64_t ino) { return std::to_string(dev) + ":" + std::to_string(ino); }

json PathJson(const WantedPath& wanted, const PathFact& fact) {
  json path = {{"text", wanted.text}, {"act", ActName(wanted.act)}};
  if (!fact.resolved) {
    path["problem"] = fact.problem;
    return path;
  }
  path["path"] = fact.path;
  path["exists"] = fact.exists;
  if (fact.is_directory) path["directory"] = true;
  if (fact.exists) path["id"] = IdText(fact.dev, fact.ino);
  return path;
}

json ProgramJson(const ProgramFact& fact) {
  json program = {{"found", fact.found}};
  if (!fact.found) {
    program["problem"] = fact.problem;
    return program;
  }
  program["path"] = fact.path;
  program["id"] = IdText(fact.dev, fact.ino);
  if (fact.sha256) program["sha256"] = Hex(AsBytes(*fact.sha256));
  if (!fact.executable) program["executable"] = false;
  if (!fact.readable) program["readable"] = false;
  if (fact.is_script) program["script"] = true;
  return program;
}

// How the file that was found stands to the files that names are bound to. A policy says paths, its binding says
// files: without this, nobody could tell later whether a rule's program was the file that ran.
void AddBinding(const PolicySet& set, const ProgramFact& fact, json& program) {
  if (!fact.found) return;
  std::vector<std::string> bound;
  bool replaced = false;
  for (const auto& layer : set.layers())
    for (const Program& known : layer->programs)
      for (const BoundFile& file : known.files) {
        const bool same = file.dev == fact.dev && file.ino == fact.ino;
        if (same && std::ranges::find(bound, file.path) == bound.end()) bound.push_back(file.path);
        replaced = replaced || (!same && file.path == fact.path);
      }
  if (bound.size() != 1 || bound[0] != fact.path) program["bound"] = bound;
  if (replaced) program["replaced"] = true;
}

void AddPrograms(const PolicySet& set, const LookedAt& at, json& programs) {
  for (size_t i = 0; i < at.facts.programs.size(); ++i) {
    json& program = programs[i];
    const WantedProgram& wanted = at.wanted.programs[i];
    program["asked"] = wanted.path;
    if (auto ways = WaysOf(set, at.call.line.commands[wanted.command].argv[0]); !ways.empty()) program["named"] = ways;
    AddBinding(set, at.facts.programs[i], program);
  }
}

}  // namespace

json FoundJson(const LookedAt& at) {
  json paths = json::array(), programs = json::array(), scripts = json::array();
  for (size_t i = 0; i < at.facts.paths.size(); ++i) paths.push_back(PathJson(at.wanted.paths[i], at.facts.paths[i]));
  for (const ProgramFact& fact : at.facts.programs) programs.push_back(ProgramJson(fact));
  for (const ScriptFile& script : at.scripts) {
    json entry = {{"path", script.path}, {"id", IdText(script.dev, script.ino)}};
    if (script.sha256) entry["sha256"] = Hex(AsBytes(*script.sha256));
    scripts.push_back(std::move(entry));
  }
  return {{"workspace", at.facts.workspace},
          {"paths", std::move(paths)},
          {"programs", std::move(programs)},
          {"scripts", std::move(scripts)}};
}

json FactsForLog(const PolicySet& set, const LookedAt& at, const std::string& profile) {
  json facts = FoundJson(at);
  facts["form"] = kForm;
  if (!profile.empty()) facts["profile"] = profile;
  if (at.call.tool == Tool::kRestoreFile) facts["origin"] = at.call.path;
  for (size_t i = 0; i < at.facts.paths.size(); ++i)
    if (at.wanted.paths[i].directory != SIZE_MAX) facts["paths"][i]["from"] = at.wanted.paths[i].directory;
  AddPrograms(set, at, facts["programs"]);
  size_t script = 0;
  for (size_t i = 0; i < at.call.line.commands.size(); ++i) {
    const SimpleCommand& command = at.call.line.commands[i];
    if (command.script.empty() || script >= at.scripts.size()) continue;
    json& entry = facts["scripts"][script++];
    entry["command"] = i;
    entry["interpreter"] = command.argv[0];
    if (command.argv.size() > command.called_as.size() + 1) entry["argument"] = command.argv[1];
  }
  for (const ZoneFact& zone : at.facts.zones)
    facts["zones"].push_back({{"zone", zone.zone}, {"weekday", zone.time.weekday}, {"minute", zone.time.minute}});
  for (const std::string& zone : set.settings().zones)
    if (std::ranges::find(at.facts.zones, zone, &ZoneFact::zone) == at.facts.zones.end())
      facts["unknown_zones"].push_back(zone);
  for (size_t i = 0; i < at.facts.counters.size() && i < at.wanted.counters.size(); ++i) {
    json& counter = facts["counters"][NeedName(at.wanted.counters[i])];
    if (at.facts.counters[i].known)
      counter = std::to_string(at.facts.counters[i].used);
    else
      counter = nullptr;
  }
  return facts;
}

std::string WayOf(const Program& program) {
  if (!program.declared) return "system";
  std::string way;
  for (const std::string& path : program.paths) way += (way.empty() ? "" : " ") + path;
  return way;
}

std::vector<std::string> WaysOf(const PolicySet& set, const std::string& name) {
  std::vector<std::string> ways;
  if (name.contains('/')) return ways;
  for (size_t layer = 0; layer < set.size(); ++layer)
    if (const Program* program = set.index(layer).FindProgram(name); program != nullptr)
      if (std::string way = WayOf(*program); std::ranges::find(ways, way) == ways.end()) ways.push_back(std::move(way));
  return ways;
}

std::string NeedName(const CounterNeed& need) {
  constexpr const char* kKinds[] = {"attempts", "lease", "breaker"};
  return std::string(kKinds[static_cast<size_t>(need.kind)]) + "/" + LayerName(need.layer) + "/" + need.id;
}

}  // namespace warder::policy
