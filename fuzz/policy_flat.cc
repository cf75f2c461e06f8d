// Property: whatever a loader of a workspace's policy answers, also one that was taken over, the broker can put it
// below the layers of the host file and decide with it, and no call gets more by it.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/archive.h"
#include "policy/clocks.h"
#include "policy/decide.h"
#include "policy/load.h"

namespace {

using namespace warder;
using namespace warder::policy;

void Require(bool condition) {
  if (!condition) std::abort();
}

constexpr const char* kAbove = R"(policy: 1
layer: project
id: fuzz/above
exec:
  - { id: look, action: read_file, argv: [[cat, ls], ...] }
  - { id: git, level: notify, argv: [git, { flags: [-v, "-n INT"] }, { path: read, repeat: 0..4 }] }
  - { id: push, level: approve, argv: [git, push, { host: 443, repeat: 0..1 }] }
  - { id: never, forbid: No., argv: [rm, ...] }
paths:
  - { id: ws, level: auto, may: [read, write, delete], under: "${workspace}" }
  - { id: keys, forbid: No., may: [read, write, delete], match: ["**/*.key"] }
network:
  - { id: hub, level: auto, hosts: [h.org], ports: [443] }
default-profile: day
profiles:
  day: { auto: [read_file], notify: [modify_file, create_file, delete_file] }
windows:
  - { id: hours, actions: [modify_file], outside: "Mon-Sun 10:00-16:00 UTC", level: forbid }
limits: { wall: 1m, output: 1MiB, concurrent: 4 }
)";

PolicySet Together(std::vector<Policy> policies) {
  std::vector<std::shared_ptr<const Policy>> layers;
  for (Policy& policy : policies) layers.push_back(std::make_shared<const Policy>(std::move(policy)));
  auto set = PolicySet::Make(std::move(layers));
  if (!set) return PolicySet::Make({std::make_shared<const Policy>(LoadPolicy("F", kAbove).policy)}).value();
  return std::move(*set);
}

Policy Above() {
  Policy above = LoadPolicy("F", kAbove).policy;
  uint64_t inode = 1;
  above.clocks = {{"UTC", {{0, 0}}, INT64_MAX}};
  for (Program& program : above.programs) program.files = {{"/usr/bin/" + program.name, 1, inode++, std::nullopt}};
  return above;
}

Decision Decided(const PolicySet& set, const Call& call, std::chrono::seconds now) {
  Facts facts;
  facts.workspace = "/srv/w";
  const Wanted wanted = Want(set, call);
  for (const WantedPath& path : wanted.paths)
    facts.paths.push_back(
        {true, "", path.text.starts_with('/') ? path.text : "/srv/w/" + path.text, true, false, 1, 7});
  for (const WantedProgram& program : wanted.programs) {
    ProgramFact fact{true, "", program.path, 1, 0, std::nullopt, true, true, false};
    for (const Program& known : set.layer(0).programs)
      if (!known.files.empty() && known.files[0].path == program.path) fact.ino = known.files[0].ino;
    facts.programs.push_back(std::move(fact));
  }
  // One moment inside of the window above and one outside: nobody below sets its clock.
  for (const std::string& zone : set.settings().zones) {
    auto time = LocalTimeBy(set, zone, std::chrono::system_clock::time_point(now));
    Require(!time || (time->weekday < 7 && time->minute < 1440));
    Require(zone != "UTC" || (time && time->minute == now.count() / 60 % 1440));
    if (time) facts.zones.push_back({zone, *time});
  }
  facts.counters.assign(wanted.counters.size(), {true, 0});
  return Decide(set, call, facts, "");
}

std::vector<Call> Calls() {
  std::vector<Call> calls;
  for (const char* line :
       {"cat a.c", "git -v -n 3 src/a.c", "git push h.org", "rm -rf x", "ls a.key && cat b > c", "CI=1 ls"}) {
    Call& call = calls.emplace_back();
    call.line = ReadLine(line);
    call.opaque_text = line;
  }
  for (Tool tool : {Tool::kReadFile, Tool::kWriteFile, Tool::kDeleteFile}) {
    Call& call = calls.emplace_back();
    call.tool = tool;
    call.path = "src/a.c";
  }
  Call& call = calls.emplace_back();
  call.tool = Tool::kHttpRequest;
  call.host = {"h.org", 443, "GET"};
  return calls;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto own = flat::DecodeMessage<Policy>(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!own) return 0;
  // What the broker compares before it takes it.
  if (own->layer != LayerKind::kWorkspace) return 0;
  static const PolicySet alone = Together({Above()});
  const PolicySet both = Together({Above(), std::move(*own)});
  for (const auto now : {std::chrono::seconds(1'800'014'400), std::chrono::seconds(1'800'040'000)})
    for (const Call& call : Calls()) {
      const Decision before = Decided(alone, call, now), after = Decided(both, call, now);
      Require(after.level >= before.level);
      Require(after.level == Level::kForbid || !before.limits.output_bytes ||
              after.limits.output_bytes.value_or(UINT64_MAX) <= *before.limits.output_bytes);
    }
  const Settings& narrow = both.settings();
  const Settings& wide = alone.settings();
  Require(narrow.limits.concurrent.value_or(UINT64_MAX) <= wide.limits.concurrent.value_or(UINT64_MAX));
  Require(!narrow.executable || wide.executable);
  ViewOf(both, "/srv/w");
  return 0;
}
