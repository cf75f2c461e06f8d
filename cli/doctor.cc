// `warder doctor`: what can this machine enforce? Proved by a probe jail, not read from a version.
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/host_process.h"
#include "cli/places.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "config/host_file.h"

namespace warder::cli {
namespace {

using nlohmann::json;

constexpr size_t kMaxProbeBytes = 1024 * 1024;

struct Probed {
  bool ok = false;
  std::string text;  // stdout, then stderr
};

// `warderd --probe`: builds one jail whose forbidden acts must fail, prints a line for each.
Result<Probed> RunProbe() {
  WARDER_TRY(std::string program, ProgramOfOurs("warderd"));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return FailErrno("pipe");
  UniqueFd read_end(ends[0]), write_end(ends[1]);
  pid_t child = fork();
  if (child < 0) return FailErrno("fork");
  if (child == 0) {
    dup2(write_end.get(), 1);
    dup2(write_end.get(), 2);
    execl(program.c_str(), "warderd", "--probe", nullptr);
    _exit(127);
  }
  write_end.Reset();
  Result<std::string> text = ReadAll(read_end.get(), kMaxProbeBytes);
  int status = 0;
  waitpid(child, &status, 0);
  if (!text) return std::unexpected(text.error());
  return Probed{WIFEXITED(status) && WEXITSTATUS(status) == 0, *text};
}

int LandlockVersion() {
  long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : static_cast<int>(version);
}

struct Line {
  std::string name, says;
};

std::vector<Line> Facts() {
  utsname name{};
  uname(&name);
  return {{"kernel", name.release},
          {"landlock", "ABI " + std::to_string(LandlockVersion())},
          {"jail tiers", "namespace (as root); rootless, landlock, oci, microvm: not built in this version"},
          {"exec guard", "none"},
          {"workspace modes", "direct; copy-on-write: not built in this version"}};
}

// The host file that is asked for, else the one that is installed or that an embedded host wrote.
std::string HostFileOf(const Arguments& arguments) {
  if (arguments.Has("host-file")) return arguments.Text("host-file");
  for (const std::string& file : {std::string(kInstalledHostFile), EmbeddedDirectory(arguments) + "/host.yaml"})
    if (access(file.c_str(), R_OK) == 0) return file;
  return "";
}

// The disk of the log as the ledger will judge it; false: it would take no new record.
Result<std::pair<bool, Line>> LogDisk(const std::string& host_file) {
  constexpr const char* kDefaults = "host: 1\n";
  wire::LedgerSettings ledger;
  if (host_file.empty()) {
    config::SystemAccounts accounts;
    ledger = config::LoadHostFile(kDefaults, accounts).plan.ledger;
  } else {
    WARDER_TRY(config::HostResult loaded, config::LoadHostFileAt(host_file));
    if (!loaded.problems.empty())
      return std::pair(
          false, Line{"host file", host_file + " can not be used: `warder host check " + host_file + "` says why"});
    ledger = loaded.plan.ledger;
  }
  // Before the first start the directory is not there, and its disk is its parent's.
  std::filesystem::path directory = ledger.directory;
  struct statvfs disk{};
  while (statvfs(directory.c_str(), &disk) != 0) {
    if (errno != ENOENT || !directory.has_relative_path()) return FailErrno("statvfs " + directory.string());
    directory = directory.parent_path();
  }
  const uint64_t free = uint64_t{disk.f_bavail} * disk.f_frsize;
  const bool enough = free >= ledger.free_refuse_bytes;
  return std::pair(enough,
                   Line{"log disk", ledger.directory + ": " + SizeText(free) + " free; " +
                                        (enough ? "under " + SizeText(ledger.free_refuse_bytes) +
                                                      " (ledger.free-space.refuse) no call would run"
                                                : "no call runs, it must keep " + SizeText(ledger.free_refuse_bytes) +
                                                      " (ledger.free-space.refuse): free space there")});
}

std::vector<Line> Lines(const std::string& text) {
  std::vector<Line> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    size_t colon = line.find(": ");
    // The probe tries in a jail what must fail there, a word for each act.
    if (size_t space = line.find(' '); colon == std::string::npos && space != std::string::npos) {
      const std::string says = line.substr(space + 1);
      lines.push_back({line.substr(0, space), says == "ok" ? "ok: tried in a jail and refused" : says});
    } else if (colon == std::string::npos) {
      lines.push_back({"", line});
    } else if (line.substr(0, colon) != "kernel") {  // told already
      lines.push_back({line.substr(0, colon), line.substr(colon + 2)});
    }
  }
  return lines;
}

int Doctor(const Arguments& arguments) {
  std::vector<Line> lines = Facts();
  Result<std::pair<bool, Line>> disk = LogDisk(HostFileOf(arguments));
  if (!disk) return Trouble(disk.error());
  lines.push_back(disk->second);
  bool ok = false;
  if (geteuid() != 0) {
    lines.push_back({"probe", "not run: building a jail needs root; run `sudo warder doctor`"});
  } else {
    Result<Probed> probed = RunProbe();
    if (!probed) return Trouble(probed.error());
    ok = probed->ok && disk->first;
    for (const Line& line : Lines(probed->text)) lines.push_back(line);
  }
  if (arguments.json()) {
    json all = json::array();
    for (const Line& line : lines) all.push_back({{"name", line.name}, {"says", line.says}});
    Print(JsonLines({{"ok", ok}, {"lines", all}}));
  } else {
    std::vector<std::vector<std::string>> rows;
    for (const Line& line : lines) rows.push_back({ForTerminal(line.name), ForTerminal(line.says)});
    Print(Table(rows));
    Print(ok ? Paint(1, Colour::kGreen, "this machine can serve the namespace tier") + "\n"
             : Paint(1, Colour::kRed, "not proved: what could not be proved is not served") + "\n");
  }
  return ok ? kOk : kFinding;
}

}  // namespace

std::vector<Command> DoctorCommands() {
  return {{"doctor",
           "What can this machine enforce? Proved by a probe jail; exit 1 where it could not be proved",
           "sudo warder doctor",
           {{OptionKind::kText, "host-file",
             "Whose log's disk is looked at (default: the installed or the embedded host's)", false},
            {OptionKind::kText, "run-dir", "The directory of an embedded host", false}},
           Doctor}};
}

}  // namespace warder::cli
