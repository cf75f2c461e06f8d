// `warder demo`: the main job on real input, in ten seconds, for a person who has never seen warder.
#include "cli/demo.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>

#include "audit/timeline.h"
#include "audit/verify.h"
#include "base/packet.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/host_process.h"
#include "cli/talk.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace demo {

void SendEvent(int events, const nlohmann::json& event) {
  // Where the printing process is gone, the demo is over and nobody is left to be told.
  [[maybe_unused]] Status sent =
      SendPacket(events, event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace demo

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr std::chrono::seconds kStartTime{5};
constexpr std::chrono::seconds kStopTime{10};

Result<demo::Places> MakePlaces() {
  // Not /tmp, which jails have of their own. One file system for project and trash.
  char pattern[] = "/srv/warder-demo.XXXXXX";
  if (mkdtemp(pattern) == nullptr) return FailErrno("mkdtemp in /srv");
  if (chmod(pattern, 0755) != 0) return FailErrno("chmod");
  std::string d = pattern;
  return demo::Places{d,
                      d + "/project",
                      d + "/policy.yaml",
                      d + "/warder.yaml",
                      d + "/run",
                      d + "/state",
                      d + "/state/log",
                      d + "/run/agents/demo.sock",
                      d + "/run/admin.sock"};
}

struct Actor {
  pid_t pid = -1;
  UniqueFd events;
};

// A child of another uid, which speaks for itself: the kernel tells the host who it is.
Result<Actor> Start(const demo::Places& places, uid_t uid, bool (*act)(const demo::Places&, int)) {
  WARDER_TRY(PacketPair pair, MakePacketPair());
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0) return FailErrno("fork");
  if (child > 0) return Actor{child, std::move(pair.first)};
  pair.first.Reset();
  bool dropped = setgroups(0, nullptr) == 0 && setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0;
  if (!dropped || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(3);
  _exit(act(places, pair.second.get()) ? 0 : 1);
}

class Printer {
 public:
  explicit Printer(bool json_only) : json_only_(json_only) {}

  void Event(const json& event) {
    std::string kind = event.value("kind", "");
    if (kind == "answer" && !event.value("good", false)) good_ = false;
    if (kind == "step") ++steps_;
    events_.push_back(event);
    if (json_only_) return;
    if (kind == "step")
      Print("\n" + Paint(1, Colour::kBold, std::to_string(steps_) + ". " + Shown(event, "title")) + "\n   agent     " +
            Shown(event, "asks") + "\n");
    if (kind == "operator") Print("   " + Paint(1, Colour::kYellow, "operator") + "  " + Shown(event, "text") + "\n");
    if (kind == "answer") Answer(event);
  }

  bool good() const { return good_ && steps_ > 0; }
  int steps() const { return steps_; }
  const json& events() const { return events_; }

 private:
  void Answer(const json& event) {
    Colour colour = event.value("refused", false) ? Colour::kRed : Colour::kGreen;
    Print("   " + Paint(1, colour, "warder") + "    " + Shown(event, "text") + "\n");
    if (!event.value("good", false)) {
      Print("   " + Paint(1, Colour::kRed, "THIS IS NOT WHAT MUST HAPPEN") + "\n");
      if (event.contains("answer")) Print(JsonLines(event["answer"]));
    }
  }

  bool json_only_;
  bool good_ = true;
  int steps_ = 0;
  json events_ = json::array();
};

bool WaitFor(pid_t pid) {
  int status = 0;
  return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Prints what the actors say, until both have ended.
void Listen(Printer* printer, const Actor& agent, const Actor& person) {
  pollfd ends[2] = {{agent.events.get(), POLLIN, 0}, {person.events.get(), POLLIN, 0}};
  while (ends[0].fd >= 0) {
    if (poll(ends, 2, -1) < 0) return;
    for (pollfd& end : ends) {
      if (end.fd < 0 || end.revents == 0) continue;
      Result<std::optional<Packet>> packet = ReceivePacket(end.fd);
      if (!packet || !*packet)
        end.fd = -1;
      else
        printer->Event(json::parse((*packet)->bytes, nullptr, false));
    }
  }
}

Result<bool> Work(const demo::Places& places, Printer* printer) {
  WARDER_TRY(Actor agent, Start(places, demo::kAgent, demo::RunAgent));
  Result<Actor> person = Start(places, demo::kOperator, demo::RunOperator);
  if (!person) {
    kill(agent.pid, SIGKILL);
    waitpid(agent.pid, nullptr, 0);
    return std::unexpected(person.error());
  }
  Listen(printer, agent, *person);
  bool good = WaitFor(agent.pid);
  // Without a second request it would wait on: the agent's end is the end.
  if (!good) kill(person->pid, SIGKILL);
  return WaitFor(person->pid) && good;
}

void Introduce(const demo::Places& places) {
  Print(Paint(1, Colour::kBold, "warder demo") +
        ": an agent that nobody trusts works on a real project.\n\n"
        "   project   " +
        places.project + " (a git repository, of uid " + std::to_string(demo::kOwner) +
        ")\n"
        "   agent     uid " +
        std::to_string(demo::kAgent) +
        ", speaks MCP to warder's socket; it has no other way in\n"
        "   operator  uid " +
        std::to_string(demo::kOperator) +
        ", the person who may say yes\n"
        "   warder    decides each call by " +
        places.policy +
        ", writes it down before it happens,\n"
        "             runs it in a jail of its own, and can take deletions back\n");
}

// The log, read from its files after the host has stopped; false where it does not verify.
bool Review(const demo::Places& places, bool json_only, json* out) {
  Result<std::vector<audit::TimelineEntry>> entries = audit::Timeline(places.log);
  Result<audit::VerifyReport> report = audit::Verify(places.log);
  if (!entries || !report) {
    PrintError(!entries ? entries.error() : report.error());
    return false;
  }
  (*out)["verify"] = report->verdict;
  if (json_only) return report->ok;
  bool colour = Paint(1, Colour::kBold, "x").size() > 1;
  Print("\n" + Paint(1, Colour::kBold, "What the log says") + " (warder audit timeline " + places.log + ")\n\n");
  Print(audit::RenderTimeline(*entries, {colour, 0}));
  Print("\n" + Paint(1, Colour::kBold, "Can it be believed?") + " (warder audit verify " + places.log + ")\n\n");
  Print(audit::RenderVerify(*report, colour) + "\n");
  return report->ok;
}

struct Host {
  pid_t pid = -1;
  ~Host() {
    if (pid > 0) StopHost(pid, kStopTime);
  }
};

Result<bool> Play(const demo::Places& places, Printer* printer, bool json_only, json* out) {
  WARDER_TRY_STATUS(demo::MakeProject(places));
  WARDER_TRY_STATUS(demo::WriteHost(places));
  Host host;
  WARDER_TRY(host.pid, StartHost({"--host-file", places.host_file}, places.admin_socket,
                                 places.directory + "/warderd.log", kStartTime));
  if (!json_only) Introduce(places);
  WARDER_TRY(bool worked, Work(places, printer));
  int code = StopHost(host.pid, kStopTime);
  host.pid = -1;
  if (code != 0) Say("the host ended with " + std::to_string(code));
  bool believed = Review(places, json_only, out);
  return worked && printer->good() && believed && code == 0;
}

int Demo(const Arguments& arguments) {
  if (geteuid() != 0)
    return Trouble({Code::kUnsupported, "the demo needs root: it sets up a whole host with uids of its own",
                    "run `sudo warder demo`"});
  Result<demo::Places> places = MakePlaces();
  if (!places) return Trouble(places.error());
  Printer printer(arguments.json());
  json out;
  Result<bool> good = Play(*places, &printer, arguments.json(), &out);
  if (!good) PrintError(good.error());
  bool all_good = good && *good;
  if (arguments.json()) {
    out["good"] = all_good;
    out["events"] = printer.events();
    Print(JsonLines(out));
  } else if (good) {
    Print("\n" +
          (all_good ? Paint(1, Colour::kGreen, std::to_string(printer.steps()) + " steps, each came out as it must.")
                    : Paint(1, Colour::kRed, "Not every step came out as it must.")) +
          "\n");
  }
  if (arguments.Has("keep")) {
    if (!arguments.json()) Print("Kept: " + places->directory + "\n");
  } else {
    std::error_code error;
    fs::remove_all(places->directory, error);
    if (error) Say(places->directory + " was not removed: " + error.message());
  }
  return !good ? kHostCould : all_good ? kOk : kFinding;
}

}  // namespace

std::vector<Command> DemoCommands() {
  return {{"demo",
           "An agent at work on a real project, refused where it must be; needs root, leaves nothing behind",
           "sudo warder demo --keep",
           {{OptionKind::kFlag, "keep", "Leave project, log and trash for a look", false}},
           Demo}};
}

}  // namespace warder::cli
