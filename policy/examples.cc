// Do the policy's own examples and tests come out as it says?
//
// Nothing is looked up on disk: paths are taken by their text alone, programs are what their names were bound
// to, and a name that is bound to nothing stands for a file of its own.
#include <algorithm>

#include "base/text.h"
#include "policy/decide_parts.h"

namespace warder::policy {
namespace {

constexpr const char* kWorkspace = "/workspace";

// `.`, `..` and doubled slashes taken by text alone.
std::string Lexical(const std::string& directory, const std::string& text) {
  const std::string joined = text.starts_with('/') ? text : directory + "/" + text;
  std::vector<std::string_view> parts;
  for (std::string_view rest = joined; !rest.empty();) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string out;
  for (std::string_view part : parts) out += "/" + std::string(part);
  return out.empty() ? "/" : out;
}

Facts Imagine(const Policy& policy, const Call& call, bool exists) {
  Facts facts;
  facts.workspace = kWorkspace;
  const Wanted wanted = Want(policy, call);
  for (const WantedPath& path : wanted.paths) {
    const std::string from = path.directory < facts.paths.size() ? facts.paths[path.directory].path : kWorkspace;
    PathFact& fact = facts.paths.emplace_back();
    fact.resolved = true;
    fact.path = Lexical(from, path.text);
    fact.exists = exists;
    fact.is_directory = path.is_directory;
  }
  for (const WantedProgram& program : wanted.programs) {
    ProgramFact& fact = facts.programs.emplace_back();
    for (const Program& known : policy.programs)
      for (const BoundFile& file : known.files)
        if (!fact.found && !program.path.empty() && (file.path == program.path || known.name == program.path))
          fact = {true, "", file.path, file.dev, file.ino, file.sha256 ? file.sha256 : known.sha256, true, true,
                  false};
  }
  return facts;
}

// The policy with a file of its own for each program that is bound to none.
Policy WithEveryProgram(const Policy& policy) {
  Policy whole = policy;
  uint64_t next = 1;
  for (Program& program : whole.programs)
    if (program.files.empty())
      program.files.push_back({program.name.starts_with('/') ? program.name : "/usr/bin/" + program.name,
                               UINT64_MAX, next++, program.sha256});
  return whole;
}

// Whether the pattern fits this command, and no path that it or the line names is forbidden.
struct ExampleAnswer {
  bool usable = true;
  bool matches = false;
  std::string why;
};

ExampleAnswer Try(const Policy& policy, const ExecRule& rule, const std::string& text) {
  Call call;
  call.line = ReadLine(text);
  if (call.line.opaque) {  // decided as the argv of a shell that runs it
    call.line.commands.emplace_back().argv = {"sh", "-c", text};
  }
  if (call.line.commands.size() != 1 || call.line.commands[0].change_directory)
    return {false, false, "an example is one command, or a line that only a shell can read"};
  call.line.opaque = false;
  const Analysis analysis = Analyse(policy, call);
  const Facts facts = Imagine(policy, call, true);
  for (const Candidate& candidate : analysis.commands[0].candidates) {
    if (candidate.rule != &rule) continue;
    if (!candidate.fit.fits)
      return {true, false,
              candidate.fit.expected.empty()
                  ? "it has one of the never-args" + candidate.fit.broken
                  : "after " + std::to_string(candidate.fit.words_matched) + " words it takes " + candidate.fit.expected};
    std::vector<size_t> paths = analysis.commands[0].paths;
    paths.insert(paths.end(), candidate.paths.begin(), candidate.paths.end());
    const PathJudge judge(policy, facts.workspace, facts.tmp);
    for (size_t path : paths)
      for (const Applied& applied : judge.Judge(facts.paths[path].path, analysis.wanted.paths[path].act))
        if (applied.level == Level::kForbid && rule.level != Level::kForbid)
          return {true, false, applied.id + ": " + applied.text};
    return {true, true, "the pattern fits and no path is forbidden"};
  }
  return {true, false, "the rule is for another program"};
}

void RunRuleExamples(const Policy& policy, const ExecRule& rule, std::vector<Finding>& findings) {
  for (const bool wanted : {true, false}) {
    for (const Example& example : wanted ? rule.match : rule.not_match) {
      const ExampleAnswer answer = Try(policy, rule, example.line);
      if (answer.usable && answer.matches == wanted) continue;
      findings.push_back({example.where,
                          "rule " + rule.id + ": `" + ForTerminal(example.line) + "` should " +
                              (wanted ? "match" : "not match") +
                              (answer.usable ? wanted ? " and does not: " : " and does: " : ": ") + answer.why,
                          "change the pattern, or move the example to " + std::string(wanted ? "not-match" : "match")});
    }
  }
}

bool CallOf(const Test& test, Call& call) {
  static constexpr std::pair<const char*, Tool> kTools[] = {
      {"read_file", Tool::kReadFile},     {"write_file", Tool::kWriteFile},
      {"delete_file", Tool::kDeleteFile}, {"list_directory", Tool::kListDirectory},
      {"restore_file", Tool::kRestoreFile}};
  // A test asks about levels; whether a reason was given is the caller's matter.
  call.reason = "a test of the policy";
  if (!test.run.empty()) {
    call.line = ReadLine(test.run);
    call.opaque_text = test.run;
    return true;
  }
  for (const auto& [name, tool] : kTools)
    if (test.tool == name) {
      call.tool = tool;
      call.path = test.path;
      return true;
    }
  return false;
}

// Whether `by` is one of what stood at the level that decided: an id, or the action of a rule.
bool DecidedBy(const Policy& policy, const Decision& decision, const std::string& by) {
  Level top = Level::kAuto;
  for (const Applied& applied : decision.applied) top = std::max(top, applied.level);
  if (decision.rule == by) return true;
  for (const Applied& applied : decision.applied) {
    if (applied.level != top) continue;
    if (applied.id == by) return true;
    for (const ExecRule& rule : policy.exec)
      if (rule.id == applied.id && rule.action == by) return true;
  }
  return false;
}

void RunTest(const Policy& policy, const Test& test, std::vector<Finding>& findings) {
  const std::string shown =
      "test `" + ForTerminal(test.run.empty() ? test.tool + " " + test.path + test.url : test.run) + "`";
  Call call;
  if (!CallOf(test, call)) {
    findings.push_back({test.where, shown + ": the tool " + test.tool + " is not built in this version", "leave it out"});
    return;
  }
  const Decision decision = Decide(policy, call, Imagine(policy, call, !test.is_new), test.profile);
  if (decision.level != test.expect)
    findings.push_back({test.where,
                        shown + " should be " + LevelName(test.expect) + " and is " + LevelName(decision.level) +
                            " by " + decision.rule + ": " + decision.why,
                        "change the rules, or what the test expects"});
  else if (!test.by.empty() && !DecidedBy(policy, decision, test.by))
    findings.push_back({test.where,
                        shown + " is " + LevelName(decision.level) + " as expected, but by " + decision.rule +
                            " and not by " + test.by + ": " + decision.why,
                        "name the rule that decided, or change the rules"});
}

}  // namespace

std::vector<Finding> RunExamples(const Policy& policy) {
  const Policy whole = WithEveryProgram(policy);
  std::vector<Finding> findings;
  for (const ExecRule& rule : whole.exec) RunRuleExamples(whole, rule, findings);
  for (const Test& test : whole.tests) RunTest(whole, test, findings);
  return findings;
}

}  // namespace warder::policy
