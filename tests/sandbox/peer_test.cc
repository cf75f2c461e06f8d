// Is the program of a peer the one that connected, and none where that is gone?
#include "sandbox/peer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

namespace warder::jailer {
namespace {

TEST(Peer, ItsProgramIsKnownByPathAndInode) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  auto peer = PeerOf(pair[0]);
  ASSERT_TRUE(peer.has_value());
  EXPECT_EQ(peer->pid, getpid());
  const PeerProgram program = ProgramOf(pair[0], peer->pid);
  EXPECT_EQ(program.path, std::filesystem::read_symlink("/proc/self/exe"));
  struct stat own{};
  ASSERT_EQ(stat("/proc/self/exe", &own), 0);
  EXPECT_EQ(program.ino, own.st_ino);
  EXPECT_EQ(major(program.dev), major(own.st_dev));
  close(pair[0]);
  close(pair[1]);
}

TEST(Peer, OneThatIsGoneHasNone) {
  int pair[2];
  pid_t child = fork();
  if (child == 0) _exit(0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  EXPECT_EQ(ProgramOf(pair[0], child).path, "");
  EXPECT_FALSE(PeerOf(STDIN_FILENO).has_value() && PeerOf(-1).has_value());
  close(pair[0]);
  close(pair[1]);
}

// The pid of a peer that died before it was looked at may be another process's: here it is this one's.
TEST(Peer, ADeadOnesPidIsNobodysProgram) {
  int probe[2], known = 0;
  socklen_t length = sizeof known;
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, probe), 0);
  const bool pidfds = getsockopt(probe[0], SOL_SOCKET, 77, &known, &length) == 0;
  close(probe[0]);
  close(probe[1]);
  if (pidfds) close(known);
  sockaddr_un address{AF_UNIX, {}};
  std::snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "warder-peer-test-%d", getpid());
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  const pid_t child = fork();
  if (child == 0) {
    const int own = socket(AF_UNIX, SOCK_STREAM, 0);
    _exit(connect(own, reinterpret_cast<sockaddr*>(&address), sizeof address));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  ASSERT_GE(connection, 0);
  EXPECT_EQ(PeerOf(connection)->pid, child);
  // Before Linux 6.5 there is nothing that could tell.
  EXPECT_EQ(ProgramOf(connection, getpid()).path.empty(), pidfds);
  close(connection);
  close(listener);
}

}  // namespace
}  // namespace warder::jailer
