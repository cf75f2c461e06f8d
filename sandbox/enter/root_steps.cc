// Steps that make the jail's root out of sandbox/tables/mounts.h, and the pivot into it.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/file.h"
#include "sandbox/enter/jail.h"
#include "sandbox/enter/mount_calls.h"
#include "sandbox/tables/mounts.h"
#include "sandbox/tables/rlimits.h"

namespace warder::enter {
namespace {

using tables::MountKind;
using tables::MountRow;

bool InSection(const MountRow& row, std::string_view section) {
  std::string_view path = row.path;
  return path.substr(0, path.find('/')) == section;
}

std::string Slash(const char* path) { return std::string("/") + path; }

uint64_t AttributesOf(const MountRow& row) {
  bool nodes = std::string_view(row.path) == "dev" || row.kind == MountKind::kPts;
  return (nodes ? 0u : MOUNT_ATTR_NODEV) | (row.executable ? 0u : MOUNT_ATTR_NOEXEC) |
         (row.writable ? 0u : MOUNT_ATTR_RDONLY);
}

Status BindFromHost(const Jail& jail, const MountRow& row) {
  UniqueFd source(openat(jail.host_root.get(), row.path, O_PATH | O_CLOEXEC));
  if (!source) return row.optional && errno == ENOENT ? Status() : FailErrno(row.path);
  struct stat status;
  if (fstat(source.get(), &status) != 0) return FailErrno(row.path);
  std::string path = Slash(row.path);
  if (!S_ISDIR(status.st_mode)) {
    WARDER_TRY(UniqueFd parent, EnsureDirectory(jail, path.substr(0, path.rfind('/'))));
    WARDER_TRY_STATUS(MakeFile(jail, path.c_str() + 1, "", 0444));
  }
  WARDER_TRY(UniqueFd target, EnsureDirectory(jail, path));
  WARDER_TRY(UniqueFd mount, CloneMount(source.get(), true));
  WARDER_TRY_STATUS(SetMountAttributes(mount.get(), AttributesOf(row), true));
  return Attach(mount.get(), target.get());
}

Status MountFresh(const Jail& jail, const MountRow& row, const char* type, const std::string& options) {
  if (mkdirat(jail.root.get(), row.path, 0755) != 0 && errno != EEXIST) return FailErrno(row.path);
  unsigned long flags = MS_NOSUID | MS_NOEXEC | ((AttributesOf(row) & MOUNT_ATTR_NODEV) != 0 ? Flag(MS_NODEV) : 0ul);
  if (mount(type, jail.At(Slash(row.path)).c_str(), type, flags, options.c_str()) != 0)
    return FailErrno(std::string("mount of /") + row.path);
  return {};
}

Status MountRowOf(const Jail& jail, const MountRow& row) {
  std::string_view path = row.path;
  uint64_t disk = jail.plan.limits.disk_bytes;
  switch (row.kind) {
    case MountKind::kBind:
      return BindFromHost(jail, row);
    case MountKind::kPts:
      return MountFresh(jail, row, "devpts", "newinstance,ptmxmode=0666,mode=620");
    case MountKind::kProc:
      return MountFresh(jail, row, "proc", "hidepid=ptraceable");
    case MountKind::kTmpfs:
      break;
  }
  if (!row.writable) return MountFresh(jail, row, "tmpfs", "mode=755,size=64k");
  uint64_t size = path == "tmp" && disk != 0 ? disk : tables::kShmBytes;
  return MountFresh(jail, row, "tmpfs", "mode=1777,size=" + std::to_string(size));
}

Status MakeLinks(const Jail& jail, bool of_etc) {
  for (const char* link : tables::kRootLinks) {
    if (std::string_view(link).starts_with("etc/") != of_etc) continue;
    char target[4096];
    ssize_t size = readlinkat(jail.host_root.get(), link, target, sizeof target - 1);
    if (size < 0 && (errno == ENOENT || errno == EINVAL)) continue;  // absent, or not a merged /usr
    if (size < 0) return FailErrno(link);
    target[size] = 0;
    if (symlinkat(target, jail.root.get(), link) != 0) return FailErrno(link);
  }
  return {};
}

Status MaskProc(const Jail& jail) {
  WARDER_TRY(UniqueFd proc, OpenPlain(jail.root.get(), "/proc"));
  for (const char* name : tables::kProcMasks) {
    UniqueFd target(openat(proc.get(), name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!target && errno == ENOENT) continue;
    if (!target) return FailErrno(name);
    struct stat status;
    if (fstat(target.get(), &status) == 0 && S_ISLNK(status.st_mode)) continue;  // into self/, nothing of the host's
    WARDER_TRY_STATUS(Hide(jail, target.get()));
  }
  return {};
}

}  // namespace

Status MakeFile(const Jail& jail, const std::string& path, const std::string& content, mode_t mode) {
  UniqueFd fd(openat(jail.root.get(), path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return FailErrno("create /" + path);
  return WriteAll(fd.get(), content);
}

Status MountSection(const Jail& jail, std::string_view section) {
  for (const MountRow& row : tables::kMounts)
    if (InSection(row, section)) WARDER_TRY_STATUS(MountRowOf(jail, row));
  return {};
}

Status CheckSection(const Jail& jail, std::string_view section) {
  for (const MountRow& row : tables::kMounts) {
    if (!InSection(row, section)) continue;
    uint64_t want = AttributesOf(row);
    unsigned long flags = ST_NOSUID | ((want & MOUNT_ATTR_NODEV) != 0 ? Flag(ST_NODEV) : 0ul) |
                          ((want & MOUNT_ATTR_NOEXEC) != 0 ? Flag(ST_NOEXEC) : 0ul) |
                          ((want & MOUNT_ATTR_RDONLY) != 0 ? Flag(ST_RDONLY) : 0ul);
    std::string path = jail.At(Slash(row.path));
    if (row.optional && access(path.c_str(), F_OK) != 0 && errno == ENOENT) continue;
    WARDER_TRY_STATUS(CheckMountFlags(path, flags));
  }
  return {};
}

std::string Jail::At(const std::string& path) const { return pivoted ? path : kBuildPlace + path; }

Status MakeRoot(Jail& jail) {
  if (mount("tmpfs", kBuildPlace, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=4m") != 0)
    return FailErrno("mount of the root");
  jail.root.Reset(open(kBuildPlace, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!jail.root) return FailErrno("the root");
  WARDER_TRY(jail.root_place, PlaceOf(jail.root.get()));
  WARDER_TRY_STATUS(MakeFile(jail, kHiddenFile + 1, "", 0));
  if (mkdirat(jail.root.get(), kHiddenDirectory + 1, 0) != 0) return FailErrno("the empty directory");
  // /usr/tmp and the like: programs expect these to exist.
  for (const char* name : {"home", "var", "run", "tmp"})
    if (mkdirat(jail.root.get(), name, 0755) != 0) return FailErrno(name);
  if (symlinkat("/tmp", jail.root.get(), "var/tmp") != 0) return FailErrno("/var/tmp");
  WARDER_TRY_STATUS(MakeLinks(jail, false));
  return MountSection(jail, "usr");
}

Status RootIsMade(const Jail& jail) { return CheckSection(jail, "usr"); }

Status MakeEtc(Jail& jail) {
  WARDER_TRY(UniqueFd etc, EnsureDirectory(jail, "/etc"));
  WARDER_TRY_STATUS(MakeLinks(jail, true));
  return MountSection(jail, "etc");
}

Status EtcIsMade(const Jail& jail) { return CheckSection(jail, "etc"); }

Status MakeDevices(Jail& jail) {
  WARDER_TRY_STATUS(MountSection(jail, "dev"));
  WARDER_TRY(UniqueFd dev, OpenPlain(jail.root.get(), "/dev"));
  // mknod(2) obeys the umask, and these are for everybody.
  mode_t mask = umask(0);
  Status status;
  for (const tables::DeviceRow& row : tables::kDevices)
    if (mknodat(dev.get(), row.name, S_IFCHR | 0666, makedev(row.major, row.minor)) != 0)
      status = FailErrno(std::string("mknod of ") + row.name);
  umask(mask);
  if (!status) return status;
  for (const tables::LinkRow& row : tables::kDeviceLinks)
    if (symlinkat(row.target, dev.get(), row.name) != 0) return FailErrno(row.name);
  return SetMountAttributes(dev.get(), MOUNT_ATTR_RDONLY, false);
}

Status DevicesAreMade(const Jail& jail) {
  for (const tables::DeviceRow& row : tables::kDevices) {
    struct stat status;
    if (stat(jail.At(std::string("/dev/") + row.name).c_str(), &status) != 0) return FailErrno(row.name);
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(row.major, row.minor))
      return Fail(Code::kConflict, std::string("/dev/") + row.name + " is another device");
  }
  return CheckSection(jail, "dev");
}

Status MakeProc(Jail& jail) {
  WARDER_TRY_STATUS(MountSection(jail, "proc"));
  // Linux 6.3, of this pid namespace alone: a memory file without a flag is not executable.
  UniqueFd memfd(open(jail.At("/proc/sys/vm/memfd_noexec").c_str(), O_WRONLY | O_CLOEXEC));
  if (memfd && write(memfd.get(), "1", 1) != 1) return FailErrno("vm.memfd_noexec");
  if (!memfd && errno != ENOENT) return FailErrno("vm.memfd_noexec");
  memfd.Reset();  // a file open for writing holds the mount writable (EBUSY)
  WARDER_TRY(UniqueFd proc, OpenPlain(jail.root.get(), "/proc"));
  WARDER_TRY_STATUS(SetMountAttributes(proc.get(), MOUNT_ATTR_RDONLY, false));
  return MaskProc(jail);
}

Status ProcIsMade(const Jail& jail) {
  WARDER_TRY_STATUS(CheckSection(jail, "proc"));
  for (const char* name : tables::kProcMasks) {
    struct stat status;
    std::string path = jail.At(std::string("/proc/") + name);
    if (lstat(path.c_str(), &status) != 0 || S_ISLNK(status.st_mode)) continue;
    if (!IsHidden(jail, status.st_dev, status.st_mode)) return Fail(Code::kConflict, path + " is not covered");
  }
  return {};
}

Status PivotRoot(Jail& jail) {
  if (unlinkat(jail.root.get(), kHiddenFile + 1, 0) != 0 ||
      unlinkat(jail.root.get(), kHiddenDirectory + 1, AT_REMOVEDIR) != 0)
    return FailErrno("the empty cover");
  WARDER_TRY_STATUS(SetMountAttributes(jail.root.get(), MOUNT_ATTR_RDONLY, false));
  // pivot_root(2), NOTES: with both "." the old root ends up over the new one, and is taken off.
  if (fchdir(jail.root.get()) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) return FailErrno("pivot_root");
  if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) return FailErrno("umount of the host's root");
  jail.pivoted = true;
  return {};
}

Status RootIsPivoted(const Jail& jail) {
  for (const char* path : {"/", "/..", "."}) {
    struct stat status;
    if (stat(path, &status) != 0) return FailErrno(path);
    if (Place{status.st_dev, status.st_ino} != jail.root_place)
      return Fail(Code::kConflict, std::string(path) + " is not the jail's root");
  }
  return CheckMountFlags("/", ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC);
}

}  // namespace warder::enter
