// What must be looked up before a call can be decided?
//
// Works on names alone, before any file was seen, so it asks for more than a decision may need: the
// paths of every rule whose name and pattern fit, whatever its level.
#include <algorithm>

#include "policy/decide_parts.h"

namespace warder::policy {
namespace {

class Analyser {
 public:
  Analyser(const PolicySet& set, const Call& call) : set_(set), call_(call) {}

  Analysis Run() {
    if (call_.tool == Tool::kRunCommand)
      Commands();
    else
      FileTool();
    if (call_.tool != Tool::kNone && !call_.inside) AddSessionNeeds(set_, out_.wanted.counters);
    return std::move(out_);
  }

 private:
  size_t Path(size_t directory, std::string_view text, Act act, size_t command, bool is_directory = false);
  void FileTool();
  void Commands();
  void OneCommand(const SimpleCommand& command, size_t index);
  void NamedProgram(const SimpleCommand& command, size_t index);
  NamedIn Named(size_t layer, const SimpleCommand& command, size_t index, WantedProgram& wanted);

  const PolicySet& set_;
  const Call& call_;
  size_t directory_ = SIZE_MAX;  // where relative paths start now
  std::vector<uint32_t> rules_;  // of the layer that is looked at now, those that may fit
  Analysis out_;
};

// The index of this wanted path; the same one is asked for once.
size_t Analyser::Path(size_t directory, std::string_view text, Act act, size_t command, bool is_directory) {
  std::vector<WantedPath>& paths = out_.wanted.paths;
  for (size_t i = 0; i < paths.size(); ++i)
    if (paths[i].text == text && paths[i].directory == directory && paths[i].act == act &&
        paths[i].is_directory == is_directory)
      return i;
  paths.push_back({directory, std::string(text), act, act != Act::kDelete, is_directory, command});
  return paths.size() - 1;
}

void Analyser::FileTool() {
  auto add = [&](const std::string& path, Act act) { out_.tool_paths.push_back(Path(SIZE_MAX, path, act, 0)); };
  switch (call_.tool) {
    case Tool::kReadFile:
    case Tool::kSearchFiles:
    case Tool::kListDirectory:
      return add(call_.path, Act::kRead);
    case Tool::kWriteFile:
    case Tool::kRestoreFile:
      return add(call_.path, Act::kWrite);
    case Tool::kDeleteFile:
      return add(call_.path, Act::kDelete);
    case Tool::kEditFile:
      add(call_.path, Act::kRead);
      return add(call_.path, Act::kWrite);
    case Tool::kMoveFile:
      add(call_.path, Act::kRead);
      add(call_.path, Act::kDelete);
      return add(call_.target, Act::kWrite);
    case Tool::kUndoCall:
      for (const UndonePath& undone : call_.undone) add(undone.path, undone.act);
      return;
    case Tool::kRunCommand:
    case Tool::kHttpRequest:
    case Tool::kNone:
      return;
  }
}

void Analyser::Commands() {
  if (!call_.directory.empty()) out_.directory = directory_ = Path(SIZE_MAX, call_.directory, Act::kRead, 0, true);
  for (size_t i = 0; i < call_.line.commands.size(); ++i) OneCommand(call_.line.commands[i], i);
}

void Analyser::OneCommand(const SimpleCommand& command, size_t index) {
  CommandAnalysis analysis;
  for (const Redirection& redirection : command.redirections) {
    if (redirection.kind == RedirectKind::kDuplicate) continue;
    const Act act = redirection.kind == RedirectKind::kRead ? Act::kRead : Act::kWrite;
    analysis.paths.push_back(Path(directory_, redirection.path, act, index));
  }
  if (command.change_directory) {
    directory_ = Path(directory_, command.argv[1], Act::kRead, index, true);
    analysis.paths.push_back(directory_);
    out_.commands.push_back(std::move(analysis));
    return;
  }
  if (!command.script.empty()) analysis.paths.push_back(Path(SIZE_MAX, command.script, Act::kRead, index));
  out_.commands.push_back(std::move(analysis));
  NamedProgram(command, index);
}

void Analyser::NamedProgram(const SimpleCommand& command, size_t index) {
  CommandAnalysis& analysis = out_.commands.back();
  analysis.layers.reserve(set_.size());
  const std::string& name = command.argv[0];
  WantedProgram wanted;
  wanted.command = index;
  if (name.starts_with('/')) wanted.path = name;
  for (size_t layer = 0; layer < set_.size(); ++layer) {
    // Whose name it is: where layers bind it to different files, only one of them can be met.
    if (wanted.path.empty() && !name.contains('/'))
      if (const Program* bound = set_.index(layer).FindProgram(name); bound != nullptr && !bound->files.empty())
        wanted.path = bound->files.front().path;
    wanted.want_sha256 |= set_.index(layer).hashes_everything();
    analysis.layers.push_back(Named(layer, command, index, wanted));
  }
  analysis.program = out_.wanted.programs.size();
  out_.wanted.programs.push_back(std::move(wanted));
}

NamedIn Analyser::Named(size_t layer, const SimpleCommand& command, size_t index, WantedProgram& wanted) {
  const LayerIndex& found = set_.index(layer);
  const Policy& policy = set_.layer(layer);
  NamedIn named{NamedPrograms(found, command.argv[0]), {}};
  if (!set_.Speaks(layer, Matter::kExec)) return named;
  // Whether the file is the bound one is asked of every rule that names the program, fit or not. A
  // digest costs a read of the file: only where a rule could use it.
  for (const Program* program : {named.programs.as_word, named.programs.as_base})
    wanted.want_sha256 |= program != nullptr && program->sha256.has_value();
  rules_.clear();
  found.AddMayFit(BaseName(command.argv[0]), command.argv, rules_);
  named.candidates.reserve(rules_.size());
  for (uint32_t r : rules_) {
    const ExecRule& rule = policy.exec[r];
    if (!Counts(rule, call_.inside)) continue;
    Candidate& candidate = named.candidates.emplace_back(r, named.programs.In(rule));
    Fit fit = FitArgv(rule.argv, command.argv);
    candidate.fits = fit.fits && !FindNeverArg(rule.never_args, command.argv);
    candidate.broken = std::move(fit.broken);
    if (!candidate.fits || !candidate.programs.any()) continue;
    candidate.hosts = std::move(fit.hosts);
    candidate.paths.reserve(fit.paths.size());
    for (const NamedPath& path : fit.paths) {
      const std::string_view text = std::string_view(command.argv[path.word]).substr(path.offset);
      candidate.paths.push_back(Path(directory_, text, path.act, index));
    }
    if (!call_.inside) AddNeeds(policy, rule, out_.wanted.counters);
  }
  return named;
}

void AddOnce(CounterNeed need, std::vector<CounterNeed>& needs) {
  if (std::ranges::find(needs, need) == needs.end()) needs.push_back(std::move(need));
}

}  // namespace

NamedPrograms::NamedPrograms(const LayerIndex& index, const std::string& word) : argv0(&word) {
  as_word = index.FindProgram(word);
  if (word.starts_with('/')) as_base = index.FindProgram(BaseName(word));
}

NamedPrograms NamedPrograms::In(const ExecRule& rule) const {
  NamedPrograms in = *this;
  in.as_word = in.as_base = nullptr;
  for (const std::string& word : rule.argv[0].words) {
    if (as_word != nullptr && word == *argv0) in.as_word = as_word;
    if (as_base != nullptr && word == as_base->name) in.as_base = as_base;
  }
  return in;
}

bool Counts(const ExecRule& rule, bool inside) {
  return rule.only == Only::kBoth || (rule.only == Only::kInside) == inside;
}

void AddNeeds(const Policy& layer, const ExecRule& rule, std::vector<CounterNeed>& needs) {
  if (rule.attempts) {
    CounterNeed need{CounterKind::kAttempts, layer.layer, rule.id, {}};
    need.breaker.max = rule.attempts->max;
    need.breaker.per_ms = rule.attempts->per_ms;
    AddOnce(std::move(need), needs);
  }
  if (!rule.lease.empty()) {
    // One name space for all layers: two rules with the same resource mean the same thing.
    CounterNeed need{CounterKind::kLease, LayerKind::kOrg, rule.lease, {}};
    need.breaker.max = 1;
    AddOnce(std::move(need), needs);
  }
}

void AddSessionNeeds(const PolicySet& set, std::vector<CounterNeed>& needs) {
  for (const auto& layer : set.layers())
    for (const Breaker& breaker : layer->session)
      AddOnce({CounterKind::kBreaker, layer->layer, std::string("session.") + BreakerName(breaker.kind), breaker},
              needs);
}

Analysis Analyse(const PolicySet& set, const Call& call) { return Analyser(set, call).Run(); }

Wanted Want(const PolicySet& set, const Call& call) { return Analyse(set, call).wanted; }

}  // namespace warder::policy
