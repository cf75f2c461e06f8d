// Which words and names mean something to a shell and not to us?
#include "policy/line_words.h"

#include <algorithm>
#include <array>

namespace warder::policy {
namespace {

constexpr std::array<std::string_view, 24> kReserved = {
    "!",  "[[",  "]]",       "{",  "}",  "case",   "coproc", "do",   "done",  "elif",  "else", "esac",
    "fi", "for", "function", "if", "in", "select", "then",   "time", "until", "while", "((",   "))"};

constexpr std::array<std::string_view, 53> kShellOnly = {
    ".",         ":",        "alias",    "bg",      "bind",     "break",   "builtin", "caller",  "chdir",
    "command",   "compgen",  "complete", "compopt", "continue", "declare", "dirs",    "disown",  "enable",
    "eval",      "exec",     "exit",     "export",  "fc",       "fg",      "getopts", "hash",    "help",
    "history",   "jobs",     "let",      "local",   "logout",   "mapfile", "popd",    "pushd",   "read",
    "readarray", "readonly", "return",   "set",     "shift",    "shopt",   "source",  "suspend", "trap",
    "type",      "times",    "typeset",  "ulimit",  "umask",    "unalias", "unset",   "wait"};

constexpr std::array<std::string_view, 13> kVariables = {
    "_",    "EUID",       "FUNCNAME",  "GROUPS", "IFS", "OPTIND", "PATH", "POSIXLY_CORRECT",
    "PPID", "EXECIGNORE", "SHELLOPTS", "SHLVL",  "UID"};

template <typename List>
bool Has(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

bool IsReservedWord(std::string_view word) { return Has(kReserved, word); }
bool IsShellOnly(std::string_view word) { return Has(kShellOnly, word); }
bool IsShellVariable(std::string_view name) {
  return Has(kVariables, name) || (name.starts_with("BASH") && name != "BASH_ENV");
}

}  // namespace warder::policy
