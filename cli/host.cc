// `warder host check | show`: is a host file usable, and what does it mean with every default written out?
#include "base/text.h"
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/policy_files.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "config/host_file.h"
#include "config/on_disk.h"

namespace warder::cli {
namespace {

using nlohmann::json;

std::string File(const Arguments& arguments) { return arguments.Text("FILE", kInstalledHostFile); }

json ProblemsJson(const std::vector<config::PlacedProblem>& problems) {
  json all = json::array();
  for (const auto& [file, p] : problems)
    all.push_back(
        {{"file", file}, {"line", p.where.line}, {"column", p.where.column}, {"what", p.what}, {"remedy", p.remedy}});
  return all;
}

std::string Lines(const char* before, const std::vector<config::PlacedProblem>& problems) {
  std::string text;
  for (const auto& [file, p] : problems)
    text += before + At(file, p.where) + ": " + p.what + (p.remedy.empty() ? "" : "; " + p.remedy) + "\n";
  return ForTerminal(text, true);
}

int NotRead(const Error& error) {
  PrintError({error.code, "the host file can not be read: " + error.what,
              error.remedy.empty() ? "docs/install.md says how to write one" : error.remedy});
  return kMisuse;
}

int Check(const Arguments& arguments) {
  const std::string file = File(arguments);
  Result<config::HostResult> loaded = config::LoadHostFileAt(file);
  if (!loaded) return NotRead(loaded.error());
  config::OnDisk found;
  if (loaded->problems.empty()) found = config::CheckOnDisk(*loaded, file);
  for (policy::LoadProblem& problem : loaded->problems) found.problems.push_back({file, std::move(problem)});
  const bool usable = found.problems.empty();
  if (arguments.json()) {
    Print(JsonLines({{"file", file},
                     {"usable", usable},
                     {"problems", ProblemsJson(found.problems)},
                     {"notes", ProblemsJson(found.notes)}}));
    return usable ? kOk : kMisuse;
  }
  Print(Lines("", found.problems) + Lines("note: ", found.notes));
  Print(ForTerminal(file) +
        (usable ? ": usable; " + Counted(loaded->plan.agents.size(), "agent") + ", " +
                      Counted(loaded->plan.people.size(), "entry of people", "entries of people")
                : ": can not be used, " + Counted(found.problems.size(), "problem")) +
        "\n");
  return usable ? kOk : kMisuse;
}

int Show(const Arguments& arguments) {
  Result<config::HostResult> loaded = config::LoadHostFileAt(File(arguments));
  if (!loaded) return NotRead(loaded.error());
  if (!loaded->problems.empty()) {
    PrintError({Code::kInvalid,
                "the host file can not be used:\n" + ForTerminal(loaded->Describe(File(arguments)), true),
                {}});
    return kMisuse;
  }
  std::string text = config::ShowHost(loaded->plan);
  Print(arguments.json() ? JsonLines({{"file", File(arguments)}, {"host_file", text}}) : text);
  return kOk;
}

}  // namespace

std::vector<Command> HostCommands() {
  Option file{OptionKind::kPositional, "FILE", "The host file (default: /etc/warder/warder.yaml)", false};
  return {{"host check",
           "Is this host file usable? exit 2 when not",
           "warder host check /etc/warder/warder.yaml",
           {file},
           Check},
          {"host show",
           "The host file with every default written out",
           "warder host show /etc/warder/warder.yaml",
           {file},
           Show}};
}

}  // namespace warder::cli
