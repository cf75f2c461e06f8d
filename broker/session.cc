// How does an agent's connection live: lines in, calls started, answers out, and its end?
#include "broker/session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/limits.h"
#include "base/text.h"
#include "broker/call_path.h"
#include "broker/mcp.h"

namespace warder::broker {
namespace {

using nlohmann::json;

// A jail dies at once when its keeper is told; the rest is the ledger's sync.
constexpr std::chrono::seconds kEndTimeout{60};

std::string TraceparentOf(const Message& message) {  // W3C Trace Context: 2-32-16-2 hex digits
  auto meta = message.params.find("_meta");
  if (meta == message.params.end() || !meta->is_object()) return {};
  auto trace = meta->find("traceparent");
  if (trace == meta->end() || !trace->is_string()) return {};
  std::string text = trace->get<std::string>();
  if (text.size() != 55 || text.find_first_not_of("0123456789abcdef-") != std::string::npos) return {};
  return text;
}

json ProgressTokenOf(const Message& message) {
  auto meta = message.params.find("_meta");
  if (meta == message.params.end() || !meta->is_object()) return nullptr;
  auto token = meta->find("progressToken");
  if (token == meta->end() || !(token->is_string() || token->is_number_integer())) return nullptr;
  return *token;
}

}  // namespace

const wire::Agent* Generation::FindAgent(const std::string& name) const {
  for (const wire::Agent& agent : host.agents)
    if (agent.name == name) return &agent;
  return nullptr;
}

Session::Session(Broker& broker, const wire::SessionOpened& opened, UniqueFd connection, UniqueFd hands)
    : broker_(broker),
      opened_(opened),
      connection_(std::make_shared<Connection>(broker.executor, std::move(connection))),
      hands_(std::make_shared<HandsLink>(broker.executor, std::move(hands))),
      workspace_layer_(std::make_unique<WorkspaceLayer>(broker.executor, *hands_, broker.monitor, opened.session)) {}

asio::awaitable<void> Session::Serve() {
  auto self = shared_from_this();
  auto hands = hands_;
  asio::co_spawn(broker_.executor, [hands]() { return hands->Receive(); }, asio::detached);
  // Of a session that can not be recorded no call could run: it hears so at once.
  if (Status takes = co_await broker_.ledger.TakesNew(); !takes) End("no session begins: " + takes.error().ToString());
  for (;;) {
    Result<std::string> line = co_await connection_->ReadLine();
    if (line) {
      HandleLine(*line);
      continue;
    }
    // A stream that can not be trusted any more gets a last word.
    if (line.error().code == Code::kLimit) Refuse(nullptr, {kInvalidRequest, line.error().what, nullptr, nullptr});
    if (why_ended_.empty()) why_ended_ = line.error().what;
    break;
  }
  connection_->Close(why_ended_);
  all_ended_ = std::make_shared<Answer<bool>>(broker_.executor);
  auto all_ended = all_ended_;
  for (auto& [key, running] : std::map(running_)) running->cancellation.Request("the connection was closed");
  if (!running_.empty()) co_await all_ended->Wait(kEndTimeout);
  // The reason first: hands that end alone are another one.
  broker_.monitor.EndSession(opened_.session, why_ended_);
  hands_->Close();
  broker_.sessions.erase(opened_.session);
}

void Session::End(const std::string& why) {
  if (why_ended_.empty()) {
    why_ended_ = why;
    Refuse(nullptr, {kTooManyCalls, "warder: " + why, nullptr, nullptr});
  }
  connection_->Close(why);
}

void Session::CountRefused() {
  ++refused_;
  ++broker_.calls_refused;
}

void Session::Refuse(const json& id, RpcError error) { connection_->Send(ToLine(ErrorOf(id, error))); }

void Session::Reply(const json& id, Era era, json result) {
  connection_->Send(ToLine(ResultOf(id, Framed(era, std::move(result)))));
}

void Session::HandleLine(const std::string& line) {
  if (line.empty()) return;
  Result<json> value = ParseJson(line);
  if (!value) {
    Refuse(nullptr, {kParseError, value.error().what, nullptr, nullptr});
    return;
  }
  auto message = ReadMessage(*value);
  if (!message) {
    Refuse(message.error().id, message.error());
    return;
  }
  switch (message->kind) {
    case Message::Kind::kRequest:
      HandleRequest(std::move(*message));
      break;
    case Message::Kind::kNotification:
      HandleNotification(*message);
      break;
    case Message::Kind::kResponse:
      break;  // we ask clients nothing: an answer to nothing
  }
}

void Session::HandleRequest(Message message) {
  const json id = message.id;
  if (running_.contains(id.dump())) {
    Refuse(id, {kInvalidRequest, "this id is in use by a call that still runs", nullptr, id});
    return;
  }
  auto era = EraOf(message, era_);
  if (!era) {
    Refuse(id, era.error());
    return;
  }
  if (client_.empty()) client_ = ClientOf(message);
  if (message.method == "initialize" && *era == Era::kLegacy) {
    auto result = era_ == Era::kLegacy ? std::unexpected(RpcError{kInvalidRequest, "initialized already", nullptr, id})
                                       : Initialize(message);
    if (!result) {
      Refuse(id, result.error());
      return;
    }
    era_ = Era::kLegacy;
    Reply(id, Era::kLegacy, std::move(*result));
  } else if (message.method == "ping" && *era == Era::kLegacy) {
    Reply(id, *era, json::object());
  } else if (message.method == "server/discover" && *era == Era::kModern) {
    Reply(id, *era, Discover());
  } else if (message.method == "tools/list") {
    Reply(id, *era, ListTools(*era));
  } else if (message.method == "tools/call") {
    StartCall(std::move(message), *era);
  } else {
    Refuse(id, {kMethodNotFound, "no method " + ForTerminal(message.method).substr(0, 64), nullptr, id});
  }
}

void Session::HandleNotification(const Message& message) {
  if (message.method != "notifications/cancelled") return;  // others of MCP need nothing from us
  auto id = message.params.find("requestId");
  if (id == message.params.end()) return;
  auto running = running_.find(id->dump(-1, ' ', false, json::error_handler_t::replace));
  if (running != running_.end()) running->second->cancellation.Request("the agent cancelled the call");
}

void Session::StartCall(Message message, Era era) {
  auto name = message.params.find("name");
  if (name == message.params.end() || !name->is_string()) {
    Refuse(message.id, {kInvalidParams, "params.name must be a string", nullptr, message.id});
    return;
  }
  const ToolEntry* tool = FindTool(name->get_ref<const std::string&>());
  if (tool == nullptr) {
    const std::string shown = ForTerminal(name->get_ref<const std::string&>()).substr(0, 64);
    Refuse(message.id, {kInvalidParams, "no tool " + shown + "; there are: " + ToolNames(), nullptr, message.id});
    return;
  }
  if (running_.size() >= limits::kMaxCallsInFlight) {
    Refuse(message.id, {kTooManyCalls, std::to_string(running_.size()) + " calls are in flight; wait for answers",
                        nullptr, message.id});
    return;
  }
  CallRequest request;
  request.id = message.id;
  request.tool = tool;
  request.arguments = message.params.value("arguments", json::object());
  request.progress_token = ProgressTokenOf(message);
  request.traceparent = TraceparentOf(message);
  request.era = era;
  request.received = std::chrono::steady_clock::now();
  std::string key = message.id.dump();
  auto running = std::make_shared<Running>();
  running->call = broker_.next_call++;
  running->tool = tool->name;
  running->since = request.received;
  running_[key] = running;
  ++calls_;
  ++broker_.calls_total;
  auto self = shared_from_this();
  // A coroutine lambda with captures would outlive them; the arguments are moved into the frame instead.
  asio::co_spawn(broker_.executor, RunCall(std::move(request), std::move(key)), [self](std::exception_ptr thrown) {
    // Only memory that is used up gets here: a call half done with nobody to answer for it stops the process.
    if (thrown) CheckFailed(__FILE__, __LINE__, "a call threw");
  });
}

asio::awaitable<void> Session::RunCall(CallRequest request, std::string key) {
  auto self = shared_from_this();
  auto running = running_.at(key);
  const json id = request.id;
  const Era era = request.era;
  json result = co_await ServeCall(self, running, std::move(request));
  // MCP: a cancelled request gets no answer.
  running_.erase(key);
  if (!running->cancellation.requested()) Reply(id, era, std::move(result));
  if (running_.empty() && all_ended_) all_ended_->Set(true);
}

json Session::Describe() const {
  json running = json::array();
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [key, call] : running_)
    running.push_back({{"call", call->call},
                       {"tool", call->tool},
                       {"line", call->line},
                       {"since_ms", std::chrono::duration_cast<std::chrono::milliseconds>(now - call->since).count()}});
  const wire::Agent* agent = broker_.generation->FindAgent(opened_.agent);
  return {{"id", opened_.session},
          {"agent", opened_.agent},
          {"uid", opened_.uid},
          {"pid", opened_.pid},
          {"workspace", agent == nullptr ? "" : agent->workspace.directory},
          {"session_uid", opened_.session_uid},
          {"since", Rfc3339(since_)},
          {"client", ForTerminal(client_)},
          {"calls", calls_},
          {"refused", refused_},
          {"running", std::move(running)}};
}

}  // namespace warder::broker
