// Which names of a policy must be known, unique and free of circles?
#include <algorithm>
#include <map>
#include <set>

#include "policy/load_parts.h"

namespace warder::policy {
namespace {

// Ids that decisions use for what no rule says.
constexpr std::string_view kReserved[] = {"no-rule", "no-path", "no-host", "opaque",      "environment", "reason",
                                          "profile", "facts",   "free",    "own-session", "own-policy"};

void CheckIds(Reading& reading, const Policy& policy) {
  std::map<std::string_view, uint32_t> seen;
  auto check = [&](const std::string& id, Where where) {
    if (id.empty()) return;  // told already
    if (std::find(std::begin(kReserved), std::end(kReserved), id) != std::end(kReserved))
      reading.Problem(where, Quote(id) + " is a name that decisions use", "write another id");
    auto [first, fresh] = seen.emplace(id, where.line);
    if (!fresh)
      reading.Problem(where, Quote(id) + " is the id of another rule, in line " + std::to_string(first->second),
                      "write an id of its own");
  };
  for (const ExecRule& rule : policy.exec) check(rule.id, rule.where);
  for (const PathRule& rule : policy.paths) check(rule.id, rule.where);
  for (const NetworkRule& rule : policy.network) check(rule.id, rule.where);
  for (const Window& window : policy.windows) check(window.id, window.where);
  for (const Redaction& redaction : policy.redact) check(redaction.id, redaction.where);
}

void CheckProfiles(Reading& reading, const Draft& draft) {
  std::vector<std::string_view> names;
  std::map<std::string_view, const Profile*> by_name;
  for (const Profile& profile : draft.policy.profiles) {
    names.push_back(profile.name);
    by_name[profile.name] = &profile;
  }
  for (const Mention& mention : draft.named_profiles)
    if (!by_name.contains(mention.name))
      reading.Problem(mention.where, Quote(mention.name) + " is not a profile", DidYouMean(mention.name, names));
  for (const Profile& start : draft.policy.profiles) {
    std::set<std::string_view> met;
    const Profile* at = &start;
    while (at != nullptr && met.insert(at->name).second) {
      auto next = by_name.find(at->based_on);
      at = at->based_on.empty() || next == by_name.end() ? nullptr : next->second;
    }
    // Only what lies on the circle is told, not each profile that leads to it.
    if (at == &start)
      reading.Problem(start.where, Quote(start.name) + " is based on itself, in a circle", "take one based-on out");
  }
}

void CheckReached(Reading& reading, const Draft& draft) {
  std::vector<std::string_view> ids;
  for (const NetworkRule& rule : draft.policy.network) ids.push_back(rule.id);
  for (const Mention& mention : draft.reached) {
    auto rule = std::ranges::find(draft.policy.network, mention.name, &NetworkRule::id);
    if (rule == draft.policy.network.end())
      reading.Problem(mention.where, Quote(mention.name) + " is not a network rule of this file",
                      DidYouMean(mention.name, ids));
    else if (rule->level == Level::kForbid)
      reading.Problem(mention.where, Quote(mention.name) + " is a rule that forbids",
                      "name rules that allow; what is forbidden counts anyway");
  }
}

void CheckTools(Reading& reading, const Policy& policy) {
  std::map<std::string_view, uint32_t> seen;
  for (const ExecRule& rule : policy.exec) {
    if (!rule.tool || rule.tool->name.empty()) continue;
    auto [first, fresh] = seen.emplace(rule.tool->name, rule.where.line);
    if (!fresh)
      reading.Problem(rule.where,
                      Quote(rule.tool->name) + " is the tool of another rule, in line " + std::to_string(first->second),
                      "write a name of its own");
  }
}

// A key that says what to do with the unmatched of a section that is not there says nothing.
void CheckUnmatched(Reading& reading, const YamlNode& root, const Policy& policy) {
  const YamlNode* unmatched = root.Find("unmatched");
  if (unmatched == nullptr) return;
  const std::pair<const char*, bool> sections[] = {
      {"exec", policy.has_exec}, {"paths", policy.has_paths}, {"network", policy.has_network}};
  for (const auto& [key, has] : sections)
    if (const YamlNode* node = unmatched->Find(key); node != nullptr && !has)
      reading.Problem(node->where, std::string("`unmatched: ") + key + "` without `" + key + "`",
                      "take it out: a layer without the section says nothing about it");
}

// Every program that a rule names, declared or not, once.
void AddPrograms(Draft& draft) {
  std::set<std::string> names;
  for (const Program& program : draft.policy.programs) names.insert(program.name);
  for (const Mention& mention : draft.started) {
    if (!names.insert(mention.name).second) continue;
    Program program;
    program.name = mention.name;
    program.where = mention.where;
    draft.policy.programs.push_back(std::move(program));
  }
}

}  // namespace

void AddDeciders(const Policy& policy, std::vector<std::string>& known) {
  auto add = [&](std::string_view name) {
    if (!name.empty()) known.emplace_back(name);
  };
  for (const ExecRule& rule : policy.exec) add(rule.id);
  for (const PathRule& rule : policy.paths) add(rule.id);
  for (const NetworkRule& rule : policy.network) add(rule.id);
  for (const Window& window : policy.windows) add(window.id);
  for (const Redaction& redaction : policy.redact) add(redaction.id);
  for (std::string_view action : kToolActions) add(action);
  for (const ExecRule& rule : policy.exec) add(rule.action);
  for (const Breaker& breaker : policy.session) add(std::string("session.") + BreakerName(breaker.kind));
  for (std::string_view name : kReserved) add(name);
}

void CheckDecidedBy(Reading& reading, const std::vector<Mention>& mentions, const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  for (const Mention& mention : mentions)
    if (std::ranges::find(names, mention.name) == names.end())
      reading.Problem(mention.where, Quote(mention.name) + " is no rule, no action and nothing that decisions use",
                      DidYouMean(mention.name, names));
}

void CheckDraft(Reading& reading, const YamlNode& root, Draft& draft) {
  if ((root.Find("profiles") == nullptr) != (root.Find("default-profile") == nullptr))
    reading.Problem(root.where, "`profiles` and `default-profile` belong together",
                    root.Find("profiles") == nullptr ? "write `profiles`, or take `default-profile` out"
                                                     : "write `default-profile: name`");
  CheckIds(reading, draft.policy);
  CheckProfiles(reading, draft);
  CheckReached(reading, draft);
  CheckTools(reading, draft.policy);
  CheckUnmatched(reading, root, draft.policy);
  std::vector<std::string> deciders;
  AddDeciders(draft.policy, deciders);
  CheckDecidedBy(reading, draft.decided_by, deciders);
  AddPrograms(draft);
}

}  // namespace warder::policy
