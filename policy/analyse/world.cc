// What would two policies say to the same call in the same imagined world? See world.h.
#include "policy/analyse/world.h"

#include <algorithm>

#include "policy/analyse/paths.h"
#include "policy/layer_index.h"

namespace warder::policy::analyse {
namespace {

// A file is what its path is: the same number for both policies, on every machine.
uint64_t InodeOf(const std::string& path) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (char c : path) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

std::string PlaceOf(const Program& program) {
  if (!program.paths.empty()) return program.paths.front();
  return program.name.starts_with('/') ? program.name : "/usr/bin/" + program.name;
}

PolicySet Bound(const PolicySet& set) {
  std::vector<std::shared_ptr<const Policy>> layers;
  for (const auto& layer : set.layers()) {
    auto whole = std::make_shared<Policy>(*layer);
    for (Program& program : whole->programs) {
      if (!program.files.empty()) continue;
      const std::string path = PlaceOf(program);
      program.files.push_back({path, UINT64_MAX, InodeOf(path), program.sha256});
    }
    layers.push_back(std::move(whole));
  }
  auto made = PolicySet::Make(std::move(layers));
  WARDER_CHECK(made.has_value());  // the same layers agreed before
  return std::move(*made);
}

}  // namespace

Case RunOf(std::vector<std::string> argv, bool inside) {
  Case one;
  one.call.inside = inside;
  one.call.line = ReadArgv(argv);
  one.shown = ShowCommand(argv);
  if (inside) {  // the kernel's own words, whatever a shell would make of them
    one.call.line = {};
    one.call.line.commands.emplace_back().argv = argv;
  } else if (one.call.line.opaque) {
    one.call.opaque_text = argv.back();
  }
  one.call.reason = kReason;
  one.argv = std::move(argv);
  return one;
}

World::World(const PolicySet& old_set, const PolicySet& new_set) : old_(Bound(old_set)), new_(Bound(new_set)) {
  for (const auto first : {size_t{0}, size_t{1}})
    for (const PolicySet* set : {first == 0 ? &old_ : &new_, first == 0 ? &new_ : &old_})
      for (const auto& layer : set->layers())
        for (const Program& program : layer->programs)
          for (const BoundFile& file : program.files)
            for (const std::string* key : {&file.path, &program.name}) {
              const std::optional<Digest> pin = file.sha256 ? file.sha256 : program.sha256;
              ProgramFact& fact = files_[first][*key];
              if (!fact.found) fact = {true, "", file.path, file.dev, file.ino, pin, true, true, false};
              if (!fact.sha256) fact.sha256 = pin;
            }
}

ProgramFact World::Look(const std::string& path, const Case& one) const {
  ProgramFact fact;
  const auto& files = files_[one.content == Case::Content::kNewPin ? 1 : 0];
  if (auto found = files.find(path); found != files.end())
    fact = found->second;
  else if (path.starts_with('/'))
    fact = {true, "", path, UINT64_MAX, InodeOf(path), {}, true, true, false};
  if (one.content == Case::Content::kOther) fact.sha256 = Digest{};
  return fact;
}

Facts World::Imagine(Side side, const Case& one, const Situation& situation) const {
  Facts facts;
  facts.workspace = kWorkspace;
  facts.tmp = kTmp;
  facts.zones = situation.zones;
  const Wanted wanted = Want(set(side), one.call);
  for (const WantedPath& path : wanted.paths) {
    const std::string from = path.directory < facts.paths.size() ? facts.paths[path.directory].path : kWorkspace;
    PathFact& fact = facts.paths.emplace_back();
    fact.resolved = true;
    fact.path = Lexical(from, path.text);
    fact.exists = !one.new_file;
    fact.is_directory = path.is_directory;
  }
  for (const WantedProgram& program : wanted.programs) {
    std::string path = program.path;
    // What was started inside has a file, whoever knows its name.
    if (path.empty() && one.call.inside) {
      const std::string& name = one.call.line.commands[0].argv[0];
      path = "/usr/bin/" + name.substr(name.find_last_of('/') + 1);
    }
    facts.programs.push_back(path.empty() ? ProgramFact{} : Look(path, one));
  }
  for (const CounterNeed& need : wanted.counters) {
    const bool meant = one.used && one.used->kind == need.kind &&
                       (need.kind != CounterKind::kBreaker || one.used->breaker == need.breaker.kind);
    facts.counters.push_back({true, meant ? one.used->used : 0});
  }
  return facts;
}

Decision World::Ask(Side side, const Case& one, const Situation& situation) const {
  const PolicySet& asked = set(side);
  if (situation.reason == !one.call.reason.empty())
    return Decide(asked, one.call, Imagine(side, one, situation), situation.profile);
  Case with = one;
  with.call.reason = situation.reason ? kReason : "";
  return Decide(asked, with.call, Imagine(side, with, situation), situation.profile);
}

}  // namespace warder::policy::analyse
