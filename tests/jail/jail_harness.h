// Runs one plan in a jail as warderd would: cgroups, clone3, warder-enter, warder-keeper; reads what both say.
#pragma once

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "sandbox/id_map.h"
#include "wire/enter_spec.h"
#include "wire/plan.h"
#include "wire/report.h"

namespace warder::testing {

// A workspace in a directory of its own, owned by `owner`, gone at the end; holds a copy of the prisoner program.
class Workspace {
 public:
  explicit Workspace(uint32_t owner, const std::string& parent = "/tmp");
  ~Workspace();
  const std::string& path() const { return path_; }
  std::string Put(const std::string& name, const std::string& content, unsigned mode = 0644);  // full path
  std::string Get(const std::string& name) const;

 private:
  std::string path_;
  uint32_t owner_;
};

struct JailRun {
  wire::EnterRoom room;
  wire::EnterSpec spec;
  std::vector<jailer::IdLine> owners;  // of users and groups alike; empty: no map
  wire::RunPlan plan;
  std::string word = std::string(wire::kRunWord);  // what comes when the call is recorded; empty: its sender is gone
  bool test_enter = false;                         // warder-enter-test
  uint64_t cgroup_pids = 0;                        // 0: no limit; else in the v1 pids hierarchy
  uint64_t cgroup_memory = 0;
  bool own_session = true;       // else the jail shares ours: refused
  bool keeper = true;            // false: only enter and its status pipe
  bool read_output = true;       // false: a broker that never reads until the jail is gone
  bool broker_hangs_up = false;  // closes its socket once the jail runs
  int cancel_after_ms = -1;
};

struct JailResult {
  bool reported = false;  // the report pipe held a RunEnd
  bool told = false;      // the broker got the same
  wire::RunEnd end;
  std::string out, err, raw_status;
  int gaps = 0;  // empty Output messages
  double total_ms = 0;
  int left_behind = 0;  // processes in the cgroup after the keeper ended
};

inline constexpr uint32_t kSessionUid = 1900000001;

// A plan of these argv joined by pipes or lists, in the workspace (writable, executable), with mild limits.
wire::Command CommandOf(std::vector<std::string> argv, wire::Join join = wire::Join::kFirst);
JailRun RunIn(const Workspace& workspace, std::vector<wire::Command> commands);
wire::Cover CoverOf(wire::CoverKind kind, const std::string& path);

JailResult Execute(const JailRun& run);
// `NAME errno` of one prisoner's attack; -1 where it said nothing.
int Attack(const std::string& name, const std::string& without_step = "");
int Attack(const std::string& name, JailRun run);

}  // namespace warder::testing
