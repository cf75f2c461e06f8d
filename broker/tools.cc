// Which tools exist, with which arguments, results and annotations?
#include "broker/tools.h"

#include "base/limits.h"

namespace warder::broker {
namespace {

using nlohmann::json;

json Text(const char* description, size_t most, size_t least = 0) {
  json schema = {{"type", "string"}, {"description", description}, {"maxLength", most}};
  if (least > 0) schema["minLength"] = least;
  return schema;
}

json Number(const char* description, int64_t least, int64_t most) {
  return {{"type", "integer"}, {"description", description}, {"minimum", least}, {"maximum", most}};
}

json Flag(const char* description) { return {{"type", "boolean"}, {"description", description}}; }

json Path(const char* description) { return Text(description, limits::kMaxPathBytes, 1); }

json Encoding() {
  return {{"type", "string"},
          {"description", "utf-8 (default) or base64"},
          {"enum", json::array({"utf-8", "base64"})},
          {"maxLength", 6}};
}

json Input(json properties, std::vector<std::string> required) {
  properties["reason"] =
      Text("Why you make this call; recorded, and shown to who approves it", limits::kMaxReasonBytes);
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

// Every answer also fits the form of a refusal and of a failure, since clients check those too.
json Output(json properties) {
  for (const char* name : {"level", "rule", "file", "part", "why", "instead", "explain", "code"})
    properties[name] = {{"type", "string"}};
  for (const char* name : {"refused", "failed"}) properties[name] = {{"type", "boolean"}};
  properties["call"] = {{"type", "integer"}};
  properties["approval"] = {{"type", "object"}};
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", json::array({"call"})}};
}

json Typed(std::initializer_list<const char*> texts, std::initializer_list<const char*> numbers) {
  json properties = json::object();
  for (const char* name : texts) properties[name] = {{"type", "string"}};
  for (const char* name : numbers) properties[name] = {{"type", "integer"}};
  return properties;
}

struct Hints {
  bool read_only, destructive, idempotent;
};

ToolEntry Entry(const char* name, policy::Tool tool, const char* description, json input, json output, Hints hints) {
  return {name,
          tool,
          {{"name", name},
           {"description", description},
           {"inputSchema", std::move(input)},
           {"outputSchema", std::move(output)},
           {"annotations",
            {{"readOnlyHint", hints.read_only},
             {"destructiveHint", hints.destructive},
             {"idempotentHint", hints.idempotent},
             // Jails have no network until egress is built: nothing outside the host is met.
             {"openWorldHint", false}}}}};
}

ToolEntry RunCommand() {
  json words = {{"type", "array"},
                {"description", "The program and its arguments, passed on as they are"},
                {"items", Text("One word", limits::kMaxArgvBytes)},
                {"minItems", 1},
                {"maxItems", limits::kMaxArgvWords}};
  json environment = {{"type", "object"},
                      {"description", "Variables that the policy lets a call set"},
                      {"properties", json::object()},
                      {"additionalProperties", Text("Its value", limits::kMaxArgvBytes)}};
  json input = {
      {"command", Text("A command line: pipelines, && || ;, redirections, cd; nothing that a shell would expand",
                       limits::kMaxLineBytes, 1)},
      {"argv", words},
      {"cwd", Path("Directory to start in; default: the workspace")},
      {"env", environment},
      {"timeout_ms", Number("Ends the run after this time; only narrows the policy's limit", 1, 86'400'000)},
      {"stdin", Text("What the command reads from its standard input", limits::kMaxStdinBytes)},
      {"pty", Flag("Not built yet: refused")},
      {"session", Flag("Not built yet: refused")}};
  json output = Typed(
      {"ended", "stdout", "stderr", "stdout_b64", "stderr_b64", "workspace"},
      {"exit_code", "signal", "command", "stdout_bytes", "stderr_bytes", "duration_ms", "cpu_ms", "max_rss_bytes"});
  for (const char* name : {"stdout_truncated", "stderr_truncated"}) output[name] = {{"type", "boolean"}};
  output["undo"] = {{"type", json::array({"string", "null"})}};
  return Entry("run_command", policy::Tool::kRunCommand,
               "Runs a command in a jail, as the policy allows. Give either `command` or `argv`.",
               Input(std::move(input), {}), Output(std::move(output)), {false, true, false});
}

std::vector<ToolEntry> MakeTools() {
  std::vector<ToolEntry> tools;
  tools.push_back(RunCommand());
  tools.push_back(
      Entry("read_file", policy::Tool::kReadFile, "Reads a file, or a range of its bytes.",
            Input({{"path", Path("Absolute, or relative to the workspace")},
                   {"offset", Number("First byte; default 0", 0, INT64_MAX)},
                   {"length", Number("Bytes at most", 1, static_cast<int64_t>(limits::kMaxReadAnswerBytes))},
                   {"limit", Number("The same as length", 1, static_cast<int64_t>(limits::kMaxReadAnswerBytes))},
                   {"encoding", Encoding()}},
                  {"path"}),
            Output(Typed({"path", "content", "content_b64"}, {"size", "offset", "length"})), {true, false, true}));
  tools.push_back(Entry("write_file", policy::Tool::kWriteFile,
                        "Writes a whole file; what it held before goes to the trash.",
                        Input({{"path", Path("Absolute, or relative to the workspace")},
                               {"content", Text("The whole new content", limits::kMaxFrameBytes)},
                               {"encoding", Encoding()}},
                              {"path", "content"}),
                        Output([] {
                          json output = Typed({"path", "trash_entry", "undo"}, {"bytes"});
                          output["created"] = {{"type", "boolean"}};
                          return output;
                        }()),
                        {false, true, true}));
  tools.push_back(Entry("list_directory", policy::Tool::kListDirectory, "Lists a directory.",
                        Input({{"path", Path("Absolute, or relative to the workspace; `.` is the workspace")},
                               {"depth", Number("Levels; default 1", 1, 8)}},
                              {"path"}),
                        Output([] {
                          json output = Typed({"path"}, {});
                          output["cut"] = {{"type", "boolean"}};
                          output["entries"] = {{"type", "array"}, {"items", {{"type", "object"}}}};
                          return output;
                        }()),
                        {true, false, true}));
  tools.push_back(Entry("delete_file", policy::Tool::kDeleteFile,
                        "Moves a file or a directory to the trash; restore_file brings it back.",
                        Input({{"path", Path("Absolute, or relative to the workspace")}}, {"path"}),
                        Output(Typed({"path", "trash_entry", "undo"}, {})), {false, true, false}));
  tools.push_back(Entry(
      "restore_file", policy::Tool::kRestoreFile, "Brings back what delete_file or write_file put into the trash.",
      Input({{"trash_entry", Text("As the answer of the deleting call names it", 64, 1)},
             {"path", Path("Where it was, and where it goes; needed only after a restart of the host")}},
            {"trash_entry"}),
      Output([] {
        json output = json::object();
        output["restored"] = {{"type", "array"}, {"items", {{"type", "string"}}}};
        return output;
      }()),
      {false, false, false}));
  tools.push_back(Entry("session_info", policy::Tool::kNone, "What this session is, and what its policy allows.",
                        Input(json::object(), {}), Output([] {
                          json output = Typed({"agent", "profile", "policy", "tier", "exec_guard", "workspace_mode"},
                                              {"session", "calls"});
                          output["workspace"] = {{"type", "string"}};
                          output["limits"] = {{"type", "object"}};
                          output["allowed"] = {{"type", "array"}, {"items", {{"type", "string"}}}};
                          return output;
                        }()),
                        {true, false, true}));
  // Here `refused` counts; in the refusal of a call it is a flag.
  tools.back().listed["outputSchema"]["properties"]["refused"]["type"] = json::array({"integer", "boolean"});
  return tools;
}

}  // namespace

const std::vector<ToolEntry>& Tools() {
  static const std::vector<ToolEntry> tools = MakeTools();
  return tools;
}

const ToolEntry* FindTool(std::string_view name) {
  for (const ToolEntry& tool : Tools())
    if (tool.name == name) return &tool;
  return nullptr;
}

std::string ToolNames() {
  std::string names;
  for (const ToolEntry& tool : Tools()) names += (names.empty() ? "" : ", ") + tool.name;
  return names;
}

}  // namespace warder::broker
