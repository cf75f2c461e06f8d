// How does new content take the place of a file, or of nothing?
#include <fcntl.h>

#include <cerrno>
#include <cstdio>

#include "base/file.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "sandbox/hands/change.h"
#include "sandbox/hands/fault_point.h"
#include "sandbox/hands/open_beneath.h"

namespace warder::hands {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr mode_t kNewFileMode = 0644;

// Copies exactly what the plan (and so the ledger) named: sealed, of that size and digest.
Status CopyContent(int content, const wire::ChangePlan& plan, int out) {
  int seals = fcntl(content, F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) return Fail(Code::kDenied, "content that is not sealed");
  Sha256 hash;
  std::string buffer(256 * 1024, '\0');
  uint64_t done = 0;
  for (;;) {
    ssize_t size = pread(content, buffer.data(), buffer.size(), static_cast<off_t>(done));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FailErrno("reading the content");
    if (size == 0) break;
    done += static_cast<uint64_t>(size);
    if (done > plan.content_bytes) break;
    std::string_view part = std::string_view(buffer).substr(0, static_cast<size_t>(size));
    hash.Update(part);
    WARDER_TRY_STATUS(WriteAll(out, part));
  }
  if (done != plan.content_bytes || !SameDigest(hash.Finish(), plan.content))
    return Fail(Code::kDenied, "content other than the one that was recorded");
  return {};
}

// Modes as the replaced file has them, less setid and sticky bits; its group where the owner may give it.
Status TakeMode(int file, int directory, const struct stat* old) {
  struct stat parent;
  if (fstat(directory, &parent) != 0) return FailErrno("fstat");
  const bool inherit = old != nullptr || (parent.st_mode & S_ISGID) != 0;
  // Not a member of that group: the file keeps the owner's own, and gives the others less for it.
  const bool same_group = !inherit || fchown(file, static_cast<uid_t>(-1), old ? old->st_gid : parent.st_gid) == 0;
  mode_t mode = old ? old->st_mode & 0777 : kNewFileMode;
  if (old && !same_group) mode &= 0707;
  if (fchmod(file, mode) != 0) return FailErrno("fchmod");
  return {};
}

// Puts the new content into a trash entry, where jailed code can not reach it, and syncs it.
Status Stage(const Place& place, int entry, const wire::ChangePlan& plan, int content, const struct stat* old,
             struct stat& staged) {
  UniqueFd file = OpenBeneath(entry, kDataName, O_WRONLY | O_CREAT | O_EXCL, Mounts::kStay, 0600);
  if (!file) return FailErrno("staging the content");
  WARDER_FAULT_POINT("content made");
  WARDER_TRY_STATUS(CopyContent(content, plan, file.get()));
  WARDER_TRY_STATUS(TakeMode(file.get(), place.directory.get(), old));
  if (fsync(file.get()) != 0 || fstat(file.get(), &staged) != 0) return FailErrno("syncing the content");
  WARDER_FAULT_POINT("content durable");
  return {};
}

// Is the world what the plan saw? True: a file is to be replaced.
Result<bool> Compare(const Place& place, const wire::ChangePlan& plan, struct stat& old) {
  if (fstatat(place.directory.get(), place.name.c_str(), &old, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno != ENOENT) return FailErrno("looking at " + plan.path);
    if (plan.expect_exists) return Fail(Code::kConflict, plan.path + " is gone meanwhile", "look again");
    return false;
  }
  if (!plan.expect_exists) return Fail(Code::kConflict, plan.path + " exists meanwhile", "look again, then ask again");
  if (!IsSame(old, plan.expect_dev, plan.expect_ino))
    return Fail(Code::kConflict, "another file took the place of " + plan.path, "look again, then ask again");
  if (!S_ISREG(old.st_mode)) return Fail(Code::kInvalid, plan.path + " is not a regular file");
  return true;
}

// After the exchange: is what came out the file that was expected?
Status LookAtOld(const OwnerTrees& trees, const Place& place, int entry, const std::string& name,
                 const wire::ChangePlan& plan, const struct stat& staged) {
  struct stat out;
  if (fstatat(entry, kDataName, &out, AT_SYMLINK_NOFOLLOW) != 0) return FailErrno("fstatat");
  if (IsSame(out, plan.expect_dev, plan.expect_ino)) return {};
  Status back = Move(entry, kDataName, place.directory.get(), place.name, RENAME_EXCHANGE);
  if (!back) {
    // The place is empty again: somebody removed what we wrote. What came out goes where it was.
    back = Move(entry, kDataName, place.directory.get(), place.name, RENAME_NOREPLACE);
  }
  WARDER_FAULT_POINT("exchanged back");
  const bool ours =
      fstatat(entry, kDataName, &out, AT_SYMLINK_NOFOLLOW) != 0 || IsSame(out, staged.st_dev, staged.st_ino);
  (void)fsync(place.directory.get());
  if (!back || !ours)
    return Fail(Code::kConflict, plan.path + " is being changed by others; what was there is trash entry " + name,
                "delete what is there, then restore it");
  (void)DropEntry(trees.trash_fd.get(), name);
  return Fail(Code::kConflict, "another file took the place of " + plan.path, "look again, then ask again");
}

// `<call>-<n>`: the first that is free. A call that is tried again after a crash gets the next one.
Result<UniqueFd> MakeNumberedEntry(int trash, uint64_t call, std::string& name) {
  constexpr int kTries = 100;
  for (int n = 0; n < kTries; ++n) {
    name = std::to_string(call) + "-" + std::to_string(n);
    auto entry = MakeEntry(trash, name);
    if (entry || entry.error().code != Code::kConflict) return entry;
  }
  return Fail(Code::kConflict, "the trash has a hundred entries of this call");
}

}  // namespace

Status WriteFileAt(const OwnerTrees& trees, const wire::ChangePlan& plan, int content, wire::ChangeAnswer& answer) {
  if (content < 0) return Fail(Code::kInvalid, "a write without its content");
  WARDER_TRY(Place place, OpenPlace(trees, plan, Parents::kMustExist));
  struct stat old, staged;
  WARDER_TRY(bool replace, Compare(place, plan, old));
  std::string name;
  WARDER_TRY(UniqueFd entry, MakeNumberedEntry(trees.trash_fd.get(), plan.call, name));
  WARDER_FAULT_POINT("entry made");
  const struct stat* before = replace ? &old : nullptr;
  Status status = Stage(place, entry.get(), plan, content, before, staged);
  if (status) {
    TrashMeta meta = MetaOf(plan, before);
    meta.staged_dev = staged.st_dev;
    meta.staged_ino = staged.st_ino;
    status = WriteMeta(trees.trash_fd.get(), entry.get(), meta);
  }
  if (status)
    status =
        Move(entry.get(), kDataName, place.directory.get(), place.name, replace ? RENAME_EXCHANGE : RENAME_NOREPLACE);
  if (!status) {
    (void)DropEntry(trees.trash_fd.get(), name);
    return status;
  }
  WARDER_FAULT_POINT("in place");
  if (replace) WARDER_TRY_STATUS(LookAtOld(trees, place, entry.get(), name, plan, staged));
  if (fsync(entry.get()) != 0 || fsync(place.directory.get()) != 0) return FailErrno("syncing a write");
  WARDER_FAULT_POINT("write durable");
  if (!replace) (void)DropEntry(trees.trash_fd.get(), name);
  answer.created = !replace;
  answer.bytes = plan.content_bytes;
  if (replace) answer.trash_entry = name;
  return {};
}

}  // namespace warder::hands
