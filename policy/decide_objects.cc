// What do the layers say of the paths, hosts, variables, actions, times and counters of a call?
#include <algorithm>

#include "base/environment.h"
#include "base/text.h"
#include "policy/decider.h"

namespace warder::policy {
namespace {

const char* WhatIsCounted(BreakerKind kind) {
  switch (kind) {
    case BreakerKind::kCalls:
      return "calls of this session";
    case BreakerKind::kDuration:
      return "milliseconds of this session";
    case BreakerKind::kRate:
      return "calls";
    case BreakerKind::kFailures:
      return "calls that failed";
    case BreakerKind::kDenied:
      return "calls that were denied";
    case BreakerKind::kSameCall:
      return "calls that are the same as this one";
    case BreakerKind::kDeletes:
      return "deleted paths";
    case BreakerKind::kSimilarCall:
      return "calls that are similar to this one";
    case BreakerKind::kTokens:
      return "tokens";
  }
  return "calls";
}

std::string Seconds(uint64_t milliseconds) { return std::to_string((milliseconds + 999) / 1000) + " s"; }

std::string Within(const Breaker& breaker) {
  if (breaker.within_last > 0) return " among the last " + std::to_string(breaker.within_last) + " calls";
  return breaker.per_ms > 0 ? " within " + Seconds(breaker.per_ms) : "";
}

}  // namespace

// `rule`: the exec rule that names the path; without one it is the line itself (a redirection, a
// cd).
void Decider::JudgePath(size_t index, size_t command, const ExecRule* rule, size_t rule_layer) {
  if (path_judged_[index]) return;
  path_judged_[index] = true;
  const WantedPath& wanted = analysis_.wanted.paths[index];
  const PathFact& fact = facts_.paths[index];
  auto forbid = [&](const std::string& id, const std::string& object, std::string text, size_t layer, Where where) {
    Judged& judged = Add();
    judged.applied = {id,    Level::kForbid,       where, object, std::move(text), wanted.act, true,
                      layer, Applied::Text::kWhole};
    judged.command = command;
  };
  auto fail = [&](const std::string& text) {
    forbid(rule != nullptr ? rule->id : "no-path", wanted.text, "the path " + ForTerminal(wanted.text) + " " + text,
           rule_layer, rule != nullptr ? rule->where : Where{});
  };
  if (!fact.resolved)
    return fail("could not be resolved: " + (fact.problem.empty() ? "no reason was given" : fact.problem));
  if (!IsCanonical(fact.path)) return fail("was resolved to one that is not canonical");
  if (wanted.is_directory && !fact.is_directory) return fail("is not a directory");
  if (!place_problem_.empty()) return forbid("no-path", fact.path, place_problem_, SIZE_MAX, {});
  if (wanted.is_directory && fact.path == facts_.workspace) return;
  if (fact.path == "/dev/null" && wanted.act != Act::kDelete) return;
  auto uncovered = [&](size_t layer, const std::string& more) {
    forbid("no-path", fact.path,
           std::string("no path rule covers ") + ActName(wanted.act) + " of " + ForTerminal(fact.path) + more, layer,
           {});
  };
  bool answered = false;
  const CutPath path(fact.path);
  for (size_t layer = 0; layer < set_.size(); ++layer) {
    if (!set_.Speaks(layer, Matter::kPaths)) continue;
    const std::vector<uint32_t> rules = set_.index(layer).paths.Covering(path, wanted.act, place_);
    if (rules.empty() && set_.Passes(layer, Matter::kPaths)) continue;
    answered |= set_.Answers(layer);
    if (rules.empty()) uncovered(layer, "; " + WhatIsAllowed(set_, layer, wanted.act, place_));
    for (uint32_t r : rules) {
      Judged& judged = Add();
      judged.applied = AppliedOf(set_.layer(layer).paths[r], layer, path, wanted.act);
      judged.command = command;
    }
  }
  if (!answered) uncovered(SIZE_MAX, "; no layer allows any");
}

void Decider::JudgeHost(const HostPort& host, size_t command) {
  auto same = [&](const HostPort& other) {
    return other.name == host.name && other.port == host.port && other.method == host.method;
  };
  if (std::ranges::any_of(hosts_judged_, same)) return;
  hosts_judged_.push_back(host);
  const std::string shown = ForTerminal(host.name) + ":" + std::to_string(host.port) +
                            (host.method.empty() ? "" : " (" + ForTerminal(host.method) + ")");
  bool answered = false;
  for (size_t layer = 0; layer < set_.size(); ++layer) {
    if (!set_.Speaks(layer, Matter::kNetwork)) continue;
    const std::vector<uint32_t> rules = set_.index(layer).hosts.Covering(host);
    if (rules.empty() && set_.Passes(layer, Matter::kNetwork)) continue;
    answered |= set_.Answers(layer);
    if (rules.empty()) Forbid("no-host", shown, "no network rule covers " + shown, command, layer);
    for (uint32_t r : rules) {
      const NetworkRule& rule = set_.layer(layer).network[r];
      Judged& judged = Add();
      judged.applied.id = rule.id;
      judged.applied.level = rule.level;
      judged.applied.where = rule.where;
      judged.applied.object = shown;
      judged.applied.text = rule.level == Level::kForbid
                                ? "may not reach " + shown + (rule.forbid_text.empty() ? "" : ": " + rule.forbid_text)
                                : rule.why;
      judged.applied.layer = layer;
      judged.command = command;
    }
  }
  if (!answered) Forbid("no-host", shown, "no network rule covers " + shown, command);
}

void Decider::JudgeEnvironment(const std::vector<std::pair<std::string, std::string>>& variables, size_t command) {
  const std::vector<std::string>& pass = set_.settings().environment_pass;
  for (const auto& [name, value] : variables) {
    if (const CodeVariable* found = FindCodeVariable(name))
      Forbid("environment", name, "no call may set it: " + std::string(found->reason), command);
    else if (std::ranges::find(pass, name) == pass.end())
      Forbid("environment", name, "environment.pass of the policy does not name it; leave it out", command);
  }
}

// Each layer's lists over each action that any rule or the tool names.
void Decider::JudgeActions() {
  for (const NamedAction& named : actions_)
    for (size_t layer = 0; layer < set_.size(); ++layer) JudgeAction(named, layer);
}

void Decider::JudgeAction(const NamedAction& named, size_t layer) {
  const ResolvedProfile* profile = profiles_[layer];
  const bool of_tool = named.layer == SIZE_MAX;
  // Of its own rule the level holds it already. Without a profile an action has no level of its
  // own.
  if (profile == nullptr || named.layer == layer) return;
  std::optional<Level> level = profile->Explicit(named.action);
  if (!level) {
    const Matter matter = call_.tool == Tool::kHttpRequest ? Matter::kNetwork : Matter::kPaths;
    if (!of_tool || !set_.Speaks(layer, matter)) return;
    level = profile->Otherwise();
  }
  for (const Judged& judged : judged_)
    if (judged.rule == nullptr && judged.applied.id == named.action && judged.applied.layer == layer &&
        judged.command == named.command)
      return;
  Judged& judged = Add();
  judged.applied.id = named.action;
  judged.applied.level = *level;
  judged.applied.where = profile->profile().where;
  judged.applied.object =
      of_tool && !analysis_.tool_paths.empty() ? facts_.paths[analysis_.tool_paths.back()].path : named.action;
  judged.applied.text = profile->profile().name;
  judged.applied.text_is = Applied::Text::kProfile;
  judged.applied.layer = layer;
  judged.command = named.command;
  judged.action = named.action;
  judged.profile = profile->profile().name;
}

void Decider::JudgeWindows() {
  for (size_t layer = 0; layer < set_.size(); ++layer)
    for (const Window& window : set_.layer(layer).windows) {
      auto named = std::ranges::find_if(actions_, [&](const NamedAction& n) {
        return std::ranges::find(window.actions, n.action) != window.actions.end();
      });
      if (named == actions_.end()) continue;
      bool open = false, known = true;
      for (const Span& span : window.open) {
        auto fact = std::ranges::find(facts_.zones, span.zone, &ZoneFact::zone);
        known = known && fact != facts_.zones.end();
        open = open || (fact != facts_.zones.end() && span.Holds(fact->time));
      }
      if (known && open) continue;
      Judged& judged = Add();
      judged.applied.id = window.id;
      judged.applied.level = known ? window.level : Level::kForbid;
      judged.applied.where = window.where;
      judged.applied.object = named->action;
      judged.applied.text = known ? "it is outside of the hours for " + std::string(named->action)
                                  : "the local time of its zone is not known";
      judged.applied.layer = layer;
      judged.command = named->command;
      judged.action = named->action;
    }
}

void Decider::JudgeCounters() {
  auto judge = [&](const CounterNeed& need, const std::string& id, const std::string& what, size_t command,
                   size_t layer, Where where) {
    const auto& wanted = analysis_.wanted.counters;
    const size_t at = static_cast<size_t>(std::ranges::find(wanted, need) - wanted.begin());
    const CounterFact fact = at < facts_.counters.size() ? facts_.counters[at] : CounterFact{};
    if (HasRoom(need, fact)) return;
    Forbid(id, need.id,
           !fact.known ? "what it counts is not known now"
                       : what + Within(need.breaker) + ", at most " + std::to_string(need.breaker.max) + " are allowed",
           command, layer, where);
  };
  if (call_.tool == Tool::kNone) return;
  for (size_t layer = 0; layer < set_.size(); ++layer)
    for (const Breaker& breaker : set_.layer(layer).session) {
      const std::string id = std::string("session.") + BreakerName(breaker.kind);
      judge({CounterKind::kBreaker, set_.layer(layer).layer, id, breaker}, id,
            std::string("too many ") + WhatIsCounted(breaker.kind), SIZE_MAX, layer, breaker.where);
    }
  for (size_t i = 0, size = judged_.size(); i < size; ++i) {
    const ExecRule* rule = judged_[i].rule;
    if (rule == nullptr || judged_[i].applied.level == Level::kForbid) continue;
    const size_t command = judged_[i].command, layer = judged_[i].applied.layer;
    std::vector<CounterNeed> needs;
    AddNeeds(set_.layer(layer), *rule, needs);
    for (const CounterNeed& need : needs)
      judge(need, rule->id,
            need.kind == CounterKind::kLease ? "another run holds " + need.id : "too many runs by this rule", command,
            layer, rule->where);
  }
}

void Decider::JudgeReason() {
  if (call_.inside || call_.reason.find_first_not_of(" \t\r\n") != std::string::npos) return;
  const std::vector<std::string>& wanted = set_.settings().require_reason;
  std::vector<std::string_view> told;
  for (const NamedAction& named : actions_) {
    if (std::ranges::find(wanted, named.action) == wanted.end() || std::ranges::find(told, named.action) != told.end())
      continue;
    told.push_back(named.action);
    const std::string action(named.action);
    Forbid("reason", action, "a call of the action " + action + " needs a reason; give one in `reason`", named.command);
  }
}

}  // namespace warder::policy
