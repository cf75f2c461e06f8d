// The parts of the host file's loader, one file a group of sections; only config/host_*.cc include
// this.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/host_file.h"
#include "policy/schema.h"

namespace warder::config {

using policy::KeyRule;
using policy::Need;
using policy::Quote;
using policy::Reading;
using policy::Where;
using policy::YamlKind;
using policy::YamlNode;

struct AgentDraft {
  wire::Agent agent;
  Where where, uid_where, layer_where, profile_where, workspace_where;
  std::string team, project;  // names in policy.layers; empty: not given
  bool has_uid = false, has_workspace = false;
};

struct HostDraft {
  wire::HostPlan plan;
  Accounts* accounts = nullptr;
  std::string file;                                    // the host file itself
  std::string org;                                     // policy.layers.org; empty: none
  std::map<std::string, std::string> teams, projects;  // policy.layers.team, policy.layers.project
  std::vector<AgentDraft> agents;
  std::vector<std::pair<Where, wire::Subject>> subjects;  // of people and approvers
  bool has_broker = false, has_ledger = false, has_admin = false, has_ledger_directory = false;
  Where session_where, people_where, owners_where{1, 1}, paths_where{1, 1};
};

// A user by name or number; says the problem.
std::optional<User> ReadUser(Reading& reading, const YamlNode& node, Accounts& accounts);
std::optional<uint32_t> ReadGroup(Reading& reading, const YamlNode& node, Accounts& accounts);
// "user:NAME" or "group:NAME", names or numbers.
std::optional<wire::Subject> ReadSubject(Reading& reading, const YamlNode& node, HostDraft& draft);

void ReadIdentities(Reading& reading, const YamlNode& node, HostDraft& draft);  // host_people.cc
void ReadPeople(Reading& reading, const YamlNode& node, HostDraft& draft);      // host_people.cc
void ReadBounds(Reading& reading, const YamlNode& node, HostDraft& draft);      // host_bounds.cc
void SetDefaultBounds(wire::Bounds& bounds);                                    // host_bounds.cc
void ReadAgents(Reading& reading, const YamlNode& node, HostDraft& draft);      // host_agents.cc
// What is known only at the end: defaults that need a name, ids and trees that overlap.
void CheckHost(Reading& reading, const YamlNode& root, HostDraft& draft);  // host_check.cc

// Whether path is directory or lies below it. Both clean.
bool IsWithin(std::string_view path, std::string_view directory);

}  // namespace warder::config
