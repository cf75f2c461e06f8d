// Does one connection that is slow, mute or many cost the others anything?
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>

#include "base/limits.h"
#include "tests/broker/fake_host.h"

namespace warder::broker::test {
namespace {

using nlohmann::json;

const json kTrue = {{"argv", {"true"}}};

TEST(Crowd, TwoHundredConnectionsAreServed) {
  FakeHost host;
  std::vector<Client> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(host.Connect());
  std::vector<int64_t> ids;
  for (Client& client : clients) ids.push_back(client.AskTool("session_info", json::object()));
  std::set<int64_t> sessions;
  for (size_t i = 0; i < clients.size(); ++i)
    sessions.insert(clients[i].AnswerTo(ids[i])["result"]["structuredContent"]["session"].get<int64_t>());
  EXPECT_EQ(sessions.size(), 200u);
  clients.clear();
  EXPECT_TRUE(host.Wait("closed ", 200));
}

TEST(Crowd, AClientThatNeverReadsIsClosedAndTheOthersGoOn) {
  FakeHost host;
  Client mute = host.Connect(), other = host.Connect();
  // Asks for far more than kMaxUnsentBytes of answers and takes none.
  const std::string ask = R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{)"
                          R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                          R"("io.modelcontextprotocol/clientCapabilities":{}}}})"
                          "\n";
  std::string many;
  for (int i = 0; i < 100; ++i) many += ask;
  for (int i = 0; i < 60 && host.Count("closed 1") == 0; ++i) {
    mute.SendRaw(many);
    if (i % 10 == 0) other.Call("session_info");
  }
  EXPECT_TRUE(host.Wait("closed 1"));
  EXPECT_FALSE(other.Call("run_command", kTrue).contains("isError"));
}

TEST(Crowd, AClientThatReadsLateGetsEveryAnswer) {
  FakeHost host;
  Client client = host.Connect();
  std::vector<int64_t> ids;
  for (int i = 0; i < 300; ++i) ids.push_back(client.Request("tools/list"));
  for (int64_t id : ids) EXPECT_EQ(client.AnswerTo(id)["result"]["tools"].size(), 7u);
}

TEST(Crowd, LinesInPiecesAndManyInOnePieceAreTheSame) {
  FakeHost host;
  Client client = host.Connect();
  const std::string line = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  for (char letter : line + "\r\n") client.SendRaw(std::string(1, letter));
  EXPECT_TRUE(client.Receive());
  std::string many;
  for (int i = 0; i < 50; ++i) many += line + "\n";
  client.SendRaw(many);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(client.Receive()) << i;
}

// Both take their time-out; they wait for it together.
TEST(Crowd, ASlowLineAndMuteHandsEndInTimeAndAloneTheyDo) {
  FakeHost host;
  Client slow = host.Connect(), steady = host.Connect();
  Client idle = host.ConnectPerson(), busy = host.ConnectPerson();
  slow.SendRaw(R"({"jsonrpc":)");
  const auto begun = std::chrono::steady_clock::now();
  auto since = [&] { return std::chrono::steady_clock::now() - begun; };

  Client stuck = host.Connect();
  stuck.Call("session_info");
  host.Set([](Script& script) { script.hands = HandsScript::kNonsense; });
  const int64_t id = stuck.AskTool("run_command", kTrue);
  auto answer = stuck.Receive(15'000);
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)["id"], id);
  EXPECT_EQ((*answer)["result"]["structuredContent"]["code"], "unavailable") << *answer;
  EXPECT_GE(since(), limits::kHandsTimeout);
  EXPECT_EQ(host.Count("run "), 0u);
  host.Set([](Script& script) { script.hands = HandsScript::kAnswer; });

  // Lines that each end in time go on for longer than the limit of one.
  while (since() < limits::kLineTimeout - std::chrono::seconds(1)) {
    slow.SendRaw(" ");
    steady.SendRaw(R"({"jsonrpc":"2.0","id":)");
    poll(nullptr, 0, 900);
    steady.SendRaw("1,\"method\":\"ping\"}\n");
    ASSERT_TRUE(steady.Receive());
    ASSERT_TRUE(busy.Legacy("status").contains("result"));
  }
  auto refused = slow.Receive(5000);
  ASSERT_TRUE(refused);
  EXPECT_GE(since(), limits::kLineTimeout);
  EXPECT_NE((*refused)["error"]["message"].get<std::string>().find("not complete after 30 s"), std::string::npos);
  EXPECT_TRUE(slow.Closed());
  EXPECT_TRUE(idle.Closed()) << "a person who asks nothing holds no place for ever";
  EXPECT_TRUE(busy.Legacy("status").contains("result"));
  EXPECT_EQ(steady.Legacy("ping")["result"], json::object());
}

}  // namespace
}  // namespace warder::broker::test
