// `warder reload` and `warder drain`: new rules without a pause, and an end without a cut.
#include <optional>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/talk.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace {

using nlohmann::json;

std::string Notes(const json& answer) {
  std::string text;
  for (const json& note : answer.value("notes", json::array()))
    if (note.is_string()) text += "note: " + ForTerminal(note.get<std::string>()) + "\n";
  return text;
}

int Reload(const Arguments& arguments) {
  Result<json> answer = AskHost(arguments, "reload");
  if (!answer) return Trouble(answer.error());
  Print(arguments.json()
            ? JsonLines(*answer)
            : "reloaded: generation " + Shown(*answer, "generation") + " decides from now on\n" + Notes(*answer));
  return kOk;
}

int Drain(const Arguments& arguments) {
  std::optional<uint64_t> seconds = ParseDecimal(arguments.Text("wait", "300"), 24 * 3600);
  if (!seconds)
    return Trouble(
        {Code::kInvalid, "--wait " + arguments.Text("wait") + " is no number of seconds", "give 0 to 86400"});
  Result<json> answer = AskHost(arguments, "drain", {{"wait_ms", *seconds * 1000}});
  if (!answer) return Trouble(answer.error());
  Print(arguments.json() ? JsonLines(*answer)
                         : "draining: no new sessions; the host ends with its last call, after " +
                               std::to_string(*seconds) + " s at most\n");
  return kOk;
}

}  // namespace

std::vector<Command> ReloadCommands() {
  return {
      {"reload", "Read the host file and all policies again, all or nothing", "warder reload", HostOptions(), Reload},
      {"drain", "No new sessions, let running calls end, then stop", "warder drain --wait 60",
       HostOptions({{OptionKind::kText, "wait", "Seconds that running calls may still take (default: 300)", false}}),
       Drain}};
}

}  // namespace warder::cli
