// How is this process kept beneath a few trees (landlock(7))?
#include "base/landlock.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace warder::landlock {
namespace {

// linux/landlock.h of 6.12; older kernels take the shorter struct while the rest is zero.
struct RulesetAttribute {
  uint64_t handled_access_fs;
  uint64_t handled_access_net;
  uint64_t scoped;
};
struct [[gnu::packed]] PathBeneath {
  uint64_t allowed_access;
  int32_t parent_fd;
};
constexpr unsigned kCreateVersion = 1;    // LANDLOCK_CREATE_RULESET_VERSION
constexpr unsigned kRulePathBeneath = 1;  // LANDLOCK_RULE_PATH_BENEATH
constexpr uint64_t kNetBindConnect = 3;   // ABI 4
constexpr uint64_t kScopeAll = 3;         // ABI 6: abstract sockets, signals

uint64_t FilesOf(int abi) {
  uint64_t known = kAllFiles;
  if (abi < 5) known &= ~kIoctlDev;
  if (abi < 3) known &= ~kTruncate;
  return known;
}

}  // namespace

int Abi() {
  long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateVersion);
  return abi < 0 ? 0 : static_cast<int>(abi);
}

Status RestrictToTrees(std::span<const Rule> rules, const Options& options) {
  int abi = Abi();
  if (abi < 2)
    return Fail(Code::kUnsupported, "Landlock ABI " + std::to_string(abi) + ", 2 is the least",
                "boot with lsm=…,landlock on Linux 5.19 or newer");
  RulesetAttribute attribute{FilesOf(abi), 0, 0};
  if (abi >= 4 && options.no_tcp) attribute.handled_access_net = kNetBindConnect;
  if (abi >= 6 && options.scope) attribute.scoped = kScopeAll;
  size_t size = abi >= 6 ? sizeof attribute : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
  UniqueFd ruleset(static_cast<int>(syscall(SYS_landlock_create_ruleset, &attribute, size, 0u)));
  if (!ruleset) return FailErrno("landlock_create_ruleset");
  for (const Rule& rule : rules) {
    struct stat status;
    if (fstat(rule.fd, &status) != 0) return FailErrno("fstat of a Landlock rule");
    uint64_t access = rule.access & FilesOf(abi);
    if (!S_ISDIR(status.st_mode)) access &= kFileOnly;
    PathBeneath beneath{access, rule.fd};
    if (syscall(SYS_landlock_add_rule, ruleset.get(), kRulePathBeneath, &beneath, 0u) != 0)
      return FailErrno("landlock_add_rule");
  }
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0u) != 0) return FailErrno("landlock_restrict_self");
  return {};
}

}  // namespace warder::landlock
