// The parts of the lint, one file for each group of kinds; only policy/analyse/lint*.cc include this.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/analyse/argv.h"
#include "policy/analyse/findings.h"
#include "policy/layer_index.h"
#include "policy/policy_set.h"

namespace warder::policy::lint {

using Argv = std::vector<std::string>;

// One layer as the lint looks at it.
class Layer {
 public:
  Layer(const PolicySet& set, size_t layer, std::vector<Found>& found);

  const PolicySet& set() const { return set_; }
  const Policy& policy() const { return policy_; }
  size_t number() const { return number_; }

  // The least level that any profile leaves the rule.
  Level Loosest(const ExecRule& rule) const;
  // Of an argv: the strictest of the rules that match it, in the profile where that is least. Nothing where no rule
  // matches. `inside`: as a program that was started in a jail. Which file argv[0] is, is not asked: its base name
  // counts.
  std::optional<Level> LoosestOf(const Argv& argv, bool inside) const;
  // The rule that decides so, where there is one.
  const ExecRule* Deciding(const Argv& argv, bool inside) const;
  // Calls that the rule's pattern fits, its never-args included: those of its examples first, then made ones.
  const std::vector<Argv>& Calls(const ExecRule& rule);
  // The automata of this layer's patterns.
  analyse::Argvs& argvs() { return argvs_; }
  // One entry a profile, null where there is none.
  const std::vector<const ResolvedProfile*>& profiles() const { return profiles_; }

  void Add(std::string_view id, Where where, const std::string& rule, std::string what, std::string witness,
           std::string remedy);

 private:
  std::vector<Argv> MakeCalls(const ExecRule& rule);
  std::vector<const ExecRule*> Matching(const Argv& argv, bool inside) const;

  const PolicySet& set_;
  const Policy& policy_;
  const size_t number_;
  std::vector<const ResolvedProfile*> profiles_;
  analyse::Argvs argvs_;
  std::map<const ExecRule*, std::vector<Argv>> calls_;
  std::vector<Found>& found_;
};

// Whether the pattern fits and no never-arg is in it.
bool Fits(const ExecRule& rule, const Argv& argv);
bool HasRest(const ExecRule& rule);
// What the layers' path rules give this path below /workspace, an absolute one or one of /tmp/of-the-jail: the
// strictest level; nothing where a layer that must answer does not.
std::optional<Level> LevelOfPath(const PolicySet& set, const std::string& path, Act act);
// Words separated by blanks.
std::vector<std::string_view> SplitWords(std::string_view text);
// Words of a simple command line with quotes; empty where it is none.
Argv ReadWords(std::string_view text);
// "a, b, c and 2 more", at most `most` of them.
std::string Listed(const std::vector<std::string>& texts, size_t most);

void LintPrograms(Layer& layer);  // lint_programs.cc: runs-others, writes-files, wrong-act, runs-file, deny-list
void LintRules(Layer& layer);     // lint_rules.cc: examples, words for people, slips of the pen in a pattern
void LintRegexes(Layer& layer);   // lint_regex.cc
void LintOrder(Layer& layer);     // lint_order.cc: prohibitions that other spellings evade
void LintPaths(Layer& layer);     // lint_paths.cc: trees, and what a workspace holds
void LintNetwork(Layer& layer);   // lint_network.cc
void LintActions(Layer& layer);   // lint_actions.cc: profiles, actions, windows
void LintCover(Layer& layer);     // lint_cover.cc: rules against each other

}  // namespace warder::policy::lint
