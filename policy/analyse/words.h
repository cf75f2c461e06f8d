// Which single words fit what elements of patterns ask of them, and one readable word for each way of fitting them?
//
// A predicate is a set of words: an automaton over bytes and a greatest length. Classes() takes some predicates apart
// into every combination in which words can fit them, each with a word, so that whoever walks patterns needs one step
// for each combination and never one for each byte. Bytes that no predicate tells apart are never told apart.
//
// Not thread-safe: predicates and answers are kept. Never fails; what was not looked at to the end is said (`partial`).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/analyse/regex.h"
#include "policy/policy.h"

namespace warder::policy::analyse {

// What the words are: arguments hold any byte but NUL; components of a path no `/` and are not empty, `.` or `..`.
enum class Alphabet : uint8_t { kArgument, kComponent };

struct WordClass {
  std::vector<bool> fits;  // by predicate, in the order asked
  std::string word;
};

struct WordClasses {
  std::vector<WordClass> classes;  // each combination once; those with words that a person wrote first
  bool partial = false;            // there may be more
};

class Words {
 public:
  explicit Words(Alphabet alphabet);

  // Words that are tried before any are made, so that a person meets words that a person wrote: examples, then plain
  // words, then the options that never-args name.
  enum class Hint : uint8_t { kExample, kPlain, kOption };
  void AddHint(const std::string& word, Hint hint = Hint::kExample);

  // Predicates, each set once: asking again answers the same number.
  uint32_t Any();
  uint32_t Literal(const std::string& word);
  uint32_t OneOf(const std::vector<std::string>& words);  // `--` is no one of them
  // What an element fits that takes one argument a time, a `--` before it or not (policy/match.h, FitsWord).
  uint32_t Of(const Element& element, bool after_dashes);
  // One argument that is this flag whole; of kSeparate its first argument, and its second.
  uint32_t Of(const Flag& flag);
  uint32_t ValueOf(const Flag& flag);
  // Hit by any of the never-args.
  uint32_t Never(const std::vector<std::string>& never_args);
  // A component that fits a component of a glob with `*` in it.
  uint32_t Component(const std::string& glob);
  // A whole argument that is, read as a path from `workspace` on, a canonical path that this glob fits, absolute or
  // relative. Variables are filled in. `under`: a directory, itself included.
  uint32_t PathWord(const std::string& glob, bool under, const std::string& workspace);
  // An argument in which a search finds the regular expression (policy `redact`); nothing known of what it refuses.
  uint32_t Holding(const std::string& regex);

  // Every combination of these predicates (sorted, each once) that some word fits. Kept.
  const WordClasses& Classes(const std::vector<uint32_t>& predicates);
  // The same of words that fit all of `required`, some of the predicates, as far as their bytes go: greatest lengths
  // are not looked at, so whoever asks tries each word by Fits. Not kept.
  WordClasses ClassesWithin(const std::vector<uint32_t>& predicates, const std::vector<uint32_t>& required);
  // Whether the word fits, by the automaton.
  bool Fits(uint32_t predicate, std::string_view word) const;
  // The automaton of this predicate is not known: only words are tried on it.
  bool Sampled(uint32_t predicate) const { return predicates_[predicate].sampled; }

 private:
  struct Edge {
    uint32_t set = 0, to = 0;
  };
  struct State {
    std::vector<Edge> edges;
    uint32_t owner = 0;
    bool accepts = false;
  };
  struct Predicate {
    uint32_t start = 0;
    size_t max_bytes = SIZE_MAX;
    bool sampled = false;
    Element element;  // of a sampled one
  };
  class Walk;

  template <typename Build>
  uint32_t Intern(const std::string& key, Build build);
  uint32_t Keep(const ByteGraph& graph, uint32_t start, size_t max_bytes);
  uint32_t SetId(const ByteSet& set);

  Alphabet alphabet_;
  std::array<std::vector<std::string>, 3> hints_;  // by Hint
  std::vector<State> states_;
  std::vector<ByteSet> sets_;
  std::unordered_map<std::string, uint32_t> set_ids_;
  std::vector<Predicate> predicates_;
  std::unordered_map<std::string, uint32_t> interned_;
  std::map<std::vector<uint32_t>, std::unique_ptr<WordClasses>> classes_;
};

}  // namespace warder::policy::analyse
