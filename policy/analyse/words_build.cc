// Of which pieces are the automata of elements, flags, never-args and globs made?
#include "policy/analyse/words_build.h"

#include <algorithm>

namespace warder::policy::analyse {

ByteSet AllBytes() { return ByteRange(1, 255); }

ByteSet HostBytes() { return ByteRange('a', 'z') | ByteRange('A', 'Z') | ByteRange('0', '9') | Bytes(".-"); }

Piece Then(ByteGraph& graph, Piece first, Piece second) {
  graph.Jump(first.to, second.from);
  return {first.from, second.to};
}

Piece AddText(ByteGraph& graph, std::string_view text) {
  Piece piece{graph.Add(), 0};
  piece.to = piece.from;
  for (char c : text) {
    const uint32_t next = graph.Add();
    graph.Connect(piece.to, Bytes(std::string_view(&c, 1)), next);
    piece.to = next;
  }
  return piece;
}

Piece AddAny(ByteGraph& graph, const ByteSet& bytes) {
  const uint32_t state = graph.Add();
  graph.Connect(state, bytes, state);
  return {state, state};
}

namespace {

uint64_t Power(size_t digits) {
  uint64_t power = 1;
  for (size_t i = 0; i < digits; ++i) power *= 10;
  return power;
}

// Numbers of one length, digit by digit: as low as `low` so far, as high as `high`, both, or free.
void AddSameLength(ByteGraph& graph, const std::string& low, const std::string& high, Piece piece) {
  struct At {
    uint32_t state;
    bool low, high;
  };
  std::vector<At> here{{piece.from, true, true}};
  for (size_t i = 0; i < low.size(); ++i) {
    std::vector<At> next;
    auto named = [&](bool is_low, bool is_high) {
      for (const At& at : next)
        if (at.low == is_low && at.high == is_high) return at.state;
      next.push_back({i + 1 == low.size() ? piece.to : graph.Add(), is_low, is_high});
      return next.back().state;
    };
    for (const At& at : here)
      for (char d = at.low ? low[i] : '0'; d <= (at.high ? high[i] : '9'); ++d)
        graph.Connect(at.state, Bytes(std::string_view(&d, 1)), named(at.low && d == low[i], at.high && d == high[i]));
    here = std::move(next);
  }
}

}  // namespace

Piece AddNumber(ByteGraph& graph, uint64_t low, uint64_t high) {
  const Piece piece{graph.Add(), graph.Add()};
  const size_t shortest = std::to_string(low).size(), longest = std::to_string(high).size();
  for (size_t digits = shortest; low <= high && digits <= longest; ++digits) {
    const std::string least = digits == shortest ? std::to_string(low) : std::to_string(Power(digits - 1));
    const std::string most = digits == longest ? std::to_string(high) : std::string(digits, '9');
    AddSameLength(graph, least, most, piece);
  }
  return piece;
}

// Component by component, each with its slash before it; `**` is none or more of them, and "/" is the path without any.
Piece AddGlob(ByteGraph& graph, std::string_view glob) {
  const ByteSet name = AllBytes() & ~Bytes("/");
  Piece all{graph.Add(), 0};
  all.to = all.from;
  auto component = [&](std::string_view text, uint32_t from) {
    const uint32_t slash = graph.Add();
    graph.Connect(from, Bytes("/"), slash);
    uint32_t at = slash;
    for (char c : text) {
      if (c == '*') {
        const Piece any = AddAny(graph, name);
        graph.Jump(at, any.from);
        at = any.to;
        continue;
      }
      const uint32_t next = graph.Add();
      graph.Connect(at, Bytes(std::string_view(&c, 1)), next);
      at = next;
    }
    return at;
  };
  bool anything = false;
  for (size_t start = glob.starts_with('/') ? 1 : 0; start < glob.size();) {
    const size_t end = std::min(glob.find('/', start), glob.size());
    const std::string_view part = glob.substr(start, end - start);
    start = end + 1;
    if (part != "**") {
      all.to = component(part, all.to);
      anything = true;
      continue;
    }
    // A state of its own: what loops here must not be reached again from what came before.
    const uint32_t loop = graph.Add(), slash = graph.Add(), inside = graph.Add();
    graph.Jump(all.to, loop);
    graph.Connect(loop, Bytes("/"), slash);
    graph.Connect(slash, name, inside);
    graph.Connect(inside, name, inside);
    graph.Jump(inside, loop);
    all.to = loop;
  }
  const uint32_t end = graph.Add();
  graph.Jump(all.to, end);
  if (!anything) graph.Connect(all.from, Bytes("/"), end);  // the root
  return {all.from, end};
}

Piece AddNeverArg(ByteGraph& graph, const std::string& never) {
  const Piece piece{graph.Add(), graph.Add()};
  const ByteSet any = AllBytes();
  auto with_value = [&](Piece name) {  // the name, or the name and `=…`
    graph.Jump(piece.from, name.from);
    graph.Jump(name.to, piece.to);
    const Piece value = AddAny(graph, any);
    graph.Connect(name.to, Bytes("="), value.from);
    graph.Jump(value.to, piece.to);
  };
  if (never.starts_with("--") && never.size() > 2) {
    const size_t longest = std::min(never.find('='), never.size());
    for (size_t size = 3; size <= longest; ++size) with_value(AddText(graph, std::string_view(never).substr(0, size)));
    return piece;
  }
  if (never.size() == 2 && never[0] == '-' && never[1] != '-') {
    const ByteSet letter = Bytes(std::string_view(never).substr(1));
    const uint32_t dash = graph.Add(), searching = graph.Add(), found = graph.Add();
    graph.Connect(piece.from, Bytes("-"), dash);
    graph.Connect(dash, letter, found);
    graph.Connect(dash, any & ~Bytes("-") & ~letter, searching);
    graph.Connect(searching, any, searching);
    graph.Connect(searching, letter, found);
    graph.Connect(found, any, found);
    graph.Jump(found, piece.to);
    return piece;
  }
  with_value(AddText(graph, never));
  return piece;
}

}  // namespace warder::policy::analyse
