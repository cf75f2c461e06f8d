// What do the parts of `warder demo` say to each other? Events, one JSON object a packet.
//
// The demo is three processes beside the host: the agent (another uid), the operator (a third) and the one
// that was started, which alone prints. Events: {kind: "step", title, asks, purpose}, {kind: "answer", good, colour,
// text}, {kind: "operator", text}.
#pragma once

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"

namespace warder::cli::demo {

// Numbers that no account of a machine has; nothing is added to its user database.
inline constexpr uid_t kOwner = 1900080001;     // of the project
inline constexpr uid_t kAgent = 1900080002;     // what the agent runs as
inline constexpr uid_t kOperator = 1900080003;  // who may say yes

struct Places {
  std::string directory;  // of the whole demo
  std::string project, policy, host_file, run, state, log;
  std::string agent_socket, admin_socket;
};

void SendEvent(int events, const nlohmann::json& event);

// demo_project.cc: the project (a git repository with a C program, logs and a secret), the policy and the
// host file, each owned as on a real host.
Status MakeProject(const Places& places);
Status WriteHost(const Places& places);

// demo_agent.cc: the agent's work over MCP; returns whether every answer was what it must be. Runs as kAgent.
bool RunAgent(const Places& places, int events);

// demo_operator.cc: says yes to the first request and no to the second, then ends. Runs as kOperator.
bool RunOperator(const Places& places, int events);

}  // namespace warder::cli::demo
