// Path globs of the policy language: `*` within a component (a leading dot included), `**` whole
// components, also none, so `D/**` is D too; nothing else is special. Byte for byte.
//
// Here and not in policy/ because hands walk a workspace with the same globs (docs/decisions).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace warder {

// A well-formed glob after variables are filled in: starts with `/` or `**/` (which means `/**/`), no
// empty, `.` or `..` component, `**` only as a whole component.
Status CheckGlob(std::string_view glob);

// The components of a path or glob, in it; empty ones (the leading slash, doubled ones) are left out.
std::vector<std::string_view> PathParts(std::string_view text);

// Whether the canonical absolute path fits. Linear in path × components: no backtracking blow-up.
bool GlobMatch(std::string_view glob, std::string_view path);
// The same of what PathParts() made of both, for whoever asks about one of them often.
bool GlobMatch(std::span<const std::string_view> glob, std::span<const std::string_view> path);

// Whether some path strictly below this directory can fit (so that a walk may skip what can not).
bool GlobMayMatchBeneath(std::string_view glob, std::string_view directory);

}  // namespace warder
