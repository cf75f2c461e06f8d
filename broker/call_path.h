// One call, from the decoded request to the answer: call_path.cc reads in the order of 0-overview.
#pragma once

#include <nlohmann/json.hpp>

#include "broker/session.h"

namespace warder::broker {

// The CallToolResult. Every way out has been recorded first, or the log is shut and the answer says so.
asio::awaitable<nlohmann::json> ServeCall(std::shared_ptr<Session> session, std::shared_ptr<Session::Running> running,
                                          CallRequest request);

}  // namespace warder::broker
