// One request of the broker to a session's hands, and its answer (wire/hands.h).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace warder::hands {

// Questions in one ResolveRequest: an answer of refusals alone still fits a message.
inline constexpr size_t kMaxQuestions = 1024;

struct Reply {
  std::string bytes;
  UniqueFd memory;  // sealed; where the answer has one
};

// An Error here means a request that no broker of ours writes: the caller ends.
Result<Reply> AnswerRequest(int root, std::string_view request);

}  // namespace warder::hands
