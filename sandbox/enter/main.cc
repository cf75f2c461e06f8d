// warder-enter: reads what warderd asks for, builds the jail, becomes the program; else says why and exits 125.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "base/limits.h"
#include "sandbox/enter/jail.h"
#include "sandbox/tables/syscalls.h"
#include "wire/report.h"

namespace warder::enter {
namespace {

uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

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
  WARDER_TRY(std::string bytes, ReadSealed(wire::kEnterPlanFd, limits::kMaxPlanBytes));
  if (jail.spec.role == wire::EnterRole::kRun) {
    WARDER_TRY(jail.plan, wire::ParseRunPlan(bytes));
    if (jail.plan.session != jail.spec.session || jail.plan.call != jail.spec.call)
      return Fail(Code::kConflict, "the plan is of another call");
    return {};
  }
  WARDER_TRY(jail.plan, flat::DecodeMessage<wire::RunPlan>(bytes));
  if (jail.spec.role == wire::EnterRole::kSessionHands) {
    // Hands only look: the view of a run, and no way to change it.
    for (wire::Tree& tree : jail.plan.trees) tree.writable = tree.executable = false;
    jail.plan.covers.clear();
  }
  return CheckView(jail.plan);
}

Status ReadInputs(Jail& jail) {
  WARDER_TRY(std::string spec, ReadSealed(wire::kEnterSpecFd, limits::kMaxPlanBytes));
  WARDER_TRY(jail.spec, flat::DecodeMessage<wire::EnterSpec>(spec));
  bool hands = jail.spec.role == wire::EnterRole::kSessionHands;
  if (hands) jail.status_fd = wire::kEnterHandsStatusFd;
  if (jail.spec.uid == 0) return Fail(Code::kDenied, "a jail for uid 0");
  if (jail.spec.cgroup_count > 16) return Fail(Code::kInvalid, "more than 16 cgroups");
  WARDER_TRY_STATUS(ReadPlan(jail));
  WARDER_TRY(jail.filter, ReadSealed(wire::kEnterFilterFd, limits::kMaxPlanBytes));
  if (!hands) return {};
  jail.program_fd = fcntl(wire::kEnterProgramFd, F_DUPFD_CLOEXEC, tables::kHandsProgramFd);
  if (jail.program_fd != tables::kHandsProgramFd) return FailErrno("the descriptor of warder-hands");
  return {};
}

void Report(const Jail& jail, const char* step, const Error& error, int error_number) {
  wire::SetupFailed failed{step, error.code == Code::kSystem ? error_number : 0, error.what.substr(0, 1024)};
  std::string bytes = flat::EncodeMessage(failed);
  auto size = static_cast<uint16_t>(bytes.size());
  std::string framed(reinterpret_cast<const char*>(&size), sizeof size);
  // One write below PIPE_BUF: it never mixes with another's.
  [[maybe_unused]] Status ignored = WriteAll(jail.status_fd, framed + bytes);
}

int Main() {
  Jail jail;
  jail.started_ns = Now();
  jail.status_fd = wire::kEnterStatusFd;
  jail.program_fd = wire::kEnterProgramFd;
  const char* step = "spec";
  Status status = ReadInputs(jail);
  if (status) status = BuildJail(jail, step);
  if (status) status = Become(jail);
  Report(jail, step, status.error(), errno);
  return 125;
}

}  // namespace
}  // namespace warder::enter

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--steps") == 0) {
    return warder::WriteAll(STDOUT_FILENO, warder::enter::DescribeSteps()) ? 0 : 1;
  }
  return warder::enter::Main();
}
