// One change to a workspace, as its owner: write, delete to the trash, restore from it.
//
// The plan's receipt was checked by the monitor; here the plan is checked again and everything is done
// through descriptors beneath the workspace (RESOLVE_BENEATH | NO_SYMLINKS | NO_MAGICLINKS | NO_XDEV). A
// thing is moved first and looked at afterwards: where another one came out than the plan expected, it is
// put back and the answer is kConflict. Nothing that was in the workspace is ever unlinked.
#pragma once

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sandbox/hands/trash.h"
#include "wire/monitor.h"
#include "wire/plan.h"

namespace warder::hands {

struct OwnerTrees {
  std::string workspace;
  UniqueFd workspace_fd;
  UniqueFd trash_fd;
};

// Opens both without following a symlink. kDenied: the trash is not the caller's own 0700 directory, or lies
// inside the workspace (where jailed code could reach it).
Result<OwnerTrees> OpenOwnerTrees(const wire::OwnerStart& start);

// content: a sealed memfd for kWrite, else -1.
wire::ChangeAnswer Change(const OwnerTrees& trees, const wire::ChangePlan& plan, int content);

// ---- the three kinds; each fills the answer's fields and returns why not
Status WriteFileAt(const OwnerTrees& trees, const wire::ChangePlan& plan, int content, wire::ChangeAnswer& answer);
Status DeleteAt(const OwnerTrees& trees, const wire::ChangePlan& plan, wire::ChangeAnswer& answer);
Status RestoreAt(const OwnerTrees& trees, const wire::ChangePlan& plan, wire::ChangeAnswer& answer);

// ---- what they share
// The directory that holds the plan's path, and the name in it.
struct Place {
  UniqueFd directory;
  std::string name;
};
enum class Parents : bool { kMustExist, kMake };
Result<Place> OpenPlace(const OwnerTrees& trees, const wire::ChangePlan& plan, Parents parents);

// What the trash keeps of a change; old: what is at the path, or null. Staged content is not filled in.
TrashMeta MetaOf(const wire::ChangePlan& plan, const struct stat* old);

// renameat2(2) in words that tell what to do (EXDEV, EACCES, EBUSY …).
Status Move(int from, const std::string& from_name, int to, const std::string& to_name, unsigned flags);

}  // namespace warder::hands
