// What a call names under the policies, worked out once for Want(), Decide() and the examples.
//
// Internal to policy/decide*.cc and policy/examples.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/decide.h"
#include "policy/layer_index.h"
#include "policy/match.h"

namespace warder::policy {

// The programs of a layer that a command names: by the word as it is, by the base name of a path.
struct NamedPrograms {
  NamedPrograms(const LayerIndex& index, const std::string& argv0);
  // Those that this rule names too; null where it does not.
  NamedPrograms In(const ExecRule& rule) const;
  bool any() const { return as_word != nullptr || as_base != nullptr; }
  const std::string* argv0;
  const Program* as_word = nullptr;
  const Program* as_base = nullptr;
};

// One exec rule whose program a command names, if only by its base name, and whose pattern may fit.
struct Candidate {
  Candidate(uint32_t r, const NamedPrograms& of_rule) : rule(r), programs(of_rule) {}
  uint32_t rule;           // in its layer
  NamedPrograms programs;  // of those the command names, the ones of this rule; none: it can only forbid
  bool fits = false;
  std::string broken;            // why the pattern can not be evaluated at all
  std::vector<size_t> paths;     // indexes in Wanted::paths; of a rule that fits and can allow
  std::vector<NamedHost> hosts;  // the same
};

struct NamedIn {  // what one layer has for a command
  NamedPrograms programs;
  std::vector<Candidate> candidates;  // in the order of its rules
};

struct CommandAnalysis {
  size_t program = SIZE_MAX;    // index in Wanted::programs; none for cd
  std::vector<NamedIn> layers;  // by layer
  std::vector<size_t> paths;    // of redirections, the cd itself, a script
};

struct Analysis {
  Wanted wanted;
  size_t directory = SIZE_MAX;  // of the call's cwd, in wanted.paths
  std::vector<CommandAnalysis> commands;
  std::vector<size_t> tool_paths;  // of a file tool
};

Analysis Analyse(const PolicySet& set, const Call& call);
// Whether the rule counts for a program of this origin.
bool Counts(const ExecRule& rule, bool inside);
// What a rule's attempts and lease need of the counters.
void AddNeeds(const Policy& layer, const ExecRule& rule, std::vector<CounterNeed>& needs);
void AddSessionNeeds(const PolicySet& set, std::vector<CounterNeed>& needs);

// What this path rule says of an act that it covers.
Applied AppliedOf(const PathRule& rule, size_t layer, const CutPath& path, Act act);
// The same of each rule of one layer that covers it; nothing where none does.
std::vector<Applied> JudgePathIn(const PolicySet& set, size_t layer, const CutPath& path, Act act, const Place& place);
// "read is allowed under /ws, /tmp", for an agent whose path no rule of the layer covers.
std::string WhatIsAllowed(const PolicySet& set, size_t layer, Act act, const Place& place);
// Why no path can be judged with this workspace or tmp; empty: they can.
std::string PlaceProblem(const Place& place);

// ---- words (policy/decide_why.cc)
// ------------------------------------------------------------------- One thing that applied, with
// what Applied does not carry.
struct Judged {
  Applied applied;
  size_t command = SIZE_MAX;       // which simple command; none of a file tool or of the call as a whole
  const ExecRule* rule = nullptr;  // of an exec rule that matched
  std::string_view action;         // of the policy, as the next is
  std::string_view profile;        // of the layer
};

// What an agent whose command no rule allows should know: the nearest rules and where they failed.
// In one layer, or in all.
std::string WhyNoRule(const PolicySet& set, const SimpleCommand& command, size_t layer = SIZE_MAX);
// The sentence of Decision::why for what decided, at this level: `shown` is its command, where it has one, and `text`
// what there is to say of it.
std::string WhyDecided(const Call& call, const Judged& judged, const std::string& shown, const std::string& text);

}  // namespace warder::policy
