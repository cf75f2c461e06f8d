// Pieces of byte automata that predicates are made of. Internal to analyse/words*.cc.
#pragma once

#include <string>
#include <vector>

#include "policy/analyse/regex.h"
#include "policy/policy.h"

namespace warder::policy::analyse {

// Each adds a language to the graph between two states of its own.
Piece AddText(ByteGraph& graph, std::string_view text);
Piece AddAny(ByteGraph& graph, const ByteSet& bytes);            // any run of these bytes, none too
Piece AddNumber(ByteGraph& graph, uint64_t low, uint64_t high);  // decimal, no sign, no leading zero
Piece AddGlob(ByteGraph& graph, std::string_view glob);          // an absolute one, variables filled in
Piece AddNeverArg(ByteGraph& graph, const std::string& never);   // match.cc, IsNeverArg
Piece Then(ByteGraph& graph, Piece first, Piece second);
ByteSet AllBytes();  // but NUL, which no argument holds
ByteSet HostBytes();

}  // namespace warder::policy::analyse
