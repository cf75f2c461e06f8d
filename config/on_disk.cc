// What of a host file does warderd refuse for what lies on this disk? See on_disk.h.
#include "config/on_disk.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <map>

#include "base/file.h"
#include "base/limits.h"
#include "base/owner_check.h"
#include "base/unique_fd.h"
#include "config/answer.h"
#include "policy/schema.h"

namespace warder::config {
namespace {

using policy::Quote;
using policy::Where;

// Through no symlink, as warderd opens: what was compared with the workspaces is the real path.
Result<UniqueFd> OpenReal(const std::string& path, uint64_t flags) {
  open_how how{.flags = flags | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_NO_SYMLINKS};
  UniqueFd fd(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (fd) return fd;
  const int error = errno;
  if (error == ELOOP)
    return Fail(Code::kDenied, path + " leads through a symlink", "name the real path (realpath " + path + ")");
  if (error == EACCES) return Fail(Code::kDenied, path + " can not be read", "run the check as root");
  return Fail(error == ENOENT ? Code::kNotFound : Code::kSystem, path + ": " + std::strerror(error),
              error == ENOENT ? "make it, or name another" : "");
}

class Checker {
 public:
  Checker(const HostResult& host, const std::string& file) : host_(host), plan_(host.plan), file_(file) {}

  OnDisk Check() {
    if (Status owned = MayBeInForce(file_, {0}); !owned) Problem({1, 1}, owned.error());
    CheckCeilings();
    CheckDirectories();
    for (size_t i = 0; i < plan_.agents.size(); ++i) {
      CheckWorkspace(plan_.agents[i].workspace, host_.places[i].workspace);
      CheckPolicy(plan_.agents[i], host_.places[i]);
    }
    return std::move(found_);
  }

 private:
  void Problem(Where where, const Error& error) {
    found_.problems.push_back({file_, {where, error.what, error.remedy}});
  }

  void CheckCeilings() {
    if (Status held = wire::ValidateHost(plan_, /*embedded=*/false); !held) Problem({1, 1}, held.error());
  }

  // What warderd makes where it is missing, and takes only when it is its own.
  void CheckDirectories() {
    struct {
      const std::string& path;
      uint32_t uid;
    } const own[] = {{plan_.state_directory, 0}, {plan_.run_directory, 0}, {plan_.ledger.directory, plan_.ledger_uid}};
    for (const auto& [path, uid] : own) {
      struct stat status{};
      if (lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) continue;
        Problem(host_.paths, {Code::kSystem, path + ": " + std::strerror(errno), ""});
      } else if (!S_ISDIR(status.st_mode) || status.st_uid != uid || (status.st_mode & 022) != 0) {
        Problem(host_.paths,
                {Code::kDenied, path + " is no directory that belongs to uid " + std::to_string(uid) + " alone",
                 "chown it, and take the others' right to write away"});
      }
    }
    const std::string& stop = plan_.stop_file;
    if (stop.empty()) return;
    const std::string directory = stop.substr(0, std::max<size_t>(stop.rfind('/'), 1));
    if (access(directory.c_str(), F_OK) != 0)
      Problem(host_.paths, {Code::kNotFound, "paths.stop-file: " + directory + " is not there", "make the directory"});
  }

  void CheckWorkspace(const wire::Workspace& workspace, Where where) {
    auto fd = OpenReal(workspace.directory, O_DIRECTORY | O_PATH);
    if (!fd) return Problem(where, {fd.error().code, "the workspace " + fd.error().what, fd.error().remedy});
    struct stat status{};
    if (fstat(fd->get(), &status) != 0)
      return Problem(where, {Code::kSystem, workspace.directory + ": " + std::strerror(errno), ""});
    if (status.st_uid != workspace.owner_uid)
      Problem(where, {Code::kConflict,
                      "the workspace " + workspace.directory + " belongs to uid " + std::to_string(status.st_uid) +
                          ", and `owner` says " + std::to_string(workspace.owner_uid),
                      "name the owner of the directory under `owner`"});
  }

  void CheckPolicy(const wire::Agent& agent, const AgentPlaces& places) {
    auto [known, fresh] = judged_.try_emplace(agent.policy);
    if (fresh) Judge(agent.policy, places.policy, known->second);
    if (!known->second || agent.profile.empty()) return;
    const policy::Policy& policy = *known->second;
    std::vector<std::string_view> names;
    for (const policy::Profile& profile : policy.profiles) {
      if (profile.name == agent.profile) return;
      names.push_back(profile.name);
    }
    Problem(places.profile, {Code::kNotFound,
                             "no profile " + Quote(agent.profile) + " in " + agent.policy + ": every call of agent " +
                                 Quote(agent.name) + " would be refused",
                             policy::DidYouMean(agent.profile, names)});
  }

  // The policy where it may be put in force; what is wrong with it stands at its own lines.
  void Judge(const std::string& path, Where named, std::optional<policy::Policy>& out) {
    if (Status owned = MayBeInForce(path, plan_.policy_owner_uids); !owned)
      return Problem(named, {owned.error().code, "the policy " + owned.error().what, owned.error().remedy});
    Result<std::string> bytes = ReadFile(path, limits::kMaxPolicyBytes);
    if (!bytes) return Problem(named, bytes.error());
    JudgedPolicy judged = JudgePolicy(path, *bytes);
    for (policy::LoadProblem& note : judged.notes) found_.notes.push_back({path, std::move(note)});
    for (policy::LoadProblem& problem : judged.problems) found_.problems.push_back({path, std::move(problem)});
    if (judged.problems.empty()) out = std::move(judged.policy);
  }

  const HostResult& host_;
  const wire::HostPlan& plan_;
  const std::string& file_;
  std::map<std::string, std::optional<policy::Policy>> judged_;
  OnDisk found_;
};

}  // namespace

Status MayBeInForce(const std::string& path, const std::vector<uint32_t>& owners) {
  WARDER_TRY(UniqueFd fd, OpenReal(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  return CheckOwner(fd.get(), owners, path);
}

OnDisk CheckOnDisk(const HostResult& host, const std::string& file) { return Checker(host, file).Check(); }

}  // namespace warder::config
