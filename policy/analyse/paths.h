// The paths that path rules cover, as automata over components: emptiness, overlap, inclusion, a readable path of each
// difference.
//
// ${workspace} and ${tmp} are symbols: directories of their own, kWorkspace and kTmp, beside everything that rules name
// by absolute paths. `**` rules reach into them too. What an automaton says is what PathIndex says of those two places
// (tests/policy/analyse/paths_test.cc compares them). Paths are canonical.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "policy/analyse/sequence.h"

namespace warder::policy::analyse {

inline const std::string kWorkspace = "/workspace";
inline const std::string kTmp = "/tmp";

// One path, and which of the asked rules cover it.
struct PathOutcome {
  std::string path;
  std::vector<bool> covers;
};

class Paths {
 public:
  Paths() : words_(Alphabet::kComponent) {}
  void AddHints(const PathRule& rule);

  // Every combination in which these rules cover a path, by this act, each with the shortest path; false where there
  // may be more. `show` answers whether to go on.
  bool Walk(std::span<const PathRule* const> rules, Act act, const std::function<bool(const PathOutcome&)>& show);

  // A path that all of `in` cover by this act and none of `out`.
  struct FoundPath {
    std::optional<std::string> path;
    bool partial = false;
  };
  FoundPath Find(std::span<const PathRule* const> in, std::span<const PathRule* const> out, Act act);

 private:
  const Sequence& OfGlob(const std::string& glob, bool under);
  const Sequence& Above(const std::string& path);

  Words words_;
  std::map<std::string, std::unique_ptr<Sequence>> sequences_;
};

// A rule's text with the symbols in place of the variables.
std::string WithSymbols(const std::string& text);

}  // namespace warder::policy::analyse
