// What does `warder` say to a host? See talk.h. The protocol itself is agent/'s.
#include "cli/talk.h"

#include <unistd.h>

#include "agent/admin_client.h"
#include "agent/json_rpc.h"
#include "agent/mcp_client.h"
#include "base/text.h"
#include "cli/connect.h"
#include "cli/places.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace {

using nlohmann::json;

class Talk : public AgentTalk {
 public:
  explicit Talk(agent::McpClient client) : client_(std::move(client)) {}
  Result<json> Call(const std::string& tool, const json& arguments, const OnWait& on_wait) override {
    agent::CallOptions options;
    options.waits = on_wait;
    WARDER_TRY(agent::CallAnswer answer, client_.CallTool(tool, agent::Text(arguments), options));
    return agent::ParseObject(answer.result);
  }

 private:
  agent::McpClient client_;
};

}  // namespace

Result<json> AskAdmin(const std::string& socket, const std::string& method, const json& parameters,
                      std::chrono::milliseconds timeout) {
  WARDER_TRY(UniqueFd connection, ConnectTo(socket));
  WARDER_TRY(std::string answer,
             agent::AdminClient(std::move(connection)).Call(method, agent::Text(parameters), timeout));
  return agent::ParseObject(answer);
}

Result<json> AskHost(const Arguments& arguments, const std::string& method, const json& parameters) {
  WARDER_TRY(std::string socket, AdminSocket(arguments));
  return AskAdmin(socket, method, parameters);
}

Result<std::unique_ptr<AgentTalk>> AgentTalk::Begin(UniqueFd connection) {
  WARDER_TRY(agent::McpClient client, agent::McpClient::Over(std::move(connection), "warder"));
  return std::make_unique<Talk>(std::move(client));
}

void SayThatItWaits(std::string_view words) { Say(SafeText(words)); }

std::string JsonLines(const json& value) {
  // A program that reads it gets the text; a terminal gets it as \u escapes, none of which it could
  // act on.
  return value.dump(2, ' ', isatty(STDOUT_FILENO) == 1, json::error_handler_t::replace) + "\n";
}

std::string Shown(const json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  if (found->is_string()) return SafeText(found->get<std::string>());
  return SafeText(found->dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace warder::cli
