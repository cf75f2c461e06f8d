// `warder run -- CMD…`: one command, decided, recorded and jailed, as a person would run it.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/approver.h"
#include "cli/commands.h"
#include "cli/embedded.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "cli/tool_answer.h"
#include "wire/plan.h"

namespace warder::cli {
namespace {

using nlohmann::json;

int HostCould(const Error& error) {
  PrintError(error);
  return error.code == Code::kInvalid || error.code == Code::kNotFound ? kMisuse : kRunHostCould;
}

// The call's arguments; the command starts where we are, when that lies in the workspace.
Result<json> CallArguments(const Arguments& arguments, const std::string& workspace) {
  json call{{"argv", arguments.List("CMD")}};
  std::error_code error;
  std::string here = std::filesystem::current_path(error);
  if (!error && !workspace.empty() && here != workspace && wire::IsBeneath(here, workspace)) call["cwd"] = here;
  if (arguments.Has("reason")) call["reason"] = arguments.Text("reason");
  if (arguments.Has("timeout")) {
    std::optional<uint64_t> seconds = ParseDecimal(arguments.Text("timeout"), 24 * 3600);
    if (!seconds || *seconds == 0)
      return Fail(Code::kInvalid, "--timeout " + arguments.Text("timeout") + " is no number of seconds",
                  "give 1 to 86400");
    call["timeout_ms"] = *seconds * 1000;
  }
  if (arguments.Has("stdin")) {
    WARDER_TRY(std::string input, ReadAll(STDIN_FILENO, limits::kMaxStdinBytes));
    if (!IsUtf8(input)) return Fail(Code::kInvalid, "stdin is not UTF-8", "put it into a file of the workspace");
    call["stdin"] = input;
  }
  return call;
}

void ShowOutput(int fd, const std::string& bytes) {
  if (bytes.empty()) return;
  // Programs of an agent write to a person's terminal only what can be shown (2-jail, Time and output).
  [[maybe_unused]] Status written = WriteAll(fd, isatty(fd) == 1 ? ForTerminal(bytes, true) : bytes);
}

void Show(const Joined& joined, const json& answer) {
  const std::string call = Shown(answer, "call"), show = AuditShow(joined, call);
  if (WasRefused(answer)) {
    std::string text = RefusalText(answer, show);
    text.pop_back();
    return Say(text);
  }
  if (HasFailed(answer))
    return PrintError({Code::kSystem, FailureText(answer), show.empty() ? "" : "`" + show + "` tells more"});
  ShowOutput(STDOUT_FILENO, OutputBytes(answer, "stdout"));
  ShowOutput(STDERR_FILENO, OutputBytes(answer, "stderr"));
  const std::string ended = answer.value("ended", "");
  if (answer.value("stdout_truncated", false) || answer.value("stderr_truncated", false))
    Say("call " + call + ": the middle of the output was cut at the limit");
  if (ended != "exited" && ended != "signaled")
    Say("call " + call + ": ended by " + ended + (answer.contains("why") ? ": " + Shown(answer, "why") : "") +
        (show.empty() ? "" : "; `" + show + "` tells more"));
  if (answer.value("workspace", "") == "direct" && ended != "setup-failed")
    Say("call " + call + " ran in mode direct: what it changed can not be taken back" +
        (show.empty() ? "" : "; `" + show + "` shows what ran"));
}

// The session's id, for the approver: only its requests are this terminal's to answer. The host knows it by the
// process that connected.
Result<uint64_t> SessionOf(const Joined& joined) {
  WARDER_TRY(json answer, AskAdmin(joined.admin_socket, "sessions.list"));
  uint64_t session = 0;
  for (const json& one : answer.value("sessions", json::array()))
    if (one.value("agent", "") == joined.agent && one.value("pid", int64_t{0}) == getpid())
      session = std::max(session, one.value("id", uint64_t{0}));
  if (session != 0) return session;
  return Fail(Code::kUnavailable, "the host lists no session of this process", "see `warder sessions list`");
}

int Run(const Arguments& arguments) {
  if (arguments.List("CMD").front().empty())
    return Trouble({Code::kInvalid, "the command's first word is empty", "name a program behind --"});
  Result<Joined> joined = JoinHost(arguments);
  if (!joined) return HostCould(joined.error());
  Result<json> call = CallArguments(arguments, joined->workspace);
  if (!call) return HostCould(call.error());
  Result<std::unique_ptr<AgentTalk>> talk = AgentTalk::Begin(std::move(joined->connection));
  if (!talk) return HostCould(talk.error());
  std::optional<TerminalApprover> approver;
  if (!joined->admin_socket.empty()) {
    Result<uint64_t> session = SessionOf(*joined);
    if (!session) return HostCould(session.error());
    approver.emplace(joined->admin_socket, *session);
  }
  Result<json> result = (*talk)->Call("run_command", *call, approver ? OnWait() : OnWait(SayThatItWaits));
  approver.reset();
  if (!result) return HostCould(result.error());
  json answer = Structured(*result);
  if (arguments.json())
    Print(JsonLines(RunObject(answer)));
  else
    Show(*joined, answer);
  return RunExitCode(answer);
}

}  // namespace

std::vector<Command> RunCommands() {
  return {{"run", "Run one command: decided by policy, recorded, in a jail",
           "warder run --policy ~/policy.yaml --workspace ~/project -- make test",
           JoinOptions({{OptionKind::kRest, "CMD",
                         "The command and its words, run without a shell; exit code: its own, "
                         "124 wall limit, 125 the host could not, 126 refused, 127 no such program, 128+N "
                         "signal",
                         true},
                        {OptionKind::kText, "reason", "Why; recorded as your own words", false},
                        {OptionKind::kText, "timeout", "Seconds, at most the policy's wall limit", false},
                        {OptionKind::kFlag, "stdin", "Pass stdin on, at most 1 MiB (default: nothing)", false}}),
           Run}};
}

}  // namespace warder::cli
