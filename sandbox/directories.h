// What does warderd keep on disk, and who owns it? (docs/formats/processes.md, "Directories")
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "wire/host_plan.h"

namespace warder::jailer {

struct Directories {
  UniqueFd state, lock, log, ledger_state, trash, run, pid_file;
};

// Makes what is missing and refuses what belongs to somebody else, is writable by others, has another
// VERSION, or is in use by another warderd.
Result<Directories> OpenDirectories(const wire::HostPlan& plan);

// The next epoch's number, durable on disk before it is returned: no epoch is ever used twice.
Result<uint64_t> NextEpoch(int state_directory);

// trash/UID of a workspace's owner, made where missing; its path.
Result<std::string> OwnerTrash(const Directories& directories, const wire::HostPlan& plan,
                               const wire::Workspace& workspace);

// A listening stream socket, root:gid 0660, in a root-owned directory.
Result<UniqueFd> ListenAt(const std::string& path, uint32_t gid);

}  // namespace warder::jailer
