// Does the bridge pass every byte, in both directions, and end when it should?
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "agent/stdio_bridge.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace warder::agent {
namespace {

struct Ends {
  UniqueFd in_read, in_write, out_read, out_write, near_end, far_end;
  Ends() {
    int fds[2];
    EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
    in_read.Reset(fds[0]);
    in_write.Reset(fds[1]);
    EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
    out_read.Reset(fds[0]);
    out_write.Reset(fds[1]);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    near_end.Reset(fds[0]);
    far_end.Reset(fds[1]);
  }
  std::thread Run() {
    return std::thread([this] {
      EXPECT_TRUE(Bridge(in_read.get(), out_write.get(), near_end.get()));
      in_read.Reset();
      out_write.Reset();
      near_end.Reset();
    });
  }
};

std::string Noise(size_t size) {
  std::string bytes(size, '\0');
  uint32_t x = 1;
  for (char& c : bytes) c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  return bytes;
}

TEST(Bridge, EveryByteArrivesAndTheEndIsAHalfClose) {
  Ends e;
  std::thread bridge = e.Run();
  const std::string up = Noise(3'000'000), down = Noise(2'000'001);
  std::thread client([&] {
    EXPECT_TRUE(WriteAll(e.in_write.get(), up));
    e.in_write.Reset();  // the client has said all; answers still come
  });
  std::thread server([&] {
    EXPECT_EQ(ReadAll(e.far_end.get(), 10'000'000).value_or("") == up, true);
    EXPECT_TRUE(WriteAll(e.far_end.get(), down));
    e.far_end.Reset();
  });
  EXPECT_EQ(ReadAll(e.out_read.get(), 10'000'000).value_or("") == down, true);
  for (std::thread* thread : {&client, &server, &bridge}) thread->join();
}

TEST(Bridge, EndsWhenTheHostIsGoneThoughStdinIsOpen) {
  Ends e;
  std::thread bridge = e.Run();
  ASSERT_TRUE(WriteAll(e.far_end.get(), "bye\n"));
  e.far_end.Reset();
  EXPECT_EQ(ReadAll(e.out_read.get(), 100).value_or(""), "bye\n");
  bridge.join();
}

TEST(Bridge, EndsWhenTheClientStopsListening) {
  Ends e;
  std::thread bridge = e.Run();
  e.out_read.Reset();
  bridge.join();
  char byte;
  EXPECT_EQ(read(e.far_end.get(), &byte, 1), 0);
}

TEST(Bridge, AClientThatNeverReadsHoldsTheHostBack) {
  Ends e;
  std::thread bridge = e.Run();
  fcntl(e.far_end.get(), F_SETFL, O_NONBLOCK);
  const std::string block(65536, 'x');
  size_t taken = 0;
  for (int quiet = 0; quiet < 20;) {
    ssize_t size = send(e.far_end.get(), block.data(), block.size(), MSG_NOSIGNAL);
    if (size > 0) {
      taken += static_cast<size_t>(size);
      quiet = 0;
      ASSERT_LT(taken, 4u << 20) << "the bridge hoards what its client does not read";
    } else {
      ++quiet;
      usleep(5000);
    }
  }
  e.out_read.Reset();
  bridge.join();
}

}  // namespace
}  // namespace warder::agent
