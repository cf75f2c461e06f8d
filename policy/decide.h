// The decision: a pure function of (policies, call, facts, profile). Counters and local time are
// facts too.
//
// In two steps, since the paths that a call names are only known by matching its words:
//   Wanted w = Want(set, call);             // what must be looked up
//   … hands look it up: Facts, in the order of w …
//   Decision d = Decide(set, call, facts, profile);
// The strictest of all that applies decides; a command that no exec rule matches is forbid
// `no-rule`, a path that no path rule covers is forbid `no-path`, a host `no-host`. A fact that
// could not be resolved counts as forbid for the calls whose program it names. With two at the same
// level the first layer names the decision, then the first place in its file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/counters.h"
#include "policy/line.h"
#include "policy/policy_set.h"

namespace warder::policy {

enum class Tool : uint8_t {
  kRunCommand,  // and start_process, and a tool that an exec rule makes
  kReadFile,
  kWriteFile,
  kListDirectory,
  kDeleteFile,
  kRestoreFile,
  kNone,  // session_info and others that only look at the own session: always auto
  kSearchFiles,
  kEditFile,
  kMoveFile,     // path to target
  kUndoCall,     // undone
  kHttpRequest,  // host
};

struct HostPort {
  std::string name;  // lower case, no dot at its end
  uint16_t port = 0;
  std::string method;  // of http, upper case; empty: not known
};

struct UndonePath {  // what undoing a call does to one path
  std::string path;
  Act act = Act::kWrite;  // kWrite or kDelete
};

struct Call {
  Tool tool = Tool::kRunCommand;
  // A program that was started in a jail: one command, `environment` all of its variables. Its
  // attempts and breakers are the outer call's.
  bool inside = false;
  CommandLine line;         // kRunCommand
  std::string opaque_text;  // the line as given, where line.opaque
  std::string directory;    // the call's cwd, as given: absolute or relative to the workspace
  std::vector<std::pair<std::string, std::string>> environment;  // the call's env
  std::string path;                                              // file tools, as given
  std::string target;                                            // kMoveFile
  std::vector<UndonePath> undone;                                // kUndoCall
  HostPort host;                                                 // kHttpRequest
  std::string reason;
};

// ---- what must be looked up -------------------------------------------------------------------
struct WantedPath {
  size_t directory = SIZE_MAX;  // index in Wanted::paths of the directory it is relative to (a cd,
                                // the cwd); SIZE_MAX: the workspace
  std::string text;
  Act act = Act::kRead;
  bool follow_last = true;
  bool is_directory = false;  // cwd or cd: a read of a directory, free for the workspace itself
  size_t command = 0;         // which simple command names it
};
struct WantedProgram {
  std::string path;  // where to look, absolute; empty: nothing (the name is bound to no file)
  bool want_sha256 = false;
  size_t command = 0;
};
struct Wanted {
  std::vector<WantedPath> paths;        // an entry's directory comes before it
  std::vector<WantedProgram> programs;  // one for each simple command but cd, in order
  std::vector<CounterNeed> counters;    // each attempts, lease and breaker that the call may meet
};

// Paths: the cwd (first, where given), each cd, each redirection, each path argument of every way
// in which an exec rule of any layer fits, the tool's paths; each (text, directory, act) once.
// Zones of windows are in set.settings().zones.
Wanted Want(const PolicySet& set, const Call& call);

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
struct ZoneFact {
  std::string zone;
  LocalTime time;
};
struct Facts {
  std::string workspace;              // ${workspace}
  std::string tmp = "/tmp";           // ${tmp}: the jail's own
  std::vector<PathFact> paths;        // as Wanted::paths
  std::vector<ProgramFact> programs;  // as Wanted::programs
  std::vector<ZoneFact> zones;        // each zone that windows name; a missing one forbids
  std::vector<CounterFact> counters;  // as Wanted::counters
};

// ---- the answer --------------------------------------------------------------------------------
struct Applied {  // one thing that applied, for explain and the log
  // What `text` holds: a sentence, the words of a path rule, the name of the profile that has the action.
  enum class Text : uint8_t { kWhole, kOfPathRule, kProfile };
  std::string id;  // rule id, `no-rule`, `no-path`, `no-host`, an action, `session.calls` …
  Level level = Level::kForbid;
  Where where;
  std::string object;  // the command, path or host it judged
  std::string text;    // why; TellWhy() makes a sentence of it
  Act act = Act::kRead;
  bool is_path = false;
  size_t layer = SIZE_MAX;  // index in the set; SIZE_MAX: no layer said it, all together did not
  Text text_is = Text::kWhole;
};
// Why it applied, for people.
std::string TellWhy(const Applied& applied);

// Hosts that a run may reach: those that every group allows; of a group, any entry. No group: none.
struct Reach {
  struct Entry {
    size_t layer = 0, rule = 0;  // set.layer(layer).network[rule]
  };
  std::vector<std::vector<Entry>> groups;
};

struct Decision {
  Level level = Level::kForbid;
  std::string rule;   // id of what decided
  std::string layer;  // name of the layer that decided; empty: none of them
  std::string file;
  Where where;
  std::string why;  // for the agent: the rule's own words, or what is missing and would be allowed
  std::string action;
  std::string profile;
  std::vector<Applied> applied;  // everything that applied, in order
  // What counts for this call: each layer's limits, replaced by its matched rules' own; the
  // smallest.
  Limits limits;
  ApprovalTerms approval;           // of the deciding rules: most people, shortest, least reuse
  Guard guard = Guard::kEnforce;    // over what this call starts; strictest
  std::vector<Reach> reach;         // one for each simple command, in order
  std::vector<std::string> leases;  // held while it runs, each once
  // To be counted in one step before it runs (policy/counters.h); those of Wanted::counters that
  // are the matched rules' or the session's.
  std::vector<CounterNeed> counts;
};

// `profile` empty: each layer's default-profile, or none. A layer that lacks the profile takes its
// own default; one that no layer has is forbid.
Decision Decide(const PolicySet& set, const Call& call, const Facts& facts, const std::string& profile);

// Both steps of one call for whoever has both: what its words match is worked out once. Borrows the set and the call,
// which may not change meanwhile.
class Question {
 public:
  Question(const PolicySet& set, const Call& call);
  ~Question();
  const Wanted& wanted() const;
  Decision Decide(const Facts& facts, const std::string& profile) const;

 private:
  const PolicySet& set_;
  const Call& call_;
  std::unique_ptr<const struct Analysis> analysis_;
};

// Whether a run or a request may reach this host: the network rules of all layers. For each
// connection and each redirect of what was decided with a Reach.
Decision DecideHost(const PolicySet& set, const HostPort& host, const std::string& profile);

// One near miss for `explain`: which rule, how many words fitted, which word did not and why.
struct NearMiss {
  std::string id;
  size_t layer = 0;
  Where where;
  size_t words_matched = 0;
  std::string failed_word;
  std::string expected;
};
std::vector<NearMiss> NearMisses(const PolicySet& set, const SimpleCommand& command);

// ---- the view (2-jail): what a jail may show follows from the path rules
// ---------------------------
struct ViewRules {
  struct Source {  // a read-only tree outside the workspace that a path rule at auto or notify
                   // names
    std::string path;
    std::string rule;
  };
  std::vector<Source> sources;
  // Directories of the workspace that commands may write: those that every layer lets be written whole at auto or
  // notify. What globs with a wildcard grant is for file tools alone: the jail is never wider than the rules.
  std::vector<std::string> writable;
  // What is covered of the entries that exist, variables filled in: hide where reading is not granted, freeze where
  // writing is not, pin where a rule keeps a path from being deleted.
  enum class Cover : uint8_t { kHide, kFreeze, kPin };
  struct Grant {
    std::vector<std::string> match, unless;
  };
  struct CoverRule {
    Cover kind = Cover::kHide;
    std::vector<std::string> match, unless;
    std::vector<Grant> grants;  // not covered either
    std::string rule;           // empty: covers all that nothing grants
  };
  std::vector<CoverRule> covers;
};
struct ApprovedPath {  // what a call itself names, and a person said yes to
  std::string path;
  Act act = Act::kRead;
};
// A source is in view where every layer that speaks of paths, and does not pass, has it in a tree.
ViewRules ViewOf(const PolicySet& set, const std::string& workspace, const std::vector<ApprovedPath>& approved = {});

// What of the tree below a directory may not go with it when it is deleted: what a rule keeps, and what no rule lets be
// deleted. A yes of a person to the directory is one to all that another yes could free.
std::vector<ViewRules::CoverRule> KeptBelow(const PolicySet& set, const std::string& workspace,
                                            const std::string& directory, bool approved);

// ---- the policies' own examples and tests
// --------------------------------------------------------
struct Finding {
  Where where;
  std::string what;  // which example or test, what was expected, what came out and by which rule
  std::string remedy;
  size_t layer = 0;   // in whose file
  bool fails = true;  // false: only to be told, as an answer that another layer made stricter
};
// In-rule match / not-match and `tests` of every layer, decided with all of them: nothing is looked
// up on disk; relative paths start at /workspace, programs are what their names are bound to (a
// name that is bound to nothing still matches, as itself), counters are at zero.
std::vector<Finding> RunExamples(const PolicySet& set);

}  // namespace warder::policy
