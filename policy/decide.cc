// Which level does a call get, by which rule, and why?
//
// Everything that applies is gathered first, then the strictest is taken. Nothing gathered is ever dropped,
// so a further rule, path or command can only make a decision stricter.
#include "policy/decide.h"

#include <algorithm>

#include "base/environment.h"
#include "base/text.h"
#include "policy/decide_parts.h"
#include "policy/line_words.h"

namespace warder::policy {
namespace {

// Where two are equally strict, the first in the file names the decision; what stands in no file comes last.
bool Decides(const Applied& a, const Applied& b) {
  if (a.level != b.level) return a.level > b.level;
  if ((a.where.line == 0) != (b.where.line == 0)) return a.where.line != 0;
  if (a.where.line != b.where.line) return a.where.line < b.where.line;
  return a.where.column < b.where.column;
}

void Smallest(std::optional<uint64_t>& limit, const std::optional<uint64_t>& other) {
  if (other) limit = limit ? std::min(*limit, *other) : *other;
}

// Each field of `own` where it is set, else of `layer`.
Limits Replaced(const Limits& layer, const Limits& own) {
  Limits limits = layer;
  for (auto field : {&Limits::wall_ms, &Limits::cpu_ms, &Limits::memory_bytes, &Limits::pids, &Limits::files,
                     &Limits::output_bytes, &Limits::disk_bytes, &Limits::read_file_bytes,
                     &Limits::concurrent})
    if (own.*field) limits.*field = own.*field;
  return limits;
}

void Narrow(Limits& limits, const Limits& other) {
  for (auto field : {&Limits::wall_ms, &Limits::cpu_ms, &Limits::memory_bytes, &Limits::pids, &Limits::files,
                     &Limits::output_bytes, &Limits::disk_bytes, &Limits::read_file_bytes,
                     &Limits::concurrent})
    Smallest(limits.*field, other.*field);
}

// A program as forbidding rules see it: any one of these is enough.
struct Names {
  std::vector<std::string_view> bases;  // of argv[0] and of the file; of a script too
  std::vector<std::string_view> bound;  // programs whose bound file this is, by inode or digest
  bool Meet(const std::vector<std::string>& words) const {
    for (const std::string& word : words)
      if (std::find(bases.begin(), bases.end(), BaseName(word)) != bases.end() ||
          std::find(bound.begin(), bound.end(), word) != bound.end())
        return true;
    return false;
  }
};

class Decider {
 public:
  Decider(const Policy& policy, const Call& call, const Facts& facts, const std::string& profile)
      : policy_(policy), call_(call), facts_(facts), analysis_(Analyse(policy, call)),
        profile_(FindProfile(policy, profile)), judge_(policy, facts.workspace, facts.tmp),
        path_judged_(analysis_.wanted.paths.size()) {}

  Decision Run();

 private:
  void Add(Judged judged) { judged_.push_back(std::move(judged)); }
  void Forbid(std::string id, std::string object, std::string text, size_t command = SIZE_MAX,
              Where where = {}) {
    Add({{std::move(id), Level::kForbid, where, std::move(object), std::move(text), Act::kRead, false},
         command, nullptr, ""});
  }
  bool FactsFit() const;
  void JudgeLine();
  void JudgeFileTool();
  void JudgeEnvironment(const std::vector<std::pair<std::string, std::string>>& variables, size_t command);
  void JudgePath(size_t index, size_t command, const ExecRule* rule = nullptr);
  void JudgeProgram(size_t index);
  bool JudgeForbidding(const ExecRule& rule, size_t index, const Names& names, Level level);
  bool JudgeAllowing(const Candidate& candidate, size_t index, Level level);
  void JudgeReason();
  void Match(const ExecRule& rule, size_t index, Level level);
  Names NamesOf(const SimpleCommand& command, const ProgramFact& fact) const;
  std::string ProgramProblem(const Candidate& candidate, const ProgramFact& fact) const;
  bool OnlyFree() const;
  Decision Finish();

  const Policy& policy_;
  const Call& call_;
  const Facts& facts_;
  const Analysis analysis_;
  const ActiveProfile profile_;
  const PathJudge judge_;
  std::vector<bool> path_judged_;
  std::vector<Judged> judged_;
};

Decision Decider::Run() {
  if (!profile_.problem.empty()) Forbid("profile", "", profile_.problem);
  if (!FactsFit()) {
    Forbid("facts", "", "what was looked up is not what this call names");
  } else if (call_.tool == Tool::kRunCommand) {
    JudgeLine();
  } else if (call_.tool == Tool::kNone) {
    Add({{"own-session", Level::kAuto, {}, "", "it looks at the own session only", Act::kRead, false},
         SIZE_MAX, nullptr, ""});
  } else {
    JudgeFileTool();
  }
  JudgeReason();
  return Finish();
}

bool Decider::FactsFit() const {
  return facts_.paths.size() == analysis_.wanted.paths.size() &&
         facts_.programs.size() == analysis_.wanted.programs.size();
}

void Decider::JudgeLine() {
  JudgeEnvironment(call_.environment, SIZE_MAX);
  if (analysis_.directory != SIZE_MAX) JudgePath(analysis_.directory, SIZE_MAX);
  if (call_.line.opaque || call_.line.commands.empty()) {
    Forbid("opaque", ShowCommand({call_.opaque_text}), call_.line.why_opaque);
    return;
  }
  for (size_t i = 0; i < call_.line.commands.size(); ++i) {
    JudgeEnvironment(call_.line.commands[i].assignments, i);
    for (size_t path : analysis_.commands[i].paths) JudgePath(path, i);
    if (!call_.line.commands[i].change_directory) JudgeProgram(i);
  }
}

void Decider::JudgeFileTool() {
  const PathFact& fact = facts_.paths[analysis_.tool_paths[0]];
  const char* action = "read_file";
  if (call_.tool == Tool::kListDirectory) action = "list_directory";
  if (call_.tool == Tool::kDeleteFile) action = "delete_file";
  if (call_.tool == Tool::kWriteFile || call_.tool == Tool::kRestoreFile)
    action = fact.exists ? "modify_file" : "create_file";
  JudgePath(analysis_.tool_paths[0], SIZE_MAX);
  // Without any profile an action has no level of its own: the path rules, which all have one, decide.
  if (!profile_.exists()) return;
  Add({{action, profile_.LevelOf(action), profile_.chain[0]->where, fact.path,
        "profile " + profile_.name() + " gives the action its level", Act::kRead, false},
       SIZE_MAX, nullptr, action});
}

void Decider::JudgeEnvironment(const std::vector<std::pair<std::string, std::string>>& variables,
                               size_t command) {
  const std::vector<std::string>& pass = policy_.environment_pass;
  for (const auto& [name, value] : variables) {
    if (const CodeVariable* found = FindCodeVariable(name))
      Forbid("environment", name, "no call may set it: " + std::string(found->reason), command);
    else if (std::find(pass.begin(), pass.end(), name) == pass.end())
      Forbid("environment", name, "environment.pass of the policy does not name it; leave it out", command);
  }
}

// `rule`: the exec rule that names the path; without one it is the line itself (a redirection, a cd).
void Decider::JudgePath(size_t index, size_t command, const ExecRule* rule) {
  if (path_judged_[index]) return;
  path_judged_[index] = true;
  const WantedPath& wanted = analysis_.wanted.paths[index];
  const PathFact& fact = facts_.paths[index];
  auto fail = [&](const std::string& text) {
    Add({{rule != nullptr ? rule->id : "no-path", Level::kForbid, rule != nullptr ? rule->where : Where{},
          wanted.text, "the path " + ForTerminal(wanted.text) + " " + text, wanted.act, true},
         command, nullptr, ""});
  };
  if (!fact.resolved)
    return fail("could not be resolved: " + (fact.problem.empty() ? "no reason was given" : fact.problem));
  if (!IsCanonical(fact.path)) return fail("was resolved to one that is not canonical");
  if (wanted.is_directory && !fact.is_directory) return fail("is not a directory");
  if (wanted.is_directory && fact.path == facts_.workspace && judge_.problem().empty()) return;
  for (Applied& applied : judge_.Judge(fact.path, wanted.act))
    Add({std::move(applied), command, nullptr, ""});
}

Names Decider::NamesOf(const SimpleCommand& command, const ProgramFact& fact) const {
  Names names;
  names.bases.push_back(BaseName(command.argv[0]));
  if (!command.called_as.empty()) names.bases.push_back(BaseName(command.called_as[0]));
  if (!command.script.empty()) names.bases.push_back(BaseName(command.script));
  if (!fact.found) return names;
  names.bases.push_back(BaseName(fact.path));
  for (const Program& program : policy_.programs) {
    bool same = program.sha256 && fact.sha256 && *program.sha256 == *fact.sha256;
    for (const BoundFile& file : program.files)
      same = same || (file.dev == fact.dev && file.ino == fact.ino) ||
             (file.sha256 && fact.sha256 && *file.sha256 == *fact.sha256);
    if (same) names.bound.push_back(program.name);
  }
  return names;
}

void Decider::JudgeProgram(size_t index) {
  const SimpleCommand& command = call_.line.commands[index];
  const CommandAnalysis& analysis = analysis_.commands[index];
  const std::string& name = command.argv[0];
  if (IsShellOnly(name)) {
    Forbid("no-rule", ShowCommand(command.argv),
           "`" + name + "` is a command of the shell itself and no program; there is no shell here", index);
    return;
  }
  const Names names = NamesOf(command, facts_.programs[analysis.program]);
  bool any = false;
  auto candidate = analysis.candidates.begin();
  for (const ExecRule& rule : policy_.exec) {
    const bool named = candidate != analysis.candidates.end() && candidate->rule == &rule;
    const Level level = RuleLevel(rule, profile_);
    if (level == Level::kForbid)
      any |= JudgeForbidding(rule, index, names, level);
    else if (named)
      any |= JudgeAllowing(*candidate, index, level);
    if (named) ++candidate;
  }
  if (!any) Forbid("no-rule", ShowCommand(command.argv), WhyNoRule(policy_, command), index);
}

// A rule that forbids needs no identity, and counts where it can not be evaluated.
bool Decider::JudgeForbidding(const ExecRule& rule, size_t index, const Names& names, Level level) {
  if (rule.argv.empty() || !names.Meet(rule.argv[0].words)) return false;
  const SimpleCommand& command = call_.line.commands[index];
  bool hit = false;
  for (const std::vector<std::string>* argv : {&command.argv, &command.called_as}) {
    if (argv->empty()) continue;
    const Fit fit = FitArgv(rule.argv, *argv);
    hit = hit || !fit.broken.empty() || (fit.fits && !FindNeverArg(rule.never_args, *argv));
  }
  if (hit) Match(rule, index, level);
  return hit;
}

bool Decider::JudgeAllowing(const Candidate& candidate, size_t index, Level level) {
  const ExecRule& rule = *candidate.rule;
  const std::string shown = ShowCommand(call_.line.commands[index].argv);
  const ProgramFact& fact = facts_.programs[analysis_.commands[index].program];
  std::string problem = ProgramProblem(candidate, fact);
  if (problem.empty()) problem = candidate.fit.broken;
  if (!problem.empty()) {
    Forbid(rule.id, shown, "the rule can not be evaluated: " + problem, index, rule.where);
    return true;
  }
  if (!candidate.fit.fits) return false;
  Match(rule, index, level);
  for (size_t path : candidate.paths) JudgePath(path, index, &rule);
  if (candidate.fit.names_host)
    Forbid("no-host", shown, "no network rule covers the host; this version gives no network", index);
  return true;
}

void Decider::Match(const ExecRule& rule, size_t index, Level level) {
  const bool forbidden = rule.level == Level::kForbid && !rule.forbid_text.empty();
  Add({{rule.id, level, rule.where, ShowCommand(call_.line.commands[index].argv),
        forbidden ? rule.forbid_text : rule.why, Act::kRead, false},
       index, &rule, rule.action});
}

// Why the file that was found is not the one that the rule allows; empty: it is.
std::string Decider::ProgramProblem(const Candidate& candidate, const ProgramFact& fact) const {
  const std::string& name = candidate.programs[0]->name;
  const bool bound = std::any_of(candidate.programs.begin(), candidate.programs.end(),
                                 [](const Program* program) { return !program->files.empty(); });
  if (!bound) return name + " was bound to no file when the policy was loaded";
  if (!fact.found)
    return name + " was not found" + (fact.problem.empty() ? std::string() : ": " + fact.problem);
  if (std::none_of(candidate.programs.begin(), candidate.programs.end(),
                   [&](const Program* program) { return IsBound(*program, fact); }))
    return ForTerminal(fact.path) + " is not the file that " + name +
           " was bound to when the policy was loaded (reload it if the file was replaced on purpose)";
  if (fact.is_script) return ForTerminal(fact.path) + " is a script that was not taken to its interpreter";
  if (!fact.executable) return ForTerminal(fact.path) + " is not executable here";
  if (!fact.readable) return ForTerminal(fact.path) + " can not be read, so it can not be compared";
  return {};
}

void Decider::JudgeReason() {
  if (call_.reason.find_first_not_of(" \t\r\n") != std::string::npos) return;
  const std::vector<std::string>& wanted = policy_.require_reason;
  for (size_t i = 0, size = judged_.size(); i < size; ++i) {
    const std::string action = judged_[i].action;
    if (action.empty() || std::find(wanted.begin(), wanted.end(), action) == wanted.end()) continue;
    Forbid("reason", action, "a call of the action " + action + " needs a reason; give one in `reason`",
           judged_[i].command);
  }
}

// Every program and every other path adds something to judged_; this says so once more, of the call itself.
bool Decider::OnlyFree() const {
  if (call_.tool != Tool::kRunCommand) return facts_.paths[0].path == "/dev/null";
  return std::all_of(call_.line.commands.begin(), call_.line.commands.end(),
                     [](const SimpleCommand& command) { return command.change_directory; });
}

Decision Decider::Finish() {
  Decision decision;
  decision.file = policy_.file;
  decision.profile = profile_.name();
  decision.limits = policy_.limits;
  bool own_limits = false, own_terms = false;
  const Judged* first = nullptr;
  for (const Judged& judged : judged_) {
    decision.applied.push_back(judged.applied);
    if (first == nullptr || Decides(judged.applied, first->applied)) first = &judged;
    if (judged.rule == nullptr || judged.applied.level == Level::kForbid) continue;
    const Limits limits = Replaced(policy_.limits, judged.rule->limits.value_or(Limits{}));
    own_limits ? Narrow(decision.limits, limits) : void(decision.limits = limits);
    own_limits = true;
    if (judged.applied.level != Level::kApprove || !judged.rule->approval) continue;
    const ApprovalTerms& terms = *judged.rule->approval;
    decision.approval.people = own_terms ? std::max(decision.approval.people, terms.people) : terms.people;
    decision.approval.expires_ms =
        own_terms ? std::min(decision.approval.expires_ms, terms.expires_ms) : terms.expires_ms;
    own_terms = true;
  }
  if (first == nullptr) {  // only what is free was named: the workspace as a directory, /dev/null
    decision.rule = "free";
    decision.level = OnlyFree() ? Level::kAuto : Level::kForbid;
    decision.why = "it names nothing but the workspace itself or /dev/null";
    return decision;
  }
  decision.level = first->applied.level;
  decision.rule = first->applied.id;
  decision.where = first->applied.where;
  decision.action = first->action;
  decision.why = WhyDecided(call_, *first, decision.profile);
  if (decision.level == Level::kApprove && profile_.approve_becomes_forbid) {
    decision.level = Level::kForbid;
    decision.why += "; under the profile " + decision.profile + " nobody is asked, so it is forbidden";
  }
  return decision;
}

}  // namespace

bool IsBound(const Program& program, const ProgramFact& fact) {
  return std::any_of(program.files.begin(), program.files.end(), [&](const BoundFile& file) {
    const std::optional<Digest>& pin = file.sha256 ? file.sha256 : program.sha256;
    return file.dev == fact.dev && file.ino == fact.ino && (!pin || (fact.sha256 && *fact.sha256 == *pin));
  });
}

Decision Decide(const Policy& policy, const Call& call, const Facts& facts, const std::string& profile) {
  return Decider(policy, call, facts, profile).Run();
}

}  // namespace warder::policy
