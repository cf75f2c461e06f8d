// Does the engine decide as the plain model does, and keep the promises of the decision rule?
#include <gtest/gtest.h>

#include "tests/policy/model.h"
#include "tests/policy/random_layers.h"

namespace warder::policy {
namespace {

constexpr int kRounds = 3000;

std::string Show(const PolicySet& set, const Call& call, const Decision& d) {
  std::string out = call.tool == Tool::kRunCommand
                        ? call.opaque_text
                        : "tool " + std::to_string(static_cast<int>(call.tool)) + " " + call.path + call.host.name;
  out += " in";
  for (const auto& layer : set.layers()) out += std::string(" ") + LayerName(layer->layer);
  out += " is " + std::string(LevelName(d.level)) + " by " + d.rule + ": " + d.why;
  for (const Applied& a : d.applied) out += "\n  " + std::string(LevelName(a.level)) + " " + a.id + " for " + a.object;
  return out;
}

struct World {
  PolicySet set;
  Call call;
  Facts facts;
  std::string profile;
};

World AnyWorld(Dice& dice, bool trouble = true) {
  PolicySet set = MakeSet(AnyLayers(dice));
  Call call = AnyCall(dice);
  Facts facts = AnyFacts(dice, set, call, trouble);
  const std::string profile = dice.OneIn(3) ? (dice.OneIn(8) ? "unknown" : "night") : "";
  return {std::move(set), std::move(call), std::move(facts), profile};
}

Decision Ask(const World& w) { return Decide(w.set, w.call, w.facts, w.profile); }

// The same world with another set of layers: the same facts, by what is asked for.
World With(const World& w, std::vector<std::shared_ptr<const Policy>> layers) {
  World other{MakeSet(std::move(layers)), w.call, w.facts, w.profile};
  const Wanted before = Want(w.set, w.call), after = Want(other.set, w.call);
  other.facts.paths.clear();
  for (const WantedPath& path : after.paths) {
    size_t same = 0;
    while (same < before.paths.size() && (before.paths[same].text != path.text || before.paths[same].act != path.act ||
                                          before.paths[same].is_directory != path.is_directory))
      ++same;
    if (same < before.paths.size())
      other.facts.paths.push_back(w.facts.paths[same]);
    else
      other.facts.paths.push_back(
          {true, "", path.text.starts_with('/') ? path.text : "/ws/" + path.text, true, path.is_directory, 1, 1});
  }
  other.facts.counters.clear();
  for (const CounterNeed& need : after.counters) {
    auto same = std::ranges::find(before.counters, need);
    other.facts.counters.push_back(same == before.counters.end()
                                       ? CounterFact{true, 0}
                                       : w.facts.counters[static_cast<size_t>(same - before.counters.begin())]);
  }
  return other;
}

std::vector<std::shared_ptr<const Policy>> Copy(const PolicySet& set) {
  return {set.layers().begin(), set.layers().end()};
}

TEST(RuleProperty, TheEngineDecidesAsTheModelDoes) {
  Dice dice(1);
  int levels[4] = {};
  for (int i = 0; i < 4 * kRounds; ++i) {
    const World w = AnyWorld(dice);
    const Decision d = Ask(w);
    model::Layers layers;
    for (const auto& layer : w.set.layers()) layers.push_back(layer.get());
    const Wanted wanted = Want(w.set, w.call);
    const Level said = model::Model(layers, w.call, wanted, w.facts, w.profile).Decide();
    ++levels[static_cast<size_t>(said)];
    ASSERT_EQ(LevelName(d.level), std::string(LevelName(said))) << i << ": " << Show(w.set, w.call, d);
  }
  for (int count : levels) EXPECT_GT(count, kRounds / 50) << "each level must come up";
}

TEST(RuleProperty, NoRuleNoLeave) {
  Dice dice(2);
  for (int i = 0; i < kRounds; ++i) {
    World w = AnyWorld(dice, false);
    if (w.call.tool != Tool::kRunCommand) continue;
    const std::string gone = w.call.line.commands[dice.Below(w.call.line.commands.size())].argv[0];
    std::vector<std::shared_ptr<const Policy>> layers;
    for (const auto& layer : w.set.layers()) {
      auto without = std::make_shared<Policy>(*layer);
      std::erase_if(without->exec, [&](const ExecRule& rule) {
        return std::ranges::find(rule.argv[0].words, model::Base(gone)) != rule.argv[0].words.end();
      });
      layers.push_back(std::move(without));
    }
    const World none = With(w, std::move(layers));
    EXPECT_EQ(Ask(none).level, Level::kForbid) << Show(none.set, none.call, Ask(none));
  }
}

TEST(RuleProperty, StrictestWins) {
  Dice dice(3);
  int looser = 0;
  for (int i = 0; i < kRounds; ++i) {
    const World w = AnyWorld(dice, false);
    const Decision d = Ask(w);
    Level most = Level::kAuto;
    for (const Applied& applied : d.applied) most = std::max(most, applied.level);
    if (most == Level::kApprove && d.level == Level::kForbid) continue;  // approve-becomes
    EXPECT_EQ(d.level, d.applied.empty() ? d.level : most) << Show(w.set, w.call, d);
    looser += d.level < Level::kForbid;
  }
  EXPECT_GT(looser, kRounds / 30);
}

TEST(RuleProperty, ForbidBeatsEveryGrant) {
  Dice dice(4);
  int was_allowed = 0;
  for (int i = 0; i < kRounds; ++i) {
    const World w = AnyWorld(dice, false);
    if (w.call.tool != Tool::kRunCommand) continue;
    was_allowed += Ask(w).level < Level::kForbid;
    const std::string name = model::Base(w.call.line.commands[0].argv[0]);
    auto layers = Copy(w.set);
    const size_t chosen = dice.Below(layers.size());
    if (!w.set.Speaks(chosen, Matter::kExec)) continue;
    auto stricter = std::make_shared<Policy>(*layers[chosen]);
    ExecRule never;
    never.id = "never";
    never.level = Level::kForbid;
    never.argv.resize(2);
    never.argv[0].words = {name};
    never.argv[1].kind = ElementKind::kRest;
    stricter->exec.insert(stricter->exec.begin() + static_cast<ptrdiff_t>(dice.Below(stricter->exec.size() + 1)),
                          never);
    layers[chosen] = stricter;
    const World forbidden = With(w, std::move(layers));
    EXPECT_EQ(Ask(forbidden).level, Level::kForbid) << Show(forbidden.set, w.call, Ask(forbidden));
  }
  EXPECT_GT(was_allowed, kRounds / 30);
}

TEST(RuleProperty, OrderAndRepetitionDoNotMatter) {
  Dice dice(5);
  for (int i = 0; i < kRounds; ++i) {
    const World w = AnyWorld(dice);
    std::vector<std::shared_ptr<const Policy>> layers;
    for (const auto& layer : w.set.layers()) {
      auto other = std::make_shared<Policy>(*layer);
      auto shuffle = [&](auto& list) {
        if (list.empty()) return;
        list.push_back(list[dice.Below(list.size())]);
        for (size_t k = list.size(); k > 1; --k) std::swap(list[k - 1], list[dice.Below(k)]);
      };
      shuffle(other->exec);
      shuffle(other->paths);
      shuffle(other->network);
      shuffle(other->windows);
      layers.insert(layers.begin() + static_cast<ptrdiff_t>(dice.Below(layers.size() + 1)), other);
    }
    const World other = With(w, std::move(layers));
    EXPECT_EQ(Ask(w).level, Ask(other).level) << Show(w.set, w.call, Ask(w)) << "\n"
                                              << Show(other.set, w.call, Ask(other));
  }
}

// In matters of which some layer already speaks, and does not pass on what it does not know; and
// the workspace's own layer never at all.
TEST(RuleProperty, AddingALayerNeverWidens) {
  Dice dice(6);
  int compared = 0, narrowed = 0;
  for (int i = 0; i < 2 * kRounds; ++i) {
    const World w = AnyWorld(dice, false);
    std::vector<LayerKind> missing;
    for (LayerKind kind : {LayerKind::kOrg, LayerKind::kTeam, LayerKind::kWorkspace, LayerKind::kSession})
      if (std::ranges::none_of(w.set.layers(), [&](const auto& layer) { return layer->layer == kind; }))
        missing.push_back(kind);
    if (missing.empty() || w.profile == "unknown" || w.profile == "night") continue;
    const LayerKind kind = dice.Of(missing);
    auto more = std::make_shared<Policy>(AnyLayer(dice, kind));
    auto speaks = [&](bool Policy::* section, bool Unmatched::* pass) {
      return std::ranges::any_of(w.set.layers(), [&](const auto& layer) {
        return (*layer).*section && !(layer->unmatched.*pass) && layer->layer != LayerKind::kWorkspace;
      });
    };
    if (kind != LayerKind::kWorkspace) {
      more->has_exec = more->has_exec && speaks(&Policy::has_exec, &Unmatched::exec);
      more->has_paths = more->has_paths && speaks(&Policy::has_paths, &Unmatched::paths);
      more->has_network = more->has_network && speaks(&Policy::has_network, &Unmatched::network);
      const bool environment = std::ranges::any_of(w.set.layers(), [](const auto& layer) {
        return layer->environment_pass && layer->layer != LayerKind::kWorkspace;
      });
      if (!environment) more->environment_pass.reset();
      // A layer above that speaks lets the workspace's own count: that is no widening either.
    }
    auto layers = Copy(w.set);
    layers.push_back(more);
    const World wider = With(w, std::move(layers));
    const Decision before = Ask(w), after = Ask(wider);
    EXPECT_GE(after.level, before.level) << LayerName(kind) << "\n"
                                         << Show(w.set, w.call, before) << "\n"
                                         << Show(wider.set, w.call, after);
    if (before.limits.wall_ms) {
      EXPECT_LE(after.limits.wall_ms.value_or(UINT64_MAX), *before.limits.wall_ms);
    }
    ++compared;
    narrowed += after.level > before.level;
  }
  EXPECT_GT(compared, kRounds / 2);
  EXPECT_GT(narrowed, kRounds / 50);
}

TEST(RuleProperty, AFailingRuleForbids) {
  Dice dice(7);
  int failed = 0;
  for (int i = 0; i < kRounds; ++i) {
    World w = AnyWorld(dice, false);
    const bool has_path = !w.facts.paths.empty();
    if (!has_path && w.facts.programs.empty()) continue;
    const Decision before = Ask(w);
    if (before.level == Level::kForbid) continue;
    ++failed;
    World broken{MakeSet(Copy(w.set)), w.call, w.facts, w.profile};
    if (has_path && dice.Coin()) {
      broken.facts.paths[0].resolved = false;
      // Of a path that only a rule names which does not count: then nothing judged it.
      const bool judged = std::ranges::any_of(before.applied, [](const Applied& a) { return a.is_path; });
      if (!judged) continue;
      if (w.facts.paths.size() > 1) continue;
    } else if (!w.facts.programs.empty()) {
      broken.facts.programs[0].ino += 1000;  // replaced since the policy was loaded
    } else {
      continue;
    }
    EXPECT_EQ(Ask(broken).level, Level::kForbid) << Show(broken.set, w.call, Ask(broken));
  }
  EXPECT_GT(failed, kRounds / 50);
  // Never for other programs: a pin that differs leaves what does not name it as it was.
  for (int i = 0; i < kRounds; ++i) {
    const World w = AnyWorld(dice, false);
    if (w.call.tool != Tool::kRunCommand) continue;
    std::vector<std::shared_ptr<const Policy>> layers;
    for (const auto& layer : w.set.layers()) {
      auto other = std::make_shared<Policy>(*layer);
      ExecRule pinned;
      pinned.id = "pinned";
      pinned.level = Level::kAuto;
      pinned.argv.resize(1);
      pinned.argv[0].words = {"elsewhere"};
      if (other->has_exec) other->exec.push_back(pinned);
      other->programs.push_back({"elsewhere", true, {"/opt/elsewhere"}, Digest{1}, {}, {}});
      layers.push_back(other);
    }
    const World other = With(w, std::move(layers));
    EXPECT_EQ(Ask(other).level, Ask(w).level) << Show(w.set, w.call, Ask(w));
  }
}

TEST(RuleProperty, AProfileNeverGoesBelowTheFloor) {
  Dice dice(8);
  int floors = 0;
  for (int i = 0; i < kRounds; ++i) {
    const World w = AnyWorld(dice, false);
    std::vector<std::shared_ptr<const Policy>> layers;
    for (const auto& layer : w.set.layers()) {
      auto lax = std::make_shared<Policy>(*layer);
      Profile profile;
      profile.name = "lax";
      profile.otherwise = Level::kAuto;
      for (const std::string& action : kActions) profile.actions.emplace_back(action, Level::kAuto);
      lax->profiles.push_back(profile);
      layers.push_back(lax);
    }
    World lax = With(w, std::move(layers));
    lax.profile = "lax";
    const Decision d = Ask(lax);
    for (const Applied& applied : d.applied) {
      if (applied.layer == SIZE_MAX) continue;
      for (const ExecRule& rule : lax.set.layer(applied.layer).exec)
        if (rule.id == applied.id && rule.level) {
          ++floors;
          EXPECT_GE(applied.level, *rule.level);
          EXPECT_GE(d.level, *rule.level);
        }
    }
  }
  EXPECT_GT(floors, kRounds / 10);
}

}  // namespace
}  // namespace warder::policy
