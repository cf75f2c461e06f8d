// How enter looks up, copies, marks and attaches mounts.
#include "sandbox/enter/mount_calls.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace warder::enter {

Result<UniqueFd> OpenPlain(int root, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH;
  const char* below = path.size() == 1 ? "." : path.c_str() + 1;
  UniqueFd fd(static_cast<int>(syscall(SYS_openat2, root, below, &how, sizeof how)));
  if (!fd) return FailErrno("open " + path);
  return fd;
}

Result<Place> PlaceOf(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return FailErrno("fstat");
  return Place{status.st_dev, status.st_ino};
}

Result<UniqueFd> CloneMount(int fd, bool recursive) {
  unsigned flags = AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0u);
  UniqueFd mount(open_tree(fd, "", flags));
  if (!mount) return FailErrno("open_tree");
  return mount;
}

Status SetMountAttributes(int fd, uint64_t attributes, bool recursive, int id_map, uint64_t clear) {
  mount_attr attr{};
  attr.attr_set = attributes | MOUNT_ATTR_NOSUID;
  attr.attr_clr = clear;
  if (id_map >= 0) {
    attr.attr_set |= MOUNT_ATTR_IDMAP;
    attr.userns_fd = static_cast<uint64_t>(id_map);
  }
  if (mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u), &attr, sizeof attr) != 0) {
    if (id_map >= 0 && errno == EINVAL)
      return Fail(Code::kUnsupported, "the file system of the workspace can not map owners",
                  "use ext4, xfs, btrfs or tmpfs, or a workspace of the session's own uid");
    return FailErrno("mount_setattr");
  }
  return {};
}

Status Attach(int mount, int target) {
  if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return FailErrno("move_mount");
  return {};
}

Result<UniqueFd> EnsureDirectory(const Jail& jail, const std::string& path) {
  auto whole = OpenPlain(jail.root.get(), path);
  if (whole || errno != ENOENT) return whole;
  WARDER_TRY(UniqueFd scratch, OpenPlain(jail.root.get(), "/tmp"));
  WARDER_TRY(Place scratch_place, PlaceOf(scratch.get()));
  WARDER_TRY(UniqueFd at, OpenPlain(jail.root.get(), "/"));
  for (size_t start = 1; start < path.size();) {
    size_t end = std::min(path.find('/', start), path.size());
    std::string part = path.substr(start, end - start);
    auto next = OpenPlain(at.get(), "/" + part);
    if (!next) {
      WARDER_TRY(Place here, PlaceOf(at.get()));
      if (here.dev != jail.root_place.dev && here.dev != scratch_place.dev)
        return Fail(Code::kConflict, path + " does not exist where it should be shown");
      if (mkdirat(at.get(), part.c_str(), 0755) != 0) return FailErrno("mkdir for " + path);
      next = OpenPlain(at.get(), "/" + part);
      if (!next) return next;
    }
    at = std::move(*next);
    start = end + 1;
  }
  return at;
}

Status Hide(const Jail& jail, int target) {
  struct stat status;
  if (fstat(target, &status) != 0) return FailErrno("fstat");
  WARDER_TRY(UniqueFd source, OpenPlain(jail.root.get(), S_ISDIR(status.st_mode) ? kHiddenDirectory : kHiddenFile));
  WARDER_TRY(UniqueFd mount, CloneMount(source.get(), false));
  WARDER_TRY_STATUS(SetMountAttributes(mount.get(), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, false));
  return Attach(mount.get(), target);
}

bool IsHidden(const Jail& jail, uint64_t dev, uint32_t mode) {
  return dev == jail.root_place.dev && (mode & 07777) == 0;
}

Status CheckMountFlags(const std::string& path, unsigned long flags) {
  struct statvfs status;
  if (statvfs(path.c_str(), &status) != 0) return FailErrno("statvfs " + path);
  if ((status.f_flag & flags) != flags) return Fail(Code::kConflict, path + " lacks a mount flag");
  return {};
}

}  // namespace warder::enter
