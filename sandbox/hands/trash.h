// The trash of one owner: what was deleted or overwritten, and can be restored (docs/formats/trash.md).
//
// TRASH/ENTRY/meta says what it is, TRASH/ENTRY/data is the thing itself, moved and not copied. meta is
// durable before data can be anything that was in the workspace, so a kill at any moment leaves that thing
// in its place or whole in the trash with its meta.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/archive.h"
#include "base/error.h"
#include "base/unique_fd.h"
#include "wire/hands.h"
#include "wire/plan.h"

namespace warder::hands {

struct TrashMeta {
  static constexpr uint8_t kVersion = 1, kType = 110;
  uint64_t session = 0;
  uint64_t call = 0;
  std::string agent;
  wire::ChangeKind kind = wire::ChangeKind::kDelete;  // kDelete: was deleted; kWrite: was overwritten
  std::string workspace;
  std::string path;     // where it was
  int64_t time_ms = 0;  // since 1970, UTC
  wire::FileKind file = wire::FileKind::kNone;
  uint64_t dev = 0, ino = 0;  // of what was expected at path; 0, 0: nothing
  uint32_t mode = 0;
  uint64_t size = 0;
  // kWrite: of the new content, which lies in data until it is exchanged with the old one.
  uint64_t staged_dev = 0, staged_ino = 0;
  template <typename F>
  void Fields(F& f) {
    f(session, call, agent, kind, workspace, path, time_ms, file, dev, ino, mode, size, staged_dev, staged_ino);
  }
};

inline constexpr const char* kMetaName = "meta";
inline constexpr const char* kDataName = "data";
inline constexpr size_t kMaxMetaBytes = 16 * 1024;  // three paths and a name fit

// [0-9a-f-]{1,64}
bool ValidEntryName(std::string_view name);

// Makes TRASH/name, 0700 and empty; kConflict where it exists.
Result<UniqueFd> MakeEntry(int trash, const std::string& name);
// Writes meta into the entry: file, entry and trash are synced.
Status WriteMeta(int trash, int entry, const TrashMeta& meta);
// kNotFound: no such entry. kUnsupported: another version. kInvalid: a torn one.
Result<TrashMeta> ReadMeta(int entry);
Result<UniqueFd> OpenEntry(int trash, const std::string& name);
// Removes an entry whose data is gone or only staged; what came out of a workspace is never removed here.
Status DropEntry(int trash, const std::string& name);

// Whether data is something that came out of the workspace (and not staged content that never went in).
Result<bool> HoldsSomething(int entry, const TrashMeta& meta);

struct TrashEntry {
  std::string name;
  TrashMeta meta;
};
// Every entry that can be restored, by time and then name. What a kill left half-made is not listed.
// The directory is TRASH (`STATE/trash/UID`); readable to its owner and root.
Result<std::vector<TrashEntry>> ListTrash(const std::string& directory);

}  // namespace warder::hands
