// How does `warder` start a warderd of its own, and end it? For the embedded host and the demo.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"

namespace warder::cli {

// A program of ours that lies beside this one, or in ../libexec/warder. kNotFound says where was looked.
Result<std::string> ProgramOfOurs(const std::string& name);

// Starts warderd with these arguments, detached (own session, no descriptor of ours, stderr into log_file),
// and waits until admin_socket answers. On failure its stderr is in the error and nothing of it is left.
Result<pid_t> StartHost(const std::vector<std::string>& arguments, const std::string& admin_socket,
                        const std::string& log_file, std::chrono::milliseconds wait);

// SIGTERM to a host that StartHost of this process started, and wait for its end; SIGKILL after `wait`.
// The exit code, or -signal.
int StopHost(pid_t pid, std::chrono::milliseconds wait);

}  // namespace warder::cli
