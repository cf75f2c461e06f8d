// `warder mcp`: an MCP server on stdin and stdout for a client that was told to start one.
//
// It only joins the two to the agent socket and passes nothing of its environment on (some clients hand
// their API keys to the servers that they start).
#include <unistd.h>

#include "agent/stdio_bridge.h"
#include "cli/commands.h"
#include "cli/embedded.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace {

int Mcp(const Arguments& arguments) {
  Result<Joined> joined = JoinHost(arguments);
  if (!joined) return Trouble(joined.error());
  Status ended = agent::Bridge(STDIN_FILENO, STDOUT_FILENO, joined->connection.get());
  return ended ? kOk : Trouble(ended.error());
}

}  // namespace

std::vector<Command> McpCommands() {
  return {{"mcp", "Serve MCP on stdin and stdout: one line in a client's configuration is an installation",
           "warder mcp --policy ~/policy.yaml --workspace ~/project", JoinOptions(), Mcp}};
}

}  // namespace warder::cli
