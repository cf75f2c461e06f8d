// Is a weakened policy noticed by its own examples and tests, and told with the test that is missing?
#include "policy/analyse/weaken.h"

#include <algorithm>

#include "tests/policy/policy_files.h"

namespace warder::policy {
namespace {

Weakened Try(const std::string& text) {
  const Policy policy = Loaded(text);
  const PolicySet set(policy);
  for (const Finding& finding : RunExamples(set)) ADD_FAILURE() << finding.what;
  return TryWeakenings(set, {});
}

std::vector<std::string> Names(const std::vector<Survivor>& survivors) {
  std::vector<std::string> names;
  for (const Survivor& survivor : survivors) names.push_back(survivor.what);
  return names;
}

TEST(Weaken, NoWeakeningOfAPolicyHereIsUnnoticed) {
  std::vector<std::filesystem::path> files = FilesIn("policies");
  for (const auto& file : FilesIn("policies/example")) files.push_back(file);
  ASSERT_GT(files.size(), 10u);
  for (const auto& file : files) {
    const Weakened weakened = Try(ReadText(file));
    EXPECT_GE(weakened.all, 80u) << file;
    EXPECT_EQ(weakened.noticed, weakened.all);
    for (const Survivor& survivor : weakened.survivors)
      ADD_FAILURE() << file << ":" << survivor.where.line << ": " << survivor.what << ": " << survivor.suggestion;
    for (const Survivor& survivor : weakened.no_call)
      ADD_FAILURE() << file << ":" << survivor.where.line << ": " << survivor.what << ": no call was found";
  }
}

// A policy of every kind of rule and list, without a single example or test.
constexpr const char* kBare = R"(policy: 1
layer: project
id: a/b
exec:
  - { id: git, action: look_at, argv: [git, [log, show], { flags: [-p] }, { re: "[a-z]+", repeat: 0..2 }] }
  - { id: sort, action: look_at, argv: [sort, ...], never-args: [-o] }
  - { id: kill, level: notify, argv: [kill, { int: 2..99 }] }
  - { id: cat, level: auto, argv: [cat, { path: read }] }
  - { id: ping, level: auto, argv: [ping, { host: 443 }] }
  - { id: in-jail, only: inside, level: auto, argv: [date] }
  - { id: no-su, forbid: Never., argv: [[su, sudo], ...] }
  - { id: no-main, forbid: Never., argv: [git, log, main] }
paths:
  - { id: ws, level: auto, may: [read, write], under: "${workspace}/src" }
  - { id: docs, level: notify, may: [write], match: ["${workspace}/docs/*.md"], unless: ["${workspace}/docs/old.md"] }
  - { id: keys, forbid: Never., may: [read, write], match: ["**/*.key", "**/*.pem"], unless: ["**/demo.key"] }
network:
  - { id: web, level: approve, hosts: ["*.example.com"], ports: [443] }
  - { id: no-web, forbid: Never., hosts: [bad.example.com, worse.example.com] }
default-profile: day
profiles:
  day: { auto: [look_at, read_file, http_request], notify: [create_file, modify_file] }
  night: { based-on: day, approve: [look_at], otherwise: forbid, approve-becomes: forbid }
windows:
  - { id: hours, actions: [look_at], outside: "Mon-Fri 08:00-18:00 Europe/Berlin", level: approve }
environment: { pass: [CI] }
require-reason: [look_at]
)";

TEST(Weaken, NamesEachWeakeningOfAPolicyWithoutTests) {
  const Weakened weakened = Try(kBare);
  EXPECT_EQ(weakened.noticed, 0u) << "there is nothing that could notice";
  std::vector<std::string> names = Names(weakened.survivors);
  const std::vector<std::string> no_call = Names(weakened.no_call);
  EXPECT_EQ(no_call, std::vector<std::string>());
  for (const char* wanted : {"rule git: always at auto, whatever its level and its action are",
                             "rule git: any word, not one of `log`, `show`",
                             "rule git: any flag, not ",
                             "rule git: any word, not an argument that fits /[a-z]+/",
                             "rule git: one more of an argument that fits /[a-z]+/",
                             "rule git: any further arguments",
                             "rule git: any arguments at all",
                             "rule sort: never-args without `-o`",
                             "rule kill: level auto, not notify",
                             "rule cat: a path that no path rule judges, not a path to read",
                             "rule in-jail: for calls too, not only inside",
                             "rule no-su: gone",
                             "rule no-su: at approve, not forbid",
                             "rule no-su: without `su`",
                             "rule no-su: without `sudo`",
                             "rule no-su: without further arguments",
                             "rule no-main: gone",
                             "rule ws: may delete too",
                             "rule ws: under ${workspace}, not ${workspace}/src",
                             "rule docs: level auto, not notify",
                             "rule docs: ${workspace}/docs/*, not ${workspace}/docs/*.md",
                             "rule docs: without `unless` ${workspace}/docs/old.md",
                             "rule keys: gone",
                             "rule keys: at approve, not forbid",
                             "rule keys: without **/*.key",
                             "rule keys: without **/*.pem",
                             "rule keys: not of read",
                             "rule keys: unless it is in the workspace",
                             "rule keys: unless **/*, not **/demo.key",
                             "rule web: level notify, not approve",
                             "rule web: any port",
                             "rule web: *.com, not *.example.com alone",
                             "rule no-web: at approve, not forbid",
                             "rule no-web: without bad.example.com",
                             "profile night: look_at at notify, not approve",
                             "profile night: approve stays approve",
                             "window hours: gone",
                             "window hours: level notify, not approve",
                             "window hours: a day longer",
                             "window hours: a minute earlier",
                             "environment: pass any variable",
                             "require-reason: without look_at"})
    EXPECT_EQ(std::ranges::count_if(names, [&](const std::string& name) { return name.starts_with(wanted); }), 1)
        << wanted << "\n"
        << testing::PrintToString(names);
}

// The loop closes: what is proposed notices, until nothing is left.
TEST(Weaken, EachProposedTestNoticesItsWeakening) {
  std::string text = kBare;
  Weakened weakened = Try(text);
  size_t rounds = 0;
  for (std::string tests = "tests:\n"; !weakened.survivors.empty() && rounds < 200; ++rounds) {
    const Survivor& survivor = weakened.survivors.front();
    if (survivor.suggestion.starts_with("- {")) {
      tests += "  " + survivor.suggestion + "\n";
    } else {  // an example of its rule
      const std::string id = survivor.what.substr(5, survivor.what.find(':') - 5);
      const size_t rule = text.find("id: " + id + ",");
      ASSERT_NE(rule, std::string::npos) << survivor.what;
      const size_t colon = survivor.suggestion.find(": [");
      const std::string key = survivor.suggestion.substr(0, colon), line = survivor.suggestion.substr(colon + 3);
      const size_t end = text.find('\n', rule), list = text.find(" " + key + ": [", rule);
      if (list < end)
        text.insert(list + key.size() + 4, line.substr(0, line.size() - 1) + ", ");
      else
        text.insert(text.rfind('}', end), ", " + survivor.suggestion + " ");
    }
    const std::string before = survivor.what;
    weakened = Try(text + tests);
    EXPECT_EQ(std::ranges::count(Names(weakened.survivors), before), 0) << before << "\n" << tests;
  }
  EXPECT_TRUE(weakened.survivors.empty());
  EXPECT_EQ(weakened.noticed, weakened.all);
}

TEST(Weaken, WhatChangesNoDecisionIsNoWeakening) {
  const std::string head = "policy: 1\nlayer: project\nid: a/b\n";
  const std::string rules = R"(exec:
  - { id: push, action: git_push, level: approve, argv: [push, ...] }
  - { id: sort, level: auto, argv: [sort, { flags: [-n] }], never-args: [-o] }
paths:
  - { id: ws, level: auto, may: [read, write], under: "${workspace}" }
  - { id: ws-delete, level: notify, may: [delete], under: "${workspace}" }
  - { id: tools, forbid: Never., may: [write], match: ["**/.envrc", "**/.npmrc"] }
  - { id: secrets, forbid: Never., may: [read, write], match: ["**/.env*"], unless: ["**/.env.example"] }
default-profile: day
profiles:
  day: { auto: [delete_file], approve: [git_push] }
  night: { based-on: day, otherwise: forbid, approve-becomes: forbid }
)";
  const Weakened weakened = Try(head + rules);
  std::vector<std::string> names = Names(weakened.survivors);
  for (const Survivor& survivor : weakened.no_call) names.push_back(survivor.what);
  for (const char* not_weaker : {
           "profile day: git_push at notify, not approve",  // the rule's own level is a floor
           "rule push: level notify, not approve",          // the profile says the same
           "rule sort: never-args without `-o`",            // its flags take no -o anyway
           "rule ws: may delete too",                       // the strictest of both stays
           "rule tools: without **/.envrc",                 // the other rule forbids it too
       })
    EXPECT_EQ(std::ranges::count(names, not_weaker), 0) << not_weaker;
  for (const char* weaker : {"rule tools: without **/.npmrc", "profile night: otherwise notify, not forbid",
                             "profile night: approve stays approve"})
    EXPECT_EQ(std::ranges::count(names, weaker), 1) << weaker << testing::PrintToString(names);
  EXPECT_TRUE(weakened.no_call.empty()) << testing::PrintToString(Names(weakened.no_call));
}

TEST(Weaken, ALayerThatPassesNothingIsSeenBesideOthers) {
  const Policy project = Loaded("policy: 1\nlayer: project\nid: a\nexec:\n  - { id: ls, level: auto, argv: [ls] }\n");
  const Policy org = Loaded("policy: 1\nlayer: org\nid: o\nexec:\n  - { id: cat, level: auto, argv: [cat] }\n");
  auto unmatched = [](const std::vector<Policy>& policies) {
    std::vector<std::shared_ptr<const Policy>> layers;
    for (const Policy& policy : policies) layers.push_back(std::make_shared<Policy>(policy));
    auto set = PolicySet::Make(std::move(layers));
    EXPECT_TRUE(set);
    const Weakened weakened = TryWeakenings(*set, {});
    return std::ranges::count(Names(weakened.survivors), "unmatched: exec pass, not forbid");
  };
  EXPECT_EQ(unmatched({org, project}), 2);
  EXPECT_EQ(unmatched({org}), 0) << "what one layer alone passes on is forbidden";
}

}  // namespace
}  // namespace warder::policy
