// What must be looked up before a call can be decided?
//
// Works on names alone, before any file was seen, so it asks for more than a decision may need: the paths of
// every rule whose name and pattern fit, whatever its level.
#include <algorithm>

#include "policy/decide_parts.h"

namespace warder::policy {
namespace {

class Analyser {
 public:
  Analyser(const Policy& policy, const Call& call) : policy_(policy), call_(call) {}

  Analysis Run() {
    if (call_.tool == Tool::kRunCommand)
      Commands();
    else if (call_.tool != Tool::kNone)
      FileTool();
    return std::move(out_);
  }

 private:
  size_t Path(WantedPath wanted);
  void FileTool();
  void Commands();
  void OneCommand(const SimpleCommand& command, size_t index);
  void NamedProgram(const SimpleCommand& command, size_t index);

  const Policy& policy_;
  const Call& call_;
  size_t directory_ = SIZE_MAX;  // where relative paths start now
  Analysis out_;
};

// The index of this wanted path; the same one is asked for once.
size_t Analyser::Path(WantedPath wanted) {
  std::vector<WantedPath>& paths = out_.wanted.paths;
  for (size_t i = 0; i < paths.size(); ++i)
    if (paths[i].text == wanted.text && paths[i].directory == wanted.directory && paths[i].act == wanted.act &&
        paths[i].is_directory == wanted.is_directory)
      return i;
  paths.push_back(std::move(wanted));
  return paths.size() - 1;
}

void Analyser::FileTool() {
  Act act = Act::kRead;
  if (call_.tool == Tool::kWriteFile || call_.tool == Tool::kRestoreFile) act = Act::kWrite;
  if (call_.tool == Tool::kDeleteFile) act = Act::kDelete;
  out_.tool_paths.push_back(Path({SIZE_MAX, call_.path, act, act != Act::kDelete, false, 0}));
}

void Analyser::Commands() {
  if (!call_.directory.empty())
    out_.directory = directory_ = Path({SIZE_MAX, call_.directory, Act::kRead, true, true, 0});
  for (size_t i = 0; i < call_.line.commands.size(); ++i) OneCommand(call_.line.commands[i], i);
}

void Analyser::OneCommand(const SimpleCommand& command, size_t index) {
  CommandAnalysis analysis;
  for (const Redirection& redirection : command.redirections) {
    if (redirection.kind == RedirectKind::kDuplicate) continue;
    const Act act = redirection.kind == RedirectKind::kRead ? Act::kRead : Act::kWrite;
    analysis.paths.push_back(Path({directory_, redirection.path, act, true, false, index}));
  }
  if (command.change_directory) {
    directory_ = Path({directory_, command.argv[1], Act::kRead, true, true, index});
    analysis.paths.push_back(directory_);
    out_.commands.push_back(std::move(analysis));
    return;
  }
  if (!command.script.empty())
    analysis.paths.push_back(Path({SIZE_MAX, command.script, Act::kRead, true, false, index}));
  out_.commands.push_back(std::move(analysis));
  NamedProgram(command, index);
}

void Analyser::NamedProgram(const SimpleCommand& command, size_t index) {
  CommandAnalysis& analysis = out_.commands.back();
  const std::string& name = command.argv[0];
  WantedProgram wanted;
  wanted.command = index;
  const Program* bound = FindProgram(policy_, name);
  if (name.starts_with('/'))
    wanted.path = name;
  else if (!name.contains('/') && bound != nullptr && !bound->files.empty())
    wanted.path = bound->files.front().path;
  // A digest costs a read of the file: only where a rule could use it.
  const bool any_pinned = std::any_of(policy_.programs.begin(), policy_.programs.end(),
                                      [](const Program& p) { return p.sha256.has_value(); });
  for (const ExecRule& rule : policy_.exec) {
    if (rule.argv.empty()) continue;
    Candidate candidate;
    for (const std::string& word : rule.argv[0].words) {
      if (name != word && !(name.starts_with('/') && BaseName(name) == word)) continue;
      if (const Program* program = FindProgram(policy_, word)) candidate.programs.push_back(program);
    }
    if (any_pinned)
      for (const std::string& word : rule.argv[0].words)
        if (const Program* program = FindProgram(policy_, word))
          wanted.want_sha256 |= program->sha256.has_value() &&
                                (rule.level == Level::kForbid || !candidate.programs.empty());
    if (candidate.programs.empty()) continue;
    candidate.rule = &rule;
    candidate.fit = FitArgv(rule.argv, command.argv);
    if (candidate.fit.fits && FindNeverArg(rule.never_args, command.argv)) candidate.fit.fits = false;
    if (candidate.fit.fits)
      for (const NamedPath& path : candidate.fit.paths)
        candidate.paths.push_back(Path({directory_, command.argv[path.word].substr(path.offset), path.act,
                                        path.act != Act::kDelete, false, index}));
    analysis.candidates.push_back(std::move(candidate));
  }
  analysis.program = out_.wanted.programs.size();
  out_.wanted.programs.push_back(std::move(wanted));
}

}  // namespace

std::string_view BaseName(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

const Program* FindProgram(const Policy& policy, std::string_view name) {
  for (const Program& program : policy.programs)
    if (program.name == name) return &program;
  return nullptr;
}

Analysis Analyse(const Policy& policy, const Call& call) { return Analyser(policy, call).Run(); }

Wanted Want(const Policy& policy, const Call& call) { return Analyse(policy, call).wanted; }

}  // namespace warder::policy
