// What does the agent socket answer, in both eras of MCP, to good, broken and hostile messages?
#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/broker/fake_host.h"

namespace warder::broker::test {
namespace {

using nlohmann::json;

constexpr const char* kVersion = "io.modelcontextprotocol/protocolVersion";
constexpr const char* kCapabilities = "io.modelcontextprotocol/clientCapabilities";

json Initialize(Client& client, const std::string& version) {
  return client.Legacy("initialize", {{"protocolVersion", version},
                                      {"capabilities", json::object()},
                                      {"clientInfo", {{"name", "test"}, {"version", "1"}}}});
}

TEST(Protocol, InitializeAnswersTheVersionOrTheNewestThatIsSpoken) {
  FakeHost host;
  struct {
    const char *asked, *spoken;
  } cases[] = {{"2025-06-18", "2025-06-18"},
               {"2025-11-25", "2025-11-25"},
               {"2024-11-05", "2025-11-25"},
               {"2026-07-28", "2025-11-25"},
               {"x", "2025-11-25"}};
  for (const auto& c : cases) {
    Client client = host.Connect();
    json answer = Initialize(client, c.asked);
    EXPECT_EQ(answer["result"]["protocolVersion"], c.spoken) << c.asked;
    EXPECT_TRUE(answer["result"]["capabilities"].contains("tools"));
    EXPECT_FALSE(answer["result"]["capabilities"].contains("logging"));
    EXPECT_FALSE(answer["result"].contains("resultType")) << "legacy results have none";
    EXPECT_EQ(Initialize(client, c.asked)["error"]["code"], -32600) << "a second initialize";
  }
}

TEST(Protocol, LegacyClientsListAndCallAfterInitializeAndNotBefore) {
  FakeHost host;
  Client client = host.Connect();
  EXPECT_EQ(client.Legacy("ping")["result"], json::object());
  EXPECT_EQ(client.Legacy("tools/list")["error"]["code"], -32602);
  EXPECT_EQ(client.Legacy("tools/call", {{"name", "session_info"}})["error"]["code"], -32602);
  Initialize(client, "2025-06-18");
  client.Send({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}});
  json list = client.Legacy("tools/list")["result"];
  EXPECT_EQ(list["tools"].size(), 7u);
  EXPECT_FALSE(list.contains("ttlMs") || list.contains("resultType"));
  json info = client.Legacy("tools/call", {{"name", "session_info"}, {"arguments", json::object()}})["result"];
  EXPECT_EQ(info["structuredContent"]["agent"], "coder");
  EXPECT_FALSE(info.contains("resultType"));
  EXPECT_EQ(client.Legacy("server/discover")["error"]["code"], -32601);
}

TEST(Protocol, ModernClientsDiscoverListAndCallWithoutInitialize) {
  FakeHost host;
  Client client = host.Connect();
  json found = client.AnswerTo(client.Request("server/discover"))["result"];
  EXPECT_EQ(found["supportedVersions"], json::array({"2026-07-28"}));
  EXPECT_TRUE(found["capabilities"].contains("tools"));
  EXPECT_TRUE(found["instructions"].is_string());
  EXPECT_EQ(found["resultType"], "complete");
  EXPECT_TRUE(found["ttlMs"].is_number_unsigned() && found["cacheScope"].is_string());
  json list = client.AnswerTo(client.Request("tools/list"))["result"];
  EXPECT_EQ(list["resultType"], "complete");
  EXPECT_TRUE(list["ttlMs"].is_number_unsigned() && list["cacheScope"].is_string());
  json info = client.Call("session_info");
  EXPECT_EQ(info["resultType"], "complete");
  for (const char* gone : {"initialize", "ping"})
    EXPECT_EQ(client.AnswerTo(client.Request(gone))["error"]["code"], -32601) << gone;
}

TEST(Protocol, ToolsAreListedInOneOrderOnEveryConnectionAndInBothEras) {
  FakeHost host;
  Client first = host.Connect(), second = host.Connect();
  Initialize(second, "2025-11-25");
  json modern = first.AnswerTo(first.Request("tools/list"))["result"]["tools"];
  EXPECT_EQ(modern, second.Legacy("tools/list")["result"]["tools"]);
  std::vector<std::string> names;
  for (const json& tool : modern) names.push_back(tool["name"]);
  EXPECT_EQ(names, (std::vector<std::string>{"run_command", "read_file", "write_file", "list_directory", "delete_file",
                                             "restore_file", "session_info"}));
  for (const json& tool : modern)
    for (const char* hint : {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"})
      EXPECT_TRUE(tool["annotations"][hint].is_boolean()) << tool["name"] << hint;
}

TEST(Protocol, ModernRequestsMustSayVersionAndCapabilities) {
  FakeHost host;
  Client client = host.Connect();
  struct {
    json meta;
    int code;
  } cases[] = {
      {nullptr, -32602},
      {"text", -32602},
      {json::object(), -32602},
      {{{kVersion, "2026-07-28"}}, -32602},
      {{{kCapabilities, json::object()}}, -32602},
      {{{kVersion, 20260728}, {kCapabilities, json::object()}}, -32602},
      {{{kVersion, "2026-07-28"}, {kCapabilities, "all"}}, -32602},
      {{{kVersion, "2027-01-01"}, {kCapabilities, json::object()}}, -32022},
      {{{kVersion, "2025-11-25"}, {kCapabilities, json::object()}}, -32022},
  };
  for (const auto& c : cases)
    for (const char* method : {"tools/list", "server/discover", "tools/call"}) {
      json params = {{"name", "session_info"}};
      if (!c.meta.is_null()) params["_meta"] = c.meta;
      json answer = client.Legacy(method, params);
      EXPECT_EQ(answer["error"]["code"], c.code) << c.meta << method << answer;
      if (c.code != -32022) continue;
      EXPECT_EQ(answer["error"]["data"]["supported"], json::array({"2026-07-28"}));
      EXPECT_EQ(answer["error"]["data"]["requested"], c.meta[kVersion]);
    }
  EXPECT_EQ(host.Records().size(), 0u) << "none of these was a call";
}

TEST(Protocol, BrokenMessagesAreRefusedAndTheConnectionGoesOn) {
  FakeHost host;
  Client client = host.Connect();
  struct {
    std::string line;
    int code;
    json id;
  } cases[] = {
      {"{", -32700, nullptr},
      {"nonsense", -32700, nullptr},
      {R"({"jsonrpc":"2.0","id":1,"id":2,"method":"ping"})", -32700, nullptr},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":2}})", -32700, nullptr},
      {std::string(R"({"jsonrpc":"2.0","id":1,"method":"ping")") + '\0' + "}", -32700, nullptr},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}", -32700, nullptr},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":)" + std::string(64, '[') + std::string(64, ']') + "}",
       -32700, nullptr},
      {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", -32600, nullptr},
      {"[]", -32600, nullptr},
      {"7", -32600, nullptr},
      {R"({"jsonrpc":"1.0","id":5,"method":"ping"})", -32600, 5},
      {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", -32600, nullptr},
      {R"({"jsonrpc":"2.0","id":1.0,"method":"ping"})", -32600, nullptr},
      {R"({"jsonrpc":"2.0","id":"x","method":7})", -32600, "x"},
      {R"({"jsonrpc":"2.0","id":6,"method":"ping","params":[]})", -32602, 6},
      {R"({"jsonrpc":"2.0","id":7,"method":"no/such"})", -32602, 7},
      {R"({"jsonrpc":"2.0","id":")" + std::string(257, 'i') + R"(","method":"ping"})", -32600, nullptr},
  };
  for (const auto& c : cases) {
    client.SendRaw(c.line + "\n");
    auto answer = client.Receive();
    ASSERT_TRUE(answer) << c.line;
    EXPECT_EQ((*answer)["error"]["code"], c.code) << c.line << *answer;
    EXPECT_EQ((*answer)["id"], c.id) << c.line;
  }
  EXPECT_EQ(client.Legacy("ping")["result"], json::object());
}

TEST(Protocol, ASessionThatCanNotBeRecordedHearsWhyAndIsClosed) {
  FakeHost host;
  host.Set([](Script& script) { script.ledger_refuses = [](const auto&) { return true; }; });
  Client client = host.Connect();
  auto word = client.Receive();
  ASSERT_TRUE(word);
  EXPECT_TRUE((*word)["id"].is_null()) << *word;
  EXPECT_NE((*word)["error"]["message"].get<std::string>().find("no space is left"), std::string::npos) << *word;
  EXPECT_TRUE(client.Closed());
}

TEST(Protocol, ASessionThatAPersonEndsHearsWhy) {
  FakeHost host;
  uint64_t session = 0;
  Client client = host.Connect(&session), person = host.ConnectPerson();
  client.Call("session_info");
  EXPECT_TRUE(person.Legacy("sessions.end", {{"session", session}, {"reason", "wrong branch"}}).contains("result"));
  auto word = client.Receive();
  ASSERT_TRUE(word);
  EXPECT_NE((*word)["error"]["message"].get<std::string>().find("wrong branch"), std::string::npos) << *word;
  EXPECT_TRUE(client.Closed());
}

TEST(Protocol, NotificationsAndResponsesAreNeverAnswered) {
  FakeHost host;
  Client client = host.Connect();
  client.Send({{"jsonrpc", "2.0"}, {"method", "notifications/whatever"}});
  client.Send({{"jsonrpc", "2.0"}, {"method", "tools/call"}, {"params", {{"name", "session_info"}}}});
  client.Send({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", {1, 2}}}}});
  client.Send({{"jsonrpc", "2.0"}, {"id", 3}, {"result", json::object()}});
  client.SendRaw("\n\r\n");
  EXPECT_TRUE(client.SaysNothing());
  EXPECT_EQ(client.Legacy("ping")["result"], json::object());
}

TEST(Protocol, AMessageOf4MiBIsTakenAndOneByteMoreEndsTheConnection) {
  FakeHost host;
  Client client = host.Connect();
  std::string line = R"({"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":")";
  line += std::string(limits::kMaxFrameBytes - line.size() - 3, 'x') + "\"}}";
  ASSERT_EQ(line.size(), limits::kMaxFrameBytes);
  client.SendRaw(line + "\n");
  auto taken = client.Receive(20'000);
  ASSERT_TRUE(taken);
  EXPECT_EQ((*taken)["result"], json::object());
  client.SendRaw(std::string(limits::kMaxFrameBytes + 1, 'x'));
  auto refused = client.Receive(20'000);
  ASSERT_TRUE(refused);
  EXPECT_EQ((*refused)["error"]["code"], -32600);
  EXPECT_NE((*refused)["error"]["message"].get<std::string>().find("4194304"), std::string::npos);
  EXPECT_TRUE(client.Closed());
  EXPECT_TRUE(host.Wait("closed 1"));
}

TEST(Protocol, AnUnknownToolIsToldWhichThereAre) {
  FakeHost host;
  Client client = host.Connect();
  json answer = client.AnswerTo(client.AskTool("rm\x1b[2J", json::object()));
  EXPECT_EQ(answer["error"]["code"], -32602);
  const std::string words = answer["error"]["message"];
  for (const char* word : {"run_command", "restore_file", "session_info"})
    EXPECT_NE(words.find(word), std::string::npos) << words;
  EXPECT_EQ(words.find('\x1b'), std::string::npos) << "controls of the agent are escaped";
  EXPECT_EQ(client.AnswerTo(client.Request("tools/call", {{"name", 7}}))["error"]["code"], -32602);
}

TEST(Protocol, AnIdInFlightCanNotBeUsedAgainAndLaterItCan) {
  FakeHost host;
  host.Set([](Script& script) { script.run = RunScript::kUntilCancelled; });
  Client client = host.Connect();
  const json call = {{"jsonrpc", "2.0"},
                     {"id", "one"},
                     {"method", "tools/call"},
                     {"params",
                      {{"name", "run_command"},
                       {"arguments", {{"argv", {"true"}}}},
                       {"_meta", {{kVersion, "2026-07-28"}, {kCapabilities, json::object()}}}}}};
  client.Send(call);
  ASSERT_TRUE(host.Wait("run "));
  client.Send(call);
  auto refused = client.Receive();
  ASSERT_TRUE(refused);
  EXPECT_EQ((*refused)["error"]["code"], -32600);
  EXPECT_EQ((*refused)["id"], "one");
  client.Send({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "one"}}}});
  ASSERT_TRUE(host.Wait("record outcome"));
  host.Set([](Script& script) { script.run = RunScript::kEnds; });
  EXPECT_TRUE(client.SaysNothing()) << "a cancelled request gets no answer";
  client.Send(call);
  auto answer = client.Receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)["result"]["structuredContent"]["ended"], "exited") << *answer;
}

TEST(Protocol, ProgressIncreasesAndComesBeforeTheAnswer) {
  FakeHost host;
  host.Set([](Script& script) { script.output = "one\ntwo\nsix\n"; });
  Client client = host.Connect();
  json answer = client.AnswerTo(client.AskTool("run_command", {{"argv", {"true"}}}, {{"progressToken", "tok"}}));
  EXPECT_EQ(answer["result"]["structuredContent"]["stdout"], "one\ntwo\nsix\n");
  ASSERT_EQ(client.others.size(), 3u);
  int64_t last = 0;
  std::string joined;
  for (const json& note : client.others) {
    EXPECT_EQ(note["method"], "notifications/progress");
    EXPECT_EQ(note["params"]["progressToken"], "tok");
    EXPECT_GT(note["params"]["progress"].get<int64_t>(), last);
    last = note["params"]["progress"];
    joined += note["params"]["message"];
  }
  EXPECT_EQ(joined, "one\ntwo\nsix\n");
  client.others.clear();
  client.Call("run_command", {{"argv", {"true"}}});
  EXPECT_TRUE(client.others.empty()) << "no token, no progress";
}

TEST(Protocol, TheClientsNameAndTraceStandInTheRecordOfTheCall) {
  FakeHost host;
  Client client = host.Connect();
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  client.AnswerTo(client.AskTool(
      "session_info", json::object(),
      {{"traceparent", trace}, {"io.modelcontextprotocol/clientInfo", {{"name", "cli"}, {"version", "3"}}}}));
  client.AnswerTo(client.AskTool("session_info", json::object(), {{"traceparent", "00-\"}, evil"}}));
  auto records = host.Records();
  ASSERT_GE(records.size(), 4u);
  EXPECT_EQ(records[0].body["traceparent"], trace);
  EXPECT_EQ(records[0].body["client"]["$free"], "cli/3");
  EXPECT_EQ(records[0].body["era"], "modern");
  EXPECT_FALSE(records[3].body.contains("traceparent")) << records[3].body;
}

}  // namespace
}  // namespace warder::broker::test
