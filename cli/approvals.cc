// `warder approvals list | show | approve | deny`: a person's yes or no to one exact call.
#include <unistd.h>

#include <optional>

#include "base/text.h"
#include "cli/approver.h"
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/talk.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace {

using nlohmann::json;

Result<json> ApprovalId(const Arguments& arguments) {
  if (std::optional<uint64_t> id = ParseDecimal(arguments.Text("ID")); id) return json(*id);
  return Fail(Code::kInvalid, ForTerminal(arguments.Text("ID")) + " is no request",
              "`warder approvals list` shows their numbers");
}

std::string Seconds(const json& approval, const char* key) {
  return std::to_string(approval.value(key, int64_t{0}) / 1000) + " s";
}

int List(const Arguments& arguments) {
  Result<json> answer = AskHost(arguments, "approvals.list");
  if (!answer) return Trouble(answer.error());
  if (arguments.json()) {
    Print(JsonLines(*answer));
    return kOk;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "AGENT", "RULE", "WAITED", "LEFT", "ASKS FOR"}};
  for (const json& a : answer->value("approvals", json::array())) {
    std::string what = Shown(a, "line").empty() ? Shown(a, "tool") + " " + Shown(a, "paths") : Shown(a, "line");
    rows.push_back(
        {Shown(a, "id"), Shown(a, "agent"), Shown(a, "rule"), Seconds(a, "waited_ms"), Seconds(a, "left_ms"), what});
  }
  Print(rows.size() == 1 ? "nothing waits for a person\n"
                         : Table(rows) + "\n`warder approvals show ID` shows one in full; no answer is a no\n");
  return kOk;
}

Result<json> Fetch(const Arguments& arguments) {
  WARDER_TRY(json id, ApprovalId(arguments));
  return AskHost(arguments, "approvals.show", {{"id", id}});
}

int Show(const Arguments& arguments) {
  Result<json> approval = Fetch(arguments);
  if (!approval) return Trouble(approval.error());
  Print(arguments.json()
            ? JsonLines(*approval)
            : "digest " + Shown(*approval, "digest") + "\n" + ApprovalText(*approval) + "`warder approvals approve " +
                  Shown(*approval, "id") + " --digest " + Shown(*approval, "digest") + "` says yes to exactly this\n");
  return kOk;
}

// A yes is to the text that was read: what --digest names, or what is shown now and confirmed at the terminal.
Result<json> DigestToApprove(const Arguments& arguments, const json& approval) {
  if (arguments.Has("digest")) return json(arguments.Text("digest"));
  if (isatty(STDIN_FILENO) != 1)
    return Fail(Code::kInvalid, "approving without a terminal needs --digest",
                "read the request with `warder approvals show`, and give the digest that it prints");
  Print(ApprovalText(approval) + "Allow this once? [y/N] ");
  char answer[8] = {};
  ssize_t size = read(STDIN_FILENO, answer, sizeof answer - 1);
  std::string_view word(answer, size > 0 ? static_cast<size_t>(size) : 0);
  if (word == "y\n" || word == "yes\n") return approval.value("digest", json());
  return Fail(Code::kDenied, "not approved: the answer was not yes",
              "the request still waits; `warder approvals deny` says no");
}

int Approve(const Arguments& arguments) {
  Result<json> approval = Fetch(arguments);
  if (!approval) return Trouble(approval.error());
  Result<json> digest = DigestToApprove(arguments, *approval);
  if (!digest) return Trouble(digest.error());
  Result<json> answer =
      AskHost(arguments, "approvals.approve", {{"id", approval->value("id", json())}, {"digest", *digest}});
  if (!answer) return Trouble(answer.error());
  Print(arguments.json() ? JsonLines(*answer) : "approved: call " + Shown(*answer, "call") + " runs, once\n");
  return kOk;
}

int Deny(const Arguments& arguments) {
  Result<json> id = ApprovalId(arguments);
  if (!id) return Trouble(id.error());
  json parameters{{"id", *id}};
  if (arguments.Has("message")) parameters["message"] = arguments.Text("message");
  Result<json> answer = AskHost(arguments, "approvals.deny", parameters);
  if (!answer) return Trouble(answer.error());
  Print(arguments.json() ? JsonLines(*answer) : "denied: call " + Shown(*answer, "call") + "\n");
  return kOk;
}

}  // namespace

std::vector<Command> ApprovalsCommands() {
  Option id{OptionKind::kPositional, "ID", "The request's number", true};
  return {{"approvals list", "Calls that wait for a person", "warder approvals list", HostOptions(), List},
          {"approvals show", "One request in full, as its approver must read it", "warder approvals show 3",
           HostOptions({id}), Show},
          {"approvals approve", "Say yes to exactly this call, once", "warder approvals approve 3",
           HostOptions({id, {OptionKind::kText, "digest", "Of the text that you read (`approvals show`)", false}}),
           Approve},
          {"approvals deny", "Say no", "warder approvals deny 3 --message 'not on a Friday'",
           HostOptions({id, {OptionKind::kText, "message", "What the agent is told", false}}), Deny}};
}

}  // namespace warder::cli
