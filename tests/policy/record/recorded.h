// A world in which calls are decided, and what a log would hold of them: for tests of what is made of logs.
#pragma once

#include <nlohmann/json.hpp>

#include "policy/record/again.h"
#include "policy/zones.h"
#include "tests/policy/random_layers.h"

namespace warder::policy {

inline constexpr auto kThen = std::chrono::system_clock::time_point(std::chrono::seconds(1'790'000'000));

// One world in which every question has one answer, whoever asks.
struct World {
  uint32_t seed = 0;
  size_t Roll(const std::string& what, size_t n) const {
    return std::hash<std::string>()(what + std::to_string(seed)) % n;
  }

  PathFact Look(const std::string& from, const std::string& text, bool directory) const {
    const std::string path = text.starts_with('/') ? text : from + "/" + text;
    if (Roll("broken " + path, 20) == 0) return {false, "a loop", "", false, false, 0, 0};
    return {true, "", path, directory || Roll("exists " + path, 2) == 0, directory, 1, 1};
  }
  Facts Answer(const PolicySet& set, const Call& call) const {
    Facts facts;
    facts.workspace = "/ws";
    const Wanted wanted = Want(set, call);
    for (const WantedPath& path : wanted.paths) {
      const PathFact* from = path.directory == SIZE_MAX ? nullptr : &facts.paths.at(path.directory);
      PathFact fact = from != nullptr && !from->resolved
                          ? PathFact{false, "its directory could not be resolved", "", false, false, 0, 0}
                          : Look(from == nullptr ? "/ws" : from->path, path.text, path.is_directory);
      facts.paths.push_back(std::move(fact));
    }
    for (const WantedProgram& program : wanted.programs) {
      ProgramFact& fact = facts.programs.emplace_back();
      for (const Program& known : set.layer(0).programs)
        if (!program.path.empty() && known.files[0].path == program.path)
          fact = {true, "", program.path, 1, known.files[0].ino, std::nullopt, true, true, false};
      if (fact.found && Roll("replaced " + program.path, 15) == 0) fact.ino += 1;
      if (fact.found && Roll("unreadable " + program.path, 30) == 0) fact.readable = false;
    }
    for (const std::string& zone : set.settings().zones)
      if (auto time = LocalTimeIn(zone, kThen); time && Roll("zone " + zone, 10) != 0)
        facts.zones.push_back({zone, *time});
    for (const CounterNeed& need : wanted.counters)
      facts.counters.push_back({Roll("known " + NeedName(need), 20) != 0, Roll(NeedName(need), 6)});
    return facts;
  }
};

inline RecordedCall Record(const PolicySet& set, const Call& call, const Facts& facts, const std::string& profile) {
  RecordedCall recorded;
  nlohmann::json arguments = nlohmann::json::object();
  if (call.tool == Tool::kRunCommand) {
    arguments["command"] = call.opaque_text;
    if (!call.directory.empty()) arguments["cwd"] = call.directory;
    recorded.tool = "run_command";
  } else {
    arguments["path"] = call.path;
    recorded.tool = call.tool == Tool::kReadFile     ? "read_file"
                    : call.tool == Tool::kWriteFile  ? "write_file"
                    : call.tool == Tool::kDeleteFile ? "delete_file"
                                                     : "list_directory";
  }
  recorded.arguments = arguments.dump();
  recorded.has_reason = !call.reason.empty();
  if (recorded.has_reason) recorded.reason = call.reason;
  recorded.has_facts = true;
  recorded.facts = FactsForLog(set, {call, Want(set, call), facts, {}}, profile).dump();
  recorded.time = kThen;
  return recorded;
}

}  // namespace warder::policy
