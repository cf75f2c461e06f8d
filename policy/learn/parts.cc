// Which commands, paths and actions is a recorded call made of? See parts.h.
#include "policy/learn/parts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/glob.h"
#include "base/limits.h"
#include "policy/layer_index.h"
#include "policy/load_parts.h"
#include "policy/record/arguments.h"
#include "policy/yaml.h"

namespace warder::policy::learn {
namespace {

constexpr const char* kTmp = "/tmp";  // ${tmp} of every jail

void AddSized(std::string& key, std::string_view text) { key += std::to_string(text.size()) + ":" + std::string(text); }

// What a policy file can hold of a text, whoever wrote it.
std::string TextProblem(const std::string& text) {
  if (text.empty()) return "an empty argument, for which there is no exact word";
  if (text.size() > limits::kMaxYamlScalarBytes) return "an argument that is longer than a text of a policy may be";
  if (HiddenCharacter(text)) return "a name or argument with characters that a reader of a policy does not see";
  if (LooksSecret(text)) return "a name or argument that looks like a secret: write its rule by hand";
  return {};
}

// With its variable in front.
std::string Named(const std::string& path, const std::string& workspace) {
  if (IsUnder(path, workspace)) return "${workspace}" + (workspace == "/" ? path : path.substr(workspace.size()));
  if (IsUnder(path, kTmp)) return "${tmp}" + path.substr(std::string_view(kTmp).size());
  return path;
}

class Reader {
 public:
  explicit Reader(const RecordedCall& recorded) : recorded_(recorded) {}

  Parts Read() {
    if (!recorded_.arguments || (recorded_.has_facts && !recorded_.facts)) return Problem("its free text was erased");
    const auto tool = ToolNamed(recorded_.tool);
    if (!tool) return Problem("a call that this version does not read");
    if (*tool == Tool::kNone) {
      out_.nothing = true;
      return std::move(out_);
    }
    if (!recorded_.has_facts) return Problem("recorded by a version that did not write all facts");
    auto facts = ReadFacts(*recorded_.facts);
    if (!facts) return Problem("its arguments or facts were not recorded whole");
    facts_ = std::move(*facts);
    const auto arguments = nlohmann::json::parse(*recorded_.arguments, nullptr, false);
    if (arguments.is_object() && arguments.contains("begins") && arguments.contains("sha256"))
      return Problem("its arguments or facts were not recorded whole");
    Result<Call> call = CallOf(*tool, arguments);
    if (!call) return Problem("a call that this version does not read");
    call_ = std::move(*call);
    if (*tool == Tool::kRunCommand)
      Commands();
    else
      FileTool();
    return std::move(out_);
  }

 private:
  Parts Problem(std::string why) {
    Note(std::move(why));
    return std::move(out_);
  }
  void Note(std::string why) {  // the first one is told
    if (out_.problem.empty()) out_.problem = std::move(why);
  }

  void Commands() {
    for (const auto& [name, value] : call_.environment) Variable(name);
    for (const RecordedScript& script : facts_.scripts) {
      if (script.command >= call_.line.commands.size()) return Note("its arguments or facts were not recorded whole");
      SimpleCommand& command = call_.line.commands[script.command];
      command = AsInterpreter(command, script.interpreter, script.argument, script.path);
    }
    if (call_.line.commands.empty()) return Note("a line that no argv can hold");
    size_t program = 0;
    for (const SimpleCommand& command : call_.line.commands) {
      for (const auto& [name, value] : command.assignments) Variable(name);
      if (command.change_directory) continue;
      if (program >= facts_.programs.size()) return Note("its arguments or facts were not recorded whole");
      Command(command, facts_.programs[program++]);
    }
    for (const RecordedPath& path : facts_.paths)
      if (!(path.fact.path == facts_.workspace && IsDirectoryOfCall(path.text))) Path(path);
  }

  void Variable(const std::string& name) {
    if (std::ranges::find(out_.variables, name) == out_.variables.end()) out_.variables.push_back(name);
  }

  // The cwd and each cd: of the workspace itself they are free.
  bool IsDirectoryOfCall(const std::string& text) const {
    return text == call_.directory || std::ranges::any_of(call_.line.commands, [&](const SimpleCommand& command) {
             return command.change_directory && command.argv[1] == text;
           });
  }
  bool IsRedirection(const std::string& text) const {
    return std::ranges::any_of(call_.line.commands, [&](const SimpleCommand& command) {
      return std::ranges::any_of(command.redirections, [&](const Redirection& redirection) {
        return redirection.kind != RedirectKind::kDuplicate && redirection.path == text;
      });
    });
  }

  // As what act a word was judged; nothing where that can not be told for sure.
  std::optional<Act> ActOf(const std::string& word) const {
    if (word.empty() || word[0] == '-' || IsDirectoryOfCall(word) || IsRedirection(word)) return std::nullopt;
    std::optional<Act> act;
    for (const RecordedPath& path : facts_.paths) {
      if (path.text != word) continue;
      if (act && *act != path.act) return std::nullopt;
      act = path.act;
    }
    return act;
  }

  void Command(const SimpleCommand& command, const RecordedProgram& program) {
    Part part;
    part.argv = command.argv;
    const std::string& name = part.argv[0];
    if (!program.fact.found) Note("a program that was not found");
    if (!IsProgramName(name)) Note("a program by a path that no rule can name");
    for (size_t i = 0; i < part.argv.size(); ++i) {
      const std::string& word = part.argv[i];
      if (std::string why = WordProblem(word); !why.empty()) Note(std::move(why));
      // What a secret follows may be harmless to look at by itself.
      part.paths.push_back(i == 0 ? std::nullopt : ActOf(word));
    }
    if (part.argv.size() > limits::kMaxArgvWords) Note("more words than a rule may hold");
    if (!name.contains('/') && std::ranges::any_of(program.named, [](const auto& way) { return way != "system"; })) {
      part.file = program.asked;
      part.sha256 = program.fact.sha256;
      if (!IsCleanAbsolutePath(part.file) || !TextProblem(part.file).empty())
        Note("a program by a path that no rule can name");
    }
    out_.parts.push_back(std::move(part));
  }

  void Path(const RecordedPath& recorded) {
    if (!recorded.fact.resolved) return Note("a path that could not be resolved");
    if (recorded.fact.path == "/dev/null" && recorded.act != Act::kDelete) return;
    Part part;
    part.kind = PartKind::kPath;
    part.act = recorded.act;
    part.path = Named(recorded.fact.path, facts_.workspace);
    const std::string rest = part.path.starts_with("${") ? part.path.substr(part.path.find('}')) : part.path;
    if (std::string why = TextProblem(part.path); !why.empty())
      Note(std::move(why));
    else if (rest.contains('*') || rest.contains("${"))
      Note("a path with a `*` or a `${`, for which there is no exact glob");
    else if (!CheckGlob(FillIn(part.path, "/workspace", kTmp)) || facts_.workspace.empty())
      Note("a path that no rule can name");
    else if (part.act != Act::kRead && !BeneathVariable(part.path))
      Note("a write outside the workspace and its tmp, which no rule can allow");
    else
      out_.parts.push_back(std::move(part));
  }

  void FileTool() {
    if (facts_.paths.size() != 1) return Note("its arguments or facts were not recorded whole");
    const RecordedPath& path = facts_.paths[0];
    Path(path);
    Part part;
    part.kind = PartKind::kAction;
    switch (call_.tool) {
      case Tool::kReadFile:
        part.action = "read_file";
        break;
      case Tool::kListDirectory:
        part.action = "list_directory";
        break;
      case Tool::kDeleteFile:
        part.action = "delete_file";
        break;
      default:
        part.action = path.fact.exists ? "modify_file" : "create_file";
    }
    out_.parts.push_back(std::move(part));
  }

  const RecordedCall& recorded_;
  RecordedFacts facts_;
  Call call_;
  Parts out_;
};

}  // namespace

std::string Part::Key() const {
  std::string key(1, static_cast<char>('0' + static_cast<int>(kind)));
  for (const std::string& word : argv) AddSized(key, word);
  AddSized(key, path);
  key += ActName(act);
  return key + action;
}

std::string WordProblem(const std::string& word) {
  // The loader takes it for "any rest", quoted or not.
  if (word == "...") return "the argument `...`, which means any arguments in a rule";
  return TextProblem(word);
}

Parts PartsOf(const RecordedCall& recorded) { return Reader(recorded).Read(); }

}  // namespace warder::policy::learn
