// `warder call TOOL JSON`: any tool of a host, as an agent would call it.
#include "cli/commands.h"
#include "cli/embedded.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "cli/tool_answer.h"

namespace warder::cli {
namespace {

using nlohmann::json;

int Call(const Arguments& arguments) {
  json parameters = json::parse(arguments.Text("JSON", "{}"), nullptr, false);
  if (!parameters.is_object())
    return Trouble({Code::kInvalid, "the tool's arguments are not a JSON object",
                    "quote them, as in: warder call read_file '{\"path\": \"README.md\"}'"});
  Result<Joined> joined = JoinHost(arguments);
  if (!joined) return Trouble(joined.error());
  Result<std::unique_ptr<AgentTalk>> talk = AgentTalk::Begin(std::move(joined->connection));
  if (!talk) return Trouble(talk.error());
  Result<json> result = (*talk)->Call(arguments.Text("TOOL"), parameters, SayThatItWaits);
  if (!result) return Trouble(result.error());
  json answer = Structured(*result);
  if (arguments.json()) {
    Print(JsonLines(answer));
  } else if (WasRefused(answer)) {
    std::string text = RefusalText(answer, AuditShow(*joined, Shown(answer, "call")));
    text.pop_back();
    Say(text);
  } else if (HasFailed(answer)) {
    PrintError({Code::kInvalid, FailureText(answer), {}});
  } else {
    for (const json& item : result->value("content", json::array())) Print(ForReader(item.value("text", "")) + "\n");
  }
  return CallExitCode(answer);
}

}  // namespace

std::vector<Command> CallCommands() {
  return {{"call", "Call one tool: read_file, write_file, list_directory, delete_file, restore_file, session_info, …",
           "warder call read_file '{\"path\": \"README.md\"}'",
           JoinOptions({{OptionKind::kPositional, "TOOL", "The tool's name", true},
                        {OptionKind::kPositional, "JSON", "Its arguments, one JSON object (default: {})", false}}),
           Call}};
}

}  // namespace warder::cli
