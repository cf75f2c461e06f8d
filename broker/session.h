// One agent connection: its lines in, its calls, its answers out. Speaks MCP of both eras.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "broker/broker.h"
#include "broker/cancellation.h"
#include "broker/connection.h"
#include "broker/hands_link.h"
#include "broker/json_rpc.h"
#include "broker/tools.h"
#include "broker/workspace_layer.h"
#include "wire/monitor.h"

namespace warder::broker {

enum class Era { kUnknown, kLegacy, kModern };

struct CallRequest {
  nlohmann::json id;
  const ToolEntry* tool = nullptr;
  nlohmann::json arguments;
  nlohmann::json progress_token;  // null: none wanted
  std::string traceparent;
  Era era = Era::kUnknown;
  std::chrono::steady_clock::time_point received;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Broker& broker, const wire::SessionOpened& opened, UniqueFd connection, UniqueFd hands);

  // Until the connection is gone and every call of it has ended; then the monitor is told.
  asio::awaitable<void> Serve();
  // Cancels what runs and closes the connection.
  void End(const std::string& why);
  nlohmann::json Describe() const;  // SESSION of docs/formats/admin.md

  struct Running {
    uint64_t call = 0;
    std::string tool, line;
    std::chrono::steady_clock::time_point since;
    Cancellation cancellation;
  };

  // ---- for the call path
  Broker& broker() { return broker_; }
  const wire::SessionOpened& opened() const { return opened_; }
  HandsLink& hands() { return *hands_; }
  WorkspaceLayer& workspace_layer() { return *workspace_layer_; }
  const std::string& client() const { return client_; }
  void Notify(const nlohmann::json& notification) { connection_->Send(ToLine(notification)); }
  size_t runs() const { return runs_; }
  void CountRun(int change) { runs_ = static_cast<size_t>(static_cast<int64_t>(runs_) + change); }
  void CountRefused();
  uint64_t calls() const { return calls_; }
  uint64_t refused() const { return refused_; }

 private:
  void HandleLine(const std::string& line);
  void HandleRequest(Message message);
  void HandleNotification(const Message& message);
  void StartCall(Message message, Era era);
  asio::awaitable<void> RunCall(CallRequest request, std::string key);
  void Reply(const nlohmann::json& id, Era era, nlohmann::json result);
  void Refuse(const nlohmann::json& id, RpcError error);

  Broker& broker_;
  wire::SessionOpened opened_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<HandsLink> hands_;
  std::unique_ptr<WorkspaceLayer> workspace_layer_;
  std::chrono::system_clock::time_point since_ = std::chrono::system_clock::now();
  Era era_ = Era::kUnknown;
  std::string client_;                                       // as it names itself: untrusted
  std::map<std::string, std::shared_ptr<Running>> running_;  // by the id's text
  std::shared_ptr<Answer<bool>> all_ended_;
  std::string why_ended_;
  uint64_t calls_ = 0, refused_ = 0;
  size_t runs_ = 0;  // that count against `concurrent`
};

}  // namespace warder::broker
