// Does every tools/call that is taken hold what deciding, planning and logging rely on?
//
// The input is the params of a tools/call. Property: what DecodeCall takes is the same each time;
// its words have no NUL and fit a plan; a line that was not read is at most the shell's own argv
// and says why; what is printed of it holds nothing that a terminal would act on; the
// log's text fits a record.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/text.h"
#include "broker/decode.h"
#include "broker/frame.h"
#include "broker/mcp.h"
#include "broker/tools.h"

using namespace warder;
using namespace warder::broker;

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

bool HasNul(const std::string& text) { return text.find('\0') != std::string::npos; }

void CheckWords(const policy::CommandLine& line) {
  Check(line.opaque ? line.commands.size() <= 1 : !line.commands.empty());
  Check(line.opaque != line.why_opaque.empty());
  for (const policy::SimpleCommand& command : line.commands) {
    Check(!command.argv.empty() && !command.argv[0].empty());
    Check(command.argv.size() <= limits::kMaxArgvWords);
    for (const std::string& word : command.argv) Check(!HasNul(word));
    for (const auto& redirection : command.redirections) Check(!HasNul(redirection.path));
    for (const auto& [name, value] : command.assignments) Check(!name.empty() && !HasNul(value));
  }
}

void CheckCall(const DecodedCall& call, const CallRequest& request) {
  Check(call.call.tool == request.tool->tool);
  if (call.call.tool == policy::Tool::kRunCommand) CheckWords(call.call.line);
  Check(!HasNul(call.call.path) && !HasNul(call.call.directory) && !HasNul(call.trash_entry));
  for (const auto& [name, value] : call.call.environment)
    Check(!name.empty() && name.find('=') == std::string::npos && !HasNul(name) && !HasNul(value));
  Check(IsUtf8(call.line));
  // As it was asked; who prints it escapes it.
  for (char c : ForTerminal(call.line)) Check(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

void CheckEra(const nlohmann::json& params) {
  Message message;
  message.id = 1;
  message.kind = Message::Kind::kRequest;
  message.method = "tools/call";
  message.params = params;
  message.has_params = true;
  for (Era connection : {Era::kUnknown, Era::kLegacy, Era::kModern}) {
    auto era = EraOf(message, connection);
    Check(era ? *era != Era::kUnknown : !era.error().message.empty());
  }
  (void)ClientOf(message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto params = ParseJson({reinterpret_cast<const char*>(data), size});
  if (!params || !params->is_object()) return 0;
  CheckEra(*params);
  auto name = params->find("name");
  if (name == params->end() || !name->is_string()) return 0;
  CallRequest request;
  request.tool = FindTool(name->get_ref<const std::string&>());
  if (request.tool == nullptr) return 0;
  request.arguments = params->value("arguments", nlohmann::json::object());
  const std::string logged = ArgumentsForLog(request.arguments);
  Check(logged.size() <= 32 * 1024 && ParseJson(logged).has_value());
  auto call = DecodeCall(request);
  if (!call) {
    Check(!call.error().what.empty());
    return 0;
  }
  CheckCall(*call, request);
  auto again = DecodeCall(request);
  Check(again && again->line == call->line && again->content == call->content &&
        again->call.line.commands.size() == call->call.line.commands.size());
  return 0;
}
