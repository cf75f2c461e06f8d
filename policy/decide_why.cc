// How is a decision told, so that an agent can do better next time?
#include <algorithm>

#include "base/text.h"
#include "policy/decide_parts.h"

namespace warder::policy {
namespace {

// "part 2 of 3, `sudo id`: ", so that the agent knows which part of its line is meant.
std::string Part(const Call& call, size_t index) {
  const std::vector<SimpleCommand>& commands = call.line.commands;
  if (index >= commands.size()) return {};
  const std::string shown = "`" + ShowCommand(commands[index].argv) + "`: ";
  if (commands.size() == 1) return shown;
  return "part " + std::to_string(index + 1) + " of " + std::to_string(commands.size()) + ", " + shown;
}

std::string Colon(const std::string& text) { return text.empty() ? "" : ": " + text; }

std::string OfRule(const Judged& judged, const std::string& profile) {
  const Applied& applied = judged.applied;
  const ExecRule& rule = *judged.rule;
  const bool by_profile = rule.level.value_or(Level::kAuto) < applied.level && !profile.empty();
  const std::string source =
      !by_profile         ? ""
      : judged.action.empty() ? " (it has neither level nor action)"
                          : " (profile " + profile + ", action " + judged.action + ")";
  switch (applied.level) {
    case Level::kForbid: return "rule " + rule.id + " forbids it" + source + Colon(applied.text);
    case Level::kApprove: return "rule " + rule.id + " asks a person first" + source + Colon(applied.text);
    case Level::kNotify: return "rule " + rule.id + " allows it and tells people" + source;
    case Level::kAuto: return "rule " + rule.id + " allows it" + source;
  }
  return {};
}

std::string Names(const Policy& policy) {
  constexpr size_t kShown = 24;
  std::vector<std::string> names;
  for (const ExecRule& rule : policy.exec) {
    if (rule.level == Level::kForbid || rule.argv.empty()) continue;
    for (const std::string& word : rule.argv[0].words)
      if (std::find(names.begin(), names.end(), word) == names.end()) names.push_back(word);
  }
  std::string out;
  for (size_t i = 0; i < names.size() && i < kShown; ++i) out += (i > 0 ? ", " : "") + ForTerminal(names[i]);
  return names.size() > kShown ? out + ", …" : out;
}

bool IsForbid(const Policy& policy, const NearMiss& miss) {
  return std::any_of(policy.exec.begin(), policy.exec.end(), [&](const ExecRule& rule) {
    return rule.id == miss.id && rule.level == Level::kForbid;
  });
}

std::string Describe(const Policy& policy, const SimpleCommand& command, const NearMiss& miss) {
  std::string out = "rule " + miss.id + " (" + policy.file + ":" + std::to_string(miss.where.line) + ") fits `";
  const std::vector<std::string> fitting(
      command.argv.begin(),
      command.argv.begin() + static_cast<ptrdiff_t>(std::min(miss.words_matched, command.argv.size())));
  out += ShowCommand(fitting) + "` and then takes " + miss.expected;
  return out + (miss.words_matched >= command.argv.size() ? ", but nothing more was given"
                                                          : ", not `" + ShowCommand({miss.failed_word}) + "`");
}

}  // namespace

std::vector<NearMiss> NearMisses(const Policy& policy, const SimpleCommand& command) {
  std::vector<NearMiss> misses;
  if (command.argv.empty() || command.change_directory) return misses;
  for (const ExecRule& rule : policy.exec) {
    if (rule.argv.empty()) continue;
    const std::vector<std::string>& words = rule.argv[0].words;
    const std::string_view base = BaseName(command.argv[0]);
    if (std::none_of(words.begin(), words.end(),
                     [&](const std::string& word) { return word == command.argv[0] || BaseName(word) == base; }))
      continue;
    Fit fit = FitArgv(rule.argv, command.argv);
    NearMiss miss{rule.id, rule.where, fit.words_matched, "", fit.expected};
    if (!fit.broken.empty()) {
      miss.words_matched = 1;
      miss.expected = "nothing: " + fit.broken;
    } else if (std::optional<size_t> never = FindNeverArg(rule.never_args, command.argv); fit.fits && never) {
      miss.words_matched = *never;
      miss.expected = "none of its never-args";
    } else if (fit.fits) {
      continue;
    }
    if (miss.words_matched < command.argv.size()) miss.failed_word = command.argv[miss.words_matched];
    misses.push_back(std::move(miss));
  }
  return misses;
}

std::string WhyNoRule(const Policy& policy, const SimpleCommand& command) {
  constexpr size_t kShown = 3;
  std::vector<NearMiss> misses = NearMisses(policy, command);
  std::erase_if(misses, [&](const NearMiss& miss) { return IsForbid(policy, miss); });
  std::stable_sort(misses.begin(), misses.end(), [](const NearMiss& a, const NearMiss& b) {
    return a.words_matched > b.words_matched;
  });
  if (misses.empty()) {
    const std::string& name = command.argv[0];
    if (name.contains('/') && name[0] != '/')
      return "no rule allows it: a program is named by a name of the policy or by its absolute path";
    const std::string names = Names(policy);
    return "no rule allows it: no rule is for " + ShowCommand({name}) +
           (names.empty() ? "; no program is allowed here" : "; allowed programs: " + names);
  }
  std::string out = "no rule allows it; nearest: ";
  for (size_t i = 0; i < misses.size() && i < kShown; ++i)
    out += (i > 0 ? "; " : "") + Describe(policy, command, misses[i]);
  return out;
}

std::string WhyDecided(const Call& call, const Judged& judged, const std::string& profile) {
  const Applied& applied = judged.applied;
  if (applied.id == "opaque")
    return "warder runs commands without a shell and can not read this line to its end: " + applied.text +
           ". Understood: plain commands with quotes, pipes, && || ;, < > >> 2>&1, and cd DIR &&";
  const std::string part = Part(call, judged.command);
  if (judged.rule != nullptr) return part + OfRule(judged, profile);
  if (applied.id == "environment") return part + "the variable " + ForTerminal(applied.object) + ": " + applied.text;
  const bool by_itself = applied.id == "no-rule" || applied.id == "no-path" || applied.id == "no-host" ||
                         applied.id == "profile" || applied.id == "facts" || applied.id == "reason" ||
                         applied.id == "own-session";
  if (by_itself) return part + applied.text;
  if (!judged.action.empty() && !applied.is_path)
    return "action " + judged.action + " is at " + LevelName(applied.level) +
           (profile.empty() ? "" : " in profile " + profile);
  return part + "rule " + applied.id + Colon(applied.text);
}

}  // namespace warder::policy
