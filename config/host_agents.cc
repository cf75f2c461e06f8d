// Which agents does the host serve: uid, workspace, policy, approvers?
#include "base/limits.h"
#include "config/host_parts.h"

namespace warder::config {
namespace {

struct Into {
  AgentDraft* agent = nullptr;
  HostDraft* host = nullptr;
};

void ReadUid(Reading& reading, const YamlNode& node, Into& into) {
  auto user = ReadUser(reading, node, *into.host->accounts);
  into.agent->uid_where = node.where;
  into.agent->has_uid = user.has_value();
  if (!user) return;
  if (user->uid == 0)
    reading.Problem(node.where, "uid 0 is no agent: what may do everything can not be held to a policy",
                    "name an ordinary user");
  into.agent->agent.uid = user->uid;
  into.agent->agent.gid = user->gid;
}

void ReadGroupName(Reading& reading, const YamlNode& node, Into& into) {
  auto name = reading.Text(node, "write the name of a group of agents");
  if (name && !policy::IsRuleId(*name))
    reading.Problem(node.where, Quote(*name) + " is not the name of a group of agents",
                    "write small letters, digits and dashes");
  into.agent->agent.group = name.value_or("");
}

void ReadProject(Reading& reading, const YamlNode& node, Into& into) {
  into.agent->project = reading.Text(node, "write a name of policy.layers.project").value_or("");
}
void ReadTeam(Reading& reading, const YamlNode& node, Into& into) {
  into.agent->team = reading.Text(node, "write a name of policy.layers.team").value_or("");
}
void ReadOrg(Reading& reading, const YamlNode& node, Into&) {
  reading.Problem(node.where, "an agent does not choose its org layer",
                  "take it out: policy.layers.org binds every agent");
}
constexpr KeyRule<Into> kLayers[] = {
    {"project", Need::kOptional, ReadProject, ""},
    {"team", Need::kOptional, ReadTeam, ""},
    {"org", Need::kOptional, ReadOrg, ""},
};
void ReadLayers(Reading& reading, const YamlNode& node, Into& into) {
  into.agent->layer_where = node.where;
  ReadMap(reading, node, "layers", kLayers, into);
}

void ReadProfile(Reading& reading, const YamlNode& node, Into& into) {
  into.agent->profile_where = node.where;
  into.agent->agent.profile = reading.Text(node, "write the name of a profile of its policy").value_or("");
}

void ReadDirectory(Reading& reading, const YamlNode& node, Into& into) {
  into.agent->workspace_where = node.where;
  into.agent->agent.workspace.directory = reading.AbsolutePath(node).value_or("");
}
void ReadOwner(Reading& reading, const YamlNode& node, Into& into) {
  auto user = ReadUser(reading, node, *into.host->accounts);
  if (!user) return;
  if (user->uid == 0) reading.Problem(node.where, "uid 0 owns no workspace", "give the directory to an ordinary user");
  into.agent->agent.workspace.owner_uid = user->uid;
  into.agent->agent.workspace.owner_gid = user->gid;
}
void ReadAlso(Reading& reading, const YamlNode& node, Into& into) {
  if (!reading.IsList(node, "write a list of users, as [www-data]")) return;
  for (const YamlNode& item : node.items) {
    auto user = ReadUser(reading, item, *into.host->accounts);
    if (!user) continue;
    if (user->uid == 0) reading.Problem(item.where, "uid 0 is never mapped into a jail", "take it out");
    into.agent->agent.workspace.also_uids.push_back(user->uid);
  }
}
constexpr KeyRule<Into> kWorkspace[] = {
    {"dir", Need::kRequired, ReadDirectory, "`dir: /srv/work/name`"},
    {"owner", Need::kRequired, ReadOwner, "`owner: USER`, who owns its files"},
    {"also", Need::kOptional, ReadAlso, ""},
};
void ReadWorkspaces(Reading& reading, const YamlNode& node, Into& into) {
  if (!reading.IsList(node, "write `workspaces: [{ dir: …, owner: … }]`")) return;
  if (node.items.size() > 1)
    reading.Problem(node.items[1].where, "more than one workspace an agent is not built in this version",
                    "leave one, and declare another agent for the other");
  into.agent->has_workspace = true;
  ReadMap(reading, node.items[0], "a workspace", kWorkspace, into);
}

void ReadSessions(Reading& reading, const YamlNode& node, Into& into) {
  if (auto count = reading.Count(node, limits::kMaxSessionsPerAgent))
    into.agent->agent.sessions = static_cast<uint32_t>(*count);
}

void ReadApprovers(Reading& reading, const YamlNode& node, Into& into) {
  if (!reading.IsList(node, "write a list, as [\"user:lead\"]")) return;
  for (const YamlNode& item : node.items)
    if (auto subject = ReadSubject(reading, item, *into.host)) into.agent->agent.approvers.push_back(*subject);
}

constexpr KeyRule<Into> kAgent[] = {
    {"uid", Need::kRequired, ReadUid, "`uid: USER`: who may connect to its socket"},
    {"layers", Need::kRequired, ReadLayers, "`layers: { project: NAME }`"},
    {"workspaces", Need::kRequired, ReadWorkspaces, "`workspaces: [{ dir: …, owner: … }]`"},
    {"group", Need::kOptional, ReadGroupName, ""},
    {"profile", Need::kOptional, ReadProfile, ""},
    {"sessions", Need::kOptional, ReadSessions, ""},
    {"approvers", Need::kOptional, ReadApprovers, ""},
};

}  // namespace

void ReadAgents(Reading& reading, const YamlNode& node, HostDraft& draft) {
  if (!reading.IsMap(node, "write `NAME: { uid: …, … }`")) return;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const std::string& name = node.keys[i].text;
    if (!policy::IsRuleId(name) || name.size() > 32)
      reading.Problem(node.keys[i].where, Quote(name) + " is not the name of an agent",
                      "write small letters, digits and dashes, at most 32");
    AgentDraft agent;
    agent.agent.name = name;
    agent.where = node.keys[i].where;
    agent.agent.sessions = static_cast<uint32_t>(limits::kDefaultSessionsPerAgent);
    Into into{&agent, &draft};
    ReadMap(reading, node.items[i], "an agent", kAgent, into);
    draft.agents.push_back(std::move(agent));
  }
}

}  // namespace warder::config
