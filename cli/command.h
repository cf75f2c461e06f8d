// What is a command of `warder`? A line of a table: words, options, an example and a function.
//
// Each command's file gives its lines; cli/command_line.cc alone knows CLI11 and turns the table into a
// parser, into --help and into shell completion. So a command can not be without an example, and a test
// walks the same table.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace warder::cli {

// Exit codes of every command but `run` (3-protocol, CLI).
inline constexpr int kOk = 0;
inline constexpr int kFinding = 1;    // a finding, or a refused call
inline constexpr int kMisuse = 2;     // misuse, or input that can not be used
inline constexpr int kHostCould = 3;  // the host could not: no broker, log shut

enum class OptionKind : uint8_t {
  kFlag,         // --name
  kText,         // --name VALUE
  kTexts,        // --name VALUE…
  kPositional,   // VALUE
  kPositionals,  // VALUE…
  kRest,         // what follows `--`, word for word
};

struct Option {
  OptionKind kind = OptionKind::kFlag;
  const char* name = "";  // "json", "policy"; for a value also what stands for it in --help
  const char* text = "";  // what it does, one line
  bool required = false;
};

// What a command line gave, by option name.
class Arguments {
 public:
  bool Has(std::string_view name) const { return values_.find(name) != values_.end(); }
  // The value, or what is to count where none was given.
  std::string Text(std::string_view name, std::string_view otherwise = {}) const;
  const std::vector<std::string>& List(std::string_view name) const;
  bool json() const { return Has("json"); }
  void Put(const std::string& name, std::vector<std::string> values) { values_[name] = std::move(values); }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

struct Command {
  const char* path = "";                   // "audit show"
  const char* brief = "";                  // one line
  const char* example = "";                // a whole command line that works
  std::vector<Option> options;             // --json and --help come by themselves
  int (*run)(const Arguments&) = nullptr;  // the exit code
};

// Every command, in the order of --help.
const std::vector<Command>& AllCommands();
// The commands of one word that have others below them: what `warder WORD --help` says first.
const char* GroupBrief(std::string_view word);

// Parses, runs the command that was named, and gives its exit code.
int RunCommandLine(const std::vector<std::string>& words);

}  // namespace warder::cli
