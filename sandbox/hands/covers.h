// Which existing entries of the trees must a jail not show (kHide), or not change (kFreeze)?
//
// One walk by descriptors (never through a symlink, never onto another mount), names as bytes:
// - An entry is covered by a rule when a `match` fits its path, or its directory is covered, and no `unless`
//   fits it. A covered directory is covered as a whole, unless something exempt exists below it: then
//   its entries are covered one by one. A tree itself is hidden entry by entry: no mount can hide what it stands in.
// - Below a hidden directory nothing is listed; below a frozen one only what is hidden.
// - A file is hidden under every name that it has in the trees when it is hidden under one of them (hard
//   links), and frozen likewise.
// - Symlinks are not covered: what they lead to is judged under its own path.
// - What can not be looked at (a directory that may not be read, another mount) is hidden: the session
//   may own the directory and chmod it later.
//
// Covers are sorted by path, so a directory comes before what is covered below it. A frozen cover of a
// directory with a hidden one below it is meant to be mounted in that order.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "wire/hands.h"

namespace warder::hands {

struct CoverLimits {
  size_t entries = limits::kMaxWalkEntries;
  size_t covers = limits::kMaxMasks;
};

struct Covers {
  std::vector<wire::Cover> covers;
  uint64_t walked = 0;
};

// kLimit: more entries or covers than the limits, or a path that no mount can name; then nothing is known.
Result<Covers> FindCovers(int root, const std::vector<std::string>& trees, const std::vector<wire::CoverRule>& rules,
                          const CoverLimits& bounds = {});

}  // namespace warder::hands
