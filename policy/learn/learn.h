// Which is the smallest policy that allows what was seen, and nothing that was refused?
//
// Made of the calls of an audit log. A call that was allowed and done gives its parts: each command as the exact argv,
// each path that was judged as that path, each action of a tool. A part gets the loosest level at which a call with it
// was decided, and is made stricter until no seen call comes out looser than it was decided. Calls that were forbidden,
// not approved, refused by the host, that failed or have no end give nothing, and are evidence: under what is learned a
// call that was forbidden is forbidden again, and one that nobody approved waits for a person at least.
//
// What is wider than what was seen is made only where it was asked for, from LearnTerms::least examples on, and not at
// all where it would let such a call through or where a review (policy/analyse/findings.h) finds fault with it. What
// the language can not say exactly is left out, never widened: names with a wildcard, texts that a reader of the file
// would not see, variables of the environment; and what looks like a secret, for a policy is read by many.
//
// A policy says which parts are allowed, not which belong together: a call made of parts of several seen calls passes
// too. Pure; looks at no disk. The same calls in the same order give the same text.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "policy/analyse/findings.h"
#include "policy/record/again.h"

namespace warder::policy {

enum class Fate : uint8_t {
  kDone,         // decided, allowed, and it ran or was done
  kForbidden,    // by a policy
  kNotApproved,  // a person said no, or nobody said yes
  kByHost,       // refused by the host before or beside the policy
  kFailed,       // allowed, and it never ran, or could not be done
  kNoEnd,        // the log does not say how it ended
  kLast = kNoEnd
};

struct SeenCall {
  uint64_t call = 0, record = 0;  // its number; the number of its decision's record
  Fate fate = Fate::kNoEnd;
  Level level = Level::kForbid;  // as it was decided
  bool for_reason = false;       // forbidden since it gave no reason
  RecordedCall recorded;
};

enum class Widen : uint8_t {
  kNumbers,      // arguments that are numbers: any number from the smallest to the largest seen
  kPaths,        // arguments that were judged as paths: any path that the path rules allow
  kFolders,      // files of one directory: every name in it
  kTrees,        // files of one directory: everything below it, so that jailed commands may see or write it whole
  kWorkspace,    // commands may read the whole workspace, also what they do not name
  kEnvironment,  // variables that calls set: with any value
  kLast = kEnvironment
};
const char* WidenName(Widen widen);  // "numbers"
const char* WidenText(Widen widen);  // one line for people

struct LearnTerms {
  std::string id = "learned";
  LayerKind layer = LayerKind::kProject;
  std::set<Widen> widen;
  size_t least = 3;  // so many different examples before anything is widened; at least 2
};

struct LearnedRule {
  std::string id;    // of the rule, or the action
  std::string kind;  // "exec", "path", "action", "environment"
  Level level = Level::kForbid;
  std::string says;               // the pattern, the globs; what an agent wrote is in it
  std::vector<uint64_t> records;  // decisions that it was learned from, in order
  std::string stands_for;         // what it allows beyond what was seen; empty: nothing
};
struct LeftOut {
  std::string why;
  uint64_t count = 0, first_call = 0;
};
struct NotWidened {
  std::string what;  // the rule that was not made
  std::string why;
  uint64_t call = 0;  // that it would have let through; 0: none
};

struct Learned {
  std::string yaml;  // as `warder policy fmt` lays it out
  std::vector<LearnedRule> rules;
  std::vector<LeftOut> left_out;
  std::vector<NotWidened> not_widened;
  std::vector<lint::Found> findings;  // what a reviewer would say of it, notes not among them
  uint64_t calls = 0;                 // that were given
  uint64_t same = 0, stricter = 0;    // of those learned from: what they are under the policy
  uint64_t refused = 0;               // of those forbidden or not approved: none is looser than it was
  uint64_t free_of_rules = 0;         // done, and allowed to anybody: session_info
};

// kInvalid where nothing can be learned, kLimit where it would be more than one policy may hold.
Result<Learned> Learn(const std::vector<SeenCall>& calls, const LearnTerms& terms);

}  // namespace warder::policy
