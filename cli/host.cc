// `warder host check | show`: is a host file usable, and what does it mean with every default written out?
#include <set>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/policy_files.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "config/host_file.h"

namespace warder::cli {
namespace {

using nlohmann::json;

std::string File(const Arguments& arguments) { return arguments.Text("FILE", kInstalledHostFile); }

// What the policies that this host file names load and do not get served in full; only what can be
// read here.
json NotesOf(const wire::HostPlan& plan) {
  std::set<std::string> files;
  for (const wire::Agent& agent : plan.agents) files.insert(agent.policy);
  json notes = json::array();
  for (const std::string& file : files)
    if (Result<CheckedPolicy> policy = CheckPolicyFile(file); policy && policy->usable)
      for (const policy::LoadProblem& note : policy->notes)
        notes.push_back(At(file, note.where) + ": " + note.what + "; " + note.remedy);
  return notes;
}

int Check(const Arguments& arguments) {
  Result<config::HostResult> loaded = config::LoadHostFileAt(File(arguments));
  if (!loaded) return Trouble(loaded.error()), kMisuse;
  bool usable = loaded->problems.empty();
  if (arguments.json()) {
    json problems = json::array();
    for (const policy::LoadProblem& p : loaded->problems)
      problems.push_back({{"line", p.where.line}, {"column", p.where.column}, {"what", p.what}, {"remedy", p.remedy}});
    Print(JsonLines({{"file", File(arguments)},
                     {"usable", usable},
                     {"problems", problems},
                     {"notes", usable ? NotesOf(loaded->plan) : json::array()}}));
  } else if (usable) {
    Print(File(arguments) + ": usable; " + std::to_string(loaded->plan.agents.size()) + " agents, " +
          std::to_string(loaded->plan.people.size()) + " entries of people\n");
    for (const json& note : NotesOf(loaded->plan))
      Print("note: " + ForTerminal(note.get<std::string>()) + "\n");
  } else {
    Print(ForTerminal(loaded->Describe(File(arguments)), true));
  }
  return usable ? kOk : kMisuse;
}

int Show(const Arguments& arguments) {
  Result<config::HostResult> loaded = config::LoadHostFileAt(File(arguments));
  if (!loaded) return Trouble(loaded.error()), kMisuse;
  if (!loaded->problems.empty()) {
    PrintError({Code::kInvalid, "the host file can not be used:\n" + ForTerminal(loaded->Describe(File(arguments)), true), {}});
    return kMisuse;
  }
  std::string text = config::ShowHost(loaded->plan);
  Print(arguments.json() ? JsonLines({{"file", File(arguments)}, {"host_file", text}}) : text);
  return kOk;
}

}  // namespace

std::vector<Command> HostCommands() {
  Option file{OptionKind::kPositional, "FILE", "The host file (default: /etc/warder/warder.yaml)", false};
  return {{"host check", "Is this host file usable? exit 2 when not", "warder host check /etc/warder/warder.yaml", {file}, Check},
          {"host show", "The host file with every default written out", "warder host show /etc/warder/warder.yaml", {file}, Show}};
}

}  // namespace warder::cli
