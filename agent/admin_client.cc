// How does one request to the admin socket become an answer or an error of ours?
#include "agent/admin_client.h"

#include "agent/json_rpc.h"

namespace warder::agent {

using nlohmann::json;

Result<AdminClient> AdminClient::Connect(const std::string& socket_path) {
  WARDER_TRY(LineSocket socket, LineSocket::Connect(socket_path));
  return AdminClient(std::move(socket));
}

Result<std::string> AdminClient::Call(const std::string& method, const std::string& params,
                                      std::chrono::milliseconds timeout) {
  const int64_t id = next_id_++;
  WARDER_TRY(json body, ParseObject(params));
  Status asked = socket_.Send(Text({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(body)}}));
  // A host that hung up may have said why: what it sent is still to be read.
  if (!asked && asked.error().code != Code::kUnavailable) return std::unexpected(asked.error());
  const auto end = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    std::string line;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    WARDER_TRY(auto event, socket_.Receive(&line, -1, std::max(left, std::chrono::milliseconds(0))));
    if (event != LineSocket::Event::kLine)
      return Fail(Code::kUnavailable, "the host did not answer " + method + " in time");
    WARDER_TRY(json answer, ParseObject(line));
    const json answered = answer.value("id", json());
    // An answer without id: the host could not even read ours.
    if (answered == id || (answered.is_null() && answer.contains("error"))) return ResultOf(answer);
  }
}

}  // namespace warder::agent
