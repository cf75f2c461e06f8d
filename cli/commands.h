// Which commands does `warder` have? Each file gives its own lines of the table (command.h).
#pragma once

#include <vector>

#include "cli/command.h"

namespace warder::cli {

std::vector<Command> RunCommands();              // run.cc
std::vector<Command> CallCommands();             // call.cc
std::vector<Command> McpCommands();              // mcp.cc
std::vector<Command> DemoCommands();             // demo.cc
std::vector<Command> StatusCommands();           // status.cc
std::vector<Command> SessionsCommands();         // sessions.cc
std::vector<Command> ApprovalsCommands();        // approvals.cc
std::vector<Command> HostCommands();             // host.cc
std::vector<Command> ReloadCommands();           // reload.cc: reload, drain
std::vector<Command> PolicyCommands();           // policy.cc
std::vector<Command> PolicyDiffCommands();       // policy_diff.cc
std::vector<Command> PolicyFmtCommands();        // policy_fmt.cc
std::vector<Command> PolicyShowCommands();       // policy_show.cc
std::vector<Command> PolicySchemaCommands();     // policy_schema.cc
std::vector<Command> PolicyTestCommands();       // policy_test.cc
std::vector<Command> PolicyReplayCommands();     // policy_replay.cc
std::vector<Command> PolicyLearnCommands();      // policy_learn.cc
std::vector<Command> PolicyCandidateCommands();  // policy_candidate.cc
std::vector<Command> DoctorCommands();           // doctor.cc
std::vector<Command> AuditCommands();            // audit.cc
std::vector<Command> TrashCommands();            // trash.cc
std::vector<Command> CompletionCommands();       // completion.cc

}  // namespace warder::cli
