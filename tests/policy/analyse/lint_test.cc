// Is each kind of finding told where it is, and silent where it is not?
#include <gtest/gtest.h>

#include <set>

#include "policy/analyse/findings.h"
#include "policy/analyse/regex_tokens.h"
#include "policy/match.h"
#include "tests/policy/policy_files.h"

namespace warder::policy::lint {
namespace {

std::vector<Found> LintText(const std::string& sections) {
  return Lint(Loaded("policy: 1\nlayer: project\nid: p\n" + sections));
}
// Of exec rules, one a line; what lacks examples is not looked at here.
std::set<std::string> IdsOf(const std::string& rules, const std::string& more = {}) {
  std::set<std::string> ids;
  for (const Found& found : LintText("exec:\n" + rules + more)) ids.insert(std::string(found.id));
  ids.erase("no-examples");
  return ids;
}
std::string Rule(const std::string& id, const std::string& level, const std::string& argv,
                 const std::string& more = {}) {
  const std::string word = level == "forbid"    ? "forbid: No."
                           : level == "approve" ? "level: approve, why: Look."
                                                : "level: " + level;
  return "  - { id: " + id + ", " + word + ", argv: " + argv + more + " }\n";
}
using Ids = std::set<std::string>;

TEST(LintRegex, SlipsOfThePenAreToldAndWhatIsMeantIsNot) {
  struct Case {
    const char* regex;
    Ids ids;
  };
  const Case cases[] = {
      {"github.com", {"regex-dot"}},
      {"v[0-9]+.[0-9]+", {"regex-dot"}},
      {"(a|b).txt", {"regex-dot"}},
      {".env", {"regex-dot"}},
      {"github[.]com", {}},
      {"github\\\\.com", {}},
      {"[a-z.]+", {}},
      {"x.{1}y", {}},
      {".*", {"regex-any", "regex-path"}},
      {".+x", {"regex-any", "regex-path"}},
      {"deployment/.*", {"regex-any", "regex-path"}},
      {"[^/]+", {"regex-any"}},
      {"[^ ]{1,9}", {"regex-any", "regex-path"}},
      {"a.?b", {}},
      {"deployment/api|worker", {"regex-alternation"}},
      {"api|deployment/worker", {"regex-alternation"}},
      {"deployment/(api|worker)", {}},
      {"(deployment/api|worker)", {}},
      {"main|master", {}},
      {"a/b|c/d", {}},
      {"[A-z]+", {"regex-range"}},
      {"[a-z,-/]+", {"regex-range", "regex-path"}},
      {"[a-zA-Z0-9_-]+", {}},
      {"[ -~]{1,4}", {"regex-path"}},
      {"[!-~]{1,4}", {"regex-path"}},
      {"[a-z/]+", {"regex-path"}},
      {"[a-z]+/[a-z]+", {}},
      {"[A-Za-z0-9_-]+([./][A-Za-z0-9_-]+)*", {}},
      {"[a-z0-9./]{1,64}", {"regex-path"}},
      {"x/[a-z./]*", {"regex-path"}},
  };
  for (const Case& one : cases)
    EXPECT_EQ(IdsOf(Rule("r", "auto", std::string("[tool, { re: \"") + one.regex + "\" }]")), one.ids) << one.regex;
  // Whoever asks a person is told of slips, not of freedom; a prohibition may be as wide as it likes.
  EXPECT_EQ(IdsOf(Rule("r", "approve", "[tool, { re: \"a.c\" }]")), Ids{"regex-dot"});
  EXPECT_EQ(IdsOf(Rule("r", "approve", "[tool, { re: \".*\" }]")), Ids{});
  EXPECT_EQ(IdsOf(Rule("r", "forbid", "[tool, { re: \"a.c.*\" }]")), Ids{});
}

TEST(LintRegex, APathElementThatFitsTooJudgesTheWord) {
  const std::string re = "{ re: \"[a-z./]+\", repeat: 0..2 }";
  EXPECT_EQ(IdsOf(Rule("r", "auto", "[tool, " + re + "]")), Ids{"regex-path"});
  EXPECT_EQ(IdsOf(Rule("r", "auto", "[tool, " + re + ", { path: read, repeat: 0..4 }]")), Ids{});
  // Names of branches are no paths; two files that git compares are.
  EXPECT_EQ(IdsOf(Rule("r", "auto", "[git, switch, " + re + "]")), Ids{});
  EXPECT_EQ(IdsOf(Rule("r", "auto", "[git, diff, " + re + "]")), Ids{"regex-path"});
}

TEST(LintRegex, EverySampleFitsItsRegex) {
  for (const char* regex : {"a", "a|b", "[a-z]{3}x?", "(ab|c)+d", "v[0-9]+[.][0-9]+", "\\d{2,4}-\\w", "[^x]y", ".{3}",
                            "(a(b|c){2}|z)", "[[:alpha:]]+", "x{0,2}y", "\\.\\*", "[]a]b", "a*?b", "[\\-x]"}) {
    Element element;
    element.kind = ElementKind::kRegex;
    element.regex = regex;
    EXPECT_TRUE(FitsWord(element, SampleOf(regex, "q"), true)) << regex << " " << SampleOf(regex, "q");
  }
}

TEST(LintOrder, AnotherSpellingOfWhatIsForbiddenIsFound) {
  struct Case {
    const char *forbidden, *allowed, *example, *witness;  // witness nullptr: nothing is told
  };
  const Case cases[] = {
      {"[git, push, --force, ...]", "[git, push, ...]", "git push --force origin main", "git push x --force"},
      {"[tool, rm, --all]", "[tool, rm, { text: 9 }, { flags: [--all] }]", "tool rm --all", "tool rm x --all"},
      {"[tool, --deep, run]", "[tool, run, { flags: [--deep] }]", "tool --deep run", "tool run --deep"},
      {"[rm, -rf, { text: 99 }]", "[rm, { flags: [\"-[rf]\"] }, { path: delete }]", "rm -rf x", "rm -fr x"},
      {"[cat, secret.txt]", "[cat, { path: read }]", "cat secret.txt", "cat ./secret.txt"},
      {"[git, push, origin, main]", "[git, push, origin, { re: \"[a-z/]+\" }]", "git push origin main",
       "git push origin refs/heads/main"},
      {"[git, push, ...]", "[git, { flags: [--no-pager] }, push, origin]", "git push origin",
       "git --no-pager push origin"},
      {"[tool, drop, { text: 9 }]", "[tool, drop, { flags: [\"--\"] }, { text: 9 }]", "tool drop x", "tool drop -- x"},
      // What only the same words let by.
      {"[git, push, --force, ...]", "[git, push, origin, main]", "git push --force origin main", nullptr},
      {"[git, push, origin, { re: \"(refs/)?(heads/)?main\" }]", "[git, push, origin, { re: \"[a-z/]+\" }]",
       "git push origin main", nullptr},
      {"[tool, rm, --all]", "[tool, ls, ...]", "tool rm --all", nullptr},
      {"[env, -i, ...]", "[env, make, ...]", "env -i make", nullptr},
  };
  for (const Case& one : cases) {
    const auto found =
        LintText("exec:\n" + Rule("no", "forbid", one.forbidden, std::string(", match: [\"") + one.example + "\"]") +
                 Rule("yes", "auto", one.allowed));
    const auto told = std::ranges::find(found, "evadable-forbid", &Found::id);
    EXPECT_EQ(told != found.end(), one.witness != nullptr) << one.forbidden << " " << one.allowed;
    if (told == found.end() || one.witness == nullptr) continue;
    EXPECT_EQ(told->witness, one.witness);
    EXPECT_EQ(told->rule, "no");
  }
  // A layer that passes leaves the other spelling to the others.
  EXPECT_EQ(IdsOf(Rule("no", "forbid", "[tool, --all, x]"), "unmatched: { exec: pass }\n"), Ids{"evadable-forbid"});
  EXPECT_EQ(IdsOf(Rule("no", "forbid", "[tool, ...]"), "unmatched: { exec: pass }\n"), Ids{});
  // Asking is evaded as well.
  EXPECT_EQ(IdsOf(Rule("ask", "approve", "[tool, --all, x]") + Rule("yes", "auto", "[tool, x, { flags: [--all] }]")),
            Ids{"evadable-forbid"});
}

TEST(LintCover, RulesThatDecideNothingAreFoundAndExceptionsAreNot) {
  struct Case {
    std::string rules;
    Ids ids;
  };
  const std::string word = "[tool, { re: \"[a-z]+\" }]";
  const Case cases[] = {
      {Rule("a", "auto", "[tool, x]") + Rule("b", "approve", word), {"covered"}},
      {Rule("a", "auto", "[tool, x]") + Rule("b", "auto", word), {"covered"}},
      {Rule("a", "approve", "[tool, x]") + Rule("b", "auto", word), {}},
      {Rule("a", "forbid", "[tool, x]") + Rule("b", "auto", word), {}},
      {Rule("a", "auto", "[tool, x]") + Rule("b", "forbid", word), {"covered"}},
      {Rule("a", "auto", "[tool, x]") + Rule("b", "auto", "[tool, x]"), {"covered"}},
      {Rule("a", "auto", "[tool, [x, y]]") + Rule("b", "auto", "[tool, x]") + Rule("c", "auto", "[tool, y]"),
       {"covered"}},
      // By two together.
      {Rule("a", "auto", "[tool, [x, y]]") + Rule("b", "approve", "[tool, [x, z]]") +
           Rule("c", "approve", "[tool, [y, z]]"),
       {"covered"}},
      // One that judges a path, or has limits of its own, says something.
      {Rule("a", "auto", "[tool, { path: read }]") + Rule("b", "auto", "[tool, { text: 9999 }]"),
       {"covered"}},  // the text, which no path rule judges by it
      {Rule("a", "auto", "[tool, { path: read }]") + Rule("b", "auto", "[tool, ...]"), {}},
      {Rule("a", "auto", "[tool, x]", ", limits: { wall: 1s }") + Rule("b", "auto", word), {}},
      {Rule("a", "auto", "[tool, x]", ", only: inside") + Rule("b", "auto", word, ", only: call"), {}},
      {Rule("a", "auto", "[[tool, other], x]") + Rule("b", "auto", word), {}},
      // Overlaps.
      {Rule("a", "auto", "[tool, [x, y]]") + Rule("b", "notify", "[tool, [y, z]]"), {"overlap"}},
      {Rule("a", "auto", "[tool, [x, y]]") + Rule("b", "auto", "[tool, [y, z]]"), {}},
      {Rule("a", "auto", "[tool, [x, y]]") + Rule("b", "forbid", "[tool, [y, z]]"), {}},
      {Rule("a", "auto", "[tool, [x, y]]") + Rule("b", "notify", "[other, [y, z]]"), {}},
      // Nothing at all.
      {Rule("a", "auto", "[tool, { re: \"-x\" }]"), {"never-matches"}},
      {Rule("a", "auto", "[tool, \"--\", { re: \"-x\" }]"), {}},
      {Rule("a", "auto", "[tool, -x, ...]", ", never-args: [-x]"), {"never-matches"}},
      {Rule("a", "auto", "[tool, { path: delete }]") +
           "paths: [{ id: p, level: auto, may: [read], match: [\"${tmp}/**\"] }]\n",
       {"never-matches"}},
  };
  for (const Case& one : cases) EXPECT_EQ(IdsOf(one.rules), one.ids) << one.rules;
}

TEST(LintCover, ActionsAndProfilesCount) {
  const std::string rules =
      "  - { id: a, action: look, argv: [tool, x] }\n  - { id: b, action: ask, argv: [tool, { re: \"[a-z]+\" }] }\n";
  const auto with = [&](const std::string& profiles) {
    return IdsOf(rules, "default-profile: p\nprofiles:\n" + profiles);
  };
  EXPECT_EQ(with("  p: { auto: [look], approve: [ask] }\n"), Ids{});  // the action is told to windows and people
  EXPECT_EQ(with("  p: { auto: [look], forbid: [ask] }\n"), Ids{"covered"});
  EXPECT_EQ(with("  p: { auto: [look], forbid: [ask] }\n  q: { approve: [look], auto: [ask] }\n"), Ids{});
}

TEST(LintPaths, TreesPlacesAndRulesWithoutEffect) {
  struct Case {
    const char* rules;
    Ids ids;
  };
  const Case cases[] = {
      {"{ id: a, level: auto, may: [read], under: /etc }", {"broad-tree"}},
      {"{ id: a, level: auto, may: [read], match: [/**] }", {"broad-tree", "readable-secrets"}},
      {"{ id: a, level: auto, may: [read], match: [/etc/**] }", {"broad-tree"}},
      {"{ id: a, level: auto, may: [read], match: [/*/x/**] }", {"broad-tree"}},
      {"{ id: a, level: auto, may: [read], match: [\"**/*.md\"] }", {"broad-tree"}},
      {"{ id: a, level: auto, may: [read], under: /etc/app }", {}},
      {"{ id: a, level: approve, may: [read], under: /etc }", {}},
      {"{ id: a, forbid: No., may: [read], under: /etc }", {}},
      {"{ id: a, level: auto, may: [read], under: \"${tmp}\" }", {}},
      {"{ id: a, level: auto, may: [read], match: [\"${workspace}/docs/**\"] }", {}},
      {"{ id: a, level: auto, may: [read], under: \"${workspace}\" }", {"readable-secrets"}},
      {"{ id: a, level: auto, may: [write], under: \"${workspace}\" }", {"unprotected-hooks"}},
      {"{ id: a, level: approve, may: [write], under: \"${workspace}\" }", {}},
      {"{ id: a, level: auto, may: [read], under: /data/x }, { id: b, level: auto, may: [read], under: /data }",
       {"covered"}},
      {"{ id: a, level: auto, may: [read], under: /data/x }, { id: b, level: approve, may: [read], under: /data }",
       {"covered"}},
      {"{ id: a, level: approve, may: [read], under: /data/x }, { id: b, level: auto, may: [read], under: /data }", {}},
      {"{ id: a, level: auto, may: [read], match: [/data/*], unless: [/data/**] }", {"never-matches"}},
      {"{ id: a, level: auto, may: [read], match: [/data/*], unless: [/data/x] }", {}},
  };
  for (const Case& one : cases) {
    Ids ids;
    for (const Found& found : LintText(std::string("paths: [") + one.rules + "]\n")) ids.insert(std::string(found.id));
    EXPECT_EQ(ids, one.ids) << one.rules;
  }
}

TEST(LintNetwork, WildcardsAndRulesWithoutEffect) {
  const auto ids = [](const std::string& rules) {
    Ids out;
    for (const Found& found : LintText("network: [" + rules + "]\n")) out.insert(std::string(found.id));
    return out;
  };
  EXPECT_EQ(ids("{ id: a, level: auto, hosts: [\"*.x.example\"], ports: [443] }"), Ids{"wildcard-host"});
  EXPECT_EQ(ids("{ id: a, level: approve, hosts: [\"*.x.example\"], ports: [443] }"), Ids{});
  EXPECT_EQ(ids("{ id: a, forbid: No., hosts: [\"*.x.example\"] }"), Ids{});
  EXPECT_EQ(ids("{ id: a, level: auto, hosts: [a.x.example], ports: [443] }, { id: b, forbid: No., hosts: "
                "[\"*.x.example\"] }"),
            Ids{"covered"});
  EXPECT_EQ(ids("{ id: a, level: auto, hosts: [a.x.example], ports: [443] }, { id: b, level: approve, hosts: "
                "[a.x.example], ports: [80] }"),
            Ids{});
  EXPECT_EQ(
      ids("{ id: a, level: auto, hosts: [x.example], ports: [443] }, { id: b, forbid: No., hosts: [\"*.x.example\"] }"),
      Ids{});
}

TEST(LintRules, WhatARuleLacks) {
  const auto ids = [](const std::string& rule) {
    Ids out;
    for (const Found& found : LintText("exec:\n" + rule)) out.insert(std::string(found.id));
    return out;
  };
  EXPECT_EQ(ids(Rule("a", "auto", "[tool, x]", ", match: [tool x]")), Ids{});  // no argument is free
  EXPECT_EQ(ids(Rule("a", "auto", "[tool, x]")), Ids{"no-examples"});
  EXPECT_EQ(ids(Rule("a", "auto", "[tool, { path: read }]", ", match: [tool x]")), Ids{"no-examples"});
  EXPECT_EQ(ids(Rule("a", "forbid", "[tool, ...]")), Ids{"no-examples"});
  EXPECT_EQ(ids(Rule("a", "forbid", "[tool, ...]", ", match: [tool]")), Ids{});
  EXPECT_EQ(ids(Rule("a", "forbid", "[tool, x, { flags: [-f] }]", ", match: [tool x]")), Ids{"optional-flags"});
  EXPECT_EQ(ids(Rule("a", "forbid", "[tool, { flags: [-f] }, x]", ", match: [tool x]")), Ids{});
  EXPECT_EQ(ids(Rule("a", "auto", "[tool, x]", ", guard: off, match: [tool x]")), Ids{"guard-off"});
  EXPECT_EQ(ids(Rule("a", "auto", "[tool, \"*.c\"]", ", match: [\"tool '*.c'\"]")), Ids{"literal-word"});
  EXPECT_EQ(ids(Rule("a", "auto", "[tool, \"a b\"]", ", match: [\"tool 'a b'\"]")), Ids{"literal-word"});
  EXPECT_EQ(ids("  - { id: a, level: approve, argv: [tool, x], match: [tool x] }\n"), Ids{"approve-without-why"});
  // The shorthand has no place for examples.
  Ids shorthand;
  for (const Found& found :
       LintText("allowed_actions: { read: [/var/log/app/**], execute: [grep, tail] }\nforbidden: [rm]\n"))
    shorthand.insert(std::string(found.id));
  EXPECT_EQ(shorthand, Ids{});
}

}  // namespace
}  // namespace warder::policy::lint
