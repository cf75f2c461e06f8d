// One comparison in the making. Internal to analyse/diff*.cc; one file a group of members.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "policy/analyse/argv.h"
#include "policy/analyse/diff.h"
#include "policy/analyse/paths.h"
#include "policy/analyse/world.h"

namespace warder::policy::analyse {

// A path that stands for all paths of which both policies say the same, act by act.
struct PathSample {
  std::string path;
  Level levels[2][3] = {};  // by Side and Act
};

class Differ {
 public:
  Differ(const PolicySet& old_set, const PolicySet& new_set) : world_(old_set, new_set) {}
  Diff Run();

 private:
  // diff.cc: asking and telling
  struct Answers {
    Decision before, after;
  };
  // Asks both in every situation, and tells each difference. Whether their levels were seen to differ.
  bool Try(const Case& one, const std::string& matter);
  // One command, as a call and inside; each argv once.
  void TryRun(const std::vector<std::string>& argv);
  bool TryIn(const Case& one, const std::string& matter, const Situation& situation);
  void Tell(Change change);
  Change Seen(const Case& one, const std::string& matter, const Situation& situation, const Answers& answers) const;
  void Unseen(const std::string& what);
  void Finish();
  const PolicySet& Set(Side side) const { return world_.set(side); }

  // diff_situations.cc: in which situations is a call asked?
  void MakeSituations();
  void MakeTimes(std::vector<Situation>& times);
  bool Known(Side side, const std::string& profile) const;

  // diff_terms.cc: what differs in decisions of the same level, and in settings
  void CompareTerms(const Case& one, const std::string& matter, const Situation& situation, const Answers& answers);
  void CompareLimits(const Answers& answers, const Change& seen);
  void CompareApproval(const Answers& answers, const Change& seen);
  void CompareReach(const Answers& answers, const Change& seen);
  void CompareCounts(const Case& one, const Situation& situation, const Answers& answers, const Change& seen);
  void CompareSettings();
  void CompareEnvironment();
  void CompareRedactions();
  void TellSetting(bool widened, const std::string& what);

  // diff_paths.cc
  void ComparePaths();
  void CompareAct(Act act, const std::vector<const PathRule*>& rules);
  Verdict PathVerdict(Side side, const std::string& path, Act act) const;
  void ShowPath(const std::string& path, Act act, const Verdict& before, const Verdict& after);
  PathSample SampleOf(const std::string& path) const;
  void Sample(const std::string& path);
  void CompareTools();
  void CompareHosts();
  void CompareView();

  // diff_groups.cc: which rules are of one program?
  struct Group {
    std::vector<std::string> names;         // ways to call the program
    std::vector<const ExecRule*> rules[2];  // by Side
    bool shell = false, changed = true;
    bool pins = false;  // what is pinned of it differs
  };
  std::vector<Group> Groups() const;

  // diff_exec.cc
  void CompareExec();
  void CompareGroup(const Group& group);
  void CompareOutcome(const Group& group, const std::vector<std::string>& words);
  void CompareMarked(const Group& group, const Outcome& outcome, const std::vector<const Sequence*>& sequences,
                     Argvs& argvs);
  void Vary(const std::vector<std::string>& argv, const std::vector<size_t>& words,
            const std::vector<std::string>& values);
  // What the patterns of both policies say of one word of an argv.
  struct Named {
    size_t word = 0, offset = 0;  // where in it the path begins
    std::vector<Act> acts;
    std::vector<uint16_t> ports;
  };
  std::vector<Named> NamedBy(const Group& group, const std::vector<std::string>& argv) const;
  bool Guarded(const Named& named, const std::vector<std::string>& argv) const;
  std::vector<std::string> Freed(const Group& group, std::vector<std::string> argv, Side side,
                                 size_t but = SIZE_MAX) const;
  std::vector<std::string> ValuesFor(const Outcome& outcome, const std::set<uint16_t>& tags, Argvs& argvs);
  void AddHints(const Group& group, Argvs& argvs) const;

  // diff_neutral.cc
  void CompareNames();

  World world_;
  Diff diff_;
  std::vector<Situation> situations_;
  std::set<std::string> fresh_profiles_;  // known to the new policy alone, and not told yet
  std::map<std::string, size_t> told_[2];
  std::unordered_set<std::string> asked_;
  std::vector<PathSample> samples_;
  std::vector<std::string> hosts_;  // of network rules, and one of none
  std::optional<Case> base_;        // a call that the new policy allows, run_ one that runs a program
  std::optional<Case> run_;
};

// Equal texts mean the same rule, whatever its id and place; for one layer.
std::string MeaningOf(const ExecRule& rule);
std::string MeaningOf(const PathRule& rule);
std::string MeaningOf(const NetworkRule& rule);
// Of everything in the set but exec, path and network rules, examples and tests.
std::string MeaningAround(const PolicySet& set);

}  // namespace warder::policy::analyse
