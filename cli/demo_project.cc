// What does the demo's agent work on? A small real project, made here.
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "cli/demo.h"
#include "cli/embedded_entries.h"
#include "cli/starter.h"

namespace warder::cli::demo {
namespace {

struct File {
  const char* path;
  const char* text;
};

constexpr const char kMain[] = R"(#include <stdio.h>
#include <stdlib.h>

#include "stats.h"

int main(int argc, char **argv) {
  int values[64], count = 0;
  for (int i = 1; i < argc && count < 64; ++i) values[count++] = atoi(argv[i]);
  printf("average of %d values: %d\n", count, average(values, count));
  return 0;
}
)";

constexpr const char kStats[] = R"(#include "stats.h"

int average(const int *values, int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += values[i];
  return sum / count;
}
)";

constexpr const char kTest[] = R"(#include <stdio.h>

#include "stats.h"

static int failed;

static void expect(const char *name, int got, int want) {
  printf("%s %s\n", got == want ? "ok  " : "FAIL", name);
  if (got != want) failed = 1;
}

int main(void) {
  int three[] = {1, 2, 3};
  expect("average of three", average(three, 3), 2);
  fflush(stdout);
  expect("average of none", average(three, 0), 0);
  return failed;
}
)";

constexpr const char kMakefile[] =
    "CFLAGS = -O1 -Wall -Wextra\n\n"
    "build: build/stats\n\n"
    "build/%.o: src/%.c src/stats.h\n\t@mkdir -p build\n\t$(CC) $(CFLAGS) -c -o $@ $<\n\n"
    "build/stats: build/main.o build/stats.o\n\t$(CC) -o $@ $^\n\n"
    "build/stats_test: build/stats_test.o build/stats.o\n\t$(CC) -o $@ $^\n\n"
    "test: build/stats_test\n\t./build/stats_test\n\n"
    "clean:\n\trm -rf build\n\n"
    ".PHONY: build test clean\n";

constexpr File kFiles[] = {
    {"src/main.c", kMain},
    {"src/stats.c", kStats},
    {"src/stats_test.c", kTest},
    {"src/stats.h", "int average(const int *values, int count);\n"},
    {"Makefile", kMakefile},
    {".gitignore", "build/\ndist/\nlogs/\nsecrets/\n.env\n"},
    {"logs/app.log",
     "2026-11-21T08:00:01Z INFO  stats 1.0 started\n"
     "2026-11-21T08:00:02Z INFO  average of 3 values: 2\n"
     "2026-11-21T08:00:07Z ERROR average of 0 values: floating point exception, core dumped\n"},
    {"secrets/server.key",
     "-----BEGIN PRIVATE KEY-----\nnot a real key, but nobody may read it\n-----END PRIVATE KEY-----\n"},
    {".env", "DATABASE_PASSWORD=correct-horse-battery-staple\n"},
};

Status WriteTheFile(const std::string& path, const std::string& text, uid_t owner, mode_t mode) {
  WARDER_TRY_STATUS(ReplaceFile(path, text, mode));
  if (chown(path.c_str(), owner, owner) != 0) return FailErrno("chown " + path);
  return {};
}

// git as the owner of the project, with nothing of the caller's configuration.
Status Git(const Places& places, std::vector<const char*> words) {
  std::vector<const char*> argv{
      "git", "-c", "user.name=Dana Developer", "-c", "user.email=dana@example.org", "-c", "init.defaultBranch=main"};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.push_back(nullptr);
  const char* environment[] = {"PATH=/usr/bin:/bin", "HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1", nullptr};
  pid_t child = fork();
  if (child < 0) return FailErrno("fork");
  if (child == 0) {
    if (chdir(places.project.c_str()) != 0 || setgid(kOwner) != 0 || setuid(kOwner) != 0) _exit(126);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, 1);
    execve("/usr/bin/git", const_cast<char* const*>(argv.data()), const_cast<char* const*>(environment));
    _exit(127);
  }
  int status = 0;
  if (waitpid(child, &status, 0) == child && status == 0) return {};
  return Fail(Code::kUnavailable, "git " + std::string(words[0]) + " failed", "install git (scripts/setup does)");
}

}  // namespace

Status MakeProject(const Places& places) {
  for (const char* name : {"", "/src", "/logs", "/secrets"}) {
    std::string path = places.project + name;
    if (mkdir(path.c_str(), 0755) != 0) return FailErrno("mkdir " + path);
    if (chown(path.c_str(), kOwner, kOwner) != 0) return FailErrno("chown " + path);
  }
  for (const File& file : kFiles) {
    mode_t mode = std::string_view(file.path).starts_with("secrets") ? 0600 : 0644;
    WARDER_TRY_STATUS(WriteTheFile(places.project + "/" + file.path, file.text, kOwner, mode));
  }
  // What a hostile repository would bring: a harmless name that leads to the key.
  std::string link = places.project + "/notes.txt";
  if (symlink("secrets/server.key", link.c_str()) != 0) return FailErrno("symlink " + link);
  if (lchown(link.c_str(), kOwner, kOwner) != 0) return FailErrno("lchown " + link);
  WARDER_TRY_STATUS(Git(places, {"init", "-q"}));
  WARDER_TRY_STATUS(Git(places, {"config", "user.name", "Agent for Dana"}));
  WARDER_TRY_STATUS(Git(places, {"config", "user.email", "agent@example.org"}));
  WARDER_TRY_STATUS(Git(places, {"add", "-A"}));
  return Git(places, {"commit", "-q", "-m", "Average of some numbers"});
}

Status WriteHost(const Places& places) {
  WARDER_TRY_STATUS(WriteTheFile(places.policy, std::string(DemoPolicy()), 0, 0644));
  std::string d = places.directory;
  std::string text =
      "host: 1\nname: demo\n"
      "paths: { state: " +
      places.state + ", run: " + places.run + ", stop-file: " + d +
      "/stop }\n"
      "identities: { broker: 1900070001, ledger: 1900070002, admin-group: " +
      std::to_string(kOperator) +
      ", session-uids: 1900000000..1900065535 }\n"
      "people:\n"
      "  - { who: \"user:0\", may: [status, sessions, policy, reload, drain, audit-read] }\n"
      "  - { who: \"user:" +
      std::to_string(kOperator) +
      "\", may: [status, sessions, approve] }\n"
      "bounds:\n  trees: [" +
      d +
      "/project]\n  roots: [host-usr]\n"
      "  limits: { wall: 5m, cpu: 5m, memory: 2GiB, pids: 256, disk: 4GiB, output: 8MiB }\n  jails: { running: 8 }\n"
      "policy:\n  owners: [root]\n  layers:\n    project: { demo: " +
      places.policy +
      " }\n"
      "agents:\n  demo:\n    uid: " +
      std::to_string(kAgent) +
      "\n    layers: { project: demo }\n"
      "    workspaces: [{ dir: " +
      places.project + ", owner: " + std::to_string(kOwner) +
      " }]\n"
      "    sessions: 4\n    approvers: [\"user:" +
      std::to_string(kOperator) +
      "\"]\n"
      "ledger: { dir: " +
      places.state +
      "/log, segment: 4MiB, free-space: { warn: 64MiB, refuse: 16MiB } }\n"
      "approvals: { timeout: 10s, waiting: 10, per-session: 5 }\n";
  return WriteTheFile(places.host_file, text, 0, 0644);
}

}  // namespace warder::cli::demo
