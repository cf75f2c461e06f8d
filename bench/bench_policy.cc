// How long does a decision take with 10² to 10⁵ rules in four layers, loading 10,000 rules, comparing 1,000?
//
// Usage: bench_policy [--json]. Decisions: Want() and Decide() of prepared calls over prepared
// facts, each measured alone, in processor time of the thread; every fourth call is refused and
// told why. Loading: five files of 2,000 rules, each rule with an example (20,000 values a file are
// the language's limit), from bytes to a set whose examples were run. Comparing: two files of 1,000 rules of 100
// programs, of which one widens one pattern; then with a profile changed too, so that every program is looked at.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "policy/analyse/diff.h"
#include "policy/decide.h"
#include "policy/load.h"

namespace {

using namespace warder;
using namespace warder::policy;

// Time that this thread had a processor: the machine may be shared.
struct Clock {
  using duration = std::chrono::nanoseconds;
  static duration now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
};

constexpr LayerKind kLayers[] = {LayerKind::kOrg, LayerKind::kTeam, LayerKind::kProject, LayerKind::kSession};

// Ten rules a program: a fifth forbid, the rest allow one subcommand with flags and paths.
std::string LayerText(LayerKind kind, size_t rules, bool examples) {
  std::string text =
      std::string("policy: 1\nlayer: ") + LayerName(kind) + "\nid: bench/" + LayerName(kind) + "\nexec:\n";
  for (size_t i = 0; i < rules; ++i) {
    const std::string id = std::to_string(i), program = "p" + std::to_string(i / 10),
                      word = "w" + std::to_string(i % 10);
    if (examples)
      text += "- {id: r" + id + ", level: auto, argv: [" + program + ", " + word + "], match: [" + program + " " +
              word + "]}\n";
    else if (i % 5 == 4)
      text += "- {id: r" + id + ", forbid: no, argv: [" + program + ", " + word + ", bad]}\n";
    else
      text += "- {id: r" + id + ", level: auto, argv: [" + program + ", " + word +
              ", {flags: [-v, \"-n INT\"]}, {path: read, repeat: 0..4}]}\n";
  }
  if (examples) return text;
  text +=
      "paths:\n"
      "- {id: ws, level: auto, may: [read, write], under: \"${workspace}\"}\n"
      "- {id: hooks, forbid: no, may: [write, delete], match: [\"**/.git/hooks/**\"]}\n"
      "- {id: keys, forbid: no, may: [read, write, delete], match: [\"**/*.key\", \"**/.env*\"]}\n";
  return text;
}

PolicySet MakeSet(size_t rules) {
  std::vector<std::shared_ptr<const Policy>> layers;
  for (LayerKind kind : kLayers) {
    // More rules than one file may hold are loaded in parts and put together.
    auto whole = std::make_shared<Policy>();
    const size_t own = rules / std::size(kLayers);
    constexpr size_t kPart = 1500;
    for (size_t done = 0; done < own || done == 0; done += kPart) {
      LoadResult part = LoadPolicy("bench", LayerText(kind, std::min(kPart, own - done), false));
      if (!part.problems.empty()) {
        std::fputs(part.Describe("bench").c_str(), stderr);
        std::exit(1);
      }
      if (done == 0)
        *whole = std::move(part.policy);
      else
        for (ExecRule& rule : part.policy.exec) {
          rule.id += "x" + std::to_string(done);
          rule.argv[0].words[0] += "x" + std::to_string(done);
          Program program;
          program.name = rule.argv[0].words[0];
          whole->exec.push_back(std::move(rule));
          if (whole->programs.back().name != program.name) whole->programs.push_back(program);
        }
    }
    uint64_t inode = 1;
    for (Program& program : whole->programs) program.files = {{"/usr/bin/" + program.name, 1, inode++, std::nullopt}};
    layers.push_back(std::move(whole));
  }
  return std::move(*PolicySet::Make(std::move(layers)));
}

struct Prepared {
  Call call;
  Facts facts;
};

std::vector<Prepared> MakeCalls(const PolicySet& set) {
  std::vector<Prepared> all;
  const Policy& layer = set.layer(0);
  for (size_t i = 0; i < 64; ++i) {
    const ExecRule& rule = layer.exec[i * 7919 % layer.exec.size()];
    std::string line = rule.argv[0].words[0] + " " + rule.argv[1].words[0] + " -v -n 3 src/a.c src/b.c";
    if (i % 4 == 3) line += " --evil";
    Prepared one;
    one.call.line = ReadLine(line);
    one.call.opaque_text = line;
    one.facts.workspace = "/srv/work/api";
    const Wanted wanted = Want(set, one.call);
    for (const WantedPath& path : wanted.paths)
      one.facts.paths.push_back({true, "", "/srv/work/api/" + path.text, true, false, 1, 7});
    for (const WantedProgram& program : wanted.programs) {
      ProgramFact fact{true, "", program.path, 1, 0, std::nullopt, true, true, false};
      for (const Program& known : layer.programs)
        if (known.files[0].path == program.path) fact.ino = known.files[0].ino;
      one.facts.programs.push_back(std::move(fact));
    }
    all.push_back(std::move(one));
  }
  return all;
}

struct Times {
  double p50 = 0, p99 = 0;
};

Times Percentiles(std::vector<double> us) {
  std::ranges::sort(us);
  return {us[us.size() / 2], us[us.size() * 99 / 100]};
}

void Decisions(size_t rules, bool json) {
  const PolicySet set = MakeSet(rules);
  const std::vector<Prepared> calls = MakeCalls(set);
  std::vector<double> decide, both;
  size_t allowed = 0;
  for (int round = 0; round < 400; ++round)
    for (const Prepared& one : calls) {
      const auto start = Clock::now();
      const Wanted wanted = Want(set, one.call);
      const auto middle = Clock::now();
      const Decision decision = Decide(set, one.call, one.facts, "");
      const auto end = Clock::now();
      allowed += decision.level == Level::kAuto;
      decide.push_back(std::chrono::duration<double, std::micro>(end - middle).count());
      both.push_back(std::chrono::duration<double, std::micro>(end - start).count());
    }
  const Times d = Percentiles(std::move(decide)), b = Percentiles(std::move(both));
  std::printf(json ? "{\"bench\":\"policy.decide\",\"rules\":%zu,\"p50_us\":%.2f,\"p99_us\":%.2f,"
                     "\"with_want_p50_us\":%.2f,\"with_want_p99_us\":%.2f,\"allowed\":%zu}\n"
                   : "%7zu rules in 4 layers: decide p50 %.2f us, p99 %.2f us; with want p50 %.2f us, "
                     "p99 %.2f us (%zu allowed)\n",
              rules, d.p50, d.p99, b.p50, b.p99, allowed);
}

void Loading(bool json) {
  constexpr LayerKind kAll[] = {LayerKind::kOrg, LayerKind::kTeam, LayerKind::kProject, LayerKind::kWorkspace,
                                LayerKind::kSession};
  std::vector<std::string> texts;
  for (LayerKind kind : kAll) texts.push_back(LayerText(kind, 2000, true));
  const auto start = Clock::now();
  std::vector<std::shared_ptr<const Policy>> layers;
  for (const std::string& text : texts) {
    LoadResult loaded = LoadPolicy("bench", text);
    if (!loaded.problems.empty()) {
      std::fputs(loaded.Describe("bench").c_str(), stderr);
      std::exit(1);
    }
    layers.push_back(std::make_shared<Policy>(std::move(loaded.policy)));
  }
  const auto loaded = Clock::now();
  const PolicySet set = std::move(*PolicySet::Make(std::move(layers)));
  const size_t findings = RunExamples(set).size();
  const auto end = Clock::now();
  const auto ms = [](auto time) { return std::chrono::duration<double, std::milli>(time).count(); };
  std::printf(json ? "{\"bench\":\"policy.load\",\"rules\":10000,\"load_ms\":%.1f,\"with_examples_ms\":%.1f,"
                     "\"findings\":%zu}\n"
                   : "load 10000 rules in 5 files: %.1f ms; with index and examples %.1f ms (%zu "
                     "findings)\n",
              ms(loaded - start), ms(end - start), findings);
}

// Ten rules a program, of every kind of element; rule 500 is wider where `wide`, the profile where `loose`.
std::string DiffText(bool wide, bool loose) {
  std::string text = "policy: 1\nlayer: project\nid: bench\nexec:\n";
  for (size_t i = 0; i < 1000; ++i) {
    const std::string id = std::to_string(i), program = "p" + std::to_string(i / 10),
                      word = "w" + std::to_string(i % 10);
    const std::string head = "- {id: r" + id + ", argv: [" + program + ", " + word + ", ";
    switch (i % 5) {
      case 0:
        text += head + "{flags: [-v, \"-[rf]\", \"-n INT\"]}, {path: read, repeat: 0..16}]}\n";
        break;
      case 1:
        text += head + "{re: \"[a-z][a-z0-9/_-]{0," + (wide && i == 501 ? "64" : "63") + "}\"}], action: build}\n";
        break;
      case 2:
        text += head + "{text: 2000}, {int: 1..100}], level: approve}\n";
        break;
      case 3:
        text += head + "...], never-args: [-o, --output], level: auto}\n";
        break;
      default:
        text += "- {id: r" + id + ", forbid: no, argv: [" + program + ", " + word + ", bad, ...]}\n";
        break;
    }
  }
  return text +
         "paths:\n"
         "- {id: ws, level: auto, may: [read, write], under: \"${workspace}\"}\n"
         "- {id: keys, forbid: no, may: [read, write, delete], match: [\"**/*.key\", \"**/.env*\"]}\n"
         "default-profile: day\nprofiles:\n  day: {" +
         (loose ? "auto" : "approve") + ": [build]}\n  night: {based-on: day, approve-becomes: forbid}\n";
}

void Diffing(bool json) {
  for (const bool loose : {false, true}) {
    const auto start = Clock::now();
    std::vector<PolicySet> sets;
    for (const bool wide : {false, true}) {
      LoadResult loaded = LoadPolicy("bench", DiffText(wide, wide && loose));
      if (!loaded.problems.empty()) {
        std::fputs(loaded.Describe("bench").c_str(), stderr);
        std::exit(1);
      }
      std::vector<std::shared_ptr<const Policy>> layers{std::make_shared<Policy>(std::move(loaded.policy))};
      sets.push_back(std::move(*PolicySet::Make(std::move(layers))));
    }
    const analyse::Diff diff = analyse::Compare(sets[0], sets[1]);
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    std::printf(json ? "{\"bench\":\"policy.diff\",\"rules\":1000,\"all_programs\":%s,\"ms\":%.1f,\"widened\":%zu,"
                       "\"unseen\":%zu,\"calls\":%zu}\n"
                     : "diff of two files of 1000 rules (every program looked at: %s): %.1f ms (%zu widened, %zu not "
                       "compared, %zu calls)\n",
                json ? (loose ? "true" : "false") : (loose ? "yes" : "no"), ms, diff.widened.size(), diff.unseen.size(),
                diff.calls);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc > 1 && std::strcmp(argv[1], "--json") == 0;
  for (size_t rules : {100, 1000, 10'000, 100'000}) Decisions(rules, json);
  Loading(json);
  Diffing(json);
  return 0;
}
