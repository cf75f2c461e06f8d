// How are warder's directories made and checked? See directories.h.
#include "sandbox/directories.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/text.h"

namespace warder::jailer {
namespace {

constexpr int kFileFlags = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
constexpr int kBacklog = 128;

// The directory `name`, made where missing, owned by uid and writable by nobody else.
Result<UniqueFd> OwnDirectory(int at, const std::string& name, uint32_t uid, uint32_t gid, mode_t mode) {
  bool made = mkdirat(at, name.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return FailErrno(name);
  UniqueFd fd(openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | kFileFlags));
  struct stat status;
  if (!fd || fstat(fd.get(), &status) != 0) return FailErrno(name);
  if (made && (fchown(fd.get(), uid, gid) != 0 || fchmod(fd.get(), mode) != 0)) return FailErrno(name);
  if (!made && (status.st_uid != uid || (status.st_mode & 022) != 0))
    return Fail(Code::kDenied, name + " does not belong to uid " + std::to_string(uid) + " alone",
                "chown it, and take the others' right to write away");
  return fd;
}

// Replaces a small file so that after a crash it holds the old text or the new, and the new once this returns.
Status ReplaceDurably(int directory, const char* name, const std::string& text) {
  std::string next = std::string(name) + ".next";
  UniqueFd fd(openat(directory, next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | kFileFlags, 0644));
  if (!fd) return FailErrno(next);
  WARDER_TRY_STATUS(WriteAll(fd.get(), text));
  if (fsync(fd.get()) != 0 || renameat(directory, next.c_str(), directory, name) != 0 || fsync(directory) != 0)
    return FailErrno(name);
  return {};
}

// The number on the only line of the file; `absent` where there is none.
Result<uint64_t> ReadNumber(int directory, const char* name, uint64_t absent) {
  UniqueFd fd(openat(directory, name, O_RDONLY | kFileFlags));
  if (!fd && errno == ENOENT) return absent;
  if (!fd) return FailErrno(name);
  WARDER_TRY(std::string text, ReadAll(fd.get(), 64));
  if (!text.empty() && text.back() == '\n') text.pop_back();
  auto number = ParseDecimal(text);
  if (!number) return Fail(Code::kInvalid, std::string(name) + " in the state directory is not a number");
  return *number;
}

// Nobody else may read it: flock(2) asks for no more than that, and holding it would keep warderd from starting.
Result<UniqueFd> LockFile(int directory, const char* name, const std::string& path) {
  UniqueFd fd(openat(directory, name, O_RDWR | O_CREAT | kFileFlags, 0600));
  if (!fd || fchmod(fd.get(), 0600) != 0) return FailErrno(name);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return Fail(Code::kConflict, "another warderd holds " + path + "/" + name, "stop it first");
  return fd;
}

}  // namespace

Result<Directories> OpenDirectories(const wire::HostPlan& plan) {
  Directories d;
  WARDER_TRY(d.state, OwnDirectory(AT_FDCWD, plan.state_directory, 0, 0, 0755));
  WARDER_TRY(d.run, OwnDirectory(AT_FDCWD, plan.run_directory, 0, 0, 0755));
  WARDER_TRY(d.lock, LockFile(d.state.get(), "lock", plan.state_directory));
  d.pid_file = UniqueFd(openat(d.run.get(), "monitor.pid", O_RDWR | O_CREAT | kFileFlags, 0644));
  WARDER_TRY(uint64_t version, ReadNumber(d.state.get(), "VERSION", 0));
  if (version > 1)
    return Fail(Code::kUnsupported,
                "the state directory has version " + std::to_string(version) + ", this warderd reads 1");
  if (version == 0) WARDER_TRY_STATUS(ReplaceDurably(d.state.get(), "VERSION", "1\n"));
  WARDER_TRY(d.log, OwnDirectory(AT_FDCWD, plan.ledger.directory, plan.ledger_uid, plan.ledger_gid, 0750));
  WARDER_TRY(d.ledger_state, OwnDirectory(d.state.get(), "state", plan.ledger_uid, plan.ledger_gid, 0700));
  WARDER_TRY(d.trash, OwnDirectory(d.state.get(), "trash", 0, 0, 0711));
  WARDER_TRY(UniqueFd agents, OwnDirectory(d.run.get(), "agents", 0, 0, 0755));
  if (!d.pid_file || ftruncate(d.pid_file.get(), 0) != 0) return FailErrno("monitor.pid");
  WARDER_TRY_STATUS(WriteAll(d.pid_file.get(), std::to_string(getpid()) + "\n"));
  return d;
}

Result<uint64_t> NextEpoch(int state_directory) {
  WARDER_TRY(uint64_t last, ReadNumber(state_directory, "epoch", 0));
  WARDER_TRY_STATUS(ReplaceDurably(state_directory, "epoch", std::to_string(last + 1) + "\n"));
  return last + 1;
}

Result<std::string> OwnerTrash(const Directories& directories, const wire::HostPlan& plan,
                               const wire::Workspace& workspace) {
  std::string name = std::to_string(workspace.owner_uid);
  WARDER_TRY(UniqueFd fd, OwnDirectory(directories.trash.get(), name, workspace.owner_uid, workspace.owner_gid, 0700));
  return plan.state_directory + "/trash/" + name;
}

Result<UniqueFd> ListenAt(const std::string& path, uint32_t gid) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path)
    return Fail(Code::kLimit, path + ": longer than a socket's path may be", "choose a shorter paths.run");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return FailErrno(path);
  // Born without any right, so that nobody connects before owner and mode are set.
  mode_t before = umask(0777);
  bool bound = fd && bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  umask(before);
  if (!bound || chown(path.c_str(), 0, gid) != 0 || chmod(path.c_str(), 0660) != 0 || listen(fd.get(), kBacklog) != 0)
    return FailErrno(path);
  return fd;
}

}  // namespace warder::jailer
