// warderd: the monitor's start. Exit codes: 0 stopped, 1 a probe failed, 2 misuse, 3 the host could not.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "sandbox/jailer/monitor.h"
#include "sandbox/tables/syscalls.h"

namespace warder::jailer {
namespace {

constexpr const char* kUsage =
    "usage: warderd --host-file F [--embedded] [--stop-after-idle SECONDS] [--bin-dir D] [--probe]";
constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint32_t kProbeUid = 1900065535;  // --probe without a host file
constexpr uint64_t kProbeNs = 10 * kSecond;

void Pause() {
  timespec pause{0, 2'000'000};
  nanosleep(&pause, nullptr);
}

Result<Options> ReadOptions(const std::vector<std::string>& words) {
  Options options;
  char self[4096];
  ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  if (size > 0) options.bin_dir.assign(self, static_cast<size_t>(size)).resize(options.bin_dir.rfind('/'));
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    bool more = i + 1 < words.size();
    if (word == "--embedded")
      options.embedded = true;
    else if (word == "--probe")
      options.probe = true;
    else if (word == "--host-file" && more)
      options.host_file = words[++i];
    else if (word == "--bin-dir" && more)
      options.bin_dir = words[++i];
    else if (word == "--stop-after-idle" && more && ParseDecimal(words[i + 1], 86400))
      options.idle_ns = *ParseDecimal(words[++i]) * kSecond;
    else
      return Fail(Code::kInvalid, word + " was not understood");
  }
  if (options.host_file.empty() && !options.probe) return Fail(Code::kInvalid, "--host-file is missing");
  return options;
}

int Main(const std::vector<std::string>& words) {
  SetLogName("warderd");
  if (words == std::vector<std::string>{"--help"}) return WriteAll(STDOUT_FILENO, std::string(kUsage) + "\n") ? 0 : 3;
  auto options = ReadOptions(words);
  Monitor monitor(options ? *options : Options{});
  if (!options) LogLines(LogError, options.error().ToString() + "\n" + kUsage);
  if (!options) return 2;
  if (auto started = monitor.Start(); !started) {
    LogLines(LogError, "does not start: " + started.error().ToString());
    return options->probe ? 1 : 3;
  }
  return options->probe ? 0 : monitor.Run();
}

}  // namespace

Status Monitor::Start() {
  if (geteuid() != 0) return Fail(Code::kDenied, "warderd must be started by root");
  // What our starter left open is of no use here, and would be open as long as we live.
  if (close_range(3, ~0u, 0) != 0) return FailErrno("close_range");
  // No secret in a core dump; no descriptor of ours for a ptracing process of another uid.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return FailErrno("PR_SET_DUMPABLE");
  std::signal(SIGPIPE, SIG_IGN);
  umask(022);
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGCHLD, SIGHUP, SIGTERM, SIGINT, SIGUSR1}) sigaddset(&set, number);
  // Exactly these: a signal that our starter blocked or ignored would keep alarm(2) from ending a turn that hangs.
  if (std::signal(SIGALRM, SIG_DFL) == SIG_ERR || sigprocmask(SIG_SETMASK, &set, nullptr) != 0)
    return FailErrno("signals");
  signals_ = UniqueFd(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals_) return FailErrno("signalfd");
  WARDER_TRY_STATUS(OpenPrograms());
  if (!options_.host_file.empty()) WARDER_TRY_STATUS(LoadFirst());
  std::string name = "warder-" + Hex(AsBytes(HashSha256(config_.host.state_directory)).substr(0, 6));
  if (options_.probe) name += "-probe";
  if (!options_.probe) {
    WARDER_TRY(dirs_, OpenDirectories(config_.host));
  }
  WARDER_TRY(cgroups_, Cgroups::Open(name));
  auto probed = ProbeMachine();
  if (options_.probe) cgroups_->RemoveAll();
  if (!probed || options_.probe) return probed ? Status() : Status(std::unexpected(probed.error()));
  WARDER_TRY_STATUS(WatchStopFile());
  WARDER_TRY_STATUS(Listen());
  return StartEpoch();
}

Status Monitor::OpenPrograms() {
  for (auto [fd, program] : {std::pair{&init_program_, "warder-init"}, {&hands_program_, "warder-hands"}}) {
    *fd = UniqueFd(open(Program(program).c_str(), O_PATH | O_CLOEXEC));
    if (!*fd) return FailErrno(Program(program));
  }
  for (auto [fd, kind] :
       {std::pair{&run_filter_, tables::FilterKind::kJailed}, {&hands_filter_, tables::FilterKind::kHands}}) {
    WARDER_TRY(std::string filter, tables::CompileFilter(kind));
    WARDER_TRY(*fd, SealedMemory("seccomp", filter));
  }
  return {};
}

Status Monitor::LoadFirst() {
  ConfigLoad load(Program("warder-config"), options_.host_file, options_.embedded);
  while (!load.Advance(NowNs())) {
    int status;
    if (waitpid(load.child().pid, &status, WNOHANG) == load.child().pid)
      load.Ended(status);
    else
      Pause();
  }
  WARDER_TRY(config_, load.Take());
  return {};
}

// One jail whose forbidden acts must fail. What it could not prove is not served.
Status Monitor::ProbeMachine() {
  Session session;
  session.uid = config_.host.session_uid_last != 0 ? config_.host.session_uid_last : kProbeUid;
  session.agent.workspace.owner_uid = session.agent.workspace.owner_gid = session.uid - 1;  // an idmap to prove
  wire::RunPlan plan;
  plan.limits = {1000, 1000, 64 << 20, 16, 64, 65536, 1 << 20};
  WARDER_TRY(session.id_map, MakeOwnerMap(session.agent.workspace, session.uid));
  WARDER_TRY(JailGroup group, cgroups_->Make("probe"));
  WARDER_TRY_STATUS(cgroups_->Limit(group, plan.limits));
  WARDER_TRY(auto out, MakePacketPair());
  WARDER_TRY(auto setup, MakePacketPair());
  UniqueFd calls;
  WARDER_TRY(Child child, StartEnter(wire::EnterRole::kProbe, &group,
                                     {{1, out.second.get()}, {wire::kEnterStatusFd, setup.second.get()}}, calls));
  WARDER_TRY(UniqueFd memory, SealedMemory("plan", flat::EncodeMessage(plan)));
  WARDER_TRY_STATUS(GiveCall(calls, session, 0, memory.get()));
  int status = 0;
  for (uint64_t end = NowNs() + kProbeNs; waitpid(child.pid, &status, WNOHANG) == 0; Pause())
    if (NowNs() > end) child.Kill();
  while (!cgroups_->Remove("probe")) Pause();
  utsname kernel{};
  uname(&kernel);
  std::string lines = std::string("kernel: ") + kernel.release + "\ncgroup: " + cgroups_->Describe() + "\n";
  for (auto said = ReceivePacket(out.first.get(), true); said && *said; said = ReceivePacket(out.first.get(), true))
    lines += (*said)->bytes;
  std::string failed = status == 0 ? "" : "the probe jail failed (wait status " + std::to_string(status) + ")";
  if (auto said = ReceivePacket(setup.first.get(), true); said && *said && (*said)->bytes.size() > 2)
    if (auto step = flat::DecodeMessage<wire::SetupFailed>(std::string_view((*said)->bytes).substr(2)))
      failed = "the probe jail can not be built, step " + step->step + ": " + step->detail;
  if (options_.probe)
    WARDER_TRY_STATUS(WriteAll(STDOUT_FILENO, lines + "probe: " + (failed.empty() ? "ok" : failed) + "\n"));
  if (failed.empty() || options_.probe) return failed.empty() ? Status() : Fail(Code::kUnsupported, failed);
  return Fail(Code::kUnsupported, failed + "\n" + lines + "`warder doctor` tells more");
}

}  // namespace warder::jailer

int main(int argc, char** argv) { return warder::jailer::Main({argv + 1, argv + argc}); }
