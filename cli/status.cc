// `warder status`: is a host here, whom does it serve, what waits?
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/talk.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace {

using nlohmann::json;

std::string AgentsTable(const json& agents) {
  std::vector<std::vector<std::string>> rows{{"AGENT", "SESSIONS", "PROFILE", "WORKSPACE", "POLICY"}};
  for (const json& agent : agents)
    rows.push_back({Shown(agent, "name"), Shown(agent, "sessions"), Shown(agent, "profile"), Shown(agent, "workspace"),
                    Shown(agent, "policy")});
  return rows.size() == 1 ? "no agent is declared: this host serves nobody\n" : Table(rows);
}

int Status(const Arguments& arguments) {
  Result<json> status = AskHost(arguments, "status");
  if (!status) return Trouble(status.error());
  if (arguments.json()) {
    Print(JsonLines(*status));
    return kOk;
  }
  json calls = status->value("calls", json::object());
  std::string state = status->value("stopped", false)             ? Paint(1, Colour::kRed, "stopped by the stop file")
                      : status->value("ledger", "open") != "open" ? Paint(1, Colour::kRed, "serves no call")
                      : status->value("draining", false)          ? Paint(1, Colour::kYellow, "draining")
                                                                  : Paint(1, Colour::kGreen, "serving");
  Print("host " + Shown(*status, "host") + ": " + state + ", started " + Shown(*status, "started") + ", jail tier " +
        Shown(*status, "tier") + ", epoch " + Shown(*status, "epoch") + ", generation " + Shown(*status, "generation") +
        "\n");
  if (status->value("ledger", "open") != "open")
    Print(Paint(1, Colour::kRed, "audit log " + Shown(*status, "log") + ":") + " " + Shown(*status, "ledger_says") +
          "\n");
  if (std::string refused = Shown(*status, "refused_reload"); !refused.empty())
    Print(Paint(1, Colour::kYellow, "the last reload was refused, the older files decide:") + " " +
          SafeText(status->value("refused_reload", ""), true) + "\n");
  Print("calls: " + Shown(calls, "total") + ", refused " + Shown(calls, "refused") + ", running " +
        Shown(calls, "running") + "; approvals waiting: " + Shown(*status, "approvals_waiting") + "\n\n");
  Print(AgentsTable(status->value("agents", json::array())));
  return kOk;
}

}  // namespace

std::vector<Command> StatusCommands() {
  return {{"status", "Is a host here, whom does it serve, what waits?", "warder status --json", HostOptions(), Status}};
}

}  // namespace warder::cli
