// What must a shell do with a line, if warder read it rightly? The prediction that the shells are compared with.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/line.h"
#include "tests/policy/shells/jail.h"

namespace warder::shells {

// Which directories and files stand in the work directory before the line runs.
enum class Ground { kBare, kDirectories, kAll };

// Which exit code the stubs give: `0` and `1` are all of one kind, else it hangs on the argv.
using Exits = std::string;

// Where a predicted descriptor leads: one of the shell's own streams, a pipe, or a path.
struct Target {
  enum Kind { kIn, kOut, kErr, kPipe, kPath } kind = kIn;
  size_t pipe = 0;
  std::string path;
  uint64_t flags = 0;
  size_t opened = 0;  // one number for each open file: duplicates share it
};

struct Start {
  std::vector<std::string> argv;
  std::map<std::string, std::string> assigned;
  std::string directory;
  Target streams[3];
};

struct Expected {
  std::string left_out;  // not comparable, and why; the rest is empty then
  // Each inner list is one pipeline, whose programs start in any order.
  std::vector<std::vector<Start>> pipelines;
  bool complains = false;            // some redirection or `cd` fails: the shell says so
  bool succeeds = false;             // exit code 0 of the whole
  std::map<std::string, bool> tree;  // below /w, at the end: path, is a directory
  std::set<std::string> emptied;     // files that were opened by `>`
  Job job;                           // all but the shell's argv
};

// Shells have these within themselves although they are files too; warder runs the file.
bool IsFileAndBuiltin(std::string_view name);

// `line` is not opaque.
Expected Expect(const policy::CommandLine& line, Ground ground, const Exits& exits);

// What differs between the prediction and what was seen; empty where nothing does.
std::string Difference(const Expected& expected, const Seen& seen);

}  // namespace warder::shells
