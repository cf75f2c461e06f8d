// The argvs that exec rules fit, as automata: are there any, do two rules overlap, does one cover another?
//
// What an automaton says is what policy/match.h says (tests/policy/analyse/argv_test.cc compares them); the program in
// first place is not looked at, here as there. Witnesses are made of words of patterns and examples where those show
// it. A regular expression with Unicode properties is not read: words are tried on it, and the answer says `partial`.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policy/analyse/sequence.h"

namespace warder::policy::analyse {

// What a pattern says of one of its words: a path for an act, or a host at a port.
struct Tag {
  bool is_host = false;
  Act act = Act::kRead;
  uint16_t port = 0;
  std::string prefix;  // what stands before the path in the word (`--file=`)
  bool operator==(const Tag&) const = default;
};

class Argvs {
 public:
  Argvs();
  Words& words() { return words_; }

  // Words that people wrote in these rules: in patterns, in examples. To be given before questions are asked.
  void AddHints(const ExecRule& rule);

  // The pattern's automaton, made once for each pattern and never-args; valid as long as this is.
  const Sequence& Of(const ExecRule& rule);
  const Tag& TagOf(uint16_t tag) const { return tags_[tag]; }  // tag > 0

  // An argv without its program that all of `in` fit and none of `out`; rules as their patterns and never-args say,
  // whatever their levels, actions and programs.
  Found Find(std::span<const ExecRule* const> in, std::span<const ExecRule* const> out);

 private:
  struct Building;
  uint16_t TagFor(const Tag& tag);

  Words words_;
  std::vector<Tag> tags_{Tag{}};
  std::map<std::string, std::unique_ptr<Sequence>> sequences_;
};

}  // namespace warder::policy::analyse
