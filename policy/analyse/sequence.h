// Automata over words: the argvs that a pattern fits, the paths that a path rule covers; walked side by side.
//
// A Sequence is nondeterministic: its edges are predicates of a Words. Walk() runs some of them together over every
// sequence of words, breadth first, and shows each different outcome once, with the shortest sequence that has it. So
// emptiness, intersection, difference and inclusion are questions to the outcomes (FindSequence).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "policy/analyse/words.h"

namespace warder::policy::analyse {

struct SequenceEdge {
  uint32_t predicate = 0;
  uint16_t tag = 0;  // what the pattern says of the word (argv.h: Tags); 0: nothing
};

struct Sequence {
  Graph<SequenceEdge> graph;      // without empty edges, from state 0 on
  std::optional<uint32_t> never;  // a word that fits this predicate ends every way
  bool empty = false;             // fits nothing
};

struct Accepted {
  uint32_t sequence = 0;
  uint16_t tag = 0;  // of the marked word, where there is one
  auto operator<=>(const Accepted&) const = default;
};

// One outcome: which sequences fit, and words that have it.
struct Outcome {
  std::vector<Accepted> accepted;  // sorted
  std::vector<std::string> words;
  // Index of the marked word; SIZE_MAX: none. Where words are marked, each outcome is also told apart by what the
  // sequences say of one word, for every word in turn.
  size_t marked = SIZE_MAX;
  // The predicates that were asked of the marked word, and which it fits.
  std::vector<uint32_t> predicates;
  std::vector<bool> fits;
};

struct WalkLimits {
  size_t max_states = 20'000;
  size_t max_words = 1023;  // limits::kMaxArgvWords without the program
};

enum class Marks : bool { kNo, kYes };

// Shows every outcome, shortest first; `show` answers whether to go on. False where the walk ended at its limits, or
// where a predicate is only sampled: there may be more outcomes.
bool Walk(Words& words, const std::vector<const Sequence*>& sequences, Marks marks,
          const std::function<bool(const Outcome&)>& show, const WalkLimits& limits = {});

struct Found {
  std::optional<std::vector<std::string>> words;
  bool partial = false;  // where none was found: there may be one
};

// Whether the sequence fits these words.
bool Fits(const Words& words, const Sequence& sequence, const std::vector<std::string>& argv);

// Words that all of `in` fit and none of `out`. in {a}: is a empty? in {a, b}: do they overlap? in {a}, out {b…}: is
// there something of a outside of the others (if not, a is included in them together)?
Found FindSequence(Words& words, const std::vector<const Sequence*>& in, const std::vector<const Sequence*>& out);

}  // namespace warder::policy::analyse
