// Do layers, programs inside a jail, counters, networks and tools mean what the language says?
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "policy/match.h"
#include "policy/tool_schema.h"
#include "policy/url.h"
#include "tests/policy/policy_files.h"

namespace warder::policy {
namespace {

std::string Layer(const std::string& kind, const std::string& rest) {
  return "policy: 1\nlayer: " + kind + "\nid: t/" + kind + "\n" + rest;
}

// Programs are bound to the same file in every layer; the world is tidy and empty of counts.
PolicySet Bound(const std::vector<std::string>& texts) {
  std::vector<std::shared_ptr<const Policy>> layers;
  for (size_t i = 0; i < texts.size(); ++i) {
    auto policy = std::make_shared<Policy>(Loaded(texts[i], "F" + std::to_string(i)));
    for (Program& program : policy->programs)
      program.files = {{"/usr/bin/" + program.name, 1, std::hash<std::string>()(program.name), std::nullopt}};
    layers.push_back(std::move(policy));
  }
  auto set = PolicySet::Make(std::move(layers));
  EXPECT_TRUE(set.has_value());
  return std::move(*set);
}

Facts Tidy(const PolicySet& set, const Call& call) {
  Facts facts;
  facts.workspace = "/ws";
  const Wanted wanted = Want(set, call);
  for (const WantedPath& path : wanted.paths)
    facts.paths.push_back(
        {true, "", path.text[0] == '/' ? path.text : "/ws/" + path.text, true, path.is_directory, 1, 1});
  for (const WantedProgram& program : wanted.programs)
    facts.programs.push_back({true, "", program.path, 1,
                              std::hash<std::string>()(program.path.substr(program.path.rfind('/') + 1)), std::nullopt,
                              true, true, false});
  facts.counters.assign(wanted.counters.size(), {true, 0});
  return facts;
}

Call Line(const std::string& text, bool inside = false) {
  Call call;
  call.line = ReadLine(text);
  call.opaque_text = text;
  call.inside = inside;
  return call;
}

Decision Ask(const PolicySet& set, const Call& call, const std::string& profile = "") {
  return Decide(set, call, Tidy(set, call), profile);
}
std::string Say(const PolicySet& set, const Call& call, const std::string& profile = "") {
  const Decision d = Ask(set, call, profile);
  return std::string(LevelName(d.level)) + " " + d.rule + " " + d.layer;
}

const std::string kGit = "exec:\n  - { id: git, level: auto, action: git, argv: [git, ...] }\n";

TEST(Layers, EachMatterIsJudgedByAllThatSpeakOfIt) {
  const std::string project = Layer("project", kGit);
  EXPECT_EQ(Say(Bound({project}), Line("git status")), "auto git project");
  EXPECT_EQ(Say(Bound({project, Layer("org", "limits: { wall: 2m }\n")}), Line("git status")), "auto git project")
      << "a layer without the section says nothing";
  EXPECT_EQ(Say(Bound({project, Layer("org", "exec:\n  - { id: ls, level: auto, argv: [ls] }\n")}), Line("git status")),
            "forbid no-rule org");
  const std::string pass = "unmatched: { exec: pass }\nexec:\n  - { id: never, forbid: no, argv: [git, push, ...] }\n";
  EXPECT_EQ(Say(Bound({project, Layer("org", pass)}), Line("git status")), "auto git project");
  EXPECT_EQ(Say(Bound({project, Layer("org", pass)}), Line("git push x")), "forbid never org");
  EXPECT_EQ(Say(Bound({Layer("org", pass)}), Line("git status")), "forbid no-rule ")
      << "what every layer passes on is forbidden";
  EXPECT_EQ(Say(Bound({Layer("org", "limits: { wall: 2m }\n")}), Line("git status")), "forbid no-rule ")
      << "a matter of which no layer speaks";
}

TEST(Layers, AListOfAnyLayerBindsTheActionWhoseverRuleNamedIt) {
  const std::string org = Layer("org", "default-profile: p\nprofiles:\n  p: { approve: [git] }\n");
  EXPECT_EQ(Say(Bound({Layer("project", kGit), org}), Line("git status")), "approve git org");
  const std::string silent =
      Layer("org", "default-profile: p\nprofiles:\n  p: { otherwise: forbid, auto: [read_file] }\n");
  EXPECT_EQ(Say(Bound({Layer("project", kGit), silent}), Line("git status")), "auto git project")
      << "its silence binds only its own rules";
  // A layer that lacks the chosen profile takes its own default; one that none has is refused.
  const std::string night =
      Layer("project", kGit + "default-profile: day\nprofiles:\n  day: { auto: [git] }\n  night: { forbid: [git] }\n");
  EXPECT_EQ(Say(Bound({night, org}), Line("git status"), "night"), "forbid git project");
  EXPECT_EQ(Say(Bound({night, org}), Line("git status"), "nigth"), "forbid profile ");
}

// A cloned repository, or the agent's last call, can narrow and never widen.
TEST(Layers, AWorkspacesOwnPolicyOnlyNarrows) {
  const std::string project = Layer("project", kGit + "environment: { pass: [CI] }\n");
  const std::string grabs = Layer("workspace",
                                  "programs: { git: /ws/evil }\n"
                                  "exec:\n  - { id: all, level: auto, argv: [[git, sudo], ...] }\n"
                                  "paths:\n  - { id: everything, level: auto, may: [read], match: [\"/**\"] }\n"
                                  "environment: { pass: [CI, TZ] }\nworkspace: { mode: direct, executable: yes "
                                  "}\ninside: { no-rule: allow }\n"
                                  "default-profile: mine\nprofiles:\n  mine: { otherwise: auto }\n");
  const PolicySet set = Bound({project, grabs});
  EXPECT_EQ(Ask(set, Line("git status")).level, Level::kAuto);
  EXPECT_EQ(Ask(set, Line("sudo id")).level, Level::kForbid);
  EXPECT_EQ(Ask(set, Line("git status > /etc/x")).level, Level::kForbid);
  EXPECT_EQ(Ask(set, Line("TZ=x git status")).level, Level::kForbid);
  EXPECT_EQ(Ask(set, Line("git status"), "mine").level, Level::kForbid) << "its profile makes no name known";
  EXPECT_FALSE(set.settings().executable);
  EXPECT_EQ(set.settings().workspace_mode, WorkspaceMode::kCopyOnWrite);
  EXPECT_EQ(set.settings().inside.no_rule, InsideNoRule::kForbid);
  Call file;
  file.tool = Tool::kReadFile;
  file.path = "/etc/passwd";
  EXPECT_EQ(Ask(set, file).level, Level::kForbid) << "no layer above speaks of paths";
  // Even where a layer above only passes on.
  const std::string org =
      Layer("org", "unmatched: { exec: pass }\nexec:\n  - { id: n, forbid: no, argv: [rm, ...] }\n");
  EXPECT_EQ(Ask(Bound({org, grabs}), Line("sudo id")).level, Level::kForbid);
  const std::string narrows =
      Layer("workspace", "exec:\n  - { id: look, level: auto, argv: [git, [status, log], ...] }\n");
  EXPECT_EQ(Ask(Bound({project, narrows}), Line("git push")).level, Level::kForbid);
  EXPECT_EQ(Ask(Bound({project, narrows}), Line("git log")).level, Level::kAuto);
}

TEST(Layers, SettingsAreTheStrictestOfThoseThatSayThem) {
  const PolicySet set = Bound({Layer("org",
                                     "limits: { wall: 2m, pids: 9 }\ninside: { no-rule: allow, approve: ask }\n"
                                     "workspace: { mode: direct, apply: auto, executable: yes, trash: { keep: 1d, "
                                     "max: 2GiB } }\n"
                                     "jail: { tier: landlock }\nenvironment: { pass: [CI, TZ] }\nrequire-reason: "
                                     "[read_file]\n"),
                               Layer("project",
                                     "limits: { wall: 3m, memory: 1GiB }\ninside: { no-rule: allow }\n"
                                     "workspace: { mode: copy-on-write, apply: review, executable: no, trash: { "
                                     "keep: 7d, max: 1GiB } }\n"
                                     "jail: { tier: oci, root: host-usr }\nenvironment: { pass: [CI] "
                                     "}\nrequire-reason: [delete_file]\n")});
  const Settings& s = set.settings();
  EXPECT_EQ(s.limits.wall_ms, 120'000u);
  EXPECT_EQ(s.limits.pids, 9u);
  EXPECT_EQ(s.limits.memory_bytes, 1ull << 30);
  EXPECT_EQ(s.inside.no_rule, InsideNoRule::kAllow);
  EXPECT_EQ(s.inside.approve, InsideApprove::kForbid);
  EXPECT_EQ(s.workspace_mode, WorkspaceMode::kCopyOnWrite);
  EXPECT_EQ(s.apply, Apply::kReview);
  EXPECT_FALSE(s.executable);
  EXPECT_EQ(s.trash.keep_ms, 7u * 86'400'000);
  EXPECT_EQ(s.trash.max_bytes, 1ull << 30);
  EXPECT_EQ(s.tier, Tier::kOci);
  EXPECT_EQ(s.environment_pass, std::vector<std::string>{"CI"});
  EXPECT_EQ(s.require_reason.size(), 2u);
}

TEST(Layers, WhatDoesNotAgreeIsRefused) {
  auto problem = [](const std::vector<std::string>& texts) {
    std::vector<std::shared_ptr<const Policy>> layers;
    for (const std::string& text : texts) layers.push_back(std::make_shared<Policy>(Loaded(text)));
    auto set = PolicySet::Make(std::move(layers));
    return set ? std::string() : set.error().front().problem.what;
  };
  EXPECT_NE(problem({}), "");
  EXPECT_NE(problem({Layer("org", ""), Layer("org", "")}).find("a second org layer"), std::string::npos);
  EXPECT_NE(problem({Layer("org", "programs: { k: /a/k }\n"), Layer("team", "programs: { k: /b/k }\n")})
                .find("another program"),
            std::string::npos);
  EXPECT_EQ(problem({Layer("org", "programs: { k: /a/k }\n"), Layer("team", "programs: { k: /a/k }\n")}), "");
  EXPECT_NE(problem({Layer("org", "jail: { root: host-usr }\n"), Layer("team", "jail: { root: \"image:dev\" }\n")})
                .find("root"),
            std::string::npos);
}

TEST(Layers, TestsRunWithAllLayersAndAStricterOneFailsNothing) {
  const std::string project = Layer("project", kGit + "tests:\n  - { run: \"git push\", expect: auto, by: git }\n");
  const std::string org = Layer("org",
                                "unmatched: { exec: pass }\nexec:\n  - { id: no-push, forbid: no, "
                                "argv: [git, push, ...] }\n");
  EXPECT_TRUE(RunExamples(Bound({project})).empty());
  const auto told = RunExamples(Bound({project, org}));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_FALSE(told[0].fails) << "an org can always tighten";
  // Looser than expected fails, and a layer that is stricter by itself.
  EXPECT_TRUE(
      RunExamples(Bound({Layer("project", kGit + "tests:\n  - { run: \"git push\", expect: approve }\n")}))[0].fails);
  EXPECT_TRUE(RunExamples(Bound({Layer("project", kGit + "tests:\n  - { run: \"ls\", expect: auto }\n")}))[0].fails);
}

TEST(Inside, RulesAndTheRest) {
  const std::string rules =
      "exec:\n  - { id: make, level: auto, argv: [make, ...] }\n  - { id: push, level: approve, "
      "argv: [git, push, ...] }\n"
      "  - { id: look, only: inside, level: auto, argv: [git, describe] }\n  - { id: scripts, "
      "only: call, level: approve, argv: [sh, -c, { text: 99 }] }\n"
      "  - { id: never, forbid: no, argv: [sudo, ...] }\n";
  const PolicySet allow = Bound({Layer("project", rules + "inside: { no-rule: allow }\n")});
  EXPECT_EQ(Ask(allow, Line("git describe")).level, Level::kForbid) << "only: inside";
  EXPECT_EQ(Ask(allow, Line("git describe", true)).level, Level::kAuto);
  EXPECT_EQ(Ask(allow, Line("make all", true)).level, Level::kAuto);
  EXPECT_EQ(Ask(allow, Line("cc -c x.c", true)).level, Level::kAuto) << "inside.no-rule";
  EXPECT_EQ(Ask(allow, Line("sh -c x", true)).level, Level::kAuto) << "a rule for calls alone does not name it";
  EXPECT_EQ(Ask(allow, Line("git push --force x", true)).level, Level::kForbid) << "inside.approve";
  EXPECT_EQ(Ask(allow, Line("git stash", true)).level, Level::kForbid) << "a rule that asks names the program";
  EXPECT_EQ(Ask(allow, Line("sudo id", true)).level, Level::kForbid);
  const PolicySet ask = Bound({Layer("project", rules + "inside: { no-rule: allow, approve: ask }\n")});
  EXPECT_EQ(Ask(ask, Line("git push x", true)).level, Level::kApprove);
  EXPECT_EQ(Ask(ask, Line("git stash", true)).level, Level::kApprove);
  const PolicySet forbid = Bound({Layer("project", rules)});
  EXPECT_EQ(Ask(forbid, Line("cc -c x.c", true)).level, Level::kForbid) << "the default";
  EXPECT_EQ(
      Ask(Bound({Layer("project", "limits: { wall: 2m }\ninside: { no-rule: allow }\n")}), Line("cc x", true)).level,
      Level::kForbid)
      << "no layer speaks of programs";
  Call loaded = Line("make all", true);
  loaded.environment = {{"LD_PRELOAD", "/ws/p.so"}, {"HOME", "/"}};
  EXPECT_EQ(Ask(allow, loaded).level, Level::kForbid);
  Call loader = Line("/lib64/ld-linux-x86-64.so.2 /ws/x", true);
  EXPECT_EQ(Ask(allow, loader).level, Level::kForbid);
  Call gone = Line("make all", true);
  Facts facts = Tidy(allow, gone);
  facts.programs[0].found = false;
  EXPECT_EQ(Decide(allow, gone, facts, "").level, Level::kForbid) << "a memfd, a deleted file";
}

TEST(Network, HostsAreJudgedByEveryLayer) {
  const std::string net =
      "network:\n  - { id: hub, level: approve, hosts: [hub.org], ports: [443] }\n"
      "  - { id: all, level: auto, hosts: [\"*.in.org\"], ports: [443, 80], methods: [GET] }\n"
      "  - { id: bad, forbid: no, hosts: [evil.in.org] }\n";
  const PolicySet set =
      Bound({Layer("project", net + "exec:\n  - { id: push, level: auto, argv: [git, push], network: [hub] }\n  "
                                    "- { id: fetch, level: auto, argv: [get, { host: 443 }] }\n"
                                    "  - { id: plain, level: auto, argv: [git, status] }\n")});
  auto http = [](const std::string& url, const std::string& method = "GET") {
    Call call;
    call.tool = Tool::kHttpRequest;
    const auto read = ReadUrl(url);
    if (read) call.host = {read->host, read->port, method};
    return call;
  };
  EXPECT_EQ(Say(set, http("https://hub.org/")), "approve hub project");
  EXPECT_EQ(Say(set, http("https://HUB.org./")), "approve hub project");
  EXPECT_EQ(Say(set, http("https://hub.org:8443/")), "forbid no-host project");
  EXPECT_EQ(Say(set, http("https://a.in.org/")), "auto all project");
  EXPECT_EQ(Say(set, http("https://a.in.org/", "POST")), "forbid no-host project");
  EXPECT_EQ(Say(set, http("https://in.org/")), "forbid no-host project") << "below the domain only";
  EXPECT_EQ(Say(set, http("https://xin.org/")), "forbid no-host project");
  EXPECT_EQ(Say(set, http("https://evil.in.org/")), "forbid bad project");
  EXPECT_EQ(Ask(set, Line("git push")).level, Level::kApprove) << "the rule that it reaches is joined";
  EXPECT_EQ(Ask(set, Line("git push")).reach[0].groups.size(), 1u);
  EXPECT_TRUE(Ask(set, Line("git status")).reach[0].groups[0].empty()) << "no network";
  EXPECT_EQ(Ask(set, Line("get a.in.org")).level, Level::kAuto);
  EXPECT_EQ(Ask(set, Line("get other.org")).level, Level::kForbid);
  const std::string org = Layer("org", "network:\n  - { id: none, level: auto, hosts: [in.org], ports: [443] }\n");
  std::vector<std::shared_ptr<const Policy>> both = {set.layers()[0], std::make_shared<Policy>(Loaded(org))};
  EXPECT_EQ(Say(std::move(*PolicySet::Make(both)), http("https://hub.org/")), "forbid no-host org");
  for (const char* bad : {"ftp://x.org", "https://u@x.org", "https://x.org#f", "https://[::1]/", "https:///x",
                          "https://x.org:0/", "https://x.org:99999/", "https://x_y.org/", "https://x..org/",
                          "https://%78.org/", "//x.org", "https://x.org\\@y/", "http://0x7f.1/", "http://2130706433/",
                          "http://127.1/", "http://0177.0.0.1/", "http://1.2.3.256/"})
    EXPECT_FALSE(ReadUrl(bad).has_value()) << bad;
}

// A store as small as one can be, to show what the interface asks of a real one.
class SmallCounters : public Counters {
 public:
  std::vector<CounterFact> Peek(std::span<const CounterNeed> needs, const std::string&) override {
    std::lock_guard lock(mutex_);
    return Facts(needs);
  }
  Answer CheckAndCount(std::span<const CounterNeed> needs, const std::string&) override {
    std::lock_guard lock(mutex_);
    Answer answer{true, Facts(needs)};
    for (size_t i = 0; i < needs.size(); ++i) answer.counted &= HasRoom(needs[i], answer.facts[i]);
    if (answer.counted)
      for (const CounterNeed& need : needs) ++used_[need.id];
    return answer;
  }
  void Release(std::span<const CounterNeed> needs) override {
    std::lock_guard lock(mutex_);
    for (const CounterNeed& need : needs)
      if (need.kind == CounterKind::kLease) --used_[need.id];
  }

 private:
  std::vector<CounterFact> Facts(std::span<const CounterNeed> needs) {
    std::vector<CounterFact> facts;
    for (const CounterNeed& need : needs) facts.push_back({true, used_[need.id]});
    return facts;
  }
  std::mutex mutex_;
  std::map<std::string, uint64_t> used_;
};

TEST(Counters, AttemptsLeasesAndBreakersForbidWhereTheyAreFull) {
  const PolicySet set = Bound({Layer("project",
                                     "exec:\n  - { id: restart, level: auto, argv: [svc], attempts: { max: 3, per: "
                                     "1h }, lease: staging }\n"
                                     "  - { id: other, level: auto, argv: [ls] }\nsession: { calls: { max: 5 }, "
                                     "same-call: { max: 2, within-last: 9 } }\n")});
  const Call call = Line("svc");
  const Wanted wanted = Want(set, call);
  ASSERT_EQ(wanted.counters.size(), 4u);
  Facts facts = Tidy(set, call);
  const Decision free = Decide(set, call, facts, "");
  EXPECT_EQ(free.level, Level::kAuto);
  EXPECT_EQ(free.counts.size(), 4u);
  EXPECT_EQ(free.leases, std::vector<std::string>{"staging"});
  for (size_t i = 0; i < wanted.counters.size(); ++i) {
    Facts full = facts;
    full.counters[i].used = wanted.counters[i].breaker.max;
    EXPECT_EQ(Decide(set, call, full, "").level, Level::kForbid) << wanted.counters[i].id;
    full.counters[i] = {false, 0};
    EXPECT_EQ(Decide(set, call, full, "").level, Level::kForbid) << "not known: " << wanted.counters[i].id;
    full.counters.resize(i);
    EXPECT_EQ(Decide(set, call, full, "").level, Level::kForbid) << "not looked up: " << wanted.counters[i].id;
  }
  EXPECT_EQ(Want(set, Line("ls")).counters.size(), 2u) << "the session's alone";
  Call own;
  own.tool = Tool::kNone;
  EXPECT_TRUE(Want(set, own).counters.empty());
}

TEST(Counters, TwoCallsNeverTakeTheLastPlace) {
  const PolicySet set = Bound(
      {Layer("project", "exec:\n  - { id: restart, level: auto, argv: [svc], attempts: { max: 100, per: 1h } }\n")});
  const Call call = Line("svc");
  SmallCounters store;
  std::atomic<int> ran = 0, refused = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        Facts facts = Tidy(set, call);
        facts.counters = store.Peek(Want(set, call).counters, "svc");
        Decision d = Decide(set, call, facts, "");
        if (d.level == Level::kAuto) {
          auto answer = store.CheckAndCount(d.counts, "svc");
          if (answer.counted) {
            ++ran;
            continue;
          }
          facts.counters = answer.facts;
          d = Decide(set, call, facts, "");
        }
        EXPECT_EQ(d.level, Level::kForbid);
        EXPECT_EQ(d.rule, "restart");
        ++refused;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, 100);
  EXPECT_EQ(refused, 300);
}

TEST(Tools, SchemaAndCheckAreTheSameValues) {
  const Policy p = Loaded(Layer("project",
                                "exec:\n  - id: t\n    level: auto\n    argv: [run, all, { flags: "
                                "[-q] }, { int: 1..9, as: count }, { re: \"[a-z]+\", as: name, "
                                "repeat: 0..1 }, --, { path: read, repeat: 1..3, as: files }]\n"
                                "    tool: { name: run_all, description: Runs. }\n"));
  const ExecRule& rule = p.exec[0];
  EXPECT_EQ(ToolSchema(rule),
            "{\"type\":\"object\",\"properties\":{\"count\":{\"type\":\"integer\",\"minimum\":1,"
            "\"maximum\":9,\"description\":\"a number from 1 to 9\"},"
            "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":4095,\"pattern\":\"^([a-z]+)$\","
            "\"description\":\"an argument that fits /[a-z]+/\"},"
            "\"files\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":"
            "4095},\"minItems\":1,\"maxItems\":3,\"description\":\"a path to read\"}},"
            "\"required\":[\"count\",\"files\"],\"additionalProperties\":false}");
  const ToolArgument count{"count", false, true, {"3"}}, files{"files", true, false, {"a", "-b"}},
      name{"name", false, false, {"x"}};
  auto argv = FillTool(rule, {files, count});
  ASSERT_TRUE(argv) << argv.error().what;
  EXPECT_EQ(*argv, (std::vector<std::string>{"run", "all", "3", "--", "a", "-b"}));
  EXPECT_TRUE(FitArgv(rule.argv, *argv).fits) << "what the schema takes, the pattern fits";
  EXPECT_EQ(FillTool(rule, {count, name, files})->size(), 7u);
  const std::vector<std::vector<ToolArgument>> bad = {{count},
                                                      {files},
                                                      {count, files, {"more", false, false, {"x"}}},
                                                      {count, count, files},
                                                      {{"count", false, true, {"10"}}, files},
                                                      {{"count", false, true, {"0"}}, files},
                                                      {{"count", false, false, {"3"}}, files},
                                                      {{"count", true, true, {"3"}}, files},
                                                      {count, {"files", true, false, {}}},
                                                      {count, {"files", true, false, {"a", "b", "c", "d"}}},
                                                      {count, {"files", false, false, {"a"}}},
                                                      {count, {"files", true, false, {""}}},
                                                      {count, files, {"name", false, false, {"X"}}},
                                                      {count, files, {"name", false, false, {"-x"}}},
                                                      {count, {"files", true, false, {std::string("a\0b", 3)}}},
                                                      {count, {"files", true, false, {std::string(5000, 'a')}}}};
  for (size_t i = 0; i < bad.size(); ++i) EXPECT_FALSE(FillTool(rule, bad[i])) << i;
}

TEST(Shorthand, IsRewrittenIntoRules) {
  const Policy p = Loaded(ReadText(std::string(WARDER_SOURCE_DIR) + "/tests/data/policies/golden/log-analyzer.yaml"));
  ASSERT_EQ(p.exec.size(), 2u);
  EXPECT_EQ(p.exec[0].level, Level::kAuto);
  EXPECT_EQ(p.exec[0].network, std::vector<std::string>{"allowed-hosts-9090"});
  EXPECT_EQ(p.exec[1].level, Level::kForbid);
  EXPECT_EQ(p.limits.read_file_bytes, 100'000'000u);
  EXPECT_EQ(p.limits.wall_ms, 60'000u);
  EXPECT_EQ(p.limits.concurrent, 3u);
  ASSERT_TRUE(p.inside.has_value());
  EXPECT_EQ(p.inside->no_rule, InsideNoRule::kForbid);
  const PolicySet set(p);
  const ViewRules view = ViewOf(set, "/ws");
  ASSERT_EQ(view.sources.size(), 2u) << "the jail shows what `read` names and nothing else";
  EXPECT_EQ(view.sources[0].path, "/var/log");
  Call read;
  read.tool = Tool::kReadFile;
  read.path = "/var/log/syslog";
  EXPECT_EQ(Ask(set, read).level, Level::kAuto);
  read.path = "/etc/passwd";
  EXPECT_EQ(Ask(set, read).level, Level::kForbid);
}

}  // namespace
}  // namespace warder::policy
