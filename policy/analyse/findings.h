// What would a security reviewer say about policies that load, without running anything?
//
// The static findings of `warder policy check`. Each kind has an id and a page, docs/policy/findings/ID.md, with a bad
// and a good policy that a test loads. A finding says where, what was seen, a call that shows it where there is one,
// and what to write instead. Pure: looks at no disk, clock or environment; the same set gives the same findings.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy_set.h"

namespace warder::policy::lint {

// kFinding: a sound policy has none of it, `check` ends with 1. kNote: a choice that an author may well make, and that
// whoever reviews the policy should know.
enum class Weight : uint8_t { kFinding, kNote };

struct Kind {
  std::string_view id;  // "runs-others"
  Weight weight;
  std::string_view title;  // one line, for the list of all kinds
};
// Every kind that there is, in the order of their pages.
std::span<const Kind> Kinds();
// The kind of this id; it must exist.
const Kind& KindOf(std::string_view id);

struct Found {
  std::string_view id;  // of its Kind
  size_t layer = 0;     // in whose file, index in the set
  Where where;
  std::string rule;  // id of the rule; empty: it is about none
  std::string what;
  std::string witness;  // a command line, path or host that shows it; empty: there is none to show
  std::string remedy;
};

// "LINE:COLUMN: id: rule: what: `witness`; remedy", for people.
std::string Describe(const Found& found);

// By layer, then by place in the file; each thing once.
std::vector<Found> Lint(const PolicySet& set);

}  // namespace warder::policy::lint
