// Which weakenings of a policy does none of its examples and tests notice?
#include "policy/analyse/weaken.h"

#include <algorithm>
#include <array>

#include "policy/analyse/weaken_parts.h"
#include "policy/layer_index.h"

namespace warder::policy {
namespace {

// The set with one layer changed.
std::optional<PolicySet> With(const PolicySet& set, size_t layer, const std::function<void(Policy&)>& change) {
  std::vector<std::shared_ptr<const Policy>> layers(set.layers().begin(), set.layers().end());
  auto changed = std::make_shared<Policy>(*layers[layer]);
  change(*changed);
  layers[layer] = std::move(changed);
  auto made = PolicySet::Make(std::move(layers));
  if (!made) return std::nullopt;
  return std::move(*made);
}

std::vector<std::string> ProfileNames(const PolicySet& set) {
  std::vector<std::string> names{""};
  for (const auto& layer : set.layers())
    for (const Profile& profile : layer->profiles)
      if (std::ranges::find(names, profile.name) == names.end()) names.push_back(profile.name);
  return names;
}

// What counts in each layer where this profile is asked for: its own of that name, else its default; null: it has none.
struct Profiles {
  std::vector<const ResolvedProfile*> of;  // by layer
  bool approve_is_forbid = false;
};
Profiles ProfilesUnder(const PolicySet& set, const std::string& name) {
  Profiles profiles;
  for (size_t layer = 0; layer < set.size(); ++layer) {
    const ResolvedProfile* found = set.index(layer).FindProfile(name);
    if (found == nullptr) found = set.index(layer).FindProfile(set.layer(layer).default_profile);
    profiles.of.push_back(found);
    profiles.approve_is_forbid |= found != nullptr && found->approve_becomes_forbid();
  }
  return profiles;
}

// Every level that rules and profiles can give, under each profile. Where two sets give the same, no decision differs
// by them: nothing else of a profile or of a rule's level is looked at.
std::vector<int> GivenLevels(const PolicySet& set) {
  constexpr int kNone = -1;
  std::vector<int> given;
  for (const std::string& name : ProfileNames(set)) {
    const auto [profiles, approve_is_forbid] = ProfilesUnder(set, name);
    auto give = [&](std::optional<Level> level) {
      if (level == Level::kApprove && approve_is_forbid) level = Level::kForbid;
      given.push_back(level ? static_cast<int>(*level) : kNone);
    };
    for (size_t layer = 0; layer < set.size(); ++layer) {
      for (const ExecRule& rule : set.layer(layer).exec) give(RuleLevel(rule, profiles[layer]));
      if (profiles[layer] == nullptr) continue;
      for (size_t other = 0; other < set.size(); ++other)
        for (const ExecRule& rule : set.layer(other).exec)
          if (other != layer && !rule.action.empty()) give(profiles[layer]->Explicit(rule.action));
      for (std::string_view action : kToolActions) {
        const std::optional<Level> level = profiles[layer]->Explicit(std::string(action));
        const Matter matter = action == "http_request" ? Matter::kNetwork : Matter::kPaths;
        give(level || !set.Speaks(layer, matter) ? level : profiles[layer]->Otherwise());
      }
    }
  }
  return given;
}

std::vector<LocalTime> EdgesOf(const PolicySet& set) {
  std::vector<LocalTime> times;
  for (const auto& layer : set.layers())
    for (const Window& window : layer->windows)
      for (const Span& span : window.open)
        for (uint8_t day = 0; day < 7; ++day)
          for (const int minute : {span.from - 1, static_cast<int>(span.from), span.to - 1, static_cast<int>(span.to)})
            if (minute >= 0 && minute < 1440) times.push_back({day, static_cast<uint16_t>(minute)});
  return times;
}

class Search {
 public:
  Search(const PolicySet& set, std::span<const Test> more)
      : set_(set), more_(more), trials_(set), profiles_(ProfileNames(set)), times_(EdgesOf(set)) {}

  bool Notices(const Trials& weaker) const {
    auto fails = [](const std::optional<Finding>& finding) { return finding && finding->fails; };
    for (size_t layer = 0; layer < set_.size(); ++layer) {
      const Policy& policy = set_.layer(layer);
      for (uint32_t r = 0; r < policy.exec.size(); ++r) {
        for (const Example& example : policy.exec[r].match)
          if (fails(weaker.Run(layer, r, example, true))) return true;
        for (const Example& example : policy.exec[r].not_match)
          if (fails(weaker.Run(layer, r, example, false))) return true;
      }
      for (const Test& test : policy.tests)
        if (fails(weaker.Run(layer, test))) return true;
    }
    return std::ranges::any_of(more_, [&](const Test& test) { return fails(weaker.Run(Trials::kAllLayers, test)); });
  }

  // A test or an example that would notice it; empty: none was found.
  std::string Suggest(const Weakening& weakening, const Trials& weaker) const {
    for (const std::string& profile : profiles_)
      for (const Test& probe : weakening.probes) {
        Test test = probe;
        test.profile = profile;
        if (Differs(test, weaker)) return TestLine(test);
        for (size_t i = 0; weakening.asks_for_time && i < times_.size(); ++i) {
          test.at = times_[i];
          if (Differs(test, weaker)) return TestLine(test);
        }
      }
    if (weakening.rule == SIZE_MAX) return {};
    const auto r = static_cast<uint32_t>(weakening.rule);
    for (const std::string& line : weakening.lines) {
      const Tried before = trials_.Try(weakening.layer, r, line), after = weaker.Try(weakening.layer, r, line);
      if (before.usable && before.matches != after.matches)
        return std::string(before.matches ? "match" : "not-match") + ": [" + InQuotes(line) + "]";
    }
    return {};
  }

  static std::string InQuotes(const std::string& text) {
    std::string out = "\"";
    for (char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      if (c == '\n')
        out += "\\n";
      else
        out += c;
    }
    return out + "\"";
  }

 private:
  // Fills in what the test expects.
  bool Differs(Test& test, const Trials& weaker) const {
    const std::optional<Answered> before = trials_.Answer(test), after = weaker.Answer(test);
    if (!before || !after || after->decision.level >= before->decision.level) return false;
    test.expect = before->decision.level;
    if (test.by.empty()) test.by = before->decision.rule;
    return true;
  }

  const PolicySet& set_;
  const std::span<const Test> more_;
  const Trials trials_;
  const std::vector<std::string> profiles_;
  const std::vector<LocalTime> times_;
};

}  // namespace

Level LeastOfAction(const PolicySet& set, const std::string& action) {
  Level least = Level::kForbid;
  const Matter matter = action == "http_request" ? Matter::kNetwork : Matter::kPaths;
  for (const std::string& name : ProfileNames(set)) {
    Level strictest = Level::kAuto;
    bool approve_is_forbid = false;
    for (size_t layer = 0; layer < set.size(); ++layer) {
      const ResolvedProfile* found = set.index(layer).FindProfile(name);
      if (found == nullptr) found = set.index(layer).FindProfile(set.layer(layer).default_profile);
      if (found == nullptr) continue;
      approve_is_forbid |= found->approve_becomes_forbid();
      if (auto level = found->Explicit(action); level || set.Speaks(layer, matter))
        strictest = std::max(strictest, level.value_or(found->Otherwise()));
    }
    if (strictest == Level::kApprove && approve_is_forbid) strictest = Level::kForbid;
    least = std::min(least, strictest);
  }
  return least;
}

bool AnyApprove(const PolicySet& set) {
  for (const auto& layer : set.layers()) {
    auto asks = [](const auto& rule) { return rule.level == Level::kApprove; };
    if (std::ranges::any_of(layer->paths, asks) || std::ranges::any_of(layer->network, asks) ||
        std::ranges::any_of(layer->windows, asks))
      return true;
  }
  for (const std::string& name : ProfileNames(set)) {
    const auto [profiles, approve_is_forbid] = ProfilesUnder(set, name);
    for (size_t layer = 0; layer < set.size() && approve_is_forbid; ++layer) {
      for (const ExecRule& rule : set.layer(layer).exec)
        if (RuleLevel(rule, profiles[layer]) == Level::kApprove) return true;
      for (size_t other = 0; other < set.size() && profiles[layer] != nullptr; ++other)
        for (const ExecRule& rule : set.layer(other).exec)
          if (profiles[layer]->Explicit(rule.action) == Level::kApprove) return true;
      for (std::string_view action : kToolActions)
        if (profiles[layer] != nullptr && profiles[layer]->LevelOf(std::string(action)) == Level::kApprove) return true;
    }
  }
  return false;
}

Level Looser(Level level, bool approve_is_forbid) {
  switch (level) {
    case Level::kForbid:
      return approve_is_forbid ? Level::kNotify : Level::kApprove;
    case Level::kApprove:
      return Level::kNotify;
    case Level::kNotify:
    case Level::kAuto:
      break;
  }
  return Level::kAuto;
}

Weakening& Maker::Add(Where where, std::string what, std::function<void(Policy&)> change) {
  Weakening& made = out.emplace_back();
  made.layer = layer;
  made.where = where;
  made.what = std::move(what);
  made.change = std::move(change);
  return made;
}

void Maker::AddLevels(Where where, std::string what, std::function<void(Policy&)> change, std::vector<Test> probes,
                      std::vector<std::string> lines) {
  const std::optional<PolicySet> weaker = With(set, layer, change);
  if (!weaker || GivenLevels(*weaker) == GivenLevels(set)) return;
  Weakening& made = Add(where, std::move(what), std::move(change));
  made.probes = std::move(probes);
  made.lines = std::move(lines);
}

std::vector<Weakening> Weakenings(const PolicySet& set, std::span<const Test> more) {
  const Samples samples(set, more);
  std::vector<Weakening> all;
  for (size_t layer = 0; layer < set.size(); ++layer) {
    Maker maker{set, samples, layer, all};
    WeakenExec(maker);
    WeakenPaths(maker);
    WeakenNetwork(maker);
    WeakenProfiles(maker);
    WeakenLists(maker);
  }
  return all;
}

Weakened TryWeakenings(const PolicySet& set, std::span<const Test> more) {
  const Search search(set, more);
  Weakened result;
  for (const Weakening& weakening : Weakenings(set, more)) {
    const std::optional<PolicySet> changed = With(set, weakening.layer, weakening.change);
    if (!changed) continue;  // it can not stand beside the other layers
    ++result.all;
    const Trials weaker(*changed);
    if (search.Notices(weaker)) {
      ++result.noticed;
      continue;
    }
    Survivor survivor{weakening.layer, weakening.where, weakening.what, search.Suggest(weakening, weaker)};
    (survivor.suggestion.empty() ? result.no_call : result.survivors).push_back(std::move(survivor));
  }
  return result;
}

std::string TestLine(const Test& test) {
  constexpr std::array kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  std::string line = "- { ";
  if (!test.run.empty()) line += "run: " + Search::InQuotes(test.run);
  if (!test.tool.empty()) line += "tool: " + test.tool;
  if (!test.path.empty()) line += ", path: " + Search::InQuotes(test.path);
  if (!test.url.empty()) line += ", url: " + Search::InQuotes(test.url);
  if (test.is_new) line += ", new: yes";
  if (!test.profile.empty()) line += ", profile: " + test.profile;
  if (test.at) {
    auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    line += ", at: \"" + std::string(kDays[test.at->weekday]) + " " + two(test.at->minute / 60) + ":" +
            two(test.at->minute % 60) + "\"";
  }
  line += std::string(", expect: ") + LevelName(test.expect);
  if (!test.by.empty()) line += ", by: " + test.by;
  return line + " }";
}

}  // namespace warder::policy
