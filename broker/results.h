// What agents are told: results of tools, refusals and failures (docs/formats/admin.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "broker/approvals.h"
#include "broker/run.h"
#include "policy/decide.h"

namespace warder::broker {

// The text for the model, and the same as structured content.
nlohmann::json ToolResult(nlohmann::json structured, const std::string& text, bool is_error);

// The command or path that the decision's rule judged; the whole line where it was no part of it.
std::string PartOf(const policy::Decision& decision, const std::string& line);
nlohmann::json Refusal(uint64_t call, const policy::Decision& decision, const std::string& part,
                       const ApprovalAnswer* approval);
nlohmann::json Failure(uint64_t call, const Error& error);
nlohmann::json RunAnswerFor(uint64_t call, const policy::Decision& decision, const RunResult& result);

}  // namespace warder::broker
