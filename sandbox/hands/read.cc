// What does this file hold, and what does this directory list?
#include "sandbox/hands/read.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>

#include "base/limits.h"
#include "sandbox/hands/open_beneath.h"
#include "sandbox/hands/walk.h"

namespace warder::hands {
namespace {

std::unexpected<Error> OpenFailed(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Fail(Code::kConflict, "it is gone since it was resolved", "ask again");
    case ELOOP:
      return Fail(Code::kConflict, "a symlink took its place since it was resolved", "ask again");
    case EACCES:
    case EPERM:
      return Fail(Code::kDenied, "the session may not read it");
    default:
      return FailErrno(error, "opening it");
  }
}

// Opens what the resolution saw and nothing else. O_PATH first: opening a device or a fifo can act on it.
Result<UniqueFd> Reopen(int root, const std::string& path, uint64_t dev, uint64_t ino, mode_t type,
                        struct stat& status) {
  if (!wire::ValidPath(path)) return Fail(Code::kInvalid, "a path that is not canonical");
  UniqueFd seen = OpenBeneath(root, BelowRoot(path), O_PATH | O_NOFOLLOW);
  if (!seen) return OpenFailed(errno);
  if (fstat(seen.get(), &status) != 0) return FailErrno("fstat");
  if (!IsSame(status, dev, ino))
    return Fail(Code::kConflict, "another file took its place since it was resolved", "ask again");
  if ((status.st_mode & S_IFMT) != type)
    return Fail(Code::kInvalid, type == S_IFDIR ? "it is not a directory" : "it is not a regular file");
  UniqueFd fd =
      OpenBeneath(root, BelowRoot(path), O_RDONLY | O_NONBLOCK | O_NOCTTY | (type == S_IFDIR ? O_DIRECTORY : 0));
  if (!fd) return OpenFailed(errno);
  if (fstat(fd.get(), &status) != 0) return FailErrno("fstat");
  if (!IsSame(status, dev, ino) || (status.st_mode & S_IFMT) != type)
    return Fail(Code::kConflict, "another file took its place while it was opened", "ask again");
  return fd;
}

wire::ListEntry EntryOf(int directory, const std::string& name, const std::string& shown, const struct stat& status) {
  wire::ListEntry entry;
  entry.name = shown;
  entry.kind = KindOf(status.st_mode);
  entry.size = static_cast<uint64_t>(status.st_size);
  entry.mode = status.st_mode;
  if (entry.kind == wire::FileKind::kSymlink) {
    std::string target(limits::kMaxPathBytes + 1, '\0');
    ssize_t size = readlinkat(directory, name.c_str(), target.data(), target.size());
    target.resize(size < 0 ? 0 : static_cast<size_t>(size));
    entry.target = std::move(target);
  }
  return entry;
}

struct Waiting {
  std::string relative;  // empty: the directory itself
  uint32_t depth = 1;
};

}  // namespace

Result<FileBytes> ReadRange(int root, const wire::ReadRequest& request, uint64_t* size) {
  struct stat status;
  WARDER_TRY(UniqueFd fd, Reopen(root, request.path, request.dev, request.ino, S_IFREG, status));
  FileBytes out;
  out.size = *size = static_cast<uint64_t>(status.st_size);
  const uint64_t rest = request.offset < out.size ? out.size - request.offset : 0;
  const uint64_t want = request.length == 0 ? rest : std::min(rest, request.length);
  const uint64_t most = std::min<uint64_t>(request.max_bytes, limits::kMaxFileBytes);
  if (want > most)
    return Fail(Code::kLimit,
                std::to_string(want) + " bytes of a file of " + std::to_string(out.size) + ", and one read may give " +
                    std::to_string(most),
                "ask for a range with offset and length, or search in it");
  out.bytes.resize(want);
  size_t done = 0;
  while (done < want) {
    ssize_t got = pread(fd.get(), out.bytes.data() + done, want - done, static_cast<off_t>(request.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FailErrno("reading it");
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  out.bytes.resize(done);
  return out;
}

Result<std::vector<std::string>> NamesIn(int directory, size_t max) {
  UniqueFd copy(fcntl(directory, F_DUPFD_CLOEXEC, 0));
  if (!copy) return FailErrno("fcntl");
  DIR* stream = fdopendir(copy.get());
  if (stream == nullptr) return FailErrno("fdopendir");
  (void)copy.Release();  // closedir closes it
  std::vector<std::string> names;
  Status status{};
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(stream);
    if (entry == nullptr) {
      if (errno != 0) status = FailErrno("reading the directory");
      break;
    }
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() == max) {
      status = Fail(Code::kLimit, "a directory of more than " + std::to_string(max) + " entries");
      break;
    }
    names.emplace_back(name);
  }
  closedir(stream);
  if (!status) return std::unexpected(status.error());
  return names;
}

Result<Listing> ListDirectory(int root, const wire::ListRequest& request) {
  struct stat status;
  WARDER_TRY(UniqueFd top, Reopen(root, request.path, request.dev, request.ino, S_IFDIR, status));
  Listing listing;
  std::vector<Waiting> waiting{{"", std::max<uint32_t>(request.depth, 1)}};
  while (!waiting.empty() && !listing.cut) {
    Waiting next = std::move(waiting.back());
    waiting.pop_back();
    UniqueFd below;
    if (!next.relative.empty()) {
      below = OpenBeneath(top.get(), next.relative, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
      if (!below) continue;  // may not be read, or it is gone: its own entry is listed
    }
    const int directory = next.relative.empty() ? top.get() : below.get();
    WARDER_TRY(auto names, NamesIn(directory, limits::kMaxWalkEntries));
    std::sort(names.begin(), names.end());
    std::vector<Waiting> found;
    for (const std::string& name : names) {
      if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) continue;
      if (listing.entries.size() >= request.max_entries) {
        listing.cut = true;
        break;
      }
      std::string shown = next.relative.empty() ? name : next.relative + "/" + name;
      listing.entries.push_back(EntryOf(directory, name, shown, status));
      if (S_ISDIR(status.st_mode) && next.depth > 1) found.push_back({shown, next.depth - 1});
    }
    waiting.insert(waiting.end(), found.rbegin(), found.rend());
  }
  std::sort(listing.entries.begin(), listing.entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return listing;
}

}  // namespace warder::hands
