// Which commands does `warder` have, in the order of --help?
#include "cli/commands.h"

#include <iterator>

namespace warder::cli {

const std::vector<Command>& AllCommands() {
  static const std::vector<Command> kAll = [] {
    std::vector<Command> all;
    for (auto give :
         {RunCommands,          CallCommands,       McpCommands,          DemoCommands,        StatusCommands,
          SessionsCommands,     ApprovalsCommands,  HostCommands,         ReloadCommands,      PolicyCommands,
          PolicyTestCommands,   PolicyDiffCommands, PolicyReplayCommands, PolicyLearnCommands, PolicyCandidateCommands,
          PolicySchemaCommands, PolicyShowCommands, PolicyFmtCommands,    DoctorCommands,      AuditCommands,
          TrashCommands,        CompletionCommands}) {
      std::vector<Command> some = give();
      all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
    }
    return all;
  }();
  return kAll;
}

const char* GroupBrief(std::string_view word) {
  struct Group {
    std::string_view word;
    const char* brief;
  };
  static constexpr Group kGroups[] = {
      {"sessions", "The agents' connections: list, show, end"},
      {"approvals", "Calls that wait for a person: list, show, approve, deny"},
      {"host", "The host file: check, show"},
      {"policy", "Policy files: check, explain, diff, replay, learn, candidate, test, schema, show, fmt"},
      {"audit", "The log: tail, timeline, show, verify"},
      {"trash", "What was deleted and can come back: list"},
      {"completion", "Completion for a shell: bash"},
  };
  for (const Group& group : kGroups)
    if (group.word == word) return group.brief;
  return "";
}

}  // namespace warder::cli
