// How long does one decision take with 10² to 10⁵ rules in four layers?
//
// Usage: bench_decide [--json] [RULES…], or bench_decide --peer for bench/cedar/peer.mjs
// The rules: ten a program, two of them forbid, the others allow one subcommand with flags and paths; each layer has
// three path rules and a profile. The calls: kMix below. A decision is what Decide() does with a call that was read and
// facts that were looked up, words for the agent included; `with want` adds the question what must be looked up. Each
// decision is measured alone, in processor time of the thread and by the wall clock; 320 calls take turns, so that
// caches are as warm as they leave them. What reading each clock costs is measured first and taken off.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "policy/decide.h"
#include "policy/load.h"

namespace {

using namespace warder;
using namespace warder::policy;

int64_t Now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

// Nanoseconds between two readings of both clocks; the wall clock is read inside.
struct Spent {
  int64_t cpu = 0, wall = 0;
};
template <typename F>
Spent Measure(F&& what) {
  const int64_t cpu = Now(CLOCK_THREAD_CPUTIME_ID), wall = Now(CLOCK_MONOTONIC);
  what();
  const int64_t wall_end = Now(CLOCK_MONOTONIC);
  return {Now(CLOCK_THREAD_CPUTIME_ID) - cpu, wall_end - wall};
}

Spent ClockCost() {
  std::vector<int64_t> cpu, wall;
  for (int i = 0; i < 20'000; ++i) {
    const Spent none = Measure([] {});
    cpu.push_back(none.cpu);
    wall.push_back(none.wall);
  }
  std::ranges::sort(cpu);
  std::ranges::sort(wall);
  return {cpu[cpu.size() / 2], wall[wall.size() / 2]};
}

// ---- the rules
constexpr LayerKind kLayers[] = {LayerKind::kOrg, LayerKind::kTeam, LayerKind::kProject, LayerKind::kSession};

std::string LayerText(LayerKind kind, size_t rules) {
  std::string text =
      std::string("policy: 1\nlayer: ") + LayerName(kind) + "\nid: bench/" + LayerName(kind) + "\nexec:\n";
  for (size_t i = 0; i < rules; ++i) {
    const std::string head = "- {id: r" + std::to_string(i) + ", ",
                      argv = "argv: [p" + std::to_string(i / 10) + ", w" + std::to_string(i % 10) + ", ";
    text += i % 5 == 4 ? head + "forbid: no, " + argv + "bad]}\n"
                       : head + "level: auto, " + argv + "{flags: [-v, \"-n INT\"]}, {path: read, repeat: 0..4}]}\n";
  }
  return text +
         "paths:\n"
         "- {id: ws, level: auto, may: [read, write], under: \"${workspace}\"}\n"
         "- {id: hooks, forbid: no, may: [write, delete], match: [\"**/.git/hooks/**\"]}\n"
         "- {id: keys, forbid: no, may: [read, write, delete], match: [\"**/*.key\", \"**/.env*\"]}\n"
         "default-profile: day\n"
         "profiles: {day: {auto: [read_file, list_directory], notify: [create_file, modify_file]}}\n";
}

Policy LoadText(const std::string& text) {
  LoadResult loaded = LoadPolicy("bench", text);
  if (!loaded.problems.empty()) {
    std::fputs(loaded.Describe("bench").c_str(), stderr);
    std::exit(1);
  }
  return std::move(loaded.policy);
}

Policy Load(LayerKind kind, size_t rules) { return LoadText(LayerText(kind, rules)); }

void BindPrograms(Policy& policy) {
  uint64_t inode = 1;
  for (Program& program : policy.programs) program.files = {{"/usr/bin/" + program.name, 1, inode++, std::nullopt}};
}

// More rules than one file may hold are loaded in parts and put together.
Policy MakeLayer(LayerKind kind, size_t rules) {
  constexpr size_t kPart = 1500;
  Policy whole = Load(kind, std::min(kPart, rules));
  for (size_t done = kPart; done < rules; done += kPart)
    for (ExecRule& rule : Load(kind, std::min(kPart, rules - done)).exec) {
      rule.id += "x" + std::to_string(done);
      rule.argv[0].words[0] += "x" + std::to_string(done);
      Program program;
      program.name = rule.argv[0].words[0];
      whole.exec.push_back(std::move(rule));
      if (whole.programs.back().name != program.name) whole.programs.push_back(program);
    }
  BindPrograms(whole);
  return whole;
}

PolicySet MakeSet(size_t rules) {
  std::vector<std::shared_ptr<const Policy>> layers;
  for (LayerKind kind : kLayers)
    layers.push_back(std::make_shared<Policy>(MakeLayer(kind, rules / std::size(kLayers))));
  return std::move(*PolicySet::Make(std::move(layers)));
}

// ---- the calls
struct Kind {
  const char* name;
  size_t of_20;  // how many of twenty calls are of this kind
  Tool tool;
  const char* text;  // a line or a path; P W is a program with a subcommand that is allowed, Q V another
  Level level;       // what must come out
};
constexpr Kind kMix[] = {
    {"one command", 8, Tool::kRunCommand, "P W -v -n 3 src/a.c src/b.c", Level::kAuto},
    {"a pipe", 2, Tool::kRunCommand, "P W src/a.c | Q V -n 5", Level::kAuto},
    {"cd, two, redirected", 1, Tool::kRunCommand, "cd src && P W a.c && Q V -v b.c > out.txt", Level::kAuto},
    {"read_file", 3, Tool::kReadFile, "src/a.c", Level::kAuto},
    {"write_file", 2, Tool::kWriteFile, "src/new.c", Level::kNotify},
    {"list_directory", 1, Tool::kListDirectory, "src", Level::kAuto},
    {"refused: no rule", 1, Tool::kRunCommand, "P W --evil", Level::kForbid},
    {"refused: by a rule", 1, Tool::kRunCommand, "P w4 bad", Level::kForbid},
    {"refused: by a path", 1, Tool::kRunCommand, "P W src/server.key", Level::kForbid},
};

struct Prepared {
  const Kind* kind;
  Call call;
  Facts facts;
};

std::string Filled(const char* text, const ExecRule& first, const ExecRule& second) {
  std::string out;
  for (const char* at = text; *at != '\0'; ++at) {
    if (*at == 'P' || *at == 'W')
      out += first.argv[*at == 'W'].words[0];
    else if (*at == 'Q' || *at == 'V')
      out += second.argv[*at == 'V'].words[0];
    else
      out += *at;
  }
  return out;
}

void LookUp(const PolicySet& set, Prepared& one) {
  one.facts.workspace = "/srv/work/api";
  const Wanted wanted = Want(set, one.call);
  for (const WantedPath& path : wanted.paths) {
    const std::string from = path.directory == SIZE_MAX ? one.facts.workspace : one.facts.paths[path.directory].path;
    one.facts.paths.push_back({true, "", from + "/" + path.text, true, path.is_directory, 1, 7});
  }
  for (const WantedProgram& program : wanted.programs) {
    ProgramFact fact{true, "", program.path, 1, 0, std::nullopt, true, true, false};
    for (const Program& known : set.layer(0).programs)
      if (known.files[0].path == program.path) fact.ino = known.files[0].ino;
    one.facts.programs.push_back(std::move(fact));
  }
}

std::vector<Prepared> MakeCalls(const PolicySet& set) {
  constexpr size_t kTwenties = 16;
  std::vector<Prepared> all;
  const std::vector<ExecRule>& rules = set.layer(0).exec;
  size_t next = 0;
  auto allowing = [&]() -> const ExecRule& {
    do next += 7919;
    while (rules[next % rules.size()].level == Level::kForbid);
    return rules[next % rules.size()];
  };
  for (size_t i = 0; i < kTwenties; ++i)
    for (const Kind& kind : kMix)
      for (size_t k = 0; k < kind.of_20; ++k) {
        Prepared one{&kind, {}, {}};
        const ExecRule &first = allowing(), &second = allowing();
        const std::string text = Filled(kind.text, first, second);
        one.call.tool = kind.tool;
        if (kind.tool == Tool::kRunCommand)
          one.call.line = ReadLine(text), one.call.opaque_text = text;
        else
          one.call.path = text;
        LookUp(set, one);
        if (const Decision decision = Decide(set, one.call, one.facts, ""); decision.level != kind.level) {
          std::fprintf(stderr, "bench_decide: %s: %s: %s\n", text.c_str(), LevelName(decision.level),
                       decision.why.c_str());
          std::exit(1);
        }
        all.push_back(std::move(one));
      }
  return all;
}

// ---- the measure
struct Times {
  double p50 = 0, p99 = 0, p999 = 0;
};
Times Of(std::vector<int64_t> ns, int64_t clock_cost) {
  std::ranges::sort(ns);
  auto at = [&](size_t of_1000) {
    return static_cast<double>(std::max<int64_t>(0, ns[(ns.size() - 1) * of_1000 / 1000] - clock_cost)) / 1000;
  };
  return {at(500), at(990), at(999)};
}

struct Samples {
  std::vector<int64_t> cpu, wall;
  void Add(const Spent& spent) {
    cpu.push_back(spent.cpu);
    wall.push_back(spent.wall);
  }
};

void Print(bool json, size_t rules, const char* what, const char* kind, Samples samples, const Spent& clock) {
  const Times cpu = Of(std::move(samples.cpu), clock.cpu), wall = Of(std::move(samples.wall), clock.wall);
  std::printf(json ? "{\"bench\":\"policy.decide\",\"rules\":%zu,\"what\":\"%s\",\"kind\":\"%s\",\"cpu_p50_us\":%.2f,"
                     "\"cpu_p99_us\":%.2f,\"cpu_p999_us\":%.2f,\"wall_p50_us\":%.2f,\"wall_p99_us\":%.2f,"
                     "\"wall_p999_us\":%.2f}\n"
                   : "%7zu  %-10s %-20s %8.2f %8.2f %8.2f   %8.2f %8.2f %8.2f\n",
              rules, what, kind, cpu.p50, cpu.p99, cpu.p999, wall.p50, wall.p99, wall.p999);
}

void Decisions(size_t rules, bool json, const Spent& clock) {
  const PolicySet set = MakeSet(rules);
  const std::vector<Prepared> calls = MakeCalls(set);
  constexpr int kRounds = 150;
  Samples decide, with_want;
  std::vector<Samples> kinds(std::size(kMix));
  size_t sum = 0;  // so that no answer is thrown away unread
  for (int round = 0; round < kRounds; ++round)
    for (const Prepared& one : calls) {
      const Spent spent = Measure([&] { sum += static_cast<size_t>(Decide(set, one.call, one.facts, "").level); });
      decide.Add(spent);
      kinds[static_cast<size_t>(one.kind - kMix)].Add(spent);
    }
  for (int round = 0; round < kRounds; ++round)
    for (const Prepared& one : calls)
      with_want.Add(Measure([&] {
        sum += Want(set, one.call).paths.size();
        sum += static_cast<size_t>(Decide(set, one.call, one.facts, "").level);
      }));
  if (sum == 0) std::exit(1);
  Print(json, rules, "decide", "the mix", std::move(decide), clock);
  Print(json, rules, "with want", "the mix", std::move(with_want), clock);
  if (rules != 100 && rules != 10'000) return;
  for (size_t i = 0; i < kinds.size(); ++i) Print(json, rules, "decide", kMix[i].name, std::move(kinds[i]), clock);
}

// ---- beside a peer (bench/cedar): rules that another language can say too
std::string PeerText(size_t rules) {
  std::string text = "policy: 1\nlayer: project\nid: bench/peer\nexec:\n";
  for (size_t i = 0; i < rules; ++i)
    text += "- {id: r" + std::to_string(i) + (i % 5 == 4 ? ", forbid: no" : ", level: auto") + ", argv: [p" +
            std::to_string(i / 10) + ", w" + std::to_string(i % 10) + ", {path: read}]}\n";
  return text +
         "paths:\n- {id: ws, level: auto, may: [read], under: \"${workspace}\"}\n"
         "- {id: keys, forbid: no, may: [read], match: [\"**/*.key\"]}\n";
}

// One line of JSON: the times from the text of a command line to its decision, and each call with its answer.
void Peer(size_t rules, const Spent& clock) {
  std::vector<std::shared_ptr<const Policy>> layers;
  Policy policy = LoadText(PeerText(rules));
  BindPrograms(policy);
  layers.push_back(std::make_shared<Policy>(std::move(policy)));
  const PolicySet set = std::move(*PolicySet::Make(std::move(layers)));
  struct Asked {
    std::string program, word, path;
    Prepared prepared;
  };
  std::vector<Asked> calls;
  for (size_t i = 0; i < 60; ++i) {
    const size_t rule = i * 37 % rules;
    // Two thirds are what the rule is for: allowed, or forbidden by every fifth; of the rest no rule is for one half,
    // and the path of the other is forbidden.
    Asked asked{"p" + std::to_string(rule / 10),
                i % 6 == 1 ? "nosuch" : "w" + std::to_string(rule % 10),
                i % 6 == 4 ? "src/server.key" : "src/a.c",
                {nullptr, {}, {}}};
    asked.prepared.call.opaque_text = asked.program + " " + asked.word + " " + asked.path;
    asked.prepared.call.line = ReadLine(asked.prepared.call.opaque_text);
    LookUp(set, asked.prepared);
    calls.push_back(std::move(asked));
  }
  std::vector<int64_t> wall;
  std::string list;
  constexpr int kRounds = 200;
  for (int round = 0; round <= kRounds; ++round)
    for (Asked& asked : calls) {
      Decision decision;
      const Spent spent = Measure([&] {
        asked.prepared.call.line = ReadLine(asked.prepared.call.opaque_text);
        decision = Decide(set, asked.prepared.call, asked.prepared.facts, "");
      });
      if (round > 0) wall.push_back(spent.wall);  // the first round warms up
      if (round == 0)
        list += (list.empty() ? "" : ",") + std::string("{\"program\":\"") + asked.program + "\",\"word\":\"" +
                asked.word + "\",\"path\":\"" + asked.path +
                "\",\"allowed\":" + (decision.level == Level::kAuto ? "true}" : "false}");
    }
  const Times times = Of(std::move(wall), clock.wall);
  std::printf("{\"rules\":%zu,\"p50_us\":%.2f,\"p99_us\":%.2f,\"calls\":[%s]}\n", rules, times.p50, times.p99,
              list.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  bool json = false, peer = false;
  std::vector<size_t> sizes;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0)
      json = true;
    else if (std::strcmp(argv[i], "--peer") == 0)
      peer = true;
    else
      sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  }
  if (sizes.empty()) sizes = {100, 1000, 10'000, 100'000};
  const Spent clock = ClockCost();
  if (peer) {
    for (size_t rules : {10, 100, 1000}) Peer(rules, clock);
    return 0;
  }
  if (json) {
    std::printf("{\"bench\":\"policy.clock\",\"cpu_ns\":%lld,\"wall_ns\":%lld}\n", static_cast<long long>(clock.cpu),
                static_cast<long long>(clock.wall));
  } else {
    std::printf("Decisions in microseconds, each alone, 320 calls in turn; of twenty calls:");
    for (const Kind& kind : kMix)
      std::printf(" %zu %s%s", kind.of_20, kind.name, &kind == &kMix[std::size(kMix) - 1] ? "" : ",");
    std::printf(".\nTaken off: %lld ns for the clock of the thread's processor time, %lld ns for the wall clock.\n",
                static_cast<long long>(clock.cpu), static_cast<long long>(clock.wall));
    std::printf("%7s  %-10s %-20s %26s   %26s\n", "rules", "", "calls", "processor p50  p99  p99.9",
                "wall p50  p99  p99.9");
  }
  for (size_t rules : sizes) Decisions(rules, json, clock);
  return 0;
}
