// Who may do what on the admin socket, and how is it done and recorded?
#include "broker/admin.h"

#include <expected>
#include <set>

#include "base/limits.h"
#include "base/text.h"
#include "broker/candidate.h"
#include "broker/decode.h"
#include "broker/json_rpc.h"
#include "broker/records.h"
#include "broker/session.h"
#include "policy/notices.h"

namespace warder::broker {
namespace {

using nlohmann::json;
using Said = std::expected<json, RpcError>;

std::unexpected<RpcError> No(int code, std::string message, json data = nullptr) {
  return std::unexpected(RpcError{code, std::move(message), std::move(data), nullptr});
}

std::unexpected<RpcError> No(const Error& error) {
  switch (error.code) {
    case Code::kNotFound:
      return No(kNotFound, error.ToString());
    case Code::kConflict:
      return No(kConflict, error.ToString());
    case Code::kDenied:
      return No(kNotAllowed, error.ToString());
    case Code::kInvalid:
      return No(kInvalidParams, error.ToString());
    default:
      return No(kInternalError, error.ToString());
  }
}

struct AdminCall {
  Broker& broker;
  const PersonSeen& person;
  const json& params;
};

std::expected<uint64_t, RpcError> NumberOf(const json& params, const char* key) {
  auto value = params.find(key);
  if (value == params.end() || !value->is_number_unsigned())
    return No(kInvalidParams, std::string(key) + " must be a number");
  return value->get<uint64_t>();
}

std::expected<std::string, RpcError> TextOf(const json& params, const char* key, bool required) {
  auto value = params.find(key);
  if (value == params.end() && !required) return std::string();
  if (value == params.end() || !value->is_string()) return No(kInvalidParams, std::string(key) + " must be a string");
  auto text = value->get<std::string>();
  if (text.size() > limits::kMaxReasonBytes) return No(kInvalidParams, std::string(key) + " is too long");
  return text;
}

asio::awaitable<Said> StatusOf(AdminCall c) {
  const Generation& now = *c.broker.generation;
  json agents = json::array();
  for (const wire::Agent& agent : now.host.agents) {
    size_t sessions = 0;
    for (const auto& [id, session] : c.broker.sessions) sessions += session->opened().agent == agent.name ? 1 : 0;
    const policy::PolicySet& policy = *now.policies.at(agent.name);
    agents.push_back({{"name", agent.name},
                      {"workspace", agent.workspace.directory},
                      {"policy", policy.ids()},
                      {"policy_digest", Hex(AsBytes(policy.digest()))},
                      {"profile", agent.profile.empty() ? policy.default_profile() : agent.profile},
                      {"sessions", sessions}});
  }
  Status takes = co_await c.broker.ledger.TakesNew();
  const char* ledger = takes ? "open" : c.broker.ledger.ok() ? "refuses" : "shut";
  co_return json{
      {"host", now.host.name},
      {"version", "0.1.0"},
      {"epoch", now.epoch},
      {"generation", now.number},
      {"started", Rfc3339(c.broker.started)},
      {"draining", c.broker.draining},
      {"stopped", c.broker.stopped},
      {"ledger", ledger},
      {"ledger_says", takes ? "" : takes.error().ToString()},
      {"log", now.host.ledger.directory},
      {"refused_reload", c.broker.monitor.refused_reload()},
      {"tier", "namespace"},
      {"agents", std::move(agents)},
      {"calls",
       {{"total", c.broker.calls_total}, {"refused", c.broker.calls_refused}, {"running", c.broker.monitor.running()}}},
      {"approvals_waiting", c.broker.approvals.waiting()}};
}

asio::awaitable<Said> SessionsList(AdminCall c) {
  json list = json::array();
  for (const auto& [id, session] : c.broker.sessions) list.push_back(session->Describe());
  co_return json{{"sessions", std::move(list)}};
}

std::expected<std::shared_ptr<Session>, RpcError> FindSession(AdminCall c) {
  auto id = NumberOf(c.params, "session");
  if (!id) return std::unexpected(id.error());
  auto found = c.broker.sessions.find(*id);
  if (found == c.broker.sessions.end()) return No(kNotFound, "no session " + std::to_string(*id));
  return found->second;
}

asio::awaitable<Said> SessionsShow(AdminCall c) {
  auto session = FindSession(c);
  if (!session) co_return std::unexpected(session.error());
  co_return (*session)->Describe();
}

asio::awaitable<Said> SessionsEnd(AdminCall c) {
  auto session = FindSession(c);
  if (!session) co_return std::unexpected(session.error());
  auto reason = TextOf(c.params, "reason", false);
  if (!reason) co_return std::unexpected(reason.error());
  auto record = AdminRecord("sessions.end", c.person, std::to_string((*session)->opened().session), *reason);
  std::vector<audit::Draft> drafts;
  drafts.push_back(std::move(record));
  Status written = co_await c.broker.ledger.Append(std::move(drafts));
  if (!written) co_return No(written.error());
  (*session)->End("ended by a person" + (reason->empty() ? std::string() : ": " + *reason));
  co_return json{{"ended", true}};
}

asio::awaitable<Said> ApprovalsList(AdminCall c) { co_return json{{"approvals", c.broker.approvals.List()}}; }

asio::awaitable<Said> ApprovalsShow(AdminCall c) {
  auto id = NumberOf(c.params, "id");
  if (!id) co_return std::unexpected(id.error());
  auto shown = c.broker.approvals.Show(*id);
  if (!shown) co_return No(shown.error());
  co_return std::move(*shown);
}

// Both answers: checked, recorded, checked again (another person may have been quicker), done.
asio::awaitable<Said> AnswerApproval(AdminCall c, bool yes) {
  auto id = NumberOf(c.params, "id");
  if (!id) co_return std::unexpected(id.error());
  auto words = TextOf(c.params, yes ? "digest" : "message", yes);
  if (!words) co_return std::unexpected(words.error());
  Digest digest{};
  if (yes) {
    auto bytes = FromHex(*words);
    if (!bytes || bytes->size() != digest.size()) co_return No(kInvalidParams, "digest must be 64 hex digits");
    std::memcpy(digest.data(), bytes->data(), digest.size());
  }
  Status may = c.broker.approvals.Check(*id, yes ? &digest : nullptr, c.person);
  if (!may) co_return No(may.error());
  auto record =
      AdminRecord(yes ? "approvals.approve" : "approvals.deny", c.person, std::to_string(*id), yes ? "" : *words);
  std::vector<audit::Draft> drafts;
  drafts.push_back(std::move(record));
  Status written = co_await c.broker.ledger.Append(std::move(drafts));
  if (!written) co_return No(written.error());
  auto call = yes ? c.broker.approvals.Approve(*id, digest, c.person)
                  : c.broker.approvals.Deny(*id, c.person, std::move(*words));
  if (!call) co_return No(call.error());
  co_return json{{yes ? "approved" : "denied", true}, {"call", *call}};
}

asio::awaitable<Said> Approve(AdminCall c) { return AnswerApproval(c, true); }
asio::awaitable<Said> Deny(AdminCall c) { return AnswerApproval(c, false); }

asio::awaitable<Said> PolicyExplain(AdminCall c) {
  auto name = TextOf(c.params, "agent", true);
  auto tool = TextOf(c.params, "tool", true);
  if (!name || !tool) co_return std::unexpected(name ? tool.error() : name.error());
  auto generation = c.broker.generation;
  const wire::Agent* agent = generation->FindAgent(*name);
  const ToolEntry* entry = FindTool(*tool);
  if (agent == nullptr || !generation->policies.contains(agent->name)) co_return No(kNotFound, "no agent " + *name);
  if (entry == nullptr) co_return No(kNotFound, "no tool " + *tool + "; there are: " + ToolNames());
  std::shared_ptr<Session> session;
  for (const auto& [id, candidate] : c.broker.sessions)
    if (candidate->opened().agent == *name) session = candidate;
  if (session == nullptr)
    co_return No(kConflict,
                 "no session of this agent is connected, whose view the facts would come from; "
                 "`warder policy explain FILE` needs none");
  auto policy = generation->policies.at(agent->name);
  CallRequest request;
  request.tool = entry;
  request.arguments = c.params.value("arguments", json::object());
  auto asked = DecodeCall(request);
  if (!asked) co_return No(asked.error());
  WhereFrom from{session->hands(), *policy, agent->workspace.directory, generation->host.bounds};
  auto found = co_await LookUp(from, asked->call, false);
  if (!found) co_return No(found.error());
  policy::Decision decision = policy::Decide(*policy, found->call, found->facts, agent->profile);
  json near = json::array();
  for (const policy::SimpleCommand& command : found->call.line.commands)
    for (const policy::NearMiss& miss : policy::NearMisses(*policy, command))
      near.push_back({{"rule", miss.id},
                      {"line", miss.where.line},
                      {"words_matched", miss.words_matched},
                      {"failed_word", miss.failed_word},
                      {"expected", miss.expected}});
  co_return json{{"level", policy::LevelName(decision.level)},
                 {"rule", decision.rule},
                 {"file", decision.file},
                 {"line", decision.where.line},
                 {"why", decision.why},
                 {"action", decision.action},
                 {"profile", decision.profile},
                 {"facts", FactsAsJson(*found)},
                 {"near", std::move(near)}};
}

asio::awaitable<Said> Reload(AdminCall c) {
  std::vector<audit::Draft> drafts;
  drafts.push_back(AdminRecord("reload", c.person, {}, {}));
  Status written = co_await c.broker.ledger.Append(std::move(drafts));
  if (!written) co_return No(written.error());
  Status done = co_await c.broker.monitor.Reload();
  if (!done)
    co_return No(done.error().code == Code::kInvalid ? kInvalidParams : kInternalError,
                 "reload refused, the old policies stay: " + done.error().what);
  std::set<std::string> notes;  // agents share layers
  for (const auto& [agent, set] : c.broker.generation->policies)
    for (const auto& layer : set->layers())
      if (auto note = policy::NotifyTellsNobody(*layer))
        notes.insert(layer->file + ":" + std::to_string(note->where.line) + ": " + note->what + "; " + note->remedy);
  co_return json{{"reloaded", true}, {"generation", c.broker.generation->number}, {"notes", notes}};
}

asio::awaitable<Said> PolicyCandidate(AdminCall c) {
  auto agent = TextOf(c.params, "agent", true), layer = TextOf(c.params, "layer", true),
       file = TextOf(c.params, "file", true);
  for (const auto* text : {&agent, &layer, &file})
    if (!*text) co_return std::unexpected(text->error());
  std::vector<audit::Draft> drafts;
  drafts.push_back(AdminRecord("policy.candidate", c.person, *agent, *layer + " " + *file));
  Status written = co_await c.broker.ledger.Append(std::move(drafts));
  if (!written) co_return No(written.error());
  CandidateTerms terms{*agent, *layer, *file, c.person.uid};
  auto set = co_await SetCandidate(c.broker, std::move(terms));
  if (!set) {
    audit::Body body;
    body.Text("what", "refused").Text("agent", *agent).Free("text", set.error().ToString().substr(0, 4096));
    std::vector<audit::Draft> refused;
    refused.push_back({"policy.candidate", 0, 0, body.Take()});
    if (Status told = co_await c.broker.ledger.Append(std::move(refused)); !told) co_return No(told.error());
    co_return No(set.error());
  }
  co_return (*set)->Describe();
}

asio::awaitable<Said> PolicyCandidates(AdminCall c) {
  json list = json::array();
  for (const auto& [agent, candidate] : c.broker.candidates) list.push_back(candidate->Describe());
  co_return json{{"candidates", std::move(list)}};
}

asio::awaitable<Said> PolicyCandidateStop(AdminCall c) {
  auto agent = TextOf(c.params, "agent", true);
  if (!agent) co_return std::unexpected(agent.error());
  std::vector<audit::Draft> drafts;
  drafts.push_back(AdminRecord("policy.candidate.stop", c.person, *agent, {}));
  Status written = co_await c.broker.ledger.Append(std::move(drafts));
  if (!written) co_return No(written.error());
  std::string why = "stopped by uid " + std::to_string(c.person.uid);
  Result<bool> stopped = co_await StopCandidate(c.broker, *agent, std::move(why));
  if (!stopped) co_return No(stopped.error());
  if (!*stopped) co_return No(kNotFound, "no candidate runs beside the policy of " + ForTerminal(*agent));
  co_return json{{"stopped", true}};
}

asio::awaitable<Said> Drain(AdminCall c) {
  auto wait = NumberOf(c.params, "wait_ms");
  if (!wait) co_return std::unexpected(wait.error());
  std::vector<audit::Draft> drafts;
  drafts.push_back(AdminRecord("drain", c.person, std::to_string(*wait), {}));
  Status written = co_await c.broker.ledger.Append(std::move(drafts));
  if (!written) co_return No(written.error());
  c.broker.draining = true;
  c.broker.monitor.Drain(*wait);
  co_return json{{"draining", true}};
}

// Every method, the right that it takes and its name, and who serves it.
struct Method {
  const char* name;
  wire::Right right;
  const char* right_name;
  asio::awaitable<Said> (*serve)(AdminCall);
};
constexpr Method kMethods[] = {
    {"status", wire::kRightStatus, "status", StatusOf},
    {"sessions.list", wire::kRightSessions, "sessions", SessionsList},
    {"sessions.show", wire::kRightSessions, "sessions", SessionsShow},
    {"sessions.end", wire::kRightSessions, "sessions", SessionsEnd},
    {"approvals.list", wire::kRightApprove, "approve", ApprovalsList},
    {"approvals.show", wire::kRightApprove, "approve", ApprovalsShow},
    {"approvals.approve", wire::kRightApprove, "approve", Approve},
    {"approvals.deny", wire::kRightApprove, "approve", Deny},
    {"policy.explain", wire::kRightPolicy, "policy", PolicyExplain},
    {"policy.candidate", wire::kRightReload, "reload", PolicyCandidate},
    {"policy.candidate.stop", wire::kRightReload, "reload", PolicyCandidateStop},
    {"policy.candidates", wire::kRightPolicy, "policy", PolicyCandidates},
    {"reload", wire::kRightReload, "reload", Reload},
    {"drain", wire::kRightDrain, "drain", Drain},
};

uint32_t RightsOf(const wire::HostPlan& host, const PersonSeen& person) {
  uint32_t may = 0;
  for (const wire::Person& entry : host.people)
    if (Names(entry.who, person)) may |= entry.may;
  return may;
}

bool IsAgent(const wire::HostPlan& host, uint32_t uid) {
  for (const wire::Agent& agent : host.agents)
    if (agent.uid == uid) return true;
  return uid >= host.session_uid_first && uid <= host.session_uid_last;
}

std::string NoRight(uint32_t uid, const std::string& right) {
  return "`people` in the host file gives you no right `" + right +
         "`; who keeps that file adds { who: \"user:" + std::to_string(uid) + "\", may: [" + right +
         "] } and sends SIGHUP to warderd";
}

asio::awaitable<Said> Serve(Broker& broker, const PersonSeen& person, const Message& message) {
  if (message.kind != Message::Kind::kRequest) co_return No(kInvalidRequest, "a request with an id is needed");
  for (const Method& method : kMethods) {
    if (message.method != method.name) continue;
    // Looked up for each request: a reload may have taken the right away.
    if (IsAgent(broker.generation->host, person.uid)) co_return No(kNotAllowed, "an agent's uid may do nothing here");
    if ((RightsOf(broker.generation->host, person) & method.right) == 0)
      co_return No(kNotAllowed, NoRight(person.uid, method.right_name), json{{"right", method.right_name}});
    AdminCall call{broker, person, message.params};
    Said said = co_await method.serve(call);
    co_return said;
  }
  co_return No(kMethodNotFound, "no method " + ForTerminal(message.method).substr(0, 64));
}

}  // namespace

asio::awaitable<void> ServeAdmin(Broker& broker, wire::AdminOpened opened, UniqueFd socket) {
  auto connection = std::make_shared<Connection>(broker.executor, std::move(socket));
  PersonSeen person{opened.uid, opened.pid, opened.groups};
  person.groups.push_back(opened.gid);
  std::string refused;
  if (IsAgent(broker.generation->host, opened.uid)) refused = "an agent's uid never gets in here";
  if (refused.empty() && RightsOf(broker.generation->host, person) == 0) refused = NoRight(opened.uid, "status");
  size_t all = 0, own = 0;
  for (const auto& [uid, count] : broker.admin_connections) {
    all += count;
    if (uid == opened.uid) own = count;
  }
  if (all >= limits::kMaxAdminConnections || own >= limits::kMaxAdminConnectionsPerUid)
    refused = "too many connections of people's tools";
  if (!refused.empty()) {
    connection->Send(ToLine(ErrorOf(nullptr, {kNotAllowed, refused, nullptr, nullptr})));
    connection->Close(refused);
    co_return;
  }
  ++broker.admin_connections[opened.uid];
  asio::steady_timer idle(broker.executor);
  for (;;) {
    idle.expires_after(limits::kAdminIdle);
    idle.async_wait([connection](const boost::system::error_code& stopped) {
      if (!stopped) connection->Close("nothing was asked for a while");
    });
    Result<std::string> line = co_await connection->ReadLine();
    idle.cancel();
    if (!line) break;
    if (line->empty()) continue;
    Result<json> value = ParseJson(*line);
    if (!value) {
      connection->Send(ToLine(ErrorOf(nullptr, {kParseError, value.error().what, nullptr, nullptr})));
      continue;
    }
    auto message = ReadMessage(*value);
    if (!message) {
      connection->Send(ToLine(ErrorOf(message.error().id, message.error())));
      continue;
    }
    Said said = co_await Serve(broker, person, *message);
    connection->Send(ToLine(said ? ResultOf(message->id, std::move(*said)) : ErrorOf(message->id, said.error())));
  }
  connection->Close("done");
  if (--broker.admin_connections[opened.uid] == 0) broker.admin_connections.erase(opened.uid);
}

}  // namespace warder::broker
