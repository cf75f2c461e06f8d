// How is the jail of the shells made, and what comes out of it?
#include "tests/policy/shells/jail.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tests/policy/shells/frame.h"

namespace warder::shells {
namespace {

constexpr uid_t kNobody = 65534;

bool ReadAll(int fd, char* to, size_t size) {
  while (size > 0) {
    const ssize_t n = read(fd, to, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

[[noreturn]] void BecomeJail(int in, int out, int stub, int runner) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getuid() == 0 && (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
                        setresuid(kNobody, kNobody, kNobody) != 0))
    _exit(126);
  // The programs travel as descriptors: nobody may be unable to walk to the build directory.
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || fcntl(stub, F_SETFD, 0) < 0 || fcntl(runner, F_SETFD, 0) < 0) _exit(126);
  const std::string stub_fd = std::to_string(stub), runner_fd = std::to_string(runner);
  std::vector<const char*> argv = {
      "bwrap", "--unshare-all", "--die-with-parent", "--as-pid-1", "--new-session", "--clearenv", "--uid", "1000",
      "--gid", "1000",          "--cap-drop",        "ALL",        "--ro-bind",     "/usr",       "/usr"};
  const std::pair<const char*, const char*> links[] = {
      {"usr/bin", "/bin"}, {"usr/lib", "/lib"}, {"usr/lib64", "/lib64"}};
  for (const auto& [to, from] : links) argv.insert(argv.end(), {"--symlink", to, from});
  for (const char* tree : {"/w", "/io", "/log", "/stub"})
    argv.insert(argv.end(), {"--size", "67108864", "--tmpfs", tree});
  argv.insert(argv.end(), {"--dev", "/dev", "--perms", "0755", "--file", stub_fd.c_str(), "/run/stub", "--perms",
                           "0755", "--file", runner_fd.c_str(), "/run/runner", "--chdir", "/", "/run/runner", nullptr});
  execvp(argv[0], const_cast<char**>(argv.data()));
  _exit(127);
}

Record ReadRecord(std::string_view bytes) {
  FrameReader in(bytes);
  Record record;
  record.argv = in.Texts();
  record.environment = in.Texts();
  record.directory = in.Text();
  for (Stream& stream : record.streams) {
    stream.flags = in.Number();
    stream.type = in.Number();
    stream.inode = in.Number();
  }
  for (uint64_t& apart : record.apart) apart = in.Number();
  record.others = in.Number();
  if (in.Bad() || !in.AtEnd()) record.argv = {"(a record that can not be read)"};
  return record;
}

}  // namespace

std::unique_ptr<Jail> Jail::Start(std::string& why) {
  const int stub = open(WARDER_SHELL_STUB, O_RDONLY | O_CLOEXEC);
  const int runner = open(WARDER_SHELL_RUNNER, O_RDONLY | O_CLOEXEC);
  int to[2], from[2];
  if (stub < 0 || runner < 0 || pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) {
    why = "the stub programs are not built, or no descriptors are left";
    return nullptr;
  }
  const pid_t pid = fork();
  if (pid == 0) BecomeJail(to[0], from[1], stub, runner);
  for (int fd : {stub, runner, to[0], from[1]}) close(fd);
  std::unique_ptr<Jail> jail(new Jail(pid, to[1], from[0]));
  Job first;
  first.argv = {"/usr/bin/dash", "-c", ":"};
  const std::optional<Seen> seen = jail->Run(first);
  if (!seen || seen->status != 0 || seen->root == 0 || seen->null == 0) {
    why = "bwrap can not make a jail here (is bubblewrap installed, and are user namespaces allowed?)";
    return nullptr;
  }
  return jail;
}

Jail::~Jail() {
  close(to_);
  close(from_);
  int status;  // the runner ends with its input, and the jail with the runner
  waitpid(pid_, &status, 0);
}

std::optional<Seen> Jail::Run(const Job& job) {
  FrameWriter body, frame;
  for (const auto* texts : {&job.argv, &job.environment, &job.programs, &job.directories, &job.files})
    body.Texts(*texts);
  frame.Text(body.Bytes());
  for (size_t at = 0; at < frame.Bytes().size();) {
    const ssize_t n = write(to_, frame.Bytes().data() + at, frame.Bytes().size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    at += static_cast<size_t>(n);
  }
  uint32_t size = 0;
  if (!ReadAll(from_, reinterpret_cast<char*>(&size), sizeof size)) return std::nullopt;
  std::string answer(size, '\0');
  if (!ReadAll(from_, answer.data(), size)) return std::nullopt;

  FrameReader in(answer);
  Seen seen;
  seen.timed_out = in.Number() != 0;
  seen.status = static_cast<int>(in.Number());
  seen.errors = in.Text();
  seen.output = in.Text();
  const std::string records = in.Text();
  for (uint64_t* inode : {&seen.in, &seen.out, &seen.err, &seen.null, &seen.root}) *inode = in.Number();
  for (uint64_t left = in.Number(); left > 0 && !in.Bad(); --left) {
    const std::string path = in.Text();
    Entry& entry = seen.tree[path];
    entry.inode = in.Number();
    entry.size = in.Number();
  }
  if (in.Bad() || !in.AtEnd()) return std::nullopt;
  for (FrameReader log(records); !log.AtEnd() && !log.Bad();) {
    const uint32_t record = log.RecordSize();
    seen.records.push_back(ReadRecord(log.Part(record < 4 ? 0 : record - 4)));
  }
  return seen;
}

}  // namespace warder::shells
