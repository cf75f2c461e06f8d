// How do the tests speak to a broker as an agent or a person would?
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>

#include "tests/broker/fake_host.h"

namespace warder::broker::test {

using nlohmann::json;

void Client::SendRaw(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t size = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return;
    bytes.remove_prefix(static_cast<size_t>(size));
  }
}

std::optional<json> Client::Receive(int timeout_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    if (size_t end = pending_.find('\n'); end != std::string::npos) {
      json value = json::parse(pending_.substr(0, end));
      pending_.erase(0, end + 1);
      return value;
    }
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd wait{socket_.get(), POLLIN, 0};
    if (left.count() < 0 || poll(&wait, 1, static_cast<int>(left.count())) <= 0) return {};
    char bytes[65536];
    ssize_t size = recv(socket_.get(), bytes, sizeof bytes, 0);
    if (size <= 0) return {};
    pending_.append(bytes, static_cast<size_t>(size));
  }
}

bool Client::SaysNothing(int for_ms) {
  pollfd wait{socket_.get(), POLLIN, 0};
  return pending_.empty() && poll(&wait, 1, for_ms) == 0;
}

bool Client::Closed(int timeout_ms) {
  for (;;) {
    pollfd wait{socket_.get(), POLLIN, 0};
    if (poll(&wait, 1, timeout_ms) <= 0) return false;
    char bytes[65536];
    if (recv(socket_.get(), bytes, sizeof bytes, 0) <= 0) return true;
  }
}

int64_t Client::Request(const std::string& method, json params) {
  params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28";
  params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json::object();
  Send({{"jsonrpc", "2.0"}, {"id", next_id_}, {"method", method}, {"params", std::move(params)}});
  return next_id_++;
}

int64_t Client::AskTool(const std::string& tool, json arguments, json meta) {
  return Request("tools/call", {{"name", tool}, {"arguments", std::move(arguments)}, {"_meta", std::move(meta)}});
}

json Client::AnswerTo(int64_t id) {
  for (;;) {
    auto message = Receive();
    if (!message) {
      ADD_FAILURE() << "no answer to " << id;
      return {};
    }
    if (message->value("id", json()) == id) return std::move(*message);
    others.push_back(std::move(*message));
  }
}

json Client::Call(const std::string& tool, json arguments) {
  json answer = AnswerTo(AskTool(tool, std::move(arguments)));
  EXPECT_TRUE(answer.contains("result")) << answer;
  return answer.value("result", json::object());
}

json Client::Legacy(const std::string& method, json params) {
  const int64_t id = next_id_++;
  Send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}});
  return AnswerTo(id);
}

}  // namespace warder::broker::test
