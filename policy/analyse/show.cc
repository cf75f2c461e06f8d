// How is a loaded policy written out again? See show.h.
#include "policy/analyse/show.h"

#include <algorithm>

#include "base/text.h"
#include "policy/analyse/layout.h"
#include "policy/shape.h"

namespace warder::policy {
namespace {

Laid Raw(std::string text) {
  Laid laid;
  laid.text = std::move(text);
  return laid;
}
Laid Text(std::string_view text) { return Raw(ScalarOf(text)); }
Laid Number(uint64_t number) { return Raw(std::to_string(number)); }
Laid Of(Level level) { return Raw(LevelName(level)); }
Laid Of(bool yes) { return Raw(yes ? "yes" : "no"); }

Laid ListOf(std::vector<Laid> items, bool brackets = true) {
  Laid laid;
  laid.kind = YamlKind::kList;
  laid.brackets = brackets;
  for (Laid& item : items) laid.entries.push_back({{}, {}, {}, std::move(item)});
  return laid;
}
Laid Texts(const std::vector<std::string>& texts) {
  std::vector<Laid> items;
  for (const std::string& text : texts) items.push_back(Text(text));
  return ListOf(std::move(items));
}

class Map {
 public:
  explicit Map(bool brackets = true) {
    laid_.kind = YamlKind::kMap;
    laid_.brackets = brackets;
  }
  void Put(std::string_view key, Laid value) { laid_.entries.push_back({{}, ScalarOf(key), {}, std::move(value)}); }
  void PutText(std::string_view key, const std::string& text) {
    if (!text.empty()) Put(key, Text(text));
  }
  void PutTexts(std::string_view key, const std::vector<std::string>& texts) {
    if (!texts.empty()) Put(key, Texts(texts));
  }
  template <typename T, typename Write>
  void PutIf(std::string_view key, const std::optional<T>& value, Write write) {
    if (value) Put(key, write(*value));
  }
  bool empty() const { return laid_.entries.empty(); }
  Laid Take() { return std::move(laid_); }

 private:
  Laid laid_;
};

struct Unit {
  const char* name;
  uint64_t factor;
};
// The largest unit that leaves no rest.
Laid WithUnit(uint64_t value, std::initializer_list<Unit> units) {
  for (const Unit& unit : units)
    if (value % unit.factor == 0) return Raw(std::to_string(value / unit.factor) + unit.name);
  return Raw(std::to_string(value));
}
Laid Time(uint64_t ms) { return WithUnit(ms, {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}}); }
Laid Bytes(uint64_t bytes) {
  return WithUnit(bytes, {{"GiB", 1ull << 30},
                          {"GB", 1'000'000'000},
                          {"MiB", 1ull << 20},
                          {"MB", 1'000'000},
                          {"KiB", 1ull << 10},
                          {"KB", 1000},
                          {"B", 1}});
}

Laid Of(const Rate& rate) {
  Map map;
  map.Put("max", Number(rate.max));
  map.Put("per", Time(rate.per_ms));
  return map.Take();
}

Laid Of(const Limits& limits) {
  Map map;
  map.PutIf("wall", limits.wall_ms, Time);
  map.PutIf("cpu", limits.cpu_ms, Time);
  map.PutIf("memory", limits.memory_bytes, Bytes);
  map.PutIf("pids", limits.pids, Number);
  map.PutIf("files", limits.files, Number);
  map.PutIf("output", limits.output_bytes, Bytes);
  map.PutIf("disk", limits.disk_bytes, Bytes);
  map.PutIf("read-file", limits.read_file_bytes, Bytes);
  map.PutIf("concurrent", limits.concurrent, Number);
  return map.Take();
}

// ---- exec
std::string FlagText(const Flag& flag) {
  constexpr const char* kKinds[] = {"", "INT", "TEXT", "READ", "WRITE", "DELETE"};
  const std::string kind = kKinds[static_cast<size_t>(flag.value)];
  switch (flag.form) {
    case FlagForm::kBundle:
      return "-[" + flag.text + "]";
    case FlagForm::kSeparate:
      return flag.text + " " + kind;
    case FlagForm::kGlued:
      return flag.text + kind;
    case FlagForm::kExact:
      break;
  }
  return flag.text;
}

Laid Range(uint64_t low, uint64_t high) { return Raw(std::to_string(low) + ".." + std::to_string(high)); }

Laid Of(const Element& element) {
  Map map;
  switch (element.kind) {
    case ElementKind::kWords:
      return element.words.size() == 1 ? Text(element.words[0]) : Texts(element.words);
    case ElementKind::kRest:
      return Raw("...");
    case ElementKind::kRegex:
      map.Put("re", Text(element.regex));
      break;
    case ElementKind::kText:
      map.Put("text", Number(element.high));
      break;
    case ElementKind::kInt:
      map.Put("int", Range(element.low, element.high));
      break;
    case ElementKind::kPath:
      map.Put("path", Raw(ActName(element.act)));
      break;
    case ElementKind::kHost:
      map.Put("host", Number(element.port));
      break;
    case ElementKind::kFlags: {
      std::vector<std::string> flags;
      for (const Flag& flag : element.flags) flags.push_back(FlagText(flag));
      map.Put("flags", Texts(flags));
      break;
    }
  }
  if (element.repeat_low != 1 || element.repeat_high != 1)
    map.Put("repeat", Range(element.repeat_low, element.repeat_high));
  map.PutText("as", element.as);
  return map.Take();
}

Laid Of(const ApprovalTerms& terms) {
  Map map;
  map.Put("people", Number(terms.people));
  map.Put("expires", Time(terms.expires_ms));
  map.PutIf("reuse", terms.reuse, [](const Rate& rate) { return Of(rate); });
  return map.Take();
}

Laid Lines(const std::vector<Example>& examples) {
  std::vector<Laid> items;
  for (const Example& example : examples) items.push_back(Text(example.line));
  return ListOf(std::move(items));
}

// `level: …`, or `forbid: words` where there are some.
void PutLevel(Map& map, Level level, const std::string& forbid_text) {
  if (level == Level::kForbid && !forbid_text.empty())
    map.Put("forbid", Text(forbid_text));
  else
    map.Put("level", Of(level));
}

Laid Of(const ExecRule& rule) {
  Map map(false);
  map.Put("id", Text(rule.id));
  if (rule.only != Only::kBoth) map.Put("only", Raw(rule.only == Only::kInside ? "inside" : "call"));
  map.PutText("action", rule.action);
  if (rule.level) PutLevel(map, *rule.level, rule.forbid_text);
  map.PutText("why", rule.why);
  std::vector<Laid> argv;
  for (const Element& element : rule.argv) argv.push_back(Of(element));
  map.Put("argv", ListOf(std::move(argv)));
  map.PutTexts("never-args", rule.never_args);
  map.PutTexts("network", rule.network);
  map.PutIf("limits", rule.limits, [](const Limits& limits) { return Of(limits); });
  map.PutIf("attempts", rule.attempts, [](const Rate& rate) { return Of(rate); });
  if (rule.guard != Guard::kEnforce) map.Put("guard", Raw(GuardName(rule.guard)));
  map.PutIf("approval", rule.approval, [](const ApprovalTerms& terms) { return Of(terms); });
  map.PutText("lease", rule.lease);
  map.PutIf("tool", rule.tool, [](const ToolTerms& tool) {
    Map terms;
    terms.Put("name", Text(tool.name));
    terms.Put("description", Text(tool.description));
    return terms.Take();
  });
  if (!rule.match.empty()) map.Put("match", Lines(rule.match));
  if (!rule.not_match.empty()) map.Put("not-match", Lines(rule.not_match));
  return map.Take();
}

// ---- paths, network, profiles, windows
Laid Of(const PathRule& rule) {
  Map map;
  map.Put("id", Text(rule.id));
  PutLevel(map, rule.level, rule.forbid_text);
  map.PutText("why", rule.why);
  std::vector<Laid> acts;
  for (Act act : {Act::kRead, Act::kWrite, Act::kDelete})
    if ((rule.may & ActBit(act)) != 0) acts.push_back(Raw(ActName(act)));
  map.Put("may", ListOf(std::move(acts)));
  map.PutText("under", rule.under);
  map.PutTexts("match", rule.match);
  map.PutTexts("unless", rule.unless);
  return map.Take();
}

Laid Of(const NetworkRule& rule) {
  Map map;
  map.Put("id", Text(rule.id));
  PutLevel(map, rule.level, rule.forbid_text);
  map.PutText("why", rule.why);
  map.PutTexts("hosts", rule.hosts);
  std::vector<Laid> ports;
  for (uint16_t port : rule.ports) ports.push_back(Number(port));
  if (!ports.empty()) map.Put("ports", ListOf(std::move(ports)));
  map.PutTexts("methods", rule.methods);
  return map.Take();
}

Laid Of(const Profile& profile) {
  Map map;
  for (Level level : {Level::kAuto, Level::kNotify, Level::kApprove, Level::kForbid}) {
    std::vector<std::string> actions;
    for (const auto& [action, at] : profile.actions)
      if (at == level) actions.push_back(action);
    map.PutTexts(LevelName(level), actions);
  }
  map.PutText("based-on", profile.based_on);
  map.PutIf("otherwise", profile.otherwise, [](Level level) { return Of(level); });
  if (profile.approve_becomes_forbid) map.Put("approve-becomes", Of(Level::kForbid));
  return map.Take();
}

constexpr const char* kDays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

std::string ClockOf(uint16_t minute) {
  auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return two(minute / 60) + ":" + two(minute % 60);
}

Laid Of(const Span& span) {
  return Text(std::string(kDays[span.first_day]) + "-" + kDays[span.last_day] + " " + ClockOf(span.from) + "-" +
              ClockOf(span.to) + " " + span.zone);
}

Laid Of(const Window& window) {
  Map map;
  map.Put("id", Text(window.id));
  map.PutTexts("actions", window.actions);
  std::vector<Laid> open;
  for (const Span& span : window.open) open.push_back(Of(span));
  map.Put("outside", open.size() == 1 ? std::move(open[0]) : ListOf(std::move(open)));
  map.Put("level", Of(window.level));
  return map.Take();
}

// ---- what surrounds a run
Laid Of(const Breaker& breaker) {
  Map map;
  if (breaker.above_percent > 0) map.Put("above", Raw(std::to_string(breaker.above_percent) + "%"));
  map.Put("max", breaker.kind == BreakerKind::kDuration ? Time(breaker.max) : Number(breaker.max));
  if (breaker.per_ms > 0) map.Put("per", Time(breaker.per_ms));
  if (breaker.within_last > 0) map.Put("within-last", Number(breaker.within_last));
  return map.Take();
}

Laid Of(const WorkspaceTerms& workspace) {
  constexpr const char* kApply[] = {"auto", "review", "never"};
  Map map;
  map.PutIf("mode", workspace.mode,
            [](WorkspaceMode mode) { return Raw(mode == WorkspaceMode::kDirect ? "direct" : "copy-on-write"); });
  map.PutIf("apply", workspace.apply, [&](Apply apply) { return Raw(kApply[static_cast<size_t>(apply)]); });
  map.PutIf("executable", workspace.executable, [](bool yes) { return Of(yes); });
  Map trash;
  trash.PutIf("keep", workspace.trash.keep_ms, Time);
  trash.PutIf("max", workspace.trash.max_bytes, Bytes);
  if (!trash.empty()) map.Put("trash", trash.Take());
  return map.Take();
}

Laid Of(const JailTerms& jail) {
  constexpr const char* kTiers[] = {"landlock", "namespace", "oci", "microvm"};
  Map map;
  map.PutIf("tier", jail.tier, [&](Tier tier) { return Raw(kTiers[static_cast<size_t>(tier)]); });
  map.PutText("root", jail.root);
  map.PutIf("limits", jail.limits, [](LimitsBy by) { return Raw(by == LimitsBy::kProcess ? "process" : "cgroup"); });
  return map.Take();
}

Laid Of(const InsideTerms& inside) {
  Map map;
  map.Put("no-rule", Raw(inside.no_rule == InsideNoRule::kAllow ? "allow" : "forbid"));
  map.Put("approve", Raw(inside.approve == InsideApprove::kAsk ? "ask" : "forbid"));
  return map.Take();
}

Laid Of(const Unmatched& unmatched) {
  Map map;
  if (unmatched.exec) map.Put("exec", Raw("pass"));
  if (unmatched.paths) map.Put("paths", Raw("pass"));
  if (unmatched.network) map.Put("network", Raw("pass"));
  return map.Take();
}

Laid Of(const Test& test) {
  Map map;
  map.PutText("run", test.run);
  map.PutText("tool", test.tool);
  map.PutText("path", test.path);
  map.PutText("url", test.url);
  if (test.is_new) map.Put("new", Of(true));
  map.PutText("profile", test.profile);
  map.PutIf("at", test.at,
            [](const LocalTime& at) { return Text(std::string(kDays[at.weekday]) + " " + ClockOf(at.minute)); });
  map.Put("expect", Of(test.expect));
  map.PutText("by", test.by);
  return map.Take();
}

Laid Of(const Redaction& redaction) {
  Map map;
  map.Put("id", Text(redaction.id));
  map.Put("find", Text(redaction.find));
  return map.Take();
}

template <typename T>
void PutEach(Map& map, std::string_view key, const std::vector<T>& items) {
  if (items.empty()) return;
  std::vector<Laid> all;
  for (const T& item : items) all.push_back(Of(item));
  map.Put(key, ListOf(std::move(all), false));
}

Laid Of(const Program& program) {
  Map map;
  map.PutTexts("path", program.paths);
  map.PutIf("sha256", program.sha256, [](const Digest& digest) { return Text(Hex(AsBytes(digest))); });
  return map.Take();
}

void PutAround(Map& map, const Policy& policy) {
  auto put = [&](std::string_view key, Laid value) {
    if (!value.entries.empty()) map.Put(key, std::move(value));
  };
  put("limits", Of(policy.limits));
  Map session;
  for (const Breaker& breaker : policy.session) session.Put(BreakerName(breaker.kind), Of(breaker));
  put("session", session.Take());
  put("workspace", Of(policy.workspace));
  put("jail", Of(policy.jail));
  if (policy.environment_pass) {
    Map environment;
    environment.PutTexts("pass", *policy.environment_pass);
    put("environment", environment.Take());
  }
  map.PutTexts("require-reason", policy.require_reason);
}

// Each key that the policy does not have, with what counts then.
void AddDefaults(Laid& root) {
  const Shape shape = PolicyShape();
  auto has = [](const Laid& map, const std::string& key) {
    return std::ranges::any_of(map.entries, [&](const LaidEntry& entry) { return entry.key == key; });
  };
  for (const KeyShape& key : shape.keys) {
    if (key.required || key.about.absent.empty()) continue;
    const auto entry = std::ranges::find(root.entries, key.key, &LaidEntry::key);
    if (entry == root.entries.end()) {
      root.below.push_back("# " + key.key + ": " + std::string(key.about.absent));
      continue;
    }
    for (const KeyShape& inner : key.shape.keys)
      if (entry->value.kind == YamlKind::kMap && !inner.about.absent.empty() && !has(entry->value, inner.key))
        entry->above.push_back("# " + key.key + ", " + inner.key + ": " + std::string(inner.about.absent));
  }
}

}  // namespace

std::string ShowPolicy(const Policy& policy, bool defaults) {
  Map map(false);
  map.Put("policy", Number(1));
  map.Put("layer", Raw(LayerName(policy.layer)));
  map.Put("id", Text(policy.id));
  map.PutText("owner", policy.owner);
  map.PutText("description", policy.description);
  Map programs(false);
  for (const Program& program : policy.programs)
    if (program.declared) programs.Put(program.name, Of(program));
  if (!programs.empty()) map.Put("programs", programs.Take());
  PutEach(map, "exec", policy.exec);
  map.PutIf("inside", policy.inside, [](const InsideTerms& inside) { return Of(inside); });
  if (Laid unmatched = Of(policy.unmatched); !unmatched.entries.empty()) map.Put("unmatched", std::move(unmatched));
  PutEach(map, "paths", policy.paths);
  PutEach(map, "network", policy.network);
  map.PutText("default-profile", policy.default_profile);
  Map profiles(false);
  for (const Profile& profile : policy.profiles) profiles.Put(profile.name, Of(profile));
  if (!profiles.empty()) map.Put("profiles", profiles.Take());
  PutEach(map, "windows", policy.windows);
  PutAround(map, policy);
  PutEach(map, "redact", policy.redact);
  PutEach(map, "tests", policy.tests);
  Laid root = map.Take();
  if (defaults) AddDefaults(root);
  return WriteLaid(root);
}

Policy WithProfile(const Policy& policy, const std::string& profile) {
  Policy out = policy;
  Profile all;
  all.name = profile;
  std::vector<std::string> met;
  for (std::string name = profile; !name.empty() && std::ranges::find(met, name) == met.end();) {
    met.push_back(name);
    const auto at = std::ranges::find(policy.profiles, name, &Profile::name);
    if (at == policy.profiles.end()) break;
    for (const auto& [action, level] : at->actions)
      if (std::ranges::find(all.actions, action, &std::pair<std::string, Level>::first) == all.actions.end())
        all.actions.emplace_back(action, level);
    if (!all.otherwise) all.otherwise = at->otherwise;
    all.approve_becomes_forbid |= at->approve_becomes_forbid;
    name = at->based_on;
  }
  out.profiles = {std::move(all)};
  out.default_profile = profile;
  std::erase_if(out.tests, [&](const Test& test) {
    return test.profile.empty() ? policy.default_profile != profile : test.profile != profile;
  });
  return out;
}

}  // namespace warder::policy
