// What of a host file does warderd refuse for what lies on this disk? See on_disk.h.
#include "config/on_disk.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <set>

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
      CheckPolicies(plan_.agents[i], host_.places[i]);
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

  void CheckPolicies(const wire::Agent& agent, const AgentPlaces& places) {
    std::vector<std::shared_ptr<const policy::Policy>> layers;
    for (const wire::LayerFile& file : agent.policies) {
      auto [known, fresh] = judged_.try_emplace({file.layer, file.path});
      if (fresh) known->second = Judge(file, places.policy);
      if (known->second) layers.push_back(known->second);
    }
    if (layers.size() != agent.policies.size()) return;  // told already
    CheckProfile(agent, places, layers);
    if (!together_.insert(layers).second) return;
    JudgedLayers judged = JudgeLayers(std::move(layers));
    for (auto& [file, note] : judged.notes) found_.notes.push_back({file, std::move(note)});
    for (auto& [file, problem] : judged.problems) found_.problems.push_back({file, std::move(problem)});
  }

  // A layer that lacks the profile uses its own default; one that no layer has is refused.
  void CheckProfile(const wire::Agent& agent, const AgentPlaces& places,
                    const std::vector<std::shared_ptr<const policy::Policy>>& layers) {
    if (agent.profile.empty()) return;
    std::vector<std::string_view> names;
    for (const auto& layer : layers)
      for (const policy::Profile& profile : layer->profiles) {
        if (profile.name == agent.profile) return;
        names.push_back(profile.name);
      }
    Problem(places.profile, {Code::kNotFound,
                             "no profile " + Quote(agent.profile) + " in " + agent.policies.back().path +
                                 ": every call of agent " + Quote(agent.name) + " would be refused",
                             policy::DidYouMean(agent.profile, names)});
  }

  // The policy where it may be put in force, else null; what is wrong with it stands at its own lines.
  std::shared_ptr<const policy::Policy> Judge(const wire::LayerFile& file, Where named) {
    if (Status owned = MayBeInForce(file.path, plan_.policy_owner_uids); !owned) {
      Problem(named, {owned.error().code, "the policy " + owned.error().what, owned.error().remedy});
      return nullptr;
    }
    Result<std::string> bytes = ReadFile(file.path, limits::kMaxPolicyBytes);
    if (!bytes) {
      Problem(named, bytes.error());
      return nullptr;
    }
    JudgedPolicy judged = JudgePolicy(file.layer, file.path, *bytes);
    for (policy::LoadProblem& note : judged.notes) found_.notes.push_back({file.path, std::move(note)});
    for (policy::LoadProblem& problem : judged.problems) found_.problems.push_back({file.path, std::move(problem)});
    if (!judged.problems.empty()) return nullptr;
    return std::make_shared<const policy::Policy>(std::move(judged.policy));
  }

  const HostResult& host_;
  const wire::HostPlan& plan_;
  const std::string& file_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const policy::Policy>> judged_;
  std::set<std::vector<std::shared_ptr<const policy::Policy>>> together_;
  OnDisk found_;
};

}  // namespace

Status MayBeInForce(const std::string& path, const std::vector<uint32_t>& owners) {
  WARDER_TRY(UniqueFd fd, OpenReal(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  return CheckOwner(fd.get(), owners, path);
}

OnDisk CheckOnDisk(const HostResult& host, const std::string& file) { return Checker(host, file).Check(); }

}  // namespace warder::config
