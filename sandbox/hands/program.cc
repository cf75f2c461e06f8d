// Which file would execve open for this path, and what starts it?
#include "sandbox/hands/program.h"

#include <algorithm>
#include <cerrno>

#include "base/sha256.h"
#include "sandbox/hands/open_beneath.h"
#include "sandbox/hands/walk.h"

namespace warder::hands {
namespace {

constexpr size_t kHeadBytes = 256;  // BINPRM_BUF_SIZE

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool EndsName(char c) { return IsBlank(c) || c == '\0'; }

// What the calling process may do with the file, as execve(2) and open(2) would judge it: effective ids,
// and a noexec mount counts.
bool May(int fd, int what) { return syscall(SYS_faccessat2, fd, "", what, AT_EACCESS | AT_EMPTY_PATH) == 0; }

Result<std::string> Head(int fd) {
  std::string head(kHeadBytes, '\0');
  ssize_t size = pread(fd, head.data(), head.size(), 0);
  if (size < 0) return FailErrno("reading the program");
  head.resize(static_cast<size_t>(size));
  return head;
}

Result<Digest> DigestOf(int fd) {
  Sha256 hash;
  std::string buffer(256 * 1024, '\0');
  off_t at = 0;
  for (;;) {
    ssize_t size = pread(fd, buffer.data(), buffer.size(), at);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FailErrno("reading the program");
    if (size == 0) return hash.Finish();
    hash.Update(std::string_view(buffer).substr(0, static_cast<size_t>(size)));
    at += size;
  }
}

// Reads what an open program says of itself into the answer.
Status LookInside(int fd, bool want_sha256, wire::ProgramAnswer& answer) {
  WARDER_TRY(std::string head, Head(fd));
  WARDER_TRY(auto line, ReadHashBang(head));
  if (line) {
    answer.interpreter = line->interpreter;
    answer.interpreter_argument = line->argument;
  }
  if (want_sha256) {
    WARDER_TRY(answer.identity.sha256, DigestOf(fd));
  }
  return {};
}

Status Look(int root, const wire::ProgramQuestion& question, wire::ProgramAnswer& answer) {
  if (question.path.empty() || question.path[0] != '/')
    return Fail(Code::kInvalid, "a program's path that is not absolute");
  WARDER_TRY(Walked walked, Walk(root, "/", question.path, true));
  if (!walked.entry) return Fail(Code::kNotFound, "no such file");
  answer.path = walked.path;
  answer.identity.dev = walked.status.st_dev;
  answer.identity.ino = walked.status.st_ino;
  if (!S_ISREG(walked.status.st_mode)) return Fail(Code::kInvalid, "not a regular file");
  answer.executable = May(walked.entry.get(), X_OK);
  answer.readable = May(walked.entry.get(), R_OK);
  if (!answer.readable) {
    if (question.want_sha256) return Fail(Code::kDenied, "can not be read, so its sha256 can not be compared");
    return {};
  }
  UniqueFd fd = OpenBeneath(root, BelowRoot(walked.path), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat status;
  if (!fd || fstat(fd.get(), &status) != 0 || !IsSame(status, walked.status.st_dev, walked.status.st_ino))
    return Fail(Code::kConflict, "the file changed while it was looked at");
  return LookInside(fd.get(), question.want_sha256, answer);
}

}  // namespace

Result<std::optional<HashBang>> ReadHashBang(std::string_view head) {
  if (!head.starts_with("#!")) return std::optional<HashBang>();
  // The kernel's buffer: 256 bytes, zeros behind a shorter file.
  std::string buffer(head.substr(0, kHeadBytes));
  buffer.resize(kHeadBytes, '\0');
  const auto bad = [] { return Fail(Code::kInvalid, "a #! line that the kernel does not run"); };
  const auto from = [&](size_t first, size_t last, auto fits) {  // last is looked at too
    while (first <= last && !fits(buffer[first])) ++first;
    return first <= last ? first : std::string::npos;
  };
  const auto not_blank = [](char c) { return !IsBlank(c); };
  size_t newline = buffer.find('\n');
  size_t nul = buffer.find('\0');
  size_t end = newline;
  if (newline == std::string::npos || nul < newline) {
    size_t name = from(2, kHeadBytes - 1, not_blank);
    if (name == std::string::npos || from(name, kHeadBytes - 1, EndsName) == std::string::npos)
      return bad();  // blank, or a name that may be cut
    end = kHeadBytes - 1;
  }
  while (IsBlank(buffer[end - 1])) --end;
  size_t name = from(2, end, not_blank);
  if (name == std::string::npos || name == end) return bad();
  size_t name_end = std::min(from(name, end, EndsName), end);
  HashBang line;
  line.interpreter = buffer.substr(name, name_end - name);
  if (name_end < end && buffer[name_end] != '\0') {
    size_t argument = from(name_end, end, not_blank);
    // A C string: it ends at the first NUL.
    if (argument != std::string::npos && argument < end)
      line.argument = std::string(buffer.substr(argument, end - argument).c_str());
  }
  if (line.interpreter.empty()) return bad();
  return std::optional(std::move(line));
}

wire::ProgramAnswer AnswerProgram(int root, const wire::ProgramQuestion& question) {
  wire::ProgramAnswer answer;
  if (Status looked = Look(root, question, answer); !looked) {
    answer.problem = looked.error().what;
    return answer;
  }
  answer.found = true;
  return answer;
}

}  // namespace warder::hands
