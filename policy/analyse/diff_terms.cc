// What differs between two decisions that let the same call run?
#include <algorithm>

#include "base/text.h"
#include "policy/analyse/differ.h"
#include "policy/layer_index.h"

namespace warder::policy::analyse {
namespace {

using LimitField = std::optional<uint64_t> Limits::*;
struct NamedLimit {
  const char* name;
  LimitField field;
  char unit;  // t: milliseconds, b: bytes, n: a number
};
constexpr NamedLimit kLimits[] = {
    {"wall", &Limits::wall_ms, 't'},          {"cpu", &Limits::cpu_ms, 't'},
    {"memory", &Limits::memory_bytes, 'b'},   {"pids", &Limits::pids, 'n'},
    {"files", &Limits::files, 'n'},           {"output", &Limits::output_bytes, 'b'},
    {"disk", &Limits::disk_bytes, 'b'},       {"read-file", &Limits::read_file_bytes, 'b'},
    {"concurrent", &Limits::concurrent, 'n'},
};

std::string TimeText(uint64_t ms) {
  constexpr std::pair<uint64_t, const char*> kUnits[] = {
      {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}};
  for (const auto& [size, unit] : kUnits)
    if (ms >= size && ms % size == 0) return std::to_string(ms / size) + unit;
  return std::to_string(ms) + " ms";
}

std::string ValueText(const std::optional<uint64_t>& value, char unit) {
  if (!value) return "none";
  return unit == 't' ? TimeText(*value) : unit == 'b' ? SizeText(*value) : std::to_string(*value);
}

std::string NeedText(const CounterNeed& need) {
  if (need.kind == CounterKind::kLease) return "lease of " + need.id;
  const bool duration = need.kind == CounterKind::kBreaker && need.breaker.kind == BreakerKind::kDuration;
  std::string text = need.kind == CounterKind::kAttempts ? "attempts of " + need.id : need.id;
  text += " at most " + (duration ? TimeText(need.breaker.max) : std::to_string(need.breaker.max));
  if (need.breaker.per_ms > 0) text += " per " + TimeText(need.breaker.per_ms);
  if (need.breaker.within_last > 0) text += " within the last " + std::to_string(need.breaker.within_last) + " calls";
  if (need.breaker.above_percent > 0) text += " above " + std::to_string(need.breaker.above_percent) + "%";
  return text;
}

bool SameKind(const CounterNeed& a, const CounterNeed& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == CounterKind::kLease) return a.id == b.id;
  return a.kind == CounterKind::kAttempts || a.breaker.kind == b.breaker.kind;
}

// Whether whatever `by` lets through, `need` lets through too: then it narrows nothing beside it.
bool Implied(const CounterNeed& need, const CounterNeed& by) {
  const Breaker &a = need.breaker, &b = by.breaker;
  // A number for the whole life of a session holds in each part of it.
  const bool longer = b.per_ms == a.per_ms || b.per_ms == 0 || (a.per_ms != 0 && b.per_ms > a.per_ms);
  return SameKind(need, by) && b.max <= a.max && longer && b.within_last >= a.within_last &&
         b.above_percent <= a.above_percent;
}

bool ReachesIn(const PolicySet& set, const Reach& reach, const NetworkRule& host, const std::string& name,
               uint16_t port) {
  return !reach.groups.empty() && std::ranges::all_of(reach.groups, [&](const std::vector<Reach::Entry>& group) {
    return std::ranges::any_of(group, [&](const Reach::Entry& entry) {
      const NetworkRule& rule = set.layer(entry.layer).network[entry.rule];
      // Methods narrow; the same or no methods are as wide.
      const bool methods =
          rule.methods.empty() || (!host.methods.empty() && std::ranges::all_of(host.methods, [&](const auto& method) {
            return std::ranges::find(rule.methods, method) != rule.methods.end();
          }));
      return methods && std::ranges::find(rule.ports, port) != rule.ports.end() &&
             std::ranges::any_of(rule.hosts, [&](const std::string& covers) { return CoversHost(covers, name); });
    });
  });
}

// What `from` reaches and `other` does not, as host:port.
std::vector<std::string> Beyond(const PolicySet& from_set, const Reach& from, const PolicySet& other_set,
                                const Reach& other) {
  std::vector<std::string> out;
  for (const std::vector<Reach::Entry>& group : from.groups)
    for (const Reach::Entry& entry : group) {
      const NetworkRule& rule = from_set.layer(entry.layer).network[entry.rule];
      for (const std::string& host : rule.hosts)
        for (uint16_t port : rule.ports) {
          const std::string shown = host + ":" + std::to_string(port);
          if (ReachesIn(from_set, from, rule, host, port) && !ReachesIn(other_set, other, rule, host, port) &&
              std::ranges::find(out, shown) == out.end())
            out.push_back(shown);
        }
    }
  return out;
}

Change With(Change seen, const std::string& matter, bool widened, std::string what) {
  seen.matter = matter;
  seen.widened = widened;
  seen.what = std::move(what);
  return seen;
}

}  // namespace

void Differ::CompareTerms(const Case& one, const std::string& matter, const Situation& situation,
                          const Answers& answers) {
  const Change seen = Seen(one, matter, situation, answers);
  CompareLimits(answers, seen);
  CompareApproval(answers, seen);
  CompareReach(answers, seen);
  if (one.call.tool != Tool::kRunCommand) return CompareCounts(one, situation, answers, seen);
  CompareCounts(one, situation, answers, seen);
  if (answers.before.guard == answers.after.guard) return;
  Tell(With(seen, "guard", answers.after.guard > answers.before.guard,
            std::string("what it starts is judged with guard ") + GuardName(answers.after.guard) + ", before with " +
                GuardName(answers.before.guard)));
}

void Differ::CompareLimits(const Answers& answers, const Change& seen) {
  for (const NamedLimit& limit : kLimits) {
    const std::optional<uint64_t>&before = answers.before.limits.*limit.field,
          &after = answers.after.limits.*limit.field;
    if (before == after) continue;
    const bool widened = !after || (before && *after > *before);
    Tell(With(seen, "limits", widened,
              std::string("limits.") + limit.name + ": " + ValueText(before, limit.unit) + " -> " +
                  ValueText(after, limit.unit)));
  }
}

void Differ::CompareApproval(const Answers& answers, const Change& seen) {
  if (answers.before.level != Level::kApprove || answers.after.level != Level::kApprove) return;
  const ApprovalTerms &before = answers.before.approval, &after = answers.after.approval;
  if (before.people != after.people)
    Tell(With(seen, "approval", after.people < before.people,
              "approval.people: " + std::to_string(before.people) + " -> " + std::to_string(after.people)));
  if (before.expires_ms != after.expires_ms)
    Tell(With(seen, "approval", after.expires_ms > before.expires_ms,
              "approval.expires: " + TimeText(before.expires_ms) + " -> " + TimeText(after.expires_ms)));
  auto text = [](const std::optional<Rate>& reuse) {
    return reuse ? std::to_string(reuse->max) + " calls per " + TimeText(reuse->per_ms) : "none";
  };
  auto wider = [](const std::optional<Rate>& a, const std::optional<Rate>& b) {
    return a && (!b || a->max > b->max || a->per_ms > b->per_ms);
  };
  const std::string what = "approval.reuse: " + text(before.reuse) + " -> " + text(after.reuse);
  if (wider(after.reuse, before.reuse))
    Tell(With(seen, "approval", true, what));
  else if (wider(before.reuse, after.reuse))
    Tell(With(seen, "approval", false, what));
}

void Differ::CompareReach(const Answers& answers, const Change& seen) {
  for (size_t i = 0; i < answers.before.reach.size() && i < answers.after.reach.size(); ++i) {
    const Reach &before = answers.before.reach[i], &after = answers.after.reach[i];
    for (const std::string& host : Beyond(Set(Side::kNew), after, Set(Side::kOld), before))
      Tell(With(seen, "reach", true, "the run may reach " + host + " by rule " + seen.after.rule));
    for (const std::string& host : Beyond(Set(Side::kOld), before, Set(Side::kNew), after))
      Tell(With(seen, "reach", false, "the run may no longer reach " + host + " by rule " + seen.before.rule));
  }
}

// A need of one policy that none of the other implies; where a count alone shows it, the call is asked at that count.
void Differ::CompareCounts(const Case& one, const Situation& situation, const Answers& answers, const Change& seen) {
  for (const bool widened : {true, false}) {
    const std::vector<CounterNeed>&from = widened ? answers.before.counts : answers.after.counts,
          &other = widened ? answers.after.counts : answers.before.counts;
    for (const CounterNeed& need : from) {
      if (std::ranges::any_of(other, [&](const CounterNeed& by) { return Implied(need, by); })) continue;
      std::string instead;
      for (const CounterNeed& by : other)
        if (SameKind(need, by)) instead += (instead.empty() ? "" : ", ") + NeedText(by);
      if (instead.empty()) instead = "no such limit";
      Change change = With(seen, "session", widened,
                           widened ? NeedText(need) + " -> " + instead : instead + " -> " + NeedText(need));
      Case full = one;
      full.used = Case::Used{need.kind, need.breaker.kind, need.breaker.max};
      const Decision before = world_.Ask(Side::kOld, full, situation), after = world_.Ask(Side::kNew, full, situation);
      if (widened ? after.level < before.level : after.level > before.level) {
        change = With(Seen(full, "session", situation, {before, after}), "session", widened, change.what);
        change.call += " (when " + std::to_string(need.breaker.max) + " are counted)";
      }
      Tell(std::move(change));
    }
  }
}

}  // namespace warder::policy::analyse
