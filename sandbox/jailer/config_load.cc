// How is one configuration loaded? See config_load.h.
#include "sandbox/jailer/config_load.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "wire/config_answer.h"

namespace warder::jailer {
namespace {

constexpr size_t kMaxAnswerBytes = limits::kMaxFlatConfigBytes + 64 * 1024;

}  // namespace

Result<UniqueFd> OpenOwned(const std::string& path, const std::vector<uint32_t>& owners) {
  open_how how{.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, .mode = 0, .resolve = RESOLVE_NO_SYMLINKS};
  UniqueFd fd(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  struct stat status;
  if (!fd && errno == ELOOP)
    return Fail(Code::kDenied, path + " leads through a symlink", "name the real path (realpath " + path + ")");
  if (!fd || fstat(fd.get(), &status) != 0) return FailErrno(path);
  if (!S_ISREG(status.st_mode)) return Fail(Code::kDenied, path + " is not a regular file");
  if (std::find(owners.begin(), owners.end(), status.st_uid) == owners.end())
    return Fail(Code::kDenied, path + " belongs to uid " + std::to_string(status.st_uid),
                "only root, and for policies policy.owners, may own it");
  if ((status.st_mode & 022) != 0)
    return Fail(Code::kDenied, path + " is writable by its group or by others", "chmod go-w " + path);
  return fd;
}

int BytesOf(const Configuration& configuration, const std::string& path) {
  auto loaded = std::ranges::find(configuration.policies, path, &LoadedPolicy::path);
  WARDER_CHECK(loaded != configuration.policies.end());
  return loaded->bytes.get();
}

ConfigLoad::ConfigLoad(std::string program, std::string host_file, bool embedded)
    : program_(std::move(program)), host_file_(std::move(host_file)), embedded_(embedded), file_(host_file_) {}

bool ConfigLoad::Advance(uint64_t now_ns) {
  if (child_.alive() && now_ns >= deadline_ns_) child_.Kill();
  if (child_.alive()) return false;
  if (begun_ && status_) {
    status_ = Accept();
    begun_ = false;
    if (status_ && next_part_ == parts_.size()) return true;
    if (status_) file_ = parts_[next_part_++].back().path;
  }
  if (status_) status_ = Begin(now_ns);
  return !status_;
}

void ConfigLoad::Ended(int wait_status) {
  child_ = Child();
  wait_status_ = wait_status;
}

Result<Configuration> ConfigLoad::Take() {
  if (!status_) return std::unexpected(status_.error());
  return std::move(result_);
}

Status ConfigLoad::Begin(uint64_t now_ns) {
  answer_ = UniqueFd(memfd_create("warder-config-answer", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!answer_) return FailErrno("memfd_create");
  Spawn spawn{.program = program_,
              .argv = {"warder-config"},
              .uid = wire::kConfigUid,
              .gid = wire::kConfigUid,
              .fds = {{1, answer_.get()}}};
  UniqueFd copy;
  if (together()) {
    digest_ = {};
    spawn.argv.push_back("layers");
    for (const wire::LayerFile& layer : parts_[next_part_ - 1]) {
      spawn.argv.push_back(layer.path);
      spawn.fds.emplace_back(2 + static_cast<int>(spawn.fds.size()), BytesOf(result_, layer.path));
    }
  } else {
    const bool host = next_part_ == 0;
    WARDER_TRY(UniqueFd file, OpenOwned(file_, host ? std::vector<uint32_t>{0} : result_.host.policy_owner_uids));
    WARDER_TRY(std::string bytes, ReadAll(file.get(), limits::kMaxPolicyBytes));
    digest_ = HashSha256(bytes);
    // The child reads the very bytes that were hashed, whatever happens to the file meanwhile.
    WARDER_TRY(copy, SealedMemory("warder-config-in", bytes));
    spawn.argv.push_back(host ? "host" : "policy");
    if (!host) spawn.argv.push_back(parts_[next_part_ - 1].back().layer);
    spawn.argv.push_back(file_);
    spawn.fds.emplace_back(3, copy.get());
  }
  WARDER_TRY(child_, SpawnChild(spawn));
  deadline_ns_ = now_ns + static_cast<uint64_t>(std::chrono::nanoseconds(limits::kConfigTimeout).count());
  begun_ = true;
  return {};
}

// The words of a refusal are the loader's; nothing of a child that did not end well is believed.
Status ConfigLoad::Accept() {
  if (!WIFEXITED(wait_status_) || WEXITSTATUS(wait_status_) > 1)
    return Fail(Code::kInvalid, file_ + ": its loader ended badly (wait status " + std::to_string(wait_status_) +
                                    "): past its limits of time or memory, or broken");
  // Its writer is dead: nothing of what is read from here on can change any more.
  if (fcntl(answer_.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0 ||
      lseek(answer_.get(), 0, SEEK_SET) < 0)
    return FailErrno("the loader's answer");
  WARDER_TRY(std::string bytes, ReadAll(answer_.get(), kMaxAnswerBytes));
  WARDER_TRY(auto answer, flat::DecodeMessage<wire::ConfigAnswer>(bytes));
  while (answer.problems.ends_with('\n')) answer.problems.pop_back();
  if (!answer.ok) return Fail(Code::kInvalid, answer.problems);
  LogLines(LogInfo, answer.notes);
  if (next_part_ == 0) return AcceptHost(answer.bytes);
  if (together()) return {};
  WARDER_TRY(UniqueFd sealed, SealedMemory("warder-config", answer.bytes));
  result_.policies.push_back({file_, digest_, std::move(sealed)});
  return {};
}

Status ConfigLoad::AcceptHost(const std::string& bytes) {
  WARDER_TRY(result_.host, flat::DecodeMessage<wire::HostPlan>(bytes));
  WARDER_TRY_STATUS(wire::ValidateHost(result_.host, embedded_));
  WARDER_TRY(result_.host_bytes, SealedMemory("warder-config", bytes));
  auto add = [this](std::vector<wire::LayerFile> part, size_t first) {
    if (std::find(parts_.begin() + static_cast<ptrdiff_t>(first), parts_.end(), part) == parts_.end())
      parts_.push_back(std::move(part));
  };
  for (const wire::Agent& agent : result_.host.agents)
    for (const wire::LayerFile& file : agent.policies) add({file}, 0);
  files_ = parts_.size();
  for (const wire::Agent& agent : result_.host.agents) add(agent.policies, files_);
  return {};
}

}  // namespace warder::jailer
