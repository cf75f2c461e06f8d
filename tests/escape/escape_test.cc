// Does each attack of 6-threats fail, and which step of the jail is it that refuses?
#include <gtest/gtest.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/jail/jail_harness.h"

namespace warder::testing {
namespace {

struct AttackRow {
  const char* attack;
  int expected;      // errno with all steps
  const char* step;  // the one that decides; nullptr: several refuse, each alone
  int without;       // what it gets without that step: another answer
  const char* threat;
};

constexpr AttackRow kAttacks[] = {
    {"magic-fd", EPERM, nullptr, 0, "9: /proc/PID/fd of init"},
    {"magic-root", EPERM, nullptr, 0, "9: /proc/PID/root of init"},
    {"magic-cwd", EPERM, nullptr, 0, "9: /proc/PID/cwd of init"},
    {"init-mem", EPERM, nullptr, 0, "29: memory of init"},
    {"own-mem", EROFS, nullptr, 0, "29: /proc is read-only"},
    {"up", ENOENT, nullptr, 0, "9: above the root"},
    {"descriptor", EBADF, nullptr, 0, "16: inherited descriptors"},
    {"unshare", EPERM, "seccomp", 0, "15: nested user namespace"},
    {"clone-user", EPERM, "seccomp", 0, "15: nested user namespace"},
    {"setns", EPERM, "seccomp", EINVAL, "15: setns"},
    {"clone-untraced", EPERM, "seccomp", 0, "30: CLONE_UNTRACED"},
    {"clone-ptrace", EPERM, "seccomp", 0, "30: CLONE_PTRACE"},
    {"clone-parent", EPERM, "seccomp", 0, "30: CLONE_PARENT"},
    {"clone-plain", 0, nullptr, 0, "a plain clone works"},
    {"tiocsti", EPERM, "seccomp", ENOTTY, "19: TIOCSTI"},
    {"tiocsti-64", EPERM, "seccomp", ENOTTY, "35: the upper half of an argument"},
    {"vsock", ENOSYS, nullptr, 0, "16: AF_VSOCK"},
    {"alg", ENOSYS, nullptr, 0, "16: AF_ALG"},
    {"setid", EPERM, "seccomp", 0, "28: setid bits"},
    {"core-limit", EPERM, "seccomp", 0, "34: RLIMIT_CORE"},
    {"core-limit-64", EPERM, "seccomp", 0, "34, 35: RLIMIT_CORE by prlimit64"},
    {"limit-init", EPERM, "seccomp", 0, "42: limits of init"},
    {"kill-init", EALREADY, nullptr, 0, "42: signals to init do nothing"},
    {"session", EALREADY, nullptr, 0, "42: a process group of its own"},
    {"queue-init", EPERM, "seccomp", 0, "42: a signal that looks like the keeper's"},
    {"tgkill-init", EPERM, "seccomp", 0, "42: a signal whose sender the kernel may drop"},
    {"vsock-pair", ENOSYS, nullptr, 0, "16: AF_VSOCK by socketpair"},
    {"sctp", ENOSYS, nullptr, 0, "16: protocols that load modules"},
    {"tcp", 0, nullptr, 0, "TCP on loopback works"},
    {"whiteout", EPERM, "seccomp", 0, "28: a device node by rename"},
    {"line-discipline", EPERM, "seccomp", ENOTTY, "16: line disciplines load modules"},
    {"stderr-anew", 0, nullptr, 0, "/dev/stderr can be opened"},
    {"signals", EALREADY, "signals", 0, "43: inherited dispositions, umask, timers"},
    {"exec-tmp", EACCES, nullptr, 0, "4: a program made in /tmp"},
    {"exec-shm", EACCES, nullptr, 0, "4: a program made in /dev/shm"},
    {"exec-memfd", EACCES, nullptr, 0, "4: a program in memory"},
    {"exec-memfd-exec", EPERM, nullptr, 0, "4: a program in memory that asks to be one"},
    {"bounding", EPERM, "bounding", 0, "15: no capability is left that a program could gain"},
    {"write-usr", EACCES, nullptr, 0, "the system is read-only"},
};

void PrintTo(const AttackRow& row, std::ostream* out) { *out << row.attack << ", threat " << row.threat; }

std::string NameOf(const ::testing::TestParamInfo<AttackRow>& row) {
  std::string name = row.param.attack;
  std::ranges::replace(name, '-', '_');
  return name;
}

std::vector<AttackRow> OfOneStep() {
  std::vector<AttackRow> rows;
  for (const AttackRow& row : kAttacks)
    if (row.step != nullptr) rows.push_back(row);
  return rows;
}

// What differs by machine: before Linux 6.3 no memfd can be kept from being executed, so there is none; and a file
// system that is read-only by itself says so before anybody asks who may write.
int Expected(const AttackRow& row) {
  if (std::string_view(row.attack).starts_with("exec-memfd") && access("/proc/sys/vm/memfd_noexec", F_OK) != 0)
    return ENOSYS;
  struct statvfs usr{};
  if (std::string_view(row.attack) == "write-usr" && statvfs("/usr", &usr) == 0 && (usr.f_flag & ST_RDONLY) != 0)
    return EROFS;
  return row.expected;
}

class EscapeTest : public ::testing::TestWithParam<AttackRow> {};

TEST_P(EscapeTest, IsRefused) { EXPECT_EQ(Attack(GetParam().attack), Expected(GetParam())) << GetParam().threat; }

INSTANTIATE_TEST_SUITE_P(Threats, EscapeTest, ::testing::ValuesIn(kAttacks), NameOf);

class StepTest : public ::testing::TestWithParam<AttackRow> {};

TEST_P(StepTest, AloneDecides) {
  const AttackRow& row = GetParam();
  EXPECT_EQ(Attack(row.attack, row.step), row.without) << row.threat;
  // Another step left out changes nothing.
  EXPECT_EQ(Attack(row.attack, "landlock"), row.expected) << row.threat;
}

INSTANTIATE_TEST_SUITE_P(Threats, StepTest, ::testing::ValuesIn(OfOneStep()), NameOf);

}  // namespace
}  // namespace warder::testing
