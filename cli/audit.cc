// `warder audit tail | timeline | show | verify`: what happened, and can it be believed? Reads files only.
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <optional>

#include "audit/show.h"
#include "audit/timeline.h"
#include "audit/verify.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace {

std::string LogDirectory(const Arguments& arguments) {
  return arguments.Text("DIR", StateDirectory(arguments) + "/log");
}

bool Colours() { return Paint(STDOUT_FILENO, Colour::kBold, "x").size() > 1; }

size_t Columns() {
  winsize size{};
  return isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

Result<uint64_t> Number(const Arguments& arguments, const char* option) {
  std::string text = arguments.Text(option);
  if (std::optional<uint64_t> number = ParseDecimal(text); number) return *number;
  return Fail(Code::kInvalid, std::string(option) + " " + ForTerminal(text) + " is no number",
              "give a number, 0 or more");
}

std::string Ended(std::string text) {
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text;
}

// 0: ok. 1: a finding, or values that were erased. 3: nothing found, but the end is signed by nobody.
int ExitCode(audit::VerifyState state) {
  if (state == audit::VerifyState::kNotYetSigned) return kHostCould;
  return state == audit::VerifyState::kOk ? kOk : kFinding;
}

int Verify(const Arguments& arguments) {
  audit::VerifyOptions options;
  options.vkey = arguments.Text("key");
  if (arguments.Has("since-checkpoint")) {
    Result<std::string> kept = ReadFile(arguments.Text("since-checkpoint"), 64 * 1024);
    if (!kept) return Trouble(kept.error()), kMisuse;
    if (kept->empty())
      return Trouble(
          {Code::kInvalid, "the file of --since-checkpoint is empty", "give a copy of a log's file `checkpoint`"});
    options.checkpoint = *kept;
  }
  Result<audit::VerifyReport> report = audit::Verify(LogDirectory(arguments), options);
  if (!report) return Trouble(report.error()), kMisuse;
  Print(Ended(arguments.json() ? audit::VerifyJson(*report) : audit::RenderVerify(*report, Colours())));
  return ExitCode(report->state);
}

int Timeline(const Arguments& arguments) {
  audit::TimelineOptions options;
  if (arguments.Has("session")) {
    Result<uint64_t> session = Number(arguments, "session");
    if (!session) return Trouble(session.error());
    options.session = *session;
  }
  if (arguments.Has("last")) {
    Result<uint64_t> last = Number(arguments, "last");
    if (!last) return Trouble(last.error());
    options.last = *last;
  }
  Result<std::vector<audit::TimelineEntry>> entries = audit::Timeline(LogDirectory(arguments), options);
  if (!entries) return Trouble(entries.error()), kMisuse;
  Print(Ended(arguments.json() ? audit::TimelineJson(*entries)
                               : audit::RenderTimeline(*entries, {Colours(), Columns()})));
  return kOk;
}

int Show(const Arguments& arguments) {
  audit::ShowWhat what;
  bool by_seq = arguments.Has("seq");
  if (by_seq == arguments.Has("CALL"))
    return Trouble({Code::kInvalid, "show needs a call's number, or --seq", "as in `warder audit show 12`"});
  Result<uint64_t> number = Number(arguments, by_seq ? "seq" : "CALL");
  if (!number) return Trouble(number.error());
  (by_seq ? what.seq : what.call) = *number;
  Result<std::string> text = arguments.json() ? audit::ShowJson(LogDirectory(arguments), what)
                                              : audit::Show(LogDirectory(arguments), what, Colours());
  if (!text) return Trouble(text.error()), kMisuse;
  Print(Ended(*text));
  return kOk;
}

int Tail(const Arguments& arguments) {
  audit::TailFrom from;
  if (arguments.Has("count")) {
    Result<uint64_t> count = Number(arguments, "count");
    if (!count) return Trouble(count.error());
    from.count = *count;
  }
  uint64_t next = 0;
  for (;;) {
    Result<std::string> text = audit::Tail(LogDirectory(arguments), from, arguments.json(), &next);
    if (!text) return Trouble(text.error()), kMisuse;
    Print(Ended(*text));
    if (!arguments.Has("follow")) return kOk;
    from.from = next;
    timespec pause{0, 250'000'000};
    nanosleep(&pause, nullptr);
  }
}

std::vector<Option> LogOptions(std::vector<Option> own) {
  own.push_back(
      {OptionKind::kText, "state", "The host's state directory, whose log/ is read (default: /var/lib/warder)", false});
  return own;
}

}  // namespace

std::vector<Command> AuditCommands() {
  Option directory{OptionKind::kPositional, "DIR", "The log directory (default: STATE/log)", false};
  return {{"audit tail", "The last records, one line each", "warder audit tail --count 50",
           LogOptions({directory,
                       {OptionKind::kText, "count", "How many (default: 20)", false},
                       {OptionKind::kFlag, "follow", "Go on with what is recorded from now on", false}}),
           Tail},
          {"audit timeline", "What happened, one entry a call", "warder audit timeline --session 7",
           LogOptions({directory,
                       {OptionKind::kText, "session", "Only this session", false},
                       {OptionKind::kText, "last", "Only the last so many entries", false}}),
           Timeline},
          {"audit show", "Every record of one call, or one record", "warder audit show 12",
           LogOptions({{OptionKind::kPositional, "CALL", "The call's number", false},
                       {OptionKind::kPositional, "DIR", "The log directory (default: STATE/log)", false},
                       {OptionKind::kText, "seq", "One record by its sequence number, instead of a call", false}}),
           Show},
          {"audit verify", "Is the log whole, unchanged and signed? exit 1: no; 3: its end is not yet signed",
           "warder audit verify --since-checkpoint /root/kept-checkpoint /var/lib/warder/log",
           LogOptions({directory,
                       {OptionKind::kText, "key", "The log's public key (vkey), from elsewhere", false},
                       {OptionKind::kText, "since-checkpoint",
                        "A copy of the log's file `checkpoint`, kept elsewhere: the log must extend it", false}}),
           Verify}};
}

}  // namespace warder::cli
