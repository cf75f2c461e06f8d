// Which file lies behind a path, with its identity and hash?
#include "config/bind_disk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <climits>
#include <cstdlib>

#include "base/unique_fd.h"
#include "policy/notices.h"

namespace warder::config {
namespace {

Result<Digest> HashFile(const std::string& path, const struct stat& seen) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return FailErrno(path);
  struct stat status;
  if (fstat(fd.get(), &status) != 0) return FailErrno(path);
  if (status.st_dev != seen.st_dev || status.st_ino != seen.st_ino)
    return Fail(Code::kConflict, path + " was exchanged while it was looked at");
  Sha256 hash;
  char buffer[65536];
  for (;;) {
    ssize_t size = read(fd.get(), buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FailErrno(path);
    if (size == 0) return hash.Finish();
    hash.Update({buffer, static_cast<size_t>(size)});
  }
}

class Disk : public policy::ProgramLookup {
 public:
  Result<policy::BoundFile> Look(const std::string& path, bool want_sha256) override {
    char canonical[PATH_MAX];
    if (realpath(path.c_str(), canonical) == nullptr) return FailErrno(path);
    UniqueFd fd(open(canonical, O_PATH | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return FailErrno(path);
    struct stat status;
    if (fstat(fd.get(), &status) != 0) return FailErrno(path);
    if (!S_ISREG(status.st_mode) || (status.st_mode & 0111) == 0)
      return Fail(Code::kInvalid, path + " is not a program");
    policy::BoundFile file;
    file.path = canonical;
    file.dev = status.st_dev;
    file.ino = status.st_ino;
    if (want_sha256) {
      // A file that can not be read has no hash: a pin on it is then not met.
      if (auto digest = HashFile(file.path, status)) file.sha256 = *digest;
    }
    return file;
  }

  std::string ScriptLine(const std::string& path) override {
    constexpr size_t kHeadBytes = 256;  // as much as the kernel reads of it
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK));
    char head[kHeadBytes];
    const ssize_t size = fd ? read(fd.get(), head, sizeof head) : -1;
    std::string_view line(head, size > 0 ? static_cast<size_t>(size) : 0);
    if (!line.starts_with("#!")) return {};
    line = line.substr(2, line.find('\n') == std::string_view::npos ? line.size() : line.find('\n') - 2);
    const size_t first = line.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return std::string(line.substr(first, line.find_last_not_of(" \t") + 1 - first));
  }
};

}  // namespace

std::vector<policy::LoadProblem> BindFromDisk(policy::Policy& policy) {
  Disk disk;
  std::vector<policy::LoadProblem> notes = policy::BindPrograms(policy, disk);
  if (auto note = policy::NotifyTellsNobody(policy)) notes.push_back(std::move(*note));
  return notes;
}

}  // namespace warder::config
