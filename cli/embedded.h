// How do `warder run` and `warder mcp` get a host where none is installed? They start one for themselves.
//
// The first invocation writes a host file into the embedded directory and starts warderd, which ends by
// itself after 60 s without a session; later ones join it: their workspace becomes one more agent entry and
// the host reloads. All of it under one lock, so that two that begin together make one host. Root only:
// a rootless jail is not built yet, and an ordinary user is told what to do.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "cli/command.h"

namespace warder::cli {

struct Joined {
  UniqueFd connection;       // to the agent socket
  std::string agent;         // the entry's name
  std::string workspace;     // canonical
  std::string admin_socket;  // empty where the host is not ours to ask
  std::string state;         // where its log is; empty where that is not known
};

// The command that shows the call's records, as this user can give it: with the state directory where it is not the
// default. Empty where the log is elsewhere or not this user's to read.
std::string AuditShow(const Joined& joined, const std::string& call);

// A connection for calls in this workspace: the installed host's where it runs and the caller is one of its
// agents, `--socket` where given, else the embedded host's. Says on stderr, once, which host, policy and
// separation is in force.
Result<Joined> JoinHost(const Arguments& arguments);

// The options that JoinHost reads.
std::vector<Option> JoinOptions(std::vector<Option> own = {});

}  // namespace warder::cli
