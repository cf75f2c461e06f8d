// What do policy files say, without a host? Loading for `warder policy …`.
#pragma once

#include <string>
#include <vector>

#include "policy/analyse/findings.h"
#include "policy/decide.h"
#include "policy/load.h"

namespace warder::cli {

struct CheckedPolicy {
  std::string file;
  bool usable = false;
  policy::Policy policy;
  std::vector<policy::LoadProblem> problems;  // why it is not usable
  std::vector<policy::Finding> failures;      // examples and tests that fail
  std::vector<policy::lint::Found> findings;  // what a reviewer would say; of either weight
  std::vector<policy::LoadProblem> notes;     // what people should know: names bound to no file …
};

// Reads, loads, binds to this machine's files, runs examples and tests and reviews. Files of different layers are
// judged together, as a host has them; others each alone. An Error where one can not be read.
Result<std::vector<CheckedPolicy>> CheckPolicyFiles(const std::vector<std::string>& files);

// The Error that names each problem of a file.
std::unexpected<Error> NotUsable(const std::string& file, const std::vector<policy::LoadProblem>& problems);

// The layers of these files together, bound to this machine's files, their examples and tests not run. An Error that
// names each problem where one can not be used, or where they can not stand together. `prepare`, where given, is done
// to each layer before they are put together.
Result<policy::PolicySet> LoadPolicyFiles(const std::vector<std::string>& files,
                                          void (*prepare)(policy::Policy&) = nullptr);

// What hands would find for a call, as far as this process may look: paths from the workspace on, symlinks followed;
// programs as files of this machine.
struct LookedUp {
  policy::Wanted wanted;
  policy::Facts facts;
};
// Rewrites each command of the call that names a `#!` file to its interpreter, as a host does.
LookedUp LookUp(const policy::PolicySet& set, policy::Call& call, const std::string& workspace);

// kInvalid where the policy has no profile of this name; empty names none.
Status CheckProfile(const policy::Policy& policy, const std::string& profile);

// "FILE:LINE:COLUMN".
std::string At(const std::string& file, const policy::Where& where);

}  // namespace warder::cli
