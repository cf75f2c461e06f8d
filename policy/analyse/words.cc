// Which predicates are there, and what does each fit? See words.h.
#include "policy/analyse/words.h"

#include <algorithm>

#include "policy/analyse/words_build.h"
#include "policy/match.h"

namespace warder::policy::analyse {
namespace {

constexpr size_t kMaxFlagText = 256;   // 1-policy: kind TEXT
constexpr size_t kMaxHostBytes = 253;  // RFC 1035, 2.3.4

std::string Key(const std::vector<std::string>& words) {
  std::string key;
  for (const std::string& word : words) key += word + '\0';
  return key;
}

}  // namespace

Words::Words(Alphabet alphabet) : alphabet_(alphabet) {}

void Words::AddHint(const std::string& word, Hint hint) {
  constexpr size_t kMaxHints = 150;  // of each kind: each is tried on each new combination of predicates
  std::vector<std::string>& hints = hints_[static_cast<size_t>(hint)];
  if (word.empty() || word.contains('\0') || hints.size() >= kMaxHints || std::ranges::find(hints, word) != hints.end())
    return;
  if (alphabet_ == Alphabet::kComponent && (word == "." || word == ".." || word.contains('/'))) return;
  hints.push_back(word);
}

uint32_t Words::SetId(const ByteSet& set) {
  auto [found, fresh] = set_ids_.try_emplace(set.to_string(), static_cast<uint32_t>(sets_.size()));
  if (fresh) sets_.push_back(set);
  return found->second;
}

// The graph's language as a predicate of its own.
uint32_t Words::Keep(const ByteGraph& graph, uint32_t start, size_t max_bytes) {
  const ByteGraph small = graph.WithoutEmpty(start);
  const uint32_t id = static_cast<uint32_t>(predicates_.size()), first = static_cast<uint32_t>(states_.size());
  for (const ByteGraph::State& from : small.states) {
    State& state = states_.emplace_back();
    state.owner = id;
    state.accepts = from.accepts;
    for (const ByteGraph::Edge& edge : from.edges) state.edges.push_back({SetId(edge.on), first + edge.to});
    std::ranges::sort(state.edges, {}, [](const Edge& e) { return std::pair(e.set, e.to); });
    const auto same = [](const Edge& a, const Edge& b) { return a.set == b.set && a.to == b.to; };
    state.edges.erase(std::unique(state.edges.begin(), state.edges.end(), same), state.edges.end());
  }
  predicates_.push_back({first, max_bytes, false, {}});
  return id;
}

// `build(graph)` answers {piece, max_bytes}.
template <typename Build>
uint32_t Words::Intern(const std::string& key, Build build) {
  if (auto found = interned_.find(key); found != interned_.end()) return found->second;
  ByteGraph graph;
  const auto [piece, max_bytes] = build(graph);
  graph.states[piece.to].accepts = true;
  const uint32_t id = Keep(graph, piece.from, max_bytes);
  interned_.emplace(key, id);
  return id;
}

namespace {

using Built = std::pair<Piece, size_t>;

// What may stand where a value is free: not empty, and no dash in front unless one came before.
Piece Free(ByteGraph& graph, Piece piece, bool after_dashes) {
  // The empty word and the dash are cut off by a first state of its own, whose edges are those that count.
  const uint32_t first = graph.Add();
  std::vector<uint32_t> stack{piece.from};
  std::vector<bool> seen(graph.states.size());
  std::vector<ByteGraph::Edge> edges;
  while (!stack.empty()) {
    const uint32_t at = stack.back();
    stack.pop_back();
    if (seen[at]) continue;
    seen[at] = true;
    for (const ByteGraph::Edge& edge : graph.states[at].edges) edges.push_back(edge);
    for (uint32_t next : graph.states[at].empty) stack.push_back(next);
  }
  for (ByteGraph::Edge& edge : edges) graph.Connect(first, after_dashes ? edge.on : edge.on & ~Bytes("-"), edge.to);
  return {first, piece.to};
}

Piece Value(ByteGraph& graph, FlagValue kind) {
  if (kind == FlagValue::kInt) return AddNumber(graph, 0, UINT64_MAX);
  return Free(graph, AddAny(graph, AllBytes()), true);
}

}  // namespace

uint32_t Words::Any() {
  return Intern("any", [](ByteGraph& graph) { return Built(AddAny(graph, AllBytes()), SIZE_MAX); });
}

uint32_t Words::Literal(const std::string& word) {
  return Intern("=" + word, [&](ByteGraph& graph) { return Built(AddText(graph, word), SIZE_MAX); });
}

uint32_t Words::OneOf(const std::vector<std::string>& words) {
  std::vector<std::string> sorted;
  for (const std::string& word : words)
    if (word != "--") sorted.push_back(word);
  std::ranges::sort(sorted);
  if (sorted.size() == 1) return Literal(sorted[0]);
  return Intern("or" + Key(sorted), [&](ByteGraph& graph) {
    const Piece all{graph.Add(), graph.Add()};
    for (const std::string& word : sorted) {
      const Piece one = AddText(graph, word);
      graph.Jump(all.from, one.from);
      graph.Jump(one.to, all.to);
    }
    return Built(all, SIZE_MAX);
  });
}

uint32_t Words::Of(const Element& element, bool after_dashes) {
  const std::string dashes = after_dashes ? "-" : "";
  switch (element.kind) {
    case ElementKind::kWords:
      return OneOf(element.words);
    case ElementKind::kInt:
      return Intern("int " + std::to_string(element.low) + " " + std::to_string(element.high),
                    [&](ByteGraph& graph) { return Built(AddNumber(graph, element.low, element.high), SIZE_MAX); });
    case ElementKind::kText:
    case ElementKind::kPath: {
      const size_t most = element.kind == ElementKind::kText ? element.high : SIZE_MAX;
      return Intern("text" + dashes + std::to_string(most), [&](ByteGraph& graph) {
        return Built(Free(graph, AddAny(graph, AllBytes()), after_dashes), most);
      });
    }
    case ElementKind::kHost:
      return Intern("host" + dashes, [&](ByteGraph& graph) {
        const uint32_t first = graph.Add();
        const Piece rest = AddAny(graph, HostBytes());
        graph.Connect(first, HostBytes() & ~Bytes("."), rest.from);
        return Built(Free(graph, {first, rest.to}, after_dashes), kMaxHostBytes);
      });
    case ElementKind::kRegex: {
      bool sampled = false;
      const uint32_t id = Intern("re" + dashes + element.regex, [&](ByteGraph& graph) {
        std::optional<Piece> piece = AddRegex(graph, element.regex);
        sampled = !piece;
        return Built(Free(graph, piece.value_or(Piece{graph.Add(), 0}), after_dashes), SIZE_MAX);
      });
      if (sampled) {
        predicates_[id].sampled = true;
        predicates_[id].element = element;
        predicates_[id].element.low = after_dashes ? 1 : 0;
      }
      return id;
    }
    case ElementKind::kFlags:
    case ElementKind::kRest:
      break;
  }
  return Any();
}

uint32_t Words::Of(const Flag& flag) {
  if (flag.form == FlagForm::kExact || flag.form == FlagForm::kSeparate) return Literal(flag.text);
  if (flag.form == FlagForm::kBundle)
    return Intern("bundle" + flag.text, [&](ByteGraph& graph) {
      const uint32_t start = graph.Add(), dash = graph.Add(), letters = graph.Add();
      graph.Connect(start, Bytes("-"), dash);
      graph.Connect(dash, Bytes(flag.text), letters);
      graph.Connect(letters, Bytes(flag.text), letters);
      return Built({start, letters}, SIZE_MAX);
    });
  const bool is_text = flag.value == FlagValue::kText;
  const std::string kind = flag.value == FlagValue::kInt ? "i" : is_text ? "t" : "p";
  return Intern("glued" + kind + flag.text, [&](ByteGraph& graph) {
    return Built(Then(graph, AddText(graph, flag.text), Value(graph, flag.value)),
                 is_text ? flag.text.size() + kMaxFlagText : SIZE_MAX);
  });
}

uint32_t Words::ValueOf(const Flag& flag) {
  const bool is_text = flag.value == FlagValue::kText;
  const std::string kind = flag.value == FlagValue::kInt ? "i" : is_text ? "t" : "p";
  return Intern("value" + kind, [&](ByteGraph& graph) {
    return Built(Free(graph, Value(graph, flag.value), false), is_text ? kMaxFlagText : SIZE_MAX);
  });
}

uint32_t Words::Never(const std::vector<std::string>& never_args) {
  std::vector<std::string> sorted = never_args;
  std::ranges::sort(sorted);
  return Intern("never" + Key(sorted), [&](ByteGraph& graph) {
    const Piece all{graph.Add(), graph.Add()};
    for (const std::string& never : sorted) {
      const Piece one = AddNeverArg(graph, never);
      graph.Jump(all.from, one.from);
      graph.Jump(one.to, all.to);
    }
    return Built(all, SIZE_MAX);
  });
}

uint32_t Words::Component(const std::string& glob) {
  if (!glob.contains('*')) return Literal(glob);
  return Intern("glob" + glob, [&](ByteGraph& graph) {
    const Piece whole = AddGlob(graph, "/" + glob);
    // Behind the slash that AddGlob begins with.
    const uint32_t start = graph.states[whole.from].edges.at(0).to;
    return Built({start, whole.to}, SIZE_MAX);
  });
}

uint32_t Words::PathWord(const std::string& glob, bool under, const std::string& workspace) {
  const std::string whole = under ? (glob == "/" ? "/**" : glob + "/**") : glob;
  return Intern("path" + workspace + '\0' + whole, [&](ByteGraph& graph) {
    const Piece absolute = AddGlob(graph, whole);
    // Where a relative word begins: what is left of the language behind the workspace and a slash.
    std::vector<bool> here(graph.states.size());
    auto close = [&] {
      for (bool more = true; more;) {
        more = false;
        for (size_t s = 0; s < here.size(); ++s)
          for (uint32_t next : graph.states[s].empty)
            if (here[s] && !here[next]) here[next] = more = true;
      }
    };
    here[absolute.from] = true;
    close();
    for (char c : workspace + "/") {
      std::vector<bool> next(here.size());
      for (size_t s = 0; s < here.size(); ++s)
        for (const ByteGraph::Edge& edge : graph.states[s].edges)
          if (here[s] && edge.on[static_cast<unsigned char>(c)]) next[edge.to] = true;
      here = std::move(next);
      close();
    }
    const uint32_t start = graph.Add();
    graph.Jump(start, absolute.from);
    for (uint32_t s = 0; s < here.size(); ++s) {
      if (!here[s]) continue;
      for (ByteGraph::Edge edge : std::vector(graph.states[s].edges))
        graph.Connect(start, edge.on & ~Bytes("/"), edge.to);
    }
    return Built({start, absolute.to}, SIZE_MAX);
  });
}

uint32_t Words::Holding(const std::string& regex) {
  bool sampled = false;
  const uint32_t id = Intern("holding" + regex, [&](ByteGraph& graph) {
    std::optional<Piece> found = AddRegex(graph, regex);
    sampled = !found;
    const Piece before = AddAny(graph, AllBytes());
    const Piece behind = AddAny(graph, AllBytes());
    return Built(Then(graph, before, found ? Then(graph, *found, behind) : Piece{graph.Add(), behind.to}), SIZE_MAX);
  });
  if (sampled) {
    predicates_[id].sampled = true;
    predicates_[id].element.kind = ElementKind::kRegex;
    predicates_[id].element.regex = "(?s).*(?:" + regex + ").*";
    predicates_[id].element.low = 1;
  }
  return id;
}

bool Words::Fits(uint32_t id, std::string_view word) const {
  const Predicate& predicate = predicates_[id];
  if (predicate.sampled) return FitsWord(predicate.element, std::string(word), predicate.element.low == 1);
  if (word.size() > predicate.max_bytes) return false;
  std::vector<uint32_t> here{predicate.start}, next;
  for (char c : word) {
    next.clear();
    for (uint32_t s : here)
      for (const Edge& edge : states_[s].edges)
        if (sets_[edge.set][static_cast<unsigned char>(c)]) next.push_back(edge.to);
    std::ranges::sort(next);
    next.erase(std::unique(next.begin(), next.end()), next.end());
    std::swap(here, next);
    if (here.empty()) return false;
  }
  return std::ranges::any_of(here, [&](uint32_t s) { return states_[s].accepts; });
}

}  // namespace warder::policy::analyse
