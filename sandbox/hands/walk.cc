// Where does this path lead, component by component?
#include "sandbox/hands/walk.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <cerrno>
#include <vector>

#include "base/limits.h"
#include "sandbox/hands/open_beneath.h"

#ifndef AAFS_MAGIC
#define AAFS_MAGIC 0x5a3c69f0  // AppArmor's file system, the other one with magic links
#endif

namespace warder::hands {
namespace {

constexpr size_t kMaxNameBytes = 255;  // NAME_MAX

struct Step {
  std::string name;
  bool slash_after = false;  // what the name leads to must be a directory
};

struct Level {
  UniqueFd fd;
  std::string name;
};

class Walker {
 public:
  Walker(int root, bool follow_last) : root_(root), follow_last_(follow_last) {}

  Result<Walked> Run(const std::string& text) {
    WARDER_TRY_STATUS(Push(text, false));
    while (!pending_.empty()) {
      Step step = std::move(pending_.back());
      pending_.pop_back();
      if (step.name == ".") continue;
      if (step.name == "..") {
        if (!stack_.empty()) stack_.pop_back();
        continue;
      }
      WARDER_TRY(bool ended, Enter(std::move(step)));
      if (ended) return std::move(walked_);
    }
    return Directory();
  }

 private:
  int Top() const { return stack_.empty() ? root_ : stack_.back().fd.get(); }

  // Puts the steps of text before those that wait.
  Status Push(std::string_view text, bool slash_after) {
    if (text.empty()) return Fail(Code::kNotFound, "an empty path");
    if (text.size() > limits::kMaxPathBytes) return Fail(Code::kLimit, "a path of more than 4095 bytes");
    if (text.find('\0') != std::string_view::npos) return Fail(Code::kInvalid, "a path with a NUL byte");
    if (text[0] == '/') stack_.clear();
    std::vector<Step> steps;
    while (!text.empty()) {
      size_t start = text.find_first_not_of('/');
      if (start == std::string_view::npos) break;
      size_t end = text.find('/', start);
      Step step;
      step.name = std::string(text.substr(start, end - start));
      step.slash_after = end != std::string_view::npos || slash_after;
      if (step.name.size() > kMaxNameBytes) return Fail(Code::kLimit, "a name of more than 255 bytes");
      steps.push_back(std::move(step));
      text = end == std::string_view::npos ? std::string_view() : text.substr(end);
    }
    // Symlinks add up: without this bound 40 of them could queue 40 times PATH_MAX.
    if (steps.size() + pending_.size() > limits::kMaxPathBytes) return Fail(Code::kLimit, "a path of too many steps");
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) pending_.push_back(std::move(*step));
    return {};
  }

  // Takes one named step. True: the walk ended here.
  Result<bool> Enter(Step step) {
    const bool last = pending_.empty();
    UniqueFd fd = OpenBeneath(Top(), step.name, O_PATH | O_NOFOLLOW);
    if (!fd) {
      if (errno == ENOENT && last) return Missing(step);
      return StepFailed(errno);
    }
    struct stat status;
    if (fstat(fd.get(), &status) != 0) return FailErrno("fstat");
    if (S_ISLNK(status.st_mode)) {
      if (!last || follow_last_ || step.slash_after) {
        WARDER_TRY_STATUS(Follow(fd.get(), step.slash_after));
        return false;
      }
    } else if (S_ISDIR(status.st_mode)) {
      stack_.push_back({std::move(fd), std::move(step.name)});
      return false;
    } else if (!last || step.slash_after) {
      return Fail(Code::kNotFound, "a file stands where a directory is needed");
    }
    WARDER_TRY(walked_.path, PathOf(step.name));
    walked_.entry = std::move(fd);
    walked_.status = status;
    return true;
  }

  Status Follow(int link, bool slash_after) {
    struct statfs system;
    if (fstatfs(link, &system) != 0) return FailErrno("fstatfs");
    if (system.f_type == PROC_SUPER_MAGIC || system.f_type == AAFS_MAGIC) return Fail(Code::kDenied, "a magic link");
    if (++followed_ > limits::kMaxSymlinks) return Fail(Code::kLimit, "too many symlinks");
    std::string target(limits::kMaxPathBytes + 1, '\0');
    ssize_t size = readlinkat(link, "", target.data(), target.size());
    if (size < 0) return FailErrno("readlink");
    target.resize(static_cast<size_t>(size));
    return Push(target, slash_after);
  }

  Result<bool> Missing(const Step& step) {
    WARDER_TRY(walked_.path, PathOf(step.name));
    return true;
  }

  std::unexpected<Error> StepFailed(int error) {
    switch (error) {
      case ENOENT:
        return Fail(Code::kNotFound, "a directory on the way is missing");
      case ENOTDIR:
        return Fail(Code::kNotFound, "a file stands where a directory is needed");
      case EACCES:
      case EPERM:
        return Fail(Code::kDenied, "a directory on the way may not be searched");
      case ENAMETOOLONG:
        return Fail(Code::kLimit, "a name that this file system can not hold");
      case EMFILE:
      case ENFILE:
        return Fail(Code::kLimit, "a path through too many directories");
      // The name was a plain one an instant ago, or the kernel never came to rest.
      case EAGAIN:
      case EXDEV:
      case ELOOP:
        return Fail(Code::kConflict, "a directory on the way keeps changing");
      default:
        return FailErrno(error, "a step on the way");
    }
  }

  // The walk ended in a directory that stands on the stack.
  Result<Walked> Directory() {
    WARDER_TRY(walked_.path, PathOf(""));
    UniqueFd fd(fcntl(Top(), F_DUPFD_CLOEXEC, 0));
    if (!fd) return FailErrno("fcntl");
    if (fstat(fd.get(), &walked_.status) != 0) return FailErrno("fstat");
    walked_.entry = std::move(fd);
    return std::move(walked_);
  }

  Result<std::string> PathOf(const std::string& last) const {
    std::string path;
    for (const Level& level : stack_) path += "/" + level.name;
    if (!last.empty()) path += "/" + last;
    if (path.empty()) path = "/";
    if (path.size() > limits::kMaxPathBytes) return Fail(Code::kLimit, "a path of more than 4095 bytes");
    return path;
  }

  const int root_;
  const bool follow_last_;
  std::vector<Level> stack_;
  std::vector<Step> pending_;  // the next one is the last
  size_t followed_ = 0;
  Walked walked_;
};

}  // namespace

Result<Walked> Walk(int root, const std::string& directory, const std::string& text, bool follow_last) {
  if (text.empty()) return Fail(Code::kInvalid, "an empty path");
  if (text[0] == '/') return Walker(root, follow_last).Run(text);
  if (directory.empty() || directory[0] != '/')
    return Fail(Code::kInvalid, "a relative path without a directory to start from");
  return Walker(root, follow_last).Run(directory + "/" + text);
}

wire::FileKind KindOf(mode_t mode) {
  if (S_ISREG(mode)) return wire::FileKind::kFile;
  if (S_ISDIR(mode)) return wire::FileKind::kDirectory;
  if (S_ISLNK(mode)) return wire::FileKind::kSymlink;
  return wire::FileKind::kOther;
}

wire::PathAnswer AnswerPath(int root, const wire::PathQuestion& question) {
  wire::PathAnswer answer;
  auto walked = Walk(root, question.directory, question.text, question.follow_last);
  if (!walked) {
    answer.problem = walked.error().what;
    return answer;
  }
  answer.resolved = true;
  answer.path = std::move(walked->path);
  if (!walked->entry) return answer;
  answer.kind = KindOf(walked->status.st_mode);
  answer.dev = walked->status.st_dev;
  answer.ino = walked->status.st_ino;
  answer.size = static_cast<uint64_t>(walked->status.st_size);
  answer.mode = walked->status.st_mode;
  answer.links = static_cast<uint32_t>(walked->status.st_nlink);
  return answer;
}

}  // namespace warder::hands
