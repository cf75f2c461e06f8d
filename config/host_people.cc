// Who is who: identities of our processes, people and their rights?
#include <algorithm>

#include "base/text.h"
#include "config/host_parts.h"

namespace warder::config {

const RightName kRightNames[15] = {
    {"status", wire::kRightStatus},
    {"sessions", wire::kRightSessions},
    {"policy", wire::kRightPolicy},
    {"metrics", wire::kRightMetrics},
    {"stop", wire::kRightStop},
    {"resume", wire::kRightResume},
    {"reload", wire::kRightReload},
    {"drain", wire::kRightDrain},
    {"approve", wire::kRightApprove},
    {"profile", wire::kRightProfile},
    {"undo", wire::kRightUndo},
    {"changes", wire::kRightChanges},
    {"trash", wire::kRightTrash},
    {"audit-read", wire::kRightAuditRead},
    {"audit-prune", wire::kRightAuditPrune},
};

namespace {

// (uid_t)-1 means "leave it" to chown(2) and setresuid(2): never an id.
constexpr uint32_t kLargestId = UINT32_MAX - 1;

std::optional<User> FindUser(const std::string& text, Accounts& accounts) {
  if (auto number = ParseDecimal(text, kLargestId)) {
    uint32_t uid = static_cast<uint32_t>(*number);
    if (auto user = accounts.UserWithId(uid)) return user;
    return User{text, uid, uid};  // numbers need no account: containers, embedded hosts
  }
  return accounts.UserNamed(text);
}

std::optional<uint32_t> FindGroup(const std::string& text, Accounts& accounts) {
  if (auto number = ParseDecimal(text, kLargestId)) return static_cast<uint32_t>(*number);
  if (auto group = accounts.GroupNamed(text)) return group->gid;
  return std::nullopt;
}

void ReadBroker(Reading& reading, const YamlNode& node, HostDraft& draft) {
  auto user = ReadUser(reading, node, *draft.accounts);
  draft.has_broker = true;
  if (user) std::tie(draft.plan.broker_uid, draft.plan.broker_gid) = std::pair(user->uid, user->gid);
}
void ReadLedger(Reading& reading, const YamlNode& node, HostDraft& draft) {
  auto user = ReadUser(reading, node, *draft.accounts);
  draft.has_ledger = true;
  if (user) std::tie(draft.plan.ledger_uid, draft.plan.ledger_gid) = std::pair(user->uid, user->gid);
}
void ReadAdmin(Reading& reading, const YamlNode& node, HostDraft& draft) {
  draft.has_admin = true;
  draft.plan.admin_gid = ReadGroup(reading, node, *draft.accounts).value_or(0);
}
void ReadSessionUids(Reading& reading, const YamlNode& node, HostDraft& draft) {
  draft.session_where = node.where;
  auto range = reading.Range(node, kLargestId);
  if (!range) return;
  draft.plan.session_uid_first = static_cast<uint32_t>(range->first);
  draft.plan.session_uid_last = static_cast<uint32_t>(range->second);
}

constexpr KeyRule<HostDraft> kIdentities[] = {
    {"broker", Need::kOptional, ReadBroker, ""},
    {"ledger", Need::kOptional, ReadLedger, ""},
    {"admin-group", Need::kOptional, ReadAdmin, ""},
    {"session-uids", Need::kOptional, ReadSessionUids, ""},
    {"notify", Need::kNotBuilt, nullptr, "take it out: there is no warder-notify yet"},
};

struct PersonDraft {
  wire::Person person;
  HostDraft* draft = nullptr;
};

void ReadWho(Reading& reading, const YamlNode& node, PersonDraft& into) {
  if (auto subject = ReadSubject(reading, node, *into.draft)) into.person.who = *subject;
}

void ReadMay(Reading& reading, const YamlNode& node, PersonDraft& into) {
  std::vector<std::string_view> names;
  for (const RightName& right : kRightNames) names.push_back(right.name);
  if (!reading.IsList(node, "write a list of rights, as [status, approve]")) return;
  for (const YamlNode& item : node.items)
    if (auto right = reading.OneOf(item, names)) into.person.may |= kRightNames[*right].bit;
}

constexpr KeyRule<PersonDraft> kPerson[] = {
    {"who", Need::kRequired, ReadWho, "`who: \"user:NAME\"` or `who: \"group:NAME\"`"},
    {"may", Need::kRequired, ReadMay, "`may: [status]`"},
};

}  // namespace

std::optional<User> ReadUser(Reading& reading, const YamlNode& node, Accounts& accounts) {
  auto text = reading.Text(node, "write the name of a user, or a number");
  if (!text) return std::nullopt;
  auto user = FindUser(*text, accounts);
  if (!user)
    reading.Problem(node.where, Quote(*text) + " is no user of this machine", "make the user, or write a number");
  return user;
}

std::optional<uint32_t> ReadGroup(Reading& reading, const YamlNode& node, Accounts& accounts) {
  auto text = reading.Text(node, "write the name of a group, or a number");
  if (!text) return std::nullopt;
  auto group = FindGroup(*text, accounts);
  if (!group)
    reading.Problem(node.where, Quote(*text) + " is no group of this machine", "make the group, or write a number");
  return group;
}

std::optional<wire::Subject> ReadSubject(Reading& reading, const YamlNode& node, HostDraft& draft) {
  constexpr std::string_view kForm = "write \"user:NAME\" or \"group:NAME\"";
  auto text = reading.Text(node, kForm);
  if (!text) return std::nullopt;
  wire::Subject subject;
  subject.name = *text;
  subject.group = text->starts_with("group:");
  if (!subject.group && !text->starts_with("user:")) {
    reading.Problem(node.where, Quote(*text) + " is neither a user nor a group", std::string(kForm));
    return std::nullopt;
  }
  std::string name = text->substr(text->find(':') + 1);
  std::optional<uint32_t> id;
  if (subject.group) {
    id = FindGroup(name, *draft.accounts);
  } else if (auto user = FindUser(name, *draft.accounts)) {
    id = user->uid;
  }
  if (!id) {
    reading.Problem(node.where, Quote(*text) + " is not known on this machine", "make it, or write a number");
    return std::nullopt;
  }
  subject.id = *id;
  draft.subjects.emplace_back(node.where, subject);
  return subject;
}

void ReadIdentities(Reading& reading, const YamlNode& node, HostDraft& draft) {
  ReadMap(reading, node, "identities", kIdentities, draft);
}

void ReadPeople(Reading& reading, const YamlNode& node, HostDraft& draft) {
  draft.people_where = node.where;
  if (!reading.IsList(node, "write a list, `- { who: …, may: […] }`")) return;
  for (const YamlNode& item : node.items) {
    PersonDraft into;
    into.draft = &draft;
    ReadMap(reading, item, "a person", kPerson, into);
    draft.plan.people.push_back(std::move(into.person));
  }
}

}  // namespace warder::config
