// A nondeterministic automaton with labelled and empty edges, and how the empty ones are taken out.
//
// Used at both levels: over the bytes of one word (analyse/words.h) and over the words of an argv or the components of
// a path (analyse/sequence.h).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace warder::policy::analyse {

template <typename Label>
struct Graph {
  struct Edge {
    Label on;
    uint32_t to = 0;
  };
  struct State {
    std::vector<Edge> edges;
    std::vector<uint32_t> empty;
    bool accepts = false;
  };
  std::vector<State> states;

  uint32_t Add() {
    states.emplace_back();
    return static_cast<uint32_t>(states.size() - 1);
  }
  void Connect(uint32_t from, Label on, uint32_t to) { states[from].edges.push_back({std::move(on), to}); }
  void Jump(uint32_t from, uint32_t to) { states[from].empty.push_back(to); }

  // The same language without empty edges, from state 0 on; only states that can be reached.
  Graph WithoutEmpty(uint32_t start) const {
    Graph out;
    std::vector<uint32_t> name(states.size(), UINT32_MAX), order;
    auto named = [&](uint32_t state) {
      if (name[state] == UINT32_MAX) {
        name[state] = out.Add();
        order.push_back(state);
      }
      return name[state];
    };
    named(start);
    std::vector<uint32_t> seen(states.size(), UINT32_MAX), stack;
    for (uint32_t i = 0; i < order.size(); ++i) {
      stack = {order[i]};
      seen[order[i]] = i;
      while (!stack.empty()) {
        const uint32_t at = stack.back();
        stack.pop_back();
        out.states[i].accepts = out.states[i].accepts || states[at].accepts;
        for (const Edge& edge : states[at].edges) {
          const uint32_t to = named(edge.to);
          out.states[i].edges.push_back({edge.on, to});
        }
        for (uint32_t next : states[at].empty) {
          if (seen[next] == i) continue;
          seen[next] = i;
          stack.push_back(next);
        }
      }
    }
    return out;
  }
};

}  // namespace warder::policy::analyse
