// The command-line reader: a strict POSIX-subset parser (1-policy: "argv only").
//
// Understood: simple commands, single and double quotes and backslash, pipelines, && || ; (and
// newline between commands), redirections to literal paths (< > >> 2> 2>> 2>&1 >&2 1>&2), `cd DIR`,
// assignments of literals before a command. Everything else (expansion of any kind, globs, ~,
// here-documents, &, subshells, braces, !, reserved words, comments, functions, CR, control
// characters, redirections of other descriptors …) makes the whole line opaque. `cd` is understood
// only where what follows it, to the end, is joined by && or is a pipeline after &&: else the
// directory of the rest would depend on whether it failed.
//
// What is accepted, bash and dash execute as exactly the same argv lists, redirections and
// connectors. Pure. Never fails on any bytes; linear in the input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace warder::policy {

enum class Join : uint8_t { kFirst, kPipe, kAnd, kOr, kThen };
enum class RedirectKind : uint8_t { kRead, kTruncate, kAppend, kDuplicate };

struct Redirection {
  uint8_t fd = 0;
  RedirectKind kind = RedirectKind::kRead;
  std::string path;
  uint8_t from_fd = 0;
};

struct SimpleCommand {
  Join join = Join::kFirst;
  std::vector<std::pair<std::string, std::string>> assignments;
  std::vector<std::string> argv;  // never empty
  std::vector<Redirection> redirections;
  bool change_directory = false;  // argv is {"cd", DIR}
  // Only where AsInterpreter() rewrote a `#!` file: the argv as the call gave it (rules that forbid
  // it still count), and the file, which the interpreter reads.
  std::vector<std::string> called_as;
  std::string script;
};

struct CommandLine {
  bool opaque = false;
  std::string why_opaque;  // what was not understood, with its byte offset; for people
  size_t opaque_at = 0;
  // Of an opaque line the one command [sh, -c, LINE], or the shell's argv as it was given; none
  // where no argv can hold it (a NUL, too long).
  std::vector<SimpleCommand> commands;
};

CommandLine ReadLine(std::string_view line);

// An argv as a call gives it: one simple command; `[sh|bash|dash, -c, LINE]` (with nothing after)
// is read as LINE, and is opaque, with that argv as its command, where LINE is.
CommandLine ReadArgv(const std::vector<std::string>& argv);

// How the kernel would start a `#!` file: {interpreter, argument where there is one, file,
// arguments…}.
SimpleCommand AsInterpreter(const SimpleCommand& command, const std::string& interpreter, const std::string& argument,
                            const std::string& file);

// The argv as a line, for people and agents: quoted, controls escaped, cut after 200 bytes.
std::string ShowCommand(const std::vector<std::string>& argv);

}  // namespace warder::policy
