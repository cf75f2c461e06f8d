// How tests start a jail: the same calls as the jailer's, without its checks.
#include "tests/jail/jail_harness.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/packet.h"
#include "sandbox/tables/syscalls.h"

namespace warder::testing {
namespace {

namespace fs = std::filesystem;
int g_count = 0;

std::string Unique() { return "warder-test-" + std::to_string(getpid()) + "-" + std::to_string(++g_count); }

void WriteText(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

struct Cgroups {
  std::string name = Unique();
  std::vector<std::string> folders;
  std::vector<UniqueFd> procs;
  UniqueFd kill_file, memory;

  explicit Cgroups(const JailRun& run) {
    const bool hybrid = fs::exists("/sys/fs/cgroup/unified");
    if (!hybrid) WriteText("/sys/fs/cgroup/cgroup.subtree_control", "+memory +pids");
    Add(hybrid ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup");
    kill_file.Reset(open((folders[0] + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC));
    if (run.cgroup_pids != 0) {
      if (hybrid) Add("/sys/fs/cgroup/pids");
      WriteText(folders.back() + "/pids.max", std::to_string(run.cgroup_pids));
    }
    if (run.cgroup_memory != 0 && !hybrid) {
      WriteText(folders[0] + "/memory.max", std::to_string(run.cgroup_memory));
      memory.Reset(open((folders[0] + "/memory.events").c_str(), O_RDONLY | O_CLOEXEC));
    } else if (run.cgroup_memory != 0) {
      Add("/sys/fs/cgroup/memory");
      WriteText(folders.back() + "/memory.limit_in_bytes", std::to_string(run.cgroup_memory));
      WriteText(folders.back() + "/memory.memsw.limit_in_bytes", std::to_string(run.cgroup_memory));
      memory.Reset(open((folders.back() + "/memory.oom_control").c_str(), O_RDONLY | O_CLOEXEC));
    }
  }
  void Add(const std::string& hierarchy) {
    folders.push_back(hierarchy + "/" + name);
    mkdir(folders.back().c_str(), 0755);
    procs.emplace_back(open((folders.back() + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  }
  int Members() const {
    std::ifstream in(folders[0] + "/cgroup.procs");
    int count = 0;
    for (std::string line; std::getline(in, line);) ++count;
    return count;
  }
  ~Cgroups() {
    [[maybe_unused]] ssize_t ignored = write(kill_file.get(), "1", 1);
    for (int tries = 0; tries < 100; ++tries) {
      bool gone = true;
      for (const std::string& folder : folders) gone = (rmdir(folder.c_str()) == 0 || errno == ENOENT) && gone;
      if (gone) return;
      usleep(10'000);
    }
  }
};

// In a child: these descriptors at these numbers, and no others but 0 to 2.
// Opened before a uid is taken: the way to the programs may be root's alone.
constexpr int kProgram = 400;
int OpenProgram(const std::string& path) { return fcntl(open(path.c_str(), O_PATH), F_DUPFD_CLOEXEC, kProgram); }

[[noreturn]] void ExecWith(std::vector<std::pair<int, int>> places, const char* name) {
  int top = 2;
  for (auto& [fd, place] : places) {
    fd = fcntl(fd, F_DUPFD, 200);
    if (fd < 0) _exit(90);
  }
  for (auto& [fd, place] : places) {
    if (dup2(fd, place) < 0) _exit(91);
    top = std::max(top, place);
  }
  for (int fd = 3; fd <= top; ++fd) {
    bool wanted = false;
    for (auto& [from, place] : places) wanted = wanted || place == fd;
    if (!wanted) close(fd);
  }
  close_range(static_cast<unsigned>(top) + 1, kProgram - 1, 0);
  close_range(kProgram + 1, ~0u, 0);
  char* argv[] = {const_cast<char*>(name), nullptr};
  char* no_environment[] = {nullptr};
  syscall(SYS_execveat, kProgram, "", argv, no_environment, AT_EMPTY_PATH);
  _exit(92);
}

struct Pipe {
  UniqueFd read_end, write_end;
  Pipe() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) abort();
    read_end.Reset(fds[0]);
    write_end.Reset(fds[1]);
  }
};

pid_t StartEnter(const JailRun& run, const std::string& program, std::vector<std::pair<int, int>> places, int& pidfd) {
  clone_args args{};
  args.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_PIDFD;
  args.exit_signal = SIGCHLD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  auto pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
  if (pid != 0) return pid;
  if (run.own_session) setsid();
  // Hostile inheritance (threat row 43): enter resets all of it.
  if (run.room.role == wire::EnterRole::kRun) {
    signal(SIGINT, SIG_IGN);
    umask(0);
    alarm(1000);
  }
  if (OpenProgram(program) != kProgram) _exit(94);
  ExecWith(std::move(places), "warder-enter");
}

void ReadBroker(const JailRun& run, int socket, JailResult& result) {
  auto began = std::chrono::steady_clock::now();
  bool cancelled = run.cancel_after_ms < 0;
  for (;;) {
    pollfd wait{socket, POLLIN, 0};
    poll(&wait, 1, cancelled ? 300'000 : 10);
    if (!cancelled && std::chrono::steady_clock::now() - began > std::chrono::milliseconds(run.cancel_after_ms)) {
      cancelled = true;
      [[maybe_unused]] Status ignored = SendPacket(socket, flat::EncodeMessage(wire::Cancel{false}));
    }
    auto packet = ReceivePacket(socket, true);
    if (!packet) return;
    if (!*packet) {
      if (cancelled && wait.revents == 0) return;
      continue;
    }
    const std::string& bytes = (*packet)->bytes;
    if (auto output = flat::DecodeMessage<wire::Output>(bytes)) {
      (output->stream == 1 ? result.out : result.err) += output->bytes;
      result.gaps += output->bytes.empty() ? 1 : 0;
    } else if (flat::DecodeMessage<wire::RunEnd>(bytes)) {
      result.told = true;
      return;
    }
  }
}

}  // namespace

Workspace::Workspace(uint32_t owner, const std::string& parent) : path_(parent + "/" + Unique()), owner_(owner) {
  mkdir(path_.c_str(), 0755);
  if (chown(path_.c_str(), owner, owner) != 0) abort();
  auto program = ReadFile(std::string(WARDER_BIN_DIR) + "/../prisoners/prisoner", 64 << 20);
  if (program) Put("prisoner", *program, 0755);
}

Workspace::~Workspace() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Workspace::Put(const std::string& name, const std::string& content, unsigned mode) {
  std::string path = path_ + "/" + name;
  WriteText(path, content);
  if (chmod(path.c_str(), mode) != 0 || chown(path.c_str(), owner_, owner_) != 0) abort();
  return path;
}

std::string Workspace::Get(const std::string& name) const {
  return ReadFile(path_ + "/" + name, 1 << 20).value_or("(none)");
}

wire::Command CommandOf(std::vector<std::string> argv, wire::Join join) {
  wire::Command command;
  command.join = join;
  if (argv[0] == "cd") {
    command.change_directory = true;
    command.directory = argv[1];
  } else {
    struct stat status{};
    command.program = fs::canonical(argv[0]).string();
    stat(command.program.c_str(), &status);
    command.identity = {status.st_dev, status.st_ino, {}};
  }
  command.argv = std::move(argv);
  return command;
}

wire::Cover CoverOf(wire::CoverKind kind, const std::string& path) {
  struct stat status{};
  lstat(path.c_str(), &status);
  return {kind, path, status.st_dev, status.st_ino};
}

JailRun RunIn(const Workspace& workspace, std::vector<wire::Command> commands) {
  JailRun run;
  struct stat status{};
  stat(workspace.path().c_str(), &status);
  run.plan.session = run.spec.session = 7;
  run.plan.call = run.spec.call = 9;
  run.plan.agent = "test";
  run.plan.trees.push_back({workspace.path(), status.st_dev, status.st_ino, true, true});
  run.plan.directory = workspace.path();
  run.plan.commands = std::move(commands);
  run.plan.limits = {10'000, 10'000, 256u << 20, 64, 256, 1u << 20, 64u << 20};
  run.plan.descriptors.push_back({});
  run.spec.uid = kSessionUid;
  run.room.parent_pid = getpid();
  return run;
}

JailResult Execute(const JailRun& run) {
  JailResult result;
  Cgroups cgroups(run);
  wire::EnterRoom room = run.room;
  room.cgroup_count = static_cast<uint8_t>(cgroups.procs.size());
  auto room_fd = SealedMemory("room", flat::EncodeMessage(room));
  auto calls = MakePacketPair();
  auto plan_fd = SealedMemory("plan", flat::EncodeMessage(run.plan));
  static const std::string filter = tables::CompileFilter(tables::FilterKind::kJailed).value_or("");
  auto filter_fd = SealedMemory("filter", filter);
  UniqueFd init(open((std::string(WARDER_BIN_DIR) + "/warder-init").c_str(), O_PATH | O_CLOEXEC));
  UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  Pipe status, out, err, report;
  auto broker = MakePacketPair();

  auto began = std::chrono::steady_clock::now();
  std::vector<std::pair<int, int>> places = {{null.get(), 0},     {out.write_end.get(), 1}, {err.write_end.get(), 2},
                                             {room_fd->get(), 3}, {calls->second.get(), 4}, {status.write_end.get(), 5},
                                             {init.get(), 6},     {filter_fd->get(), 7}};
  for (size_t i = 0; i < cgroups.procs.size(); ++i)
    places.emplace_back(cgroups.procs[i].get(), 20 + static_cast<int>(i));
  int pidfd = -1;
  std::string enter = std::string(WARDER_BIN_DIR) + (run.test_enter ? "/warder-enter-test" : "/warder-enter");
  pid_t enter_pid = StartEnter(run, enter, std::move(places), pidfd);
  UniqueFd init_fd(pidfd);
  wire::EnterSpec spec = run.spec;
  std::vector<int> given{plan_fd->get()};
  Result<UniqueFd> id_map = run.owners.empty() ? UniqueFd() : jailer::MakeIdMap(run.owners, run.owners);
  spec.id_map = !run.owners.empty();
  if (spec.id_map) given.push_back(id_map->get());
  calls->second.Reset();
  (void)SendPacket(calls->first.get(), flat::EncodeMessage(spec), given);
  if (!run.word.empty()) (void)SendPacket(calls->first.get(), run.word);
  calls->first.Reset();
  for (Pipe* pipe : {&status, &out, &err}) pipe->write_end.Reset();
  if (!run.keeper) {
    waitpid(enter_pid, nullptr, 0);
    result.out = ReadAll(out.read_end.get(), 1 << 20).value_or("");
    result.raw_status = ReadAll(status.read_end.get(), 1 << 20).value_or("");
    result.left_behind = cgroups.Members();
    return result;
  }
  pid_t keeper = fork();
  if (keeper == 0) {
    if (OpenProgram(std::string(WARDER_BIN_DIR) + "/warder-keeper") != kProgram) _exit(94);
    if (setresgid(kSessionUid, kSessionUid, kSessionUid) != 0 || setresuid(kSessionUid, kSessionUid, kSessionUid) != 0)
      _exit(93);
    std::vector<std::pair<int, int>> theirs = {
        {status.read_end.get(), 3},  {out.read_end.get(), 4},      {err.read_end.get(), 5}, {broker->second.get(), 6},
        {report.write_end.get(), 7}, {cgroups.kill_file.get(), 8}, {init_fd.get(), 9},      {plan_fd->get(), 10}};
    if (cgroups.memory) theirs.emplace_back(cgroups.memory.get(), 11);
    ExecWith(std::move(theirs), "warder-keeper");
  }
  for (Pipe* pipe : {&status, &out, &err}) pipe->read_end.Reset();
  report.write_end.Reset();
  broker->second.Reset();
  if (run.broker_hangs_up) {
    usleep(200'000);
    broker->first.Reset();
  } else if (run.read_output) {
    ReadBroker(run, broker->first.get(), result);
  }
  std::string reported = ReadAll(report.read_end.get(), 65536).value_or("");
  result.total_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
  if (auto end = flat::DecodeMessage<wire::RunEnd>(reported.size() < 2 ? "" : reported.substr(2))) {
    result.reported = true;
    result.end = *end;
  }
  broker->first.Reset();
  waitpid(keeper, nullptr, 0);
  if (!result.reported) kill(enter_pid, SIGKILL);
  waitpid(enter_pid, nullptr, 0);
  result.left_behind = cgroups.Members();
  return result;
}

int Attack(const std::string& name, JailRun run) {
  JailResult result = Execute(run);
  if (result.out.starts_with(name + " ")) return std::atoi(result.out.c_str() + name.size() + 1);
  std::fprintf(stderr, "%s: kind %d step %s error %d %s signal %d\n%s%s", name.c_str(),
               static_cast<int>(result.end.kind), result.end.step.c_str(), result.end.error, result.end.detail.c_str(),
               result.end.signal, result.out.c_str(), result.err.c_str());
  return -1;
}

int Attack(const std::string& name, const std::string& without_step) {
  Workspace workspace(kSessionUid);
  JailRun run = RunIn(workspace, {CommandOf({workspace.path() + "/prisoner", name})});
  run.room.without_step = without_step;
  run.test_enter = !without_step.empty();
  return Attack(name, std::move(run));
}

}  // namespace warder::testing
