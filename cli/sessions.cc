// `warder sessions list | show | end`: which agents are connected, and what do they run?
#include <optional>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/talk.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace {

using nlohmann::json;

Result<uint64_t> SessionId(const Arguments& arguments) {
  std::optional<uint64_t> id = ParseDecimal(arguments.Text("SESSION"));
  if (id) return *id;
  return Fail(Code::kInvalid, arguments.Text("SESSION") + " is no session",
              "`warder sessions list` shows their numbers");
}

int List(const Arguments& arguments) {
  Result<json> answer = AskHost(arguments, "sessions.list");
  if (!answer) return Trouble(answer.error());
  if (arguments.json()) {
    Print(JsonLines(*answer));
    return kOk;
  }
  std::vector<std::vector<std::string>> rows{
      {"SESSION", "AGENT", "UID", "SINCE", "CALLS", "REFUSED", "RUNNING", "CLIENT"}};
  for (const json& s : answer->value("sessions", json::array()))
    rows.push_back({Shown(s, "id"), Shown(s, "agent"), Shown(s, "uid"), Shown(s, "since"), Shown(s, "calls"),
                    Shown(s, "refused"), std::to_string(s.value("running", json::array()).size()), Shown(s, "client")});
  Print(rows.size() == 1 ? "no agent is connected\n" : Table(rows));
  return kOk;
}

int Show(const Arguments& arguments) {
  Result<uint64_t> id = SessionId(arguments);
  if (!id) return Trouble(id.error());
  Result<json> session = AskHost(arguments, "sessions.show", {{"session", *id}});
  if (!session) return Trouble(session.error());
  if (arguments.json()) {
    Print(JsonLines(*session));
    return kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const char* key :
       {"id", "agent", "uid", "pid", "client", "workspace", "session_uid", "since", "calls", "refused"})
    rows.push_back({key, Shown(*session, key)});
  Print(Table(rows));
  for (const json& run : session->value("running", json::array()))
    Print("running: call " + Shown(run, "call") + " " + Shown(run, "tool") + " " + Shown(run, "line") + " for " +
          Shown(run, "since_ms") + " ms\n");
  return kOk;
}

int End(const Arguments& arguments) {
  Result<uint64_t> id = SessionId(arguments);
  if (!id) return Trouble(id.error());
  Result<json> answer = AskHost(arguments, "sessions.end", {{"session", *id}, {"reason", arguments.Text("reason")}});
  if (!answer) return Trouble(answer.error());
  Print(arguments.json() ? JsonLines(*answer) : "session " + std::to_string(*id) + " ended\n");
  return kOk;
}

}  // namespace

std::vector<Command> SessionsCommands() {
  Option id{OptionKind::kPositional, "SESSION", "Its number", true};
  return {{"sessions list", "Connected agents", "warder sessions list", HostOptions(), List},
          {"sessions show", "One connection and what it runs", "warder sessions show 7", HostOptions({id}), Show},
          {"sessions end", "Close a connection and kill what it runs", "warder sessions end 7 --reason 'wrong branch'",
           HostOptions({id, {OptionKind::kText, "reason", "Why; recorded, and told to the agent", false}}), End}};
}

}  // namespace warder::cli
