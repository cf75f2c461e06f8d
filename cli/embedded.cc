// How do `warder run` and `warder mcp` get a host where none is installed? See embedded.h.
#include "cli/embedded.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <thread>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/file.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/text.h"
#include "cli/connect.h"
#include "cli/embedded_entries.h"
#include "cli/host_process.h"
#include "cli/places.h"
#include "cli/policy_files.h"
#include "cli/starter.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "config/answer.h"
#include "config/on_disk.h"
#include "wire/plan.h"

namespace warder::cli {
namespace {

using nlohmann::json;
constexpr std::chrono::seconds kStartTime{5};

struct Workspace {
  std::string directory;  // canonical
  uid_t owner = 0;
};

Result<Workspace> FindWorkspace(const Arguments& arguments) {
  std::string given = arguments.Text("workspace", ".");
  char resolved[PATH_MAX];
  if (realpath(given.c_str(), resolved) == nullptr) {
    int error = errno;
    return Fail(Code::kNotFound, "workspace " + given + ": " + std::strerror(error),
                "name a directory that exists with --workspace");
  }
  Workspace workspace{resolved, 0};
  struct stat status{};
  if (stat(resolved, &status) != 0) return FailErrno("stat " + workspace.directory);
  if (!S_ISDIR(status.st_mode))
    return Fail(Code::kInvalid, "workspace " + workspace.directory + " is not a directory", "name a directory");
  workspace.owner = status.st_uid;
  return workspace;
}

// The whole disk, a directory of the system, or a home: what no advice may give away.
bool IsNoProject(const std::string& directory) {
  if (std::count(directory.begin(), directory.end(), '/') < 2) return true;
  setpwent();
  bool home = false;
  while (const passwd* user = getpwent()) home = home || directory == user->pw_dir;
  endpwent();
  return home;
}

Status RefuseRootsWorkspace(const Workspace& workspace) {
  if (workspace.owner != 0) return {};
  return Fail(Code::kDenied, "workspace " + workspace.directory + " belongs to root: a jail never writes files of root",
              IsNoProject(workspace.directory)
                  ? "name with --workspace the directory of one project that an ordinary user owns"
                  : "work on a copy that an ordinary user owns, or give the tree to the user whose work it is (`chown "
                    "-R USER: " +
                        workspace.directory + "`)");
}

// The directory of the embedded host, made where it is missing; never one that somebody else could have laid.
Status PrepareDirectory(const std::string& directory) {
  if (directory.empty() || directory[0] != '/')
    return Fail(Code::kInvalid, "--run-dir must be an absolute path", "write it from /");
  for (const std::string& path : {directory, directory + "/policies"}) {
    if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return FailErrno("mkdir " + path);
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0) return FailErrno("stat " + path);
    if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 022) != 0)
      return Fail(Code::kDenied, path + " is not a directory that only root may write",
                  "remove it, or name another --run-dir");
  }
  return {};
}

Result<UniqueFd> Lock(const std::string& directory) {
  std::string path = directory + "/lock";
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return FailErrno("open " + path);
  while (flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR) return FailErrno("lock " + path);
  return fd;
}

std::string HomeDirectory() {
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') return home;
  const passwd* user = getpwuid(geteuid());
  return user != nullptr && user->pw_dir != nullptr ? user->pw_dir : "/root";
}

struct Chosen {
  std::string path;
  std::string digest;
  std::string name;  // as it is told to people
};

// The flag, else the user's own, else the cautious one that is built in (3-protocol, CLI). Never
// one that the agent could rewrite: a file replaced from outside while a command runs loses
// whatever mount protects it in that jail.
Result<Chosen> ChoosePolicy(const Arguments& arguments, const std::string& directory, const std::string& workspace) {
  std::string own = HomeDirectory() + "/.config/warder/policy.yaml";
  std::string path = arguments.Text("policy");
  if (path.empty() && access(own.c_str(), F_OK) == 0) path = own;
  Chosen chosen;
  if (path.empty()) {
    Digest digest = HashSha256(CautiousPolicy());
    chosen = {directory + "/policies/cautious.yaml", Hex(AsBytes(digest)), "the built-in cautious policy"};
    WARDER_TRY_STATUS(ReplaceFile(chosen.path, std::string(CautiousPolicy()), 0644));
    return chosen;
  }
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) == nullptr) {
    int error = errno;
    return Fail(Code::kNotFound, "policy " + path + ": " + std::strerror(error), "name a policy file with --policy");
  }
  if (wire::IsBeneath(resolved, workspace))
    return Fail(
        Code::kDenied,
        std::string("policy ") + resolved + " lies in the workspace " + workspace + ", whose agent could rewrite it",
        "keep it outside: as " + own + ", which needs no --policy, or beside the workspace");
  WARDER_TRY(std::string text, ReadFile(resolved, limits::kMaxPolicyBytes));
  return Chosen{resolved, Hex(AsBytes(HashSha256(text))), std::string("policy ") + resolved};
}

// Root, and the user on whose behalf root runs (sudo(8)): whose files may be policies.
std::vector<uid_t> PolicyOwners() {
  const char* sudo = std::getenv("SUDO_UID");
  std::optional<uint64_t> uid = sudo == nullptr ? std::nullopt : ParseDecimal(sudo, UINT32_MAX - 2);
  if (!uid || *uid == 0) return {};
  return {static_cast<uid_t>(*uid)};
}

std::set<std::string> BusyAgents(const json& status) {
  std::set<std::string> busy;
  for (const json& agent : status.value("agents", json::array()))
    if (agent.value("sessions", 0) > 0) busy.insert(agent.value("name", ""));
  return busy;
}

// The entries that a running host keeps beside the new one: those whose workspace is still there, and none
// that overlaps it. An overlapping one with a living session is a conflict.
Result<std::vector<Entry>> Beside(const std::vector<Entry>& known, const Entry& entry,
                                  const std::set<std::string>& busy) {
  std::vector<Entry> kept;
  for (const Entry& other : known) {
    struct stat status{};
    bool there = stat(other.workspace.c_str(), &status) == 0 && status.st_uid == other.owner;
    if (other.name == entry.name || !EntriesOverlap(other, entry)) {
      if (other.name != entry.name && (there || busy.contains(other.name))) kept.push_back(other);
      continue;
    }
    if (busy.contains(other.name))
      return Fail(Code::kConflict,
                  "workspace " + entry.workspace + " overlaps " + other.workspace +
                      ", in which a session runs under another policy or profile",
                  "wait for it (`warder sessions list`), or use the same policy and workspace");
  }
  kept.push_back(entry);
  return kept;
}

struct Place {
  std::string directory, state, host_file, admin_socket;
};

Status Serve(const Place& place, const Served& served) {
  std::string text = HostFileText(place.directory, served, PolicyOwners());
  WARDER_TRY_STATUS(ReplaceFile(place.host_file, text, 0644));
  return WriteServed(place.directory, served);
}

// What a host would refuse of the policy is told before one is started or reloaded for it.
Status CheckPolicy(const Entry& entry) {
  std::vector<uint32_t> owners{0};
  for (uid_t uid : PolicyOwners()) owners.push_back(uid);
  if (Status owned = config::MayBeInForce(entry.policy, owners); !owned)
    return Fail(Code::kInvalid, "the policy " + owned.error().what, owned.error().remedy);
  WARDER_TRY(std::string bytes, ReadFile(entry.policy, limits::kMaxPolicyBytes));
  config::JudgedPolicy judged = config::JudgePolicy("project", entry.policy, bytes);
  auto policy = std::make_shared<const policy::Policy>(std::move(judged.policy));
  if (judged.problems.empty())
    for (auto& [file, problem] : config::JudgeLayers({policy}).problems) judged.problems.push_back(std::move(problem));
  if (!judged.problems.empty()) {
    const policy::LoadProblem& first = judged.problems.front();
    return Fail(Code::kInvalid,
                At(entry.policy, first.where) + ": " + first.what + (first.remedy.empty() ? "" : "; " + first.remedy),
                "`warder policy check " + entry.policy + "` says all that is wrong");
  }
  return CheckProfile(*policy, entry.profile);
}

Status StartWith(const Place& place, const Entry& entry) {
  WARDER_TRY_STATUS(CheckPolicy(entry));
  WARDER_TRY_STATUS(Serve(place, {place.state, {entry}}));
  std::vector<std::string> options{"--host-file", place.host_file, "--embedded", "--stop-after-idle", "60"};
  std::string log = place.directory + "/warderd.log";
  WARDER_TRY([[maybe_unused]] pid_t pid, StartHost(options, place.admin_socket, log, kStartTime));
  return {};
}

Status JoinRunning(const Place& place, const Entry& entry, const json& status) {
  WARDER_TRY(Served known, ReadServed(place.directory));
  if (known.state != place.state)
    return Fail(Code::kConflict, "the embedded host that runs keeps its state in " + known.state,
                "use that --state, or another --run-dir for a second embedded host");
  auto same = std::find_if(known.entries.begin(), known.entries.end(), [&](const Entry& e) {
    return e.name == entry.name && e.policy_digest == entry.policy_digest && e.owner == entry.owner;
  });
  if (same != known.entries.end()) return {};
  WARDER_TRY_STATUS(CheckPolicy(entry));
  WARDER_TRY(std::vector<Entry> entries, Beside(known.entries, entry, BusyAgents(status)));
  WARDER_TRY_STATUS(Serve(place, {place.state, std::move(entries)}));
  Result<json> reloaded = AskAdmin(place.admin_socket, "reload");
  if (reloaded) return {};
  // All or nothing: what the host still serves is what the files must say.
  WARDER_TRY_STATUS(Serve(place, known));
  return std::unexpected(reloaded.error());
}

struct Reached {
  UniqueFd connection;
  bool started = false;
};

// The status of a host that takes sessions. One that drains, or whose socket accepts and says
// nothing, is ending (or beginning): it is waited for, so that the next one finds its sockets and
// its lock free. All tries share kStartTime.
Result<json> AskServing(const Place& place) {
  const auto end = std::chrono::steady_clock::now() + kStartTime;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    Result<json> status =
        AskAdmin(place.admin_socket, "status", json::object(), std::max(left, std::chrono::milliseconds(1)));
    if (status && !status->value("draining", false)) return status;
    if (Result<UniqueFd> listens = ConnectTo(place.admin_socket);
        !status && !listens && listens.error().code == Code::kUnavailable)
      return status;
    if (std::chrono::steady_clock::now() >= end)
      return Fail(Code::kConflict,
                  "the embedded host at " + place.directory +
                      (status ? " drains and has calls left" : " takes connections and does not answer"),
                  status ? "wait for them, or see `warder sessions list`"
                         : "see " + place.directory + "/warderd.log, and end that host");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// Twice: a host that was idle for its 60 s may end between its answer and our connection.
Result<Reached> Reach(const Place& place, const Entry& entry) {
  std::string socket = EmbeddedRun(place.directory) + "/agents/" + entry.name + ".sock";
  for (int attempt = 0;; ++attempt) {
    Result<json> status = AskServing(place);
    if (!status && status.error().code == Code::kConflict) return std::unexpected(status.error());
    WARDER_TRY_STATUS(status ? JoinRunning(place, entry, *status) : StartWith(place, entry));
    Result<UniqueFd> connection = ConnectAs(EntryUid(entry.name), socket);
    if (connection) return Reached{std::move(*connection), !status};
    if (attempt > 0 || connection.error().code != Code::kUnavailable) return std::unexpected(connection.error());
  }
}

Result<std::string> CheckedState(const Arguments& arguments) {
  std::string state = StateDirectory(arguments);
  if (!wire::ValidPath(state) || state == "/")
    return Fail(Code::kInvalid, "--state " + state + " is not a plain absolute path",
                "write it from /, without . or ..");
  // Two hosts in one state directory would be two writers of one log.
  if (ConnectTo(std::string(kInstalledRun) + "/admin.sock") && state == kInstalledState)
    return Fail(Code::kConflict, "an installed host is running and keeps its log in " + state,
                "have root add you as an agent to its host file, or name another --state for an embedded host");
  return state;
}

Result<Joined> JoinEmbedded(const Arguments& arguments) {
  if (geteuid() != 0)
    return Fail(Code::kUnsupported,
                "an embedded host needs root: the rootless jail of an ordinary user is not built in this version",
                "run it with sudo, or have root install a host that names you as an agent (docs/tutorial.md)");
  WARDER_TRY(Workspace workspace, FindWorkspace(arguments));
  WARDER_TRY_STATUS(RefuseRootsWorkspace(workspace));
  Place place;
  place.directory = EmbeddedDirectory(arguments);
  WARDER_TRY(place.state, CheckedState(arguments));
  place.host_file = place.directory + "/host.yaml";
  place.admin_socket = EmbeddedRun(place.directory) + "/admin.sock";
  WARDER_TRY_STATUS(PrepareDirectory(place.directory));
  WARDER_TRY(Chosen policy, ChoosePolicy(arguments, place.directory, workspace.directory));
  std::string profile = arguments.Text("profile");
  Entry entry{EntryName(workspace.directory, policy.path, profile),
              workspace.directory,
              workspace.owner,
              policy.path,
              policy.digest,
              profile};
  for (const std::string& text : {entry.workspace, entry.policy, entry.profile, place.state, place.directory})
    if (Result<std::string> quoted = YamlQuote(text); !quoted) return std::unexpected(quoted.error());
  // Held until we are connected, so that of two that begin together the second joins.
  WARDER_TRY(UniqueFd lock, Lock(place.directory));
  WARDER_TRY(Reached reached, Reach(place, entry));
  Say("embedded host " + std::string(reached.started ? "started" : "joined") + ": " + policy.name +
      ", jail tier namespace, separation by uid (asked as " + std::to_string(EntryUid(entry.name)) +
      ", approved by root), workspace " + ForTerminal(entry.workspace) + " in mode direct");
  return Joined{std::move(reached.connection), entry.name, entry.workspace, place.admin_socket, place.state};
}

// The sockets of an installed host that let this uid in; nothing where it is not running or not ours.
Result<Joined> JoinInstalled() {
  std::error_code error;
  std::string agents = std::string(kInstalledRun) + "/agents";
  std::vector<std::string> sockets;
  for (const auto& item : std::filesystem::directory_iterator(agents, error)) sockets.push_back(item.path());
  std::sort(sockets.begin(), sockets.end());
  for (const std::string& socket : sockets) {
    // Root could open each; the host would refuse the uid. Root is a person there, not an agent.
    if (geteuid() == 0) break;
    if (Result<UniqueFd> fd = ConnectTo(socket); fd) {
      std::string name = std::filesystem::path(socket).stem();
      Say("installed host: agent " + name);
      return Joined{std::move(*fd), name, "", "", kInstalledState};
    }
  }
  return Fail(Code::kNotFound, "no installed host serves this uid");
}

}  // namespace

std::string AuditShow(const Joined& joined, const std::string& call) {
  if (joined.state.empty() || access((joined.state + "/log").c_str(), R_OK) != 0) return "";
  return "warder audit show " + call + (joined.state == kInstalledState ? "" : " --state " + ShellQuote(joined.state));
}

Result<Joined> JoinHost(const Arguments& arguments) {
  if (arguments.Has("socket")) {
    std::string socket = arguments.Text("socket");
    WARDER_TRY(UniqueFd connection, ConnectTo(socket));
    return Joined{std::move(connection), std::filesystem::path(socket).stem(), "", "", ""};
  }
  if (!arguments.Has("run-dir") && !arguments.Has("state") && !arguments.Has("policy"))
    if (Result<Joined> joined = JoinInstalled(); joined) return joined;
  return JoinEmbedded(arguments);
}

std::vector<Option> JoinOptions(std::vector<Option> own) {
  for (const Option& option : std::initializer_list<Option>{
           {OptionKind::kText, "policy",
            "Policy file (default: ~/.config/warder/policy.yaml, else the built-in cautious one)", false},
           {OptionKind::kText, "profile", "Profile of that policy (default: its default-profile)", false},
           {OptionKind::kText, "workspace", "The directory that the work is about (default: the current one)", false},
           {OptionKind::kText, "socket", "An agent socket of a running host, instead of an embedded one", false},
           {OptionKind::kText, "state", "State of the embedded host (default: /var/lib/warder)", false},
           {OptionKind::kText, "run-dir", "Directory of the embedded host (default: /run/warder-embedded-root)",
            false}})
    own.push_back(option);
  return own;
}

}  // namespace warder::cli
