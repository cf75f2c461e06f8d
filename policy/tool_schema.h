// An exec rule as a tool of its own: its parameters, their schema, and the argv that they fill.
//
// The schema and the check come from the same values, so that what the schema promises is what is
// taken. Only the keywords below are used (a closed list): type, properties, required,
// additionalProperties, items, minItems, maxItems, minLength, maxLength, minimum, maximum, pattern,
// description.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "policy/policy.h"

namespace warder::policy {

struct ToolParameter {
  std::string name;
  std::string description;                  // what its values must be, in words
  size_t element = 0;                       // in the rule's argv
  bool is_list = false;                     // repeat has an upper end over 1
  bool required = true;                     // repeat has a lower end over 0
  bool is_integer = false;                  // { int: A..B }; else a text
  uint64_t minimum = 0, maximum = 0;        // of an integer
  uint64_t min_length = 0, max_length = 0;  // of a text, in bytes
  uint64_t min_items = 0, max_items = 0;    // of a list
  std::string pattern;                      // of a text; RE2, anchored
};

// In the order of the rule's argv. A rule without `tool` has none.
std::vector<ToolParameter> ToolParameters(const ExecRule& rule);

// The input schema as JSON text: what `tools/list` answers.
std::string ToolSchema(const ExecRule& rule);

// What an agent sent: texts as they are, integers as their decimal text.
struct ToolArgument {
  std::string name;
  bool is_list = false, is_integer = false;
  std::vector<std::string> values;  // one where it is no list
};

// The argv that the arguments fill; an Error that says which argument is not what the schema says.
// The argv still has to be decided: paths and hosts are only judged there.
Result<std::vector<std::string>> FillTool(const ExecRule& rule, const std::vector<ToolArgument>& arguments);

}  // namespace warder::policy
