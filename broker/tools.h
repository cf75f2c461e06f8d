// The tools that agents may call: one table of names, schemas and annotations.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "policy/decide.h"

namespace warder::broker {

struct ToolEntry {
  std::string name;
  policy::Tool tool = policy::Tool::kNone;
  nlohmann::json listed;  // as tools/list shows it: name, description, schemas, annotations
  const nlohmann::json& input() const { return listed.at("inputSchema"); }
};

// In the fixed order of tools/list; does not vary by connection.
const std::vector<ToolEntry>& Tools();
const ToolEntry* FindTool(std::string_view name);
// "run_command, read_file, …", for the answer to a tool that does not exist.
std::string ToolNames();

}  // namespace warder::broker
