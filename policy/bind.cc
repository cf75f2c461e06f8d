// To which files are the names of programs bound?
#include "policy/bind.h"

#include <algorithm>

#include "base/text.h"
#include "policy/schema.h"

namespace warder::policy {
namespace {

std::vector<std::string> Candidates(const Program& program) {
  if (program.declared) return program.paths;
  if (program.name.starts_with('/')) return {program.name};
  std::vector<std::string> all;
  for (std::string_view directory : kProgramDirectories) all.push_back(std::string(directory) + "/" + program.name);
  return all;
}

LoadProblem Unbound(const Program& program) {
  std::string what = Quote(program.name) + " is bound to no file: rules that allow it allow nothing";
  return {program.where, what,
          program.declared ? "install it at a path that `programs` lists, or correct the path"
                           : "install it, or write its path under `programs`"};
}

// A `#!` file is decided as its interpreter with the file behind it: a rule that allows the file's name meets no call.
LoadProblem Script(const Program& program, const BoundFile& file, const std::string& line) {
  const size_t blank = std::min(line.find_first_of(" \t"), line.size());
  const size_t rest = std::min(line.find_first_not_of(" \t", blank), line.size());
  const std::string argument = line.substr(rest), interpreter = line.substr(0, blank);
  return {program.where,
          Quote(program.name) + " is a script, " + Quote(file.path) +
              ", and is decided as its interpreter: rules that allow the name allow nothing",
          "write `argv: [" + ForTerminal(interpreter.substr(interpreter.rfind('/') + 1)) + ", " +
              (argument.empty() ? "" : ForTerminal(argument) + ", ") + ForTerminal(file.path) + ", …]`"};
}

// Whether some rule that does not forbid names it: only there a file is missed.
bool IsAllowedSomewhere(const Policy& policy, const Program& program) {
  return std::any_of(policy.exec.begin(), policy.exec.end(), [&](const ExecRule& rule) {
    if (rule.level == Level::kForbid || rule.argv.empty()) return false;
    const auto& words = rule.argv.front().words;
    return std::find(words.begin(), words.end(), program.name) != words.end();
  });
}

}  // namespace

std::vector<LoadProblem> BindPrograms(Policy& policy, ProgramLookup& lookup) {
  std::vector<LoadProblem> notes;
  for (Program& program : policy.programs) {
    program.files.clear();
    bool differs = false;
    for (const std::string& path : Candidates(program)) {
      auto file = lookup.Look(path, program.sha256.has_value());
      if (!file) continue;
      if (program.sha256 && file->sha256 != program.sha256) {
        differs = true;
        std::string seen = file->sha256 ? Hex(AsBytes(*file->sha256)) : "nothing that could be read";
        notes.push_back({program.where,
                         Quote(program.name) + ": " + Quote(path) + " has the sha256 " + seen + ", not the pinned one",
                         "look at what changed; write the new sha256 if it is right"});
        continue;
      }
      auto same = [&](const BoundFile& other) { return other.dev == file->dev && other.ino == file->ino; };
      if (std::none_of(program.files.begin(), program.files.end(), same)) program.files.push_back(std::move(*file));
    }
    if (IsAllowedSomewhere(policy, program))
      for (const BoundFile& file : program.files)
        if (const std::string line = lookup.ScriptLine(file.path); !line.empty())
          notes.push_back(Script(program, file, line));
    if (program.files.empty() && !differs && (program.declared || IsAllowedSomewhere(policy, program)))
      notes.push_back(Unbound(program));
  }
  return notes;
}

}  // namespace warder::policy
