// Is every system call of this kernel in the table, and do the compiled filters answer as the table says?
#include <gtest/gtest.h>

#include <asm/unistd_64.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "sandbox/tables/load_filter.h"
#include "sandbox/tables/syscalls.h"

namespace warder::tables {
namespace {

// Classic BPF as seccomp runs it (net/core/filter.c): the few instructions that libseccomp writes.
uint32_t RunOne(const std::vector<sock_filter>& program, const seccomp_data& data) {
  uint32_t a = 0;
  for (size_t pc = 0; pc < program.size(); ++pc) {
    const sock_filter& i = program[pc];
    switch (i.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&a, reinterpret_cast<const char*>(&data) + i.k, 4);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= i.k;
        break;
      case BPF_JMP | BPF_JA:
        pc += i.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        pc += a == i.k ? i.jt : i.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        pc += a >= i.k ? i.jt : i.jf;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        pc += a > i.k ? i.jt : i.jf;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        pc += (a & i.k) != 0 ? i.jt : i.jf;
        break;
      case BPF_RET | BPF_K:
        return i.k;
      default:
        ADD_FAILURE() << "instruction " << i.code;
        return 0;
    }
  }
  return 0;
}

// 0 allowed, an errno, or -1 killed: the strictest of all programs.
int Answer(FilterKind kind, int number, std::vector<uint64_t> arguments = {}, uint32_t arch = AUDIT_ARCH_X86_64) {
  static std::map<FilterKind, std::vector<std::vector<sock_filter>>> filters;
  if (!filters.contains(kind)) filters[kind] = ParseFilter(CompileFilter(kind).value()).value();
  seccomp_data data{};
  data.nr = number;
  data.arch = arch;
  for (size_t i = 0; i < arguments.size(); ++i) data.args[i] = arguments[i];
  int answer = 0;
  for (const auto& program : filters[kind]) {
    uint32_t result = RunOne(program, data);
    if (result == SECCOMP_RET_KILL_PROCESS) return -1;
    if ((result & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO) {
      answer = static_cast<int>(result & SECCOMP_RET_DATA);
    } else {
      EXPECT_EQ(result, SECCOMP_RET_ALLOW);
    }
  }
  return answer;
}

std::map<std::string, Verdict> Table() {
  std::map<std::string, Verdict> table;
  for (const SyscallRow& row : SyscallRows()) {
    EXPECT_NE(std::string(row.reason), "");
    std::istringstream names(row.names);
    for (std::string name; names >> name;) EXPECT_TRUE(table.emplace(name, row.verdict).second) << name << " twice";
  }
  return table;
}

TEST(SyscallTableTest, EveryCallOfTheKernelIsDecided) {
  auto table = Table();
  std::ifstream header("/usr/include/x86_64-linux-gnu/asm/unistd_64.h");
  int seen = 0;
  for (std::string word, name; header >> word;) {
    if (word != "#define" || !(header >> name) || !name.starts_with("__NR_")) continue;
    ++seen;
    EXPECT_TRUE(table.contains(name.substr(5))) << name << " is not in sandbox/tables/syscalls.cc";
  }
  EXPECT_GT(seen, 350);
  for (const SyscallNumber& row : NewSyscallNumbers()) EXPECT_TRUE(table.contains(row.name)) << row.name;
}

TEST(SyscallTableTest, TheFilterAnswersAsTheTable) {
  for (const auto& [name, verdict] : Table()) {
    int number = SyscallByName(name.c_str());
    if (number < 0 || std::ranges::any_of(OnlyRows(), [&](const OnlyRow& row) { return name == row.name; })) continue;
    int expected = verdict == Verdict::kAllow ? 0 : verdict == Verdict::kRefuse ? EPERM : ENOSYS;
    EXPECT_EQ(Answer(FilterKind::kJailed, number), expected) << name;
  }
  EXPECT_EQ(Answer(FilterKind::kJailed, 999), ENOSYS);
  EXPECT_EQ(Answer(FilterKind::kJailed, __NR_getpid | 0x40000000), -1);
  EXPECT_EQ(Answer(FilterKind::kJailed, 20, {}, AUDIT_ARCH_I386), -1);
}

TEST(SyscallTableTest, WhatIsAllowedWithSomeArgumentsIsUnknownWithOthers) {
  for (const OnlyRow& row : OnlyRows()) {
    std::vector<uint64_t> arguments(6, 0);
    for (uint8_t i = 0; i < row.count; ++i) arguments[row.equal[i].index] = row.equal[i].value;
    int number = SyscallByName(row.name);
    EXPECT_EQ(Answer(FilterKind::kJailed, number, arguments), 0) << row.name << ": " << row.reason;
    arguments[row.equal[row.count - 1].index] = 40;  // AF_VSOCK, or no protocol
    EXPECT_EQ(Answer(FilterKind::kJailed, number, arguments), ENOSYS) << row.name << ": " << row.reason;
    arguments[row.equal[row.count - 1].index] = 40 | uint64_t{1} << 32;
    EXPECT_EQ(Answer(FilterKind::kJailed, number, arguments), ENOSYS) << row.name << ": " << row.reason;
  }
}

TEST(SyscallTableTest, EachArgumentRowRefusesOn32Bits) {
  for (const ArgumentRow& row : ArgumentRows()) {
    std::vector<uint64_t> arguments(6, 0);
    for (uint8_t i = 0; i < row.count; ++i)
      arguments[row.conditions[i].index] = row.conditions[i].not_zero ? 1 : row.conditions[i].value;
    int number = SyscallByName(row.name);
    // Families above 43 are refused by either filter.
    EXPECT_EQ(Answer(FilterKind::kJailed, number, arguments), EPERM) << row.name << ": " << row.reason;
    for (uint8_t i = 0; i < row.count; ++i) arguments[row.conditions[i].index] |= 1ull << 32;
    EXPECT_EQ(Answer(FilterKind::kJailed, number, arguments), EPERM) << row.name << " 64 bits: " << row.reason;
  }
  struct Row {
    int number;
    std::vector<uint64_t> arguments;
    int expected;
  };
  for (const Row& row : std::vector<Row>{{__NR_clone, {0x1200011}, 0},
                                         {__NR_socket, {1, 1, 0}, 0},
                                         {__NR_socket, {2, 1, 0}, 0},
                                         {__NR_socket, {16, 3, 0}, 0},
                                         {__NR_ioctl, {0, 0x5413}, 0},
                                         {__NR_chmod, {0, 0755}, 0},
                                         {__NR_chmod, {0, 01777}, 0},
                                         {__NR_prlimit64, {0, 4, 0, 1}, 0},
                                         {__NR_prlimit64, {0, 7, 1, 0}, 0},
                                         {__NR_personality, {0xffffffff}, 0},
                                         {__NR_personality, {8}, ENOSYS}})
    EXPECT_EQ(Answer(FilterKind::kJailed, row.number, row.arguments), row.expected) << row.number;
}

TEST(SyscallTableTest, HandsResolveAndNeitherRunNorConnect) {
  EXPECT_EQ(Answer(FilterKind::kHands, __NR_openat2), 0);
  EXPECT_EQ(Answer(FilterKind::kHands, __NR_execve), EPERM);
  EXPECT_EQ(Answer(FilterKind::kHands, __NR_execveat, {3}), ENOSYS);
  EXPECT_EQ(Answer(FilterKind::kHands, __NR_execveat, {kHandsProgramFd}), 0);
  EXPECT_EQ(Answer(FilterKind::kHands, __NR_socket, {1, 1, 0}), EPERM);
  EXPECT_EQ(Answer(FilterKind::kHands, __NR_sendmsg), 0);
}

TEST(FilterBytesTest, WhatIsCutIsRefused) {
  std::string bytes = CompileFilter(FilterKind::kJailed).value();
  EXPECT_TRUE(ParseFilter(bytes));
  EXPECT_FALSE(ParseFilter(""));
  EXPECT_FALSE(ParseFilter(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(ParseFilter(std::string(2, '\0')));
}

}  // namespace
}  // namespace warder::tables
