// What may the host file say, at the top, and how does it become a HostPlan?
#include "config/host_file.h"

#include "base/file.h"
#include "base/limits.h"
#include "config/host_parts.h"

namespace warder::config {
namespace {

void ReadVersion(Reading& reading, const YamlNode& node, HostDraft&) {
  if (node.kind != YamlKind::kScalar || node.text != "1")
    reading.Problem(node.where, "host file version " + Quote(node.text),
                    "write `host: 1`, the only one that this program reads");
}

void ReadName(Reading& reading, const YamlNode& node, HostDraft& draft) {
  auto name = reading.Text(node, "write the name of this host");
  if (!name) return;
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  if (name->size() > 253 || name->find_first_not_of(kLetters) != std::string::npos)
    reading.Problem(node.where, Quote(*name) + " is not the name of a host", "write letters, digits, dots and dashes");
  draft.plan.name = *name;
}

template <std::string wire::HostPlan::* field>
void ReadPlace(Reading& reading, const YamlNode& node, wire::HostPlan& plan) {
  auto path = reading.AbsolutePath(node);
  if (path && *path == "/") reading.Problem(node.where, "\"/\" is the whole host", "name a directory of its own");
  if (path) plan.*field = *path;
}
constexpr KeyRule<wire::HostPlan> kPaths[] = {
    {"state", Need::kOptional, ReadPlace<&wire::HostPlan::state_directory>, ""},
    {"run", Need::kOptional, ReadPlace<&wire::HostPlan::run_directory>, ""},
    {"stop-file", Need::kOptional, ReadPlace<&wire::HostPlan::stop_file>, ""},
};
void ReadPaths(Reading& reading, const YamlNode& node, HostDraft& draft) {
  draft.paths_where = node.where;
  ReadMap(reading, node, "paths", kPaths, draft.plan);
}

void ReadOwners(Reading& reading, const YamlNode& node, HostDraft& draft) {
  draft.plan.policy_owner_uids.clear();
  draft.owners_where = node.where;
  if (!reading.IsList(node, "write a list of users, as [root]")) return;
  for (const YamlNode& item : node.items)
    if (auto user = ReadUser(reading, item, *draft.accounts)) draft.plan.policy_owner_uids.push_back(user->uid);
}
template <std::map<std::string, std::string> HostDraft::* files>
void ReadNamedFiles(Reading& reading, const YamlNode& node, HostDraft& draft) {
  if (!reading.IsMap(node, "write `NAME: /absolute/policy.yaml`")) return;
  for (size_t i = 0; i < node.keys.size(); ++i)
    if (auto path = reading.AbsolutePath(node.items[i])) (draft.*files)[node.keys[i].text] = *path;
}
void ReadOrg(Reading& reading, const YamlNode& node, HostDraft& draft) {
  if (!reading.IsList(node, "write a list of one, as [/etc/warder/policy/org.yaml]")) return;
  if (node.items.size() > 1)
    reading.Problem(node.items[1].where, "two org layers", "write one file: each layer is there at most once");
  draft.org = reading.AbsolutePath(node.items[0]).value_or("");
}
constexpr KeyRule<HostDraft> kLayers[] = {
    {"org", Need::kOptional, ReadOrg, ""},
    {"team", Need::kOptional, ReadNamedFiles<&HostDraft::teams>, ""},
    {"project", Need::kOptional, ReadNamedFiles<&HostDraft::projects>, ""},
};
void ReadLayers(Reading& reading, const YamlNode& node, HostDraft& draft) {
  ReadMap(reading, node, "policy.layers", kLayers, draft);
}
constexpr KeyRule<HostDraft> kPolicy[] = {
    {"owners", Need::kOptional, ReadOwners, ""},
    {"layers", Need::kOptional, ReadLayers, ""},
};
void ReadPolicy(Reading& reading, const YamlNode& node, HostDraft& draft) {
  ReadMap(reading, node, "policy", kPolicy, draft);
}

void ReadWarn(Reading& reading, const YamlNode& node, wire::LedgerSettings& ledger) {
  ledger.free_warn_bytes = reading.Size(node).value_or(0);
}
void ReadRefuse(Reading& reading, const YamlNode& node, wire::LedgerSettings& ledger) {
  ledger.free_refuse_bytes = reading.Size(node).value_or(0);
}
constexpr KeyRule<wire::LedgerSettings> kFreeSpace[] = {
    {"warn", Need::kOptional, ReadWarn, ""},
    {"refuse", Need::kOptional, ReadRefuse, ""},
};
void ReadLogDirectory(Reading& reading, const YamlNode& node, HostDraft& draft) {
  draft.plan.ledger.directory = reading.AbsolutePath(node).value_or("");
  draft.has_ledger_directory = true;
}
void ReadSegment(Reading& reading, const YamlNode& node, HostDraft& draft) {
  auto size = reading.Size(node);
  if (!size) return;
  if (*size < limits::kReserveBytes || *size > (4ull << 30))
    reading.Problem(node.where, Quote(node.text) + " is no size for a segment", "write 1MiB to 4GiB");
  draft.plan.ledger.segment_bytes = *size;
}
void ReadFreeSpace(Reading& reading, const YamlNode& node, HostDraft& draft) {
  ReadMap(reading, node, "free-space", kFreeSpace, draft.plan.ledger);
}
constexpr KeyRule<HostDraft> kLedger[] = {
    {"dir", Need::kOptional, ReadLogDirectory, ""},
    {"segment", Need::kOptional, ReadSegment, ""},
    {"free-space", Need::kOptional, ReadFreeSpace, ""},
    {"keep", Need::kNotBuilt, nullptr, "take it out: the log keeps everything as yet"},
    {"checkpoint", Need::kNotBuilt, nullptr, "take it out: a checkpoint is signed at every stop"},
};
void ReadLedger(Reading& reading, const YamlNode& node, HostDraft& draft) {
  ReadMap(reading, node, "ledger", kLedger, draft);
  if (draft.plan.ledger.free_refuse_bytes > draft.plan.ledger.free_warn_bytes)
    reading.Problem(node.where, "free-space: it refuses before it warns", "write `warn` at least as large as `refuse`");
}

void ReadTimeout(Reading& reading, const YamlNode& node, wire::HostPlan& plan) {
  if (auto time = reading.Duration(node)) plan.approval_timeout_ms = *time;
}
void ReadWaiting(Reading& reading, const YamlNode& node, wire::HostPlan& plan) {
  if (auto count = reading.Count(node, 10'000)) plan.approvals_waiting = static_cast<uint32_t>(*count);
}
void ReadPerSession(Reading& reading, const YamlNode& node, wire::HostPlan& plan) {
  if (auto count = reading.Count(node, 1000)) plan.approvals_per_session = static_cast<uint32_t>(*count);
}
constexpr KeyRule<wire::HostPlan> kApprovals[] = {
    {"timeout", Need::kOptional, ReadTimeout, ""},
    {"waiting", Need::kOptional, ReadWaiting, ""},
    {"per-session", Need::kOptional, ReadPerSession, ""},
};
void ReadApprovals(Reading& reading, const YamlNode& node, HostDraft& draft) {
  ReadMap(reading, node, "approvals", kApprovals, draft.plan);
}

constexpr KeyRule<HostDraft> kHost[] = {
    {"host", Need::kRequired, ReadVersion, "`host: 1` as the first line"},
    {"name", Need::kOptional, ReadName, ""},
    {"paths", Need::kOptional, ReadPaths, ""},
    {"identities", Need::kOptional, ReadIdentities, ""},
    {"people", Need::kOptional, ReadPeople, ""},
    {"bounds", Need::kOptional, ReadBounds, ""},
    {"policy", Need::kOptional, ReadPolicy, ""},
    {"agents", Need::kOptional, ReadAgents, ""},
    {"ledger", Need::kOptional, ReadLedger, ""},
    {"approvals", Need::kOptional, ReadApprovals, ""},
    {"trash", Need::kNotBuilt, nullptr, "take it out: the trash lies below paths.state and keeps everything as yet"},
    {"notify", Need::kNotBuilt, nullptr, "take it out: there is no warder-notify yet"},
    {"metrics", Need::kNotBuilt, nullptr, "take it out: there is no warder-notify yet"},
    {"log", Need::kNotBuilt, nullptr, "take it out: the daemons log to stderr, which systemd keeps"},
    {"fleet", Need::kNotBuilt, nullptr, "take it out: each host is on its own"},
};

void SetDefaults(HostDraft& draft) {
  wire::HostPlan& plan = draft.plan;
  plan.name = draft.accounts->HostName();
  plan.state_directory = "/var/lib/warder";
  plan.run_directory = "/run/warder";
  plan.stop_file = "/etc/warder/stop";
  plan.session_uid_first = 1'900'000'000;
  plan.session_uid_last = 1'900'065'535;
  plan.policy_owner_uids = {0};
  plan.ledger.segment_bytes = limits::kDefaultSegmentBytes;
  plan.ledger.free_warn_bytes = 2ull << 30;
  plan.ledger.free_refuse_bytes = 512ull << 20;
  plan.approval_timeout_ms = static_cast<uint64_t>(std::chrono::milliseconds(limits::kApprovalTimeout).count());
  plan.approvals_waiting = static_cast<uint32_t>(limits::kMaxApprovalsWaiting);
  plan.approvals_per_session = static_cast<uint32_t>(limits::kMaxApprovalsPerSession);
  draft.session_where = {1, 1};
  SetDefaultBounds(plan.bounds);
}

}  // namespace

std::string HostResult::Describe(const std::string& file) const { return policy::DescribeProblems(file, problems); }

HostResult LoadHostFile(std::string_view bytes, Accounts& accounts, const std::string& file) {
  HostResult result;
  auto root = policy::ParseYaml(bytes);
  if (!root) {
    result.problems.push_back(std::move(root.error()));
    return result;
  }
  Reading reading;
  HostDraft draft;
  draft.accounts = &accounts;
  draft.file = file;
  SetDefaults(draft);
  draft.plan.digest = HashSha256(bytes);
  if (root->keys.front().text != "host" && root->Find("host") != nullptr)
    reading.Problem(root->keys.front().where, Quote(root->keys.front().text) + " before `host`",
                    "write `host: 1` as the first key");
  ReadMap(reading, *root, "the host file", kHost, draft);
  CheckHost(reading, *root, draft);
  for (AgentDraft& agent : draft.agents) {
    result.places.push_back({agent.uid_where, agent.layer_where, agent.profile_where, agent.workspace_where});
    draft.plan.agents.push_back(std::move(agent.agent));
  }
  result.paths = draft.paths_where;
  result.plan = std::move(draft.plan);
  result.problems = std::move(reading.problems());
  return result;
}

Result<HostResult> LoadHostFileAt(const std::string& path) {
  WARDER_TRY(std::string bytes, ReadFile(path, limits::kMaxPolicyBytes));
  SystemAccounts accounts;
  return LoadHostFile(bytes, accounts, path);
}

}  // namespace warder::config
