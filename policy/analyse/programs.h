// Which programs run others or write files, and by which of their arguments?
//
// One table (programs_*.cc), each line out of the program's own manual. It drives the lint: a rule that lets such an
// argument through is a finding, with the call that shows it. A program that is not in the table is not thereby
// harmless, and an argument that is not in it neither: what a jail can reach is bounded by the jail.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace warder::policy::lint {

enum class Effect : uint8_t {
  kRuns,      // starts a program, or runs code, that the argument names or is
  kRunsFile,  // runs what the named file says
  kOptions,   // takes further options or commands out of the named file, where no policy sees them
  kWrites,    // writes, creates or replaces the named file (or files beside or below it)
  kDeletes,   // deletes it
};

enum class Form : uint8_t {
  kShort,    // "-o": alone, in a bundle, its value glued or in the next word
  kLong,     // "--output": its value behind = or in the next word; may be abbreviated
  kWord,     // exactly this word, the value in the next one: find's -exec, git's -c
  kGlued,    // a word that begins so, the value behind it: "of=", "@", "-fplugin="
  kOperand,  // operand number `nth`; 0: any of them
  kCommand,  // the same, and it is the name of the program that is started with all that follows
  kBare,     // without any operand at all: a shell that reads its input
};

struct Means {
  Effect effect;
  Form form;
  std::string_view spelling;  // of an option or prefix; empty for operands
  // What follows, as on a command line; empty: the option alone does it.
  std::string_view value;
  std::string_view reason;  // what happens then
  // Only behind one of these subcommands, separated by blanks; "^": only before the first operand; empty: anywhere.
  std::string_view where = {};
  uint8_t nth = 1;
  // Not beside one of these options, separated by blanks (`gzip -c` writes to its output).
  std::string_view unless = {};
};

struct KnownProgram {
  std::string_view names;   // base names, separated by blanks
  std::string_view source;  // manual page, or documentation
  std::span<const Means> means;
  // Options whose value is the next word, separated by blanks: so that operands are counted right.
  std::string_view valued = {};
  // The words behind the program come from its input too (xargs).
  bool adds_arguments = false;
  // The word behind this option names what is run, by a name of this table (python3 -m pytest).
  std::string_view module = {};
};

// Every line of the table.
const std::vector<const KnownProgram*>& KnownPrograms();
// By base name; versions at the end are not looked at ("python3.11" is "python3"). Null: not known.
const KnownProgram* FindKnownProgram(std::string_view name);

// The parts of the table; only programs.cc includes what they give.
std::span<const KnownProgram> StartingPrograms();  // programs_start.cc: start the program that they are told
std::span<const KnownProgram> LanguagePrograms();  // programs_language.cc: shells, interpreters, editors, databases
std::span<const KnownProgram> BuildingPrograms();  // programs_build.cc: compilers, build tools, package managers
std::span<const KnownProgram> FilePrograms();      // programs_file.cc: archives, copies, filters that write
std::span<const KnownProgram> NetworkPrograms();   // programs_network.cc: transfers, remote commands, git

}  // namespace warder::policy::lint
