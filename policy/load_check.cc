// Which names of a policy must be known, unique and free of circles?
#include <algorithm>
#include <map>
#include <set>

#include "policy/load_parts.h"

namespace warder::policy {
namespace {

// Ids that decisions use for what no rule says.
constexpr std::string_view kReserved[] = {"no-rule", "no-path",     "no-host",
                                          "opaque",  "environment", "reason"};

void CheckIds(Reading& reading, const Policy& policy, std::vector<std::string_view>& ids) {
  std::map<std::string_view, uint32_t> seen;
  auto check = [&](const std::string& id, Where where) {
    if (id.empty()) return;  // told already
    if (std::find(std::begin(kReserved), std::end(kReserved), id) != std::end(kReserved))
      reading.Problem(where, Quote(id) + " is a name that decisions use", "write another id");
    auto [first, fresh] = seen.emplace(id, where.line);
    if (!fresh)
      reading.Problem(
          where, Quote(id) + " is the id of another rule, in line " + std::to_string(first->second),
          "write an id of its own");
    ids.push_back(id);
  };
  for (const ExecRule& rule : policy.exec) check(rule.id, rule.where);
  for (const PathRule& rule : policy.paths) check(rule.id, rule.where);
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
      reading.Problem(mention.where, Quote(mention.name) + " is not a profile",
                      DidYouMean(mention.name, names));
  for (const Profile& start : draft.policy.profiles) {
    std::set<std::string_view> met;
    const Profile* at = &start;
    while (at != nullptr && met.insert(at->name).second) {
      auto next = by_name.find(at->based_on);
      at = at->based_on.empty() || next == by_name.end() ? nullptr : next->second;
    }
    // Only what lies on the circle is told, not each profile that leads to it.
    if (at == &start)
      reading.Problem(start.where, Quote(start.name) + " is based on itself, in a circle",
                      "take one based-on out");
  }
}

void CheckActions(Reading& reading, const Draft& draft, std::vector<std::string_view>& actions) {
  actions.assign(std::begin(kToolActions), std::end(kToolActions));
  for (const ExecRule& rule : draft.policy.exec)
    if (!rule.action.empty() &&
        std::find(actions.begin(), actions.end(), rule.action) == actions.end())
      actions.push_back(rule.action);
  for (const Mention& mention : draft.listed_actions)
    if (std::find(actions.begin(), actions.end(), mention.name) == actions.end())
      reading.Problem(mention.where,
                      Quote(mention.name) + " is the action of no rule and of no tool",
                      DidYouMean(mention.name, actions));
}

void CheckDecidedBy(Reading& reading, const Draft& draft, std::vector<std::string_view> known) {
  for (std::string_view name : kReserved)
    if (name != "no-host") known.push_back(name);
  for (const Mention& mention : draft.decided_by)
    if (std::find(known.begin(), known.end(), mention.name) == known.end())
      reading.Problem(mention.where,
                      Quote(mention.name) + " is no rule, no action and nothing that decisions use",
                      DidYouMean(mention.name, known));
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

void CheckDraft(Reading& reading, const YamlNode& root, Draft& draft) {
  if (draft.policy.workspace_mode == WorkspaceMode::kDirect && root.Find("workspace") == nullptr)
    reading.Problem(
        root.where, "no `workspace`: the default, copy-on-write, is not built in this version",
        "write `workspace: { mode: direct }`, and know that what commands delete is gone");
  if ((root.Find("profiles") == nullptr) != (root.Find("default-profile") == nullptr))
    reading.Problem(root.where, "`profiles` and `default-profile` belong together",
                    root.Find("profiles") == nullptr
                        ? "write `profiles`, or take `default-profile` out"
                        : "write `default-profile: name`");
  std::vector<std::string_view> known, actions;
  CheckIds(reading, draft.policy, known);
  CheckProfiles(reading, draft);
  CheckActions(reading, draft, actions);
  known.insert(known.end(), actions.begin(), actions.end());
  CheckDecidedBy(reading, draft, std::move(known));
  AddPrograms(draft);
}

}  // namespace warder::policy
