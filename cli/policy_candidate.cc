// `warder policy candidate`: what would another policy say to what agents do now?
#include <filesystem>
#include <map>

#include "audit/reader.h"
#include "audit/record.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/policy_log.h"
#include "cli/talk.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace {

using nlohmann::json;

constexpr size_t kShownRows = 200;  // of a table; --json has all

std::string CountsText(const json& one) {
  return Shown(one, "decided") + " calls decided: " + Shown(one, "same") + " the same (" + Shown(one, "other_rule") +
         " by another rule), " + Shown(one, "stricter") + " stricter, " + Shown(one, "looser") + " looser, " +
         Shown(one, "unknown") + " not decidable, " + Shown(one, "failed") + " failed";
}

std::string Line(const json& one) {
  return Shown(one, "agent") + ": " + Shown(one, "file") + " (" + Shown(one, "id") + ") in shadow for the " +
         Shown(one, "layer") + " layer" +
         (Shown(one, "replaces").empty() ? ", which it does not have" : " " + Shown(one, "replaces")) + ", since " +
         Shown(one, "since") + "\n  " + CountsText(one) + "\n";
}

int Set(const Arguments& arguments) {
  std::error_code error;
  const std::string file = std::filesystem::absolute(arguments.Text("FILE"), error).lexically_normal();
  Result<json> answer =
      AskHost(arguments, "policy.candidate",
              {{"agent", arguments.Text("agent")}, {"layer", arguments.Text("layer", "project")}, {"file", file}});
  if (!answer) return Trouble(answer.error());
  Print(arguments.json() ? JsonLines(*answer) : Line(*answer) + "it decides nothing; a reload and a restart end it\n");
  return kOk;
}

int Stop(const Arguments& arguments) {
  Result<json> answer = AskHost(arguments, "policy.candidate.stop", {{"agent", arguments.Text("agent")}});
  if (!answer) return Trouble(answer.error());
  Print(arguments.json() ? JsonLines(*answer) : "stopped\n");
  return kOk;
}

int Status(const Arguments& arguments) {
  Result<json> answer = AskHost(arguments, "policy.candidates");
  if (!answer) return Trouble(answer.error());
  if (arguments.json()) return Print(JsonLines(*answer)), kOk;
  for (const json& one : (*answer)["candidates"]) Print(Line(one));
  if ((*answer)["candidates"].empty()) Print("no candidate runs\n");
  return kOk;
}

// ---- what a log has of it
struct Differences {
  json rows = json::array();
  uint64_t looser = 0, stricter = 0, unknown = 0, failed = 0;
  std::map<uint64_t, std::string> asked;  // by call, of those that are open
};

std::string AskedIn(const audit::Record& record, const audit::Sides& sides) {
  LoggedDecision call;
  call.recorded.tool = audit::TextOf(record.body(), "tool");
  call.recorded.arguments = sides.BytesOf(record.body(), "arguments");
  return AskedText(call);
}

void TakeRecord(const audit::Record& record, const audit::Sides& sides, const std::string& agent, Differences& out) {
  if (record.type == "call") {
    out.asked[record.call] = AskedIn(record, sides);
    return;
  }
  if (record.type != "policy.candidate") return;
  const audit::Json& body = record.body();
  if (!agent.empty() && audit::TextOf(body, "agent") != agent) return;
  json row = audit::Joined(body, sides);
  row["record"] = record.seq;
  row["time"] = audit::TextOf(record.json, "time");
  if (record.call != 0) {
    row["call"] = record.call;
    row["session"] = record.session;
    row["asked"] = out.asked[record.call];
  }
  const std::string what = audit::TextOf(body, "what"), change = audit::TextOf(body, "change");
  out.looser += change == "looser" ? 1 : 0;
  out.stricter += change == "stricter" ? 1 : 0;
  out.unknown += what == "unknown" ? 1 : 0;
  out.failed += what == "failed" ? 1 : 0;
  out.rows.push_back(std::move(row));
}

std::string RuleAt(const json& said) {
  if (!said.is_object()) return "";
  const std::string line = Shown(said, "line");
  return Shown(said, "file") + (line.empty() || line == "0" ? "" : ":" + line) + " " + Shown(said, "rule");
}

void ShowDifferences(const Differences& found) {
  std::vector<std::vector<std::string>> rows{{"CALL", "TIME", "IS", "WOULD BE", "RULE", "CANDIDATE'S RULE", "ASKED"}};
  for (const json& row : found.rows) {
    const std::string what = Shown(row, "what"), time = Shown(row, "time").substr(0, 19);
    if (rows.size() > kShownRows) break;
    if (what == "difference" || what == "unknown" || what == "failed") {
      const json none = json::object();
      const json& active = row.contains("active") ? row["active"] : none;
      const json& other = row.contains("candidate") ? row["candidate"] : none;
      rows.push_back({Shown(row, "call"), time, Shown(active, "level"),
                      what == "difference" ? Shown(other, "level") : what, RuleAt(active),
                      what == "unknown" ? "needs " + Shown(row, "needs") : RuleAt(other), Shown(row, "asked")});
      continue;
    }
    rows.push_back({"", time, "", what, "", Shown(row, "agent"), Shown(row, "text")});
  }
  if (rows.size() > 1) Print(Table(rows) + "\n");
  Print(std::to_string(found.looser) + " looser, " + std::to_string(found.stricter) + " stricter, " +
        std::to_string(found.unknown) + " not decidable, " + std::to_string(found.failed) + " failed\n");
}

int ReadDifferences(const Arguments& arguments) {
  Differences found;
  warder::Status status;
  audit::LogVisitor visitor;
  visitor.record = [&](const audit::Record& record, const audit::Sides& sides, const std::string& problem) {
    if (problem.empty())
      TakeRecord(record, sides, arguments.Text("agent"), found);
    else
      status = Fail(Code::kInvalid, "record " + std::to_string(record.seq) + " of the log is damaged: " + problem,
                    "see what `warder audit verify` says of it");
    return status.has_value();
  };
  warder::Status read = audit::ReadLog(arguments.Text("differences"), visitor);
  if (read) read = status;
  if (!read) return Trouble(read.error()), kMisuse;
  if (arguments.json())
    Print(JsonLines({{"looser", found.looser},
                     {"stricter", found.stricter},
                     {"unknown", found.unknown},
                     {"failed", found.failed},
                     {"records", found.rows}}));
  else
    ShowDifferences(found);
  return found.looser + found.stricter + found.unknown + found.failed > 0 ? kFinding : kOk;
}

int RunCandidate(const Arguments& arguments) {
  const int ways = (arguments.Has("FILE") ? 1 : 0) + (arguments.Has("status") ? 1 : 0) +
                   (arguments.Has("stop") ? 1 : 0) + (arguments.Has("differences") ? 1 : 0);
  if (ways != 1)
    return Trouble({Code::kInvalid, "candidate wants one of FILE, --status, --stop and --differences", "see --help"});
  if (arguments.Has("differences")) return ReadDifferences(arguments);
  if (arguments.Has("status")) return Status(arguments);
  if (!arguments.Has("agent")) return Trouble({Code::kInvalid, "whose policy?", "name it: --agent NAME"});
  return arguments.Has("stop") ? Stop(arguments) : Set(arguments);
}

}  // namespace

std::vector<Command> PolicyCandidateCommands() {
  return {
      {"policy candidate",
       "Let a policy decide in shadow beside an agent's on a running host; exit 1 where --differences has any",
       "warder policy candidate /etc/warder/new.yaml --agent builder",
       HostOptions({{OptionKind::kPositional, "FILE", "A policy file, in a directory of the host's policies", false},
                    {OptionKind::kText, "agent", "Whose policy it stands in for", false},
                    {OptionKind::kText, "layer", "Which layer of it: org, team or project (default)", false},
                    {OptionKind::kFlag, "status", "Which candidates run, and what they said", false},
                    {OptionKind::kFlag, "stop", "End the agent's candidate", false},
                    {OptionKind::kText, "differences", "Read from this log directory what came out otherwise", false}}),
       RunCandidate}};
}

}  // namespace warder::cli
