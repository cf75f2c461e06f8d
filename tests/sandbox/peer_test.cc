// Is the program of a peer the one that connected, and none where that is gone?
#include "sandbox/peer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

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
  struct stat own {};
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

}  // namespace
}  // namespace warder::jailer
