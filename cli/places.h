// Where does a host keep its sockets and its log? The installed one, and the embedded one.
#pragma once

#include <string>

#include "base/error.h"
#include "cli/command.h"

namespace warder::cli {

inline constexpr const char* kInstalledRun = "/run/warder";
inline constexpr const char* kInstalledState = "/var/lib/warder";
inline constexpr const char* kInstalledHostFile = "/etc/warder/warder.yaml";

// The embedded host's directory: `--run-dir`, else /run/warder-embedded-root (or -UID). Its sockets are in run/.
std::string EmbeddedDirectory(const Arguments& arguments);
std::string EmbeddedRun(const std::string& embedded_directory);

// The admin socket: `--socket`; with `--run-dir` that embedded host's; else the installed host's where it is
// there, else the embedded one's. kUnavailable where there is none.
Result<std::string> AdminSocket(const Arguments& arguments);

// The state directory that file commands (audit, trash) read: `--state`, else /var/lib/warder.
std::string StateDirectory(const Arguments& arguments);

// The options of the commands that ask a host.
std::vector<Option> HostOptions(std::vector<Option> own = {});

}  // namespace warder::cli
