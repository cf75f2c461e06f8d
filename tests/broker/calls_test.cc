// Is nothing run, changed or shown but what was decided, recorded and asked for?
#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.h"
#include "tests/broker/fake_host.h"

namespace warder::broker::test {
namespace {

using nlohmann::json;

const json kTrue = {{"argv", {"true"}}};

bool Failed(const json& result, const std::string& word) {
  const json& said = result["structuredContent"];
  return result.value("isError", false) && said.value("failed", false) &&
         said.value("why", "").find(word) != std::string::npos;
}

size_t At(const std::vector<std::string>& events, const std::string& event) {
  return static_cast<size_t>(std::ranges::find(events, event) - events.begin());
}

TEST(Calls, ACommandRunsAndItsAnswerSaysHow) {
  FakeHost host;
  Client client = host.Connect();
  json result = client.Call("run_command", kTrue);
  const json& said = result["structuredContent"];
  EXPECT_FALSE(result.contains("isError")) << result;
  EXPECT_EQ(said["ended"], "exited");
  EXPECT_EQ(said["exit_code"], 0);
  EXPECT_EQ(said["stdout"], "done\n");
  EXPECT_EQ(said["level"], "auto");
  EXPECT_EQ(said["rule"], "look");
  EXPECT_EQ(said["call"], 100);
  EXPECT_EQ(said["workspace"], "direct");
  EXPECT_EQ(result["content"][0]["text"], "done\n");
  EXPECT_EQ(host.TypesOf(100), "call decision intent outcome");
  ASSERT_EQ(host.Runs().size(), 1u);
  const wire::RunPlan plan = host.Runs()[0];
  EXPECT_EQ(plan.commands[0].program, "/usr/bin/true");
  EXPECT_EQ(plan.commands[0].identity.ino, InodeOf("/usr/bin/true"));
  EXPECT_EQ(plan.directory, kWorkspace);
  EXPECT_EQ(plan.limits.wall_ms, 20'000u);
}

TEST(Calls, NoRunRequestBeforeTheReceipt) {
  FakeHost host;
  Client client = host.Connect();
  client.Call("run_command", kTrue);
  client.Call("write_file", {{"path", "a.txt"}, {"content", "x"}});
  const auto events = host.Events();
  for (auto [id, step] : {std::pair{"100", "run 100"}, {"101", "change 101"}}) {
    const std::string call = id;
    EXPECT_LT(At(events, "record call " + call), At(events, "record decision " + call));
    EXPECT_LT(At(events, "record decision " + call), At(events, "record intent " + call));
    EXPECT_LT(At(events, "record intent " + call), At(events, "receipt " + call));
    EXPECT_LT(At(events, "receipt " + call), At(events, step));
    EXPECT_LT(At(events, step), At(events, "record outcome " + call));
    EXPECT_LT(At(events, "record outcome " + call), events.size());
  }
}

TEST(Calls, LedgerSaysNoNothingRuns) {
  FakeHost host;
  host.Set([](Script& script) { script.ledger_refuses = [](const auto& request) { return !request.drafts.empty(); }; });
  Client client = host.Connect();
  EXPECT_TRUE(Failed(client.Call("run_command", kTrue), "audit log"));
  EXPECT_TRUE(Failed(client.Call("write_file", {{"path", "a.txt"}, {"content", "x"}}), "audit log"));
  EXPECT_TRUE(Failed(client.Call("read_file", {{"path", "a.txt"}}), "audit log"));
  EXPECT_TRUE(Failed(client.Call("run_command", {{"argv", {"curl"}}}), "audit log"));
  EXPECT_EQ(host.Count("run ") + host.Count("change ") + host.Count("read"), 0u);
  EXPECT_EQ(host.Count("jail "), 1u);
  EXPECT_TRUE(host.Wait("kill 100")) << "the jail that was built for the first is not left standing";
}

TEST(Calls, ADeadLedgerStopsEveryCallForGood) {
  FakeHost host;
  Client client = host.Connect();
  client.Call("session_info");
  host.CloseLedger();
  EXPECT_TRUE(Failed(client.Call("run_command", kTrue), "audit log"));
  EXPECT_TRUE(Failed(client.Call("run_command", kTrue), "audit log"));
  EXPECT_EQ(host.Count("run "), 0u);
}

TEST(Calls, AReceiptForAnotherCallRunsNothing) {
  FakeHost host;
  host.Set([](Script& script) { script.receipt_of_another_call = true; });
  Client client = host.Connect();
  EXPECT_TRUE(Failed(client.Call("run_command", kTrue), "no receipt"));
  EXPECT_EQ(host.Count("run "), 0u);
  EXPECT_TRUE(host.Wait("kill 100"));
}

TEST(Calls, ARefusalSaysWhichPartWhichRuleWhyAndWhatInstead) {
  FakeHost host;
  host.Set([](Script& script) { script.files["/srv/work/deploy.key"] = {wire::FileKind::kFile, 50, "secret"}; });
  Client client = host.Connect();
  struct {
    const char* tool;
    json arguments;
    const char *rule, *part, *why;
  } cases[] = {
      {"run_command", {{"command", "ls && curl https://x.example"}}, "no-network", "curl", "no network"},
      {"run_command", {{"command", "rm -rf /"}}, "no-rule", "rm -rf /", ""},
      {"run_command", {{"command", "ls $(id)"}}, "no-rule", "", ""},
      {"run_command", {{"command", "ls > /etc/passwd"}}, "no-path", "/etc/passwd", ""},
      {"read_file", {{"path", "deploy.key"}}, "secrets", "/srv/work/deploy.key", "Keys stay"},
      {"write_file", {{"path", "/etc/passwd"}, {"content", "x"}}, "no-path", "/etc/passwd", ""},
  };
  uint64_t call = 100;
  for (const auto& c : cases) {
    json result = client.Call(c.tool, c.arguments);
    const json& said = result["structuredContent"];
    EXPECT_EQ(result["isError"], true) << result;
    EXPECT_EQ(said["refused"], true);
    EXPECT_EQ(said["level"], "forbid");
    EXPECT_EQ(said["rule"], c.rule) << result;
    EXPECT_NE(said["part"].get<std::string>().find(c.part), std::string::npos) << said;
    EXPECT_NE(said["why"].get<std::string>().find(c.why), std::string::npos) << said;
    EXPECT_FALSE(said["instead"].get<std::string>().empty());
    EXPECT_EQ(said["explain"], "warder audit show " + std::to_string(call));
    EXPECT_NE(result["content"][0]["text"].get<std::string>().find(c.rule), std::string::npos);
    EXPECT_EQ(host.TypesOf(call), "call decision");
    EXPECT_EQ(host.RecordsOf(call)[1].body["rule"], c.rule);
    ++call;
  }
  EXPECT_EQ(host.Count("run ") + host.Count("change ") + host.Count("read"), 0u);
}

TEST(Calls, WrongArgumentsAreAResultForTheModelAndARecord) {
  FakeHost host;
  Client client = host.Connect();
  struct {
    const char* tool;
    json arguments;
    const char* word;
  } cases[] = {
      {"run_command", json::object(), "either command or argv"},
      {"run_command", {{"argv", {"true"}}, {"command", "true"}}, "either command or argv"},
      {"run_command", {{"argv", {"true"}}, {"pty", true}}, "pty: not built yet"},
      {"run_command", {{"argv", {"true"}}, {"session", true}}, "session: not built yet"},
      {"run_command", {{"argv", {std::string("a\0b", 3)}}}, "NUL"},
      {"run_command", {{"argv", {"true"}}, {"env", {{"content", std::string("a\0b", 3)}}}}, "NUL"},
      {"run_command", {{"argv", {"true"}}, {"env", {{"A=B", "x"}}}}, "not a name"},
      {"run_command", {{"argv", {""}}}, "no name"},
      {"read_file", {{"path", "a"}, {"length", 1}, {"limit", 1}}, "mean the same"},
      {"write_file", {{"path", "a"}, {"content", "?"}, {"encoding", "base64"}}, "base64"},
      {"session_info", {{"x", 1}}, "not an argument"},
      {"session_info", json::array(), "must be object"},
      {"restore_file", {{"trash_entry", "abc-1-ff"}}, "not known"},
  };
  uint64_t call = 100;
  for (const auto& c : cases) {
    json result = client.Call(c.tool, c.arguments);
    EXPECT_TRUE(Failed(result, c.word)) << c.arguments << result;
    EXPECT_EQ(host.TypesOf(call), "call decision") << c.word;
    EXPECT_EQ(host.RecordsOf(call)[1].body["level"], "forbid");
    ++call;
  }
  EXPECT_EQ(host.Count("run "), 0u);
}

TEST(Calls, AFloodOfBrokenCallsIsCountedAndNotWrittenOutOneByOne) {
  FakeHost host;
  Client client = host.Connect(), again = host.Connect();
  for (int i = 0; i < 150; ++i) {
    Client& from = i % 2 == 0 ? client : again;
    EXPECT_TRUE(Failed(from.Call("run_command"), "either"));
  }
  const size_t written = host.Count("record decision");
  EXPECT_GE(written, 50u);
  EXPECT_LT(written, 100u);
  // A call that is decided is always written, and says how many were not.
  client.Call("run_command", {{"argv", {"curl"}}});
  uint64_t left_out = 0;
  for (const Recorded& record : host.Records())
    if (record.body.contains("left_out")) left_out += std::stoull(record.body["left_out"].get<std::string>());
  EXPECT_EQ(left_out, 150 - written);
}

TEST(Calls, ACallThatFillsItsRecordsToTheBrimIsStillRecorded) {
  FakeHost host;
  Client client = host.Connect();
  // What JSON writes twice as long, and what it writes six times as long.
  const std::string slashes(10'000, '\\'), quotes(1'700, '"'), controls(4096, '\x02');
  for (const char* program : {"curl", "no-such-program", "make"}) {
    client.AskTool("run_command", {{"argv", {program, slashes}}, {"cwd", quotes}, {"reason", controls}});
    client.AskTool("run_command", {{"argv", {program, controls, controls}}, {"cwd", quotes}, {"reason", controls}});
  }
  ASSERT_TRUE(host.Wait("record decision", 6)) << host.Count("record decision");
  EXPECT_EQ(host.Count("run "), 0u);
}

TEST(Calls, CancelledMeansTheKeeperIsToldAndNothingIsAnswered) {
  FakeHost host;
  host.Set([](Script& script) { script.run = RunScript::kUntilCancelled; });
  Client client = host.Connect();
  const int64_t id = client.AskTool("run_command", kTrue);
  ASSERT_TRUE(host.Wait("run 100"));
  client.Send({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", id}}}});
  ASSERT_TRUE(host.Wait("cancel 100"));
  ASSERT_TRUE(host.Wait("record outcome 100"));
  EXPECT_EQ(host.RecordsOf(100).back().body["ended"], "cancelled");
  EXPECT_TRUE(client.SaysNothing());
  // Another id, and an id in another form, cancel nothing.
  client.AskTool("run_command", kTrue);
  ASSERT_TRUE(host.Wait("run 101"));
  for (const json& other : {json(id), json(std::to_string(id + 1)), json(nullptr), json(99)})
    client.Send({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", other}}}});
  EXPECT_TRUE(client.SaysNothing());
  EXPECT_EQ(host.Count("cancel"), 1u);
}

TEST(Calls, AClosedConnectionCancelsWhatRunsAndTheMonitorIsTold) {
  FakeHost host;
  host.Set([](Script& script) { script.run = RunScript::kUntilCancelled; });
  uint64_t session = 0;
  Client client = host.Connect(&session);
  client.AskTool("run_command", kTrue);
  client.AskTool("run_command", kTrue);
  ASSERT_TRUE(host.Wait("run ", 2));
  client.Close();
  EXPECT_TRUE(host.Wait("cancel ", 2));
  EXPECT_TRUE(host.Wait("record outcome", 2));
  EXPECT_TRUE(host.Wait("closed " + std::to_string(session)));
  const auto events = host.Events();
  EXPECT_EQ(At(events, "closed 1"), events.size() - 1) << "outcomes come before the session's end";
}

TEST(Calls, ACallThatIsCancelledBeforeItsIntentChangesNothing) {
  FakeHost host;
  Client person = host.ConnectPerson();
  Client client = host.Connect();
  const int64_t id = client.AskTool("write_file", {{"path", "asked.txt"}, {"content", "x"}});
  ASSERT_TRUE(host.Wait("record approval.request"));
  client.Send({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", id}}}});
  ASSERT_TRUE(host.Wait("record approval.expire"));
  EXPECT_EQ(host.RecordsOf(100).back().body["why"], "cancelled");
  EXPECT_EQ(host.Count("change "), 0u);
  EXPECT_EQ(person.Legacy("approvals.list")["result"]["approvals"], json::array());
}

TEST(Calls, NoMoreRunAtOnceThanThePolicySays) {
  FakeHost host(TestPolicy(2));
  host.Set([](Script& script) { script.run = RunScript::kUntilCancelled; });
  Client client = host.Connect();
  client.AskTool("run_command", kTrue);
  const int64_t second = client.AskTool("run_command", kTrue);
  ASSERT_TRUE(host.Wait("run ", 2));
  for (int i = 0; i < 3; ++i) {
    json third = client.AnswerTo(client.AskTool("run_command", kTrue));
    EXPECT_TRUE(Failed(third["result"], "2 calls of a session")) << third;
  }
  client.Call("session_info");  // is no call of that kind
  Client other = host.Connect();
  other.AskTool("run_command", kTrue);
  EXPECT_TRUE(host.Wait("run ", 3)) << "the limit is each session's";
  client.Send({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", second}}}});
  ASSERT_TRUE(host.Wait("record outcome 101"));
  // The place is given back once the ledger's word for the outcome came.
  for (int i = 0; i < 50 && host.Count("run ") < 4; ++i) {
    client.AskTool("run_command", kTrue);
    client.Call("session_info");
  }
  EXPECT_TRUE(host.Wait("run ", 4)) << "a place that was left is taken again";
}

// The answer does not wait for the jail to be taken down, the next call does: else an agent that works one call
// after the other would be refused by chance.
TEST(Calls, APlaceOfARunThatIsOverIsWaitedForAndNoOther) {
  FakeHost host(TestPolicy(), [](wire::HostPlan& plan) { plan.bounds.jails_running = 1; });
  host.Set([](Script& script) { script.jails_stay = true; });
  Client client = host.Connect();
  ASSERT_FALSE(client.Call("run_command", kTrue).value("isError", false));
  const int64_t second = client.AskTool("run_command", kTrue);
  EXPECT_TRUE(client.SaysNothing()) << "the jail of the first is not gone";
  EXPECT_EQ(host.Count("run "), 1u);
  host.JailsAreGone();
  EXPECT_FALSE(client.AnswerTo(second)["result"].value("isError", false));

  host.JailsAreGone();
  host.Set([](Script& script) { script.run = RunScript::kUntilCancelled; });
  client.AskTool("run_command", kTrue);
  ASSERT_TRUE(host.Wait("run ", 3));
  json refused = client.Call("run_command", kTrue);
  EXPECT_EQ(refused["isError"], true);
  EXPECT_EQ(refused["structuredContent"]["code"], "limit") << refused;
  EXPECT_EQ(host.Count("run "), 3u);
}

TEST(Calls, MoreThan64InFlightAreRefusedAsRequests) {
  FakeHost host(TestPolicy(64), [](wire::HostPlan& plan) { plan.bounds.jails_running = 100; });
  host.Set([](Script& script) { script.run = RunScript::kUntilCancelled; });
  Client client = host.Connect();
  for (int i = 0; i < 64; ++i) client.AskTool("run_command", kTrue);
  ASSERT_TRUE(host.Wait("run ", 64));
  json answer = client.AnswerTo(client.AskTool("run_command", kTrue));
  EXPECT_EQ(answer["error"]["code"], -32000) << answer;
}

TEST(Calls, HandsThatDieOrTalkNonsenseAllowNothing) {
  for (HandsScript hands :
       {HandsScript::kDead, HandsScript::kWrongType, HandsScript::kTooFew, HandsScript::kNotCanonical}) {
    FakeHost host;
    Client client = host.Connect();
    client.Call("session_info");
    host.Set([&](Script& script) { script.hands = hands; });
    for (const auto& [tool, arguments] : {std::pair<std::string, json>{"run_command", kTrue},
                                          {"read_file", {{"path", "a.txt"}}},
                                          {"delete_file", {{"path", "a.txt"}}}}) {
      json result = client.Call(tool, arguments);
      EXPECT_EQ(result["isError"], true) << static_cast<int>(hands) << result;
      EXPECT_TRUE(result["structuredContent"].contains("failed")) << result;
    }
    EXPECT_EQ(host.Count("run ") + host.Count("change ") + host.Count("read"), 0u);
    EXPECT_EQ(host.TypesOf(101), "call decision");
    EXPECT_EQ(host.RecordsOf(101)[1].body["rule"], "facts");
  }
}

TEST(Calls, AJailerThatRefusesAndAKeeperThatLiesAreTold) {
  struct {
    RunScript run;
    const char *ended, *why;
    bool killed;
  } cases[] = {
      {RunScript::kRefused, "setup-failed", "beyond the bounds", false},
      {RunScript::kNoJail, "setup-failed", "beyond the bounds", false},
      {RunScript::kDies, "lost", "without a word", true},
      {RunScript::kNonsense, "lost", "", true},
      {RunScript::kFloods, "lost", "more output", true},
  };
  for (const auto& c : cases) {
    FakeHost host;
    host.Set([&](Script& script) { script.run = c.run; });
    Client client = host.Connect();
    json result = client.Call("run_command", kTrue);
    EXPECT_EQ(result["isError"], true);
    EXPECT_EQ(result["structuredContent"]["ended"], c.ended) << c.why;
    EXPECT_NE(result["structuredContent"]["why"].get<std::string>().find(c.why), std::string::npos) << result;
    EXPECT_EQ(host.TypesOf(100), "call decision intent outcome");
    if (c.killed)
      EXPECT_TRUE(host.Wait("kill 100")) << "what may still live in that jail is ended";
    else
      EXPECT_EQ(host.Count("kill"), 0u);
  }
}

TEST(Calls, OutputIsBoundedWhateverPolicyAndHostAllow) {
  std::string policy = TestPolicy();
  policy.replace(policy.find("output: 256KiB, "), 16, "");
  FakeHost host(policy, [](wire::HostPlan& plan) { plan.bounds.limits.output_bytes = 64ull << 20; });
  host.Set([](Script& script) { script.output = std::string(600'000, 'x') + "end"; });
  Client client = host.Connect();
  json result = client.Call("run_command", kTrue);
  EXPECT_EQ(host.Runs().at(0).limits.output_bytes, limits::kMaxOutputAnswerBytes);
  EXPECT_EQ(result["structuredContent"]["stdout"].get<std::string>().size(), 600'003u);
  const std::string text = result["content"][0]["text"];
  EXPECT_LT(text.size(), limits::kMaxAnswerTextBytes + 200) << "carried twice";
  EXPECT_TRUE(text.ends_with("end"));
  EXPECT_NE(text.find("structuredContent has all"), std::string::npos);
}

TEST(Calls, FileToolsReadChangeAndBringBack) {
  FakeHost host;
  host.Set([](Script& script) { script.files["/srv/work/a.txt"] = {wire::FileKind::kFile, 51, "hello"}; });
  Client client = host.Connect();
  json read = client.Call("read_file", {{"path", "a.txt"}, {"offset", 1}, {"length", 3}})["structuredContent"];
  EXPECT_EQ(read["content"], "ell");
  EXPECT_EQ(read["size"], 5);
  json wrote = client.Call("write_file", {{"path", "new.txt"}, {"content", "12345"}})["structuredContent"];
  EXPECT_EQ(wrote["created"], true);
  EXPECT_EQ(wrote["bytes"], 5);
  json deleted = client.Call("delete_file", {{"path", "a.txt"}})["structuredContent"];
  const std::string entry = deleted["trash_entry"];
  EXPECT_EQ(host.TypesOf(102), "call decision intent trash.put outcome");
  json restored = client.Call("restore_file", {{"trash_entry", entry}});
  EXPECT_FALSE(restored.contains("isError")) << restored;
  EXPECT_EQ(host.TypesOf(103), "call decision intent trash.restore outcome");
  json missing = client.Call("delete_file", {{"path", "nothing.txt"}});
  EXPECT_TRUE(Failed(missing, "nothing is there"));
  json workspace = client.Call("delete_file", {{"path", "."}});
  EXPECT_TRUE(Failed(workspace, "inside the workspace")) << workspace;
}

TEST(Calls, AReloadDoesNotChangeTheCallThatRuns) {
  FakeHost host;
  Client person = host.ConnectPerson();
  Client client = host.Connect();
  const int64_t id = client.AskTool("run_command", {{"argv", {"make"}}});
  ASSERT_TRUE(host.Wait("record approval.request"));
  std::string stricter = TestPolicy();
  stricter.replace(stricter.find("level: approve"), 14, "level: forbid ");
  host.Set([&](Script& script) { script.reload_policy = stricter; });
  EXPECT_EQ(person.Legacy("reload")["result"]["generation"], 2);
  json again = client.Call("run_command", {{"argv", {"make"}}});
  EXPECT_EQ(again["structuredContent"]["level"], "forbid") << "a new call has the new policy: " << again;
  json asked = person.Legacy("approvals.list")["result"]["approvals"][0];
  EXPECT_TRUE(
      person.Legacy("approvals.approve", {{"id", asked["id"]}, {"digest", asked["digest"]}}).contains("result"));
  EXPECT_EQ(client.AnswerTo(id)["result"]["structuredContent"]["ended"], "exited");
}

// The clock is the broker's own; what it showed is in the record, so that the decision can be made again.
TEST(Calls, AWindowDecidesByTheClockOfItsZone) {
  const auto hours =
      std::chrono::floor<std::chrono::hours>(std::chrono::system_clock::now()).time_since_epoch().count();
  char in_six_hours[32];
  std::snprintf(in_six_hours, sizeof in_six_hours, "%02d:00-%02d:59", static_cast<int>((hours + 6) % 24),
                static_cast<int>((hours + 6) % 24));
  for (const std::string& span : {std::string("00:00-24:00"), std::string(in_six_hours)}) {
    FakeHost host(
        "policy: 1\nlayer: project\nid: t/w\nworkspace: { mode: direct }\nexec:\n"
        "  - { id: look, level: auto, action: look, argv: [\"true\"] }\n"
        "windows:\n  - { id: hours, actions: [look], outside: \"Mon-Sun " +
        span + " UTC\", level: forbid }\n");
    Client client = host.Connect();
    const json said = client.Call("run_command", kTrue)["structuredContent"];
    const bool open = span == "00:00-24:00";
    EXPECT_EQ(said["level"], open ? "auto" : "forbid") << said;
    EXPECT_EQ(said["rule"], open ? "look" : "hours") << said;
    EXPECT_EQ(host.Count("run "), open ? 1u : 0u);
    const json facts = json::parse(host.RecordsOf(100)[1].body["facts"]["$free"].get<std::string>());
    ASSERT_EQ(facts["zones"].size(), 1u);
    EXPECT_EQ(facts["zones"][0]["zone"], "UTC");
    EXPECT_EQ((facts["zones"][0]["minute"].get<int>() / 60 + 24 - static_cast<int>(hours % 24)) % 24 / 2, 0);
  }
}

TEST(Calls, ARefusedReloadLeavesThePolicyAndSaysWhy) {
  FakeHost host;
  Client person = host.ConnectPerson();
  Client client = host.Connect();
  host.Set([](Script& script) { script.reload_refused = true; });
  json refused = person.Legacy("reload");
  EXPECT_NE(refused["error"]["message"].get<std::string>().find("line 1: no"), std::string::npos) << refused;
  EXPECT_FALSE(client.Call("run_command", kTrue).contains("isError"));
}

TEST(Calls, ADrainingHostEndsWhatRunsAndTakesNothingNew) {
  FakeHost host;
  host.Set([](Script& script) { script.run = RunScript::kUntilCancelled; });
  Client person = host.ConnectPerson();
  Client client = host.Connect();
  const int64_t id = client.AskTool("run_command", kTrue);
  ASSERT_TRUE(host.Wait("run 100"));
  EXPECT_EQ(person.Legacy("drain", {{"wait_ms", 1000}})["result"]["draining"], true);
  EXPECT_TRUE(host.Wait("drain"));
  EXPECT_TRUE(Failed(client.Call("run_command", kTrue), "draining"));
  EXPECT_EQ(host.Count("run "), 1u);
  EXPECT_EQ(host.Count("cancel"), 0u) << "what runs goes on";
  client.Send({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", id}}}});
  EXPECT_TRUE(host.Wait("record outcome 100"));
}

TEST(Calls, TheBrokerEndsWithTheMonitor) {
  FakeHost host;
  host.Set([](Script& script) { script.run = RunScript::kUntilCancelled; });
  Client client = host.Connect();
  client.AskTool("run_command", kTrue);
  client.AskTool("run_command", {{"argv", {"make"}}});
  ASSERT_TRUE(host.Wait("run 100") && host.Wait("record approval.request"));
  host.CloseMonitor();
  EXPECT_TRUE(host.WhyStopped().starts_with("the monitor is gone"));
  EXPECT_TRUE(client.Closed());
}

}  // namespace
}  // namespace warder::broker::test
