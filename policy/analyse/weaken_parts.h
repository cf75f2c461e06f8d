// What the makers of weakenings share. Internal to policy/analyse/weaken*.cc.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "policy/analyse/weaken.h"

namespace warder::policy {

// The words of a line, by element of a pattern; the first is the program.
using Pieces = std::vector<std::vector<std::string>>;

// Lines and calls that fit rules, made from the rules themselves and from the words of all examples and tests.
class Samples {
 public:
  Samples(const PolicySet& set, std::span<const Test> more);

  // The pattern filled: as little as it takes, or as much as its repeats let in, with this path where it takes one.
  // Nothing where an element is not understood well enough.
  std::optional<Pieces> Fill(const ExecRule& rule, bool most, const std::string& path = {}) const;
  // Both, and the rule's own `match` examples, as lines.
  std::vector<std::string> Lines(const ExecRule& rule) const;
  // A word that the element takes, where one is known.
  std::optional<std::string> Word(const Element& element) const;
  // Paths that a glob or a directory of a rule takes in, where something is allowed; the directories above them follow.
  // Absolute, of the workspace that tests have.
  std::vector<std::string> Paths(const std::string& text, bool under) const;
  // The calls that do this act with this path: of file tools, and of lines that redirect.
  std::vector<Test> Calls(const std::string& path, Act act) const;
  // Whatever begins with a dash in any line, and one that none has.
  const std::vector<std::string>& flags() const { return flags_; }
  // Variables that a line sets, and one that none does.
  const std::vector<std::string>& variables() const { return variables_; }

 private:
  void Take(const std::string& line);
  std::string AllowedPath(const PolicySet& set, Act act) const;

  std::vector<std::string> words_, flags_, variables_, trees_, free_;
  std::string path_[3];  // by act
};

// Quoted, so that ReadLine() gives these words.
std::string LineOf(const Pieces& pieces);
std::string LineOf(const std::vector<std::string>& words);

Test RunTest(std::string line);
// The file tools that do this act with this path.
std::vector<Test> ToolTests(const std::string& path, Act act);
// The directories beneath which everything lies that the rule speaks of.
std::vector<std::string> TreesOf(const PathRule& rule);

// One layer's weakenings in the making.
struct Maker {
  const PolicySet& set;
  const Samples& samples;
  size_t layer = 0;
  std::vector<Weakening>& out;

  const Policy& policy() const { return set.layer(layer); }
  // Where only levels of rules and profiles are changed, and no rule's level differs under any profile: left out.
  Weakening& Add(Where where, std::string what, std::function<void(Policy&)> change);
  void AddLevels(Where where, std::string what, std::function<void(Policy&)> change, std::vector<Test> probes,
                 std::vector<std::string> lines = {});
};

void WeakenExec(Maker& maker);      // weaken_exec.cc
void WeakenPaths(Maker& maker);     // weaken_objects.cc
void WeakenNetwork(Maker& maker);   // weaken_objects.cc
void WeakenProfiles(Maker& maker);  // weaken_lists.cc
void WeakenLists(Maker& maker);     // weaken_lists.cc: windows, unmatched, environment, require-reason

// A call for each rule of each layer: what a change of lists may show in.
std::vector<Test> CallsOfEveryRule(const PolicySet& set, const Samples& samples);

// The least level that a tool's action gets under any profile, by the lists of the layers that judge it.
Level LeastOfAction(const PolicySet& set, const std::string& action);
// Whether anything can come out at approve under some profile that makes it forbid, in this layer or another.
bool AnyApprove(const PolicySet& set);

// The next looser one that is not the same for everybody: where approve becomes forbid, forbid is followed by notify.
Level Looser(Level level, bool approve_is_forbid = false);

}  // namespace warder::policy
