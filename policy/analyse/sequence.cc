// Which outcomes do some sequences have together? See sequence.h.
#include "policy/analyse/sequence.h"

#include <algorithm>
#include <deque>
#include <set>

namespace warder::policy::analyse {
namespace {

struct At {
  uint32_t sequence = 0, state = 0;
  uint16_t tag = 0;
  auto operator<=>(const At&) const = default;
};

struct Node {
  std::vector<At> at;
  bool marked = false;
  size_t parent = SIZE_MAX;
  const WordClass* word = nullptr;
  const std::vector<uint32_t>* predicates = nullptr;  // of the marked word, at its node
  size_t depth = 0;
};

struct HashNode {
  size_t operator()(const std::pair<bool, std::vector<At>>& node) const {
    size_t hash = node.first ? 7 : 3;
    for (const At& at : node.second)
      hash = (hash ^ (at.sequence * 0x9E3779B1u + at.state * 0x85EBCA6Bu + at.tag)) * 0x100000001B3u;
    return hash;
  }
};

class Walker {
 public:
  Walker(Words& words, const std::vector<const Sequence*>& sequences, Marks marks,
         const std::function<bool(const Outcome&)>& show, const WalkLimits& limits)
      : words_(words), sequences_(sequences), marks_(marks == Marks::kYes), show_(show), limits_(limits) {}

  bool Run() {
    std::vector<At> start;
    for (uint32_t i = 0; i < sequences_.size(); ++i)
      if (!sequences_[i]->empty) start.push_back({i, 0, 0});
    Visit(std::move(start), false, SIZE_MAX, nullptr, nullptr);
    for (size_t i = 0; i < nodes_.size() && !stopped_; ++i) {
      if (nodes_.size() > limits_.max_states || nodes_[i].depth >= limits_.max_words) {
        whole_ = whole_ && nodes_[i].depth >= limits_.max_words && nodes_.size() <= limits_.max_states;
        if (nodes_.size() > limits_.max_states) break;
        continue;
      }
      Expand(i);
    }
    return whole_;
  }

 private:
  void Visit(std::vector<At> at, bool marked, size_t parent, const WordClass* word,
             const std::vector<uint32_t>* predicates) {
    std::ranges::sort(at);
    at.erase(std::unique(at.begin(), at.end()), at.end());
    if (!visited_.emplace(std::pair(marked, at), true).second) return;
    nodes_.push_back(
        {std::move(at), marked, parent, word, predicates, parent == SIZE_MAX ? 0 : nodes_[parent].depth + 1});
    Show(nodes_.size() - 1);
  }

  void Show(size_t node) {
    Outcome outcome;
    for (const At& at : nodes_[node].at)
      if (sequences_[at.sequence]->graph.states[at.state].accepts) outcome.accepted.push_back({at.sequence, at.tag});
    std::ranges::sort(outcome.accepted);
    outcome.accepted.erase(std::unique(outcome.accepted.begin(), outcome.accepted.end()), outcome.accepted.end());
    if (!shown_.emplace(nodes_[node].marked, outcome.accepted).second) return;
    for (size_t i = node; nodes_[i].word != nullptr; i = nodes_[i].parent) {
      outcome.words.insert(outcome.words.begin(), nodes_[i].word->word);
      if (!nodes_[i].marked || nodes_[nodes_[i].parent].marked) continue;
      outcome.marked = nodes_[i].depth - 1;
      outcome.predicates = *nodes_[i].predicates;
      outcome.fits = nodes_[i].word->fits;
    }
    stopped_ = stopped_ || !show_(outcome);
  }

  void Expand(size_t i) {
    const std::vector<At> here = nodes_[i].at;
    const bool marked = nodes_[i].marked;
    std::vector<uint32_t> predicates;
    for (const At& at : here) {
      const Sequence& sequence = *sequences_[at.sequence];
      if (sequence.never) predicates.push_back(*sequence.never);
      for (const auto& edge : sequence.graph.states[at.state].edges) predicates.push_back(edge.on.predicate);
    }
    if (predicates.empty()) return;
    std::ranges::sort(predicates);
    predicates.erase(std::unique(predicates.begin(), predicates.end()), predicates.end());
    const std::vector<uint32_t>& asked = *asked_.insert(predicates).first;
    const WordClasses& classes = words_.Classes(asked);
    whole_ = whole_ && !classes.partial;
    for (const WordClass& word : classes.classes) {
      if (stopped_) return;
      Step(here, asked, word, marked, false, i);
      if (marks_ && !marked) Step(here, asked, word, true, true, i);
    }
  }

  void Step(const std::vector<At>& here, const std::vector<uint32_t>& asked, const WordClass& word, bool marked,
            bool marks_now, size_t parent) {
    auto fits = [&](uint32_t predicate) {
      return word.fits[static_cast<size_t>(std::ranges::lower_bound(asked, predicate) - asked.begin())];
    };
    std::vector<At> next;
    for (const At& at : here) {
      const Sequence& sequence = *sequences_[at.sequence];
      if (sequence.never && fits(*sequence.never)) continue;
      for (const auto& edge : sequence.graph.states[at.state].edges)
        if (fits(edge.on.predicate)) next.push_back({at.sequence, edge.to, marks_now ? edge.on.tag : at.tag});
    }
    // A word of which no pattern says anything needs no mark.
    if (marks_now && std::ranges::none_of(next, [](const At& at) { return at.tag != 0; })) return;
    Visit(std::move(next), marked, parent, &word, marks_now ? &asked : nullptr);
  }

  Words& words_;
  const std::vector<const Sequence*>& sequences_;
  const bool marks_;
  const std::function<bool(const Outcome&)>& show_;
  const WalkLimits& limits_;
  std::deque<Node> nodes_;
  std::unordered_map<std::pair<bool, std::vector<At>>, bool, HashNode> visited_;
  std::set<std::pair<bool, std::vector<Accepted>>> shown_;
  std::set<std::vector<uint32_t>> asked_;
  bool whole_ = true, stopped_ = false;
};

}  // namespace

bool Walk(Words& words, const std::vector<const Sequence*>& sequences, Marks marks,
          const std::function<bool(const Outcome&)>& show, const WalkLimits& limits) {
  return Walker(words, sequences, marks, show, limits).Run();
}

bool Fits(const Words& words, const Sequence& sequence, const std::vector<std::string>& argv) {
  if (sequence.empty) return false;
  std::set<uint32_t> here{0};
  for (const std::string& word : argv) {
    if (sequence.never && words.Fits(*sequence.never, word)) return false;
    std::set<uint32_t> next;
    for (uint32_t state : here)
      for (const auto& edge : sequence.graph.states[state].edges)
        if (words.Fits(edge.on.predicate, word)) next.insert(edge.to);
    here = std::move(next);
  }
  return std::ranges::any_of(here, [&](uint32_t state) { return sequence.graph.states[state].accepts; });
}

Found FindSequence(Words& words, const std::vector<const Sequence*>& in, const std::vector<const Sequence*>& out) {
  std::vector<const Sequence*> all = in;
  all.insert(all.end(), out.begin(), out.end());
  Found found;
  found.partial = !Walk(words, all, Marks::kNo, [&](const Outcome& outcome) {
    std::vector<bool> fits(all.size());
    for (const Accepted& accepted : outcome.accepted) fits[accepted.sequence] = true;
    for (size_t i = 0; i < all.size(); ++i)
      if (fits[i] != (i < in.size())) return true;
    found.words = outcome.words;
    return false;
  });
  if (found.words) found.partial = false;
  return found;
}

}  // namespace warder::policy::analyse
