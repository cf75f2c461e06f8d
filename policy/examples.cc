// Do the policies' own examples and tests come out as they say?
//
// Nothing is looked up on disk: paths are taken by their text alone, programs are what their names
// were bound to, and a name that is bound to nothing stands for a file of its own.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "policy/decide_parts.h"
#include "policy/url.h"

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

Facts Imagine(const PolicySet& set, const Call& call, bool exists) {
  Facts facts;
  facts.workspace = kWorkspace;
  const Wanted wanted = Want(set, call);
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
    for (const auto& layer : set.layers())
      for (const Program& known : layer->programs)
        for (const BoundFile& file : known.files)
          if (!fact.found && !program.path.empty() && (file.path == program.path || known.name == program.path))
            fact = {true, "",   file.path, file.dev, file.ino, file.sha256 ? file.sha256 : known.sha256,
                    true, true, false};
  }
  facts.counters.assign(wanted.counters.size(), {true, 0});
  return facts;
}

// The layers with a file of its own for each program that is bound to none; a name stands for the
// same file in each of them. Without windows where a test names no time.
PolicySet WithEveryProgram(const PolicySet& set, bool windows) {
  std::map<std::string, BoundFile> made;
  for (const auto& layer : set.layers())
    for (const Program& program : layer->programs)
      if (!program.files.empty()) made.emplace(program.name, program.files.front());
  uint64_t next = 1;
  std::vector<std::shared_ptr<const Policy>> layers;
  for (const auto& layer : set.layers()) {
    auto whole = std::make_shared<Policy>(*layer);
    for (Program& program : whole->programs) {
      if (!program.files.empty()) continue;
      auto [file, fresh] = made.try_emplace(program.name);
      if (fresh)
        file->second = {program.name.starts_with('/') ? program.name : "/usr/bin/" + program.name, UINT64_MAX, next++,
                        program.sha256};
      program.files.push_back(file->second);
    }
    if (!windows) whole->windows.clear();
    layers.push_back(std::move(whole));
  }
  auto made_set = PolicySet::Make(std::move(layers));
  WARDER_CHECK(made_set.has_value());  // the same layers agreed before
  return std::move(*made_set);
}

// Whether the pattern fits this command, and no path that it or the line names is forbidden.
struct ExampleAnswer {
  bool usable = true;
  bool matches = false;
  std::string why;
};

ExampleAnswer Try(const PolicySet& set, size_t layer, uint32_t r, const std::string& text) {
  const ExecRule& rule = set.layer(layer).exec[r];
  Call call;
  call.line = ReadLine(text);
  call.inside = rule.only == Only::kInside;
  if (call.line.commands.size() != 1 || call.line.commands[0].change_directory)
    return {false, false, "an example is one command, or a line that only a shell can read"};
  const Analysis analysis = Analyse(set, call);
  const Facts facts = Imagine(set, call, true);
  const Place place{facts.workspace, facts.tmp};
  for (const Candidate& candidate : analysis.commands[0].layers[layer]) {
    if (candidate.rule != r) continue;
    if (!candidate.fits) {
      const Fit fit = FitArgv(rule.argv, call.line.commands[0].argv, Explain::kYes);
      return {true, false,
              fit.fits ? "it has one of the never-args"
                       : "after " + std::to_string(fit.words_matched) + " words it takes " + fit.expected + fit.broken};
    }
    std::vector<size_t> paths = analysis.commands[0].paths;
    paths.insert(paths.end(), candidate.paths.begin(), candidate.paths.end());
    for (size_t path : paths) {
      if (rule.level == Level::kForbid || !set.Speaks(layer, Matter::kPaths)) break;
      const std::string& resolved = facts.paths[path].path;
      const Act act = analysis.wanted.paths[path].act;
      if (resolved == "/dev/null" && act != Act::kDelete) continue;
      const std::vector<Applied> said = JudgePathIn(set, layer, resolved, act, place);
      if (said.empty() && !set.Passes(layer, Matter::kPaths))
        return {true, false, "no-path: no path rule covers " + resolved};
      for (const Applied& applied : said)
        if (applied.level == Level::kForbid) return {true, false, applied.id + ": " + applied.text};
    }
    return {true, true, "the pattern fits and no path is forbidden"};
  }
  return {true, false, "the rule is for another program"};
}

void RunRuleExamples(const PolicySet& set, size_t layer, uint32_t r, std::vector<Finding>& findings) {
  const ExecRule& rule = set.layer(layer).exec[r];
  for (const bool wanted : {true, false}) {
    for (const Example& example : wanted ? rule.match : rule.not_match) {
      const ExampleAnswer answer = Try(set, layer, r, example.line);
      if (answer.usable && answer.matches == wanted) continue;
      const char* verb = !answer.usable ? ": " : wanted ? " and does not: " : " and does: ";
      findings.push_back({example.where,
                          "rule " + rule.id + ": `" + ForTerminal(example.line) + "` should " +
                              (wanted ? "match" : "not match") + verb + answer.why,
                          "change the pattern, or move the example to " + std::string(wanted ? "not-match" : "match"),
                          layer});
    }
  }
}

bool CallOf(const Test& test, Call& call) {
  static constexpr std::pair<const char*, Tool> kTools[] = {
      {"read_file", Tool::kReadFile},       {"search_files", Tool::kSearchFiles},
      {"write_file", Tool::kWriteFile},     {"edit_file", Tool::kEditFile},
      {"delete_file", Tool::kDeleteFile},   {"list_directory", Tool::kListDirectory},
      {"restore_file", Tool::kRestoreFile}, {"http_request", Tool::kHttpRequest}};
  // A test asks about levels; whether a reason was given is the caller's matter.
  call.reason = "a test of the policy";
  if (!test.run.empty()) {
    call.line = ReadLine(test.run);
    call.opaque_text = test.run;
    return true;
  }
  for (const auto& [name, tool] : kTools) {
    if (test.tool != name) continue;
    call.tool = tool;
    call.path = test.path;
    if (tool != Tool::kHttpRequest) return true;
    const std::optional<Url> url = ReadUrl(test.url);
    if (!url) return false;
    call.host = {url->host, url->port, "GET"};
    return true;
  }
  return false;
}

// Whether `by` is one of what stood at the level that decided: an id, or the action of a rule.
bool DecidedBy(const PolicySet& set, const Decision& decision, const std::string& by) {
  Level top = Level::kAuto;
  for (const Applied& applied : decision.applied) top = std::max(top, applied.level);
  if (decision.rule == by) return true;
  for (const Applied& applied : decision.applied) {
    if (applied.level != top) continue;
    if (applied.id == by) return true;
    if (applied.layer == SIZE_MAX) continue;
    for (const ExecRule& rule : set.layer(applied.layer).exec)
      if (rule.id == applied.id && rule.action == by) return true;
  }
  return false;
}

// What one layer says for itself: not what all together lack.
Level OwnLevel(const PolicySet& own, const Call& call, const Facts& facts, const Test& test) {
  const Decision decision = Decide(own, call, facts, test.profile);
  Level level = Level::kAuto;
  for (const Applied& applied : decision.applied)
    if (applied.layer != SIZE_MAX) level = std::max(level, applied.level);
  return level == Level::kApprove ? decision.level : level;
}

class TestRun {
 public:
  explicit TestRun(const PolicySet& set)
      : with_windows_(WithEveryProgram(set, true)), without_(WithEveryProgram(set, false)) {}

  const PolicySet& set() const { return with_windows_; }

  void Run(size_t layer, const Test& test, std::vector<Finding>& findings) const {
    const PolicySet& set = test.at ? with_windows_ : without_;
    const std::string shown =
        "test `" + ForTerminal(test.run.empty() ? test.tool + " " + test.path + test.url : test.run) + "`";
    Call call;
    if (!CallOf(test, call)) {
      findings.push_back(
          {test.where, shown + ": no such call can be made", "name a tool of every host, and a plain http URL", layer});
      return;
    }
    const Decision decision = Decide(set, call, FactsOf(set, call, test), test.profile);
    const PolicySet alone(set.layer(layer));
    const Level own = OwnLevel(alone, call, FactsOf(alone, call, test), test);
    const std::string by =
        " by " + decision.rule + (set.size() > 1 ? " (" + decision.layer + ")" : "") + ": " + decision.why;
    if (decision.level < test.expect || own > test.expect)
      findings.push_back({test.where,
                          shown + " should be " + LevelName(test.expect) + " and is " +
                              LevelName(own > test.expect ? own : decision.level) + by,
                          "change the rules, or what the test expects", layer});
    else if (decision.level > test.expect)
      findings.push_back(
          {test.where,
           shown + " is " + LevelName(test.expect) + " for its own layer, and " + LevelName(decision.level) + by,
           "nothing: another layer may always be stricter", layer, false});
    else if (!test.by.empty() && !DecidedBy(set, decision, test.by))
      findings.push_back(
          {test.where,
           shown + " is " + LevelName(decision.level) + " as expected, but not by " + test.by + ", it is" + by,
           "name the rule that decided, or change the rules", layer});
  }

 private:
  static Facts FactsOf(const PolicySet& set, const Call& call, const Test& test) {
    Facts facts = Imagine(set, call, !test.is_new);
    if (test.at)
      for (const std::string& zone : set.settings().zones) facts.zones.push_back({zone, *test.at});
    return facts;
  }

  const PolicySet with_windows_, without_;
};

}  // namespace

std::vector<Finding> RunExamples(const PolicySet& set) {
  const TestRun run(set);
  std::vector<Finding> findings;
  for (size_t layer = 0; layer < set.size(); ++layer) {
    const Policy& policy = run.set().layer(layer);
    for (uint32_t r = 0; r < policy.exec.size(); ++r) RunRuleExamples(run.set(), layer, r, findings);
    for (const Test& test : policy.tests) run.Run(layer, test, findings);
  }
  return findings;
}

}  // namespace warder::policy
