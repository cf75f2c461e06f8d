// Steps that show trees of the host in the jail and cover what the policy hides or freezes in them.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "sandbox/enter/jail.h"
#include "sandbox/enter/mount_calls.h"
#include "sandbox/tables/mounts.h"

namespace warder::enter {
namespace {

bool Writable(const Jail& jail, const wire::Tree& tree) {
  return tree.writable && jail.room.role != wire::EnterRole::kSessionHands;
}

// A tree must not stand in for a part of the root that the jail relies on, nor lie among devices or processes.
Status CheckTreePath(const wire::Tree& tree) {
  for (const tables::MountRow& row : tables::kMounts) {
    std::string fixed = std::string("/") + row.path;
    bool own = row.kind == tables::MountKind::kProc || wire::IsBeneath(fixed, "/dev");
    if (fixed == "/tmp" && tree.path == fixed) continue;
    if (wire::IsBeneath(fixed, tree.path) || (own && wire::IsBeneath(tree.path, fixed)))
      return Fail(Code::kDenied, "the tree " + tree.path + " would replace " + fixed);
  }
  return {};
}

Status ShowTree(const Jail& jail, const wire::Tree& tree) {
  WARDER_TRY_STATUS(CheckTreePath(tree));
  const std::string& workspace = jail.plan.trees[0].path;
  // A part of the workspace is a clone of the workspace's own mount, already shown and mapped: what the host has
  // mounted below it is not reachable from there.
  const bool part = tree.path != workspace && wire::IsBeneath(tree.path, workspace);
  WARDER_TRY(UniqueFd source, OpenPlain(part ? jail.root.get() : jail.host_root.get(), tree.path));
  WARDER_TRY(Place place, PlaceOf(source.get()));
  if (tree.ino != 0 && place != Place{tree.dev, tree.ino})
    return Fail(Code::kConflict, tree.path + " is another directory than the plan says");
  // Not recursive: what is mounted below a tree was never looked at.
  WARDER_TRY(UniqueFd mount, CloneMount(source.get(), false));
  uint64_t attributes =
      MOUNT_ATTR_NODEV | (tree.executable ? 0u : MOUNT_ATTR_NOEXEC) | (Writable(jail, tree) ? 0u : MOUNT_ATTR_RDONLY);
  int id_map = tree.path == workspace ? jail.id_map.get() : -1;
  WARDER_TRY_STATUS(
      SetMountAttributes(mount.get(), attributes, false, id_map, part && Writable(jail, tree) ? MOUNT_ATTR_RDONLY : 0));
  WARDER_TRY(UniqueFd target, EnsureDirectory(jail, tree.path));
  return Attach(mount.get(), target.get());
}

template <typename T>
std::vector<const T*> ShortestFirst(const std::vector<T>& items) {
  std::vector<const T*> sorted;
  for (const T& item : items) sorted.push_back(&item);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const T* a, const T* b) { return a->path.size() < b->path.size(); });
  return sorted;
}

// Covers in the order in which they are laid, without those that a hidden directory above swallows.
std::vector<const wire::Cover*> CoversToLay(const Jail& jail) {
  std::vector<const wire::Cover*> kept;
  std::vector<std::string_view> hidden;
  for (const wire::Cover* cover : ShortestFirst(jail.plan.covers)) {
    if (std::any_of(hidden.begin(), hidden.end(),
                    [&](std::string_view above) { return wire::IsBeneath(cover->path, above); }))
      continue;
    kept.push_back(cover);
    if (cover->kind == wire::CoverKind::kHide) hidden.push_back(cover->path);
  }
  return kept;
}

Status LayCover(const Jail& jail, const wire::Cover& cover) {
  auto target = OpenPlain(jail.root.get(), cover.path);
  // Gone or replaced since the plan was made: what would be shown instead is not known, so nothing runs.
  if (!target) return Fail(Code::kConflict, "covered path: " + target.error().what, "try again");
  WARDER_TRY(Place place, PlaceOf(target->get()));
  if (place != Place{cover.dev, cover.ino})
    return Fail(Code::kConflict, "covered path " + cover.path + " is another file than the plan says", "try again");
  if (cover.kind == wire::CoverKind::kHide) return Hide(jail, target->get());
  WARDER_TRY(UniqueFd mount, CloneMount(target->get(), true));
  WARDER_TRY_STATUS(SetMountAttributes(mount.get(), cover.kind == wire::CoverKind::kPin ? 0 : MOUNT_ATTR_RDONLY, true));
  return Attach(mount.get(), target->get());
}

Status CheckCover(const Jail& jail, const wire::Cover& cover) {
  struct stat status;
  std::string path = jail.At(cover.path);
  if (lstat(path.c_str(), &status) != 0) {
    // The session may not look there any more: nor may it read.
    if (jail.gave_up_root && errno == EACCES) return {};
    return FailErrno("covered path " + cover.path);
  }
  if (cover.kind == wire::CoverKind::kHide)
    return IsHidden(jail, status.st_dev, status.st_mode) ? Status()
                                                         : Fail(Code::kConflict, cover.path + " is not hidden");
  if (Place{status.st_dev, status.st_ino} != Place{cover.dev, cover.ino})
    return Fail(Code::kConflict, cover.path + " is another file");
  return CheckMountFlags(path, cover.kind == wire::CoverKind::kPin ? 0 : ST_RDONLY);
}

}  // namespace

Status ShowTrees(Jail& jail) {
  for (const wire::Tree* tree : ShortestFirst(jail.plan.trees)) WARDER_TRY_STATUS(ShowTree(jail, *tree));
  return {};
}

Status TreesAreShown(const Jail& jail) {
  for (const wire::Tree& tree : jail.plan.trees) {
    std::string path = jail.At(tree.path);
    struct stat status;
    if (lstat(path.c_str(), &status) != 0) {
      if (jail.gave_up_root && errno == EACCES) continue;  // below a tree that the session may not enter
      return FailErrno(path);
    }
    if (tree.ino != 0 && Place{status.st_dev, status.st_ino} != Place{tree.dev, tree.ino})
      return Fail(Code::kConflict, tree.path + " shows another directory");
    WARDER_TRY_STATUS(CheckMountFlags(path, ST_NOSUID | ST_NODEV | (tree.executable ? 0ul : Flag(ST_NOEXEC)) |
                                                (Writable(jail, tree) ? 0ul : Flag(ST_RDONLY))));
  }
  return {};
}

Status CoverPaths(Jail& jail) {
  for (const wire::Cover* cover : CoversToLay(jail)) WARDER_TRY_STATUS(LayCover(jail, *cover));
  return {};
}

Status PathsAreCovered(const Jail& jail) {
  for (const wire::Cover* cover : CoversToLay(jail)) WARDER_TRY_STATUS(CheckCover(jail, *cover));
  return {};
}

}  // namespace warder::enter
