// What may a network rule say?
#include <algorithm>

#include "base/text.h"
#include "policy/load_parts.h"
#include "policy/url.h"

namespace warder::policy {
namespace {

using RuleDraft = GradedDraft<NetworkRule>;

void ReadHosts(Reading& reading, const YamlNode& node, RuleDraft& into) {
  for (const auto& [host, where] : reading.Texts(node, "write a list, as [github.com]")) {
    if (!IsHostPattern(host))
      reading.Problem(where, Quote(host) + " is not a host",
                      "write a name in small letters, exact or as `*.example.com`; ports go under "
                      "`ports`");
    else if (std::ranges::find(into.rule.hosts, host) != into.rule.hosts.end())
      reading.Problem(where, Quote(host) + " is there already", "write each host once");
    else
      into.rule.hosts.push_back(host);
  }
}

void ReadPorts(Reading& reading, const YamlNode& node, RuleDraft& into) {
  if (!reading.IsList(node, "write a list, as [443]")) return;
  for (const YamlNode& item : node.items)
    if (auto port = reading.Count(item, 65'535)) into.rule.ports.push_back(static_cast<uint16_t>(*port));
}

constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

void ReadMethods(Reading& reading, const YamlNode& node, RuleDraft& into) {
  if (!reading.IsList(node, "write a list, as [GET, HEAD]")) return;
  for (const YamlNode& item : node.items)
    if (auto method = reading.OneOf(item, kMethods)) into.rule.methods.emplace_back(kMethods[*method]);
}

constexpr KeyRule<RuleDraft> kRule[] = {
    {"id",
     Need::kRequired,
     ReadGradedId<NetworkRule>,
     "`id: name-of-the-rule`",
     {shape::RuleId, "The name of the rule, unique in the file", "github"}},
    {"hosts",
     Need::kRequired,
     ReadHosts,
     "`hosts: [example.com]`",
     {shape::List<shape::HostPattern>, "Hosts: exact, or what lies below a domain", "[github.com, \"*.example.com\"]"}},
    {"level",
     Need::kOptional,
     ReadGradedLevel<NetworkRule>,
     "",
     {shape::Level, "The level of these hosts", "approve", "", "strictest"}},
    {"forbid",
     Need::kOptional,
     ReadGradedForbid<NetworkRule>,
     "",
     {shape::Text, "Forbids these hosts; what the agent is told", "Use the proxy."}},
    {"why",
     Need::kOptional,
     ReadGradedWhy<NetworkRule>,
     "",
     {shape::Text, "What people are told", "It leaves the company.", "none"}},
    {"ports",
     Need::kOptional,
     ReadPorts,
     "",
     {shape::List<shape::Count<65'535>>, "Ports", "[443]", "required where it allows; any where it forbids"}},
    {"methods",
     Need::kOptional,
     ReadMethods,
     "",
     {shape::List<shape::OneOf<kMethods>>, "Methods of http", "[GET, HEAD]", "any, and what is no http"}},
};

void CheckRule(Reading& reading, const YamlNode& node, const RuleDraft& draft) {
  CheckGraded(reading, node, draft, "a network rule", "approve");
  if (draft.rule.level != Level::kForbid && node.Find("ports") == nullptr)
    reading.Problem(node.where, "a network rule that allows every port",
                    "write `ports: [443]`; only what is forbidden may leave them out");
}

}  // namespace

Shape NetworkShape() {
  return shape::EitherOf("rules, or the shorthand `{ allowed_hosts }`",
                         {shape::ListOf(shape::Map("a network rule", kRule)), AllowedHostsShape()});
}

bool IsHostPattern(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  return IsHostName(text) && std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

void ReadNetwork(Reading& reading, const YamlNode& node, Draft& draft) {
  draft.policy.has_network = true;
  if (node.kind == YamlKind::kMap) return ReadAllowedHosts(reading, node, draft);
  if (!reading.IsList(node, "write a list of rules, `- { id: …, level: …, hosts: […], ports: […] }`")) return;
  for (const YamlNode& item : node.items) {
    RuleDraft into;
    into.rule.where = item.where;
    ReadMap(reading, item, "a network rule", kRule, into);
    if (item.kind == YamlKind::kMap) CheckRule(reading, item, into);
    draft.policy.network.push_back(std::move(into.rule));
  }
}

}  // namespace warder::policy
