// Steps about programs: opened in the jail's root and compared with the plan; and what the jail becomes.
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/file.h"
#include "base/sha256.h"
#include "sandbox/enter/jail.h"
#include "sandbox/enter/mount_calls.h"

namespace warder::enter {
namespace {

constexpr int kInitProgramFirstFd = 10;          // docs/formats/processes.md
constexpr size_t kMaxProgramBytes = 512u << 20;  // a larger one can not be pinned
constexpr int kProgramPlace = 100;               // above every descriptor that init is given

Status CheckProgram(const wire::Command& command, int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return FailErrno(command.program);
  if (status.st_dev != command.identity.dev || status.st_ino != command.identity.ino)
    return Fail(Code::kConflict, command.program + " is another file than the plan says");
  if (!S_ISREG(status.st_mode) || (status.st_mode & 0111) == 0)
    return Fail(Code::kDenied, command.program + " is not an executable file");
  return {};
}

Result<UniqueFd> OpenProgram(const wire::Command& command) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  UniqueFd fd(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, command.program.c_str(), &how, sizeof how)));
  if (!fd) return FailErrno("program " + command.program);
  WARDER_TRY_STATUS(CheckProgram(command, fd.get()));
  if (command.identity.sha256) {
    // Through the descriptor that will be executed, not by name again.
    WARDER_TRY(std::string content, ReadFile("/proc/self/fd/" + std::to_string(fd.get()), kMaxProgramBytes));
    if (!SameDigest(HashSha256(content), *command.identity.sha256))
      return Fail(Code::kConflict, command.program + " has another content than the pinned one");
  }
  UniqueFd moved(fcntl(fd.get(), F_DUPFD_CLOEXEC, kProgramPlace));
  if (!moved) return FailErrno("program " + command.program);
  return moved;
}

}  // namespace

Status OpenPrograms(Jail& jail) {
  if (jail.room.role != wire::EnterRole::kRun) return {};
  for (const wire::Command& command : jail.plan.commands) {
    if (command.change_directory) {
      jail.programs.emplace_back();
      continue;
    }
    WARDER_TRY(UniqueFd program, OpenProgram(command));
    jail.programs.push_back(std::move(program));
  }
  return {};
}

Status ProgramsAreOpen(const Jail& jail) {
  for (size_t i = 0; i < jail.programs.size(); ++i) {
    if (!jail.programs[i]) continue;
    WARDER_TRY_STATUS(CheckProgram(jail.plan.commands[i], jail.programs[i].get()));
    if (fcntl(jail.programs[i].get(), F_GETFD) != FD_CLOEXEC)
      return Fail(Code::kConflict, "a program's descriptor would stay open");
  }
  return {};
}

Status Become(Jail& jail) {
  bool hands = jail.room.role == wire::EnterRole::kSessionHands;
  if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) != 0) return FailErrno("close_range");
  if (hands) {
    if (dup2(wire::kEnterStatusFd, 3) < 0) return FailErrno("dup2");
  } else {
    if (dup2(jail.plan_fd.get(), 3) < 0) return FailErrno("dup2");
    // The numbers that they have already.
    for (int kept : {wire::kEnterSpecFd, wire::kEnterStatusFd})
      if (fcntl(kept, F_SETFD, 0) != 0) return FailErrno("F_SETFD");
    for (size_t i = 0; i < jail.programs.size(); ++i)
      if (jail.programs[i] && dup2(jail.programs[i].get(), kInitProgramFirstFd + static_cast<int>(i)) < 0)
        return FailErrno("dup2");
  }
  std::string started = std::to_string(jail.spec.asked_ns);
  bool probe = jail.room.role == wire::EnterRole::kProbe;
  const char* argv[] = {hands ? "warder-hands" : "warder-init",
                        hands   ? "--session"
                        : probe ? "--probe"
                                : started.c_str(),
                        nullptr};
  const char* no_environment[] = {nullptr};
  syscall(SYS_execveat, jail.program_fd, "", argv, no_environment, AT_EMPTY_PATH);
  return FailErrno("exec");
}

}  // namespace warder::enter
