// Do the policies' own examples and tests come out as they say?
//
// Nothing is looked up on disk: paths are taken by their text alone, programs are what their names
// were bound to, and a name that is bound to nothing stands for a file of its own.
#include "policy/examples.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "policy/decide_parts.h"
#include "policy/url.h"

namespace warder::policy {
namespace {

constexpr const char* kWorkspace = "/workspace";

Facts Imagine(const PolicySet& set, const Wanted& wanted, bool exists) {
  Facts facts;
  facts.workspace = kWorkspace;
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

// What the layer's path rules say of one path that an example names.
void JudgeIn(const PolicySet& set, size_t layer, const Facts& facts, const std::string& path, Act act, Tried& tried) {
  if (path == "/dev/null" && act != Act::kDelete) return;
  tried.paths.emplace_back(path, act);
  auto fail = [&](std::string why) {
    if (tried.matches) tried.why = std::move(why);
    tried.matches = false;
  };
  const std::vector<Applied> said = JudgePathIn(set, layer, path, act, {facts.workspace, facts.tmp});
  if (said.empty() && !set.Passes(layer, Matter::kPaths)) fail("no-path: no path rule covers " + path);
  for (const Applied& applied : said)
    if (applied.level == Level::kForbid) fail(applied.id + ": " + TellWhy(applied));
  tried.said.insert(tried.said.end(), said.begin(), said.end());
}

bool CallOf(const Test& test, Call& call) {
  static constexpr std::pair<const char*, Tool> kTools[] = {
      {"read_file", Tool::kReadFile},       {"search_files", Tool::kSearchFiles},
      {"write_file", Tool::kWriteFile},     {"edit_file", Tool::kEditFile},
      {"delete_file", Tool::kDeleteFile},   {"list_directory", Tool::kListDirectory},
      {"restore_file", Tool::kRestoreFile}, {"http_request", Tool::kHttpRequest}};
  // A test asks about levels; only one that says so asks without a reason.
  if (test.by != "reason") call.reason = "a test of the policy";
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

Facts FactsOf(const PolicySet& set, const Wanted& wanted, const Test& test) {
  Facts facts = Imagine(set, wanted, !test.is_new);
  if (test.at)
    for (const std::string& zone : set.settings().zones) facts.zones.push_back({zone, *test.at});
  return facts;
}

bool AnyWindows(const PolicySet& set) {
  return std::ranges::any_of(set.layers(), [](const auto& layer) { return !layer->windows.empty(); });
}

}  // namespace

Trials::Sets Trials::Make(const PolicySet& set, bool windows) {
  Sets sets{WithEveryProgram(set, windows), {}};
  if (set.size() > 1)
    for (const auto& layer : sets.all.layers()) sets.alone.emplace_back(*layer);
  return sets;
}

Trials::Trials(const PolicySet& set)
    : with_(Make(set, true)), without_(AnyWindows(set) ? std::optional(Make(set, false)) : std::nullopt) {}

std::optional<Answered> Trials::Answer(const Test& test) const {
  const PolicySet& set = SetsFor(test).all;
  Answered answered;
  if (!CallOf(test, answered.call)) return std::nullopt;
  answered.wanted = Want(set, answered.call);
  answered.facts = FactsOf(set, answered.wanted, test);
  answered.decision = Decide(set, answered.call, answered.facts, test.profile);
  return answered;
}

// What one layer says for itself: not what all together lack.
Level Trials::OwnLevel(size_t layer, const Answered& answered, const Test& test) const {
  const std::vector<PolicySet>& alone = SetsFor(test).alone;
  Decision own = answered.decision;
  if (!alone.empty()) {
    const PolicySet& set = alone[layer];
    own = Decide(set, answered.call, FactsOf(set, Want(set, answered.call), test), test.profile);
  }
  Level level = Level::kAuto;
  for (const Applied& applied : own.applied)
    if (applied.layer != SIZE_MAX) level = std::max(level, applied.level);
  return level == Level::kApprove ? own.level : level;
}

std::optional<Finding> Trials::Run(size_t layer, const Test& test) const {
  const std::string shown =
      "test `" + ForTerminal(test.run.empty() ? test.tool + " " + test.path + test.url : test.run) + "`";
  const std::optional<Answered> answered = Answer(test);
  if (!answered)
    return Finding{test.where, shown + ": no such call can be made", "name a tool of every host, and a plain http URL",
                   layer};
  const Decision& decision = answered->decision;
  const Level own = layer == kAllLayers ? decision.level : OwnLevel(layer, *answered, test);
  const std::string by =
      " by " + decision.rule + (set().size() > 1 ? " (" + decision.layer + ")" : "") + ": " + decision.why;
  if (decision.level < test.expect || own > test.expect)
    return Finding{test.where,
                   shown + " should be " + LevelName(test.expect) + " and is " +
                       LevelName(own > test.expect ? own : decision.level) + by,
                   "change the rules, or what the test expects", layer};
  if (decision.level > test.expect)
    return Finding{
        test.where,
        shown + " is " + LevelName(test.expect) + " for its own layer, and " + LevelName(decision.level) + by,
        "nothing: another layer may always be stricter", layer, false};
  if (!test.by.empty() && !DecidedBy(set(), decision, test.by))
    return Finding{test.where,
                   shown + " is " + LevelName(decision.level) + " as expected, but not by " + test.by + ", it is" + by,
                   "name the rule that decided, or change the rules", layer};
  return std::nullopt;
}

Tried Trials::Try(size_t layer, uint32_t r, const std::string& text) const {
  const PolicySet& set = this->set();
  const ExecRule& rule = set.layer(layer).exec[r];
  Tried tried;
  Call call;
  call.line = ReadLine(text);
  call.inside = rule.only == Only::kInside;
  if (call.line.commands.size() != 1 || call.line.commands[0].change_directory) {
    tried.usable = false;
    tried.why = "an example is one command, or a line that only a shell can read";
    return tried;
  }
  tried.argv = call.line.commands[0].argv;
  const Analysis analysis = Analyse(set, call);
  const CommandAnalysis& command = analysis.commands[0];
  const std::vector<Candidate>& candidates = command.layers[layer].candidates;
  const auto candidate = std::ranges::find(candidates, r, &Candidate::rule);
  if (candidate == candidates.end() || !candidate->programs.any()) {
    tried.why = "the rule is for another program";
    return tried;
  }
  tried.fits = candidate->fits;
  if (!tried.fits) {
    const Fit fit = FitArgv(rule.argv, tried.argv, Explain::kYes);
    tried.why = fit.fits
                    ? "it has one of the never-args"
                    : "after " + std::to_string(fit.words_matched) + " words it takes " + fit.expected + fit.broken;
    return tried;
  }
  tried.matches = true;
  tried.why = "the pattern fits and no path is forbidden";
  if (rule.level == Level::kForbid || !set.Speaks(layer, Matter::kPaths)) return tried;
  const Facts facts = Imagine(set, analysis.wanted, true);
  std::vector<size_t> paths = command.paths;
  paths.insert(paths.end(), candidate->paths.begin(), candidate->paths.end());
  for (size_t path : paths) JudgeIn(set, layer, facts, facts.paths[path].path, analysis.wanted.paths[path].act, tried);
  return tried;
}

std::optional<Finding> Trials::Run(size_t layer, uint32_t r, const Example& example, bool wanted) const {
  const ExecRule& rule = set().layer(layer).exec[r];
  const Tried tried = Try(layer, r, example.line);
  if (tried.usable && tried.matches == wanted) return std::nullopt;
  const char* verb = !tried.usable ? ": " : wanted ? " and does not: " : " and does: ";
  return Finding{example.where,
                 "rule " + rule.id + ": `" + ForTerminal(example.line) + "` should " +
                     (wanted ? "match" : "not match") + verb + tried.why,
                 "change the pattern, or move the example to " + std::string(wanted ? "not-match" : "match"), layer};
}

std::vector<Finding> RunExamples(const PolicySet& set) { return RunExamples(Trials(set)); }

std::vector<Finding> RunExamples(const Trials& trials) {
  const PolicySet& set = trials.set();
  std::vector<Finding> findings;
  auto keep = [&](std::optional<Finding> finding) {
    if (finding) findings.push_back(std::move(*finding));
  };
  for (size_t layer = 0; layer < set.size(); ++layer) {
    const Policy& policy = set.layer(layer);
    for (uint32_t r = 0; r < policy.exec.size(); ++r) {
      for (const Example& example : policy.exec[r].match) keep(trials.Run(layer, r, example, true));
      for (const Example& example : policy.exec[r].not_match) keep(trials.Run(layer, r, example, false));
    }
    for (const Test& test : policy.tests) keep(trials.Run(layer, test));
  }
  return findings;
}

}  // namespace warder::policy
