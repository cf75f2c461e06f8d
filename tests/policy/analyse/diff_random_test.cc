// Whenever random calls find that a changed policy is looser, does diff say so? And nothing where nothing changed?
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "policy/analyse/diff.h"
#include "policy/zones.h"
#include "tests/policy/random_layers.h"

namespace warder::policy::analyse {
namespace {

using Layers = std::vector<std::shared_ptr<const Policy>>;

// One change of the kind that people make.
void Mutate(Dice& dice, Policy& p) {
  const Policy other = AnyLayer(dice, p.layer);
  auto exec = [&](auto change) {
    if (!p.exec.empty()) change(p.exec[dice.Below(p.exec.size())]);
  };
  auto path = [&](auto change) {
    if (!p.paths.empty()) change(p.paths[dice.Below(p.paths.size())]);
  };
  switch (dice.Below(22)) {
    case 0:
      return exec([&](ExecRule& r) { r.level = AnyLevel(dice); });
    case 1:
      return exec([&](ExecRule& r) { r.argv.insert(r.argv.begin() + 1, AnyElement(dice)); });
    case 2:
      return exec([&](ExecRule& r) {
        if (r.argv.size() > 1) r.argv.erase(r.argv.begin() + 1);
      });
    case 3:
      return exec([&](ExecRule& r) { r.never_args.empty() ? r.never_args.push_back("-v") : r.never_args.clear(); });
    case 4:
      return exec([&](ExecRule& r) { r.only = static_cast<Only>(dice.Below(3)); });
    case 5:
      return exec([&](ExecRule& r) { r.action = r.action.empty() ? dice.Of(kActions) : ""; });
    case 6:
      return exec([&](ExecRule& r) { r.attempts ? r.attempts.reset() : (void)(r.attempts = Rate{2, 1000}); });
    case 7:
      return exec([&](ExecRule& r) {
        for (Element& e : r.argv) {
          if (e.kind == ElementKind::kPath) e.act = static_cast<Act>(dice.Below(3));
          if (e.kind == ElementKind::kPath && dice.Coin()) e.kind = ElementKind::kText, e.high = 9;
          if (e.repeat_high == 2 && dice.Coin()) e.repeat_high = 3;
        }
      });
    case 8:
      if (!p.exec.empty()) p.exec.erase(p.exec.begin() + static_cast<ptrdiff_t>(dice.Below(p.exec.size())));
      return;
    case 9:
      p.exec = other.has_exec ? other.exec : p.exec;
      for (ExecRule& rule : p.exec) rule.network.clear();
      return;
    case 10:
      return path([&](PathRule& r) { r.level = AnyLevel(dice); });
    case 11:
      return path([&](PathRule& r) { r.may = static_cast<uint8_t>(1 + dice.Below(7)); });
    case 12:
      return path([&](PathRule& r) {
        if (r.unless.empty())
          r.unless = {dice.Coin() ? "**/.env*" : "${workspace}/src/*"};
        else
          r.unless.clear();
      });
    case 13:
      if (p.paths.size() > 1) p.paths.erase(p.paths.begin() + static_cast<ptrdiff_t>(dice.Below(p.paths.size())));
      return;
    case 14:
      p.profiles = other.profiles;
      p.default_profile = other.default_profile;
      return;
    case 15:
      for (Profile& profile : p.profiles) {
        profile.approve_becomes_forbid = dice.Coin();
        if (dice.Coin()) profile.otherwise = AnyLevel(dice);
        if (!profile.actions.empty() && dice.Coin()) profile.actions[0].second = AnyLevel(dice);
      }
      return;
    case 16:
      p.unmatched = {p.has_exec && dice.Coin(), p.has_paths && dice.Coin(), p.has_network && dice.Coin()};
      return;
    case 17:
      p.windows = other.windows;
      return;
    case 18:
      for (NetworkRule& rule : p.network) {
        rule.level = dice.Coin() ? rule.level : AnyLevel(dice);
        if (dice.Coin()) rule.hosts = {dice.OneIn(3) ? "*.h.org" : dice.Of(kHosts)};
        if (dice.Coin()) rule.methods.clear();
      }
      return;
    case 19:
      p.environment_pass = other.environment_pass;
      p.require_reason = other.require_reason;
      return;
    case 20:
      p.session = other.session;
      return;
    default:
      if (dice.Coin())
        p.has_paths = false, p.paths.clear(), p.unmatched.paths = false;
      else
        p.has_exec = false, p.exec.clear(), p.unmatched.exec = false;
      return;
  }
}

// The same world for both policies; times as clocks really show them together.
struct Imagined {
  bool exists = true;
  std::chrono::system_clock::time_point now;
  uint64_t used = 0;
};
Facts FactsOf(const PolicySet& set, const Call& call, const Imagined& imagined) {
  Facts facts;
  facts.workspace = "/workspace";
  const Wanted wanted = Want(set, call);
  for (const WantedPath& path : wanted.paths) {
    const std::string from = path.directory == SIZE_MAX ? facts.workspace : facts.paths.at(path.directory).path;
    facts.paths.push_back({true, "", path.text.starts_with('/') ? path.text : from + "/" + path.text, imagined.exists,
                           path.is_directory, 1, 1});
  }
  for (const WantedProgram& program : wanted.programs) {
    ProgramFact& fact = facts.programs.emplace_back();
    for (const Program& known : set.layer(0).programs)
      if (!program.path.empty() && known.files[0].path == program.path)
        fact = {true, "", program.path, 1, known.files[0].ino, std::nullopt, true, true, false};
  }
  for (const char* zone : {"Europe/Berlin", "UTC"})
    if (auto time = LocalTimeIn(zone, imagined.now)) facts.zones.push_back({zone, *time});
  facts.counters.assign(wanted.counters.size(), {true, imagined.used});
  return facts;
}

std::string Told(const Diff& diff) {
  std::string out;
  for (const auto& list : {diff.widened, diff.narrowed})
    for (const Change& change : list)
      out += (change.widened ? "widened " : "narrowed ") + change.matter + ": " + change.what + " `" + change.call +
             "` " + LevelName(change.before.level) + " by " + change.before.rule + " -> " +
             LevelName(change.after.level) + " by " + change.after.rule + "\n";
  for (const std::string& unseen : diff.unseen) out += "unseen: " + unseen + "\n";
  return out;
}

int Rounds(int usual) {
  const char* more = std::getenv("WARDER_DIFF_ROUNDS");
  return more == nullptr ? usual : std::atoi(more);
}

TEST(DiffRandom, WhereverACallIsLooserDiffSaysSo) {
  Dice dice(11);
  size_t looser_pairs = 0, silent = 0;
  for (int round = 0; round < Rounds(250); ++round) {
    const Layers before = AnyLayers(dice);
    Layers after = before;
    for (size_t changes = 1 + dice.Below(2); changes > 0; --changes) {
      std::shared_ptr<const Policy>& at = after[dice.Below(after.size())];
      auto changed = std::make_shared<Policy>(*at);
      Mutate(dice, *changed);
      at = changed;
    }
    if (dice.OneIn(12) && after.size() > 1) after.pop_back();
    const PolicySet old_set = MakeSet(before), new_set = MakeSet(after);
    const Diff diff = Compare(old_set, new_set);
    for (const Change& change : diff.widened)
      ASSERT_TRUE(!change.what.empty() || change.after.level < change.before.level) << Told(diff);
    bool looser = false;
    for (int i = 0; i < 600 && !looser; ++i) {
      Call call = AnyCall(dice);
      call.inside = dice.OneIn(4) && call.tool == Tool::kRunCommand && call.line.commands.size() == 1 &&
                    call.line.commands[0].redirections.empty() && call.line.commands[0].assignments.empty() &&
                    !call.line.commands[0].change_directory;
      if (call.inside) call.directory.clear();
      const Imagined imagined{
          dice.Coin(),
          std::chrono::sys_days(std::chrono::year(2026) / 3 / 2) + std::chrono::minutes(dice.Below(7 * 1440)),
          dice.OneIn(3) ? dice.Below(6) : 0};
      const std::string profile = std::vector<std::string>{"", "day", "night"}[dice.Below(3)];
      const Decision then = Decide(old_set, call, FactsOf(old_set, call, imagined), profile);
      const Decision now = Decide(new_set, call, FactsOf(new_set, call, imagined), profile);
      looser = now.level < then.level;
      ASSERT_TRUE(!looser || !diff.widened.empty())
          << "round " << round << ": " << ShowCommand({call.opaque_text, call.path, call.host.name}) << " tool "
          << static_cast<int>(call.tool) << " inside " << call.inside << " profile " << profile << " was "
          << LevelName(then.level) << " by " << then.rule << " " << then.why << "; is " << LevelName(now.level)
          << " by " << now.rule << "\n"
          << Told(diff);
    }
    (looser ? looser_pairs : silent) += 1;
  }
  EXPECT_GT(looser_pairs, static_cast<size_t>(Rounds(250)) / 8);
  EXPECT_GT(silent, static_cast<size_t>(Rounds(250)) / 8);
}

// Other order, other names, lists taken apart: the same policy.
void Rewrite(Dice& dice, Policy& p) {
  std::shuffle(p.exec.begin(), p.exec.end(), dice.engine);
  std::shuffle(p.paths.begin(), p.paths.end(), dice.engine);
  std::shuffle(p.network.begin(), p.network.end(), dice.engine);
  std::shuffle(p.windows.begin(), p.windows.end(), dice.engine);
  for (NetworkRule& rule : p.network) {
    for (ExecRule& exec : p.exec)
      std::replace(exec.network.begin(), exec.network.end(), std::string(rule.id), rule.id + "-renamed");
    rule.id += "-renamed";
  }
  std::vector<ExecRule> exec;
  for (ExecRule& rule : p.exec) {
    rule.id += "-renamed";
    rule.why = "other words";
    // One rule for two programs, as two rules; what it counts must stay in one place.
    if (rule.argv[0].words.size() == 2 && !rule.attempts) {
      ExecRule second = rule;
      second.id += "-b";
      rule.argv[0].words.pop_back();
      second.argv[0].words.erase(second.argv[0].words.begin());
      exec.push_back(std::move(second));
    }
    exec.push_back(std::move(rule));
  }
  p.exec = std::move(exec);
  std::vector<PathRule> paths;
  for (PathRule& rule : p.paths) {
    rule.id += "-renamed";
    if ((rule.may & 1) != 0 && rule.may != 1 && dice.Coin()) {
      PathRule reads = rule;
      reads.may = 1;
      reads.id += "-b";
      rule.may = static_cast<uint8_t>(rule.may & ~1);
      paths.push_back(std::move(reads));
    }
    paths.push_back(std::move(rule));
  }
  p.paths = std::move(paths);
  uint32_t line = 500;
  for (ExecRule& rule : p.exec) rule.where = {line++, 1};
  for (PathRule& rule : p.paths) rule.where = {line++, 1};
}

TEST(DiffRandom, WhatIsOnlyWrittenOtherwiseIsNoChange) {
  Dice dice(12);
  for (int round = 0; round < Rounds(250); ++round) {
    const Layers before = AnyLayers(dice);
    Layers after;
    for (const auto& layer : before) {
      auto changed = std::make_shared<Policy>(*layer);
      Rewrite(dice, *changed);
      after.push_back(changed);
    }
    const Diff diff = Compare(MakeSet(before), MakeSet(after));
    ASSERT_TRUE(diff.widened.empty() && diff.narrowed.empty() && diff.unseen.empty()) << "round " << round << "\n"
                                                                                      << Told(diff);
  }
}

}  // namespace
}  // namespace warder::policy::analyse
