// Which commands does a page show, and what does it say that they print?
//
// In ``` blocks a line that begins with `$ ` is a command; where it ends with <<'EOF' all lines to EOF belong to it.
// What follows to the next command or the end of the block is its output. In an output, … stands for any text.
#pragma once

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace warder {

struct DocCommand {
  size_t line = 0;  // in the page
  std::string text;
  std::vector<std::string> output;
};

inline std::vector<DocCommand> CommandsOf(const std::string& page) {
  std::vector<DocCommand> commands;
  std::ifstream in(page);
  bool in_block = false, here_document = false, shows = false;
  size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (here_document) {
      commands.back().text += "\n" + line;
      here_document = line != "EOF";
    } else if (line.starts_with("```")) {
      in_block = !in_block;
      shows = false;
    } else if (in_block && line.starts_with("$ ")) {
      commands.push_back({number, line.substr(2), {}});
      here_document = line.ends_with("<<'EOF'");
      shows = true;
    } else if (in_block && shows) {
      commands.back().output.push_back(line);
    }
  }
  return commands;
}

// Whether the line is what the page shows.
inline bool IsAsShown(std::string_view shown, std::string_view line) {
  constexpr std::string_view kAny = "…";
  const size_t any = shown.find(kAny);
  if (any == std::string_view::npos) return shown == line;
  if (!line.starts_with(shown.substr(0, any))) return false;
  const std::string_view rest = shown.substr(any + kAny.size());
  for (size_t at = any; at <= line.size(); ++at)
    if (IsAsShown(rest, line.substr(at))) return true;
  return false;
}

}  // namespace warder
