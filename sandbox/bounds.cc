// Is a plan within the bounds? See bounds.h.
#include "sandbox/bounds.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

namespace warder::jailer {
namespace {

std::unexpected<Error> Beyond(std::string what) {
  return Fail(Code::kDenied, "plan beyond the host's bounds: " + std::move(what));
}

Status CheckTrees(const wire::RunPlan& plan, const wire::Agent& agent, const wire::Bounds& bounds) {
  const std::string& workspace = agent.workspace.directory;
  if (plan.trees[0].path != workspace) return Beyond("the first tree is not the agent's workspace");
  for (size_t i = 1; i < plan.trees.size(); ++i) {
    const wire::Tree& tree = plan.trees[i];
    // A part of the workspace that may be written where the rest may not.
    if (wire::IsBeneath(tree.path, workspace) && tree.path != workspace) {
      if (tree.executable && !plan.trees[0].executable)
        return Beyond(tree.path + " would be executable, and the workspace not");
      continue;
    }
    if (std::none_of(bounds.sources.begin(), bounds.sources.end(),
                     [&](const std::string& source) { return wire::IsBeneath(tree.path, source); }))
      return Beyond(tree.path + " is beneath no entry of bounds.sources");
    if (tree.writable || tree.executable) return Beyond(tree.path + " would be writable or executable");
    if (wire::IsBeneath(workspace, tree.path)) return Beyond(tree.path + " and the workspace overlap");
  }
  return {};
}

struct LimitLine {
  const char* name;
  uint64_t wire::Limits::* value;
};
constexpr LimitLine kLimitLines[] = {
    {"wall", &wire::Limits::wall_ms},    {"cpu", &wire::Limits::cpu_ms},  {"memory", &wire::Limits::memory_bytes},
    {"pids", &wire::Limits::pids},       {"files", &wire::Limits::files}, {"output", &wire::Limits::output_bytes},
    {"disk", &wire::Limits::disk_bytes},
};

bool Sealed(int fd) {
  int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_WRITE) != 0 && (seals & F_SEAL_SEAL) != 0;
}

bool PacketSocket(int fd) {
  int domain = 0, type = 0;
  socklen_t size = sizeof domain;
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
         getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

bool RightKind(wire::DescriptorRole role, int fd, const struct stat& status, int access) {
  switch (role) {
    case wire::DescriptorRole::kOutput:
      return S_ISSOCK(status.st_mode) && PacketSocket(fd);
    case wire::DescriptorRole::kStdin:
      return (S_ISFIFO(status.st_mode) && access == O_RDONLY) || (S_ISREG(status.st_mode) && Sealed(fd));
    case wire::DescriptorRole::kContent:
      return S_ISREG(status.st_mode) && Sealed(fd);
  }
  return false;
}

}  // namespace

Status CheckRun(const wire::RunPlan& plan, const wire::Agent& agent, const wire::Bounds& bounds) {
  if (plan.agent != agent.name) return Beyond("the agent is not the session's");
  if (std::find(bounds.roots.begin(), bounds.roots.end(), plan.root) == bounds.roots.end())
    return Beyond("root " + plan.root + " is not in bounds.roots");
  WARDER_TRY_STATUS(CheckTrees(plan, agent, bounds));
  for (const LimitLine& line : kLimitLines)
    if (plan.limits.*line.value > bounds.limits.*line.value)
      return Beyond(std::string("limit ") + line.name + " of " + std::to_string(plan.limits.*line.value) +
                    ", at most " + std::to_string(bounds.limits.*line.value));
  return {};
}

Status CheckChange(const wire::ChangePlan& plan, const wire::Agent& agent) {
  if (plan.agent != agent.name) return Beyond("the agent is not the session's");
  if (plan.workspace != agent.workspace.directory) return Beyond("not the agent's workspace");
  return {};
}

Status CheckDescriptors(const std::vector<wire::Descriptor>& listed, const std::vector<UniqueFd>& came) {
  auto refuse = [](size_t i, const char* why) {
    return Fail(Code::kDenied, "descriptor " + std::to_string(i) + " of the plan: " + why);
  };
  if (listed.size() != came.size())
    return Fail(Code::kDenied, "the plan lists " + std::to_string(listed.size()) + " descriptors, " +
                                   std::to_string(came.size()) + " came");
  for (size_t i = 0; i < came.size(); ++i) {
    struct statx told;
    struct stat status{};
    int flags = fcntl(came[i].get(), F_GETFL);
    // No question to a file server that may never answer: what a FUSE file is does not matter, it is of no kind wanted.
    if (flags < 0 || statx(came[i].get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &told) != 0)
      return FailErrno("statx of a descriptor");
    status.st_dev = makedev(told.stx_dev_major, told.stx_dev_minor);
    status.st_ino = told.stx_ino;
    status.st_mode = told.stx_mode;
    int access = flags & O_ACCMODE;
    if ((flags & O_PATH) != 0) return refuse(i, "opened by O_PATH");
    if (status.st_dev != listed[i].dev || status.st_ino != listed[i].ino) return refuse(i, "another file came");
    if (access != listed[i].access) return refuse(i, "another access mode came");
    if (!RightKind(listed[i].role, came[i].get(), status, access)) return refuse(i, "not of a kind for its role");
  }
  return {};
}

}  // namespace warder::jailer
