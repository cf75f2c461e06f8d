// Does a yes bind one person, one call and what they were shown, and is everything else a no?
#include <gtest/gtest.h>

#include "base/limits.h"
#include "tests/broker/fake_host.h"

namespace warder::broker::test {
namespace {

using nlohmann::json;

const json kMake = {{"argv", {"make", "all"}}};

// The one that waits, once it does.
json Waiting(FakeHost& host, Client& person, size_t count = 1) {
  EXPECT_TRUE(host.Wait("record approval.request", count));
  for (int i = 0; i < 50; ++i) {
    json list = person.Legacy("approvals.list")["result"]["approvals"];
    if (list.size() == 1) return list[0];
  }
  ADD_FAILURE() << "nothing waits";
  return {};
}

json Approve(Client& person, const json& asked) {
  return person.Legacy("approvals.approve", {{"id", asked["id"]}, {"digest", asked["digest"]}});
}

TEST(Approvals, AYesRunsWhatWasShownAndOnlyOnce) {
  FakeHost host;
  Client person = host.ConnectPerson(), client = host.Connect();
  const int64_t id = client.AskTool("run_command", {{"argv", {"make", "all"}}, {"reason", "to \x1b[31mtest"}});
  json asked = Waiting(host, person);
  EXPECT_EQ(asked["agent"], "coder");
  EXPECT_EQ(asked["tool"], "run_command");
  EXPECT_EQ(asked["argv"], json::array({{"make", "all"}}));
  EXPECT_EQ(asked["program"], "/usr/bin/make");
  EXPECT_EQ(asked["rule"], "build");
  EXPECT_EQ(asked["at_timeout"], "denied");
  EXPECT_EQ(asked["digest"].get<std::string>().size(), 64u);
  EXPECT_GT(asked["left_ms"], 0);
  const std::string text = asked["text"];
  for (const char* word : {"make all", "sha256", "A build runs what the makefile says.", "not checked"})
    EXPECT_NE(text.find(word), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << "controls are escaped";
  EXPECT_EQ(host.Count("jail ") + host.Count("run "), 0u);
  EXPECT_EQ(person.Legacy("approvals.show", {{"id", asked["id"]}})["result"]["text"], text);

  json said = Approve(person, asked);
  EXPECT_EQ(said["result"]["approved"], true) << said;
  EXPECT_EQ(said["result"]["call"], 100);
  json answer = client.AnswerTo(id)["result"]["structuredContent"];
  EXPECT_EQ(answer["ended"], "exited");
  EXPECT_EQ(answer["level"], "approve");
  EXPECT_EQ(host.TypesOf(100), "call decision approval.request approval.answer intent outcome");
  const json record = host.RecordsOf(100)[3].body;
  EXPECT_EQ(record["answer"], "approved");
  EXPECT_EQ(record["uid"], kOperatorUid);
  EXPECT_EQ(record["digest"], asked["digest"]);
  EXPECT_EQ(host.RecordsOf(100)[4].body["approval"], std::to_string(asked["id"].get<int>()));

  // The yes is spent: it answers nothing more, and the same call asks again.
  EXPECT_EQ(Approve(person, asked)["error"]["code"], -32002);
  client.AskTool("run_command", {{"argv", {"make", "all"}}});
  json next = Waiting(host, person, 2);
  EXPECT_NE(next["id"], asked["id"]);
  EXPECT_EQ(host.Count("run "), 1u);
}

TEST(Approvals, ANoIsToldWithItsWordsAndRunsNothing) {
  FakeHost host;
  Client person = host.ConnectPerson(), client = host.Connect();
  const int64_t id = client.AskTool("run_command", kMake);
  json asked = Waiting(host, person);
  json said = person.Legacy("approvals.deny", {{"id", asked["id"]}, {"message", "not on a Friday"}});
  EXPECT_EQ(said["result"]["denied"], true) << said;
  json answer = client.AnswerTo(id)["result"];
  EXPECT_EQ(answer["isError"], true);
  EXPECT_EQ(answer["structuredContent"]["approval"]["answer"], "denied");
  EXPECT_EQ(answer["structuredContent"]["approval"]["by"], kOperatorUid);
  EXPECT_EQ(answer["structuredContent"]["approval"]["message"], "not on a Friday");
  EXPECT_NE(answer["content"][0]["text"].get<std::string>().find("not on a Friday"), std::string::npos);
  EXPECT_EQ(host.TypesOf(100), "call decision approval.request approval.answer");
  EXPECT_EQ(host.RecordsOf(100)[3].body["answer"], "denied");
  EXPECT_EQ(host.Count("jail ") + host.Count("run "), 0u);
}

TEST(Approvals, AClientThatAskedForProgressHearsThatItsCallWaits) {
  FakeHost host;
  Client person = host.ConnectPerson(), client = host.Connect();
  const int64_t id = client.AskTool("run_command", kMake, {{"progressToken", 7}});
  json asked = Waiting(host, person);
  auto note = client.Receive();
  ASSERT_TRUE(note);
  EXPECT_EQ((*note)["params"]["progress"], 0) << *note;
  EXPECT_NE((*note)["params"]["message"].get<std::string>().find("waits for a person: `warder approvals show 1`"),
            std::string::npos)
      << *note;
  Approve(person, asked);
  EXPECT_EQ(client.AnswerTo(id)["result"].value("isError", false), false);
}

TEST(Approvals, SilenceIsNoAndRecordedAsSilence) {
  FakeHost host(TestPolicy(), [](wire::HostPlan& plan) { plan.approval_timeout_ms = 200; });
  Client person = host.ConnectPerson(), client = host.Connect();
  json answer = client.Call("run_command", kMake);
  EXPECT_EQ(answer["isError"], true);
  EXPECT_EQ(answer["structuredContent"]["approval"]["answer"], "timeout");
  EXPECT_EQ(answer["structuredContent"]["approval"]["by"], nullptr);
  EXPECT_EQ(host.TypesOf(100), "call decision approval.request approval.expire");
  EXPECT_EQ(host.RecordsOf(100)[3].body["why"], "timeout");
  EXPECT_EQ(host.Count("jail ") + host.Count("run "), 0u);
  EXPECT_EQ(person.Legacy("approvals.approve", {{"id", 1}, {"digest", std::string(64, '0')}})["error"]["code"], -32002);
}

TEST(Approvals, NeitherTheAgentNorItsSessionsUidNorAStrangerAnswers) {
  FakeHost host;
  Client person = host.ConnectPerson(), client = host.Connect();
  client.AskTool("run_command", kMake);
  json asked = Waiting(host, person);
  for (uint32_t uid : {kAgentUid, kSessionUid, kSessionUid + 1, kSessionUid + 400}) {
    Client agent = host.ConnectPerson(uid);
    agent.Send({{"jsonrpc", "2.0"},
                {"id", 1},
                {"method", "approvals.approve"},
                {"params", {{"id", asked["id"]}, {"digest", asked["digest"]}}}});
    auto said = agent.Receive();
    ASSERT_TRUE(said) << uid;
    EXPECT_EQ((*said)["error"]["code"], -32001) << *said;
    EXPECT_EQ((*said)["id"], nullptr) << "it is turned away before its first line";
    EXPECT_TRUE(agent.Closed());
  }
  for (const char* method : {"approvals.approve", "approvals.deny", "approvals.list", "approvals.show"}) {
    Client stranger = host.ConnectPerson(kStrangerUid);
    stranger.Send({{"jsonrpc", "2.0"},
                   {"id", 1},
                   {"method", method},
                   {"params", {{"id", asked["id"]}, {"digest", asked["digest"]}}}});
    auto said = stranger.Receive();
    ASSERT_TRUE(said) << method;
    EXPECT_EQ((*said)["error"]["code"], -32001) << method << *said;
    EXPECT_EQ((*said)["id"], nullptr) << "who has no right is turned away before the first line";
    EXPECT_TRUE(stranger.Closed());
  }
  EXPECT_EQ(host.Count("jail ") + host.Count("run "), 0u);
  EXPECT_EQ(host.Count("record admin"), 0u);
  EXPECT_TRUE(Approve(person, asked).contains("result")) << "and it still waits";
}

TEST(Approvals, AnAgentsOwnListOfApproversNarrows) {
  FakeHost host(TestPolicy(),
                [](wire::HostPlan& plan) { plan.agents[0].approvers = {{false, kSecondUid, "user:second"}}; });
  Client person = host.ConnectPerson(), second = host.ConnectPerson(kSecondUid), client = host.Connect();
  const int64_t id = client.AskTool("run_command", kMake);
  json asked = Waiting(host, person);
  EXPECT_EQ(Approve(person, asked)["error"]["code"], -32001);
  EXPECT_EQ(person.Legacy("approvals.deny", {{"id", asked["id"]}})["error"]["code"], -32001);
  EXPECT_TRUE(Approve(second, asked).contains("result"));
  EXPECT_EQ(client.AnswerTo(id)["result"]["structuredContent"]["ended"], "exited");
}

TEST(Approvals, ADigestOfAnotherTextIsAConflict) {
  FakeHost host;
  Client person = host.ConnectPerson(), client = host.Connect();
  client.AskTool("run_command", kMake);
  json asked = Waiting(host, person);
  std::string digest = asked["digest"];
  digest[0] = digest[0] == '0' ? '1' : '0';
  EXPECT_EQ(person.Legacy("approvals.approve", {{"id", asked["id"]}, {"digest", digest}})["error"]["code"], -32003);
  for (const json& broken : {json("zz"), json(""), json(7), json(std::string(63, 'a')), json(nullptr)})
    EXPECT_EQ(person.Legacy("approvals.approve", {{"id", asked["id"]}, {"digest", broken}})["error"]["code"], -32602)
        << broken;
  EXPECT_EQ(person.Legacy("approvals.approve", {{"id", 999}, {"digest", digest}})["error"]["code"], -32002);
  EXPECT_EQ(host.Count("jail ") + host.Count("run "), 0u);
}

TEST(Approvals, WhatChangedBetweenTheQuestionAndTheYesIsAConflict) {
  struct {
    const char* tool;
    json arguments;
    std::function<void(Script&)> change;
  } cases[] = {
      {"run_command", kMake, [](Script& script) { script.programs["/usr/bin/make"] = 4711; }},
      {"write_file",
       {{"path", "asked.txt"}, {"content", "new"}},
       [](Script& script) { script.files["/srv/work/asked.txt"].ino = 61; }},
      {"delete_file", {{"path", "asked.txt"}}, [](Script& script) { script.files.erase("/srv/work/asked.txt"); }},
      {"run_command",
       {{"command", "cat < asked.txt"}},
       [](Script& script) { script.files["/srv/work/asked.txt"].ino = 62; }},
  };
  for (const auto& c : cases) {
    FakeHost host;
    host.Set([](Script& script) { script.files["/srv/work/asked.txt"] = {wire::FileKind::kFile, 60, "old"}; });
    Client person = host.ConnectPerson(), client = host.Connect();
    const int64_t id = client.AskTool(c.tool, c.arguments);
    json asked = Waiting(host, person);
    host.Set(c.change);
    EXPECT_TRUE(Approve(person, asked).contains("result"));
    json answer = client.AnswerTo(id)["result"];
    EXPECT_EQ(answer["structuredContent"]["code"], "conflict") << answer;
    EXPECT_NE(answer["structuredContent"]["why"].get<std::string>().find("changed"), std::string::npos);
    EXPECT_EQ(host.TypesOf(100), "call decision approval.request approval.answer outcome");
    EXPECT_EQ(host.Count("run ") + host.Count("change "), 0u);
  }
}

TEST(Approvals, HandsThatFailAfterTheYesAreNamedAndNothingRuns) {
  FakeHost host;
  Client person = host.ConnectPerson(), client = host.Connect();
  const int64_t id = client.AskTool("run_command", kMake);
  json asked = Waiting(host, person);
  host.Set([](Script& script) { script.hands = HandsScript::kDead; });
  EXPECT_TRUE(Approve(person, asked).contains("result"));
  json answer = client.AnswerTo(id)["result"]["structuredContent"];
  EXPECT_EQ(answer["code"], "unavailable") << answer;
  EXPECT_NE(answer["why"].get<std::string>().find("file process"), std::string::npos) << answer;
  EXPECT_EQ(host.TypesOf(100), "call decision approval.request approval.answer outcome");
  EXPECT_EQ(host.Count("jail ") + host.Count("run "), 0u);
}

TEST(Approvals, TwoPeopleAreTwoPeople) {
  FakeHost host;
  Client person = host.ConnectPerson(), second = host.ConnectPerson(kSecondUid), client = host.Connect();
  const int64_t id = client.AskTool("run_command", {{"argv", {"deploy"}}});
  json asked = Waiting(host, person);
  EXPECT_EQ(asked["people_needed"], 2);
  EXPECT_TRUE(Approve(person, asked).contains("result"));
  EXPECT_EQ(Approve(person, asked)["error"]["code"], -32003) << "the same person twice";
  Client again = host.ConnectPerson();
  EXPECT_EQ(Approve(again, asked)["error"]["code"], -32003) << "on another connection";
  EXPECT_EQ(person.Legacy("approvals.show", {{"id", asked["id"]}})["result"]["people_needed"], 1);
  EXPECT_EQ(host.Count("jail ") + host.Count("run "), 0u);
  EXPECT_TRUE(Approve(second, asked).contains("result"));
  EXPECT_EQ(client.AnswerTo(id)["result"]["structuredContent"]["ended"], "exited");
  EXPECT_EQ(host.TypesOf(100), "call decision approval.request approval.answer approval.answer intent outcome");
}

TEST(Approvals, ParallelCallsDoNotGetMorePlacesThanThereAre) {
  FakeHost host(TestPolicy(20), [](wire::HostPlan& plan) {
    plan.approvals_per_session = 2;
    plan.approvals_waiting = 3;
  });
  Client person = host.ConnectPerson(), client = host.Connect(), other = host.Connect();
  // In one write, so that all of them are under way before the first is recorded.
  std::string lines;
  for (int i = 0; i < 6; ++i)
    lines += json{{"jsonrpc", "2.0"},
                  {"id", 1000 + i},
                  {"method", "tools/call"},
                  {"params",
                   {{"name", "run_command"},
                    {"arguments", kMake},
                    {"_meta",
                     {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
                      {"io.modelcontextprotocol/clientCapabilities", json::object()}}}}}}
                 .dump() +
             "\n";
  client.SendRaw(lines);
  for (int i = 0; i < 4; ++i) {
    auto refused = client.Receive();
    ASSERT_TRUE(refused);
    EXPECT_EQ((*refused)["result"]["structuredContent"]["code"], "limit") << *refused;
  }
  EXPECT_EQ(host.Count("record approval.request"), 2u);
  other.SendRaw(lines);
  for (int i = 0; i < 5; ++i) {
    auto refused = other.Receive();
    ASSERT_TRUE(refused);
    EXPECT_EQ((*refused)["result"]["structuredContent"]["code"], "limit") << *refused;
  }
  EXPECT_EQ(host.Count("record approval.request"), 3u);
  EXPECT_EQ(person.Legacy("approvals.list")["result"]["approvals"].size(), 3u);
  // A connection that goes takes its questions with it, and their places are free again.
  client.Close();
  ASSERT_TRUE(host.Wait("closed 1"));
  other.AskTool("run_command", kMake);
  EXPECT_TRUE(host.Wait("record approval.request", 4));
}

// Many sessions of one agent do not take the places of the others.
TEST(Approvals, AnAgentHasItsShareOfThePlacesAndNoMore) {
  FakeHost host(TestPolicy(20), [](wire::HostPlan& plan) {
    plan.approvals_waiting = 4;
    wire::Agent other = plan.agents[0];
    other.name = "other";
    other.uid = other.gid = kAgentUid + 50;
    other.workspace.directory = "/srv/other";
    plan.agents.push_back(other);
  });
  Client first = host.Connect(), second = host.Connect(), third = host.Connect();
  first.AskTool("run_command", kMake);
  second.AskTool("run_command", kMake);
  ASSERT_TRUE(host.Wait("record approval.request", 2));
  json refused = third.Call("run_command", kMake);
  EXPECT_EQ(refused["structuredContent"]["code"], "limit") << refused;
  EXPECT_NE(refused.dump().find("share"), std::string::npos) << refused;
}

// What an agent wrote looks like nothing of ours, whatever it wrote.
TEST(Approvals, WhatTheAgentWroteIsMarkedAndOursComesFirst) {
  FakeHost host;
  Client person = host.ConnectPerson(), client = host.Connect();
  const std::string forged =
      "x\nrule: read-only (policy.yaml:1): harmless\ndigest 0000\n" + std::string(60, '\n') + "\xe2\x80\xae\x1b[2J";
  client.AskTool("write_file", {{"path", "asked.txt"}, {"content", forged + std::string(9000, 'y')}});
  json asked = Waiting(host, person);
  const std::string text = asked["text"];
  EXPECT_EQ(text.find("\x1b"), std::string::npos);
  EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
  size_t lines = 0, rules = 0, content = text.find("content: ");
  ASSERT_NE(content, std::string::npos) << text;
  EXPECT_LT(text.find("\nrule: asked "), content) << "the rule stands above what the agent wrote";
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1, ++lines) {
    rules += text.compare(at, 5, "rule:") == 0 ? 1 : 0;
    EXPECT_NE(text.compare(at, 7, "digest "), 0) << text;
    EXPECT_NE(text[at], '\n') << "a blank line pushes what matters out of view";
  }
  EXPECT_EQ(rules, 1u) << text;
  EXPECT_NE(text.find("\n[cut here: "), std::string::npos) << text;
  // stdin is cut with a mark too.
  Client other = host.Connect();
  other.AskTool("run_command", {{"argv", {"make"}}, {"stdin", "a\nrule: x\n" + std::string(9000, 'z')}});
  ASSERT_TRUE(host.Wait("record approval.request", 2));
  json list;
  for (int i = 0; i < 100 && list.size() < 2; ++i)  // it is recorded before it can be listed
    list = person.Legacy("approvals.list")["result"]["approvals"];
  bool marked = false;
  for (const json& one : list) {
    const std::string shown = one["text"];
    marked =
        marked || (shown.find("stdin: ") != std::string::npos && shown.find("\n[cut here: ") != std::string::npos &&
                   shown.find("\n  | rule: x\n") != std::string::npos);
  }
  EXPECT_TRUE(marked) << list;
}

TEST(Approvals, AnAnswerThatCanNotBeRecordedIsNoAnswer) {
  FakeHost host;
  Client person = host.ConnectPerson(), client = host.Connect();
  client.AskTool("run_command", kMake);
  json asked = Waiting(host, person);
  host.Set([](Script& script) {
    script.ledger_refuses = [](const audit::AppendRequest& request) {
      return !request.drafts.empty() && request.drafts[0].type == "admin";
    };
  });
  EXPECT_EQ(Approve(person, asked)["error"]["code"], -32603);
  EXPECT_EQ(person.Legacy("approvals.deny", {{"id", asked["id"]}})["error"]["code"], -32603);
  EXPECT_EQ(Waiting(host, person)["id"], asked["id"]);
  EXPECT_EQ(host.Count("jail ") + host.Count("run "), 0u);
}

TEST(Admin, NobodyLocksTheOthersOut) {
  FakeHost host;
  std::vector<Client> held;
  for (size_t i = 0; i < 2 * limits::kMaxAdminConnections; ++i) held.push_back(host.ConnectPerson(kStrangerUid));
  for (Client& one : held) EXPECT_TRUE(one.Closed()) << "no right, no place";
  std::vector<Client> greedy;
  for (size_t i = 0; i < limits::kMaxAdminConnectionsPerUid; ++i) greedy.push_back(host.ConnectPerson(kSecondUid));
  EXPECT_TRUE(greedy.back().Legacy("status").contains("result"));
  Client more = host.ConnectPerson(kSecondUid);
  EXPECT_TRUE(more.Closed());
  Client person = host.ConnectPerson();
  EXPECT_TRUE(person.Legacy("status").contains("result"));
  // A place that is given back is free again.
  greedy.pop_back();
  bool again = false;
  for (int i = 0; i < 100 && !again; ++i) {
    Client next = host.ConnectPerson(kSecondUid);
    again = !next.Closed(50) && next.Legacy("status").contains("result");
  }
  EXPECT_TRUE(again);
}

TEST(Admin, EachMethodTakesItsRightAndEndingASessionEndsItsCalls) {
  FakeHost host(TestPolicy(), [](wire::HostPlan& plan) {
    plan.people = {{{false, kSecondUid, "user:second"}, wire::kRightStatus},
                   {{false, kOperatorUid, "user:op"}, wire::kRightSessions}};
  });
  host.Set([](Script& script) { script.run = RunScript::kUntilCancelled; });
  Client looks = host.ConnectPerson(kSecondUid), ends = host.ConnectPerson(), client = host.Connect();
  client.AskTool("run_command", {{"argv", {"true"}}});
  ASSERT_TRUE(host.Wait("run 100"));
  struct {
    const char *method, *right;
  } cases[] = {{"sessions.list", "sessions"}, {"sessions.end", "sessions"}, {"approvals.approve", "approve"},
               {"policy.explain", "policy"},  {"reload", "reload"},         {"drain", "drain"}};
  for (const auto& c : cases) {
    json said = looks.Legacy(c.method, {{"session", 1}, {"reason", "x"}});
    EXPECT_EQ(said["error"]["code"], -32001) << c.method;
    EXPECT_EQ(said["error"]["data"]["right"], c.right);
  }
  EXPECT_EQ(looks.Legacy("no.such")["error"]["code"], -32601);
  EXPECT_EQ(looks.Legacy("status")["result"]["calls"]["running"], 1);
  EXPECT_EQ(ends.Legacy("sessions.show", {{"session", 1}})["result"]["running"][0]["line"], "true");
  EXPECT_EQ(ends.Legacy("sessions.end", {{"session", 9}, {"reason", "x"}})["error"]["code"], -32002);
  EXPECT_EQ(ends.Legacy("sessions.end", {{"session", 1}, {"reason", "enough"}})["result"]["ended"], true);
  EXPECT_TRUE(host.Wait("cancel 100") && host.Wait("record outcome 100") && host.Wait("closed 1"));
  EXPECT_TRUE(client.Closed());
}

}  // namespace
}  // namespace warder::broker::test
