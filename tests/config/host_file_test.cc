// Is the host file read strictly, and does what it grants stay apart?
#include "config/host_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/archive.h"

namespace warder::config {
namespace {

class FakeAccounts : public Accounts {
 public:
  std::vector<User> users{{"root", 0, 0},           {"warder", 901, 901}, {"warder-ledger", 902, 902},
                          {"agent-ci", 1001, 1001}, {"dev", 1002, 1002},  {"lead", 1003, 1003},
                          {"stranger", 1004, 1004}};
  std::vector<Group> groups{{"root", 0, {}}, {"warder-admin", 910, {"lead"}}, {"oncall", 911, {}}};
  std::vector<IdRange> subordinate{{100000, 165535, "/etc/subuid: dev"}};
  std::vector<User> Users() override { return users; }
  std::vector<Group> Groups() override { return groups; }
  std::vector<IdRange> Subordinate() override { return subordinate; }
  std::string HostName() override { return "build-07"; }
};

constexpr const char* kWhole = R"(host: 1
name: build-07
paths: { state: /var/lib/warder, run: /run/warder, stop-file: /etc/warder/stop }
identities:
  broker: warder
  ledger: warder-ledger
  session-uids: 1900000000..1900065535
people:
  - { who: "group:warder-admin", may: [status, sessions, policy, reload, drain] }
  - { who: "user:lead", may: [approve] }
bounds:
  trees: [/srv/work]
  sources: [/var/log]
  roots: [host-usr]
  limits: { wall: 1h, memory: 8GiB, pids: 2048, disk: 20GiB, output: 64MiB }
  jails: { running: 64, warm: 0 }
  tier-floor: namespace
policy:
  owners: [root]
  layers: { project: { api: /etc/warder/policy/api.yaml } }
agents:
  ci-fixer:
    uid: agent-ci
    group: ci
    layers: { project: api }
    profile: unattended
    workspaces: [{ dir: /srv/work/api, owner: dev, also: [stranger] }]
    sessions: 4
    approvers: ["user:lead", "group:oncall"]
ledger: { dir: /var/lib/warder/log, segment: 64MiB, free-space: { warn: 2GiB, refuse: 512MiB } }
approvals: { timeout: 10m, waiting: 100, per-session: 5 }
)";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(HostFile, TheWholeFileBecomesAPlan) {
  FakeAccounts accounts;
  HostResult host = LoadHostFile(kWhole, accounts);
  ASSERT_TRUE(host.problems.empty()) << host.Describe("F");
  const wire::HostPlan& plan = host.plan;
  EXPECT_EQ(plan.broker_uid, 901u);
  EXPECT_EQ(plan.ledger_uid, 902u);
  EXPECT_EQ(plan.admin_gid, 910u);
  ASSERT_EQ(plan.people.size(), 2u);
  EXPECT_TRUE(plan.people[0].who.group);
  EXPECT_EQ(plan.people[1].may, static_cast<uint32_t>(wire::kRightApprove));
  ASSERT_EQ(plan.agents.size(), 1u);
  const wire::Agent& agent = plan.agents[0];
  EXPECT_EQ(agent.uid, 1001u);
  ASSERT_EQ(agent.policies.size(), 1u);
  EXPECT_EQ(agent.policies[0].layer, "project");
  EXPECT_EQ(agent.policies[0].path, "/etc/warder/policy/api.yaml");
  EXPECT_EQ(agent.workspace.owner_uid, 1002u);
  EXPECT_EQ(agent.workspace.also_uids, std::vector<uint32_t>{1004});
  EXPECT_EQ(agent.approvers.size(), 2u);
  EXPECT_EQ(agent.sessions, 4u);
  EXPECT_EQ(plan.bounds.limits.memory_bytes, 8ull << 30);
}

TEST(HostFile, LayersBindAnAgentFromTheUpperDown) {
  FakeAccounts accounts;
  std::string text =
      Replaced(kWhole, "{ project: { api:", "{ team: { pay: /etc/t.yaml }, org: [/etc/o.yaml], project: { api:");
  text = Replaced(text, "layers: { project: api }", "layers: { project: api, team: pay }");
  HostResult host = LoadHostFile(text, accounts);
  ASSERT_TRUE(host.problems.empty()) << host.Describe("F");
  const std::vector<wire::LayerFile> expected = {
      {"org", "/etc/o.yaml"}, {"team", "/etc/t.yaml"}, {"project", "/etc/warder/policy/api.yaml"}};
  EXPECT_EQ(host.plan.agents[0].policies, expected);
  HostResult shown = LoadHostFile(ShowHost(host.plan), accounts);
  ASSERT_TRUE(shown.problems.empty()) << shown.Describe("F") << ShowHost(host.plan);
  EXPECT_EQ(shown.plan.agents[0].policies, expected);
  // The org's layer alone is a policy too.
  text = Replaced(
      Replaced(kWhole, "layers: { project: { api: /etc/warder/policy/api.yaml } }", "layers: { org: [/etc/o.yaml] }"),
      "layers: { project: api }", "layers: {}");
  host = LoadHostFile(text, accounts);
  ASSERT_TRUE(host.problems.empty()) << host.Describe("F");
  EXPECT_EQ(host.plan.agents[0].policies, std::vector<wire::LayerFile>({{"org", "/etc/o.yaml"}}));
  shown = LoadHostFile(ShowHost(host.plan), accounts);
  ASSERT_TRUE(shown.problems.empty()) << shown.Describe("F") << ShowHost(host.plan);
}

TEST(HostFile, OneLineIsEnoughAndServesNobody) {
  FakeAccounts accounts;
  HostResult host = LoadHostFile("host: 1\n", accounts);
  ASSERT_TRUE(host.problems.empty()) << host.Describe("F");
  EXPECT_TRUE(host.plan.agents.empty());
  EXPECT_TRUE(host.plan.people.empty());
  EXPECT_TRUE(host.plan.bounds.trees.empty());
  EXPECT_EQ(host.plan.name, "build-07");
  EXPECT_EQ(host.plan.ledger.directory, "/var/lib/warder/log");
}

TEST(HostFile, NumbersNeedNoAccounts) {
  FakeAccounts accounts;
  accounts.users = {{"root", 0, 0}};
  accounts.groups = {{"root", 0, {}}};
  HostResult host = LoadHostFile(
      "host: 1\nidentities: { broker: 1800000001, ledger: 1800000002, admin-group: 1800000003, "
      "session-uids: 1900000000..1900000099 }\n"
      "people: [{ who: \"user:1800000005\", may: [approve] }]\nbounds: { trees: [/tmp/w] }\n"
      "policy: { layers: { project: { a: /tmp/p.yaml } } }\n"
      "agents: { a: { uid: 1800000004, layers: { project: a }, workspaces: [{ dir: /tmp/w/a, "
      "owner: 1800000006 }], approvers: [\"user:1800000005\"] } }\n",
      accounts);
  ASSERT_TRUE(host.problems.empty()) << host.Describe("F");
  EXPECT_EQ(host.plan.agents[0].gid, 1800000004u);
  EXPECT_EQ(host.plan.agents[0].workspace.owner_gid, 1800000006u);
}

struct Change {
  const char* from;
  const char* to;
  const char* word;
};

TEST(HostFile, EachBadChangeIsRefusedWithItsReason) {
  const Change kChanges[] = {
      {"host: 1", "host: 2", "version"},
      {"host: 1", "nost: 1", "without `host`"},
      {"uid: agent-ci", "uid: nobody-here", "no user"},
      {"    uid: agent-ci\n", "", "without `uid`"},
      {"uid: agent-ci", "uid: warder", "as the broker"},
      {"uid: agent-ci", "uid: 1900000005", "of session-uids"},
      {"uid: agent-ci", "uid: lead", "never gets in"},
      {"uid: agent-ci", "uid: 4294967295", "no user"},
      {"owner: dev", "owner: root", "uid 0 owns no workspace"},
      {"owner: dev", "owner: 0", "uid 0 owns no workspace"},
      {"owner: dev", "owner: warder-ledger", "warder's own processes"},
      {"owner: dev", "owner: 1900000001", "session-uids"},
      {"also: [stranger]", "also: [0]", "never mapped"},
      {"ledger: warder-ledger", "ledger: warder", "as the broker"},
      {"broker: warder\n", "broker: root\n", "uid 0"},
      {"1900000000..1900065535", "900..1100", "system accounts"},
      {"1900000000..1900065535", "1000..2000", "the user \"agent-ci\""},
      {"1900000000..1900065535", "100000..100010", "/etc/subuid"},
      {"1900000000..1900065535", "1000000000..1000000010", "containers"},
      {"1900000000..1900065535", "1900000000..1910000000", "more than"},
      {"1900000000..1900065535", "1900000009..1900000000", "not a range"},
      {"dir: /srv/work/api", "dir: /srv/work-evil/api", "beneath no tree"},
      {"dir: /srv/work/api", "dir: /srv/work/../api", "clean absolute path"},
      {"trees: [/srv/work]", "trees: [/]", "whole host"},
      {"trees: [/srv/work]", "trees: []", "empty list"},
      {"sources: [/var/log]", "sources: [/var]", "own directories"},
      {"owners: [root]", "owners: [root, agent-ci]", "rewrite its own policy"},
      {"owners: [root]", "owners: [warder]", "own processes"},
      {"owners: [root]", "owners: [1900000007]", "own processes"},
      {"api: /etc/warder/policy/api.yaml", "api: /srv/work/api/policy.yaml", "could rewrite it"},
      {"api: /etc/warder/policy/api.yaml", "api: /etc/p.yaml, other: /srv/work/api/conf/p.yaml", "could rewrite it"},
      {"stop-file: /etc/warder/stop", "stop-file: /srv/work/api/stop", "could rewrite it"},
      {"sources: [/var/log]", "sources: [/proc/1]", "the kernel's"},
      {"state: /var/lib/warder", "state: /srv/work/api/state", "own directories"},
      {"roots: [host-usr]", "roots: [\"image:dev\"]", "not built"},
      {"warm: 0", "warm: 8", "not built"},
      {"tier-floor: namespace", "tier-floor: landlock", "not built"},
      {"{ project: { api:", "{ org: [/etc/o.yaml, /etc/p.yaml], project: { api:", "two org layers"},
      {"{ project: { api:", "{ org: [], project: { api:", "empty list"},
      {"{ project: { api:", "{ org: [/srv/work/api/o.yaml], project: { api:", "could rewrite it"},
      {"{ project: { api:", "{ team: { t: /srv/work/api/t.yaml }, project: { api:", "could rewrite it"},
      {"{ project: { api:", "{ workspace: { w: /etc/w.yaml }, project: { api:", "not a key"},
      {"layers: { project: api }", "layers: { org: x, project: api }", "does not choose"},
      {"layers: { project: api }", "layers: {}", "no policy binds"},
      {"layers: { project: api }", "layers: { project: apy }", "did you mean `api`"},
      {"layers: { project: api }", "layers: { team: x, project: api }", "not in policy.layers.team"},
      {"[{ dir: /srv/work/api, owner: dev, also: [stranger] }]",
       "[{ dir: /srv/work/api, owner: dev }, { dir: /srv/work/b, owner: dev }]", "more than one workspace"},
      {"who: \"user:lead\"", "who: lead", "neither a user nor a group"},
      {"who: \"user:lead\"", "who: \"user:stranger\"", "not in the admin socket's group"},
      {"may: [approve]", "may: [aprove]", "did you mean `approve`"},
      {"approvers: [\"user:lead\"", "approvers: [\"user:agent-ci\"", "never gets in"},
      {"sessions: 4", "sessions: 0", "not a count"},
      {"wall: 1h", "wall: 60", "not a time"},
      {"segment: 64MiB", "segment: 1KiB", "no size for a segment"},
      {"refuse: 512MiB", "refuse: 4GiB", "refuses before it warns"},
      {"segment: 64MiB", "segment: 64MiB, keep: { tree: forever }", "not built"},
      {"segment: 64MiB", "segment: 64MiB, checkpoint: { every: 1s }", "not built"},
      {"approvals:", "trash: { keep: 7d }\napprovals:", "not built"},
      {"approvals:", "notify: [{ id: a, on: [run], command: [a] }]\napprovals:", "not built"},
      {"approvals:", "metrics: { listen: \"127.0.0.1:9464\" }\napprovals:", "not built"},
      {"approvals:", "log: { to: journal }\napprovals:", "not built"},
      {"  broker: warder\n", "  broker: warder\n  notify: x\n", "not built"},
      {"  ci-fixer:", "  CI:", "not the name of an agent"},
      {"host: 1", "host: 1\nhost: 1", "is there already"},
  };
  FakeAccounts accounts;
  for (const Change& change : kChanges) {
    HostResult host = LoadHostFile(Replaced(kWhole, change.from, change.to), accounts);
    EXPECT_NE(host.Describe("F").find(change.word), std::string::npos)
        << change.from << " -> " << change.to << "\nsaid: " << host.Describe("F");
    for (const auto& problem : host.problems) EXPECT_FALSE(problem.remedy.empty()) << problem.what;
  }
}

TEST(HostFile, WorkspacesOfTwoAgentsNeverMeet) {
  FakeAccounts accounts;
  for (const char* other : {"/srv/work/api", "/srv/work/api/inner", "/srv/work"}) {
    std::string text = Replaced(kWhole, "agents:\n",
                                std::string("agents:\n  second:\n    uid: stranger\n    layers: { project: api }\n") +
                                    "    workspaces: [{ dir: " + other + ", owner: dev }]\n");
    HostResult host = LoadHostFile(Replaced(text, "also: [stranger]", "also: [dev]"), accounts);
    EXPECT_NE(host.Describe("F").find("meet"), std::string::npos) << other << ": " << host.Describe("F");
  }
  std::string text = Replaced(kWhole, "agents:\n",
                              "agents:\n  second:\n    uid: stranger\n    layers: { project: api }\n"
                              "    workspaces: [{ dir: /srv/work/api-two, owner: dev }]\n");
  HostResult apart = LoadHostFile(text, accounts);
  EXPECT_TRUE(apart.problems.empty()) << apart.Describe("F");
}

TEST(HostFile, LiesInNoWorkspaceItself) {
  FakeAccounts accounts;
  EXPECT_NE(LoadHostFile(kWhole, accounts, "/srv/work/api/warder.yaml").Describe("F").find("could rewrite it"),
            std::string::npos);
  HostResult beside = LoadHostFile(kWhole, accounts, "/srv/work/api.yaml");
  EXPECT_TRUE(beside.problems.empty()) << beside.Describe("F");
}

// What `warder host show` prints is a host file, and the same one.
TEST(HostFile, ShownItLoadsAsTheSamePlan) {
  FakeAccounts accounts;
  for (const char* text : {kWhole, "host: 1\n", "host: 1\npaths: { state: \"/var/a\\tb\\\"\\\\c\\nd\" }\n",
                           "host: 1\npaths: { state: /var/two\n\n lines }\n"}) {
    HostResult first = LoadHostFile(text, accounts);
    ASSERT_TRUE(first.problems.empty()) << first.Describe("F");
    std::string shown = ShowHost(first.plan);
    HostResult second = LoadHostFile(shown, accounts);
    ASSERT_TRUE(second.problems.empty()) << second.Describe("F") << shown;
    second.plan.digest = first.plan.digest;
    EXPECT_EQ(second.plan.agents.size(), first.plan.agents.size());
    wire::HostPlan named = first.plan;  // names of subjects are numbers once shown
    for (auto& person : named.people)
      person.who.name = (person.who.group ? "group:" : "user:") + std::to_string(person.who.id);
    for (auto& agent : named.agents)
      for (auto& who : agent.approvers) who.name = (who.group ? "group:" : "user:") + std::to_string(who.id);
    EXPECT_EQ(flat::EncodeMessage(named), flat::EncodeMessage(second.plan));
  }
}

// The page by which people install a host holds a file that loads on a machine with the users that it makes.
TEST(HostFile, TheOneInTheInstallPageLoads) {
  std::ifstream page(WARDER_SOURCE_DIR "/docs/install.md");
  const std::string text((std::istreambuf_iterator<char>(page)), {});
  const size_t begin = text.find("```yaml\n"), end = text.find("```", begin + 8);
  ASSERT_NE(end, std::string::npos);
  FakeAccounts accounts;
  accounts.users.push_back({"ci-agent", 1005, 1005});
  const std::string file = text.substr(begin + 8, end - begin - 8);
  HostResult host = LoadHostFile(file, accounts, "/etc/warder/warder.yaml");
  EXPECT_TRUE(host.problems.empty()) << host.Describe("/etc/warder/warder.yaml");
  Status held = wire::ValidateHost(host.plan, false);
  EXPECT_TRUE(held) << held.error().what;
  ASSERT_EQ(host.plan.agents.size(), 1u);
  EXPECT_EQ(host.plan.agents[0].workspace.directory, "/srv/work/api");
}

}  // namespace
}  // namespace warder::config
