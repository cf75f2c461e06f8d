// How is a decision told, so that an agent can do better next time?
#include <algorithm>

#include "base/text.h"
#include "policy/decide_parts.h"

namespace warder::policy {
namespace {

// "part 2 of 3, `sudo id`: ", so that the agent knows which part of its line is meant.
std::string Part(const Call& call, size_t index, const std::string& shown) {
  const size_t commands = call.line.commands.size();
  if (index >= commands) return {};
  const std::string part =
      commands == 1 ? "" : "part " + std::to_string(index + 1) + " of " + std::to_string(commands) + ", ";
  return part + "`" + shown + "`: ";
}

std::string Colon(const std::string& text) { return text.empty() ? "" : ": " + text; }

std::string OfRule(const Judged& judged) {
  const Applied& applied = judged.applied;
  const ExecRule& rule = *judged.rule;
  const bool by_profile = rule.level.value_or(Level::kAuto) < applied.level && !judged.profile.empty();
  const std::string source = !by_profile             ? ""
                             : judged.action.empty() ? " (it has neither level nor action)"
                                                     : " (profile " + std::string(judged.profile) + ", action " +
                                                           std::string(judged.action) + ")";
  switch (applied.level) {
    case Level::kForbid:
      return "rule " + rule.id + " forbids it" + source + Colon(applied.text);
    case Level::kApprove:
      return "rule " + rule.id + " asks a person first" + source + Colon(applied.text);
    case Level::kNotify:
      return "rule " + rule.id + " allows it and tells people" + source;
    case Level::kAuto:
      return "rule " + rule.id + " allows it" + source;
  }
  return {};
}

std::string Describe(const PolicySet& set, const SimpleCommand& command, const NearMiss& miss) {
  std::string out =
      "rule " + miss.id + " (" + set.layer(miss.layer).file + ":" + std::to_string(miss.where.line) + ") fits `";
  const std::vector<std::string> fitting(
      command.argv.begin(),
      command.argv.begin() + static_cast<ptrdiff_t>(std::min(miss.words_matched, command.argv.size())));
  out += ShowCommand(fitting) + "` and then takes " + miss.expected;
  return out + (miss.words_matched >= command.argv.size() ? ", but nothing more was given"
                                                          : ", not `" + ShowCommand({miss.failed_word}) + "`");
}

// How far a rule of the layer, which names the program, fits a command; nothing where it matches.
std::optional<NearMiss> MissOf(const PolicySet& set, const SimpleCommand& command, size_t layer, uint32_t r,
                               Explain explain) {
  const ExecRule& rule = set.layer(layer).exec[r];
  Fit fit = FitArgv(rule.argv, command.argv, explain);
  NearMiss miss{rule.id, layer, rule.where, fit.words_matched, "", std::move(fit.expected)};
  if (!fit.broken.empty()) {
    miss.words_matched = 1;
    miss.expected = "nothing: " + fit.broken;
  } else if (std::optional<size_t> never = FindNeverArg(rule.never_args, command.argv); fit.fits && never) {
    miss.words_matched = *never;
    miss.expected = "none of its never-args";
  } else if (fit.fits) {
    return std::nullopt;
  }
  if (miss.words_matched < command.argv.size()) miss.failed_word = command.argv[miss.words_matched];
  return miss;
}

}  // namespace

std::vector<NearMiss> NearMisses(const PolicySet& set, const SimpleCommand& command) {
  std::vector<NearMiss> misses;
  if (command.argv.empty() || command.change_directory) return misses;
  for (size_t layer = 0; layer < set.size(); ++layer)
    for (uint32_t r : set.index(layer).WithBase(BaseName(command.argv[0])))
      if (auto miss = MissOf(set, command, layer, r, Explain::kYes)) misses.push_back(std::move(*miss));
  return misses;
}

std::string TellWhy(const Applied& applied) {
  const bool forbids = applied.level == Level::kForbid;
  if (applied.text_is == Applied::Text::kProfile) return "profile " + applied.text + " gives the action its level";
  if (applied.text_is == Applied::Text::kWhole || (!forbids && !applied.text.empty())) return applied.text;
  const std::string act = ActName(applied.act), path = ForTerminal(applied.object);
  if (!forbids) return act + " of " + path;
  return "may not " + act + " " + path + Colon(applied.text);
}

std::string WhyNoRule(const PolicySet& set, const SimpleCommand& command, size_t layer) {
  constexpr size_t kShown = 3;
  struct Near {
    size_t layer;
    uint32_t rule;
    size_t words_matched;
  };
  std::vector<Near> nearest;
  std::string names;
  for (size_t i = 0; i < set.size(); ++i) {
    if (layer != SIZE_MAX && layer != i) continue;
    for (uint32_t r : set.index(i).WithBase(BaseName(command.argv[0]))) {
      if (set.layer(i).exec[r].level == Level::kForbid) continue;
      if (auto miss = MissOf(set, command, i, r, Explain::kHowFar)) nearest.push_back({i, r, miss->words_matched});
    }
    if (names.empty()) names = set.index(i).allowed_names();
  }
  std::ranges::stable_sort(nearest, std::ranges::greater(), &Near::words_matched);
  if (nearest.empty()) {
    const std::string& name = command.argv[0];
    if (name.contains('/') && name[0] != '/')
      return "no rule allows it: a program is named by a name of the policy or by its absolute "
             "path";
    return "no rule allows it: no rule is for " + ShowCommand({name}) +
           (names.empty() ? "; no program is allowed here" : "; allowed programs: " + names);
  }
  std::string out = "no rule allows it; nearest: ";
  for (size_t i = 0; i < nearest.size() && i < kShown; ++i)
    out += (i > 0 ? "; " : "") +
           Describe(set, command, *MissOf(set, command, nearest[i].layer, nearest[i].rule, Explain::kYes));
  return out;
}

std::string WhyDecided(const Call& call, const Judged& judged, const std::string& shown, const std::string& text) {
  const Applied& applied = judged.applied;
  constexpr const char* kUnderstood =
      ". Understood: plain commands with quotes, pipes, && || ;, < > >> 2>&1, and cd DIR &&";
  constexpr const char* kUnread = "warder runs commands without a shell and can not read this line to its end: ";
  if (applied.id == "opaque") return kUnread + text + kUnderstood;
  // Decided as the argv of a shell; no rule is for that.
  if (call.line.opaque && applied.id == "no-rule")
    return kUnread + call.line.why_opaque + kUnderstood + ". Given to a shell as a whole: " + text;
  const std::string part = Part(call, judged.command, shown);
  if (judged.rule != nullptr) return part + OfRule(judged);
  if (applied.id == "environment") return part + "the variable " + ForTerminal(applied.object) + ": " + text;
  const bool by_itself = applied.id == "no-rule" || applied.id == "no-path" || applied.id == "no-host" ||
                         applied.id == "profile" || applied.id == "facts" || applied.id == "reason" ||
                         applied.id == "own-session" || applied.id.starts_with("session.");
  if (by_itself) return part + text;
  if (!judged.action.empty() && applied.id == judged.action)
    return "action " + applied.id + " is at " + LevelName(applied.level) +
           (judged.profile.empty() ? "" : " in profile " + std::string(judged.profile));
  return part + "rule " + applied.id + Colon(text);
}

}  // namespace warder::policy
