// What tests of the audit log share: a temporary log, a file layer that fails on demand, a scripted
// broker.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "audit/client.h"
#include "audit/ledger.h"
#include "audit/verify.h"
#include "wire/plan.h"

namespace warder::audit {

class TempLog {
 public:
  TempLog() {
    char pattern[] = "/tmp/warder-audit-XXXXXX";
    root = mkdtemp(pattern);
    log = root + "/log";
    state = root + "/state";
    std::filesystem::create_directory(log);
    std::filesystem::create_directory(state);
    log_fd.Reset(open(log.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    state_fd.Reset(open(state.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  ~TempLog() { std::filesystem::remove_all(root); }
  std::string Segment(const char* prefix = "log", uint64_t first = 0) const {
    return log + "/" + SegmentName(prefix, first);
  }
  std::string root, log, state;
  UniqueFd log_fd, state_fd;
};

// The real thing, watched, with a clock that stands still unless told, and faults on demand.
class TestFiles : public FileLayer {
 public:
  ssize_t Write(int fd, std::string_view bytes, uint64_t offset) override {
    events.push_back('w');
    if (short_writes > 0 && bytes.size() > 1) {
      --short_writes;
      return FileLayer::Write(fd, bytes.substr(0, bytes.size() / 2), offset);
    }
    if (fail_write != 0) {
      errno = fail_write;
      return -1;
    }
    return FileLayer::Write(fd, bytes, offset);
  }
  int Sync(int fd) override {
    ++syncs;
    if (fail_sync != 0) {
      errno = fail_sync;
      return -1;
    }
    int result = FileLayer::Sync(fd);
    events.push_back('s');
    return result;
  }
  Result<UniqueFd> OpenAllocated(int directory, const std::string& name, uint64_t bytes) override {
    if (no_space) return Fail(Code::kLimit, "allocating " + name + ": No space left on device");
    return FileLayer::OpenAllocated(directory, name, bytes);
  }
  Result<uint64_t> FreeBytes(int directory) override {
    if (free) return *free;
    return FileLayer::FreeBytes(directory);
  }
  int64_t RealTimeNs() override { return 1'790'000'000'123'456'789; }
  uint64_t BootTimeNs() override {
    events.push_back('t');
    return boot_ns;
  }
  std::string events;  // w: write, s: a sync that succeeded, t: the clock was read
  int syncs = 0, short_writes = 0, fail_write = 0, fail_sync = 0;
  bool no_space = false;
  std::optional<uint64_t> free;
  uint64_t boot_ns = 5'000;
};

inline wire::LedgerStart TestStart() {
  wire::LedgerStart start;
  start.boot.fill(0xab);
  start.key.fill(7);
  start.epoch = 3;
  start.host = "build-07";
  start.segment_bytes = 256 * 1024;
  return start;
}

inline wire::RunPlan TestPlan(uint64_t session, uint64_t call) {
  wire::RunPlan plan;
  plan.session = session;
  plan.call = call;
  plan.agent = "ci-fixer";
  plan.trees.push_back({"/srv/work", 1, 2, true, false});
  plan.directory = "/srv/work";
  wire::Command command;
  command.argv = {"make", "all"};
  command.program = "/usr/bin/make";
  plan.commands.push_back(command);
  plan.limits = {1000, 1000, 1 << 20, 10, 10, 1000, 1000};
  plan.descriptors.push_back({wire::DescriptorRole::kOutput, 1, 1, 2});
  return plan;
}

inline Draft CallDraft(uint64_t session, uint64_t call) {
  return {
      "call", session, call,
      Body().Text("tool", "run_command").Free("arguments", R"({"command":"make all"})").Free("reason", "build").Take()};
}
inline Draft DecisionDraft(uint64_t session, uint64_t call, const std::string& level = "auto") {
  return {"decision", session, call,
          Body()
              .Text("level", level)
              .Text("rule", "make")
              .Text("file", "/etc/warder/policy/api.yaml")
              .Number("line", 12)
              .Free("why", "builds are fine")
              .Text("policy_digest", "00ff")
              .Text("engine", "1")
              .Take()};
}
inline Draft IntentDraft(uint64_t session, uint64_t call) {
  return {"intent", session, call, Body().Text("tool", "run_command").Free("what", "make all").Take()};
}
inline Draft OutcomeDraft(uint64_t session, uint64_t call) {
  return {"outcome", session, call,
          Body().Text("ended", "exited").Number("exit_code", 0).Decimal("duration_ms", 12).Take()};
}

// A ledger in this process, and what a broker would say to it.
class LogBench {
 public:
  explicit LogBench(TempLog& log, TestFiles& files, const wire::LedgerStart& start = TestStart()) {
    auto opened = Ledger::Open(log.log_fd.get(), log.state_fd.get(), start, files);
    if (opened) ledger = std::move(*opened);
    if (!opened) error = opened.error();
  }
  void Begin(uint64_t session) {
    ledger->Take(
        wire::SessionBegan{session, "ci-fixer", 1900000001, 77, "/srv/work", 1900000100, "/usr/bin/agent", 1, 2});
  }
  AppendReply Ask(std::vector<Draft> drafts, std::string plan = {}) {
    std::string packet = flat::EncodeMessage(AppendRequest{++request, std::move(drafts), std::move(plan)});
    EXPECT_TRUE(ledger->TakeRequest(packet).has_value());
    auto replies = ledger->Commit();
    EXPECT_EQ(replies.size(), 1u);
    return flat::DecodeMessage<AppendReply>(replies.at(0)).value();
  }
  // call, decision and intent of one run, as a broker sends them.
  AppendReply Run(uint64_t session, uint64_t call) {
    return Ask({CallDraft(session, call), DecisionDraft(session, call), IntentDraft(session, call)},
               flat::EncodeMessage(TestPlan(session, call)));
  }
  std::unique_ptr<Ledger> ledger;
  Error error;
  uint64_t request = 0;
};

inline std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void Spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}
inline std::vector<std::string> LogLines(const std::string& path) {
  std::string bytes = Slurp(path);
  std::vector<std::string> lines;
  for (size_t at = 0; at < bytes.size() && bytes[at] != '\0';) {
    size_t end = bytes.find('\n', at);
    if (end == std::string::npos) break;
    lines.push_back(bytes.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace warder::audit
