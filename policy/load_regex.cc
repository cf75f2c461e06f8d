// Which regular expressions may a pattern hold?
#include <re2/re2.h>

#include "base/limits.h"
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

// The end of a bracket expression that begins at `at`, one past its `]`; the text's end where it is
// open.
size_t EndOfClass(std::string_view text, size_t at) {
  size_t i = at + 1;
  if (i < text.size() && text[i] == '^') ++i;
  if (i < text.size() && text[i] == ']') ++i;  // in first place it stands for itself
  for (; i < text.size() && text[i] != ']'; ++i) {
    if (text[i] == '\\') ++i;
    if (text.substr(i).starts_with("[:")) {
      size_t end = text.find(":]", i + 2);
      if (end != std::string_view::npos) i = end + 1;
    }
  }
  return std::min(i + 1, text.size());
}

// Anchors mean nothing where the whole argument must fit, and groups with `?` can change how the
// rest is read (flags, names): a reader should not have to know that.
std::optional<RegexProblem> Forbidden(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '[':
        i = EndOfClass(text, i) - 1;
        break;
      case '^':
      case '$':
        return RegexProblem{std::string("`") + text[i] + "` in a regex",
                            "take it out: the whole argument must fit anyway; for the character "
                            "itself write a backslash before it"};
      case '(':
        if (i + 1 < text.size() && text[i + 1] == '?')
          return RegexProblem{"`(?` in a regex", "write plain groups, ( and ), only"};
        break;
      case '\\':
        ++i;
        if (i < text.size() && std::string_view("AzbBCQE").find(text[i]) != std::string_view::npos)
          return RegexProblem{std::string("`\\") + text[i] + "` in a regex",
                              "take it out: the whole argument must fit anyway"};
        break;
      default:
        break;
    }
  }
  return std::nullopt;
}

std::optional<RegexProblem> CheckSize(const RE2& compiled) {
  if (!compiled.ok())
    return RegexProblem{"a regex that RE2 does not take: " + compiled.error(), "see github.com/google/re2/wiki/Syntax"};
  if (compiled.ProgramSize() > static_cast<int>(limits::kMaxRegexStates))
    return RegexProblem{"a regex of " + std::to_string(compiled.ProgramSize()) + " states",
                        "at most " + std::to_string(limits::kMaxRegexStates) + " are taken: use smaller repeats"};
  return std::nullopt;
}

RE2::Options Options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  return options;
}

}  // namespace

std::optional<RegexProblem> CheckRegex(const std::string& regex) {
  if (auto problem = Forbidden(regex)) return problem;
  return CheckSize(RE2(regex, Options()));
}

std::optional<RegexProblem> CheckSearch(const std::string& regex) {
  const RE2 compiled(regex, Options());
  if (auto problem = CheckSize(compiled)) return problem;
  if (RE2::FullMatch("", compiled))
    return RegexProblem{"a regex that fits the empty text",
                        "make it hold at least one character: else it is everywhere"};
  return std::nullopt;
}

}  // namespace warder::policy
