// From a tool's name and arguments to the call that is decided. Pure.
//
// One reading for the broker, which was asked, for `policy explain`, which asks itself, and for `policy replay`, which
// reads what was asked from the log.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "policy/decide.h"

namespace warder::policy {

// Nothing where no host has a tool of this name.
std::optional<Tool> ToolNamed(std::string_view name);

// The call of these arguments; what is no part of the decision (stdin, content, timeouts) is not looked at. kInvalid
// where a part has the wrong type or says nothing to do, kLimit for an argv over 64 KiB. opaque_text is the line for
// people: the command as given, or the argv quoted.
Result<Call> CallOf(Tool tool, const nlohmann::json& arguments);

}  // namespace warder::policy
