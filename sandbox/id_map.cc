// How is a user namespace made of which only the map is wanted? See id_map.h; user_namespaces(7).
#include "sandbox/id_map.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace warder::jailer {
namespace {

// One map line a line: disk id, jail id, count. The kernel takes a map in one write only.
Status WriteMap(const std::string& file, const std::vector<IdLine>& lines) {
  std::string text;
  for (const IdLine& line : lines) {
    if (line.disk == 0 || line.jail == 0) return Fail(Code::kDenied, "an owner map with id 0");
    text += std::to_string(line.disk) + " " + std::to_string(line.jail) + " 1\n";
  }
  UniqueFd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) return FailErrno(file);
  return {};
}

}  // namespace

Result<UniqueFd> MakeIdMap(const std::vector<IdLine>& uids, const std::vector<IdLine>& gids) {
  // A child that only waits makes the namespace exist while its map is written; the descriptor
  // keeps it.
  long child = syscall(SYS_clone, static_cast<unsigned long>(CLONE_NEWUSER | SIGCHLD), nullptr, nullptr, nullptr, 0);
  if (child < 0)
    return Fail(Code::kUnsupported, std::string("no user namespace for the workspace's owner map: ") + strerror(errno),
                "raise sysctl user.max_user_namespaces");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  std::string folder = "/proc/" + std::to_string(child);
  UniqueFd map(open((folder + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC));
  Status status = map ? Status() : FailErrno("the owner map's namespace");
  if (status) status = WriteMap(folder + "/uid_map", uids);
  if (status) status = WriteMap(folder + "/gid_map", gids);
  kill(static_cast<pid_t>(child), SIGKILL);
  waitpid(static_cast<pid_t>(child), nullptr, 0);
  if (!status) return std::unexpected(status.error());
  return map;
}

}  // namespace warder::jailer
