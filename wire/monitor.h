// What warderd (the monitor) says to its children and hears from them (docs/formats/processes.md).
//
// Each struct is one packet on that child's control socket (descriptor 3 of the child). Descriptors that
// travel with a packet are named in its comment, in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/archive.h"
#include "base/error.h"
#include "wire/plan.h"
#include "wire/receipt.h"
#include "wire/report.h"

namespace warder::wire {

// ================= monitor -> ledger ==========================================================
// First packet. fds: log directory (O_DIRECTORY), state directory of the ledger, broker's socket end.
struct LedgerStart {
  static constexpr uint8_t kVersion = 1, kType = 50;
  BootId boot{};
  uint64_t epoch = 0;
  EpochKey key{};
  std::string host;
  uint64_t segment_bytes = 0;
  uint64_t free_warn_bytes = 0;
  uint64_t free_refuse_bytes = 0;
  bool after_crash = false;  // a broker or ledger died: host.recovered instead of host.start
  template <typename F>
  void Fields(F& f) {
    f(boot, epoch, key, host, segment_bytes, free_warn_bytes, free_refuse_bytes, after_crash);
  }
};
// A session began: from now on the broker may write records of it. The ledger writes session.start.
struct SessionBegan {
  static constexpr uint8_t kVersion = 2, kType = 51;
  uint64_t session = 0;
  std::string agent;
  uint32_t uid = 0;
  int32_t pid = 0;
  std::string workspace;
  uint32_t session_uid = 0;
  std::string program;  // what the peer runs; empty: not known
  uint64_t program_dev = 0, program_ino = 0;
  template <typename F>
  void Fields(F& f) {
    f(session, agent, uid, pid, workspace, session_uid, program, program_dev, program_ino);
  }
};
struct SessionOver {  // the ledger writes session.end
  static constexpr uint8_t kVersion = 1, kType = 52;
  uint64_t session = 0;
  std::string reason;
  template <typename F>
  void Fields(F& f) {
    f(session, reason);
  }
};
// A keeper of this call reports on this pipe. fds: read end of the report pipe.
struct KeeperBegan {
  static constexpr uint8_t kVersion = 1, kType = 53;
  uint64_t session = 0;
  uint64_t call = 0;
  uint64_t seq = 0;  // of the intent
  template <typename F>
  void Fields(F& f) {
    f(session, call, seq);
  }
};
// A jail whose keeper said nothing (killed, or the host fell over): how it ended, as the monitor saw it.
struct JailEnded {
  static constexpr uint8_t kVersion = 1, kType = 54;
  uint64_t session = 0;
  uint64_t call = 0;
  std::string how;
  template <typename F>
  void Fields(F& f) {
    f(session, call, how);
  }
};
// A host event in the monitor's own words: config.load|reject, policy.load|reject, stop, drain.
struct HostEvent {
  static constexpr uint8_t kVersion = 1, kType = 55;
  std::string type;    // a record type of 4-audit
  std::string object;  // file, agent …
  Digest digest{};
  std::string text;
  template <typename F>
  void Fields(F& f) {
    f(type, object, digest, text);
  }
};
// Write host.stop and a signed checkpoint, say LedgerStopped, exit.
struct LedgerStop {
  static constexpr uint8_t kVersion = 1, kType = 56;
  std::string reason;
  template <typename F>
  void Fields(F& f) {
    f(reason);
  }
};
// ---- ledger -> monitor
struct LedgerReady {  // recovery is done, records are taken
  static constexpr uint8_t kVersion = 1, kType = 57;
  uint64_t next_seq = 0;
  uint64_t last_session = 0;  // the largest session id in the log: ids are never used again
  uint64_t last_call = 0;
  template <typename F>
  void Fields(F& f) {
    f(next_seq, last_session, last_call);
  }
};
struct LedgerShut {  // for good: nothing more will be recorded, so nothing may run
  static constexpr uint8_t kVersion = 1, kType = 58;
  std::string reason;
  template <typename F>
  void Fields(F& f) {
    f(reason);
  }
};
struct LedgerStopped {
  static constexpr uint8_t kVersion = 1, kType = 59;
  template <typename F>
  void Fields(F&) {}
};

// ================= monitor -> broker ==========================================================
// First packet, and again after each reload. fds: sealed HostPlan message, then (first time only) the
// ledger's socket end.
struct BrokerStart {
  static constexpr uint8_t kVersion = 1, kType = 60;
  uint64_t generation = 0;
  uint64_t epoch = 0;
  uint64_t first_call = 0;  // call ids go on from here
  uint32_t policies = 0;    // how many PolicyOffered follow
  template <typename F>
  void Fields(F& f) {
    f(generation, epoch, first_call, policies);
  }
};
// One loaded policy. fds: sealed policy::Policy message.
struct PolicyOffered {
  static constexpr uint8_t kVersion = 1, kType = 61;
  uint64_t generation = 0;
  std::string path;  // as Agent::policy names it
  Digest digest{};   // of the file
  template <typename F>
  void Fields(F& f) {
    f(generation, path, digest);
  }
};
// An agent connected; peer as the kernel says. fds: connection, socket of the session's hands.
struct SessionOpened {
  static constexpr uint8_t kVersion = 1, kType = 62;
  uint64_t session = 0;
  std::string agent;
  uint32_t uid = 0;
  uint32_t gid = 0;
  int32_t pid = 0;
  uint32_t session_uid = 0;
  template <typename F>
  void Fields(F& f) {
    f(session, agent, uid, gid, pid, session_uid);
  }
};
// A person's tool connected; groups as SO_PEERGROUPS says. fds: connection.
struct AdminOpened {
  static constexpr uint8_t kVersion = 1, kType = 63;
  uint64_t connection = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  int32_t pid = 0;
  std::vector<uint32_t> groups;
  template <typename F>
  void Fields(F& f) {
    f(connection, uid, gid, pid, groups);
  }
};
// The answer to RunRequest or ChangeRequest; to JailRequest only a refusal, which is RunRequest's answer then. Accepted
// runs speak on their output socket from here on.
struct RunAnswer {
  static constexpr uint8_t kVersion = 1, kType = 64;
  uint64_t call = 0;
  bool accepted = false;
  std::string reason;  // why not, with what to do
  template <typename F>
  void Fields(F& f) {
    f(call, accepted, reason);
  }
};
// The jail of this call is gone: every process dead, cgroups removed.
struct JailGone {
  static constexpr uint8_t kVersion = 1, kType = 65;
  uint64_t call = 0;
  template <typename F>
  void Fields(F& f) {
    f(call);
  }
};
// What hands answered to a change plan (hands -> monitor -> broker, unchanged).
struct ChangeAnswer {
  static constexpr uint8_t kVersion = 1, kType = 66;
  uint64_t call = 0;
  bool done = false;
  uint8_t code = 0;    // warder::Code where not done
  std::string reason;  // why not, with what to do
  bool created = false;
  uint64_t bytes = 0;
  std::string trash_entry;            // what can be restored: a deleted path, or the old content of an overwritten one
  std::vector<std::string> restored;  // paths, for kRestore
  template <typename F>
  void Fields(F& f) {
    f(call, done, code, reason, created, bytes, trash_entry, restored);
  }
};
// The answer to ReloadRequest.
struct ReloadAnswer {
  static constexpr uint8_t kVersion = 1, kType = 67;
  uint64_t request = 0;
  bool done = false;
  std::string reason;
  template <typename F>
  void Fields(F& f) {
    f(request, done, reason);
  }
};
// Whether the loader of a CandidateRequest was started; it speaks for itself.
struct CandidateAnswer {
  static constexpr uint8_t kVersion = 1, kType = 79;
  uint64_t request = 0;
  bool started = false;
  std::string reason;
  template <typename F>
  void Fields(F& f) {
    f(request, started, reason);
  }
};
// No new sessions, refuse new calls; the monitor exits when the running ones have ended.
struct Draining {
  static constexpr uint8_t kVersion = 1, kType = 68;
  template <typename F>
  void Fields(F&) {}
};

// An operator's stop file came or went. Sessions end by themselves; nobody connects while it is there.
struct StopState {
  static constexpr uint8_t kVersion = 1, kType = 69;
  bool stopped = false;
  template <typename F>
  void Fields(F& f) {
    f(stopped);
  }
};

// ================= broker -> monitor ==========================================================
// Make the jail of a decided call while its intent is written: all of it but the run. Once for a call.
// fds: as plan.descriptors lists them (output socket end for the keeper, then stdin's read end).
struct JailRequest {
  static constexpr uint8_t kVersion = 1, kType = 77;
  std::string plan;  // exactly the bytes that the ledger hashes
  template <typename F>
  void Fields(F& f) {
    f(plan);
  }
};
// The intent is durable: run what waits in the receipt's jail. Once for a jail, whatever the answer.
struct RunRequest {
  static constexpr uint8_t kVersion = 2, kType = 70;
  Receipt receipt;
  template <typename F>
  void Fields(F& f) {
    f(receipt);
  }
};
// fds: the content's sealed memfd, for kWrite.
struct ChangeRequest {
  static constexpr uint8_t kVersion = 1, kType = 71;
  Receipt receipt;
  std::string plan;
  template <typename F>
  void Fields(F& f) {
    f(receipt, plan);
  }
};
struct KillRequest {  // ends one jail at once (cgroup.kill)
  static constexpr uint8_t kVersion = 1, kType = 72;
  uint64_t call = 0;
  template <typename F>
  void Fields(F& f) {
    f(call);
  }
};
struct SessionClosed {  // the connection is gone: end its jails and hands, free its uid
  static constexpr uint8_t kVersion = 1, kType = 73;
  uint64_t session = 0;
  std::string reason;
  template <typename F>
  void Fields(F& f) {
    f(session, reason);
  }
};
struct ReloadRequest {
  static constexpr uint8_t kVersion = 1, kType = 74;
  uint64_t request = 0;
  template <typename F>
  void Fields(F& f) {
    f(request);
  }
};
struct DrainRequest {
  static constexpr uint8_t kVersion = 1, kType = 75;
  uint64_t wait_ms = 0;
  template <typename F>
  void Fields(F& f) {
    f(wait_ms);
  }
};

// A workspace's own policy, as hands read it: to be loaded below the layers of the session's agent. fds: the sealed
// text, and the write end of a pipe. On it comes a ConfigAnswer (wire/config_answer.h), whole and then the end; an end
// without one: nothing may be served.
struct LayerRequest {
  static constexpr uint8_t kVersion = 1, kType = 76;
  uint64_t session = 0;
  template <typename F>
  void Fields(F& f) {
    f(session);
  }
};

// Read this file as a policy that may stand in for the agent's layer of this kind. It lies in a directory of a policy
// in force, and is checked as those are. fds: a pipe, into which the loader writes a ConfigAnswer.
struct CandidateRequest {
  static constexpr uint8_t kVersion = 1, kType = 78;
  uint64_t request = 0;
  std::string agent, layer, path;
  template <typename F>
  void Fields(F& f) {
    f(request, agent, layer, path);
  }
};

// ================= monitor -> owner's hands ====================================================
// First packet to a warder-hands --owner. It opens the directories itself, as the owner.
struct OwnerStart {
  static constexpr uint8_t kVersion = 1, kType = 80;
  std::string workspace;
  std::string trash;  // an owner-owned directory below a root-owned parent
  template <typename F>
  void Fields(F& f) {
    f(workspace, trash);
  }
};
// A change whose receipt the monitor has checked. fds: the content, for kWrite. Answered by ChangeAnswer.
struct ChangeOrder {
  static constexpr uint8_t kVersion = 1, kType = 81;
  std::string plan;
  template <typename F>
  void Fields(F& f) {
    f(plan);
  }
};

}  // namespace warder::wire
