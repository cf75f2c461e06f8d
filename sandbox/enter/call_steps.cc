// Steps about the call itself: the plan comes in; what is named after the session and sized for the
// call.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/file.h"
#include "base/limits.h"
#include "base/packet.h"
#include "sandbox/enter/jail.h"
#include "sandbox/enter/mount_calls.h"
#include "sandbox/tables/etc_files.h"

namespace warder::enter {
namespace {

// Only what counts for hands and for the probe: they have no commands.
Status CheckView(const wire::RunPlan& plan) {
  if (plan.root != "host-usr" || !plan.overlays.empty() || plan.network != wire::Network::kNone)
    return Fail(Code::kUnsupported, "a root, overlay or network that is not built");
  if (plan.trees.size() > 64 || plan.covers.size() > limits::kMaxMasks)
    return Fail(Code::kLimit, "too many trees or covers");
  for (const wire::Tree& tree : plan.trees)
    if (!wire::ValidPath(tree.path) || tree.path == "/") return Fail(Code::kInvalid, "a tree without a path");
  for (const wire::Cover& cover : plan.covers)
    if (!wire::ValidPath(cover.path)) return Fail(Code::kInvalid, "a cover without a path");
  return {};
}

Status ReadPlan(Jail& jail) {
  WARDER_TRY(std::string bytes, ReadSealed(jail.plan_fd.get(), limits::kMaxPlanBytes));
  if (jail.room.role == wire::EnterRole::kRun) {
    WARDER_TRY(jail.plan, wire::ParseRunPlan(bytes));
    if (jail.plan.session != jail.spec.session || jail.plan.call != jail.spec.call)
      return Fail(Code::kConflict, "the plan is of another call");
    return {};
  }
  WARDER_TRY(jail.plan, flat::DecodeMessage<wire::RunPlan>(bytes));
  if (jail.room.role == wire::EnterRole::kSessionHands) {
    // Hands only look: the view of a run, and no way to change it.
    for (wire::Tree& tree : jail.plan.trees) tree.writable = tree.executable = false;
    jail.plan.covers.clear();
  }
  return CheckView(jail.plan);
}

// /dev/stdout and the like open the pipe anew: they are the session's.
Status GiveStreams(const Jail& jail) {
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    struct stat status;
    if (fstat(fd, &status) != 0) return FailErrno("fstat of a stream");
    if (S_ISFIFO(status.st_mode) && fchown(fd, jail.spec.uid, jail.spec.uid) != 0)
      return FailErrno("fchown of a stream");
  }
  return {};
}

}  // namespace

Status AwaitCall(Jail& jail) {
  WARDER_TRY(auto packet, ReceivePacket(wire::kEnterSpecFd));
  if (!packet) return Fail(Code::kUnavailable, "no call came");
  WARDER_TRY(jail.spec, flat::DecodeMessage<wire::EnterSpec>(packet->bytes));
  if (jail.spec.uid == 0) return Fail(Code::kDenied, "a jail for uid 0");
  std::vector<UniqueFd>& fds = packet->fds;
  if (fds.size() != 1u + jail.spec.id_map + jail.spec.input) return Fail(Code::kInvalid, "other descriptors than told");
  if (jail.spec.input && dup2(fds.back().get(), STDIN_FILENO) < 0) return FailErrno("stdin");
  if (jail.spec.id_map) jail.id_map = std::move(fds[1]);
  jail.plan_fd = std::move(fds[0]);
  return ReadPlan(jail);
}

Status CallIsGiven(const Jail& jail) {
  return jail.spec.uid == 0 || !jail.plan_fd ? Fail(Code::kConflict, "no call") : Status();
}

Status MakeNames(Jail& jail) {
  if (jail.room.role == wire::EnterRole::kRun) WARDER_TRY_STATUS(GiveStreams(jail));
  for (const tables::GeneratedFile& file : tables::GeneratedEtc(jail.spec.uid, jail.spec.host_name))
    WARDER_TRY_STATUS(MakeFile(jail, file.path, file.content, 0444));
  return MountSection(jail, "tmp");
}

Status NamesAreMade(const Jail& jail) {
  for (const tables::GeneratedFile& file : tables::GeneratedEtc(jail.spec.uid, jail.spec.host_name)) {
    WARDER_TRY(std::string content, ReadFile(jail.At(std::string("/") + file.path), 65536));
    if (content != file.content) return Fail(Code::kConflict, std::string("/") + file.path + " says something else");
  }
  return CheckSection(jail, "tmp");
}

}  // namespace warder::enter
