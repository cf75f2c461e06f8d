// How does a change stay inside the workspace, and where does what is deleted go?
#include "sandbox/hands/change.h"

#include <cerrno>
#include <cstdio>
#include <ctime>

#include "base/limits.h"
#include "sandbox/hands/fault_point.h"
#include "sandbox/hands/open_beneath.h"
#include "sandbox/hands/walk.h"

namespace warder::hands {
namespace {

std::unexpected<Error> PlaceFailed(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
      return Fail(Code::kNotFound, "a directory on the way to " + path + " is missing");
    case ENOTDIR:
      return Fail(Code::kConflict, "a file stands where a directory is needed: " + path);
    case ELOOP:
      return Fail(Code::kConflict, "a symlink is on the way to " + path, "ask again");
    case EXDEV:
      return Fail(Code::kDenied, "another file system is mounted on the way to " + path,
                  "give that file system an agent and a workspace of its own");
    case EACCES:
      return Fail(Code::kDenied, "the workspace's owner may not enter the directory of " + path);
    default:
      return FailErrno(error, "opening the directory of " + path);
  }
}

// Opens one directory below another, making it where the plan wants that.
UniqueFd Step(int directory, const std::string& name, Parents parents) {
  constexpr uint64_t kFlags = O_RDONLY | O_DIRECTORY | O_NONBLOCK;
  UniqueFd next = OpenBeneath(directory, name, kFlags, Mounts::kStay);
  if (next || errno != ENOENT || parents == Parents::kMustExist) return next;
  if (mkdirat(directory, name.c_str(), 0755) != 0 && errno != EEXIST) return UniqueFd();
  if (fsync(directory) != 0) return UniqueFd();
  return OpenBeneath(directory, name, kFlags, Mounts::kStay);
}

// The wrong thing was moved: back with it, and where its place is taken again it stays in the trash.
std::unexpected<Error> PutBack(const OwnerTrees& trees, const Place& place, int entry, const wire::ChangePlan& plan) {
  if (!Move(entry, kDataName, place.directory.get(), place.name, RENAME_NOREPLACE))
    return Fail(Code::kConflict,
                "something else took the place of " + plan.path + " and went to the trash as " + plan.trash_entry,
                "restore it to another path");
  (void)fsync(place.directory.get());
  (void)DropEntry(trees.trash_fd.get(), plan.trash_entry);
  return Fail(Code::kConflict, "something else took the place of " + plan.path, "look again, then ask again");
}

}  // namespace

TrashMeta MetaOf(const wire::ChangePlan& plan, const struct stat* old) {
  TrashMeta meta;
  meta.session = plan.session;
  meta.call = plan.call;
  meta.agent = plan.agent;
  meta.kind = plan.kind;
  meta.workspace = plan.workspace;
  meta.path = plan.path;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  meta.time_ms = now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
  if (old == nullptr) return meta;
  meta.file = KindOf(old->st_mode);
  meta.dev = old->st_dev;
  meta.ino = old->st_ino;
  meta.mode = old->st_mode;
  meta.size = static_cast<uint64_t>(old->st_size);
  return meta;
}

Result<OwnerTrees> OpenOwnerTrees(const wire::OwnerStart& start) {
  if (!wire::ValidPath(start.workspace) || start.workspace == "/" || !wire::ValidPath(start.trash))
    return Fail(Code::kInvalid, "a workspace or trash whose path is not canonical");
  if (wire::IsBeneath(start.trash, start.workspace) || wire::IsBeneath(start.workspace, start.trash))
    return Fail(Code::kDenied, "trash and workspace lie inside one another", "set paths.state elsewhere");
  UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return FailErrno("opening /");
  OwnerTrees trees;
  trees.workspace = start.workspace;
  trees.workspace_fd = OpenBeneath(root.get(), BelowRoot(start.workspace), O_RDONLY | O_DIRECTORY);
  if (!trees.workspace_fd) return FailErrno("opening the workspace");
  trees.trash_fd = OpenBeneath(root.get(), BelowRoot(start.trash), O_RDONLY | O_DIRECTORY);
  if (!trees.trash_fd) return FailErrno("opening the trash");
  struct stat status;
  if (fstat(trees.trash_fd.get(), &status) != 0) return FailErrno("fstat");
  if (status.st_uid != geteuid() || (status.st_mode & 077) != 0)
    return Fail(Code::kDenied, "the trash is not a 0700 directory of the workspace's owner");
  return trees;
}

Result<Place> OpenPlace(const OwnerTrees& trees, const wire::ChangePlan& plan, Parents parents) {
  if (plan.workspace != trees.workspace || plan.path == plan.workspace || !wire::ValidPath(plan.path) ||
      !wire::IsBeneath(plan.path, plan.workspace))
    return Fail(Code::kDenied, "a path outside the workspace");
  std::string rest = plan.path.substr(plan.workspace.size() + 1);
  UniqueFd directory = OpenBeneath(trees.workspace_fd.get(), ".", O_RDONLY | O_DIRECTORY, Mounts::kStay);
  if (!directory) return PlaceFailed(errno, plan.path);
  for (size_t slash; (slash = rest.find('/')) != std::string::npos; rest.erase(0, slash + 1)) {
    directory = Step(directory.get(), rest.substr(0, slash), parents);
    if (!directory) return PlaceFailed(errno, plan.path);
  }
  return Place{std::move(directory), std::move(rest)};
}

Status Move(int from, const std::string& from_name, int to, const std::string& to_name, unsigned flags) {
  if (renameat2(from, from_name.c_str(), to, to_name.c_str(), flags) == 0) return {};
  const int error = errno;
  switch (error) {
    case EEXIST:
      return Fail(Code::kConflict, "something exists there already");
    case ENOENT:
      return Fail(Code::kConflict, "it is gone meanwhile", "look again, then ask again");
    case EXDEV:
      return Fail(Code::kUnsupported,
                  "workspace and trash are not on the same mounted file system, so nothing was changed",
                  "the operator sets paths.state to a directory on the workspace's file system");
    case EINVAL:
      return Fail(Code::kUnsupported, "this file system has no atomic rename (renameat2), so nothing was changed",
                  "use a workspace on ext4, xfs, btrfs or tmpfs");
    case EBUSY:
      return Fail(Code::kConflict, "it is a mount point or in use by the kernel");
    case EACCES:
    case EPERM:
      return Fail(Code::kDenied, "the workspace's owner may not move it",
                  "make it and its directory writable (chmod u+w, chattr -a -i) and ask again");
    default:
      return FailErrno(error, "rename");
  }
}

Status DeleteAt(const OwnerTrees& trees, const wire::ChangePlan& plan, wire::ChangeAnswer& answer) {
  WARDER_TRY(Place place, OpenPlace(trees, plan, Parents::kMustExist));
  struct stat status;
  if (fstatat(place.directory.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Fail(Code::kNotFound, "nothing is at " + plan.path);
    return FailErrno("looking at " + plan.path);
  }
  if (!plan.expect_exists || !IsSame(status, plan.expect_dev, plan.expect_ino))
    return Fail(Code::kConflict, "something else took the place of " + plan.path, "look again, then ask again");
  WARDER_TRY(UniqueFd entry, MakeEntry(trees.trash_fd.get(), plan.trash_entry));
  WARDER_FAULT_POINT("entry made");
  WARDER_TRY_STATUS(WriteMeta(trees.trash_fd.get(), entry.get(), MetaOf(plan, &status)));
  Status moved = Move(place.directory.get(), place.name, entry.get(), kDataName, RENAME_NOREPLACE);
  if (!moved) {
    (void)DropEntry(trees.trash_fd.get(), plan.trash_entry);
    return moved;
  }
  WARDER_FAULT_POINT("moved to the trash");
  if (fstatat(entry.get(), kDataName, &status, AT_SYMLINK_NOFOLLOW) != 0) return FailErrno("fstatat");
  if (!IsSame(status, plan.expect_dev, plan.expect_ino)) return PutBack(trees, place, entry.get(), plan);
  if (fsync(entry.get()) != 0 || fsync(place.directory.get()) != 0) return FailErrno("syncing a delete");
  WARDER_FAULT_POINT("delete durable");
  answer.trash_entry = plan.trash_entry;
  answer.bytes = static_cast<uint64_t>(status.st_size);
  return {};
}

wire::ChangeAnswer Change(const OwnerTrees& trees, const wire::ChangePlan& plan, int content) {
  wire::ChangeAnswer answer;
  answer.call = plan.call;
  Status status = wire::ValidateChange(plan);
  if (status) {
    switch (plan.kind) {
      case wire::ChangeKind::kWrite:
        status = WriteFileAt(trees, plan, content, answer);
        break;
      case wire::ChangeKind::kDelete:
        status = DeleteAt(trees, plan, answer);
        break;
      case wire::ChangeKind::kRestore:
        status = RestoreAt(trees, plan, answer);
        break;
    }
  }
  answer.done = status.has_value();
  if (!status) {
    answer.code = static_cast<uint8_t>(status.error().code);
    answer.reason = status.error().ToString();
  }
  return answer;
}

}  // namespace warder::hands
