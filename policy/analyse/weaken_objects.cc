// In which ways could path rules and network rules be weaker by one step?
#include <algorithm>
#include <bit>
#include <span>

#include "base/glob.h"
#include "policy/analyse/weaken_parts.h"
#include "policy/layer_index.h"

namespace warder::policy {
namespace {

constexpr Act kActs[] = {Act::kRead, Act::kWrite, Act::kDelete};

// What lies above, as a rule would write it: `${workspace}/a` -> `${workspace}` -> `/`.
std::string Above(const std::string& directory) {
  if (directory.starts_with("${") && directory.find('/') == std::string::npos) return "/";
  const size_t slash = directory.rfind('/');
  return slash == 0 ? "/" : directory.substr(0, slash);
}

// A glob that takes in more: the directory above, or every name in its place.
std::string Wider(const std::string& glob) {
  if (glob.ends_with("/**"))
    return (Above(glob.substr(0, glob.size() - 3)) == "/" ? "" : Above(glob.substr(0, glob.size() - 3))) + "/**";
  const size_t slash = glob.rfind('/');
  const std::string last = glob.substr(slash + 1);
  return glob.substr(0, slash + 1) + (last == "*" ? "**" : "*");
}

std::vector<std::string_view> Components(std::string_view glob) {
  std::vector<std::string_view> parts;
  while (!glob.empty()) {
    const size_t end = std::min(glob.find('/'), glob.size());
    if (end > 0) parts.push_back(glob.substr(0, end));
    glob.remove_prefix(std::min(end + 1, glob.size()));
  }
  return parts;
}

// Whether each name that `inner` fits is one that `outer` does: what is a `*` in the one must fall to one in the other.
bool NameWithin(std::string_view inner, std::string_view outer) {
  if (outer.empty()) return inner.empty();
  if (outer[0] == '*') {
    for (size_t i = 0; i <= inner.size(); ++i)
      if (NameWithin(inner.substr(i), outer.substr(1))) return true;
    return false;
  }
  return !inner.empty() && inner[0] == outer[0] && NameWithin(inner.substr(1), outer.substr(1));
}

// The same of whole globs. A yes is a proof; a no is none.
bool Within(std::span<const std::string_view> inner, std::span<const std::string_view> outer) {
  if (outer.empty()) return inner.empty();
  if (outer[0] == "**") {
    for (size_t i = 0; i <= inner.size(); ++i)
      if (Within(inner.subspan(i), outer.subspan(1))) return true;
    return false;
  }
  return !inner.empty() && inner[0] != "**" && NameWithin(inner[0], outer[0]) &&
         Within(inner.subspan(1), outer.subspan(1));
}

// Whether no path fits both, seen by their last names alone. A yes is a proof; a no is none.
bool Apart(std::span<const std::string_view> one, std::span<const std::string_view> other) {
  if (one.empty() || other.empty()) return false;
  const std::string_view name = one.back(), pattern = other.back();
  return name.find('*') == std::string_view::npos && pattern != "**" && !NameWithin(name, pattern);
}

class OfPaths {
 public:
  OfPaths(Maker& maker, size_t r) : maker_(maker), r_(r), rule_(maker.policy().paths[r]) {}

  void Make() {
    if (rule_.level == Level::kForbid)
      Forbidding();
    else
      Allowing();
  }

 private:
  using Change = std::function<void(PathRule&)>;

  void Add(const std::string& what, Change change, std::vector<Test> probes) {
    maker_
        .Add(rule_.where, "rule " + rule_.id + ": " + what,
             [r = r_, change = std::move(change)](Policy& policy) { change(policy.paths[r]); })
        .probes = std::move(probes);
  }

  std::vector<std::string> Texts() const {
    return rule_.under.empty() ? rule_.match : std::vector<std::string>{rule_.under};
  }
  std::vector<Test> Probes(const std::vector<std::string>& texts, uint8_t acts, bool under) const {
    std::vector<Test> probes;
    for (const std::string& text : texts)
      for (const std::string& path : maker_.samples.Paths(text, under))
        for (Act act : kActs)
          if ((acts & ActBit(act)) != 0)
            for (Test& test : maker_.samples.Calls(path, act)) probes.push_back(std::move(test));
    return probes;
  }
  std::vector<Test> Probes(uint8_t acts) const { return Probes(Texts(), acts, !rule_.under.empty()); }

  // Whether some rule allows anything of it: else it is forbidden anyway, as what no rule covers.
  bool AllowedSomewhere(const std::string& text) const {
    const std::string filled = FillIn(text, "/workspace", "/tmp");
    const bool plain = rule_.under.empty() && filled.find('*') == std::string::npos;
    auto meets = [&](const std::string& tree) {
      if (!rule_.under.empty()) return IsUnder(filled, tree) || IsUnder(tree, filled);
      return GlobMatch(filled, tree) || GlobMayMatchBeneath(filled, tree);
    };
    for (const auto& layer : maker_.set.layers())
      for (const PathRule& other : layer->paths) {
        if (other.level == Level::kForbid || (other.may & rule_.may) == 0) continue;
        if (plain ? TakesInOrAbove(other, filled) : std::ranges::any_of(TreesOf(other), meets)) return true;
      }
    return false;
  }
  // Whether the rule takes in this path, or one above it: deleting that counts for it too.
  static bool TakesInOrAbove(const PathRule& rule, std::string path) {
    for (;;) {
      if (!rule.under.empty() && IsUnder(path, FillIn(rule.under, "/workspace", "/tmp"))) return true;
      for (const std::string& glob : rule.match)
        if (GlobMatch(FillIn(glob, "/workspace", "/tmp"), path)) return true;
      if (path.size() <= 1) return false;
      path.resize(std::max<size_t>(path.rfind('/'), 1));
    }
  }

  void Forbidding() {
    if (std::ranges::none_of(Texts(), [&](const std::string& text) { return AllowedSomewhere(text); })) return;
    Add("gone", [](PathRule& rule) { rule.may = 0; }, Probes(rule_.may));
    Add("at approve, not forbid", [](PathRule& rule) { rule.level = Level::kApprove; }, Probes(rule_.may));
    for (size_t g = 0; rule_.match.size() > 1 && g < rule_.match.size(); ++g)
      if (!ForbiddenElsewhere(g) && AllowedSomewhere(rule_.match[g]))
        Add(
            "without " + rule_.match[g],
            [g](PathRule& rule) { rule.match.erase(rule.match.begin() + static_cast<ptrdiff_t>(g)); },
            Probes({rule_.match[g]}, rule_.may, false));
    for (Act act : kActs)
      if ((rule_.may & ActBit(act)) != 0 && std::popcount(rule_.may) > 1 &&
          (act != Act::kDelete || !NothingIsDeleted()))
        Add(
            std::string("not of ") + ActName(act),
            [act](PathRule& rule) { rule.may = static_cast<uint8_t>(rule.may & ~ActBit(act)); }, Probes(ActBit(act)));
    if (std::ranges::any_of(Texts(), [](const std::string& text) { return !text.starts_with('/'); }))
      Add(
          "unless it is in the workspace", [](PathRule& rule) { rule.unless.push_back("${workspace}/**"); },
          Probes(rule_.may));
    for (size_t u = 0; u < rule_.unless.size(); ++u) {
      const std::string wider = Wider(rule_.unless[u]);
      Add(
          "unless " + wider + ", not " + rule_.unless[u], [u, wider](PathRule& rule) { rule.unless[u] = wider; },
          Probes(rule_.may));
    }
  }

  // Whether other globs that forbid take in all that this one does. One without a wildcard, and `D/**`, say more: a
  // delete of what lies above counts too.
  bool ForbiddenElsewhere(size_t g) const {
    const std::string& glob = rule_.match[g];
    const bool plain = glob.find('*') == std::string::npos;
    if (glob.ends_with("/**")) return false;
    const std::vector<std::string_view> inner = Components(glob);
    return std::ranges::any_of(maker_.policy().paths, [&](const PathRule& other) {
      if (other.level != Level::kForbid || (other.may & rule_.may) != rule_.may) return false;
      if (!std::ranges::all_of(other.unless,
                               [&](const std::string& unless) { return Apart(inner, Components(unless)); }))
        return false;
      return std::ranges::any_of(other.match, [&](const std::string& wide) {
        if (plain) return wide == glob + "/**";  // which says of D itself, and of what lies above, the same
        return &wide != &glob && glob.starts_with('/') == wide.starts_with('/') && Within(inner, Components(wide));
      });
    });
  }

  // Whether nothing is ever deleted: each profile forbids it to the tools, and no pattern names a path to delete.
  bool NothingIsDeleted() const {
    for (const auto& layer : maker_.set.layers())
      for (const ExecRule& rule : layer->exec)
        for (const Element& element : rule.argv) {
          if (element.kind == ElementKind::kPath && element.act == Act::kDelete) return false;
          for (const Flag& flag : element.flags)
            if (flag.value == FlagValue::kDelete) return false;
        }
    return LeastOfAction(maker_.set, "delete_file") == Level::kForbid;
  }

  // Whether another rule speaks of this whole tree and act already: then one more can only make it stricter.
  bool CoveredElsewhere(const std::string& tree, Act act) const {
    return std::ranges::any_of(maker_.policy().paths, [&](const PathRule& other) {
      if (&other == &rule_ || !other.unless.empty() || (other.may & ActBit(act)) == 0) return false;
      std::vector<std::string> whole;  // directories of which it takes in everything
      if (!other.under.empty()) whole.push_back(other.under);
      for (const std::string& glob : other.match)
        if (glob.ends_with("/**") && glob.find('*') == glob.size() - 2)
          whole.push_back(glob.substr(0, glob.size() - 3));
      return std::ranges::any_of(
          whole, [&](const std::string& directory) { return IsUnder(tree, FillIn(directory, "/workspace", "/tmp")); });
    });
  }

  void Allowing() {
    if (rule_.level > Level::kAuto) {
      const Level looser = Looser(rule_.level);
      Add(
          std::string("level ") + LevelName(looser) + ", not " + LevelName(rule_.level),
          [looser](PathRule& rule) { rule.level = looser; }, Probes(rule_.may));
    }
    for (Act act : kActs)
      if ((rule_.may & ActBit(act)) == 0 && (act != Act::kDelete || !NothingIsDeleted()) &&
          !std::ranges::all_of(TreesOf(rule_), [&](const std::string& tree) { return CoveredElsewhere(tree, act); }))
        Add(
            std::string("may ") + ActName(act) + " too",
            [act](PathRule& rule) { rule.may = static_cast<uint8_t>(rule.may | ActBit(act)); }, Probes(ActBit(act)));
    if (!rule_.under.empty() && rule_.under != "/") {
      const std::string above = Above(rule_.under);
      const bool covered = std::ranges::all_of(kActs, [&](Act act) {
        return (rule_.may & ActBit(act)) == 0 || CoveredElsewhere(FillIn(above, "/workspace", "/tmp"), act);
      });
      if (!covered)
        Add(
            "under " + above + ", not " + rule_.under, [above](PathRule& rule) { rule.under = above; },
            Probes({above + (above == "/" ? "other" : "/other")}, rule_.may, true));
    }
    for (size_t g = 0; g < rule_.match.size(); ++g) {
      const std::string wider = Wider(rule_.match[g]);
      Add(
          wider + ", not " + rule_.match[g], [g, wider](PathRule& rule) { rule.match[g] = wider; },
          Probes({wider}, rule_.may, false));
    }
    for (size_t u = 0; u < rule_.unless.size(); ++u)
      Add(
          "without `unless` " + rule_.unless[u],
          [u](PathRule& rule) { rule.unless.erase(rule.unless.begin() + static_cast<ptrdiff_t>(u)); },
          Probes({rule_.unless[u]}, rule_.may, false));
  }

  Maker& maker_;
  const size_t r_;
  const PathRule& rule_;
};

// Both as a rule writes them: exact, or `*.domain`.
bool Covers(std::string_view rule, std::string_view named) {
  return rule == named || (rule.starts_with("*.") && named.size() > rule.size() - 1 && named.ends_with(rule.substr(1)));
}

Test Request(const std::string& host, uint16_t port) {
  Test test;
  test.tool = "http_request";
  test.url = "https://" + (host.starts_with("*.") ? "x" + host.substr(1) : host) +
             (port == 443 ? "" : ":" + std::to_string(port)) + "/";
  return test;
}

class OfNetwork {
 public:
  OfNetwork(Maker& maker, size_t r) : maker_(maker), r_(r), rule_(maker.policy().network[r]) {}

  void Make() {
    if (rule_.level == Level::kForbid)
      Forbidding();
    else
      Allowing();
  }

 private:
  using Change = std::function<void(NetworkRule&)>;

  void Add(const std::string& what, Change change, std::vector<Test> probes) {
    maker_
        .Add(rule_.where, "rule " + rule_.id + ": " + what,
             [r = r_, change = std::move(change)](Policy& policy) { change(policy.network[r]); })
        .probes = std::move(probes);
  }
  std::vector<Test> Probes(const std::vector<std::string>& hosts, const std::vector<uint16_t>& ports) const {
    std::vector<Test> probes;
    for (const std::string& host : hosts)
      for (uint16_t port : ports) probes.push_back(Request(host, port));
    return probes;
  }
  std::vector<uint16_t> Ports() const { return rule_.ports.empty() ? std::vector<uint16_t>{443, 80} : rule_.ports; }

  // Whether some rule allows any host of it: else it is forbidden anyway, as what no rule covers.
  bool AllowedSomewhere(const std::string& host) const {
    for (const auto& layer : maker_.set.layers())
      for (const NetworkRule& other : layer->network)
        for (const std::string& allowed : other.hosts)
          if (other.level != Level::kForbid && (Covers(allowed, host) || Covers(host, allowed))) return true;
    return false;
  }

  void Forbidding() {
    if (std::ranges::none_of(rule_.hosts, [&](const std::string& host) { return AllowedSomewhere(host); })) return;
    Add("gone", [](NetworkRule& rule) { rule.hosts.clear(); }, Probes(rule_.hosts, Ports()));
    Add(
        "at approve, not forbid", [](NetworkRule& rule) { rule.level = Level::kApprove; },
        Probes(rule_.hosts, Ports()));
    for (size_t h = 0; rule_.hosts.size() > 1 && h < rule_.hosts.size(); ++h)
      if (AllowedSomewhere(rule_.hosts[h]))
        Add(
            "without " + rule_.hosts[h],
            [h](NetworkRule& rule) { rule.hosts.erase(rule.hosts.begin() + static_cast<ptrdiff_t>(h)); },
            Probes({rule_.hosts[h]}, Ports()));
    for (size_t p = 0; rule_.ports.size() > 1 && p < rule_.ports.size(); ++p)
      Add(
          "without port " + std::to_string(rule_.ports[p]),
          [p](NetworkRule& rule) { rule.ports.erase(rule.ports.begin() + static_cast<ptrdiff_t>(p)); },
          Probes(rule_.hosts, {rule_.ports[p]}));
  }

  void Allowing() {
    if (rule_.level > Level::kAuto) {
      const Level looser = Looser(rule_.level);
      Add(
          std::string("level ") + LevelName(looser) + ", not " + LevelName(rule_.level),
          [looser](NetworkRule& rule) { rule.level = looser; }, Probes(rule_.hosts, Ports()));
    }
    Add("any port", [](NetworkRule& rule) { rule.ports.clear(); }, Probes(rule_.hosts, {443, 80, 8443, 22, 1}));
    for (const std::string& host : rule_.hosts) {
      const size_t dot = host.find('.', host.starts_with("*.") ? 2 : 0);
      if (dot == std::string::npos) continue;
      const std::string wider = "*" + host.substr(dot);
      if (std::ranges::find(rule_.hosts, wider) != rule_.hosts.end()) continue;
      Add(
          wider + ", not " + host + " alone", [wider](NetworkRule& rule) { rule.hosts.push_back(wider); },
          Probes({"other" + host.substr(dot)}, Ports()));
    }
    // A test asks with GET.
    if (!rule_.methods.empty() && std::ranges::find(rule_.methods, "GET") == rule_.methods.end())
      Add("any method", [](NetworkRule& rule) { rule.methods.clear(); }, Probes(rule_.hosts, Ports()));
  }

  Maker& maker_;
  const size_t r_;
  const NetworkRule& rule_;
};

}  // namespace

void WeakenPaths(Maker& maker) {
  for (size_t r = 0; r < maker.policy().paths.size(); ++r) OfPaths(maker, r).Make();
}

void WeakenNetwork(Maker& maker) {
  for (size_t r = 0; r < maker.policy().network.size(); ++r) OfNetwork(maker, r).Make();
}

}  // namespace warder::policy
