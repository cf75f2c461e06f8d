// `warder policy test`: do the examples and tests of policies hold, and what do they never meet?
#include <algorithm>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "policy/analyse/coverage.h"
#include "policy/analyse/weaken.h"

namespace warder::cli {
namespace {

using nlohmann::json;
using policy::Covered;

struct Asked {
  policy::PolicySet set;
  std::string tests_file;  // empty: none
  std::vector<policy::Test> more;
};

Result<Asked> Load(const Arguments& arguments) {
  WARDER_TRY(policy::PolicySet set, LoadPolicyFiles(arguments.List("FILE")));
  Asked asked{std::move(set), arguments.Text("tests"), {}};
  if (asked.tests_file.empty()) return asked;
  WARDER_TRY(std::string bytes, ReadFile(asked.tests_file, limits::kMaxPolicyBytes));
  policy::LoadedTests loaded = policy::LoadTests(bytes, asked.set);
  if (!loaded.problems.empty()) return NotUsable(asked.tests_file, loaded.problems);
  asked.more = std::move(loaded.tests);
  return asked;
}

json RunAll(const Asked& asked, const policy::Trials& trials) {
  json findings = json::array();
  auto keep = [&](const std::string& file, const policy::Finding& finding) {
    findings.push_back({{"at", At(file, finding.where)},
                        {"fails", finding.fails},
                        {"what", finding.what},
                        {"remedy", finding.remedy}});
  };
  for (const policy::Finding& finding : policy::RunExamples(trials)) keep(asked.set.layer(finding.layer).file, finding);
  for (const policy::Test& test : asked.more)
    if (auto finding = trials.Run(policy::Trials::kAllLayers, test)) keep(asked.tests_file, *finding);
  return findings;
}

json Counts(const Asked& asked) {
  size_t examples = 0, tests = asked.more.size();
  for (const auto& layer : asked.set.layers()) {
    for (const policy::ExecRule& rule : layer->exec) examples += rule.match.size() + rule.not_match.size();
    tests += layer->tests.size();
  }
  return {{"examples", examples}, {"tests", tests}};
}

json CoveredJson(const Asked& asked, const Covered& covered) {
  return {{"kind", policy::CoveredName(covered.kind)},
          {"id", covered.id},
          {"entry", covered.entry},
          {"at", At(asked.set.layer(covered.layer).file, covered.where)},
          {"met", covered.met},
          {"decided", covered.decided}};
}

void ShowFindings(const json& findings) {
  for (const json& finding : findings) {
    const bool fails = finding["fails"].get<bool>();
    Print(Shown(finding, "at") + ": " + Paint(1, fails ? Colour::kRed : Colour::kYellow, fails ? "fails" : "note") +
          ": " + Shown(finding, "what") + "; " + Shown(finding, "remedy") + "\n");
  }
}

// What nothing met or nothing decided by, as a table; a note where there is none.
void ShowCoverage(const json& coverage) {
  std::vector<std::vector<std::string>> rows{{"PLACE", "WHAT", "NAME", "MET", "DECIDED"}};
  size_t met = 0;
  for (const json& one : coverage) {
    met += one["met"].get<size_t>() > 0 ? 1 : 0;
    if (one["decided"].get<size_t>() > 0) continue;
    const std::string entry = Shown(one, "entry");
    rows.push_back({Shown(one, "at"), Shown(one, "kind"), Shown(one, "id") + (entry.empty() ? "" : ": " + entry),
                    one["met"].get<size_t>() == 0 ? "never" : Shown(one, "met"), "never"});
  }
  Print(std::to_string(met) + " of " + Counted(coverage.size(), "rule or entry", "rules and entries") +
        " met by an example or a test, " + std::to_string(coverage.size() - (rows.size() - 1)) +
        " decided in a test\n");
  if (rows.size() > 1) Print("\n" + Table(rows));
}

void ShowSummary(const json& answer) {
  const json& counts = answer["counts"];
  const auto failed =
      std::ranges::count_if(answer["findings"], [](const json& finding) { return finding["fails"].get<bool>(); });
  Print(Counted(counts["examples"].get<size_t>(), "example") + " and " +
        Counted(counts["tests"].get<size_t>(), "test") + ": " +
        (failed == 0 ? Paint(1, Colour::kGreen, "all hold")
                     : Paint(1, Colour::kRed, std::to_string(failed) + (failed == 1 ? " fails" : " fail"))) +
        "\n");
}

json SurvivorJson(const Asked& asked, const policy::Survivor& survivor) {
  return {{"at", At(asked.set.layer(survivor.layer).file, survivor.where)},
          {"what", survivor.what},
          {"add", survivor.suggestion}};
}

json MutateJson(const Asked& asked, const policy::Trials& trials) {
  const policy::Weakened weakened = policy::TryWeakenings(trials.set(), asked.more);
  json answer{{"weakenings", weakened.all},
              {"noticed", weakened.noticed},
              {"survivors", json::array()},
              {"no_call", json::array()}};
  for (const policy::Survivor& survivor : weakened.survivors)
    answer["survivors"].push_back(SurvivorJson(asked, survivor));
  for (const policy::Survivor& survivor : weakened.no_call) answer["no_call"].push_back(SurvivorJson(asked, survivor));
  return answer;
}

void ShowMutate(const json& mutate) {
  for (const json& one : mutate["survivors"])
    Print(Shown(one, "at") + ": " + Paint(1, Colour::kRed, "survives") + ": " + Shown(one, "what") +
          "\n  add: " + ForReader(one["add"].get<std::string>()) + "\n");
  for (const json& one : mutate["no_call"])
    Print(Shown(one, "at") + ": " + Paint(1, Colour::kYellow, "survives") + ": " + Shown(one, "what") +
          "; no call was found that shows it: write one, or take out what makes no difference\n");
  const size_t survivors = mutate["survivors"].size() + mutate["no_call"].size();
  Print(Counted(mutate["weakenings"].get<size_t>(), "weakening") + ": " +
        std::to_string(mutate["noticed"].get<size_t>()) + " noticed, " +
        (survivors == 0 ? Paint(1, Colour::kGreen, "none survives")
                        : Paint(1, Colour::kRed, std::to_string(survivors) + " survive")) +
        "\n");
}

int Test(const Arguments& arguments) {
  Result<Asked> asked = Load(arguments);
  if (!asked) return Trouble(asked.error());
  const policy::Trials trials(asked->set);
  json answer{{"counts", Counts(*asked)}, {"findings", RunAll(*asked, trials)}, {"coverage", json::array()}};
  for (const Covered& covered : policy::Coverage(trials, asked->more))
    answer["coverage"].push_back(CoveredJson(*asked, covered));
  const bool failed =
      std::ranges::any_of(answer["findings"], [](const json& finding) { return finding["fails"].get<bool>(); });
  // Weakenings of what does not hold anyway would say nothing.
  const bool mutate = arguments.Has("mutate") && !failed;
  if (mutate) answer["mutate"] = MutateJson(*asked, trials);
  const bool survive = mutate && (!answer["mutate"]["survivors"].empty() || !answer["mutate"]["no_call"].empty());
  if (arguments.json()) {
    Print(JsonLines(answer));
  } else {
    ShowFindings(answer["findings"]);
    ShowSummary(answer);
    if (mutate)
      ShowMutate(answer["mutate"]);
    else
      ShowCoverage(answer["coverage"]);
  }
  return failed || survive ? kFinding : kOk;
}

}  // namespace

std::vector<Command> PolicyTestCommands() {
  return {{"policy test",
           "Run the examples and tests of policies, one file a layer; what they never meet",
           "warder policy test policies/cautious.yaml",
           {{OptionKind::kPositionals, "FILE", "Policy files", true},
            {OptionKind::kText, "tests", "A file of further tests", false},
            {OptionKind::kFlag, "mutate", "Weaken each rule in turn; which weakenings does nothing notice?", false}},
           Test}};
}

}  // namespace warder::cli
