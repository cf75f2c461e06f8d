// Which byte strings fit a regular expression? By Thompson's construction.
#include "policy/analyse/regex.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace warder::policy::analyse {

ByteSet Bytes(std::string_view bytes) {
  ByteSet set;
  for (char c : bytes) set.set(static_cast<unsigned char>(c));
  return set;
}

ByteSet ByteRange(unsigned first, unsigned last) {
  ByteSet set;
  for (unsigned b = first; b <= last; ++b) set.set(b);
  return set;
}

namespace {

constexpr uint32_t kLastRune = 0x10FFFF;

// Code points, as ranges that may overlap.
struct Runes {
  std::vector<std::pair<uint32_t, uint32_t>> ranges;
  void Add(uint32_t first, uint32_t last) { ranges.emplace_back(first, last); }
  void Add(const Runes& other) { ranges.insert(ranges.end(), other.ranges.begin(), other.ranges.end()); }
  Runes Negated() const {
    std::vector<std::pair<uint32_t, uint32_t>> sorted = ranges;
    std::ranges::sort(sorted);
    Runes out;
    uint32_t next = 0;
    for (const auto& [first, last] : sorted) {
      if (first > next) out.Add(next, first - 1);
      next = std::max(next, last + 1);
    }
    if (next <= kLastRune) out.Add(next, kLastRune);
    return out;
  }
};

struct NamedRunes {
  std::string_view name;
  std::vector<std::pair<uint32_t, uint32_t>> ranges;
};

// RE2's own tables: \d \s \w are ASCII only, and \s has no vertical tab.
const std::vector<NamedRunes>& PerlClasses() {
  static const std::vector<NamedRunes> classes = {{"d", {{'0', '9'}}},
                                                  {"s", {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}},
                                                  {"w", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}}};
  return classes;
}

const std::vector<NamedRunes>& PosixClasses() {
  static const std::vector<NamedRunes> classes = {
      {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
      {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
      {"ascii", {{0, 0x7F}}},
      {"blank", {{'\t', '\t'}, {' ', ' '}}},
      {"cntrl", {{0, 0x1F}, {0x7F, 0x7F}}},
      {"digit", {{'0', '9'}}},
      {"graph", {{'!', '~'}}},
      {"lower", {{'a', 'z'}}},
      {"print", {{' ', '~'}}},
      {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
      {"space", {{'\t', '\r'}, {' ', ' '}}},
      {"upper", {{'A', 'Z'}}},
      {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
      {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
  };
  return classes;
}

std::optional<Runes> Named(const std::vector<NamedRunes>& classes, std::string_view name) {
  for (const NamedRunes& known : classes)
    if (known.name == name) return Runes{known.ranges};
  return std::nullopt;
}

std::string Utf8(uint32_t rune) {
  auto tail = [&](int shift) { return static_cast<char>(0x80 | ((rune >> shift) & 0x3F)); };
  if (rune < 0x80) return {static_cast<char>(rune)};
  if (rune < 0x800) return {static_cast<char>(0xC0 | (rune >> 6)), tail(0)};
  if (rune < 0x10000) return {static_cast<char>(0xE0 | (rune >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | (rune >> 18)), tail(12), tail(6), tail(0)};
}

class Reader {
 public:
  Reader(ByteGraph& graph, std::string_view text) : graph_(graph), text_(text), limit_(graph.states.size()) {}

  std::optional<Piece> Run() {
    std::optional<Piece> all = Alternatives();
    return at_ == text_.size() ? all : std::nullopt;
  }

 private:
  bool Done() const { return at_ >= text_.size(); }
  char Peek() const { return Done() ? '\0' : text_[at_]; }
  bool Take(char c) {
    if (Done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool TooLarge() const { return graph_.states.size() - limit_ > kMaxRegexGraph; }

  Piece Empty() {
    const uint32_t state = graph_.Add();
    return {state, state};
  }
  Piece Of(const Runes& runes);
  void AddUtf8(uint32_t first, uint32_t last, Piece piece);
  void AddSameLength(uint32_t first, uint32_t last, Piece piece);
  std::optional<Piece> Alternatives();
  std::optional<Piece> Sequence();
  std::optional<Piece> Repeated();
  std::optional<Piece> Atom();
  std::optional<std::pair<uint32_t, uint32_t>> Counts();
  Piece Copies(const std::vector<Piece>& copies, uint32_t least, bool unbounded);
  std::optional<Runes> Class();
  std::optional<Runes> Escape();
  std::optional<uint32_t> Rune();
  std::optional<uint32_t> ClassRune();
  std::optional<uint32_t> EscapedRune();

  ByteGraph& graph_;
  std::string_view text_;
  size_t at_ = 0, limit_, depth_ = 0;
};

// ---- code points to bytes -------------------------------------------------------------------------------------------
Piece Reader::Of(const Runes& runes) {
  const Piece piece{graph_.Add(), graph_.Add()};
  for (const auto& [first, last] : runes.ranges) AddUtf8(first, last, piece);
  return piece;
}

void Reader::AddUtf8(uint32_t first, uint32_t last, Piece piece) {
  if (first > last) return;
  constexpr uint32_t kEnds[] = {0x7F, 0x7FF, 0xFFFF, kLastRune};
  // As RE2 writes the whole upper range: by first byte alone, so that it takes some bytes that are no UTF-8 too.
  if (first <= 0x80 && last == kLastRune) {
    if (first < 0x80) AddSameLength(first, 0x7F, piece);
    const ByteSet tail = ByteRange(0x80, 0xBF);
    const std::pair<ByteSet, int> leads[] = {
        {ByteRange(0xC2, 0xDF), 1}, {ByteRange(0xE0, 0xEF), 2}, {ByteRange(0xF0, 0xF4), 3}};
    for (const auto& [lead, tails] : leads) {
      uint32_t from = graph_.Add();
      graph_.Connect(piece.from, lead, from);
      for (int i = 1; i < tails; ++i) {
        const uint32_t next = graph_.Add();
        graph_.Connect(from, tail, next);
        from = next;
      }
      graph_.Connect(from, tail, piece.to);
    }
    return;
  }
  for (uint32_t end : kEnds) {
    if (first <= end && first <= last) AddSameLength(first, std::min(last, end), piece);
    first = std::max(first, end + 1);
  }
}

// Code points whose encodings have one length: split where the tails do not run over their whole range.
void Reader::AddSameLength(uint32_t first, uint32_t last, Piece piece) {
  const std::string low = Utf8(first), high = Utf8(last);
  for (uint32_t i = 1; i < low.size(); ++i) {
    const uint32_t mask = (1u << (6 * i)) - 1;
    if ((first & ~mask) == (last & ~mask)) continue;
    if ((first & mask) != 0) {
      AddSameLength(first, first | mask, piece);
      return AddSameLength((first | mask) + 1, last, piece);
    }
    if ((last & mask) != mask) {
      AddSameLength(first, (last & ~mask) - 1, piece);
      return AddSameLength(last & ~mask, last, piece);
    }
  }
  uint32_t from = piece.from;
  for (size_t i = 0; i < low.size(); ++i) {
    const uint32_t to = i + 1 == low.size() ? piece.to : graph_.Add();
    graph_.Connect(from, ByteRange(static_cast<unsigned char>(low[i]), static_cast<unsigned char>(high[i])), to);
    from = to;
  }
}

// ---- the grammar ----------------------------------------------------------------------------------------------------
std::optional<Piece> Reader::Alternatives() {
  if (++depth_ > 1000) return std::nullopt;
  const Piece all{graph_.Add(), graph_.Add()};
  do {
    std::optional<Piece> one = Sequence();
    if (!one) return std::nullopt;
    graph_.Jump(all.from, one->from);
    graph_.Jump(one->to, all.to);
  } while (Take('|'));
  --depth_;
  return all;
}

std::optional<Piece> Reader::Sequence() {
  Piece all = Empty();
  while (!Done() && Peek() != '|' && Peek() != ')') {
    std::optional<Piece> next = Repeated();
    if (!next || TooLarge()) return std::nullopt;
    graph_.Jump(all.to, next->from);
    all.to = next->to;
  }
  return all;
}

// An atom and what repeats it. Copies are made by reading the atom's text again.
std::optional<Piece> Reader::Repeated() {
  const size_t start = at_;
  std::optional<Piece> once = Atom();
  if (!once) return std::nullopt;
  const size_t end = at_;
  uint32_t least = 1, most = 1;
  if (Take('*')) {
    least = 0, most = UINT32_MAX;
  } else if (Take('+')) {
    most = UINT32_MAX;
  } else if (Take('?')) {
    least = 0;
  } else if (auto counts = Counts()) {
    std::tie(least, most) = *counts;
  } else {
    return once;
  }
  Take('?');  // the lazy forms fit the same words
  const size_t behind = at_;
  if (!Done() && std::string_view("*+?").contains(Peek())) return std::nullopt;
  const bool unbounded = most == UINT32_MAX;
  const size_t wanted = unbounded ? std::max<size_t>(least, 1) : most;
  std::vector<Piece> copies;
  if (wanted > 0) copies.push_back(*once);
  while (copies.size() < wanted) {
    at_ = start;
    std::optional<Piece> copy = Atom();
    if (!copy || at_ != end || TooLarge()) return std::nullopt;
    copies.push_back(*copy);
  }
  at_ = behind;
  return Copies(copies, least, unbounded);
}

Piece Reader::Copies(const std::vector<Piece>& copies, uint32_t least, bool unbounded) {
  const Piece all{graph_.Add(), graph_.Add()};
  uint32_t last = all.from;
  for (size_t i = 0; i < copies.size(); ++i) {
    if (i >= least) graph_.Jump(last, all.to);
    graph_.Jump(last, copies[i].from);
    last = copies[i].to;
  }
  graph_.Jump(last, all.to);
  if (unbounded) graph_.Jump(copies.back().to, copies.back().from);
  return all;
}

// {n}, {n,} or {n,m}; else the brace stands for itself and nothing is taken.
std::optional<std::pair<uint32_t, uint32_t>> Reader::Counts() {
  const size_t start = at_;
  auto number = [&]() -> std::optional<uint32_t> {
    const size_t first = at_;
    uint32_t value = 0;
    while (!Done() && Peek() >= '0' && Peek() <= '9' && at_ - first < 6)
      value = value * 10 + static_cast<uint32_t>(text_[at_++] - '0');
    return at_ == first ? std::nullopt : std::optional(value);
  };
  if (Take('{')) {
    if (auto least = number()) {
      uint32_t most = *least;
      if (Take(',')) most = number().value_or(UINT32_MAX);
      if (Take('}')) return std::pair(*least, most);
    }
  }
  at_ = start;
  return std::nullopt;
}

std::optional<Piece> Reader::Atom() {
  if (Take('(')) {
    if (Peek() == '?') return std::nullopt;
    std::optional<Piece> inner = Alternatives();
    return inner && Take(')') ? inner : std::nullopt;
  }
  if (Take('.')) {
    Runes runes;
    runes.Add('\n', '\n');
    return Of(runes.Negated());
  }
  std::optional<Runes> runes;
  if (Peek() == '[') {
    runes = Class();
  } else if (Peek() == '\\') {
    runes = Escape();
  } else if (std::string_view("^$*+?").contains(Peek())) {
    return std::nullopt;
  } else if (auto rune = Rune()) {
    runes.emplace().Add(*rune, *rune);
  }
  return runes ? std::optional(Of(*runes)) : std::nullopt;
}

std::optional<Runes> Reader::Escape() {
  if (at_ + 1 < text_.size()) {
    const char letter = text_[at_ + 1];
    const char lower = static_cast<char>(letter | 0x20);
    if (lower == 'p') return std::nullopt;  // Unicode properties
    if (auto runes = Named(PerlClasses(), std::string_view(&lower, 1));
        runes && ((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'))) {
      at_ += 2;
      return letter == lower ? *runes : runes->Negated();
    }
  }
  auto rune = EscapedRune();
  if (!rune) return std::nullopt;
  Runes runes;
  runes.Add(*rune, *rune);
  return runes;
}

std::optional<Runes> Reader::Class() {
  Take('[');
  const bool negated = Take('^');
  Runes runes;
  for (bool first = true; first || Peek() != ']'; first = false) {
    if (Done()) return std::nullopt;
    if (text_.substr(at_).starts_with("[:")) {
      const size_t end = text_.find(":]", at_ + 2);
      if (end != std::string_view::npos) {
        std::string_view name = text_.substr(at_ + 2, end - at_ - 2);
        const bool inverse = name.starts_with('^');
        if (inverse) name.remove_prefix(1);
        auto named = Named(PosixClasses(), name);
        if (!named) return std::nullopt;
        runes.Add(inverse ? named->Negated() : *named);
        at_ = end + 2;
        continue;
      }
    }
    if (Peek() == '\\' && at_ + 1 < text_.size() && std::string_view("dswDSWpP").contains(text_[at_ + 1])) {
      auto named = Escape();
      if (!named) return std::nullopt;
      runes.Add(*named);
      continue;
    }
    auto low = ClassRune();
    if (!low) return std::nullopt;
    auto high = low;
    if (Peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
      ++at_;
      high = ClassRune();
      if (!high || *high < *low) return std::nullopt;
    }
    runes.Add(*low, *high);
  }
  Take(']');
  return negated ? runes.Negated() : runes;
}

std::optional<uint32_t> Reader::ClassRune() { return Peek() == '\\' ? EscapedRune() : Rune(); }

// One code point as it stands. Policies are UTF-8.
std::optional<uint32_t> Reader::Rune() {
  if (Done()) return std::nullopt;
  const auto lead = static_cast<unsigned char>(text_[at_]);
  const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (at_ + size > text_.size()) return std::nullopt;
  uint32_t rune = size == 1 ? lead : lead & (0xFFu >> (size + 1));
  for (size_t i = 1; i < size; ++i) rune = (rune << 6) | (static_cast<unsigned char>(text_[at_ + i]) & 0x3F);
  at_ += size;
  return rune;
}

std::optional<uint32_t> Reader::EscapedRune() {
  ++at_;  // the backslash
  if (Done()) return std::nullopt;
  const char c = text_[at_++];
  constexpr std::pair<char, uint32_t> kControls[] = {{'a', 7}, {'f', 12}, {'n', 10}, {'r', 13}, {'t', 9}, {'v', 11}};
  for (const auto& [letter, rune] : kControls)
    if (c == letter) return rune;
  auto digits = [&](size_t most, uint32_t base, uint32_t value) -> std::optional<uint32_t> {
    size_t taken = 0;
    for (; taken < most && !Done(); ++taken) {
      const char d = text_[at_];
      const uint32_t worth = d >= '0' && d <= '9'   ? static_cast<uint32_t>(d - '0')
                             : d >= 'a' && d <= 'f' ? static_cast<uint32_t>(d - 'a' + 10)
                             : d >= 'A' && d <= 'F' ? static_cast<uint32_t>(d - 'A' + 10)
                                                    : 99;
      if (worth >= base) break;
      value = value * base + worth;
      ++at_;
    }
    return value;
  };
  if (c == 'x') {
    const bool braces = Take('{');
    const size_t before = at_;
    auto value = digits(braces ? 6 : 2, 16, 0);
    if (at_ == before || (braces && !Take('}')) || (!braces && at_ - before != 2)) return std::nullopt;
    return *value <= kLastRune ? value : std::nullopt;
  }
  if (c >= '0' && c <= '7') {
    if (c != '0' && (Peek() < '0' || Peek() > '7')) return std::nullopt;  // a backreference
    return digits(2, 8, static_cast<uint32_t>(c - '0'));
  }
  const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  if (word || static_cast<unsigned char>(c) >= 0x80) return std::nullopt;
  return static_cast<unsigned char>(c);
}

}  // namespace

std::optional<Piece> AddRegex(ByteGraph& graph, std::string_view regex) { return Reader(graph, regex).Run(); }

}  // namespace warder::policy::analyse
