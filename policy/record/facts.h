// The facts of a decision as the log keeps them: written by the broker, read by `warder policy replay`.
//
// Form: docs/formats/audit.md, "Facts". What a decision rests on and its policy does not say is in there or in the
// call's own arguments, so that Decide() can be asked again, under the same layers or under others.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decide.h"

namespace warder::policy {

struct ScriptFile {  // a `#!` file that a command named
  std::string path;
  uint64_t dev = 0, ino = 0;
  std::optional<Digest> sha256;
};

struct LookedAt {
  const Call& call;  // as it is decided: `#!` files rewritten to their interpreters
  const Wanted& wanted;
  const Facts& facts;
  const std::vector<ScriptFile>& scripts;  // one for each command that was rewritten
};

// What was found, in the order of `wanted`: for people who approve, too. Changes with nothing but the files.
nlohmann::json FoundJson(const LookedAt& at);
// The same with what deciding again needs: where each path starts, how names are bound, local times, counters,
// the profile that was asked for.
nlohmann::json FactsForLog(const PolicySet& set, const LookedAt& at, const std::string& profile);

// ---- read back
struct RecordedPath {
  size_t from = SIZE_MAX;  // index of the path in whose directory it starts; SIZE_MAX: the workspace
  std::string text;
  Act act = Act::kRead;
  bool follow_last = true;
  PathFact fact;
};
struct RecordedProgram {
  std::string asked;               // where it was looked for; empty: its name was bound to no file
  std::vector<std::string> named;  // how layers list the name (WayOf); none: no layer does
  std::vector<std::string> bound;  // paths of bound files that were this file
  bool replaced = false;           // its own path was bound, to another file
  ProgramFact fact;
};
struct RecordedScript {
  size_t command = 0;
  std::string path, interpreter, argument;
};
struct RecordedFacts {
  std::string workspace, profile;
  std::string origin;  // restore_file: the path that it restores
  std::vector<RecordedPath> paths;
  std::vector<RecordedProgram> programs;
  std::vector<RecordedScript> scripts;
  std::vector<ZoneFact> zones;
  std::vector<std::string> unknown_zones;       // named by windows then, and nobody knew their time
  std::map<std::string, CounterFact> counters;  // by NeedName
};
// Nothing where the text is no whole record: it was cut, or comes from a version that did not write all of it.
std::optional<RecordedFacts> ReadFacts(std::string_view text);

// How a layer says where a program is: "system" for a name that it does not list, else the listed paths.
std::string WayOf(const Program& program);
// The ways of all layers that have the name, each once.
std::vector<std::string> WaysOf(const PolicySet& set, const std::string& name);
// One name for a counter: "attempts/project/restart".
std::string NeedName(const CounterNeed& need);

}  // namespace warder::policy
