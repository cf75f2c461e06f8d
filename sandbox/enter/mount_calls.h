// The mount calls that enter uses, as Results; every path is looked up beneath a descriptor.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sandbox/enter/jail.h"

namespace warder::enter {

// O_PATH of an absolute path beneath `root`, which stands for "/": no symlink on the way, none at the end.
Result<UniqueFd> OpenPlain(int root, const std::string& path);
Result<Place> PlaceOf(int fd);

// A detached copy of the mount at fd (with what is mounted below it where `recursive`).
Result<UniqueFd> CloneMount(int fd, bool recursive);
// MOUNT_ATTR_* to set on a mount, and others to clear; nosuid always. id_map: -1, or a user namespace (detached mounts
// only).
Status SetMountAttributes(int fd, uint64_t attributes, bool recursive, int id_map = -1, uint64_t clear = 0);
// Attaches a detached mount at the file or directory that `target` holds, whatever its name is by now.
Status Attach(int mount, int target);

// Makes the directories of an absolute path beneath the new root, mode 0755, on the root's own tmpfs only (never on
// a disk of the host); O_PATH of the last.
Result<UniqueFd> EnsureDirectory(const Jail& jail, const std::string& path);

// Covers what `target` holds with an empty root-owned file or directory of mode 000.
Status Hide(const Jail& jail, int target);
// Whether the file status is of such a cover.
bool IsHidden(const Jail& jail, uint64_t dev, uint32_t mode);

// A new file of the root's own tmpfs; path without the leading slash.
Status MakeFile(const Jail& jail, const std::string& path, const std::string& content, mode_t mode);
// Mounts, or checks, the rows of sandbox/tables/mounts.h whose path begins with `section`.
Status MountSection(const Jail& jail, std::string_view section);
Status CheckSection(const Jail& jail, std::string_view section);

// ST_* flags of the mount at path must hold `flags` (statvfs(3)).
Status CheckMountFlags(const std::string& path, unsigned long flags);

// The libc gives the flags as enums, which do not mix with numbers in a conditional.
constexpr unsigned long Flag(unsigned long flag) { return flag; }

inline constexpr const char* kHiddenFile = "/.hidden-file";
inline constexpr const char* kHiddenDirectory = "/.hidden-directory";

}  // namespace warder::enter
