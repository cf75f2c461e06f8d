// The host file as flat values (8-host-file): what warder-config makes of warder.yaml, with names of
// users and groups resolved. warderd checks each value against hard ceilings before it believes it, and
// uses it as the jailer's bounds; the broker gets a sealed copy for people and approvals.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/archive.h"
#include "base/error.h"
#include "wire/plan.h"

namespace warder::wire {

// What a person may do on the admin socket; bits of Person::may.
enum Right : uint32_t {
  kRightStatus = 1u << 0,
  kRightSessions = 1u << 1,
  kRightPolicy = 1u << 2,
  kRightMetrics = 1u << 3,
  kRightStop = 1u << 4,
  kRightResume = 1u << 5,
  kRightReload = 1u << 6,
  kRightDrain = 1u << 7,
  kRightApprove = 1u << 8,
  kRightProfile = 1u << 9,
  kRightUndo = 1u << 10,
  kRightChanges = 1u << 11,
  kRightTrash = 1u << 12,
  kRightAuditRead = 1u << 13,
  kRightAuditPrune = 1u << 14,
};

struct Subject {  // "user:NAME" or "group:NAME"
  bool group = false;
  uint32_t id = 0;
  std::string name;  // as written, for people to read
  template <typename F>
  void Fields(F& f) {
    f(group, id, name);
  }
};

struct Person {
  Subject who;
  uint32_t may = 0;
  template <typename F>
  void Fields(F& f) {
    f(who, may);
  }
};

struct Workspace {
  std::string directory;
  uint32_t owner_uid = 0;  // never 0
  uint32_t owner_gid = 0;
  std::vector<uint32_t> also_uids;  // other owners mapped into jails; never 0
  template <typename F>
  void Fields(F& f) {
    f(directory, owner_uid, owner_gid, also_uids);
  }
};

// One layer of what binds an agent, and the file that says it.
struct LayerFile {
  std::string layer;  // of kLayersOfAHost
  std::string path;
  bool operator==(const LayerFile&) const = default;
  template <typename F>
  void Fields(F& f) {
    f(layer, path);
  }
};
inline constexpr std::string_view kLayersOfAHost[] = {"org", "team", "project"};  // upper first

struct Agent {
  std::string name;  // [a-z][a-z0-9-]{0,31}
  uint32_t uid = 0;
  uint32_t gid = 0;                 // of its socket
  std::string group;                // breakers are shared in it; empty: alone
  std::vector<LayerFile> policies;  // in force for it, upper layers first; at least one, each layer once
  std::string profile;              // empty: the policies' own default-profile
  Workspace workspace;
  uint32_t sessions = 0;
  std::vector<Subject> approvers;
  template <typename F>
  void Fields(F& f) {
    f(name, uid, gid, group, policies, profile, workspace, sessions, approvers);
  }
};

struct Bounds {
  std::vector<std::string> trees;
  std::vector<std::string> sources;
  std::vector<std::string> roots;
  Limits limits;
  uint32_t jails_running = 0;
  template <typename F>
  void Fields(F& f) {
    f(trees, sources, roots, limits, jails_running);
  }
};

struct LedgerSettings {
  std::string directory;
  uint64_t segment_bytes = 0;
  uint64_t free_warn_bytes = 0;
  uint64_t free_refuse_bytes = 0;
  template <typename F>
  void Fields(F& f) {
    f(directory, segment_bytes, free_warn_bytes, free_refuse_bytes);
  }
};

// Of the loader of configuration alone: no host file may give it to anybody.
inline constexpr uint32_t kConfigUid = 1900066000;
// Of what reads the policies of workspaces, which anybody may have written: not the id above, or it could reach a
// loader of the host's own files.
inline constexpr uint32_t kLayerUid = 1900066001;

struct HostPlan {
  static constexpr uint8_t kVersion = 2, kType = 10;
  std::string name;
  std::string state_directory, run_directory, stop_file;
  uint32_t broker_uid = 0, broker_gid = 0;
  uint32_t ledger_uid = 0, ledger_gid = 0;
  uint32_t session_uid_first = 0, session_uid_last = 0;
  uint32_t admin_gid = 0;  // group of the admin socket
  std::vector<Person> people;
  Bounds bounds;
  std::vector<uint32_t> policy_owner_uids;
  std::vector<Agent> agents;
  LedgerSettings ledger;
  uint64_t approval_timeout_ms = 0;
  uint32_t approvals_waiting = 0, approvals_per_session = 0;
  Digest digest{};  // of the file's bytes, for config.load records
  template <typename F>
  void Fields(F& f) {
    f(name, state_directory, run_directory, stop_file, broker_uid, broker_gid, ledger_uid, ledger_gid,
      session_uid_first, session_uid_last, admin_gid, people, bounds, policy_owner_uids, agents, ledger,
      approval_timeout_ms, approvals_waiting, approvals_per_session, digest);
  }
};

// Hard ceilings, whatever the file says: a wrong answer of warder-config, or a host file that would hand the
// machine out, is refused here. Only an embedded host may serve an agent of uid 0 (root asks for itself).
Status ValidateHost(const HostPlan& plan, bool embedded);

}  // namespace warder::wire
