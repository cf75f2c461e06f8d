// Who says yes when `warder run` is its own host? See approver.h.
#include "cli/approver.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <ctime>

#include "base/file.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/talk.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace {

using nlohmann::json;

void Pause(long milliseconds) {
  timespec pause{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  nanosleep(&pause, nullptr);
}

void Tell(int terminal, const std::string& text) {
  [[maybe_unused]] Status written = WriteAll(terminal, text);  // a terminal that is gone answers no below
}

// One line from the terminal; only `y` or `yes` is a yes.
bool AsksForYes(int terminal) {
  std::string line;
  for (char c = 0; read(terminal, &c, 1) == 1 && c != '\n';)
    if (line.size() < 16) line += c;
  return line == "y" || line == "yes";
}

void Answer(const std::string& socket, int terminal, const json& approval) {
  json id = approval.value("id", json());
  Result<json> done = json();
  if (terminal < 0) {
    Say("the call needs a person's yes and there is no terminal to ask on: the answer is no");
    done = AskAdmin(socket, "approvals.deny", {{"id", id}, {"message", "no terminal to ask on"}});
  } else {
    // What was typed before the question was no answer to it.
    tcflush(terminal, TCIFLUSH);
    Tell(terminal, "\n" + ApprovalText(approval) + "Allow this once? [y/N] ");
    json parameters{{"id", id}, {"digest", approval.value("digest", json())}};
    done = AsksForYes(terminal) ? AskAdmin(socket, "approvals.approve", parameters)
                                : AskAdmin(socket, "approvals.deny", {{"id", id}});
  }
  if (!done) PrintError(done.error());
}

[[noreturn]] void Watch(const std::string& socket, uint64_t session) {
  UniqueFd terminal(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  for (;; Pause(100)) {
    Result<json> waiting = AskAdmin(socket, "approvals.list");
    if (!waiting) _exit(0);  // the host is gone, and the call with it
    for (const json& approval : waiting->value("approvals", json::array()))
      if (approval.value("session", uint64_t{0}) == session) Answer(socket, terminal.get(), approval);
  }
}

}  // namespace

std::string ApprovalText(const json& approval) {
  const int64_t left = approval.value("left_ms", int64_t{0}) / 1000;
  return SafeText(approval.value("text", ""), true) + "time left: " + std::to_string(left) +
         " s; no answer is a no\n\n";
}

TerminalApprover::TerminalApprover(const std::string& admin_socket, uint64_t session) {
  pid_t parent = getpid();
  child_ = fork();
  if (child_ != 0) return;  // without a child nobody says yes, and the request times out as no
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  Watch(admin_socket, session);
}

TerminalApprover::~TerminalApprover() {
  if (child_ <= 0) return;
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

}  // namespace warder::cli
