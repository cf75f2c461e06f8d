// How does something come back from the trash?
#include <fcntl.h>

#include <cstdio>

#include "sandbox/hands/change.h"
#include "sandbox/hands/fault_point.h"

namespace warder::hands {

Status RestoreAt(const OwnerTrees& trees, const wire::ChangePlan& plan, wire::ChangeAnswer& answer) {
  WARDER_TRY(UniqueFd entry, OpenEntry(trees.trash_fd.get(), plan.trash_entry));
  WARDER_TRY(TrashMeta meta, ReadMeta(entry.get()));
  WARDER_TRY(bool holds, HoldsSomething(entry.get(), meta));
  if (!holds) return Fail(Code::kNotFound, "the trash entry " + plan.trash_entry + " holds nothing to restore");
  // One owner's workspaces share a trash: no agent fetches what another one's call put there.
  if (meta.workspace != trees.workspace || meta.agent != plan.agent)
    return Fail(Code::kDenied, "the trash entry " + plan.trash_entry + " is of another workspace or agent");
  // Elsewhere other path rules would hold for it: what may not be read here could be read there.
  if (meta.path != plan.path)
    return Fail(Code::kDenied,
                "the trash entry " + plan.trash_entry + " was at " + meta.path + " and comes back only to there",
                "restore it with that path, then move it");
  WARDER_TRY(Place place, OpenPlace(trees, plan, Parents::kMake));
  WARDER_FAULT_POINT("parents made");
  Status moved = Move(entry.get(), kDataName, place.directory.get(), place.name, RENAME_NOREPLACE);
  struct stat there;
  if (!moved && fstatat(place.directory.get(), place.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0)
    return Fail(Code::kConflict, plan.path + " exists", "delete it first: it goes to the trash too");
  if (!moved) return moved;
  WARDER_FAULT_POINT("restored");
  if (fsync(place.directory.get()) != 0 || fsync(entry.get()) != 0) return FailErrno("syncing a restore");
  answer.restored.push_back(plan.path);
  // What is left is an entry that holds nothing: no harm when a kill comes first.
  (void)DropEntry(trees.trash_fd.get(), plan.trash_entry);
  return {};
}

}  // namespace warder::hands
