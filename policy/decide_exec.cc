// What do the exec rules of each layer say to one simple command?
#include <algorithm>

#include "base/environment.h"
#include "base/text.h"
#include "policy/decider.h"
#include "policy/line_words.h"
#include "policy/url.h"

namespace warder::policy {
namespace {

// Dynamic loaders run any file that they are given (ld.so(8)).
bool IsLoader(std::string_view path) {
  const std::string_view base = BaseName(path);
  return base.starts_with("ld-linux") || base.starts_with("ld-musl") || base == "ld.so" ||
         (base.starts_with("ld-2.") && base.ends_with(".so"));
}

}  // namespace

bool Names::Meet(const std::vector<std::string>& words) const {
  return std::ranges::any_of(words, [&](const std::string& word) {
    return std::ranges::find(bases, BaseName(word)) != bases.end() || std::ranges::find(bound, word) != bound.end();
  });
}

std::vector<std::string_view> Decider::BaseNames(const SimpleCommand& command, const ProgramFact& fact) {
  std::vector<std::string_view> bases;
  auto add = [&](std::string_view base) {
    if (std::ranges::find(bases, base) == bases.end()) bases.push_back(base);
  };
  add(BaseName(command.argv[0]));
  if (!command.called_as.empty()) add(BaseName(command.called_as[0]));
  if (!command.script.empty()) add(BaseName(command.script));
  if (fact.found) add(BaseName(fact.path));
  return bases;
}

const std::string& Decider::Shown(size_t index) {
  if (shown_[index].empty()) shown_[index] = ShowCommand(call_.line.commands[index].argv);
  return shown_[index];
}

void Decider::JudgeProgram(size_t index) {
  const SimpleCommand& command = call_.line.commands[index];
  const std::string& name = command.argv[0];
  if (!call_.inside && IsShellOnly(name))
    return Forbid("no-rule", Shown(index),
                  "`" + name + "` is a command of the shell itself and no program; there is no shell here", index);
  const ProgramFact& fact = facts_.programs[analysis_.commands[index].program];
  Names names{BaseNames(command, fact), {}};
  bool answered = false, spoken = false;
  for (size_t layer = 0; layer < set_.size(); ++layer) {
    if (!set_.Speaks(layer, Matter::kExec)) continue;
    spoken = true;
    answered |= JudgeProgramIn(layer, index, names) && set_.Answers(layer);
  }
  if (answered) return;
  if (call_.inside && spoken) return JudgeUnmatched(SIZE_MAX, index, false);
  Forbid("no-rule", Shown(index), "no layer has a rule for it", index);
}

// Rules that could matter: those that name the program by base name, or by what its file is bound to. Where the file
// is the bound one, a rule that this argv can not fit counts for nothing.
void Decider::FindRules(size_t layer, size_t index, const Names& names) {
  const SimpleCommand& command = call_.line.commands[index];
  const NamedIn& named = analysis_.commands[index].layers[layer];
  const ProgramFact& fact = facts_.programs[analysis_.commands[index].program];
  const LayerIndex& found = set_.index(layer);
  bool all = call_.inside || !command.called_as.empty();
  for (const Program* program : {named.programs.as_word, named.programs.as_base}) {
    NamedPrograms alone = named.programs;
    alone.as_word = program;
    alone.as_base = nullptr;
    all = all || !ProgramProblem(alone, fact).empty();
  }
  rules_.clear();
  auto add = [&](const auto& more) { rules_.insert(rules_.end(), more.begin(), more.end()); };
  for (std::string_view base : names.bases) {
    if (all)
      add(found.WithBase(base));
    else if (base != BaseName(command.argv[0]))
      found.AddMayFit(base, command.argv, rules_);
    else  // what may fit under its own name was found already
      for (const Candidate& candidate : named.candidates) rules_.push_back(candidate.rule);
  }
  for (std::string_view bound : names.bound)
    if (std::ranges::find(names.bases, BaseName(bound)) == names.bases.end()) add(found.Named(bound));
  if (!std::ranges::is_sorted(rules_)) std::ranges::sort(rules_);
  rules_.erase(std::unique(rules_.begin(), rules_.end()), rules_.end());
}

// Whether this layer has an answer: a rule that matches, or what it says of unmatched programs.
bool Decider::JudgeProgramIn(size_t layer, size_t index, Names& names) {
  const ProgramFact& fact = facts_.programs[analysis_.commands[index].program];
  names.bound = fact.found ? set_.index(layer).BoundTo(fact) : std::vector<std::string_view>();
  FindRules(layer, index, names);
  bool any = false, strict_names_it = false;
  const std::vector<Candidate>& candidates = analysis_.commands[index].layers[layer].candidates;
  auto next = candidates.begin();
  for (uint32_t r : rules_) {
    const ExecRule& rule = set_.layer(layer).exec[r];
    if (!Counts(rule, call_.inside)) continue;
    while (next != candidates.end() && next->rule < r) ++next;
    const Candidate* candidate = next != candidates.end() && next->rule == r ? &*next : nullptr;
    const Level level = RuleLevel(rule, profiles_[layer]);
    strict_names_it |= level >= Level::kApprove;
    any |= level == Level::kForbid ? JudgeForbidding(rule, candidate, layer, index, names)
                                   : JudgeAllowing(rule, candidate, layer, index, level);
  }
  if (any) return true;
  if (set_.Passes(layer, Matter::kExec) && !(call_.inside && strict_names_it)) return false;
  if (call_.inside) {
    JudgeUnmatched(layer, index, strict_names_it);
    return true;
  }
  Forbid("no-rule", Shown(index), "no rule of this layer fits", index, layer);
  return true;
}

// A program that was started inside, and that no rule matches: of the layer, or of all.
void Decider::JudgeUnmatched(size_t layer, size_t index, bool strict_names_it) {
  Judged& judged = Add();
  judged.command = index;
  judged.applied.id = "no-rule";
  judged.applied.layer = layer;
  judged.applied.object = Shown(index);
  if (strict_names_it) {
    judged.applied.level = Level::kApprove;
    judged.applied.text = "a rule that asks or forbids names this program, and no rule allows these arguments";
  } else if (set_.settings().inside.no_rule == InsideNoRule::kAllow) {
    judged.applied.level = Level::kAuto;
    judged.applied.text = "no rule is for it, and inside.no-rule allows";
  } else {
    judged.applied.text = "no rule is for it, and inside.no-rule forbids";
  }
}

// What the exec guard saw and no rule can allow. False: nothing more needs to be judged.
bool Decider::JudgeInside() {
  if (call_.line.commands.size() != 1 || call_.line.commands[0].change_directory) {
    Forbid("facts", "", "a program that was started inside is one command");
    return false;
  }
  const SimpleCommand& command = call_.line.commands[0];
  const ProgramFact& fact = facts_.programs[0];
  const std::string shown = Shown(0);
  if (!fact.found || !fact.readable) {
    Forbid("no-rule", shown, "its file can not be looked at" + (fact.problem.empty() ? "" : ": " + fact.problem), 0);
    return false;
  }
  if (IsLoader(fact.path)) {
    Forbid("no-rule", shown, "a dynamic loader runs any file that it is given", 0);
    return false;
  }
  for (size_t layer = 0; layer < set_.size(); ++layer) {
    const Names names{BaseNames(command, fact), set_.index(layer).BoundTo(fact)};
    bool named = false;
    for (std::string_view base : names.bases) named |= !set_.index(layer).WithBase(base).empty();
    for (std::string_view bound : names.bound) named |= !set_.index(layer).Named(bound).empty();
    for (const auto& [name, value] : call_.environment)
      if (const CodeVariable* variable = named ? FindCodeVariable(name) : nullptr)
        Forbid("environment", name,
               "a program that rules name may not be started with it: " + std::string(variable->reason), 0, layer);
  }
  return true;
}

// A rule that forbids needs no identity, and counts where it can not be evaluated. `candidate` null: whether its
// pattern fits was not looked at.
bool Decider::JudgeForbidding(const ExecRule& rule, const Candidate* candidate, size_t layer, size_t index,
                              const Names& names) {
  if (rule.argv.empty() || !names.Meet(rule.argv[0].words)) return false;
  const SimpleCommand& command = call_.line.commands[index];
  auto fits = [&](const std::vector<std::string>& argv) {
    const Fit fit = FitArgv(rule.argv, argv);
    return !fit.broken.empty() || (fit.fits && !FindNeverArg(rule.never_args, argv));
  };
  bool hit = candidate != nullptr ? candidate->fits || !candidate->broken.empty() : fits(command.argv);
  hit = hit || (!command.called_as.empty() && fits(command.called_as));
  if (hit) Match(rule, layer, index, Level::kForbid);
  return hit;
}

// `candidate` null: its pattern does not fit.
bool Decider::JudgeAllowing(const ExecRule& rule, const Candidate* candidate, size_t layer, size_t index, Level level) {
  const SimpleCommand& command = call_.line.commands[index];
  const ProgramFact& fact = facts_.programs[analysis_.commands[index].program];
  const NamedPrograms programs =
      candidate != nullptr ? candidate->programs : analysis_.commands[index].layers[layer].programs.In(rule);
  if (!programs.any()) return false;
  std::string problem = ProgramProblem(programs, fact);
  if (problem.empty() && candidate != nullptr) problem = candidate->broken;
  if (!problem.empty()) {
    Forbid(rule.id, Shown(index), "the rule can not be evaluated: " + problem, index, layer, rule.where);
    return true;
  }
  if (candidate == nullptr || !candidate->fits) return false;
  Match(rule, layer, index, level);
  for (size_t path : candidate->paths) JudgePath(path, index, &rule, layer);
  for (const NamedHost& host : candidate->hosts) {
    HostPort named{command.argv[host.word], host.port, ""};
    NormalizeHost(named.name);
    JudgeHost(named, index);
  }
  JoinNetwork(rule, layer, index);
  return true;
}

// What the rule lets the run reach: each rule that it names, judged by every layer.
void Decider::JoinNetwork(const ExecRule& rule, size_t layer, size_t index) {
  const HostIndex& hosts = set_.index(layer).hosts;
  std::vector<Reach::Entry> group;
  for (const std::string& id : rule.network) {
    const NetworkRule* named = hosts.Find(id);
    if (named == nullptr) {
      Forbid("no-host", id, "the rule names a network rule that is not there", index, layer, rule.where);
      continue;
    }
    group.push_back({layer, hosts.IndexOf(*named)});
    for (const std::string& host : named->hosts)
      for (uint16_t port : named->ports) JudgeHost({host, port, ""}, index);
  }
  // A rule without network gives an empty group: then the run reaches nothing.
  reach_[index].groups.push_back(std::move(group));
}

void Decider::Match(const ExecRule& rule, size_t layer, size_t index, Level level) {
  const bool forbidden = rule.level == Level::kForbid && !rule.forbid_text.empty();
  Judged& judged = Add();
  judged.applied.id = rule.id;
  judged.applied.level = level;
  judged.applied.where = rule.where;
  judged.applied.object = Shown(index);
  judged.applied.text = forbidden ? rule.forbid_text : rule.why;
  judged.applied.layer = layer;
  judged.command = index;
  judged.rule = &rule;
  judged.action = rule.action;
  if (profiles_[layer] != nullptr) judged.profile = profiles_[layer]->profile().name;
  if (!rule.action.empty()) actions_.push_back({rule.action, index, layer});
}

// Why the file that was found is none of those that the command names; empty: it is one.
std::string Decider::ProgramProblem(const NamedPrograms& programs, const ProgramFact& fact) {
  if (!programs.any()) return {};
  bool bound = false, same = false;
  for (const Program* program : {programs.as_word, programs.as_base}) {
    bound = bound || (program != nullptr && !program->files.empty());
    same = same || (program != nullptr && IsBound(*program, fact));
  }
  const std::string& name = (programs.as_word != nullptr ? programs.as_word : programs.as_base)->name;
  if (!bound) return name + " was bound to no file when the policy was loaded";
  if (!fact.found) return name + " was not found" + (fact.problem.empty() ? std::string() : ": " + fact.problem);
  if (!same)
    return ForTerminal(fact.path) + " is not the file that " + name +
           " was bound to when the policy was loaded (reload it if the file was replaced on "
           "purpose)";
  if (fact.is_script) return ForTerminal(fact.path) + " is a script that was not taken to its interpreter";
  if (!fact.executable) return ForTerminal(fact.path) + " is not executable here";
  if (!fact.readable) return ForTerminal(fact.path) + " can not be read, so it can not be compared";
  return {};
}

}  // namespace warder::policy
