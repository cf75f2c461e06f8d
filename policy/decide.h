// The decision: a pure function of (policy, call, facts, profile).
//
// In two steps, since the paths that a call names are only known by matching its words:
//   Wanted w = Want(policy, call);          // what must be looked up
//   … hands look it up: Facts, in the order of w …
//   Decision d = Decide(policy, call, facts, profile);
// The strictest of all that applies decides; a command that no exec rule matches is forbid `no-rule`, a
// path that no path rule covers is forbid `no-path`. A fact that could not be resolved counts as forbid for
// the calls whose program it names. With two at the same level the first in the file names the decision.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/line.h"
#include "policy/policy.h"

namespace warder::policy {

enum class Tool : uint8_t { kRunCommand, kReadFile, kWriteFile, kListDirectory, kDeleteFile, kRestoreFile, kNone };
// kNone: session_info and others that only look at the own session: always auto.

struct Call {
  Tool tool = Tool::kRunCommand;
  CommandLine line;        // kRunCommand
  std::string opaque_text; // the line as given, where line.opaque
  std::string directory;   // the call's cwd, canonical? no: as given, absolute or relative to the workspace
  std::vector<std::pair<std::string, std::string>> environment;  // the call's env
  std::string path;        // file tools, as given
  std::string reason;
};

// ---- what must be looked up -------------------------------------------------------------------
struct WantedPath {
  size_t directory = SIZE_MAX;  // index in Wanted::paths of the directory it is relative to (a cd, the cwd);
                                // SIZE_MAX: the workspace
  std::string text;
  Act act = Act::kRead;
  bool follow_last = true;
  bool is_directory = false;  // cwd or cd: a read of a directory, free where it is the workspace itself
  size_t command = 0;         // which simple command names it
};
struct WantedProgram {
  std::string path;   // where to look, absolute; empty: nothing to look up (the name is bound to no file)
  bool want_sha256 = false;
  size_t command = 0;
};
struct Wanted {
  std::vector<WantedPath> paths;        // an entry's directory comes before it
  std::vector<WantedProgram> programs;  // one for each simple command but cd, in order
};

// Paths: the cwd (first, where given), each cd, each redirection, each path argument of every way in which
// an exec rule fits, the tool's path; each (text, directory, act) once.
Wanted Want(const Policy& policy, const Call& call);

// ---- facts --------------------------------------------------------------------------------------
struct PathFact {
  bool resolved = false;
  std::string problem;
  std::string path;  // canonical
  bool exists = false;
  bool is_directory = false;
  uint64_t dev = 0, ino = 0;
};
struct ProgramFact {
  bool found = false;
  std::string problem;
  std::string path;  // canonical
  uint64_t dev = 0, ino = 0;
  std::optional<Digest> sha256;
  bool executable = false, readable = false;
  // Of a `#!` file: the broker looked the interpreter up too; the command is decided and run as the
  // interpreter with [interpreter, argument?, script, args…], the script as a read path.
  bool is_script = false;
};
struct Facts {
  std::string workspace;   // ${workspace}
  std::string tmp = "/tmp";  // ${tmp}: the jail's own
  std::vector<PathFact> paths;        // as Wanted::paths
  std::vector<ProgramFact> programs;  // as Wanted::programs
};

// ---- the answer --------------------------------------------------------------------------------
struct Applied {  // one thing that applied, for explain and the log
  std::string id;      // rule id, `no-rule`, `no-path`, `opaque`, an action, `environment`, `reason`
  Level level = Level::kForbid;
  Where where;
  std::string object;  // the command or path it judged
  std::string text;    // why, as the rule says it
  Act act = Act::kRead;
  bool is_path = false;
};
struct Decision {
  Level level = Level::kForbid;
  std::string rule;     // id of what decided
  std::string file;
  Where where;
  std::string why;      // for the agent: the rule's own words, or what is missing and what would be allowed
  std::string action;
  std::string profile;
  std::vector<Applied> applied;   // everything that applied, in order
  Limits limits;                  // what counts for this call: the layer's, replaced by the matched rules' own,
                                  // the smallest of several
  ApprovalTerms approval;         // of the deciding rules: most people, shortest
};

// `profile` empty: the policy's default-profile, or none. An unknown profile is forbid.
Decision Decide(const Policy& policy, const Call& call, const Facts& facts, const std::string& profile);

// One near miss for `explain`: which rule, how many words fitted, which word did not and why.
struct NearMiss {
  std::string id;
  Where where;
  size_t words_matched = 0;
  std::string failed_word;
  std::string expected;
};
std::vector<NearMiss> NearMisses(const Policy& policy, const SimpleCommand& command);

// ---- the view (2-jail): what a jail may show follows from the path rules ---------------------------
struct ViewRules {
  struct Source {  // a read-only tree outside the workspace that a path rule at auto or notify names by `under`
    std::string path;
    std::string rule;
  };
  std::vector<Source> sources;
  // Globs of forbid rules, variables filled in: hide where read is forbidden, freeze where write is, pin where only
  // delete is.
  enum class Cover : uint8_t { kHide, kFreeze, kPin };
  struct CoverRule {
    Cover kind = Cover::kHide;
    std::vector<std::string> match, unless;
    std::string rule;
  };
  std::vector<CoverRule> covers;
};
ViewRules ViewOf(const Policy& policy, const std::string& workspace);

// ---- the policy's own examples and tests --------------------------------------------------------
struct Finding {
  Where where;
  std::string what;     // which example or test, what was expected, what came out and by which rule
  std::string remedy;
};
// In-rule match / not-match and `tests`: nothing is looked up on disk; relative paths start at /workspace,
// programs are what their names are bound to (a name that is bound to nothing still matches, as itself).
std::vector<Finding> RunExamples(const Policy& policy);

}  // namespace warder::policy
