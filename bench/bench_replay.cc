// How long does `warder policy replay` take for 1,000,000 recorded decisions?
//
// Usage: bench_replay [--json] [DECISIONS]. A ledger writes a log of call, decision and outcome for each of so many
// decisions (default: 100,000), from the facts that the broker's own writer makes; then the log is read and each is
// decided again. By the wall clock, since one thread reads ahead of the other; beside it the processor time of both.
// The figures for 1,000,000 are scaled.
#include <fcntl.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "audit/client.h"
#include "audit/ledger.h"
#include "cli/policy_log.h"
#include "policy/load.h"
#include "policy/record/arguments.h"

namespace {

using namespace warder;
using nlohmann::json;

double Seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

[[noreturn]] void Stop(const std::string& why) {
  std::fprintf(stderr, "bench_replay: %s\n", why.c_str());
  std::exit(1);
}

constexpr const char* kPolicy =
    "policy: 1\nlayer: project\nid: bench/replay\nexec:\n"
    "- {id: read, level: auto, argv: [[cat, wc, head], {flags: [-l, \"-n INT\"]}, {path: read, repeat: 1..4}]}\n"
    "- {id: build, level: approve, argv: [make, ...]}\n"
    "- {id: no, forbid: no, argv: [[curl, wget], ...]}\n"
    "paths:\n- {id: ws, level: auto, may: [read, write], under: \"${workspace}\"}\n"
    "- {id: keys, forbid: no, may: [read, write, delete], match: [\"**/*.key\"]}\n";

policy::PolicySet MakeSet() {
  policy::LoadResult loaded = policy::LoadPolicy("bench", kPolicy);
  if (!loaded.problems.empty()) Stop(loaded.Describe("bench"));
  policy::AssumeFiles(loaded.policy);
  std::vector<std::shared_ptr<const policy::Policy>> layers;
  layers.push_back(std::make_shared<policy::Policy>(std::move(loaded.policy)));
  return std::move(*policy::PolicySet::Make(std::move(layers)));
}

policy::Facts LookedUp(const policy::PolicySet& set, const policy::Wanted& wanted) {
  policy::Facts facts;
  facts.workspace = "/srv/work/api";
  for (const policy::WantedPath& path : wanted.paths)
    facts.paths.push_back({true, "", "/srv/work/api/" + path.text, true, false, 1, 7});
  for (const policy::WantedProgram& program : wanted.programs) {
    policy::ProgramFact fact{!program.path.empty(), "", program.path, 1, 0, std::nullopt, true, true, false};
    for (const policy::Program& known : set.layer(0).programs)
      if (known.files[0].path == program.path) fact.dev = known.files[0].dev, fact.ino = known.files[0].ino;
    facts.programs.push_back(std::move(fact));
  }
  return facts;
}

std::vector<audit::Draft> DraftsOf(const policy::PolicySet& set, uint64_t call_id) {
  static constexpr const char* kLines[] = {"cat -n 3 src/a.c src/b.c", "wc -l README.md",     "make -j4 test",
                                           "curl https://example.com", "cat keys/server.key", "jq . x.json"};
  const json arguments = {{"command", kLines[call_id % std::size(kLines)]}};
  const policy::Call call = *policy::CallOf(policy::Tool::kRunCommand, arguments);
  const policy::Wanted wanted = policy::Want(set, call);
  const policy::Facts facts = LookedUp(set, wanted);
  const policy::Decision decision = policy::Decide(set, call, facts, "");
  audit::Body asked, decided, ended;
  asked.Text("tool", "run_command").Free("arguments", arguments.dump());
  decided.Text("level", policy::LevelName(decision.level))
      .Text("rule", decision.rule)
      .Text("file", decision.file)
      .Number("line", decision.where.line)
      .Free("why", decision.why)
      .Text("policy_digest", "00ff")
      .Text("engine", "bench")
      .Free("facts", policy::FactsForLog(set, {call, wanted, facts, {}}, "").dump());
  ended.Text("ended", "exited").Number("exit_code", 0);
  return {{"call", 1, call_id, asked.Take()},
          {"decision", 1, call_id, decided.Take()},
          {"outcome", 1, call_id, ended.Take()}};
}

void WriteLog(const policy::PolicySet& set, const std::string& root, uint64_t decisions) {
  for (const char* name : {"/log", "/state"}) std::filesystem::create_directory(root + name);
  UniqueFd log(open((root + "/log").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  UniqueFd state(open((root + "/state").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  wire::LedgerStart start;
  start.key.fill(7);
  start.epoch = 1;
  start.host = "bench";
  start.segment_bytes = 64 << 20;
  audit::FileLayer files;
  auto ledger = audit::Ledger::Open(log.get(), state.get(), start, files);
  if (!ledger) Stop(ledger.error().what);
  (*ledger)->Take(wire::SessionBegan{1, "bench", 1900000001, 77, "/srv/work/api", 1900000100, "/usr/bin/agent", 1, 2});
  for (uint64_t call = 1; call <= decisions; ++call) {
    if (!(*ledger)->TakeRequest(flat::EncodeMessage(audit::AppendRequest{call, DraftsOf(set, call), {}})))
      Stop("the ledger takes no request");
    if (call % 500 != 0 && call != decisions) continue;
    for (const std::string& packet : (*ledger)->Commit())
      if (auto reply = flat::DecodeMessage<audit::AppendReply>(packet); !reply || !reply->ok)
        Stop(reply ? reply->error : "a reply that can not be read");
  }
}

}  // namespace

int main(int argc, char** argv) {
  bool as_json = false;
  uint64_t decisions = 100'000;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0)
      as_json = true;
    else
      decisions = std::strtoull(argv[i], nullptr, 10);
  }
  char root[] = "/tmp/warder-bench-XXXXXX";
  if (mkdtemp(root) == nullptr || decisions == 0) Stop("no temporary directory, or no number");
  const policy::PolicySet set = MakeSet();
  WriteLog(set, root, decisions);
  const policy::Replayer replayer(set, {});
  uint64_t same = 0, other = 0, undecidable = 0;
  const double begin = Seconds(CLOCK_MONOTONIC), cpu_begin = Seconds(CLOCK_PROCESS_CPUTIME_ID);
  Status read = cli::ReadDecisions(std::string(root) + "/log", std::nullopt, [&](const cli::LoggedDecision& old) {
    const policy::Replayed now = replayer.Decide(old.recorded);
    if (!now.decision)
      ++undecidable;
    else
      ++(policy::LevelName(now.decision->level) == old.level ? same : other);
  });
  const double seconds = Seconds(CLOCK_MONOTONIC) - begin, cpu = Seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin;
  std::filesystem::remove_all(root);
  if (!read) Stop(read.error().what);
  const double to_million = 1e6 / static_cast<double>(decisions);
  std::printf(as_json ? "{\"bench\":\"policy.replay\",\"decisions\":%llu,\"seconds\":%.2f,\"cpu_seconds\":%.2f,"
                        "\"million_s\":%.1f,\"million_cpu_s\":%.1f,\"same\":%llu,\"other\":%llu,\"undecidable\":%llu}\n"
                      : "replay of %llu recorded decisions: %.2f s, processor %.2f s; scaled to 1,000,000: %.1f s, "
                        "processor %.1f s (%llu the same, %llu otherwise, %llu not decidable)\n",
              static_cast<unsigned long long>(decisions), seconds, cpu, seconds * to_million, cpu * to_million,
              static_cast<unsigned long long>(same), static_cast<unsigned long long>(other),
              static_cast<unsigned long long>(undecidable));
  return other == 0 && undecidable == 0 && same == decisions ? 0 : 1;
}
