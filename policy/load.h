// From YAML bytes to a Policy, strictly (1-policy: "Strict YAML"). Pure: programs are not yet
// bound.
//
// Every refusal is FILE:LINE:COLUMN: the offending text, what is wrong, and what to write instead.
// Features of the language that this version does not enforce are refused by name, never ignored.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "policy/policy.h"

namespace warder::policy {

struct LoadProblem {
  Where where;
  std::string what;
  std::string remedy;
};

struct LoadResult {
  Policy policy;
  std::vector<LoadProblem> problems;                    // empty: the policy is usable
  std::string Describe(const std::string& file) const;  // "FILE:L:C: what; remedy" lines
};

// Syntax, schema and cross-references. Does not run the examples: policy::RunExamples does, after
// binding.
LoadResult LoadPolicy(const std::string& file, std::string_view bytes);

}  // namespace warder::policy
