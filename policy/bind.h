// From program names to files (1-policy: "Programs are names bound to absolute files").
//
// The policy room looks at no disk: whoever binds brings a ProgramLookup (config/bind_disk.h has
// the real one). A name that `programs` does not list is looked up once in the system's
// directories. A name that is bound to no file allows no call, and still forbids by basename.
#pragma once

#include <string>
#include <vector>

#include "policy/load.h"
#include "policy/policy.h"

namespace warder::policy {

class ProgramLookup {
 public:
  virtual ~ProgramLookup() = default;
  // The regular, executable file behind the path, symlinks followed; with its hash where asked for.
  virtual Result<BoundFile> Look(const std::string& path, bool want_sha256) = 0;
  // What stands behind `#!` at the beginning of the file, its first line without blanks around it; empty: no script.
  virtual std::string ScriptLine(const std::string& path) = 0;
};

// Directories in which undeclared names are looked up, in order.
inline constexpr std::string_view kProgramDirectories[] = {"/usr/bin", "/usr/sbin", "/bin", "/sbin"};

// Fills Program::files of every program, each file once. Answers what people should know, as
// `policy check` says it: names bound to nothing, pins that differ, scripts where a rule allows. None of it makes the
// policy unusable.
std::vector<LoadProblem> BindPrograms(Policy& policy, ProgramLookup& lookup);

}  // namespace warder::policy
