// What does one shell do with one line? Process 1 of the jail: runs each job in a fresh directory and says what it saw.
//
// A job is a message on stdin (its size first): argv and environment of the shell, programs that must exist,
// directories and files of its work directory. The answer goes to stdout. Nothing of a job outlives it.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "tests/policy/shells/frame.h"

namespace {

using warder::shells::FrameReader;
using warder::shells::FrameWriter;

constexpr unsigned kSeconds = 10;  // of one line, wall time; a machine under load is slow
constexpr size_t kShownBytes = 2000;
bool timed_out = false;

void OnAlarm(int) {
  timed_out = true;
  kill(-1, SIGKILL);  // all of this pid namespace but us
}

bool ReadAll(int fd, void* to, size_t size) {
  for (char* at = static_cast<char*>(to); size > 0;) {
    const ssize_t n = read(fd, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

bool WriteAll(int fd, const std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t n = write(fd, bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += static_cast<size_t>(n);
  }
  return true;
}

std::string Slurp(const char* path) {
  std::string out;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return out;
  char part[65536];
  for (ssize_t n; (n = read(fd, part, sizeof part)) > 0;) out.append(part, static_cast<size_t>(n));
  close(fd);
  return out;
}

void Limit(__rlimit_resource what, rlim_t most) {
  const rlimit limit{most, most};
  if (setrlimit(what, &limit) != 0) _exit(125);
}

[[noreturn]] void BecomeShell(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
  setsid();
  const std::pair<const char*, int> streams[] = {
      {"/io/in", O_RDONLY}, {"/io/out", O_WRONLY | O_CREAT | O_TRUNC}, {"/io/err", O_WRONLY | O_CREAT | O_TRUNC}};
  for (int fd = 0; fd <= 2; ++fd) {
    const int stream = open(streams[fd].first, streams[fd].second, 0600);
    if (stream < 0 || dup2(stream, fd) < 0) _exit(125);
    if (stream > 2) close(stream);
  }
  Limit(RLIMIT_CPU, 5);
  Limit(RLIMIT_FSIZE, 1 << 20);
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_AS, 1 << 29);
  if (chdir("/w/start") != 0) _exit(125);
  std::vector<char*> words, variables;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& variable : environment) variables.push_back(const_cast<char*>(variable.c_str()));
  words.push_back(nullptr);
  variables.push_back(nullptr);
  execve(words[0], words.data(), variables.data());
  _exit(126);
}

// Inodes of different file systems are told apart; stub.c does the same.
uint64_t Identity(const struct stat& status) { return status.st_ino ^ (static_cast<uint64_t>(status.st_dev) << 40); }

// Each entry of the work directory is told and then removed.
void TellAndRemove(const std::string& directory, const std::string& shown, FrameWriter& out, uint64_t& count) {
  DIR* entries = opendir(directory.c_str());
  if (entries == nullptr) return;
  std::vector<std::string> names;
  while (const dirent* entry = readdir(entries))
    if (std::string_view(entry->d_name) != "." && std::string_view(entry->d_name) != "..")
      names.push_back(entry->d_name);
  closedir(entries);
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0) continue;
    ++count;
    out.Text(shown + "/" + name);
    out.Number(Identity(status));
    out.Number(S_ISDIR(status.st_mode) ? UINT64_MAX : static_cast<uint64_t>(status.st_size));
    if (S_ISDIR(status.st_mode)) TellAndRemove(path, shown + "/" + name, out, count);
    if (path == "/w/start") continue;
    if (S_ISDIR(status.st_mode) ? rmdir(path.c_str()) : unlink(path.c_str())) _exit(1);
  }
}

uint64_t InodeOf(const char* path) {
  struct stat status{};
  return stat(path, &status) == 0 ? Identity(status) : 0;
}

std::string Run(FrameReader job) {
  static std::set<std::string> known;
  const std::vector<std::string> argv = job.Texts(), environment = job.Texts(), programs = job.Texts(),
                                 directories = job.Texts(), files = job.Texts();
  if (job.Bad() || argv.empty()) _exit(2);
  for (const std::string& name : programs)
    if (known.insert(name).second && symlink("/run/stub", ("/stub/" + name).c_str()) != 0) _exit(3);
  for (const std::string& path : directories)
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) _exit(4);
  for (const std::string& path : files) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1) _exit(5);
    close(fd);
  }
  unlink("/log/records");
  timed_out = false;
  const pid_t shell = fork();
  if (shell < 0) _exit(6);
  if (shell == 0) BecomeShell(argv, environment);
  alarm(kSeconds);
  int status = 0, shells_status = -1;
  // Until nobody is left: what a line leaves in the background belongs to it too.
  for (pid_t pid; (pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR;)
    if (pid == shell) shells_status = status;
  alarm(0);

  FrameWriter tree, out;
  uint64_t count = 0;
  TellAndRemove("/w", "/w", tree, count);
  out.Number(timed_out);
  out.Number(static_cast<uint64_t>(shells_status));
  out.Text(Slurp("/io/err").substr(0, kShownBytes));
  out.Text(Slurp("/io/out").substr(0, kShownBytes));
  out.Text(Slurp("/log/records"));
  for (const char* path : {"/io/in", "/io/out", "/io/err", "/dev/null", "/w"}) out.Number(InodeOf(path));
  out.Number(count);
  return out.Bytes() + tree.Bytes();
}

}  // namespace

int main() {
  struct sigaction action{};
  action.sa_handler = OnAlarm;
  sigaction(SIGALRM, &action, nullptr);
  // What the jail's maker left open would look like a descriptor of the shell's own.
  if (close_range(3, UINT32_MAX, 0) != 0 || mkdir("/w/start", 0700) != 0) return 7;
  const int in = open("/io/in", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (in < 0 || close(in) != 0) return 7;
  for (uint32_t size; ReadAll(0, &size, sizeof size);) {
    std::string job(size, '\0');
    if (!ReadAll(0, job.data(), size)) return 8;
    FrameWriter answer;
    answer.Text(Run(FrameReader(job)));
    if (!WriteAll(1, answer.Bytes())) return 9;
  }
  return 0;
}
