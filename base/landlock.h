// Landlock by its raw system calls (landlock(7)): libc has no wrappers, and headers of 6.1 know ABI
// 2 only.
//
// RestrictToTrees() handles every right that the running kernel knows, so what no rule grants is
// refused; rights of a rule that the kernel does not know are left out, never an error. From ABI 4
// TCP bind and connect are refused, from ABI 6 abstract sockets and signals stay inside, where
// asked for. Needs no_new_privs (or CAP_SYS_ADMIN); can not be undone and is inherited. Used as
// root: no allocation.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"

namespace warder::landlock {

// Rights on files; values of linux/landlock.h, also those that its 6.1 version lacks.
inline constexpr uint64_t kExecute = 1u << 0;
inline constexpr uint64_t kWriteFile = 1u << 1;
inline constexpr uint64_t kReadFile = 1u << 2;
inline constexpr uint64_t kReadDir = 1u << 3;
inline constexpr uint64_t kRemoveDir = 1u << 4;
inline constexpr uint64_t kRemoveFile = 1u << 5;
inline constexpr uint64_t kMakeChar = 1u << 6;
inline constexpr uint64_t kMakeDir = 1u << 7;
inline constexpr uint64_t kMakeReg = 1u << 8;
inline constexpr uint64_t kMakeSock = 1u << 9;
inline constexpr uint64_t kMakeFifo = 1u << 10;
inline constexpr uint64_t kMakeBlock = 1u << 11;
inline constexpr uint64_t kMakeSym = 1u << 12;
inline constexpr uint64_t kRefer = 1u << 13;     // ABI 2
inline constexpr uint64_t kTruncate = 1u << 14;  // ABI 3
inline constexpr uint64_t kIoctlDev = 1u << 15;  // ABI 5
inline constexpr uint64_t kAllFiles = (1u << 16) - 1;
// What a rule for something that is not a directory may name (else EINVAL).
inline constexpr uint64_t kFileOnly = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev;

struct Rule {
  int fd = -1;  // O_PATH or more; the tree beneath it, or the one file
  uint64_t access = 0;
};

struct Options {
  bool scope = true;   // ABI 6: no abstract socket and no signal to a process outside
  bool no_tcp = true;  // ABI 4: no TCP bind and connect
};

// The kernel's ABI, 0 where it has no Landlock.
int Abi();

// kUnsupported below ABI 2.
Status RestrictToTrees(std::span<const Rule> rules, const Options& options = {});

}  // namespace warder::landlock
