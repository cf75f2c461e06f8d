// One decision in the making: everything that applies is gathered, then the strictest is taken.
//
// Nothing gathered is ever dropped, so a further rule, path, command or layer can only make a
// decision stricter. Internal to policy/decide*.cc; one file a group of members.
#pragma once

#include <string>
#include <vector>

#include "policy/decide_parts.h"

namespace warder::policy {

// A program as forbidding rules see it: any one of these is enough.
struct Names {
  std::vector<std::string_view> bases;  // of argv[0] and of the file; of a script too
  std::vector<std::string_view> bound;  // programs of the layer whose bound file this is
  bool Meet(const std::vector<std::string>& words) const;
};

class Decider {
 public:
  // `analysis` is the call's. Borrows all of it.
  Decider(const PolicySet& set, const Call& call, const Analysis& analysis, const Facts& facts,
          const std::string& profile);
  Decision Run();
  // The network rules alone, of one host.
  Decision RunHost(const HostPort& host);

 private:
  struct NamedAction {
    std::string_view action;                      // of the policy, or a tool's
    size_t command = SIZE_MAX, layer = SIZE_MAX;  // whose rule named it; SIZE_MAX: a tool's
  };

  // decide.cc
  Judged& Add() { return judged_.emplace_back(); }
  void Forbid(std::string id, std::string object, std::string text, size_t command = SIZE_MAX, size_t layer = SIZE_MAX,
              Where where = {});
  bool FactsFit() const;
  void JudgeLine();
  void JudgeTool();
  Decision Finish();
  std::string Why(const Judged& first);
  void FinishApprove(Decision& decision) const;
  void FinishTerms(Decision& decision) const;
  void FinishCounts(Decision& decision) const;
  bool OnlyFree() const;

  // decide_exec.cc
  void JudgeProgram(size_t index);
  bool JudgeProgramIn(size_t layer, size_t index, Names& names);
  void JudgeUnmatched(size_t layer, size_t index, bool strict_names_it);
  void FindRules(size_t layer, size_t index, const Names& names);
  bool JudgeForbidding(const ExecRule& rule, const Candidate* candidate, size_t layer, size_t index,
                       const Names& names);
  bool JudgeAllowing(const ExecRule& rule, const Candidate* candidate, size_t layer, size_t index, Level level);
  void Match(const ExecRule& rule, size_t layer, size_t index, Level level);
  void JoinNetwork(const ExecRule& rule, size_t layer, size_t index);
  // Of what a command is started as; what its file is bound to differs by layer.
  static std::vector<std::string_view> BaseNames(const SimpleCommand& command, const ProgramFact& fact);
  const std::string& Shown(size_t index);
  static std::string ProgramProblem(const NamedPrograms& programs, const ProgramFact& fact);
  bool JudgeInside();

  // decide_objects.cc
  void JudgePath(size_t index, size_t command, const ExecRule* rule = nullptr, size_t rule_layer = SIZE_MAX);
  void JudgeHost(const HostPort& host, size_t command);
  void JudgeEnvironment(const std::vector<std::pair<std::string, std::string>>& variables, size_t command);
  void JudgeActions();
  void JudgeAction(const NamedAction& named, size_t layer);
  void JudgeWindows();
  void JudgeCounters();
  void JudgeReason();

  const PolicySet& set_;
  const Call& call_;
  const Facts& facts_;
  const Analysis& analysis_;
  const Place place_;
  const std::string place_problem_;
  std::vector<const ResolvedProfile*> profiles_;  // by layer; null: none
  std::string profile_problem_;
  std::vector<bool> path_judged_;
  std::vector<HostPort> hosts_judged_;
  std::vector<NamedAction> actions_;
  std::vector<Judged> judged_;
  std::vector<Reach> reach_;
  std::vector<std::string> shown_;  // the commands, for people; filled when asked for
  std::vector<uint32_t> rules_;     // of the layer that is judged now, those that could matter
  bool any_approve_becomes_forbid_ = false;
};

}  // namespace warder::policy
