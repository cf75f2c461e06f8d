// What does `warder` say to a host? One request and its answer, on the admin or the agent socket.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "cli/command.h"

namespace warder::cli {

// The result of one admin method (docs/formats/admin.md). A refusal is kDenied, an unknown id
// kNotFound, an answered one kConflict; each with what to do. kUnavailable: nobody listens, or no
// answer within the time.
Result<nlohmann::json> AskAdmin(const std::string& socket, const std::string& method,
                                const nlohmann::json& parameters = nlohmann::json::object(),
                                std::chrono::milliseconds timeout = std::chrono::seconds(30));
// The same at the host that the options name.
Result<nlohmann::json> AskHost(const Arguments& arguments, const std::string& method,
                               const nlohmann::json& parameters = nlohmann::json::object());

using OnWait = std::function<void(std::string_view words)>;
// Tells the caller on stderr.
void SayThatItWaits(std::string_view words);

// One MCP session on a connection to an agent socket.
class AgentTalk {
 public:
  static Result<std::unique_ptr<AgentTalk>> Begin(UniqueFd connection);
  virtual ~AgentTalk() = default;
  // The tool's result object (content, structuredContent, isError). An Error is trouble with the host or a
  // broken request, never a refusal by policy.
  // on_wait: told once where the call waits for a person, in the host's words.
  virtual Result<nlohmann::json> Call(const std::string& tool, const nlohmann::json& arguments,
                                      const OnWait& on_wait = {}) = 0;
};

// The JSON as --json prints it: indented, bytes that are not UTF-8 replaced, newline at the end.
std::string JsonLines(const nlohmann::json& value);
// A member as text for a person: a string made safe for a terminal, anything else as JSON; absent: empty.
std::string Shown(const nlohmann::json& object, const char* key);

}  // namespace warder::cli
