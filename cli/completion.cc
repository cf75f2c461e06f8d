// `warder completion bash`: the table of commands as a completion script.
#include <map>

#include "cli/commands.h"
#include "cli/talk.h"
#include "cli/terminal.h"

namespace warder::cli {
namespace {

// Path of a command or group -> the words that may follow it.
std::map<std::string, std::string> Followers() {
  std::map<std::string, std::string> words;
  for (const Command& command : AllCommands()) {
    std::string path = command.path;
    size_t space = path.find(' ');
    std::string first = path.substr(0, space);
    if (words[""].find(" " + first + " ") == std::string::npos) words[""] += " " + first + " ";
    if (space != std::string::npos) words[first] += " " + path.substr(space + 1);
    std::string& options = words[path];
    for (const Option& option : command.options)
      if (option.kind == OptionKind::kFlag || option.kind == OptionKind::kText || option.kind == OptionKind::kTexts)
        options += std::string(" --") + option.name;
    options += " --json --help";
  }
  words[""] += " --help --version";
  return words;
}

int Bash(const Arguments& arguments) {
  std::string script =
      "# bash completion of warder: source <(warder completion bash)\n"
      "_warder() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} path= word words=\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    [[ $word == -- ]] && { COMPREPLY=($(compgen -f -- \"$current\")); return; }\n"
      "    [[ $word == -* ]] && continue\n"
      "    case \"$path $word\" in\n";
  std::map<std::string, std::string> followers = Followers();
  for (const auto& [path, words] : followers)
    if (!path.empty())
      script += "      \"" + std::string(path.find(' ') == std::string::npos ? " " : "") + path + "\") path=\"" + path +
                "\" ;;\n";
  script += "    esac\n  done\n  case \"$path\" in\n";
  for (const auto& [path, words] : followers) script += "    \"" + path + "\") words=\"" + words + "\" ;;\n";
  script +=
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  [[ ${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "  return 0\n"
      "}\n"
      "complete -o filenames -F _warder warder\n";
  Print(arguments.json() ? JsonLines({{"script", script}}) : script);
  return kOk;
}

}  // namespace

std::vector<Command> CompletionCommands() {
  return {{"completion bash", "A completion script for bash", "source <(warder completion bash)", {}, Bash}};
}

}  // namespace warder::cli
