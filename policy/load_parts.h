// The parts of the policy loader, one file a section; only policy/load*.cc include this.
#pragma once

#include <string>
#include <vector>

#include "policy/load.h"
#include "policy/schema.h"

namespace warder::policy {

// A name that must be known once the whole file is read.
struct Mention {
  std::string name;
  Where where;
};

struct Draft {
  Policy policy;
  std::vector<Mention> listed_actions;  // in profiles and require-reason
  std::vector<Mention> named_profiles;  // default-profile, based-on, tests
  std::vector<Mention> decided_by;      // `by` of tests
  std::vector<Mention> started;         // words in first place of an argv
};

inline constexpr std::string_view kToolActions[] = {"read_file", "list_directory", "create_file",
                                                    "modify_file", "delete_file"};

void ReadPrograms(Reading& reading, const YamlNode& node, Draft& draft);  // load_programs.cc
void ReadExec(Reading& reading, const YamlNode& node, Draft& draft);      // load_exec.cc
void ReadPaths(Reading& reading, const YamlNode& node, Draft& draft);     // load_paths.cc
void ReadProfiles(Reading& reading, const YamlNode& node, Draft& draft);  // load_profiles.cc
void ReadTests(Reading& reading, const YamlNode& node, Draft& draft);     // load_tests.cc
void ReadLimits(Reading& reading, const YamlNode& node, Limits& limits,
                bool of_rule);  // load_limits.cc

// A program as a rule may name it: a bare name, or a clean absolute path.
bool IsProgramName(std::string_view text);

// One element of an argv pattern (load_pattern.cc). A problem leaves a rest of what was read.
Element ReadElement(Reading& reading, const YamlNode& node, bool first, bool last);
// What is wrong with a regex of the language, or nothing (load_regex.cc).
struct RegexProblem {
  std::string what, remedy;
};
std::optional<RegexProblem> CheckRegex(const std::string& regex);

// References across sections; also makes the full list of programs (load_check.cc).
void CheckDraft(Reading& reading, const YamlNode& root, Draft& draft);

}  // namespace warder::policy
