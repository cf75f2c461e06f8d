// What changed in meaning between two policies? `warder policy diff`.
//
// Every change of a call's level has been decided: the call was put to both policies with policy::Decide under the same
// imagined facts (analyse/world.h), and the verdicts are those answers. Settings, the trees that jails show, redaction,
// and levels of paths that no call of a tool shows are compared as values. Which calls are tried is found by automata
// over the patterns and globs of both (analyse/argv.h, analyse/paths.h): one for each way in which the rules of a
// program fit together, so that a difference that hides in one word of one rule has its call. What was not looked at to
// the end is told as `unseen`; whoever asks must take that as a widening. Pure. What it can not see:
// docs/policy/reviewing-changes.md.
#pragma once

#include <string>
#include <vector>

#include "policy/decide.h"

namespace warder::policy::analyse {

struct Verdict {
  Level level = Level::kForbid;
  std::string rule;   // id of what decided
  std::string layer;  // empty: no layer, all together
  std::string file;
  Where where;  // line 0: the file as a whole
  std::string why;
};

struct Change {
  bool widened = false;  // else narrowed
  std::string matter;    // exec, paths, network, tools, profiles, limits, approval, guard, session, settings, redact
  std::string what;      // of what is no level: "limits: wall 2m -> 10m"; empty: the level of the call
  std::string call;      // a call that shows it, for people
  std::vector<std::string> argv;      // of a run, word by word
  std::vector<std::string> more;      // other calls that show the same
  bool inside = false;                // of a program that is started inside a run, and of no call
  bool also_inside = false;           // of both
  std::vector<std::string> profiles;  // in which it was seen; "" is the policies' own default
  // Local times at which it was seen, of those that were asked; empty: at all of them.
  std::vector<std::string> times;
  Verdict before, after;
};

struct Neutral {
  std::string what;  // "renamed", …
  std::string before, after;
  std::string file;
  Where where;  // in the new policy
};

struct Diff {
  std::vector<Change> widened, narrowed;
  std::vector<Neutral> neutral;
  std::vector<std::string> unseen;  // what was not compared to the end, and why
  size_t calls = 0;                 // put to both policies
};

Diff Compare(const PolicySet& old_set, const PolicySet& new_set);

}  // namespace warder::policy::analyse
