// Does diff find each widening that a reviewer would miss, and is what it tells real?
#include "policy/analyse/diff.h"

#include <gtest/gtest.h>

#include "tests/policy/policy_files.h"

namespace warder::policy::analyse {
namespace {

constexpr const char* kPaths =
    "paths:\n"
    "- {id: ws, level: auto, may: [read, write, delete], under: \"${workspace}\"}\n"
    "- {id: secrets, forbid: no, may: [read, write, delete], match: [\"**/.env*\", \"**/*.pem\"]}\n";

std::string Layer(const std::string& body, const char* layer = "project") {
  return std::string("policy: 1\nlayer: ") + layer + "\nid: t\n" + body;
}
std::string Exec(const std::string& rules) { return Layer("exec:\n" + rules + kPaths); }

std::string Told(const Diff& diff) {
  std::string out;
  for (const auto& list : {diff.widened, diff.narrowed})
    for (const Change& change : list)
      out += (change.widened ? "widened " : "narrowed ") + change.matter + ": " + change.what + " `" + change.call +
             "` " + LevelName(change.before.level) + " by " + change.before.rule + " -> " +
             LevelName(change.after.level) + " by " + change.after.rule + (change.inside ? " inside" : "") + " " +
             (change.times.empty() ? "" : change.times[0]) + "\n";
  for (const std::string& unseen : diff.unseen) out += "unseen: " + unseen + "\n";
  return out;
}

bool Shows(const Diff& diff, const std::string& words) {
  return std::ranges::any_of(diff.widened, [&](const Change& change) {
    return (change.matter + ": " + change.what + " " + change.call).contains(words) ||
           std::ranges::any_of(change.more, [&](const std::string& call) { return call.contains(words); });
  });
}

struct Pair {
  const char* name;
  std::vector<std::string> before, after;
  const char* shown;  // in the matter, sentence or call of a widening
};

const std::vector<Pair>& Pairs() {
  static const std::vector<Pair> pairs = {
      {"unless",
       {Layer(kPaths)},
       {Layer("paths:\n"
              "- {id: ws, level: auto, may: [read, write, delete], under: \"${workspace}\"}\n"
              "- {id: secrets, forbid: no, may: [read, write, delete], match: [\"**/.env*\", \"**/*.pem\"], "
              "unless: [\"**/test/*.pem\"]}\n")},
       "read_file test/"},
      {"never-args",
       {Exec("- {id: s, level: auto, argv: [sort, ...], never-args: [-o, --output]}\n")},
       {Exec("- {id: s, level: auto, argv: [sort, ...], never-args: [-o]}\n")},
       "sort --output"},
      {"only",
       {Exec("- {id: n, forbid: no, argv: [nc, ...]}\n- {id: c, level: auto, argv: [[nc, cat], ...]}\n")},
       {Exec("- {id: n, forbid: no, only: call, argv: [nc, ...]}\n- {id: c, level: auto, argv: [[nc, cat], ...]}\n")},
       "nc"},
      {"a forbid rule is gone",
       {Exec("- {id: p, level: auto, argv: [git, push, origin, {re: \"[a-z]+\"}]}\n"
             "- {id: m, forbid: no, argv: [git, push, origin, [main, master]]}\n")},
       {Exec("- {id: p, level: auto, argv: [git, push, origin, {re: \"[a-z]+\"}]}\n"
             "- {id: m, forbid: no, argv: [git, push, origin, [main]]}\n")},
       "git push origin master"},
      {"flags",
       {Exec("- {id: g, level: auto, argv: [git, log, {flags: [-p, \"-n INT\"]}]}\n")},
       {Exec("- {id: g, level: auto, argv: [git, log, {flags: [-p, \"-n INT\", \"--output=TEXT\"]}]}\n")},
       "git log --output="},
      {"bundle",
       {Exec("- {id: r, level: auto, argv: [rm, {flags: [\"-[f]\"]}, --, {path: delete}]}\n")},
       {Exec("- {id: r, level: auto, argv: [rm, {flags: [\"-[rf]\"]}, --, {path: delete}]}\n")},
       "rm -r -- "},
      {"regex",
       {Exec("- {id: k, level: auto, argv: [kubectl, restart, {re: \"deployment/pay-[a-z]+\"}]}\n")},
       {Exec("- {id: k, level: auto, argv: [kubectl, restart, {re: \"deployment/pay.[a-z]+\"}]}\n")},
       "kubectl restart deployment/pay"},
      {"repeat",
       {Exec("- {id: k, level: auto, argv: [tool, {int: 1..9, repeat: 0..3}]}\n")},
       {Exec("- {id: k, level: auto, argv: [tool, {int: 1..9, repeat: 0..4}]}\n")},
       "tool 3 3 3 3"},
      {"int",
       {Exec("- {id: k, level: auto, argv: [tool, {int: 1..99}]}\n")},
       {Exec("- {id: k, level: auto, argv: [tool, {int: 1..100}]}\n")},
       "tool 100"},
      {"a path becomes a text",
       {Exec("- {id: c, level: auto, argv: [tool, {path: read}]}\n")},
       {Exec("- {id: c, level: auto, argv: [tool, {text: 999}]}\n")},
       "tool "},
      {"a write becomes a read",
       {Exec("- {id: c, level: auto, argv: [tool, {path: write}]}\n") +
        "- {id: hooks, forbid: no, may: [write], under: \"${workspace}/.git\"}\n"},
       {Exec("- {id: c, level: auto, argv: [tool, {path: read}]}\n") +
        "- {id: hooks, forbid: no, may: [write], under: \"${workspace}/.git\"}\n"},
       "tool .git"},
      {"a floor of words that different rules let through",
       {Layer("exec:\n- {id: c, level: approve, argv: [tool, {path: read}, {flags: [\"--out=DELETE\"]}, {host: 22}]}\n"
              "paths:\n- {id: l, level: auto, may: [read], under: /srv/logs}\n"
              "- {id: t, level: auto, may: [delete], under: \"${tmp}/old\"}\n"
              "network:\n- {id: h, level: auto, hosts: [z.example], ports: [22]}\n")},
       {Layer("exec:\n- {id: c, level: auto, argv: [tool, {path: read}, {flags: [\"--out=DELETE\"]}, {host: 22}]}\n"
              "paths:\n- {id: l, level: auto, may: [read], under: /srv/logs}\n"
              "- {id: t, level: auto, may: [delete], under: \"${tmp}/old\"}\n"
              "network:\n- {id: h, level: auto, hosts: [z.example], ports: [22]}\n")},
       "tool /srv/logs z.example"},
      {"a path that becomes free beside another one",
       {Layer("exec:\n- {id: c, level: auto, argv: [tool, {path: read}, {path: read}]}\n"
              "paths:\n- {id: l, level: auto, may: [read], under: /srv/logs}\n")},
       {Layer("exec:\n- {id: c, level: auto, argv: [tool, {path: read}, {text: 99}]}\n"
              "paths:\n- {id: l, level: auto, may: [read], under: /srv/logs}\n")},
       "tool /srv/logs "},
      {"a floor is gone",
       {Exec("- {id: c, level: approve, argv: [tool, deploy]}\n")},
       {Exec("- {id: c, level: notify, argv: [tool, deploy]}\n")},
       "tool deploy"},
      {"unmatched",
       {Layer("exec:\n- {id: x, forbid: no, argv: [nc, ...]}\n", "org"),
        Exec("- {id: y, level: auto, argv: [ls, ...]}\n")},
       {Layer("exec:\n- {id: x, forbid: no, argv: [nc, ...]}\nunmatched: {exec: pass}\n", "org"),
        Exec("- {id: y, level: auto, argv: [ls, ...]}\n")},
       "ls"},
      {"a layer is gone",
       {Layer("exec:\n- {id: x, forbid: no, argv: [nc, ...]}\nunmatched: {exec: pass}\n", "org"),
        Exec("- {id: y, level: auto, argv: [[ls, nc], ...]}\n")},
       {Exec("- {id: y, level: auto, argv: [[ls, nc], ...]}\n")},
       "nc"},
      {"based-on",
       {Exec("- {id: d, action: deploy, argv: [tool, deploy]}\n") +
        "default-profile: day\nprofiles:\n  day: {auto: [read_file], approve: [deploy]}\n"
        "  wide: {auto: [deploy]}\n  night: {based-on: day}\n"},
       {Exec("- {id: d, action: deploy, argv: [tool, deploy]}\n") +
        "default-profile: day\nprofiles:\n  day: {auto: [read_file], approve: [deploy]}\n"
        "  wide: {auto: [deploy]}\n  night: {based-on: wide}\n"},
       "tool deploy"},
      {"otherwise",
       {Exec("- {id: d, action: deploy, argv: [tool, deploy]}\n") +
        "default-profile: day\nprofiles: {day: {auto: [read_file], otherwise: forbid}}\n"},
       {Exec("- {id: d, action: deploy, argv: [tool, deploy]}\n") +
        "default-profile: day\nprofiles: {day: {auto: [read_file], otherwise: approve}}\n"},
       "tool deploy"},
      {"approve-becomes",
       {Exec("- {id: d, level: approve, argv: [tool, deploy]}\n") +
        "default-profile: day\nprofiles: {day: {auto: [read_file]}, ci: {based-on: day, approve-becomes: forbid}}\n"},
       {Exec("- {id: d, level: approve, argv: [tool, deploy]}\n") +
        "default-profile: day\nprofiles: {day: {auto: [read_file]}, ci: {based-on: day}}\n"},
       "tool deploy"},
      {"an action moves",
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "default-profile: day\nprofiles: {day: {auto: [read_file], "
                                                         "forbid: [delete_file]}}\n"},
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "default-profile: day\nprofiles: {day: {auto: [read_file], "
                                                         "approve: [delete_file]}}\n"},
       "delete_file "},
      {"a new profile",
       {Exec("- {id: d, action: deploy, argv: [tool]}\n") +
        "default-profile: day\nprofiles: {day: {approve: [deploy]}}\n"},
       {Exec("- {id: d, action: deploy, argv: [tool]}\n") +
        "default-profile: day\nprofiles: {day: {approve: [deploy]}, loose: {auto: [deploy]}}\n"},
       "the profile loose is new"},
      {"inside",
       {Exec("- {id: d, level: auto, argv: [make]}\n") + "inside: {no-rule: forbid}\n"},
       {Exec("- {id: d, level: auto, argv: [make]}\n") + "inside: {no-rule: allow}\n"},
       "some-other-program"},
      {"a port",
       {Layer("network:\n- {id: n, level: auto, hosts: [a.example], ports: [443]}\n")},
       {Layer("network:\n- {id: n, level: auto, hosts: [a.example], ports: [443, 22]}\n")},
       "a.example:22"},
      {"a wildcard host",
       {Layer("network:\n- {id: n, level: auto, hosts: [a.example], ports: [443]}\n")},
       {Layer("network:\n- {id: n, level: auto, hosts: [\"*.example\"], ports: [443]}\n")},
       "any.example:443"},
      {"a method",
       {Layer("network:\n- {id: n, level: auto, hosts: [a.example], ports: [443], methods: [GET]}\n")},
       {Layer("network:\n- {id: n, level: auto, hosts: [a.example], ports: [443], methods: [GET, POST]}\n")},
       "POST a.example:443"},
      {"reach",
       {Exec("- {id: d, level: auto, argv: [tool]}\n") +
        "network:\n- {id: n, level: auto, hosts: [a.example], ports: [443]}\n"},
       {Exec("- {id: d, level: auto, argv: [tool], network: [n]}\n") +
        "network:\n- {id: n, level: auto, hosts: [a.example], ports: [443]}\n"},
       "may reach a.example:443"},
      {"windows",
       {Exec("- {id: d, level: auto, action: deploy, argv: [tool]}\n") +
        "windows: [{id: w, actions: [deploy], outside: \"Mon-Fri 10:00-16:00 Europe/Berlin\", level: forbid}]\n"},
       {Exec("- {id: d, level: auto, action: deploy, argv: [tool]}\n") +
        "windows: [{id: w, actions: [deploy], outside: \"Mon-Sat 10:00-16:00 Europe/Berlin\", level: forbid}]\n"},
       "tool"},
      {"a zone",
       {Exec("- {id: d, level: auto, action: deploy, argv: [tool]}\n") +
        "windows: [{id: w, actions: [deploy], outside: \"Mon-Fri 10:00-16:00 Europe/Berlin\", level: forbid}]\n"},
       {Exec("- {id: d, level: auto, action: deploy, argv: [tool]}\n") +
        "windows: [{id: w, actions: [deploy], outside: \"Mon-Fri 10:00-16:00 UTC\", level: forbid}]\n"},
       "tool"},
      {"environment",
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "environment: {pass: [CI]}\n"},
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "environment: {pass: [CI, BUILD_MODE]}\n"},
       "BUILD_MODE=1 tool"},
      {"require-reason",
       {Exec("- {id: d, level: auto, action: deploy, argv: [tool]}\n") + "require-reason: [deploy, read_file]\n"},
       {Exec("- {id: d, level: auto, action: deploy, argv: [tool]}\n") + "require-reason: [read_file]\n"},
       "tool (without a reason)"},
      {"limits",
       {Exec("- {id: d, level: auto, argv: [tool], limits: {wall: 1m}}\n")},
       {Exec("- {id: d, level: auto, argv: [tool], limits: {wall: 2m}}\n")},
       "limits.wall: 1m -> 2m"},
      {"attempts",
       {Exec("- {id: d, level: auto, argv: [tool], attempts: {max: 3, per: 1h}}\n")},
       {Exec("- {id: d, level: auto, argv: [tool], attempts: {max: 4, per: 1h}}\n")},
       "attempts of d at most 3 per 1h -> attempts of d at most 4 per 1h tool (when 3 are counted)"},
      {"breaker",
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "session: {calls: {max: 50}, rate: {max: 6, per: 1m}}\n"},
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "session: {calls: {max: 50}, rate: {max: 6, per: 30s}}\n"},
       "session.rate at most 6 per 1m -> session.rate at most 6 per 30s"},
      {"approval",
       {Exec("- {id: d, level: approve, argv: [tool], approval: {people: 2}}\n")},
       {Exec("- {id: d, level: approve, argv: [tool], approval: {people: 1}}\n")},
       "approval.people: 2 -> 1"},
      {"guard",
       {Exec("- {id: d, level: auto, argv: [tool]}\n")},
       {Exec("- {id: d, level: auto, argv: [tool], guard: off}\n")},
       "guard off"},
      {"workspace",
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "workspace: {mode: copy-on-write, apply: review}\n"},
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "workspace: {mode: copy-on-write, apply: auto}\n"},
       "workspace.apply: review -> auto"},
      {"redact",
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "redact: [{id: t, find: \"acme_[A-Za-z0-9]{8}\"}]\n"},
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "redact: [{id: t, find: \"acme_[a-z0-9]{8}\"}]\n"},
       "redact: a text as `acme_"},
      {"a pin",
       {Exec("- {id: d, level: auto, argv: [tool]}\n") +
        "programs: {tool: {path: [/opt/tool], sha256: "
        "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef}}\n"},
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "programs: {tool: {path: [/opt/tool]}}\n"},
       "tool (a file that nobody pinned)"},
      {"another file",
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "programs: {tool: {path: [/opt/tool]}}\n"},
       {Exec("- {id: d, level: auto, argv: [tool]}\n") + "programs: {tool: {path: [/home/x/tool]}}\n"},
       "/home/x/tool"},
      {"an opaque line",
       {Exec("- {id: d, level: approve, argv: [sh, -c, {text: 100}]}\n")},
       {Exec("- {id: d, level: auto, argv: [sh, -c, {text: 100}]}\n")},
       "for f in"},
  };
  return pairs;
}

PolicySet SetFrom(const std::vector<std::string>& texts) { return SetOf(texts); }

TEST(Diff, FindsTheWideningWhereverItHides) {
  for (const Pair& pair : Pairs()) {
    const Diff diff = Compare(SetFrom(pair.before), SetFrom(pair.after));
    EXPECT_TRUE(Shows(diff, pair.shown)) << pair.name << ": wanted " << pair.shown << "\n" << Told(diff);
    EXPECT_TRUE(diff.unseen.empty()) << pair.name << "\n" << Told(diff);
    for (const Change& change : diff.widened)
      EXPECT_TRUE(!change.what.empty() || change.after.level < change.before.level) << pair.name << Told(diff);
  }
}

TEST(Diff, TheOtherWayRoundItIsANarrowing) {
  for (const Pair& pair : Pairs()) {
    const Diff diff = Compare(SetFrom(pair.after), SetFrom(pair.before));
    EXPECT_FALSE(diff.narrowed.empty()) << pair.name << "\n" << Told(diff);
  }
}

TEST(Diff, WhatMeansTheSameIsNoChange) {
  for (const Pair& pair : Pairs()) {
    const Diff diff = Compare(SetFrom(pair.before), SetFrom(pair.before));
    EXPECT_TRUE(diff.widened.empty() && diff.narrowed.empty()) << pair.name << "\n" << Told(diff);
  }
  const PolicySet before =
      SetOf({Exec("- {id: a, level: auto, argv: [[cat, head], ...]}\n"
                  "- {id: b, forbid: no, argv: [git, push]}\n")});
  const PolicySet after =
      SetOf({Exec("- {id: b, forbid: never, argv: [git, push]}\n"
                  "- {id: c, level: auto, argv: [head, ...]}\n"
                  "- {id: d, level: auto, argv: [cat, ...]}\n")});
  const Diff diff = Compare(before, after);
  EXPECT_TRUE(diff.widened.empty() && diff.narrowed.empty()) << Told(diff);
}

TEST(Diff, ARenamedRuleIsToldAndNothingElse) {
  const Diff diff = Compare(SetOf({Exec("- {id: a, level: auto, argv: [cat, ...]}\n")}),
                            SetOf({Exec("- {id: b, level: auto, argv: [cat, ...]}\n")}));
  EXPECT_TRUE(diff.widened.empty() && diff.narrowed.empty()) << Told(diff);
  ASSERT_EQ(diff.neutral.size(), 1u);
  EXPECT_EQ(diff.neutral[0].before + " " + diff.neutral[0].after, "a b");
}

TEST(Diff, ThePlaceAndTheRuleOfBothAnswersAreTold) {
  const Diff diff = Compare(SetOf({Exec("- {id: a, level: auto, argv: [cat, ...], never-args: [-v]}\n")}),
                            SetOf({Exec("- {id: a, level: auto, argv: [cat, ...]}\n")}));
  ASSERT_EQ(diff.widened.size(), 1u) << Told(diff);
  const Change& change = diff.widened[0];
  EXPECT_EQ(change.call, "cat -v");
  EXPECT_EQ(change.before.rule, "no-rule");
  EXPECT_EQ(change.after.rule, "a");
  EXPECT_EQ(change.after.where.line, 5u);
  EXPECT_EQ(change.argv, (std::vector<std::string>{"cat", "-v"}));
}

TEST(Diff, WhatWasNotComparedToTheEndIsSaid) {
  const Diff diff = Compare(SetOf({Exec("- {id: a, level: auto, argv: [cat, {re: \"\\\\p{Greek}+\"}]}\n")}),
                            SetOf({Exec("- {id: a, level: auto, argv: [cat, {re: \"\\\\p{Greek}*\"}]}\n")}));
  EXPECT_FALSE(diff.unseen.empty()) << Told(diff);
}

}  // namespace
}  // namespace warder::policy::analyse
