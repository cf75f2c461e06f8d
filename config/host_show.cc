// How does a HostPlan read as a host file with every default written out?
#include "config/host_parts.h"
#include "policy/yaml.h"

namespace warder::config {
namespace {

// Double quotes for every text: a name like `null` or `a: b` stays text.
std::string Text(std::string_view text) { return policy::InQuotes(text); }

std::string Number(uint64_t value) { return std::to_string(value); }

// The largest unit that leaves a whole number.
std::string Size(uint64_t bytes) {
  if (bytes != 0 && bytes % (1ull << 30) == 0) return Number(bytes >> 30) + "GiB";
  if (bytes != 0 && bytes % (1ull << 20) == 0) return Number(bytes >> 20) + "MiB";
  if (bytes != 0 && bytes % (1ull << 10) == 0) return Number(bytes >> 10) + "KiB";
  return Number(bytes) + "B";
}
std::string Time(uint64_t ms) {
  if (ms % 3'600'000 == 0) return Number(ms / 3'600'000) + "h";
  if (ms % 60'000 == 0) return Number(ms / 60'000) + "m";
  return Number(ms / 1000) + "s";
}

template <typename Range, typename Each>
std::string List(const Range& range, Each each) {
  std::string out = "[";
  for (const auto& item : range) out += (out.size() > 1 ? ", " : "") + each(item);
  return out + "]";
}

// Ids as numbers: what is in force, also where the name was given another id since.
std::string Subject(const wire::Subject& who) {
  return Text(std::string(who.group ? "group:" : "user:") + Number(who.id));
}

std::string People(const wire::HostPlan& plan) {
  if (plan.people.empty()) return "";
  std::string out = "people:\n";
  for (const wire::Person& person : plan.people) {
    std::vector<std::string_view> rights;
    for (const RightName& right : kRightNames)
      if ((person.may & right.bit) != 0) rights.push_back(right.name);
    out += "  - { who: " + Subject(person.who) +
           ", may: " + List(rights, [](std::string_view right) { return std::string(right); }) + " }  # " +
           person.who.name + "\n";
  }
  return out;
}

std::string Bounds(const wire::Bounds& bounds) {
  std::string out = "bounds:\n";
  if (!bounds.trees.empty()) out += "  trees: " + List(bounds.trees, Text) + "\n";
  if (!bounds.sources.empty()) out += "  sources: " + List(bounds.sources, Text) + "\n";
  const wire::Limits& most = bounds.limits;
  out += "  roots: " + List(bounds.roots, Text) + "\n";
  out += "  limits: { wall: " + Time(most.wall_ms) + ", cpu: " + Time(most.cpu_ms) +
         ", memory: " + Size(most.memory_bytes) + ", pids: " + Number(most.pids) + ", files: " + Number(most.files) +
         ", disk: " + Size(most.disk_bytes) + ", output: " + Size(most.output_bytes) + " }\n";
  out += "  jails: { running: " + Number(bounds.jails_running) + ", warm: 0 }\n";
  return out + "  tier-floor: namespace\n";
}

std::string Policy(const wire::HostPlan& plan) {
  std::string out = "policy:\n  owners: " + List(plan.policy_owner_uids, Number) + "\n";
  if (plan.agents.empty()) return out;
  // One name an agent: the file's own names are not part of a plan.
  std::string org, team, project;
  for (const wire::Agent& agent : plan.agents)
    for (const wire::LayerFile& file : agent.policies) {
      const std::string named = "      " + agent.name + ": " + Text(file.path) + "\n";
      if (file.layer == "org") org = "    org: [" + Text(file.path) + "]\n";
      if (file.layer == "team") team += named;
      if (file.layer == "project") project += named;
    }
  out += "  layers:\n" + org;
  if (!team.empty()) out += "    team:\n" + team;
  if (!project.empty()) out += "    project:\n" + project;
  return out;
}

std::string Layers(const wire::Agent& agent) {
  std::string out;
  for (const wire::LayerFile& file : agent.policies)
    if (file.layer != "org") out += (out.empty() ? "{ " : ", ") + file.layer + ": " + agent.name;
  return out.empty() ? "{}" : out + " }";
}

std::string Agents(const wire::HostPlan& plan) {
  if (plan.agents.empty()) return "";
  std::string out = "agents:\n";
  for (const wire::Agent& agent : plan.agents) {
    const wire::Workspace& workspace = agent.workspace;
    out += "  " + agent.name + ":\n    uid: " + Number(agent.uid) + "\n";
    if (!agent.group.empty()) out += "    group: " + agent.group + "\n";
    out += "    layers: " + Layers(agent) + "\n";
    if (!agent.profile.empty()) out += "    profile: " + Text(agent.profile) + "\n";
    out += "    workspaces: [{ dir: " + Text(workspace.directory) + ", owner: " + Number(workspace.owner_uid);
    if (!workspace.also_uids.empty()) out += ", also: " + List(workspace.also_uids, Number);
    out += " }]\n    sessions: " + Number(agent.sessions) + "\n";
    if (!agent.approvers.empty()) out += "    approvers: " + List(agent.approvers, Subject) + "\n";
  }
  return out;
}

}  // namespace

std::string ShowHost(const wire::HostPlan& plan) {
  const wire::LedgerSettings& ledger = plan.ledger;
  return "host: 1\nname: " + Text(plan.name) + "\npaths:\n  state: " + Text(plan.state_directory) +
         "\n  run: " + Text(plan.run_directory) + "\n  stop-file: " + Text(plan.stop_file) +
         "\nidentities:\n  broker: " + Number(plan.broker_uid) + "\n  ledger: " + Number(plan.ledger_uid) +
         "\n  admin-group: " + Number(plan.admin_gid) + "\n  session-uids: " + Number(plan.session_uid_first) + ".." +
         Number(plan.session_uid_last) + "\n" + People(plan) + Bounds(plan.bounds) + Policy(plan) + Agents(plan) +
         "ledger:\n  dir: " + Text(ledger.directory) + "\n  segment: " + Size(ledger.segment_bytes) +
         "\n  free-space: { warn: " + Size(ledger.free_warn_bytes) + ", refuse: " + Size(ledger.free_refuse_bytes) +
         " }\napprovals: { timeout: " + Time(plan.approval_timeout_ms) +
         ", waiting: " + Number(plan.approvals_waiting) + ", per-session: " + Number(plan.approvals_per_session) +
         " }\n";
}

}  // namespace warder::config
