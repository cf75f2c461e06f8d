// Into which combinations do some predicates fall, and which word shows each?
//
// All automata are run side by side over every word at once, breadth first: a node is the set of states in which they
// are together, and the length where a greatest length still matters. Hints come first, then the readable bytes.
#include <algorithm>
#include <array>
#include <deque>

#include "policy/analyse/words.h"
#include "policy/match.h"

namespace warder::policy::analyse {
namespace {

constexpr size_t kMaxNodes = 20'000;  // of one question; beyond it the answer says that it is partial
// Lengths are told apart one by one so close to a greatest length; in between a state that can stay where it is jumps.
constexpr size_t kExact = 12;

// Letters, digits, what stands in names; the rest of ASCII; what is not ASCII; controls.
const std::array<uint8_t, 255>& ByReadability() {
  static const std::array<uint8_t, 255> order = [] {
    std::array<uint8_t, 255> out{};
    size_t at = 0;
    std::array<bool, 256> seen{};
    auto add = [&](unsigned b) {
      if (b == 0 || seen[b]) return;
      seen[b] = true;
      out[at++] = static_cast<uint8_t>(b);
    };
    for (char c : std::string_view("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ._-/=,:+@%"))
      add(static_cast<unsigned char>(c));
    for (unsigned b = 0x20; b < 0x7F; ++b) add(b);
    for (unsigned b = 0xC3; b > 0x7F; --b) add(b);  // so that a first byte comes before what follows it
    for (unsigned b = 0xC4; b < 0x100; ++b) add(b);
    for (unsigned b = 1; b < 0x80; ++b) add(b);
    return out;
  }();
  return order;
}

struct HashStates {
  size_t operator()(const std::pair<std::vector<uint32_t>, size_t>& node) const {
    size_t hash = node.second * 0x9E3779B97F4A7C15u;
    for (uint32_t s : node.first) hash = (hash ^ s) * 0x100000001B3u;
    return hash;
  }
};

}  // namespace

class Words::Walk {
 public:
  Walk(Words& words, const std::vector<uint32_t>& predicates, const std::vector<uint32_t>* required)
      : words_(words), predicates_(predicates), required_(required) {
    for (size_t i = 0; i < predicates.size(); ++i) {
      place_.emplace(predicates[i], i);
      out_.partial |= words.predicates_[predicates[i]].sampled;
    }
  }

  WordClasses Run() {
    for (const std::vector<std::string>& hints : words_.hints_)
      for (const std::string& hint : hints) Try(hint);
    std::vector<uint32_t> start;
    for (uint32_t id : predicates_)
      if (!words_.predicates_[id].sampled) start.push_back(words_.predicates_[id].start);
    std::ranges::sort(start);
    Visit(std::move(start), 0, SIZE_MAX, "");
    for (size_t at = 0; at < nodes_.size(); ++at) {
      if (nodes_.size() > kMaxNodes) {
        out_.partial = true;
        break;
      }
      Expand(at);
    }
    // The empty word is an argument too, and the last that a person would think of.
    if (words_.alphabet_ == Alphabet::kArgument) Try("");
    return std::move(out_);
  }

 private:
  struct Node {
    const std::pair<std::vector<uint32_t>, size_t>* states = nullptr;
    size_t parent = SIZE_MAX;
    std::string bytes;  // from the parent on
  };

  void Try(const std::string& word) {
    std::vector<uint32_t> here, next;
    for (uint32_t id : predicates_)
      if (!words_.predicates_[id].sampled) here.push_back(words_.predicates_[id].start);
    for (char c : word) {
      next.clear();
      Step(here, static_cast<unsigned char>(c), next);
      std::swap(here, next);
      if (here.empty()) break;
    }
    Record(here, word.size(), [&] { return word; });
  }

  void Step(const std::vector<uint32_t>& from, unsigned char byte, std::vector<uint32_t>& to) const {
    for (uint32_t s : from)
      for (const Edge& edge : words_.states_[s].edges)
        if (words_.sets_[edge.set][byte]) to.push_back(edge.to);
    std::ranges::sort(to);
    to.erase(std::unique(to.begin(), to.end()), to.end());
  }

  template <typename Word>
  void Record(const std::vector<uint32_t>& states, size_t length, Word word) {
    std::vector<bool> fits(predicates_.size());
    for (uint32_t s : states) {
      const State& state = words_.states_[s];
      if (state.accepts && (required_ != nullptr || length <= words_.predicates_[state.owner].max_bytes))
        fits[place_.at(state.owner)] = true;
    }
    std::string made;
    for (size_t i = 0; i < predicates_.size(); ++i) {
      if (!words_.predicates_[predicates_[i]].sampled) continue;
      if (made.empty()) made = word();
      fits[i] = words_.Fits(predicates_[i], made);
    }
    if (!seen_.insert({fits, true}).second) return;
    out_.classes.push_back({std::move(fits), made.empty() ? word() : made});
  }

  std::string WordOf(size_t node) const {
    std::string word;
    for (; node != SIZE_MAX; node = nodes_[node].parent) word.insert(0, nodes_[node].bytes);
    return word;
  }

  // The greatest lengths that still matter to these states, in order.
  std::vector<size_t> LimitsOf(const std::vector<uint32_t>& states) const {
    std::vector<size_t> limits;
    if (required_ != nullptr) return limits;
    for (uint32_t s : states) {
      const size_t most = words_.predicates_[words_.states_[s].owner].max_bytes;
      if (most != SIZE_MAX) limits.push_back(most);
    }
    std::ranges::sort(limits);
    limits.erase(std::unique(limits.begin(), limits.end()), limits.end());
    return limits;
  }

  void Visit(std::vector<uint32_t> states, size_t length, size_t parent, std::string bytes) {
    if (Hopeless(states)) return;
    const std::vector<size_t> limits = LimitsOf(states);
    // Beyond every limit all lengths are the same.
    const size_t counted = limits.empty() ? 0 : std::min(length, limits.back() + 1);
    auto [kept, fresh] = visited_.emplace(std::pair(std::move(states), counted), true);
    if (!fresh) return;
    nodes_.push_back({&kept->first, parent, std::move(bytes)});
    const size_t node = nodes_.size() - 1;
    if (parent == SIZE_MAX) return;  // the empty word is tried last
    if (words_.alphabet_ == Alphabet::kComponent && (WordIs(node, ".") || WordIs(node, ".."))) return;
    Record(kept->first.first, length, [&] { return WordOf(node); });
  }

  // Nothing that is required can be reached any more.
  bool Hopeless(const std::vector<uint32_t>& states) const {
    return required_ != nullptr && std::ranges::any_of(*required_, [&](uint32_t id) {
             return !words_.predicates_[id].sampled &&
                    std::ranges::none_of(states, [&](uint32_t s) { return words_.states_[s].owner == id; });
           });
  }

  bool WordIs(size_t node, std::string_view dots) const {
    size_t length = 0;
    for (size_t at = node; nodes_[at].parent != SIZE_MAX && length <= dots.size(); at = nodes_[at].parent)
      length += nodes_[at].bytes.size();
    return length == dots.size() && WordOf(node) == dots;
  }

  // One byte for each group of bytes that no edge out of these states tells apart.
  std::vector<uint8_t> Groups(const std::vector<uint32_t>& states) const {
    std::vector<uint32_t> sets;
    for (uint32_t s : states)
      for (const Edge& edge : words_.states_[s].edges) sets.push_back(edge.set);
    std::ranges::sort(sets);
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
    std::array<uint32_t, 256> group{};
    uint32_t groups = 1;
    for (uint32_t id : sets) {
      const ByteSet& set = words_.sets_[id];
      std::map<uint32_t, uint32_t> split;
      for (unsigned b = 1; b < 256; ++b) {
        if (!set[b]) continue;
        auto [to, fresh] = split.try_emplace(group[b], groups);
        if (fresh) ++groups;
        group[b] = to->second;
      }
    }
    std::vector<bool> seen(groups);
    std::vector<uint8_t> out;
    for (uint8_t b : ByReadability()) {
      if (seen[group[b]] || (b == '/' && words_.alphabet_ == Alphabet::kComponent)) continue;
      seen[group[b]] = true;
      out.push_back(b);
    }
    return out;
  }

  void Expand(size_t at) {
    const std::vector<uint32_t> states = nodes_[at].states->first;
    const size_t counted = nodes_[at].states->second;
    if (states.empty()) return;
    const std::vector<size_t> limits = LimitsOf(states);
    for (uint8_t byte : Groups(states)) {
      std::vector<uint32_t> next;
      Step(states, byte, next);
      if (next == states && !limits.empty()) {
        Jump(at, states, counted, limits, static_cast<char>(byte));
      } else {
        Visit(std::move(next), counted + 1, at, std::string(1, static_cast<char>(byte)));
      }
    }
  }

  // A state that stays where it is: to the next length that matters, and the one behind it.
  void Jump(size_t at, const std::vector<uint32_t>& states, size_t counted, const std::vector<size_t>& limits, char c) {
    size_t to = counted + 1;
    if (counted >= kExact) {
      auto limit = std::ranges::lower_bound(limits, counted);
      if (limit == limits.end()) return;  // all the same from here on
      if (*limit > counted + kExact) to = *limit - kExact;
    }
    Visit(states, to, at, std::string(to - counted, c));
  }

  Words& words_;
  const std::vector<uint32_t>& predicates_;
  const std::vector<uint32_t>* required_;  // null: every word counts, and its length
  std::unordered_map<uint32_t, size_t> place_;
  WordClasses out_;
  std::map<std::vector<bool>, bool> seen_;
  std::unordered_map<std::pair<std::vector<uint32_t>, size_t>, bool, HashStates> visited_;
  std::deque<Node> nodes_;
};

const WordClasses& Words::Classes(const std::vector<uint32_t>& predicates) {
  std::unique_ptr<WordClasses>& kept = classes_[predicates];
  if (!kept) kept = std::make_unique<WordClasses>(Walk(*this, predicates, nullptr).Run());
  return *kept;
}

WordClasses Words::ClassesWithin(const std::vector<uint32_t>& predicates, const std::vector<uint32_t>& required) {
  return Walk(*this, predicates, &required).Run();
}

}  // namespace warder::policy::analyse
