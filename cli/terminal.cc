// How does `warder` speak to a person? See terminal.h.
#include "cli/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"

namespace warder::cli {
namespace {

const char* Sequence(Colour colour) {
  switch (colour) {
    case Colour::kBold:
      return "\033[1m";
    case Colour::kDim:
      return "\033[2m";
    case Colour::kRed:
      return "\033[31m";
    case Colour::kGreen:
      return "\033[32m";
    case Colour::kYellow:
      return "\033[33m";
    case Colour::kBlue:
      return "\033[34m";
    case Colour::kPlain:
      break;
  }
  return "";
}

// Characters that a UTF-8 terminal shows, as far as padding needs it: code points.
size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void Write(int fd, std::string_view text) {
  // Nobody is left to be told where stdout or stderr is gone.
  [[maybe_unused]] Status written = WriteAll(fd, text);
}

}  // namespace

std::string Paint(int fd, Colour colour, std::string_view text) {
  const char* no_colour = std::getenv("NO_COLOR");
  bool plain = colour == Colour::kPlain || (no_colour != nullptr && *no_colour != '\0') || isatty(fd) != 1;
  if (plain) return std::string(text);
  return Sequence(colour) + std::string(text) + "\033[0m";
}

void PrintError(const Error& error) {
  Write(STDERR_FILENO, Paint(STDERR_FILENO, Colour::kRed, "warder:") + " " + error.ToString() + "\n");
}

int Trouble(const Error& error) {
  PrintError(error);
  switch (error.code) {
    case Code::kInvalid:
    case Code::kNotFound:
      return kMisuse;
    case Code::kDenied:
    case Code::kConflict:
      return kFinding;
    case Code::kLimit:
    case Code::kUnavailable:
    case Code::kUnsupported:
    case Code::kSystem:
      break;
  }
  return kHostCould;
}

void Say(std::string_view words) { Write(STDERR_FILENO, "warder: " + std::string(words) + "\n"); }

void Print(std::string_view text) { Write(STDOUT_FILENO, text); }

std::string ForReader(std::string_view text) {
  return isatty(STDOUT_FILENO) == 1 ? ForTerminal(text, true) : std::string(text);
}

std::string SafeText(std::string_view text, bool keep_lines) {
  // A backslash is no part of another character (RFC 3629), so the pieces between are whole.
  std::string out;
  for (;;) {
    const size_t at = text.find('\\');
    out += ForTerminal(text.substr(0, at), keep_lines);
    if (at == std::string_view::npos) return out;
    out += '\\';
    text.remove_prefix(at + 1);
  }
}

std::string Counted(size_t count, std::string_view one, std::string_view many) {
  std::string text = std::to_string(count) + " ";
  if (count == 1) return text.append(one);
  return many.empty() ? text.append(one) + "s" : text.append(many);
}

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], Width(row[i]));
    }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - Width(row[i]) + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace warder::cli
