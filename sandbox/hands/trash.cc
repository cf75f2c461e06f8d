// Which entries does the trash hold, and which of them can come back?
#include "sandbox/hands/trash.h"

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "base/file.h"
#include "base/limits.h"
#include "sandbox/hands/fault_point.h"
#include "sandbox/hands/open_beneath.h"
#include "sandbox/hands/read.h"

namespace warder::hands {

bool ValidEntryName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

Result<UniqueFd> OpenEntry(int trash, const std::string& name) {
  if (!ValidEntryName(name)) return Fail(Code::kInvalid, "a trash entry's name that is not [0-9a-f-]");
  UniqueFd entry = OpenBeneath(trash, name, O_RDONLY | O_DIRECTORY, Mounts::kStay);
  if (!entry && errno == ENOENT)
    return Fail(Code::kNotFound, "the trash has no entry " + name, "warder trash list shows what it has");
  if (!entry) return FailErrno("opening the trash entry " + name);
  return entry;
}

Result<UniqueFd> MakeEntry(int trash, const std::string& name) {
  if (!ValidEntryName(name)) return Fail(Code::kInvalid, "a trash entry's name that is not [0-9a-f-]");
  if (mkdirat(trash, name.c_str(), 0700) != 0) {
    if (errno == EEXIST) return Fail(Code::kConflict, "the trash has an entry " + name + " already");
    return FailErrno("making a trash entry");
  }
  return OpenEntry(trash, name);
}

Status WriteMeta(int trash, int entry, const TrashMeta& meta) {
  UniqueFd file = OpenBeneath(entry, kMetaName, O_WRONLY | O_CREAT | O_EXCL, Mounts::kStay, 0600);
  if (!file) return FailErrno("making a trash entry");
  WARDER_FAULT_POINT("meta made");
  WARDER_TRY_STATUS(WriteAll(file.get(), flat::EncodeMessage(meta)));
  WARDER_FAULT_POINT("meta written");
  if (fsync(file.get()) != 0 || fsync(entry) != 0 || fsync(trash) != 0) return FailErrno("syncing a trash entry");
  WARDER_FAULT_POINT("meta durable");
  return {};
}

Result<TrashMeta> ReadMeta(int entry) {
  UniqueFd file = OpenBeneath(entry, kMetaName, O_RDONLY | O_NONBLOCK, Mounts::kStay);
  if (!file && errno == ENOENT) return Fail(Code::kNotFound, "a trash entry without meta");
  if (!file) return FailErrno("opening a trash entry's meta");
  WARDER_TRY(std::string bytes, ReadAll(file.get(), kMaxMetaBytes));
  return flat::DecodeMessage<TrashMeta>(bytes);
}

Result<bool> HoldsSomething(int entry, const TrashMeta& meta) {
  struct stat status;
  if (fstatat(entry, kDataName, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    return FailErrno("looking at a trash entry");
  }
  return meta.kind == wire::ChangeKind::kDelete || !IsSame(status, meta.staged_dev, meta.staged_ino);
}

Status DropEntry(int trash, const std::string& name) {
  WARDER_TRY(UniqueFd entry, OpenEntry(trash, name));
  auto meta = ReadMeta(entry.get());
  if (!meta && meta.error().code != Code::kNotFound && meta.error().code != Code::kInvalid)
    return std::unexpected(meta.error());
  if (meta) {
    WARDER_TRY(bool holds, HoldsSomething(entry.get(), *meta));
    if (holds) return Fail(Code::kConflict, "the trash entry " + name + " holds something");
  }
  // data first: data without meta is what a write leaves that was killed before it had any effect.
  for (const char* file : {kDataName, kMetaName})
    if (unlinkat(entry.get(), file, 0) != 0 && errno != ENOENT) return FailErrno("dropping a trash entry");
  WARDER_FAULT_POINT("entry emptied");
  if (unlinkat(trash, name.c_str(), AT_REMOVEDIR) != 0) return FailErrno("dropping a trash entry");
  return {};
}

Result<std::vector<TrashEntry>> ListTrash(const std::string& directory) {
  UniqueFd trash(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!trash && errno == ENOENT) return std::vector<TrashEntry>();
  if (!trash) return FailErrno("opening the trash " + directory);
  WARDER_TRY(auto names, NamesIn(trash.get(), limits::kMaxWalkEntries));
  std::vector<TrashEntry> entries;
  for (const std::string& name : names) {
    if (!ValidEntryName(name)) continue;
    auto entry = OpenEntry(trash.get(), name);
    if (!entry && entry.error().code == Code::kNotFound) continue;  // restored meanwhile
    if (!entry) return std::unexpected(entry.error());
    auto meta = ReadMeta(entry->get());
    if (!meta && meta.error().code == Code::kUnsupported) return std::unexpected(meta.error());
    if (!meta) continue;  // half-made
    WARDER_TRY(bool holds, HoldsSomething(entry->get(), *meta));
    if (holds) entries.push_back({name, std::move(*meta)});
  }
  std::sort(entries.begin(), entries.end(), [](const TrashEntry& a, const TrashEntry& b) {
    return std::tie(a.meta.time_ms, a.name) < std::tie(b.meta.time_ms, b.name);
  });
  return entries;
}

}  // namespace warder::hands
