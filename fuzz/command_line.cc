// Whatever the reader accepts reads back to the same commands when its words are quoted again.
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "policy/line.h"

namespace {
using warder::policy::CommandLine;
using warder::policy::SimpleCommand;

void Demand(bool holds) {
  if (!holds) std::abort();
}

std::string Quoted(const std::string& word) {
  std::string out = "'";
  for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string Render(const CommandLine& line) {
  constexpr const char* kJoins[] = {"", "|", "&&", "||", ";"};
  constexpr const char* kSigns[] = {"<", ">", ">>", ">&"};
  std::string out;
  for (const SimpleCommand& command : line.commands) {
    out += kJoins[static_cast<size_t>(command.join)];
    for (const auto& [name, value] : command.assignments) out += name + "=" + warder::ShellQuote(value) + " ";
    // A reserved word that was quoted must stay so.
    out += Quoted(command.argv[0]) + " ";
    for (size_t i = 1; i < command.argv.size(); ++i) out += warder::ShellQuote(command.argv[i]) + " ";
    for (const auto& r : command.redirections) {
      out += std::to_string(r.fd) + kSigns[static_cast<size_t>(r.kind)];
      out += (r.path.empty() ? std::to_string(r.from_fd) : warder::ShellQuote(r.path)) + " ";
    }
  }
  return out;
}

bool Same(const SimpleCommand& a, const SimpleCommand& b) {
  if (a.join != b.join || a.argv != b.argv || a.assignments != b.assignments ||
      a.change_directory != b.change_directory || a.redirections.size() != b.redirections.size())
    return false;
  for (size_t i = 0; i < a.redirections.size(); ++i) {
    const auto &x = a.redirections[i], &y = b.redirections[i];
    if (x.fd != y.fd || x.kind != y.kind || x.path != y.path || x.from_fd != y.from_fd) return false;
  }
  return true;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const CommandLine line = warder::policy::ReadLine(text);
  Demand(line.opaque ? line.commands.size() <= 1 : !line.commands.empty());
  Demand(line.opaque != line.why_opaque.empty());
  if (line.opaque) return 0;
  Demand(!text.contains('\0') && !text.contains('\r'));
  const std::string rendered = Render(line);
  if (rendered.size() > 8192) return 0;  // quoting made it longer than a line may be
  const CommandLine again = warder::policy::ReadLine(rendered);
  Demand(!again.opaque && again.commands.size() == line.commands.size());
  for (size_t i = 0; i < line.commands.size(); ++i) Demand(Same(line.commands[i], again.commands[i]));
  return 0;
}
