// The language of a regular expression as an automaton over bytes.
//
// Reads what the loader accepts of RE2's syntax (policy/load_regex.cc; RE2's syntax page): literals, escapes, classes,
// `.`, groups, alternatives, counted repeats, UTF-8. Unicode properties (`\p{…}`) are refused: whoever asks must then
// fall back on trying words, and say so. Anchored at both ends, as patterns are. Pure.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "policy/analyse/graph.h"

namespace warder::policy::analyse {

using ByteSet = std::bitset<256>;
using ByteGraph = Graph<ByteSet>;

ByteSet Bytes(std::string_view bytes);
ByteSet ByteRange(unsigned first, unsigned last);

// Two ends inside a graph; what lies between is the language.
struct Piece {
  uint32_t from = 0, to = 0;
};

// Adds the language of the text to the graph. Nothing where it can not be read, or where it takes more than
// kMaxRegexGraph states.
inline constexpr size_t kMaxRegexGraph = 20'000;
std::optional<Piece> AddRegex(ByteGraph& graph, std::string_view regex);

}  // namespace warder::policy::analyse
