// Do the real processes serve, confine themselves, and end with their socket?
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>

#include "base/packet.h"
#include "sandbox/hands/confine.h"
#include "tests/hands/tree.h"
#include "wire/hands.h"

namespace warder::hands {
namespace {

constexpr uid_t kUid = 1900000301;

// warder-hands as another uid (root's powers are gone with it) with one end of a socket as 3.
class Process {
 public:
  explicit Process(const char* role, bool drop = true) {
    auto pair = MakePacketPair();
    socket_ = std::move(pair->first);
    pid_ = fork();
    if (pid_ == 0) {
      // Opened before the powers go: the way to it may be root's alone.
      const int program = fcntl(open(WARDER_BIN_DIR "/warder-hands", O_PATH), F_DUPFD_CLOEXEC, 100);
      if (program != 100 || dup2(pair->second.get(), 3) < 0) _exit(97);
      close_range(4, 99, 0);
      close_range(101, ~0u, 0);
      if (drop && geteuid() == 0 && (setgid(kUid) != 0 || setuid(kUid) != 0)) _exit(99);
      char* argv[] = {const_cast<char*>("warder-hands"), const_cast<char*>(role), nullptr};
      syscall(SYS_execveat, program, "", argv, environ, AT_EMPTY_PATH);
      _exit(98);
    }
  }
  ~Process() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  int socket() const { return socket_.get(); }
  template <typename Answer>
  Result<Answer> Ask(std::string_view bytes, std::span<const int> fds = {}) {
    WARDER_TRY_STATUS(SendPacket(socket(), bytes, fds));
    WARDER_TRY(auto packet, ReceivePacket(socket()));
    return flat::DecodeMessage<Answer>(packet->bytes);
  }
  std::string StatusLine(const std::string& key) const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(file, line);)
      if (line.starts_with(key + ":")) return line.substr(line.find_last_of("\t ") + 1);
    return "";
  }
  int End() {
    socket_.Reset();
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  UniqueFd socket_;
  pid_t pid_ = -1;
};

TEST(Process, SessionAnswersAndEndsWithItsSocket) {
  Process hands("--session");
  wire::ResolveRequest request;
  request.paths = {{"/", "/usr/../usr/bin/env", true}};
  auto answer = hands.Ask<wire::ResolveAnswer>(flat::EncodeMessage(request));
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->paths.at(0).path, "/usr/bin/env");
  EXPECT_EQ(hands.StatusLine("NoNewPrivs"), "1");
  EXPECT_EQ(hands.StatusLine("CapPrm"), "0000000000000000");
  EXPECT_EQ(hands.End(), 0);
}

TEST(Process, NeverRunsWithCapabilities) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: there are no capabilities to refuse";
  Process hands("--session", /*drop=*/false);
  EXPECT_EQ(hands.End(), 1);
}

TEST(Process, EndsOnNonsense) {
  Process hands("--session");
  ASSERT_TRUE(SendPacket(hands.socket(), "nonsense"));
  EXPECT_FALSE(ReceivePacket(hands.socket()));
  EXPECT_EQ(hands.End(), 1);
}

TEST(Process, OwnerChangesUnderItsFilter) {
  Owner o;
  o.tree.File("w/a", "old");
  if (geteuid() == 0) {
    for (const char* name : {"", "w", "t", "w/a"}) ASSERT_EQ(chown((o.tree / name).c_str(), kUid, kUid), 0);
  }
  Process hands("--owner");
  ASSERT_TRUE(SendPacket(hands.socket(), flat::EncodeMessage(wire::OwnerStart{o.tree / "w", o.tree / "t"})));
  auto order = [&](const wire::ChangePlan& plan, std::span<const int> fds = {}) {
    auto answer = hands.Ask<wire::ChangeAnswer>(flat::EncodeMessage(wire::ChangeOrder{flat::EncodeMessage(plan)}), fds);
    EXPECT_TRUE(answer) << "the process is gone";
    if (answer && !answer->done) ADD_FAILURE() << answer->reason;
    return answer.value_or(wire::ChangeAnswer{});
  };
  auto memory = SealedMemory("x", "new");
  int fd = memory->get();
  auto write = order(o.WritePlan("a", "new"), {&fd, 1});
  EXPECT_EQ(o.tree.Read("w/a"), "new");
  auto create = order(o.WritePlan("b", "new"), {&fd, 1});
  EXPECT_TRUE(create.created);
  auto gone = order(o.Plan(wire::ChangeKind::kDelete, "a"));
  auto restore = o.Plan(wire::ChangeKind::kRestore, "a");
  restore.trash_entry = write.trash_entry;
  order(restore);
  EXPECT_EQ(o.tree.Read("w/a"), "old");
  EXPECT_EQ(hands.StatusLine("Seccomp"), "2");
  // A broken order is answered, and the next one served.
  auto bad = hands.Ask<wire::ChangeAnswer>("xx");
  ASSERT_TRUE(bad);
  EXPECT_FALSE(bad->done);
  EXPECT_EQ(hands.End(), 0);
}

#ifndef WARDER_SANITIZED
// Runs act after ConfineOwner in a child; its wait status.
template <typename Act>
int Confined(Act act) {
  Owner o;
  o.tree.File("w/a", "a");
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!ConfineOwner(o.trees)) _exit(99);
    _exit(act(o));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}
bool KilledBySys(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }

TEST(Confined, OwnerCanNotExecForkConnectOrMapCode) {
  EXPECT_TRUE(KilledBySys(Confined([](Owner&) { return execl("/bin/true", "true", nullptr); })));
  EXPECT_TRUE(KilledBySys(Confined([](Owner&) { return fork() == 0 ? 0 : 1; })));
  EXPECT_TRUE(KilledBySys(Confined([](Owner&) { return ::socket(AF_UNIX, SOCK_STREAM, 0); })));
  EXPECT_TRUE(KilledBySys(Confined([](Owner&) { return setuid(0); })));
  EXPECT_TRUE(KilledBySys(Confined([](Owner&) {
    return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
  })));
  EXPECT_EQ(Confined([](Owner&) { return 0; }), 0);
}

TEST(Confined, OwnerReachesNothingOutsideItsTrees) {
  int status = Confined([](Owner& o) {
    open_how how{};
    how.flags = O_RDONLY;
    long out = syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof how);
    int error = errno;
    return out < 0 && error == EACCES && o.Delete("a").done ? 0 : 1;
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}
#endif

}  // namespace
}  // namespace warder::hands
