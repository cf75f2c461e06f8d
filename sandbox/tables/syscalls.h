// Which system calls jailed programs may make: one table, a reason each, and the filters made of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace warder::tables {

enum class Verdict : uint8_t {
  kAllow,    // subject to the argument rules below
  kRefuse,   // EPERM: the program learns that it may not
  kUnknown,  // ENOSYS: the program falls back to an older call
};

struct SyscallRow {
  Verdict verdict;
  const char* reason;
  const char* names;  // separated by single spaces
};

// Numbers for names that libseccomp 2.5.4 does not know (x86-64 and the common table of 5.17 and later).
struct SyscallNumber {
  const char* name;
  int number;
};

// An argument that makes an allowed call EPERM: all conditions hold. Values are compared on 32 bits, as the
// kernel reads them (a 64-bit compare lets `TIOCSTI | 1<<32` pass).
struct ArgumentCondition {
  uint8_t index;
  bool not_zero;  // the whole 64-bit argument is not 0 (pointers, pids); mask and value are unused
  uint32_t mask;
  uint32_t value;
};
struct ArgumentRow {
  const char* name;
  const char* reason;
  uint8_t count;
  ArgumentCondition conditions[2];
};

// A call that is allowed with these arguments and no others (ENOSYS), compared on 32 bits; one row a way.
struct OnlyRow {
  const char* name;
  const char* reason;
  uint8_t count;
  struct {
    uint8_t index;
    uint32_t value;
  } equal[2];
};

std::span<const SyscallRow> SyscallRows();
std::span<const SyscallNumber> NewSyscallNumbers();
std::span<const ArgumentRow> ArgumentRows();
std::span<const OnlyRow> OnlyRows();
// The number of a name on this machine; -1 where there is none.
int SyscallByName(const char* name);

enum class FilterKind : uint8_t {
  kJailed,  // programs in a jail, init included
  kHands,   // warder-hands: openat2 as well; no exec, no new sockets
};

// warder-hands is executed under its own filter, through this descriptor number alone; enter lowers
// RLIMIT_NOFILE below it first, so that nothing can be opened there afterwards.
inline constexpr int kHandsProgramFd = 1000;

// Two programs in the form of load_filter.h: the allowlist (default ENOSYS; another architecture or x32
// kills) and the argument rules (default allow). The kernel takes the stricter answer of both. Compiled
// once by warderd and loaded as bytes by each jail.
Result<std::string> CompileFilter(FilterKind kind);

}  // namespace warder::tables
