// Which file would execve(2) run for this path, and what would start a script?
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "wire/hands.h"

namespace warder::hands {

struct HashBang {
  std::string interpreter;
  std::string argument;  // the rest of the line as one word; empty: none
};

// The `#!` line of a file's first bytes by the kernel's own rule (fs/binfmt_script.c): the first 256 bytes
// count, one argument, spaces and tabs around it dropped, a cut interpreter name refused. Nothing: the file
// does not begin with `#!`. kInvalid: it does, and the kernel would not run it.
Result<std::optional<HashBang>> ReadHashBang(std::string_view head);

wire::ProgramAnswer AnswerProgram(int root, const wire::ProgramQuestion& question);

}  // namespace warder::hands
