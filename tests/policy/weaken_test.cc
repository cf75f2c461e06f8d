// Does the example notice each weakening of each of its rules by its own examples and tests?
#include <gtest/gtest.h>

#include "tests/policy/policy_files.h"

namespace warder::policy {
namespace {

struct Mutant {
  std::string what;
  Policy policy;
};

Element Rest() {
  Element rest;
  rest.kind = ElementKind::kRest;
  return rest;
}

void WeakenExec(const Policy& p, std::vector<Mutant>& out) {
  for (size_t r = 0; r < p.exec.size(); ++r) {
    const ExecRule& rule = p.exec[r];
    auto mutate = [&](const std::string& what, auto change) {
      Mutant m{rule.id + ": " + what, p};
      change(m.policy.exec[r]);
      out.push_back(std::move(m));
    };
    const bool inside_only = rule.only == Only::kInside;  // tests speak of calls
    if (rule.level == Level::kForbid) {
      mutate("gone", [](ExecRule& e) { e.argv = {e.argv[0]}, e.argv[0].words = {"none"}; });
      if (rule.argv[0].words.size() > 1)
        for (size_t w = 0; w < rule.argv[0].words.size(); ++w)
          mutate("without " + rule.argv[0].words[w],
                 [&](ExecRule& e) { e.argv[0].words.erase(e.argv[0].words.begin() + static_cast<ptrdiff_t>(w)); });
      for (size_t e = 1; e < rule.argv.size(); ++e)
        for (size_t w = 0; rule.argv[e].words.size() > 1 && w < rule.argv[e].words.size(); ++w)
          mutate("without " + rule.argv[e].words[w],
                 [&](ExecRule& x) { x.argv[e].words.erase(x.argv[e].words.begin() + static_cast<ptrdiff_t>(w)); });
      continue;
    }
    if (inside_only) continue;
    if (rule.level && *rule.level > Level::kAuto)
      mutate("level auto, no action", [](ExecRule& e) { e.level = Level::kAuto, e.action.clear(); });
    if (!rule.never_args.empty())
      for (size_t n = 0; n < rule.never_args.size(); ++n)
        mutate("may " + rule.never_args[n],
               [&](ExecRule& e) { e.never_args.erase(e.never_args.begin() + static_cast<ptrdiff_t>(n)); });
    if (rule.argv.back().kind != ElementKind::kRest) {
      mutate("any rest", [](ExecRule& e) { e.argv.push_back(Rest()); });
      mutate("any arguments", [](ExecRule& e) { e.argv.resize(1), e.argv.push_back(Rest()); });
    }
    for (size_t e = 1; e < rule.argv.size(); ++e) {
      if (rule.argv[e].kind == ElementKind::kRegex)
        mutate("any text at " + std::to_string(e), [&](ExecRule& x) {
          x.argv[e].kind = ElementKind::kText;
          x.argv[e].high = 9999;
        });
      if (rule.argv[e].kind == ElementKind::kPath)
        mutate("a text, not a path, at " + std::to_string(e), [&](ExecRule& x) {
          x.argv[e].kind = ElementKind::kText;
          x.argv[e].high = 9999;
        });
    }
  }
}

void WeakenObjects(const Policy& p, std::vector<Mutant>& out) {
  for (size_t r = 0; r < p.paths.size(); ++r) {
    const PathRule& rule = p.paths[r];
    auto mutate = [&](const std::string& what, auto change) {
      Mutant m{rule.id + ": " + what, p};
      change(m.policy.paths[r]);
      out.push_back(std::move(m));
    };
    if (rule.level == Level::kForbid) {
      for (size_t g = 0; g < rule.match.size(); ++g)
        mutate("without " + rule.match[g], [&](PathRule& x) { x.match[g] = "/none"; });
      for (Act act : {Act::kRead, Act::kWrite, Act::kDelete})
        if ((rule.may & ActBit(act)) != 0)
          mutate(std::string("lets ") + ActName(act),
                 [&](PathRule& x) { x.may = static_cast<uint8_t>(x.may & ~ActBit(act)); });
      mutate("unless anything", [](PathRule& x) { x.unless.push_back("/workspace/**"); });
      continue;
    }
    if (rule.level > Level::kAuto) mutate("level auto", [](PathRule& x) { x.level = Level::kAuto; });
    mutate("the whole host", [](PathRule& x) { x.under = "/"; });
    for (Act act : {Act::kWrite, Act::kDelete})
      if ((rule.may & ActBit(act)) == 0 && rule.under.starts_with("/"))
        mutate(std::string("lets ") + ActName(act), [&](PathRule& x) { x.may |= ActBit(act); });
  }
  for (size_t r = 0; r < p.network.size(); ++r) {
    auto mutate = [&](const std::string& what, auto change) {
      Mutant m{p.network[r].id + ": " + what, p};
      change(m.policy.network[r]);
      out.push_back(std::move(m));
    };
    if (p.network[r].level > Level::kAuto) mutate("level auto", [](NetworkRule& x) { x.level = Level::kAuto; });
    mutate("any port", [](NetworkRule& x) { x.ports.clear(); });
    mutate("every name below", [](NetworkRule& x) {
      const std::string host = x.hosts[0];
      x.hosts = {host, "*" + host.substr(host.find('.'))};
    });
  }
}

void WeakenProfiles(const Policy& p, std::vector<Mutant>& out) {
  for (size_t r = 0; r < p.profiles.size(); ++r) {
    const Profile& profile = p.profiles[r];
    for (size_t a = 0; a < profile.actions.size(); ++a) {
      if (profile.actions[a].second == Level::kAuto) continue;
      Mutant m{profile.name + ": " + profile.actions[a].first + " auto", p};
      m.policy.profiles[r].actions[a].second = Level::kAuto;
      out.push_back(std::move(m));
    }
    if (profile.otherwise) {
      Mutant m{profile.name + ": otherwise auto", p};
      m.policy.profiles[r].otherwise = Level::kAuto;
      out.push_back(std::move(m));
    }
    if (profile.approve_becomes_forbid) {
      Mutant m{profile.name + ": approve stays", p};
      m.policy.profiles[r].approve_becomes_forbid = false;
      out.push_back(std::move(m));
    }
  }
  for (size_t w = 0; w < p.windows.size(); ++w) {
    Mutant gone{p.windows[w].id + ": gone", p};
    gone.policy.windows.erase(gone.policy.windows.begin() + static_cast<ptrdiff_t>(w));
    out.push_back(std::move(gone));
    Mutant days{p.windows[w].id + ": every day", p};
    for (Span& span : days.policy.windows[w].open) span.first_day = 0, span.last_day = 6;
    out.push_back(std::move(days));
    Mutant hours{p.windows[w].id + ": all day", p};
    for (Span& span : hours.policy.windows[w].open) span.from = 0, span.to = 1440;
    out.push_back(std::move(hours));
  }
}

// Not weaker in anything that a call could show: `git-read`, what is no word of the regex is a path
// there, and the paths of all ways count; `git_push`, the rule's own level is a floor;
// `unattended`, every action is in some list.
const std::vector<std::string> kEquivalent = {"git-read: any text at 3", "development: git_push auto",
                                              "unattended: otherwise auto"};

TEST(Weaken, TheExampleNoticesEachWeakenedRule) {
  for (const auto& file : FilesIn("policies/example")) {
    const Policy p = Loaded(ReadText(file), file.string());
    ASSERT_TRUE(RunExamples(p).empty());
    std::vector<Mutant> mutants;
    WeakenExec(p, mutants);
    WeakenObjects(p, mutants);
    WeakenProfiles(p, mutants);
    EXPECT_GT(mutants.size(), 60u);
    for (const Mutant& mutant : mutants)
      EXPECT_EQ(RunExamples(mutant.policy).empty(), std::ranges::find(kEquivalent, mutant.what) != kEquivalent.end())
          << "nothing notices: " << mutant.what;
  }
}

}  // namespace
}  // namespace warder::policy
