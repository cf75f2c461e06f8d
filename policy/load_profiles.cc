// What may `profiles` say?
#include <algorithm>

#include "policy/load_parts.h"

namespace warder::policy {
namespace {

struct ProfileDraft {
  Profile profile;
  Draft* draft = nullptr;
};

template <Level level>
void ReadActions(Reading& reading, const YamlNode& node, ProfileDraft& into) {
  for (const auto& [action, where] : reading.Texts(node, "write a list of actions, as [git_status]")) {
    auto same = [&](const auto& other) { return other.first == action; };
    auto& actions = into.profile.actions;
    if (auto first = std::find_if(actions.begin(), actions.end(), same); first != actions.end()) {
      reading.Problem(where, Quote(action) + " is listed already, at " + LevelName(first->second),
                      "write each action once");
      continue;
    }
    actions.emplace_back(action, level);
    into.draft->ListAction(action, where);
  }
}

void ReadBasedOn(Reading& reading, const YamlNode& node, ProfileDraft& into) {
  auto name = reading.Text(node, "write the name of another profile");
  if (!name) return;
  into.profile.based_on = *name;
  into.draft->named_profiles.push_back({*name, node.where});
}

void ReadOtherwise(Reading& reading, const YamlNode& node, ProfileDraft& into) {
  into.profile.otherwise = reading.LevelOf(node);
}

void ReadApproveBecomes(Reading& reading, const YamlNode& node, ProfileDraft& into) {
  auto level = reading.LevelOf(node);
  if (level && *level != Level::kForbid)
    reading.Problem(node.where, Quote(node.text) + " is looser than a person's yes",
                    "write `approve-becomes: forbid`, or take it out");
  into.profile.approve_becomes_forbid = true;
}

constexpr KeyRule<ProfileDraft> kProfile[] = {
    {"auto",
     Need::kOptional,
     ReadActions<Level::kAuto>,
     "",
     {shape::List<shape::ActionName>, "Actions that run", "[read_file]", "none", "explicit lists bind all"}},
    {"auto_approve",
     Need::kOptional,
     ReadActions<Level::kAuto>,
     "",
     {shape::List<shape::ActionName>, "The longer name of auto", "[read_file]", "none", "", "auto"}},
    {"notify",
     Need::kOptional,
     ReadActions<Level::kNotify>,
     "",
     {shape::List<shape::ActionName>, "Actions that run and tell people", "[delete_file]", "none",
      "explicit lists bind all"}},
    {"notify_only",
     Need::kOptional,
     ReadActions<Level::kNotify>,
     "",
     {shape::List<shape::ActionName>, "The longer name of notify", "[delete_file]", "none", "", "notify"}},
    {"approve",
     Need::kOptional,
     ReadActions<Level::kApprove>,
     "",
     {shape::List<shape::ActionName>, "Actions that wait for a person", "[git_push]", "none",
      "explicit lists bind all"}},
    {"require_approval",
     Need::kOptional,
     ReadActions<Level::kApprove>,
     "",
     {shape::List<shape::ActionName>, "The longer name of approve", "[git_push]", "none", "", "approve"}},
    {"forbid",
     Need::kOptional,
     ReadActions<Level::kForbid>,
     "",
     {shape::List<shape::ActionName>, "Actions that never run", "[deploy]", "none", "explicit lists bind all"}},
    {"forbidden",
     Need::kOptional,
     ReadActions<Level::kForbid>,
     "",
     {shape::List<shape::ActionName>, "The longer name of forbid", "[deploy]", "none", "", "forbid"}},
    {"based-on",
     Need::kOptional,
     ReadBasedOn,
     "",
     {shape::ProfileName, "Another profile, whose lists and settings follow its own", "day", "none", "own"}},
    {"otherwise",
     Need::kOptional,
     ReadOtherwise,
     "",
     {shape::Level, "The level of actions in no list", "forbid", "approve", "own"}},
    {"approve-becomes",
     Need::kOptional,
     ReadApproveBecomes,
     "",
     {shape::Level, "`forbid`: nobody is there to ask, so approve is forbid", "forbid", "approve stays", "own"}},
};

}  // namespace

Shape ProfilesShape() {
  return shape::NamedOf("names of profiles", shape::ProfileName().pattern, shape::Map("a profile", kProfile));
}

void ReadProfiles(Reading& reading, const YamlNode& node, Draft& draft) {
  constexpr std::string_view kForm = "write `name: { auto: [actions], … }`";
  if (!reading.IsMap(node, kForm)) return;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    if (!IsRuleId(node.keys[i].text))
      reading.Problem(node.keys[i].where, Quote(node.keys[i].text) + " is not the name of a profile",
                      "write small letters, digits and dashes");
    ProfileDraft into;
    into.draft = &draft;
    into.profile.name = node.keys[i].text;
    into.profile.where = node.keys[i].where;
    ReadMap(reading, node.items[i], "a profile", kProfile, into);
    draft.policy.profiles.push_back(std::move(into.profile));
  }
}

}  // namespace warder::policy
