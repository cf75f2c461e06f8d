// What a call names under a policy, worked out once for Want(), Decide() and the examples.
//
// Internal to policy/decide*.cc and policy/examples.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/decide.h"
#include "policy/match.h"
#include "policy/profile.h"

namespace warder::policy {

// One exec rule whose program a command names.
struct Candidate {
  const ExecRule* rule = nullptr;
  std::vector<const Program*> programs;  // those of the rule that the command names
  Fit fit;
  std::vector<size_t> paths;             // indexes in Wanted::paths; of a rule that fits
};

struct CommandAnalysis {
  size_t program = SIZE_MAX;       // index in Wanted::programs; none for cd
  std::vector<Candidate> candidates;
  std::vector<size_t> paths;       // of redirections, the cd itself, a script
};

struct Analysis {
  Wanted wanted;
  size_t directory = SIZE_MAX;     // of the call's cwd, in wanted.paths
  std::vector<CommandAnalysis> commands;
  std::vector<size_t> tool_paths;  // of a file tool
};

Analysis Analyse(const Policy& policy, const Call& call);

std::string_view BaseName(std::string_view path);
const Program* FindProgram(const Policy& policy, std::string_view name);
bool IsBound(const Program& program, const ProgramFact& fact);

// ---- paths (policy/decide_paths.cc) -----------------------------------------------------------------
// The canonical form of ${workspace} and ${tmp} in globs and directories.
class PathJudge {
 public:
  PathJudge(const Policy& policy, const std::string& workspace, const std::string& tmp);
  // Why no path can be judged at all; empty: they can.
  const std::string& problem() const { return problem_; }
  // Everything that the path rules say of this act on this canonical path: at least one line, but nothing
  // of reading and writing /dev/null, which is free.
  std::vector<Applied> Judge(const std::string& path, Act act) const;
  // "read is allowed under /ws, /tmp", for an agent whose path no rule covers.
  std::string WhatIsAllowed(Act act) const;

 private:
  struct Filled {
    const PathRule* rule;
    std::string under;
    std::vector<std::string> match, unless;
  };
  bool Covers(const Filled& rule, const std::string& path, Act act) const;
  std::vector<Filled> rules_;
  std::string problem_;
};

// Replaces ${workspace} and ${tmp}.
std::string FillIn(std::string_view text, const std::string& workspace, const std::string& tmp);
bool IsUnder(std::string_view path, std::string_view directory);
// Absolute, no empty, `.` or `..` component, no trailing slash but of "/", no NUL.
bool IsCanonical(std::string_view path);

// ---- words (policy/decide_why.cc) -------------------------------------------------------------------
// One thing that applied, with what Applied does not carry.
struct Judged {
  Applied applied;
  size_t command = SIZE_MAX;       // which simple command; none of a file tool or of the call as a whole
  const ExecRule* rule = nullptr;  // of an exec rule that matched
  std::string action;
};

// What an agent whose command no rule allows should know: the nearest rules and where they failed.
std::string WhyNoRule(const Policy& policy, const SimpleCommand& command);
// The sentence of Decision::why for what decided, at this level.
std::string WhyDecided(const Call& call, const Judged& judged, const std::string& profile);

}  // namespace warder::policy
