// How does `warder` reach a Unix socket, and as whom?
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace warder::cli {

// A connected stream socket. kUnavailable: nobody listens; kDenied: the file's mode says no;
// kLimit: its queue is full.
Result<UniqueFd> ConnectTo(const std::string& socket);

// The same with the peer credentials of uid and the socket's own group: the kernel keeps those of the moment
// of connect(2) (unix(7)). Root only; the process is root again when it returns, or it stops.
Result<UniqueFd> ConnectAs(uid_t uid, const std::string& socket);

}  // namespace warder::cli
