// Property: a text that is no whole record of facts decides nothing; one that is reads the same again, and a directory
// in it comes before what starts there. Whatever it says, a call is decided or refused, never guessed. A policy that is
// learned from it loads, allows none of the calls that were refused, and reads, writes and deletes what it names alone.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "policy/learn/learn.h"
#include "policy/load.h"
#include "policy/record/again.h"

namespace {

using namespace warder;
using namespace warder::policy;

void Require(bool condition) {
  if (!condition) std::abort();
}

PolicySet Layers() {
  Policy policy = LoadPolicy("F", R"(policy: 1
layer: project
id: fuzz/facts
exec:
  - { id: look, level: auto, argv: [cat, { path: read, repeat: 0..4 }] }
  - { id: never, forbid: No., argv: [cat, -n, ...] }
paths:
  - { id: ws, level: auto, may: [read, write, delete], under: "${workspace}" }
  - { id: keys, forbid: No., may: [read, write, delete], match: ["**/*.key"] }
windows:
  - { id: hours, actions: [read_file], outside: "Mon-Fri 08:00-18:00 Europe/Berlin", level: approve }
default-profile: day
profiles: { day: { auto: [read_file] } }
)")
                      .policy;
  AssumeFiles(policy);
  return PolicySet::Make({std::make_shared<const Policy>(std::move(policy))}).value();
}

// The calls as a log has them, every second one refused.
void LearnFrom(const std::string& text) {
  std::vector<SeenCall> calls;
  for (const auto& [tool, arguments] :
       {std::pair("run_command", R"({"command":"cat a.c b.key"})"), std::pair("read_file", R"({"path":"a.c"})"),
        std::pair("run_command", R"({"command":"cat a.c > b"})"), std::pair("delete_file", R"({"path":"a.c"})")}) {
    SeenCall seen;
    seen.call = seen.record = calls.size() + 1;
    seen.fate = calls.size() % 2 == 0 ? Fate::kDone : Fate::kForbidden;
    seen.level = calls.size() % 2 == 0 ? Level::kAuto : Level::kForbid;
    seen.recorded.tool = tool;
    seen.recorded.arguments = arguments;
    seen.recorded.facts = text;
    seen.recorded.has_facts = true;
    calls.push_back(std::move(seen));
  }
  const Result<Learned> learned = Learn(calls, {});
  if (!learned) return Require(learned.error().code == Code::kInvalid || learned.error().code == Code::kLimit);
  LoadResult loaded = LoadPolicy("F", learned->yaml);
  Require(loaded.problems.empty());
  for (const PathRule& rule : loaded.policy.paths)
    for (const std::string& glob : rule.match) Require(!glob.contains('*'));
  AssumeFiles(loaded.policy);
  const PolicySet host = PolicySet::Make({std::make_shared<const Policy>(std::move(loaded.policy))}).value();
  const Replayer replayer(host, {});
  for (const SeenCall& seen : calls)
    if (const Replayed now = replayer.Decide(seen.recorded); now.decision) Require(now.decision->level >= seen.level);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto facts = ReadFacts(text);
  if (facts)
    for (size_t i = 0; i < facts->paths.size(); ++i)
      Require(facts->paths[i].from == SIZE_MAX || facts->paths[i].from < i);
  LearnFrom(text);
  static const PolicySet layers = Layers();
  const Replayer replayer(layers, {});
  for (const auto& [tool, arguments] :
       {std::pair("run_command", R"({"command":"cat a.c b.key"})"),
        std::pair("run_command", R"({"command":"cat a.c"})"), std::pair("read_file", R"({"path":"a.c"})"),
        std::pair("restore_file", R"({"entry":"0a"})")}) {
    RecordedCall call;
    call.tool = tool;
    call.arguments = arguments;
    call.facts = text;
    call.has_facts = true;
    const Replayed first = replayer.Decide(call), second = replayer.Decide(call);
    Require(first.decision.has_value() == second.decision.has_value());
    if (!facts) Require(!first.decision);
    if (!first.decision) continue;
    Require(first.decision->level == second.decision->level && first.decision->rule == second.decision->rule);
    // What is allowed names only files that were found, below the workspace of the record.
    if (first.decision->level != Level::kForbid)
      for (const Applied& applied : first.decision->applied) Require(applied.level != Level::kForbid);
  }
  return 0;
}
