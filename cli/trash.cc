// `warder trash list`: what was deleted or overwritten, and can come back? Reads files only.
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "sandbox/hands/trash.h"

namespace warder::cli {
namespace {

using nlohmann::json;

std::string Time(int64_t milliseconds) {
  time_t seconds = static_cast<time_t>(milliseconds / 1000);
  tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  size_t size = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return std::string(text, size);
}

json EntryJson(const std::string& owner, const hands::TrashEntry& entry) {
  const hands::TrashMeta& meta = entry.meta;
  return {{"entry", entry.name}, {"owner", owner},
          {"path", meta.path},   {"workspace", meta.workspace},
          {"agent", meta.agent}, {"session", meta.session},
          {"call", meta.call},   {"time", Time(meta.time_ms)},
          {"size", meta.size},   {"was", meta.kind == wire::ChangeKind::kDelete ? "deleted" : "overwritten"}};
}

Result<json> ListAll(const std::string& trash) {
  std::error_code error;
  json all = json::array();
  for (const auto& owner : std::filesystem::directory_iterator(trash, error)) {
    WARDER_TRY(std::vector<hands::TrashEntry> entries, hands::ListTrash(owner.path()));
    for (const hands::TrashEntry& entry : entries) all.push_back(EntryJson(owner.path().filename(), entry));
  }
  if (error)
    return Fail(error == std::errc::permission_denied ? Code::kDenied : Code::kNotFound,
                "the trash " + trash + " can not be read: " + error.message(),
                "run this as root, or name the host's state directory with --state");
  return all;
}

int List(const Arguments& arguments) {
  Result<json> all = ListAll(StateDirectory(arguments) + "/trash");
  if (!all) return Trouble(all.error());
  if (arguments.json()) {
    Print(JsonLines({{"entries", *all}}));
    return kOk;
  }
  std::vector<std::vector<std::string>> rows{{"ENTRY", "TIME", "WAS", "AGENT", "CALL", "PATH"}};
  for (const json& e : *all)
    rows.push_back(
        {Shown(e, "entry"), Shown(e, "time"), Shown(e, "was"), Shown(e, "agent"), Shown(e, "call"), Shown(e, "path")});
  Print(rows.size() == 1
            ? "the trash is empty\n"
            : Table(rows) + "\n`warder call" +
                  (arguments.Has("state") ? " --state " + ShellQuote(arguments.Text("state")) : std::string()) +
                  " restore_file '{\"trash_entry\": \"ENTRY\", \"path\": \"PATH\"}'` in the workspace brings one back, "
                  "where nothing is at PATH\n");
  return kOk;
}

}  // namespace

std::vector<Command> TrashCommands() {
  return {{"trash list",
           "What was deleted or overwritten by tools, and can come back",
           "warder trash list",
           {{OptionKind::kText, "state", "The host's state directory (default: /var/lib/warder)", false}},
           List}};
}

}  // namespace warder::cli
