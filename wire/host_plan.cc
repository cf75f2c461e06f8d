// Which host plans does warderd refuse whatever their file says? A table of claims, each with its
// words.
#include "wire/host_plan.h"

#include <algorithm>

#include "base/limits.h"

namespace warder::wire {
namespace {

using Plan = HostPlan;

constexpr uint64_t kHourMs = 3600ull * 1000;
constexpr Limits kMost = {.wall_ms = 24 * kHourMs,
                          .cpu_ms = 24 * 64 * kHourMs,
                          .memory_bytes = 1ull << 40,
                          .pids = 32768,
                          .files = 65536,
                          .output_bytes = 1ull << 30,
                          .disk_bytes = 1ull << 40};
constexpr uint32_t kMostJails = 1024;
constexpr uint32_t kFirstSessionUid = 1000;  // below: the system's own users
// What no tree may be or hold, and no workspace may lie in: the system, and warder's own places.
constexpr std::string_view kSystem[] = {"/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/sbin", "/sys", "/usr"};

bool Overlap(std::string_view a, std::string_view b) { return IsBeneath(a, b) || IsBeneath(b, a); }

// Of a session, or of the loader.
bool InRange(const Plan& p, uint32_t uid) {
  return (uid >= p.session_uid_first && uid <= p.session_uid_last) || uid == kConfigUid || uid == kLayerUid;
}

bool SafeTree(const Plan& p, const std::string& tree) {
  if (!ValidPath(tree) || Overlap(tree, p.state_directory) || Overlap(tree, p.run_directory) ||
      Overlap(tree, p.ledger.directory) || (!p.stop_file.empty() && IsBeneath(p.stop_file, tree)))
    return false;
  return std::none_of(std::begin(kSystem), std::end(kSystem), [&](auto s) { return Overlap(tree, s); });
}

bool GoodName(const std::string& name) {
  return !name.empty() && name.size() <= 32 && name[0] >= 'a' && name[0] <= 'z' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

bool WithinMost(const Limits& l) {
  return l.wall_ms <= kMost.wall_ms && l.cpu_ms <= kMost.cpu_ms && l.memory_bytes <= kMost.memory_bytes &&
         l.pids <= kMost.pids && l.files <= kMost.files && l.output_bytes <= kMost.output_bytes &&
         l.disk_bytes <= kMost.disk_bytes;
}

bool LayersInOrder(const std::vector<LayerFile>& policies) {
  const std::string_view* next = std::begin(kLayersOfAHost);
  for (const LayerFile& file : policies) {
    next = std::find(next, std::end(kLayersOfAHost), file.layer);
    if (next == std::end(kLayersOfAHost) || !ValidPath(file.path)) return false;
    ++next;
  }
  return !policies.empty();
}

struct Claim {
  const char* words;
  bool (*holds)(const Plan&);
};
constexpr Claim kClaims[] = {
    {"paths.state and paths.run must be canonical and apart",
     [](const Plan& p) {
       return ValidPath(p.state_directory) && ValidPath(p.run_directory) && p.state_directory != "/" &&
              p.run_directory != "/" && !Overlap(p.state_directory, p.run_directory);
     }},
    {"paths.stop-file and ledger.dir must be canonical",
     [](const Plan& p) { return (p.stop_file.empty() || ValidPath(p.stop_file)) && ValidPath(p.ledger.directory); }},
    {"broker and ledger need two uids, neither root nor a session's",
     [](const Plan& p) {
       return p.broker_uid != 0 && p.ledger_uid != 0 && p.broker_gid != 0 && p.ledger_gid != 0 &&
              p.broker_uid != p.ledger_uid && !InRange(p, p.broker_uid) && !InRange(p, p.ledger_uid);
     }},
    {"session-uids must be an ascending range from 1000 up, below the reserved uids",
     [](const Plan& p) {
       return p.session_uid_first >= kFirstSessionUid && p.session_uid_first <= p.session_uid_last &&
              p.session_uid_last < UINT32_MAX - 1 &&
              !(p.session_uid_first <= kLayerUid && kConfigUid <= p.session_uid_last);
     }},
    {"bounds.limits beyond what warder knows how to hold", [](const Plan& p) { return WithinMost(p.bounds.limits); }},
    {"bounds.jails.running must be at most 1024", [](const Plan& p) { return p.bounds.jails_running <= kMostJails; }},
    {"bounds.sources must be canonical and not the whole disk",
     [](const Plan& p) {
       return std::all_of(p.bounds.sources.begin(), p.bounds.sources.end(), [&p](const std::string& s) {
         return ValidPath(s) && s != "/" && !Overlap(s, p.state_directory) && !Overlap(s, p.run_directory) &&
                !Overlap(s, p.ledger.directory) && !Overlap(s, "/proc") && !Overlap(s, "/sys") && !Overlap(s, "/dev");
       });
     }},
};

Status CheckAgent(const Plan& p, const Agent& agent, bool embedded) {
  auto bad = [&agent](const char* why) { return Fail(Code::kDenied, "agent " + agent.name + ": " + why); };
  const Workspace& work = agent.workspace;
  if (!GoodName(agent.name)) return bad("a name that is not [a-z][a-z0-9-]{0,31}");
  if ((agent.uid == 0 && !embedded) || agent.uid == p.broker_uid || agent.uid == p.ledger_uid || InRange(p, agent.uid))
    return bad("its uid is root's, warder's own or a session's");
  if (work.owner_uid == 0 || work.owner_gid == 0 || InRange(p, work.owner_uid))
    return bad(
        "its workspace belongs to root or to a session; files of root are never mapped into a "
        "jail");
  for (uint32_t also : work.also_uids)
    if (also == 0 || also == work.owner_uid || InRange(p, also))
      return bad("`also` names root, the owner or a session");
  if (!SafeTree(p, work.directory)) return bad("its workspace is, holds or lies in a directory of the system");
  if (std::none_of(p.bounds.trees.begin(), p.bounds.trees.end(),
                   [&](const std::string& tree) { return IsBeneath(work.directory, tree); }))
    return bad("its workspace lies beneath no entry of bounds.trees");
  if (!LayersInOrder(agent.policies))
    return bad("its policies are not canonical paths of org, team, project, each once");
  if (agent.sessions > limits::kMaxSessionsPerAgent) return bad("more than 1024 sessions");
  for (const Agent& other : p.agents)
    if (&other != &agent && (other.name == agent.name || Overlap(other.workspace.directory, work.directory)))
      return bad("its name or workspace overlaps another agent's");
  return {};
}

}  // namespace

Status ValidateHost(const HostPlan& plan, bool embedded) {
  for (const Claim& claim : kClaims)
    if (!claim.holds(plan)) return Fail(Code::kDenied, std::string("host file: ") + claim.words);
  for (const Agent& agent : plan.agents) WARDER_TRY_STATUS(CheckAgent(plan, agent, embedded));
  return {};
}

}  // namespace warder::wire
