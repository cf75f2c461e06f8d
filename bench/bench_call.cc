// What does one jailed call cost, beside posix_spawn and bwrap of the same program, in one run?
//
// Interleaved, so that a noisy moment of the machine meets all alike. Two hosts: one with its state on disk (/srv),
// one on tmpfs (/dev/shm), whose syncs cost nothing. Needs root. Prints ratios; --json for machines.
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "audit/reader.h"
#include "base/text.h"
#include "cli/connect.h"
#include "cli/embedded_entries.h"
#include "cli/host_process.h"
#include "cli/talk.h"
#include "cli/tool_answer.h"

namespace warder::bench {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

// Between two measurements.
constexpr useconds_t kRestUs = 50'000;
constexpr uid_t kOwner = 1900095001, kAgent = 1900095002;
constexpr const char* kProgram = "/usr/bin/true";

double NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

Status Spawn(const std::vector<const char*>& words) {
  std::vector<const char*> argv = words;
  argv.push_back(nullptr);
  char* environment[] = {nullptr};
  pid_t pid = 0;
  int error = posix_spawn(&pid, argv[0], nullptr, nullptr, const_cast<char* const*>(argv.data()), environment);
  if (error != 0) return FailErrno(error, argv[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  return status == 0 ? Status() : Status(Fail(Code::kSystem, std::string(argv[0]) + " failed"));
}

struct Host {
  std::string directory, state;
  pid_t pid = -1;
  std::unique_ptr<cli::AgentTalk> talk;
  Host() = default;
  Host(const Host&) = delete;
  ~Host() {
    talk.reset();
    if (pid > 0) cli::StopHost(pid, std::chrono::seconds(10));
    std::error_code ignored;
    for (const std::string& made : {directory, state})
      if (!made.empty()) fs::remove_all(made, ignored);
  }
};

// The state (log, keys) on the file system of `state_base`; the rest always on disk.
Status Begin(Host* host, const std::string& state_base) {
  std::string pattern = "/srv/warder-bench.XXXXXX", state = state_base + "/warder-bench.XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr || mkdtemp(state.data()) == nullptr || chmod(state.c_str(), 0755) != 0)
    return FailErrno("mkdtemp " + pattern + ", " + state);
  host->state = state;
  const std::string d = host->directory = pattern;
  if (chmod(d.c_str(), 0755) != 0) return FailErrno("chmod " + d);
  std::string work = d + "/work";
  if (mkdir(work.c_str(), 0755) != 0 || chown(work.c_str(), kOwner, kOwner) != 0) return FailErrno(work);
  WARDER_TRY_STATUS(
      cli::ReplaceFile(d + "/policy.yaml",
                       "policy: 1\nlayer: project\nid: bench\nexec:\n  - { id: true, level: auto, argv: [\"true\"] }\n"
                       "paths:\n  - { id: ws, level: auto, may: [read, write], under: \"${workspace}\" }\n"
                       "limits: { wall: 10s, cpu: 10s, memory: 256MiB, pids: 64, files: 256, output: 64KiB, disk: "
                       "64MiB, concurrent: 4 }\n"
                       "workspace: { mode: direct, executable: no }\n",
                       0644));
  WARDER_TRY_STATUS(cli::ReplaceFile(
      d + "/warder.yaml",
      "host: 1\nname: bench\npaths: { state: " + state + "/state, run: " + d + "/run, stop-file: " + d +
          "/stop }\n"
          "identities: { broker: 1900070001, ledger: 1900070002, admin-group: 0, session-uids: 1900000000..1900000999 "
          "}\n"
          "people:\n  - { who: \"user:0\", may: [status] }\nbounds:\n  trees: [" +
          d +
          "/work]\n  roots: [host-usr]\n"
          "  limits: { wall: 1m, cpu: 1m, memory: 1GiB, pids: 256, disk: 1GiB, output: 1MiB }\n  jails: { running: 8 "
          "}\n"
          "policy:\n  owners: [root]\n  layers:\n    project: { bench: " +
          d +
          "/policy.yaml }\n"
          "agents:\n  bench:\n    uid: " +
          std::to_string(kAgent) + "\n    layers: { project: bench }\n    workspaces: [{ dir: " + work +
          ", owner: " + std::to_string(kOwner) + " }]\nledger: { dir: " + state +
          "/state/log, segment: 16MiB, free-space: { warn: 8MiB, refuse: 4MiB } }\n",
      0644));
  WARDER_TRY(host->pid, cli::StartHost({"--host-file", d + "/warder.yaml"}, d + "/run/admin.sock", d + "/warderd.log",
                                       std::chrono::seconds(10)));
  return {};
}

Status Connect(Host* host) {
  WARDER_TRY(UniqueFd fd, cli::ConnectAs(kAgent, host->directory + "/run/agents/bench.sock"));
  WARDER_TRY(host->talk, cli::AgentTalk::Begin(std::move(fd)));
  return {};
}

Status Call(Host* host) {
  WARDER_TRY(json result, host->talk->Call("run_command", {{"argv", {kProgram}}}));
  json answer = cli::Structured(result);
  if (answer.value("ended", "") == "exited" && answer.value("exit_code", -1) == 0) return {};
  return Fail(Code::kSystem, "a call failed: " + answer.dump());
}

// Proportional set size of warderd and all below it, in KiB (proc(5), smaps_rollup).
uint64_t PssKib(pid_t root) {
  std::map<pid_t, pid_t> parents;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream stat(entry.path() / "stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    size_t end = text.rfind(')');
    if (end != std::string::npos && end + 4 < text.size())
      parents[std::stoi(entry.path().filename())] = std::stoi(text.substr(end + 4));
  }
  uint64_t total = 0;
  for (const auto& [pid, unused] : parents) {
    pid_t at = pid;
    while (at != root && parents.contains(at)) at = parents[at];
    if (at != root) continue;
    std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string word; rollup >> word;)
      if (uint64_t kib = 0; word == "Pss:" && rollup >> kib) total += kib;
  }
  return total;
}

double Share(std::vector<double> times, double share) {
  std::sort(times.begin(), times.end());
  return times[std::min(times.size() - 1, static_cast<size_t>(share * static_cast<double>(times.size())))];
}

// Children of the process, by /proc/PID/task/PID/children (proc(5)).
size_t Children(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  size_t count = 0;
  for (std::string child; in >> child;) ++count;
  return count;
}

// After a first session has come and gone: ledger and broker are left, and have done their work once.
Result<uint64_t> PssAtRest(Host* host) {
  WARDER_TRY_STATUS(Connect(host));
  WARDER_TRY_STATUS(Call(host));
  host->talk.reset();
  for (int i = 0; i < 500 && Children(host->pid) > 2; ++i) usleep(10'000);
  if (Children(host->pid) != 2) return Fail(Code::kConflict, "processes of a session are left");
  return PssKib(host->pid);
}

// Where a call's time goes, as its records have it: medians of the stages of the last `calls` outcomes, and of the
// keeper's word on the run.
Result<json> StageTable(const std::string& log, size_t calls) {
  std::map<std::string, std::vector<double>> stages;
  audit::LogVisitor visitor;
  visitor.record = [&](const audit::Record& record, const audit::Sides&, const std::string&) {
    const bool exit = record.type == "exit", outcome = record.type == "outcome";
    if (!exit && !outcome) return true;
    const audit::Json& body = exit ? record.body() : record.body()["stages_ns"];
    for (const auto& [key, value] : body.items())
      if (value.is_string() && (outcome || key.ends_with("_ns")))
        if (auto ns = audit::DecimalOf(body, key.c_str()))
          stages[(exit ? "of run: " : "") + key.substr(0, key.size() - (exit ? 3 : 0))].push_back(
              static_cast<double>(*ns) / 1e6);
    return true;
  };
  WARDER_TRY_STATUS(audit::ReadLog(log, visitor));
  json out = json::array();
  for (const char* name : {"decode", "resolve", "decide", "approve", "intent", "start", "run", "of run: setup",
                           "of run: wall", "of run: cpu"}) {
    std::vector<double>& times = stages[name];
    if (times.empty()) continue;
    if (times.size() > calls) times.erase(times.begin(), times.end() - static_cast<ptrdiff_t>(calls));
    out.push_back({{"stage", name}, {"p50_ms", Share(times, 0.5)}, {"p95_ms", Share(times, 0.95)}});
  }
  return out;
}

Result<json> Measure(size_t rounds) {
  Host disk, memory;
  WARDER_TRY_STATUS(Begin(&disk, "/srv"));
  WARDER_TRY(uint64_t at_rest, PssAtRest(&disk));
  WARDER_TRY_STATUS(Begin(&memory, "/dev/shm"));
  WARDER_TRY_STATUS(Connect(&disk));
  WARDER_TRY_STATUS(Connect(&memory));
  const std::vector<const char*> bwrap{
      "/usr/bin/bwrap", "--unshare-all", "--ro-bind", "/usr",   "/usr",      "--symlink", "usr/lib",
      "/lib",           "--symlink",     "usr/lib64", "/lib64", "--symlink", "usr/bin",   "/bin",
      "--proc",         "/proc",         "--dev",     "/dev",   "--tmpfs",   "/tmp",      kProgram};
  // What a jail of warder shows of /etc and its workspace, too.
  std::vector<const char*> binds(bwrap.begin(), bwrap.end() - 1);
  const std::string work = disk.directory + "/work";
  for (const char* path : {"/etc/alternatives", "/etc/ld.so.cache", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
                           "/etc/services", "/etc/protocols", "/etc/terminfo", "/etc/mime.types", "/etc/perl"})
    if (access(path, F_OK) == 0) binds.insert(binds.end(), {"--ro-bind", path, path});
  binds.insert(binds.end(), {"--bind", work.c_str(), work.c_str(), "--chdir", work.c_str(), kProgram});
  std::map<std::string, std::vector<double>> times;
  for (size_t i = 0; i < rounds + 5; ++i) {
    auto time = [&](const char* name, const Status& done, double start) {
      if (done && i >= 5) times[name].push_back(NowMs() - start);  // the first rounds warm caches
      return done;
    };
    // Nobody pays for what the one before left to be cleaned up or made ready.
    auto rested = [] {
      usleep(kRestUs);
      return NowMs();
    };
    double start = rested();
    WARDER_TRY_STATUS(time("posix_spawn", Spawn({kProgram}), start));
    start = rested();
    WARDER_TRY_STATUS(time("bwrap", Spawn(bwrap), start));
    start = rested();
    WARDER_TRY_STATUS(time("bwrap, same binds", Spawn(binds), start));
    start = rested();
    WARDER_TRY_STATUS(time("warder", Call(&disk), start));
    start = rested();
    WARDER_TRY_STATUS(time("warder, no syncs", Call(&memory), start));
  }
  json out{{"rounds", rounds}, {"pss_at_rest_kib", at_rest}, {"rows", json::array()}};
  WARDER_TRY(out["stages"], StageTable(disk.state + "/state/log", rounds));
  // One after the other, without a rest: jails are made for the next call while this one runs.
  for (size_t i = 0; i < rounds; ++i) {
    double start = NowMs();
    WARDER_TRY_STATUS(Spawn(bwrap));
    times["bwrap, in a row"].push_back(NowMs() - start);
  }
  for (size_t i = 0; i < rounds; ++i) {
    double start = NowMs();
    WARDER_TRY_STATUS(Call(&disk));
    times["warder, in a row"].push_back(NowMs() - start);
  }
  for (const char* name : {"posix_spawn", "bwrap", "bwrap, same binds", "warder", "warder, no syncs", "bwrap, in a row",
                           "warder, in a row"})
    out["rows"].push_back(
        {{"name", name},
         {"p50_ms", Share(times[name], 0.5)},
         {"p95_ms", Share(times[name], 0.95)},
         {"p50_of_bwrap",
          Share(times[name], 0.5) /
              Share(times[std::string_view(name).ends_with("row") ? "bwrap, in a row" : "bwrap"], 0.5)}});
  return out;
}

int Main(int argc, char** argv) {
  size_t rounds = 200;
  bool as_json = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0)
      as_json = true;
    else if (auto n = ParseDecimal(argv[i], 100'000); n && *n > 0)
      rounds = *n;
    else
      return std::fputs("usage: bench_call [--json] [ROUNDS]\n", stderr), 2;
  }
  if (geteuid() != 0) return std::fputs("bench_call: needs root: it starts whole hosts\n", stderr), 2;
  std::signal(SIGPIPE, SIG_IGN);
  Result<json> out = Measure(rounds);
  if (!out) return std::fprintf(stderr, "bench_call: %s\n", out.error().ToString().c_str()), 3;
  if (as_json) return std::puts(out->dump(2).c_str()), 0;
  std::printf("%-20s %9s %9s %12s\n", "one call of true", "p50 ms", "p95 ms", "p50 / bwrap");
  for (const json& row : (*out)["rows"])
    std::printf("%-20s %9.2f %9.2f %12.2f\n", row["name"].get<std::string>().c_str(), row["p50_ms"].get<double>(),
                row["p95_ms"].get<double>(), row["p50_of_bwrap"].get<double>());
  std::printf("\n%-20s %9s %9s\n", "stage of a call", "p50 ms", "p95 ms");
  for (const json& row : (*out)["stages"])
    std::printf("%-20s %9.2f %9.2f\n", row["stage"].get<std::string>().c_str(), row["p50_ms"].get<double>(),
                row["p95_ms"].get<double>());
  std::printf("PSS of all processes at rest, no session: %.1f MiB\n", (*out)["pss_at_rest_kib"].get<double>() / 1024);
  return 0;
}

}  // namespace
}  // namespace warder::bench

int main(int argc, char** argv) { return warder::bench::Main(argc, argv); }
