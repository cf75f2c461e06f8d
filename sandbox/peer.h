// Who is at the other end of an accepted Unix connection: the kernel's word, never the peer's.
#pragma once

#include <sys/socket.h>
#include <cstdint>
#include <optional>
#include <string>

namespace warder::jailer {

// SO_PEERCRED (unix(7)): of the moment of connect(2). Nothing where the kernel does not say.
std::optional<ucred> PeerOf(int connection);

// The program that the peer runs, as the log names it. The path is text of the peer's choice.
struct PeerProgram {
  std::string path;  // proc(5) exe; empty: the peer is gone, or may not be looked at
  uint64_t dev = 0, ino = 0;
};
// Never waits: opens nothing, and asks no file system that the peer may serve itself. Of the very process that
// connected: its pidfd (SO_PEERPIDFD, Linux 6.5; else pidfd_open) still names it afterwards.
PeerProgram ProgramOf(int connection, pid_t pid);

}  // namespace warder::jailer
