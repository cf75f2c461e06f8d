// Which words mean something to a shell by themselves? Tables of the command-line reader.
#pragma once

#include <string_view>

namespace warder::policy {

// Reserved words of bash and dash together (POSIX 2.4, bash(1) "RESERVED WORDS"). Unquoted in the
// place of a command they begin something that is not a simple command.
bool IsReservedWord(std::string_view word);

// Builtins that are no file: running one in a process of its own would mean nothing, so they are
// not programs.
bool IsShellOnly(std::string_view word);

// Variables whose value a shell does not hand on as it was assigned (bash(1) "Shell Variables"), or that change how it
// reads the line or finds its programs.
bool IsShellVariable(std::string_view name);

}  // namespace warder::policy
