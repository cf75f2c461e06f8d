// What must hold across the host file: ids that do not overlap, trees that do not meet?
#include <algorithm>
#include <map>

#include "config/host_parts.h"

namespace warder::config {
namespace {

// Ranges that systemd uses (systemd's UIDS-GIDS document), and ids that mean nobody.
constexpr struct {
  uint32_t first, last;
  const char* what;
} kSystemdRanges[] = {
    {0, 999, "system accounts"},
    {60001, 60513, "systemd-homed"},
    {60578, 60705, "systemd's host users"},
    {61184, 65519, "systemd's dynamic users"},
    {65534, 65535, "nobody"},
    {524288, 1879048191, "systemd's containers"},
    {2147352576, 2147418111, "systemd's foreign ids"},
};

bool Meets(uint32_t first, uint32_t last, uint32_t other_first, uint32_t other_last) {
  return first <= other_last && other_first <= last;
}

void CheckSessionUids(Reading& reading, const HostDraft& draft) {
  uint32_t first = draft.plan.session_uid_first, last = draft.plan.session_uid_last;
  constexpr std::string_view kRemedy = "take a range that nothing uses, as 1900000000..1900065535";
  auto refuse = [&](const std::string& what) {
    reading.Problem(draft.session_where, "session-uids meet " + what, std::string(kRemedy));
  };
  constexpr uint32_t kMost = 1u << 20;
  if (last - first >= kMost)
    reading.Problem(draft.session_where, "session-uids: more than " + std::to_string(kMost), std::string(kRemedy));
  for (const auto& range : kSystemdRanges)
    if (Meets(first, last, range.first, range.last)) return refuse(range.what);
  for (const User& user : draft.accounts->Users())
    if (Meets(first, last, user.uid, user.uid)) return refuse("the user " + Quote(user.name));
  for (const Group& group : draft.accounts->Groups())
    if (Meets(first, last, group.gid, group.gid)) return refuse("the group " + Quote(group.name));
  for (const IdRange& range : draft.accounts->Subordinate())
    if (Meets(first, last, range.first, range.last)) return refuse("a range of " + range.what);
}

// One uid, one part: what two parts share, one could take from the other.
class Parts {
 public:
  Parts(Reading& reading, const HostDraft& draft) : reading_(reading), draft_(draft) {}

  void Take(uint32_t uid, const std::string& part, Where where) {
    if (Meets(uid, uid, draft_.plan.session_uid_first, draft_.plan.session_uid_last))
      reading_.Problem(where, part + " has uid " + std::to_string(uid) + ", of session-uids",
                       "take a uid outside of them");
    auto [first, fresh] = taken_.emplace(uid, part);
    if (!fresh)
      reading_.Problem(where, part + " has uid " + std::to_string(uid) + ", as " + first->second,
                       "give each its own uid");
  }
  // Owners of workspaces may be shared, and be agents, but not parts of warder.
  void Owner(uint32_t uid, const std::string& part, Where where) {
    if (uid == draft_.plan.broker_uid || uid == draft_.plan.ledger_uid)
      reading_.Problem(where, part + " is owned by a uid of warder's own processes",
                       "give the directory to an ordinary user");
    if (Meets(uid, uid, draft_.plan.session_uid_first, draft_.plan.session_uid_last))
      reading_.Problem(where, part + " is owned by a uid of session-uids", "give the directory to an ordinary user");
  }

 private:
  Reading& reading_;
  const HostDraft& draft_;
  std::map<uint32_t, std::string> taken_;
};

void CheckIds(Reading& reading, const HostDraft& draft) {
  Parts parts(reading, draft);
  const wire::HostPlan& plan = draft.plan;
  Where top{1, 1};
  if (plan.broker_uid == 0) reading.Problem(top, "the broker would be uid 0", "write `identities: { broker: USER }`");
  if (plan.ledger_uid == 0) reading.Problem(top, "the ledger would be uid 0", "write `identities: { ledger: USER }`");
  parts.Take(plan.broker_uid, "the broker", top);
  parts.Take(plan.ledger_uid, "the ledger", top);
  for (const AgentDraft& agent : draft.agents) {
    std::string name = "agent " + Quote(agent.agent.name);
    if (agent.has_uid) parts.Take(agent.agent.uid, name, agent.uid_where);
    const wire::Workspace& workspace = agent.agent.workspace;
    if (!agent.has_workspace || workspace.directory.empty()) continue;
    parts.Owner(workspace.owner_uid, Quote(workspace.directory), agent.workspace_where);
    for (uint32_t uid : workspace.also_uids) parts.Owner(uid, Quote(workspace.directory), agent.workspace_where);
  }
}

// Whoever may own a policy may rewrite it: no agent, and no process that works for one.
void CheckOwners(Reading& reading, const HostDraft& draft) {
  constexpr std::string_view kRemedy = "name root, or the person who writes policies";
  const wire::HostPlan& plan = draft.plan;
  for (uint32_t uid : plan.policy_owner_uids) {
    if (uid == plan.broker_uid || uid == plan.ledger_uid ||
        Meets(uid, uid, plan.session_uid_first, plan.session_uid_last))
      reading.Problem(draft.owners_where,
                      "policy.owners names uid " + std::to_string(uid) + ", of warder's own processes",
                      std::string(kRemedy));
    for (const AgentDraft& agent : draft.agents)
      if (agent.has_uid && agent.agent.uid == uid)
        reading.Problem(draft.owners_where,
                        "policy.owners names the uid of agent " + Quote(agent.agent.name) +
                            ", which could then rewrite its own policy",
                        std::string(kRemedy));
  }
}

// Whoever is named must reach the admin socket, and no agent may.
void CheckSubjects(Reading& reading, const HostDraft& draft) {
  auto admin = draft.accounts->GroupWithId(draft.plan.admin_gid);
  auto reaches = [&](const std::string& user, uint32_t gid) {
    return gid == draft.plan.admin_gid ||
           (admin && std::find(admin->members.begin(), admin->members.end(), user) != admin->members.end());
  };
  for (const auto& [where, subject] : draft.subjects) {
    if (subject.group) continue;
    for (const AgentDraft& agent : draft.agents)
      if (agent.has_uid && agent.agent.uid == subject.id)
        reading.Problem(where, Quote(subject.name) + " is the uid of agent " + Quote(agent.agent.name),
                        "name another person: an agent never gets in to the admin socket");
    // A number without an account: its groups are its process's, which nobody knows yet. Root needs
    // none.
    auto user = draft.accounts->UserWithId(subject.id);
    if (user && user->uid != 0 && !reaches(user->name, user->gid))
      reading.Problem(
          where,
          Quote(subject.name) + " is not in the admin socket's group, gid " + std::to_string(draft.plan.admin_gid),
          "add the user to that group, or name the group under identities.admin-group");
  }
}

// What a workspace holds, its agent can write: then it would set its own rules. Paths are compared
// as they stand; warderd opens these files without following any symlink, so they are the real
// ones.
void CheckFilesInForce(Reading& reading, const HostDraft& draft) {
  std::vector<std::pair<std::string, std::string>> in_force{{"the stop file", draft.plan.stop_file},
                                                            {"this host file", draft.file}};
  if (!draft.org.empty()) in_force.emplace_back("the org's policy", draft.org);
  for (const auto* files : {&draft.teams, &draft.projects})
    for (const auto& [name, path] : *files) in_force.emplace_back("the policy " + Quote(name), path);
  for (const AgentDraft& agent : draft.agents)
    for (const auto& [what, path] : in_force)
      if (!agent.agent.workspace.directory.empty() && IsWithin(path, agent.agent.workspace.directory))
        reading.Problem(agent.workspace_where,
                        what + ", " + Quote(path) + ", lies in the workspace of agent " + Quote(agent.agent.name) +
                            ", which could rewrite it",
                        "move the file out of every workspace, as to /etc/warder");
}

void CheckTrees(Reading& reading, const HostDraft& draft) {
  const wire::HostPlan& plan = draft.plan;
  const std::string* own[] = {&plan.state_directory, &plan.run_directory, &plan.ledger.directory};
  auto meets_own = [&](const std::string& directory) {
    return std::any_of(std::begin(own), std::end(own), [&](const std::string* mine) {
      return IsWithin(directory, *mine) || IsWithin(*mine, directory);
    });
  };
  for (const std::string& source : plan.bounds.sources)
    if (meets_own(source))
      reading.Problem({1, 1}, "source " + Quote(source) + " meets warder's own directories", "name narrower sources");
  for (size_t i = 0; i < draft.agents.size(); ++i) {
    const AgentDraft& agent = draft.agents[i];
    const std::string& directory = agent.agent.workspace.directory;
    if (directory.empty()) continue;
    bool inside = std::any_of(plan.bounds.trees.begin(), plan.bounds.trees.end(),
                              [&](const std::string& tree) { return IsWithin(directory, tree); });
    if (!inside)
      reading.Problem(agent.workspace_where, Quote(directory) + " is beneath no tree of bounds.trees",
                      "add its parent to bounds.trees, or move the workspace");
    if (meets_own(directory))
      reading.Problem(agent.workspace_where, Quote(directory) + " meets warder's own directories",
                      "move the workspace");
    for (size_t j = 0; j < i; ++j) {
      const std::string& other = draft.agents[j].agent.workspace.directory;
      if (!other.empty() && (IsWithin(directory, other) || IsWithin(other, directory)))
        reading.Problem(agent.workspace_where,
                        Quote(directory) + " and the workspace of agent " + Quote(draft.agents[j].agent.name) + " (" +
                            Quote(other) + ") meet",
                        "give each agent a tree of its own");
    }
  }
}

void FillDefaultIds(Reading& reading, HostDraft& draft) {
  auto by_name = [&](bool has, const char* name, uint32_t& uid, uint32_t& gid, const char* key) {
    if (has) return;
    if (auto user = draft.accounts->UserNamed(name)) {
      uid = user->uid;
      gid = user->gid;
    } else {
      reading.Problem({1, 1}, "no user " + Quote(name) + " on this machine, which is the default of identities." + key,
                      "make it, or write `identities: { " + std::string(key) + ": USER }`, names or numbers");
    }
  };
  by_name(draft.has_broker, "warder", draft.plan.broker_uid, draft.plan.broker_gid, "broker");
  by_name(draft.has_ledger, "warder-ledger", draft.plan.ledger_uid, draft.plan.ledger_gid, "ledger");
  if (draft.has_admin) return;
  if (auto group = draft.accounts->GroupNamed("warder-admin")) {
    draft.plan.admin_gid = group->gid;
  } else if (!draft.subjects.empty()) {
    reading.Problem(draft.subjects.front().first,
                    "no group \"warder-admin\" on this machine: nobody could reach the admin socket",
                    "make it, or write `identities: { admin-group: GROUP }`, a name or a number");
  }
}

// The files that bind the agent, upper layers first.
void FindLayers(Reading& reading, const HostDraft& draft, AgentDraft& agent) {
  std::vector<wire::LayerFile>& policies = agent.agent.policies;
  if (!draft.org.empty()) policies.push_back({"org", draft.org});
  struct {
    const char* layer;
    const std::string& name;
    const std::map<std::string, std::string>& files;
  } const named[] = {{"team", agent.team, draft.teams}, {"project", agent.project, draft.projects}};
  for (const auto& [layer, name, files] : named) {
    if (name.empty()) continue;
    if (auto file = files.find(name); file != files.end()) {
      policies.push_back({layer, file->second});
      continue;
    }
    std::vector<std::string_view> names;
    for (const auto& [known, path] : files) names.push_back(known);
    reading.Problem(agent.layer_where, Quote(name) + " is not in policy.layers." + layer,
                    policy::DidYouMean(name, names));
  }
  if (policies.empty() && agent.team.empty() && agent.project.empty())
    reading.Problem(agent.where, "no policy binds agent " + Quote(agent.agent.name),
                    "write `layers: { project: NAME }`, a name of policy.layers.project");
}

}  // namespace

void CheckHost(Reading& reading, const YamlNode&, HostDraft& draft) {
  FillDefaultIds(reading, draft);
  if (!draft.has_ledger_directory) draft.plan.ledger.directory = draft.plan.state_directory + "/log";
  for (AgentDraft& agent : draft.agents) FindLayers(reading, draft, agent);
  if (!reading.ok()) return;  // what follows would only repeat what is wrong
  CheckSessionUids(reading, draft);
  CheckIds(reading, draft);
  CheckSubjects(reading, draft);
  CheckOwners(reading, draft);
  CheckTrees(reading, draft);
  CheckFilesInForce(reading, draft);
}

}  // namespace warder::config
