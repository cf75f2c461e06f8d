// How long does loading 10,000 rules take, and comparing two files of 1,000?
//
// Usage: bench_policy [--json]. In processor time of the thread. Loading: five files of 2,000 rules, each rule with an
// example (20,000 values a file are the language's limit), from bytes to a set whose examples were run. Comparing: two
// files of 1,000 rules of 100 programs, of which one widens one pattern; then with a profile changed too, so that every
// program is looked at.
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

// Ten rules a program, each with an example.
std::string LayerText(LayerKind kind, size_t rules) {
  std::string text =
      std::string("policy: 1\nlayer: ") + LayerName(kind) + "\nid: bench/" + LayerName(kind) + "\nexec:\n";
  for (size_t i = 0; i < rules; ++i) {
    const std::string call = "p" + std::to_string(i / 10) + " w" + std::to_string(i % 10);
    text += "- {id: r" + std::to_string(i) + ", level: auto, argv: [p" + std::to_string(i / 10) + ", w" +
            std::to_string(i % 10) + "], match: [" + call + "]}\n";
  }
  return text;
}

void Loading(bool json) {
  constexpr LayerKind kAll[] = {LayerKind::kOrg, LayerKind::kTeam, LayerKind::kProject, LayerKind::kWorkspace,
                                LayerKind::kSession};
  std::vector<std::string> texts;
  for (LayerKind kind : kAll) texts.push_back(LayerText(kind, 2000));
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
  Loading(json);
  Diffing(json);
  return 0;
}
