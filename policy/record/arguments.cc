// What does this tool call ask for?
#include "policy/record/arguments.h"

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "base/text.h"

namespace warder::policy {
namespace {

using nlohmann::json;

struct NamedTool {
  std::string_view name;
  Tool tool;
};
constexpr NamedTool kTools[] = {
    {"run_command", Tool::kRunCommand}, {"read_file", Tool::kReadFile},
    {"write_file", Tool::kWriteFile},   {"list_directory", Tool::kListDirectory},
    {"delete_file", Tool::kDeleteFile}, {"restore_file", Tool::kRestoreFile},
    {"session_info", Tool::kNone},
};

// Absent: empty.
Result<std::string> TextIn(const json& arguments, const char* key) {
  auto found = arguments.find(key);
  if (found == arguments.end()) return std::string();
  if (!found->is_string()) return Fail(Code::kInvalid, std::string(key) + ": must be string");
  return found->get<std::string>();
}

Status ReadWords(const json& arguments, Call& call) {
  std::vector<std::string> words;
  size_t bytes = 0;
  const json& argv = arguments["argv"];
  if (!argv.is_array() || argv.empty()) return Fail(Code::kInvalid, "argv: must be a list of words");
  for (const json& word : argv) {
    if (!word.is_string()) return Fail(Code::kInvalid, "argv: must be a list of words");
    words.push_back(word.get<std::string>());
    bytes += words.back().size() + 1;
  }
  if (bytes > limits::kMaxArgvBytes) return Fail(Code::kLimit, "argv: more than 64 KiB");
  if (words[0].empty()) return Fail(Code::kInvalid, "argv: the program has no name");
  call.line = ReadArgv(words);
  for (const std::string& word : words) call.opaque_text += (call.opaque_text.empty() ? "" : " ") + ShellQuote(word);
  return {};
}

Status ReadEnvironment(const json& arguments, Call& call) {
  auto environment = arguments.find("env");
  if (environment == arguments.end()) return {};
  if (!environment->is_object()) return Fail(Code::kInvalid, "env: must be object");
  for (const auto& [name, value] : environment->items()) {
    if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos)
      return Fail(Code::kInvalid, "env: `" + ForTerminal(name) + "` is not a name");
    if (!value.is_string()) return Fail(Code::kInvalid, "env." + ForTerminal(name) + ": must be string");
    call.environment.emplace_back(name, value.get<std::string>());
  }
  return {};
}

Status ReadCommand(const json& arguments, Call& call) {
  const bool line = arguments.contains("command"), argv = arguments.contains("argv");
  if (line == argv) return Fail(Code::kInvalid, "give either command or argv", "command is a line, argv a list");
  if (line) {
    WARDER_TRY(call.opaque_text, TextIn(arguments, "command"));
    call.line = ReadLine(call.opaque_text);
  } else {
    WARDER_TRY_STATUS(ReadWords(arguments, call));
  }
  if (!call.line.opaque && call.line.commands.empty()) return Fail(Code::kInvalid, "command: nothing to run");
  WARDER_TRY(call.directory, TextIn(arguments, "cwd"));
  return ReadEnvironment(arguments, call);
}

}  // namespace

std::optional<Tool> ToolNamed(std::string_view name) {
  for (const NamedTool& tool : kTools)
    if (tool.name == name) return tool.tool;
  return std::nullopt;
}

Result<Call> CallOf(Tool tool, const json& arguments) {
  Call call;
  call.tool = tool;
  if (!arguments.is_object()) return Fail(Code::kInvalid, "the tool's arguments are no JSON object");
  WARDER_TRY(call.reason, TextIn(arguments, "reason"));
  if (tool == Tool::kRunCommand) {
    WARDER_TRY_STATUS(ReadCommand(arguments, call));
  } else {
    WARDER_TRY(call.path, TextIn(arguments, "path"));
  }
  return call;
}

}  // namespace warder::policy
