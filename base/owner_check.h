// Whether a file may be believed: who owns it, and who could have written it.
//
// On the open descriptor, so that what was checked is what is read. An ACL that lets others write
// shows as the group's write bit (acl(5)). Used by whoever opens the host file and policies.
#pragma once

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"

namespace warder {

// kDenied unless fd is a regular file, owned by one of the owners, that nobody else may write.
// `name` is for the message.
inline Status CheckOwner(int fd, std::span<const uint32_t> owners, const std::string& name) {
  struct stat status;
  if (fstat(fd, &status) != 0) return FailErrno("fstat " + name);
  if (!S_ISREG(status.st_mode)) return Fail(Code::kDenied, name + " is not a regular file");
  if (std::find(owners.begin(), owners.end(), status.st_uid) == owners.end())
    return Fail(Code::kDenied, name + " is owned by uid " + std::to_string(status.st_uid),
                "chown it to root, or list the owner under policy.owners of the host file");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Fail(Code::kDenied, name + " may be written by others than its owner", "chmod go-w " + name);
  return {};
}

}  // namespace warder
