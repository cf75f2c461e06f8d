// What does a single exec rule lack, or say otherwise than it is meant?
#include <algorithm>

#include "policy/analyse/lint_parts.h"
#include "policy/line.h"
#include "policy/schema.h"

namespace warder::policy::lint {
namespace {

// The shorthand has no place for examples.
bool IsShorthand(const Policy& policy, const ExecRule& rule) {
  const auto has = [&](std::string_view key) {
    return std::ranges::any_of(policy.used, [&](const UsedKey& used) { return used.key.ends_with(key); });
  };
  return (rule.id == "allowed-execute" && has(": allowed_actions")) || rule.id == "forbidden-programs";
}

bool IsFree(const Element& element) { return element.kind != ElementKind::kWords && element.kind != ElementKind::kInt; }

void LintExamples(Layer& layer, const ExecRule& rule) {
  if (IsShorthand(layer.policy(), rule)) return;
  const bool forbids = rule.level == Level::kForbid;
  if (rule.match.empty())
    return layer.Add("no-examples", rule.where, rule.id,
                     forbids ? "a prohibition without `match`: nothing shows that it meets what it is meant for"
                             : "an allowing rule without `match`: nothing shows what it is meant for",
                     "", "write `match: [\"a call that it means\"]`");
  if (forbids || !rule.not_match.empty() || std::ranges::none_of(rule.argv, IsFree)) return;
  layer.Add("no-examples", rule.where, rule.id,
            "an allowing rule with free arguments and without `not-match`: nothing shows where it ends", "",
            "write `not-match: [\"a near call that it must not let through\"]`");
}

// `forbid … { flags: [--force] }, ...` also meets the call without --force: flags are never required.
void LintOptionalFlags(Layer& layer, const ExecRule& rule) {
  if (rule.level != Level::kForbid) return;
  for (size_t e = 1; e < rule.argv.size(); ++e) {
    const Element& element = rule.argv[e];
    const bool ends_only = element.flags.size() == 1 && element.flags[0].text == "--";
    if (element.kind != ElementKind::kFlags || ends_only) continue;
    const bool more_is_needed =
        std::any_of(rule.argv.begin() + static_cast<long>(e) + 1, rule.argv.end(), [](const Element& next) {
          return next.kind != ElementKind::kFlags && next.kind != ElementKind::kRest && next.repeat_low > 0;
        });
    if (more_is_needed) continue;
    for (const Argv& call : layer.Calls(rule))
      if (std::none_of(call.begin() + 1, call.end(), [](const std::string& word) { return word.starts_with('-'); }))
        return layer.Add(
            "optional-flags", element.where, rule.id,
            "the flags of a prohibition need not be there: it forbids the call without them too", ShowCommand(call),
            "write the flag as a word, [--force, -f], once for each place where it may stand, or leave the "
            "flags out where the whole command is meant");
  }
}

void LintWords(Layer& layer, const ExecRule& rule) {
  for (const Element& element : rule.argv) {
    if (element.kind != ElementKind::kWords) continue;
    for (const std::string& word : element.words) {
      if (word.contains('*') && !word.starts_with('-'))
        layer.Add("literal-word", element.where, rule.id,
                  "the * in " + Quote(word) + " is that character: in a word of argv nothing is a wildcard", "",
                  "write { path: read }, { re: \"…\" } or ... where more is meant");
      else if (word.contains(' '))
        layer.Add("literal-word", element.where, rule.id, Quote(word) + " is one argument with a blank in it", "",
                  "write two elements where two arguments are meant");
    }
  }
}

}  // namespace

void LintRules(Layer& layer) {
  for (const ExecRule& rule : layer.policy().exec) {
    if (rule.argv.empty()) continue;
    LintExamples(layer, rule);
    LintOptionalFlags(layer, rule);
    LintWords(layer, rule);
    if (rule.level == Level::kApprove && rule.why.empty())
      layer.Add("approve-without-why", rule.where, rule.id, "a person is asked, and not told what to look at", "",
                "write `why: what the approver should look at`");
    if (rule.guard != Guard::kEnforce && layer.Loosest(rule) < Level::kForbid)
      layer.Add("guard-off", rule.where, rule.id,
                std::string("guard: ") + GuardName(rule.guard) +
                    ": what its program starts is bounded by the jail alone, no exec rule counts",
                "", "write `guard: enforce`, or know that rules for what it starts say nothing here");
    if (!rule.network.empty() && layer.Loosest(rule) <= Level::kNotify && HasRest(rule))
      layer.Add("network-free-arguments", rule.where, rule.id,
                "`...` and `network`: the program sends what it is told to, with nobody asked", "",
                "write the arguments that are needed, or `level: approve`");
  }
}

}  // namespace warder::policy::lint
