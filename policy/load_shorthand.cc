// How is the shorthand rewritten into rules?
//
// read, write, delete: path rules at auto. execute: one exec rule with free arguments at auto.
// forbidden: one forbid rule. allowed_hosts: a network rule for each port, reached by what runs.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

ExecRule FreeArguments(std::string id, std::vector<std::string> programs, Where where) {
  ExecRule rule;
  rule.id = std::move(id);
  rule.where = where;
  Element names;
  names.words = std::move(programs);
  names.where = where;
  Element rest;
  rest.kind = ElementKind::kRest;
  rest.where = where;
  rule.argv = {std::move(names), std::move(rest)};
  return rule;
}

std::vector<std::string> ReadProgramNames(Reading& reading, const YamlNode& node, Draft& draft) {
  std::vector<std::string> names;
  for (const auto& [name, where] : reading.Texts(node, "write a list of programs, as [grep, jq]")) {
    if (!IsProgramName(name) || name == "cd") {
      reading.Problem(where, Quote(name) + " is not a program", "write a bare name or a clean absolute path");
      continue;
    }
    names.push_back(name);
    draft.started.push_back({name, where});
  }
  return names;
}

template <Act act>
void ReadAct(Reading& reading, const YamlNode& node, Draft& draft) {
  draft.policy.has_paths = true;
  PathRule rule;
  rule.id = std::string("allowed-") + ActName(act);
  rule.level = Level::kAuto;
  rule.may = ActBit(act);
  rule.where = node.where;
  rule.match = ReadGlobs(reading, node);
  for (const std::string& glob : rule.match)
    if (act != Act::kRead && !BeneathVariable(glob))
      reading.Problem(node.where, "write or delete outside the workspace and tmp", "begin with ${workspace} or ${tmp}");
  draft.policy.paths.push_back(std::move(rule));
}

void ReadExecute(Reading& reading, const YamlNode& node, Draft& draft) {
  draft.policy.has_exec = true;
  ExecRule rule = FreeArguments("allowed-execute", ReadProgramNames(reading, node, draft), node.where);
  rule.level = Level::kAuto;
  draft.policy.exec.push_back(std::move(rule));
  draft.policy.inside = InsideTerms{};
}

constexpr KeyRule<Draft> kActions[] = {
    {"read",
     Need::kOptional,
     ReadAct<Act::kRead>,
     "",
     {shape::List<shape::Glob>, "Paths that may be read", "[/var/log/**]", "none"}},
    {"write",
     Need::kOptional,
     ReadAct<Act::kWrite>,
     "",
     {shape::List<shape::Glob>, "Paths that may be written", "[\"${workspace}/**\"]", "none"}},
    {"delete",
     Need::kOptional,
     ReadAct<Act::kDelete>,
     "",
     {shape::List<shape::Glob>, "Paths that may be deleted", "[\"${workspace}/build/**\"]", "none"}},
    {"execute",
     Need::kOptional,
     ReadExecute,
     "",
     {shape::List<shape::Program>, "Programs that may be started, with any arguments", "[grep, jq]", "none"}},
};

void ReadMaxRead(Reading& reading, const YamlNode& node, Draft& draft) {
  draft.policy.limits.read_file_bytes = reading.Size(node);
}
void ReadMaxDuration(Reading& reading, const YamlNode& node, Draft& draft) {
  draft.policy.limits.wall_ms = reading.Duration(node);
}
void ReadMaxConcurrent(Reading& reading, const YamlNode& node, Draft& draft) {
  draft.policy.limits.concurrent = reading.Count(node);
}
constexpr KeyRule<Draft> kLimits[] = {
    {"max_file_size_read",
     Need::kOptional,
     ReadMaxRead,
     "",
     {shape::Size, "`limits: read-file`", "100MB", "the host's largest", "smallest"}},
    {"max_command_duration",
     Need::kOptional,
     ReadMaxDuration,
     "",
     {shape::Duration, "`limits: wall`", "60s", "the host's largest", "smallest"}},
    {"max_concurrent_commands",
     Need::kOptional,
     ReadMaxConcurrent,
     "",
     {shape::UsualCount, "`limits: concurrent`", "3", "the host's largest", "smallest"}},
};

void ReadHosts(Reading& reading, const YamlNode& node, Draft& draft) {
  std::map<uint16_t, NetworkRule> by_port;
  for (const auto& [text, where] : reading.Texts(node, "write a list, as [\"metrics.internal:9090\"]")) {
    const size_t colon = text.find(':');
    std::optional<uint64_t> port = 443;
    if (colon != std::string::npos) port = ParseDecimal(text.substr(colon + 1), 65'535);
    if (!port || *port == 0 || !IsHostPattern(text.substr(0, colon))) {
      reading.Problem(where, Quote(text) + " is not a host",
                      "write a name in small letters, with a port where it is not 443");
      continue;
    }
    NetworkRule& rule = by_port[static_cast<uint16_t>(*port)];
    rule.hosts.push_back(text.substr(0, colon));
    rule.where = where;
  }
  for (auto& [port, rule] : by_port) {
    rule.id = "allowed-hosts-" + std::to_string(port);
    rule.level = Level::kAuto;
    rule.ports = {port};
    draft.policy.network.push_back(std::move(rule));
  }
}
Shape HostAndPort() {
  return shape::Pattern("a host, with a port where it is not 443", "^(\\*\\.)?[a-z0-9.-]+(:[1-9][0-9]{0,4})?$");
}
constexpr KeyRule<Draft> kNetwork[] = {
    {"allowed_hosts",
     Need::kRequired,
     ReadHosts,
     "`allowed_hosts: [example.com]`",
     {shape::List<HostAndPort>, "Hosts that may be reached, with a port where it is not 443",
      "[\"metrics.internal:9090\"]"}}};

}  // namespace

Shape AllowedActionsShape() { return shape::Map("allowed_actions", kActions); }
Shape ResourceLimitsShape() { return shape::Map("resource_limits", kLimits); }
Shape AllowedHostsShape() { return shape::Map("network", kNetwork); }

void ReadAllowedActions(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "allowed_actions", kActions, draft);
}

void ReadForbidden(Reading& reading, const YamlNode& node, Draft& draft) {
  draft.policy.has_exec = true;
  ExecRule rule = FreeArguments("forbidden-programs", ReadProgramNames(reading, node, draft), node.where);
  rule.level = Level::kForbid;
  rule.forbid_text = "This policy forbids the program.";
  draft.policy.exec.push_back(std::move(rule));
}

void ReadResourceLimits(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "resource_limits", kLimits, draft);
}

void ReadAllowedHosts(Reading& reading, const YamlNode& node, Draft& draft) {
  ReadMap(reading, node, "network", kNetwork, draft);
}

void FinishShorthand(Reading& reading, const YamlNode& root, Draft& draft) {
  const YamlNode* network = root.Find("network");
  const bool hosts = network != nullptr && network->kind == YamlKind::kMap;
  const YamlNode* first = hosts ? network : nullptr;
  for (std::string_view key : {"allowed_actions", "forbidden", "resource_limits"})
    if (const YamlNode* node = root.Find(key); node != nullptr && first == nullptr) first = node;
  if (first == nullptr) return;
  for (std::string_view key : {"exec", "paths", "limits", "inside", "unmatched"})
    if (const YamlNode* node = root.Find(key))
      reading.Problem(node->where, "`" + std::string(key) + "` beside the shorthand",
                      "write one form or the other: the long one says more");
  if (!hosts) {
    if (network != nullptr)
      reading.Problem(network->where, "network rules beside the shorthand",
                      "write `network: { allowed_hosts: […] }`, or everything in the long form");
    return;
  }
  for (ExecRule& rule : draft.policy.exec)
    if (rule.id == "allowed-execute")
      for (const NetworkRule& reached : draft.policy.network) rule.network.push_back(reached.id);
}

}  // namespace warder::policy
