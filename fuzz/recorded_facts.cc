// Property: a text that is no whole record of facts decides nothing; one that is reads the same again, and a directory
// in it comes before what starts there. Whatever it says, a call is decided or refused, never guessed.
#include <cstdint>
#include <cstdlib>
#include <memory>

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto facts = ReadFacts(text);
  if (facts)
    for (size_t i = 0; i < facts->paths.size(); ++i)
      Require(facts->paths[i].from == SIZE_MAX || facts->paths[i].from < i);
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
