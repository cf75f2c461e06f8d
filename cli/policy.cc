// `warder policy check | explain`: is a policy sound, and what does it say to one call?
#include <filesystem>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "policy/record/arguments.h"
#include "policy/zones.h"

namespace warder::cli {
namespace {

using nlohmann::json;

json ProblemJson(const std::string& file, const policy::Where& where, const std::string& what,
                 const std::string& remedy) {
  return {{"at", At(file, where)}, {"what", what}, {"remedy", remedy}};
}

void ShowProblem(Colour colour, const char* kind, const json& problem) {
  std::string remedy = Shown(problem, "remedy");
  const bool known = problem.contains("id");  // a page of docs/policy/findings
  const std::string rule = known ? Shown(problem, "rule") : "", witness = known ? Shown(problem, "witness") : "";
  // The place first, so that editors jump to it.
  Print(Shown(problem, "at") + ": " + Paint(1, colour, kind) + (known ? " " + Shown(problem, "id") : "") + ": " +
        (rule.empty() ? "" : rule + ": ") + Shown(problem, "what") + (witness.empty() ? "" : ": `" + witness + "`") +
        (remedy.empty() ? "" : "; " + remedy) + "\n");
}

json CheckOne(const CheckedPolicy& checked) {
  json answer{{"file", checked.file},      {"usable", checked.usable},  {"problems", json::array()},
              {"failures", json::array()}, {"findings", json::array()}, {"notes", json::array()}};
  for (const policy::LoadProblem& p : checked.problems)
    answer["problems"].push_back(ProblemJson(checked.file, p.where, p.what, p.remedy));
  for (const policy::Finding& f : checked.failures)
    answer["failures"].push_back(ProblemJson(checked.file, f.where, f.what, f.remedy));
  for (const policy::lint::Found& f : checked.findings) {
    const bool note = policy::lint::KindOf(f.id).weight == policy::lint::Weight::kNote;
    json one = ProblemJson(checked.file, f.where, f.what, f.remedy);
    one["id"] = f.id;
    one["rule"] = f.rule;
    one["witness"] = f.witness;
    answer[note ? "notes" : "findings"].push_back(std::move(one));
  }
  for (const policy::LoadProblem& n : checked.notes)
    answer["notes"].push_back(ProblemJson(checked.file, n.where, n.what, n.remedy));
  const policy::Policy& p = checked.policy;
  size_t examples = 0;
  for (const policy::ExecRule& rule : p.exec) examples += rule.match.size() + rule.not_match.size();
  answer["counts"] = {{"exec_rules", p.exec.size()},
                      {"path_rules", p.paths.size()},
                      {"profiles", p.profiles.size()},
                      {"examples", examples},
                      {"tests", p.tests.size()}};
  return answer;
}

void ShowOne(const json& one) {
  for (const json& problem : one["problems"]) ShowProblem(Colour::kRed, "unusable", problem);
  for (const json& failure : one["failures"]) ShowProblem(Colour::kRed, "fails", failure);
  for (const json& finding : one["findings"]) ShowProblem(Colour::kYellow, "finding", finding);
  for (const json& note : one["notes"]) ShowProblem(Colour::kYellow, "note", note);
  const json& counts = one["counts"];
  std::string file = Shown(one, "file");
  if (!one["usable"].get<bool>()) return Print(file + ": can not be used\n");
  auto counted = [&](const char* key, const char* what) { return Counted(counts[key].get<size_t>(), what); };
  const size_t fails = one["failures"].size();
  Print(file + ": " + counted("exec_rules", "exec rule") + ", " + counted("path_rules", "path rule") + ", " +
        counted("profiles", "profile") + "; " + counted("examples", "example") + " and " + counted("tests", "test") +
        ", " + (fails == 0 ? "all hold" : std::to_string(fails) + (fails == 1 ? " fails" : " fail")) +
        (one["findings"].empty() ? "" : "; " + Counted(one["findings"].size(), "finding")) + "\n");
}

int Check(const Arguments& arguments) {
  Result<std::vector<CheckedPolicy>> checked = CheckPolicyFiles(arguments.List("FILE"));
  if (!checked) return Trouble(checked.error()), kMisuse;
  json all = json::array();
  int code = kOk;
  for (const CheckedPolicy& one : *checked) {
    all.push_back(CheckOne(one));
    if (!one.usable)
      code = kMisuse;
    else if ((!all.back()["failures"].empty() || !all.back()["findings"].empty()) && code == kOk)
      code = kFinding;
    if (!arguments.json()) ShowOne(all.back());
  }
  if (arguments.json()) Print(JsonLines({{"files", all}}));
  return code;
}

constexpr const char* kExplainForm = "write `-- run 'make test'` or `-- read_file '{\"path\": \"README.md\"}'`";

Result<policy::Call> ReadCall(const std::vector<std::string>& words) {
  if (words.size() < 2) return Fail(Code::kInvalid, "explain needs a call after --", kExplainForm);
  if (words[0] == "run") {
    // One word is a line, several are an argv.
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    return policy::CallOf(policy::Tool::kRunCommand,
                          rest.size() == 1 ? json{{"command", rest[0]}} : json{{"argv", rest}});
  }
  auto tool = policy::ToolNamed(words[0]);
  if (!tool) return Fail(Code::kInvalid, "there is no tool " + ForTerminal(words[0]), kExplainForm);
  Result<policy::Call> call = policy::CallOf(*tool, json::parse(words[1], nullptr, false));
  if (!call) return Fail(call.error().code, call.error().what, kExplainForm);
  return call;
}

json DecisionJson(const policy::PolicySet& set, const policy::Call& call, const policy::Decision& decision) {
  json answer{{"level", policy::LevelName(decision.level)},
              {"layer", decision.layer},
              {"rule", decision.rule},
              {"at", decision.where.line == 0 ? decision.file : At(decision.file, decision.where)},
              {"why", decision.why},
              {"action", decision.action},
              {"profile", decision.profile},
              {"applied", json::array()},
              {"near", json::array()}};
  for (const policy::Applied& a : decision.applied) {
    const policy::Policy* layer = a.layer < set.size() ? &set.layer(a.layer) : nullptr;
    answer["applied"].push_back({{"id", a.id},
                                 {"level", policy::LevelName(a.level)},
                                 {"object", a.object},
                                 {"layer", layer == nullptr ? "" : policy::LayerName(layer->layer)},
                                 {"at", layer == nullptr    ? decision.file
                                        : a.where.line == 0 ? layer->file
                                                            : At(layer->file, a.where)},
                                 {"why", policy::TellWhy(a)}});
  }
  for (const policy::SimpleCommand& command : call.line.commands)
    for (const policy::NearMiss& miss : policy::NearMisses(set, command))
      answer["near"].push_back({{"id", miss.id},
                                {"at", At(set.layer(miss.layer).file, miss.where)},
                                {"words_matched", miss.words_matched},
                                {"failed_word", miss.failed_word},
                                {"expected", miss.expected}});
  if (call.line.opaque) answer["opaque"] = call.line.why_opaque;
  return answer;
}

void ShowDecision(const json& d) {
  Colour colour = d["level"] == "forbid" ? Colour::kRed : d["level"] == "approve" ? Colour::kYellow : Colour::kGreen;
  Print(Paint(1, colour, Shown(d, "level")) + " by " + Shown(d, "rule") + " (" +
        (Shown(d, "layer").empty() ? "" : Shown(d, "layer") + ", ") + Shown(d, "at") + ")\n");
  if (!Shown(d, "why").empty()) Print("  the agent is told: " + Shown(d, "why") + "\n");
  if (d.contains("opaque")) Print("  the line is not understood to the end: " + Shown(d, "opaque") + "\n");
  for (const json& a : d["applied"])
    Print("  applied: " + Shown(a, "level") + " " + Shown(a, "id") + " for " + Shown(a, "object") + " (" +
          Shown(a, "at") + ")\n");
  for (const json& n : d["near"])
    Print("  nearly: " + Shown(n, "id") + " (" + Shown(n, "at") + ") fits " + Shown(n, "words_matched") +
          " words; at " + Shown(n, "failed_word") + " it wants " + Shown(n, "expected") + "\n");
}

int Explain(const Arguments& arguments) {
  Result<policy::PolicySet> set = LoadPolicyFiles(arguments.List("FILE"));
  if (!set) return Trouble(set.error()), kMisuse;
  Status profile = CheckProfile(set->layer(0), arguments.Text("profile"));
  for (size_t layer = 1; layer < set->size() && !profile; ++layer)
    profile = CheckProfile(set->layer(layer), arguments.Text("profile"));
  if (!profile) return Trouble(profile.error());
  Result<policy::Call> call = ReadCall(arguments.List("CALL"));
  if (!call) return Trouble(call.error());
  std::error_code error;
  std::string workspace = std::filesystem::weakly_canonical(arguments.Text("workspace", "."), error);
  if (arguments.Has("cwd")) call->directory = arguments.Text("cwd");
  // As if it were the session's first call, made now, with a reason.
  if (call->reason.empty()) call->reason = "asked by explain";
  LookedUp found = LookUp(*set, *call, workspace);
  policy::Facts& facts = found.facts;
  facts.counters.assign(found.wanted.counters.size(), {true, 0});
  for (const std::string& zone : set->settings().zones)
    if (auto time = policy::LocalTimeIn(zone, std::chrono::system_clock::now())) facts.zones.push_back({zone, *time});
  policy::Decision decision = policy::Decide(*set, *call, facts, arguments.Text("profile"));
  json answer = DecisionJson(*set, *call, decision);
  if (arguments.json())
    Print(JsonLines(answer));
  else
    ShowDecision(answer);
  return kOk;
}

}  // namespace

std::vector<Command> PolicyCommands() {
  Option files{OptionKind::kPositionals, "FILE", "Policy files", true};
  return {{"policy check",
           "Load policies strictly, run their examples and tests, review them; exit 1 finding, 2 unusable",
           "warder policy check policies/cautious.yaml",
           {files},
           Check},
          {"policy explain",
           "What policies, one file a layer, say to one call, and why",
           "warder policy explain policies/cautious.yaml -- run 'git status'",
           {files,
            {OptionKind::kRest, "CALL", "`run LINE`, or a tool and its JSON arguments", true},
            {OptionKind::kText, "profile", "Profile (default: the policy's)", false},
            {OptionKind::kText, "workspace", "What ${workspace} is (default: the current directory)", false},
            {OptionKind::kText, "cwd", "Where the call starts (default: the workspace)", false}},
           Explain}};
}

}  // namespace warder::cli
