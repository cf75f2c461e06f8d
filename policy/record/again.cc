// What would these layers have said to a call of the log?
#include "policy/record/again.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/bind.h"
#include "policy/record/arguments.h"
#include "policy/zones.h"

namespace warder::policy {
namespace {

using nlohmann::json;

// No file system has it: makedev(3) leaves the upper bits of a device number zero.
constexpr uint64_t kNoDevice = UINT64_MAX;

Replayed No(WhyNot why, std::string what = {}) {
  Replayed no;
  no.why = why;
  no.what = std::move(what);
  return no;
}

constexpr const char* kNoFile = "no file is bound to this name";

}  // namespace

const char* WhyNotName(WhyNot why) {
  switch (why) {
    case WhyNot::kErased:
      return "its free text was erased";
    case WhyNot::kCut:
      return "its arguments or facts were too long to be recorded whole";
    case WhyNot::kOlder:
      return "recorded by a version that did not write all facts";
    case WhyNot::kPath:
      return "a path that was not looked up then";
    case WhyNot::kProgram:
      return "a program that was not looked up then";
    case WhyNot::kCounter:
      return "a counter that was not recorded; --counters-free takes it as having room";
    case WhyNot::kCall:
      return "a call that this version does not read";
  }
  return "";
}

void AssumeFiles(Policy& policy) {
  for (Program& program : policy.programs) {
    if (!program.files.empty()) continue;
    std::vector<std::string> paths = program.paths;
    if (!program.declared) {
      const bool whole = program.name.starts_with('/');
      paths = {whole ? program.name : std::string(kProgramDirectories[0]) + "/" + program.name};
    }
    for (const std::string& path : paths)
      program.files.push_back({path, kNoDevice - 1, std::hash<std::string>()(path), program.sha256});
  }
}

Replayer::Replayer(const PolicySet& set, ReplayTerms terms) : set_(set), terms_(std::move(terms)) {
  for (const auto& layer : set.layers())
    for (const Program& program : layer->programs)
      for (const BoundFile& file : program.files) files_.insert({file.path, {file.dev, file.ino}});
}

// The file of then gets the identity that the names have now, where it was the file of that name then. False: the
// names that it had are different files now, so that no identity is right.
bool Replayer::Identify(const RecordedProgram& recorded, const std::string& asked, ProgramFact& fact) const {
  std::vector<std::string> paths = recorded.bound;
  if (!recorded.replaced) paths.push_back(fact.path);
  // A name that is listed alike may lead to another path on this machine.
  if (std::ranges::find(paths, recorded.asked) != paths.end()) paths.push_back(asked);
  std::optional<File> is;
  for (const std::string& path : paths) {
    auto found = files_.find(path);
    if (found == files_.end()) continue;
    if (is && (is->dev != found->second.dev || is->ino != found->second.ino)) return false;
    is = found->second;
  }
  if (!is) is = File{kNoDevice, std::hash<std::string>()(fact.path)};
  fact.dev = is->dev;
  fact.ino = is->ino;
  return true;
}

std::optional<Replayed> Replayer::Programs(const Call& call, const Wanted& wanted, const RecordedFacts& recorded,
                                           Facts& facts) const {
  for (size_t i = 0; i < wanted.programs.size(); ++i) {
    const WantedProgram& program = wanted.programs[i];
    const std::string& name = call.line.commands[program.command].argv[0];
    ProgramFact& fact = facts.programs.emplace_back();
    fact.problem = kNoFile;
    if (program.path.empty()) continue;
    if (i >= recorded.programs.size()) return No(WhyNot::kProgram, name);
    const RecordedProgram& then = recorded.programs[i];
    const bool alike = !name.contains('/') && !then.named.empty() && then.named == WaysOf(set_, name);
    if (!alike && (then.asked != program.path || then.asked.empty())) return No(WhyNot::kProgram, program.path);
    fact = then.fact;
    if (!fact.found) continue;
    if (!Identify(then, program.path, fact)) return No(WhyNot::kProgram, fact.path);
    if (program.want_sha256 && !fact.sha256 && fact.readable) return No(WhyNot::kProgram, "the sha256 of " + fact.path);
  }
  return std::nullopt;
}

// Rewrites the commands that were `#!` files, where the layers take the name for the same file.
std::optional<Replayed> Replayer::Scripts(const RecordedFacts& recorded, Call& call) const {
  if (recorded.scripts.empty()) return std::nullopt;
  const Wanted wanted = Want(set_, call);
  for (const RecordedScript& script : recorded.scripts) {
    if (script.command >= call.line.commands.size()) return No(WhyNot::kCut);
    auto asked = std::ranges::find(wanted.programs, script.command, &WantedProgram::command);
    if (asked == wanted.programs.end()) return No(WhyNot::kCut);
    if (asked->path.empty()) continue;  // the layers bind the name to nothing
    SimpleCommand& command = call.line.commands[script.command];
    if (!command.argv[0].contains('/') && asked->path != script.path) return No(WhyNot::kProgram, asked->path);
    command = AsInterpreter(command, script.interpreter, script.argument, script.path);
  }
  return std::nullopt;
}

std::optional<Replayed> Replayer::Paths(const Wanted& wanted, const RecordedFacts& recorded, Facts& facts) const {
  auto start = [](const auto& paths, size_t from, const std::string& workspace) -> std::optional<std::string> {
    if (from == SIZE_MAX) return workspace;
    if (!paths[from].resolved) return std::nullopt;
    return paths[from].path;
  };
  std::vector<PathFact> then;
  for (const RecordedPath& path : recorded.paths) then.push_back(path.fact);
  for (const WantedPath& path : wanted.paths) {
    const auto from = start(facts.paths, path.directory, facts.workspace);
    if (!from) {
      facts.paths.push_back({false, "its directory could not be resolved", "", false, false, 0, 0});
      continue;
    }
    auto fits = [&](const RecordedPath& other) {
      return other.text == path.text && other.follow_last == path.follow_last &&
             start(then, other.from, recorded.workspace) == from;
    };
    // The same layers ask in the same order.
    auto found = recorded.paths.begin() + static_cast<ptrdiff_t>(std::min(facts.paths.size(), recorded.paths.size()));
    if (found == recorded.paths.end() || !fits(*found)) found = std::ranges::find_if(recorded.paths, fits);
    if (found == recorded.paths.end()) return No(WhyNot::kPath, path.text);
    facts.paths.push_back(found->fact);
  }
  return std::nullopt;
}

std::optional<Replayed> Replayer::Counters(const Wanted& wanted, const RecordedFacts& recorded, Facts& facts) const {
  for (const CounterNeed& need : wanted.counters) {
    auto found = recorded.counters.find(NeedName(need));
    if (found == recorded.counters.end() && !terms_.counters_free) return No(WhyNot::kCounter, NeedName(need));
    facts.counters.push_back(found == recorded.counters.end() ? CounterFact{true, 0} : found->second);
  }
  return std::nullopt;
}

Replayed Replayer::Decide(const RecordedCall& recorded) const {
  if (!recorded.arguments || (recorded.has_facts && !recorded.facts)) return No(WhyNot::kErased);
  // Whether there was a reason is known, whatever it said.
  if (recorded.has_reason && !recorded.reason && !set_.settings().require_reason.empty()) return No(WhyNot::kErased);
  auto tool = ToolNamed(recorded.tool);
  if (!tool) return No(WhyNot::kCall, recorded.tool);
  if (!recorded.has_facts) return No(WhyNot::kOlder);
  std::optional<RecordedFacts> then = ReadFacts(*recorded.facts);
  if (!then) return No(recorded.facts->ends_with('}') ? WhyNot::kOlder : WhyNot::kCut);
  const json arguments = json::parse(*recorded.arguments, nullptr, false);
  if (arguments.is_object() && arguments.contains("begins") && arguments.contains("sha256")) return No(WhyNot::kCut);
  Result<Call> call = CallOf(*tool, arguments);
  if (!call) return No(WhyNot::kCall, call.error().what);
  call->reason = recorded.reason.value_or("");
  if (*tool == Tool::kRestoreFile) call->path = then->origin;
  Facts facts;
  facts.workspace = then->workspace;
  if (auto no = Scripts(*then, *call)) return std::move(*no);
  const Question question(set_, *call);
  const Wanted& wanted = question.wanted();
  if (auto no = Programs(*call, wanted, *then, facts)) return std::move(*no);
  if (auto no = Paths(wanted, *then, facts)) return std::move(*no);
  if (auto no = Counters(wanted, *then, facts)) return std::move(*no);
  facts.zones = std::move(then->zones);
  for (const std::string& zone : set_.settings().zones)
    if (std::ranges::find(facts.zones, zone, &ZoneFact::zone) == facts.zones.end() &&
        std::ranges::find(then->unknown_zones, zone) == then->unknown_zones.end())
      if (auto time = LocalTimeIn(zone, recorded.time)) facts.zones.push_back({zone, *time});
  Replayed replayed;
  replayed.decision = question.Decide(facts, terms_.profile.value_or(then->profile));
  replayed.call = std::move(*call);
  return replayed;
}

}  // namespace warder::policy
