// warder-enter: reads what warderd asks for, builds the jail, becomes the program; else says why and exits 125.
#include <fcntl.h>
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

Status ReadInputs(Jail& jail) {
  WARDER_TRY(std::string room, ReadSealed(wire::kEnterRoomFd, limits::kMaxPlanBytes));
  WARDER_TRY(jail.room, flat::DecodeMessage<wire::EnterRoom>(room));
  bool hands = jail.room.role == wire::EnterRole::kSessionHands;
  if (hands) jail.status_fd = wire::kEnterHandsStatusFd;
  if (jail.room.cgroup_count > 16) return Fail(Code::kInvalid, "more than 16 cgroups");
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
  jail.status_fd = wire::kEnterStatusFd;
  jail.program_fd = wire::kEnterProgramFd;
  const char* step = "room";
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
