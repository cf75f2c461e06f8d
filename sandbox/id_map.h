// A user namespace whose only use is its map: which owner on disk appears as which in an idmapped mount.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace warder::jailer {

struct IdLine {  // `disk` on the file system shows as `jail` inside
  uint32_t disk = 0;
  uint32_t jail = 0;
};

// The namespace, for mount_setattr(2) MOUNT_ATTR_IDMAP. Needs CAP_SETUID, CAP_SETGID and a /proc that is our own.
// A line with uid or gid 0 is refused. Waits for a child that does nothing: well below a millisecond.
Result<UniqueFd> MakeIdMap(const std::vector<IdLine>& uids, const std::vector<IdLine>& gids);

}  // namespace warder::jailer
