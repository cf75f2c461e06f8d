// One line of a side file, put among the others of its segment.
#pragma once

#include <string_view>

#include "audit/reader.h"

namespace warder::audit {

// False where the line is neither value, blob nor erased, or names what another one named already; then nothing was
// taken.
bool TakeSideLine(std::string_view line, Sides& sides);

// The two ways in which it is read; both take a line alike or the first does not take it. An erased line is for
// neither.
//   A text without escapes but \" and \\, which most values are: read as it stands.
bool TakePlainSideLine(std::string_view line, Sides& sides);
//   Every other line, by the parser of JSON.
bool TakeAnySideLine(std::string_view line, Sides& sides);

}  // namespace warder::audit
