// Do our clients get answers, progress, errors and cancellation right, whatever the other side sends?
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "agent/admin_client.h"
#include "agent/mcp_client.h"
#include "base/limits.h"

namespace warder::agent {
namespace {

constexpr const char* kHello =
    R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{}}})";

// A server that is a script: for each line that it expects to contain `heard`, it says `says`.
struct Turn {
  std::string heard;
  std::vector<std::string> says;
};
using Turns = std::vector<Turn>;
class FakeServer {
 public:
  explicit FakeServer(Turns turns) {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    client_.Reset(fds[0]);
    thread_ = std::thread([turns = std::move(turns), fd = fds[1]] {
      LineSocket socket{UniqueFd(fd)};
      for (const Turn& turn : turns) {
        std::string line;
        auto event = socket.Receive(&line, -1, std::chrono::seconds(10));
        EXPECT_TRUE(event && line.find(turn.heard) != std::string::npos) << line << " is not " << turn.heard;
        for (const std::string& says : turn.says) EXPECT_TRUE(socket.Send(says));
      }
    });
  }
  ~FakeServer() { thread_.join(); }
  UniqueFd Client() { return std::move(client_); }

 private:
  UniqueFd client_;
  std::thread thread_;
};

TEST(McpClient, CallsWithProgressPingsAndStrayMessages) {
  FakeServer server(Turns{
      {"initialize", {kHello}},
      {"notifications/initialized", {}},
      {R"("progressToken":2)",
       {R"({"jsonrpc":"2.0","id":9,"method":"ping"})",
        R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":0,"message":"waits"}})",
        R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":1,"message":"a"}})",
        R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":1,"message":"no"}})",
        R"({"jsonrpc":"2.0","id":77,"result":{}})", R"({"jsonrpc":"2.0","id":2,"result":{"isError":true}})"}},
      {R"("id":9)", {}}});
  auto client = McpClient::Over(server.Client(), "test");
  ASSERT_TRUE(client) << client.error().what;
  std::string seen;
  CallOptions options;
  std::string waited;
  options.progress = [&](std::string_view message) { seen += message; };
  options.waits = [&](std::string_view message) { waited += message; };
  auto answer = client->CallTool("run_command", R"({"argv":["true"]})", options);
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->result, R"({"isError":true})");
  EXPECT_EQ(seen, "a");
  EXPECT_EQ(waited, "waits") << "nothing that a command wrote can say so";
  EXPECT_EQ(client->CallTool("x", "[]").error().code, Code::kInvalid);
  EXPECT_EQ(client->CallTool("x", std::string(1000, '[')).error().code, Code::kInvalid);
}

TEST(McpClient, CancelsWhenAskedAndTakesTheLateAnswer) {
  FakeServer server(Turns{{"initialize", {kHello}},
                          {"initialized", {}},
                          {"tools/call", {}},
                          {R"("requestId":2)", {R"({"jsonrpc":"2.0","id":2,"result":{"ended":"cancelled"}})"}}});
  auto client = McpClient::Over(server.Client(), "test");
  ASSERT_TRUE(client);
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  UniqueFd in(pipe_fds[0]), out(pipe_fds[1]);
  ASSERT_EQ(write(out.get(), "x", 1), 1);
  CallOptions options;
  options.cancel_fd = in.get();
  auto answer = client->CallTool("run_command", "{}", options);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->cancelled);
  EXPECT_EQ(answer->result, R"({"ended":"cancelled"})");
}

TEST(McpClient, TellsAHostThatIsGoneOrSpeaksOtherwise) {
  FakeServer gone(Turns{{"initialize", {kHello}}, {"initialized", {}}, {"tools/list", {}}});
  auto client = McpClient::Over(gone.Client(), "test");
  ASSERT_TRUE(client);
  EXPECT_EQ(client->ListTools().error().code, Code::kUnavailable);
  FakeServer other(Turns{{"initialize", {R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"1999"}})"}}});
  EXPECT_EQ(McpClient::Over(other.Client(), "test").error().code, Code::kUnsupported);
  FakeServer broken(Turns{{"initialize", {"not json"}}});
  EXPECT_EQ(McpClient::Over(broken.Client(), "test").error().code, Code::kInvalid);
  EXPECT_EQ(McpClient::Connect("/nonexistent/socket", "test").error().code, Code::kUnavailable);
}

// Said before our first word was read, and the connection is closed: the words still arrive.
TEST(McpClient, AHostThatTurnsAConnectionAwaySaysWhy) {
  for (bool admin : {false, true}) {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    UniqueFd client(fds[0]);
    {
      LineSocket host{UniqueFd(fds[1])};
      ASSERT_TRUE(host.Send(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"warder: stopped"}})"));
    }
    std::string why = admin ? AdminClient(std::move(client)).Call("status", "{}").error().what
                            : McpClient::Over(std::move(client), "test").error().what;
    EXPECT_NE(why.find("warder: stopped"), std::string::npos) << why;
  }
}

TEST(AdminClient, MapsTheHostsErrors) {
  const struct {
    std::string says;
    Code code;
  } kCases[] = {{"-32001", Code::kDenied},      {"-32002", Code::kNotFound}, {"-32003", Code::kConflict},
                {"-32601", Code::kUnsupported}, {"-32602", Code::kInvalid},  {"-1", Code::kSystem}};
  for (const auto& c : kCases) {
    FakeServer server(
        Turns{{"status", {R"({"jsonrpc":"2.0","id":1,"error":{"code":)" + c.says + R"(,"message":"no"}})"}}});
    AdminClient client(server.Client());
    EXPECT_EQ(client.Call("status", "{}").error().code, c.code) << c.says;
  }
  FakeServer server(Turns{{"status", {R"({"jsonrpc":"2.0","id":1,"result":{"host":"h"}})"}}});
  AdminClient client(server.Client());
  EXPECT_EQ(client.Call("status", "{}").value_or(""), R"({"host":"h"})");
}

TEST(LineSocket, ALineThatIsTooLongEndsIt) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  std::thread flood([fd = fds[1]] {
    std::string block(65536, 'x');
    while (send(fd, block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
    close(fd);
  });
  {
    LineSocket socket{UniqueFd(fds[0])};
    std::string line;
    EXPECT_EQ(socket.Receive(&line, -1, std::chrono::seconds(20)).error().code, Code::kLimit);
  }
  flood.join();
}

}  // namespace
}  // namespace warder::agent
