// Does warder-config answer as processes.md says, as a process of its own?
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/archive.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/owner_check.h"
#include "policy/policy.h"
#include "wire/config_answer.h"
#include "wire/host_plan.h"

namespace warder {
namespace {

struct Ran {
  int status = -1;
  std::string bytes;
};

// Starts it with descriptor 3 and 1 as warderd does.
Ran StartConfig(const std::string& input, std::vector<std::string> words) {
  int in = memfd_create("input", 0), out = memfd_create("answer", 0);
  EXPECT_TRUE(WriteAll(in, input));
  lseek(in, 0, SEEK_SET);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(out, 1);
    int moved = fcntl(in, F_DUPFD, 20);
    dup2(moved, 3);
    std::string program = std::string(WARDER_BIN_DIR) + "/warder-config";
    std::vector<char*> argv{program.data()};
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    char* environment[] = {nullptr};
    execve(program.c_str(), argv.data(), environment);
    _exit(99);
  }
  Ran ran;
  int status = 0;
  waitpid(pid, &status, 0);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  lseek(out, 0, SEEK_SET);
  ran.bytes = ReadAll(out, 64 << 20).value_or("");
  close(in);
  close(out);
  return ran;
}

wire::ConfigAnswer Answer(const std::string& input, std::vector<std::string> words) {
  Ran ran = StartConfig(input, std::move(words));
  EXPECT_EQ(ran.status, 0);
  auto answer = flat::DecodeMessage<wire::ConfigAnswer>(ran.bytes);
  EXPECT_TRUE(answer);
  return answer.value_or(wire::ConfigAnswer{});
}

constexpr const char* kPolicy =
    "policy: 1\nlayer: project\nid: t/x\nworkspace: { mode: direct }\n"
    "exec:\n  - { id: look, level: auto, argv: [ls, ...], match: [\"ls -l\"] }\n";

TEST(ConfigProgram, APolicyComesBackFlatAndBound) {
  auto answer = Answer(kPolicy, {"policy", "/etc/p.yaml"});
  ASSERT_TRUE(answer.ok) << answer.problems;
  auto policy = flat::DecodeMessage<policy::Policy>(answer.bytes);
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->file, "/etc/p.yaml");
  EXPECT_EQ(policy->digest, HashSha256(kPolicy));
  ASSERT_EQ(policy->programs.size(), 1u);
  ASSERT_FALSE(policy->programs[0].files.empty());
  struct stat status;
  ASSERT_EQ(stat("/usr/bin/ls", &status), 0);
  EXPECT_EQ(policy->programs[0].files[0].ino, status.st_ino);
  EXPECT_EQ(policy->programs[0].files[0].dev, status.st_dev);
}

TEST(ConfigProgram, ABadFileIsAnAnswerAndNoCrash) {
  for (const std::string& bytes : {std::string(","), std::string("policy: 1\npolicy: 1\n"), std::string(2 << 20, 'a'),
                                   std::string(), std::string(1 << 20, '['), "a: " + std::string(1 << 19, '{')}) {
    for (const char* what : {"policy", "host"}) {
      auto answer = Answer(bytes, {what, "F"});
      EXPECT_FALSE(answer.ok);
      EXPECT_TRUE(answer.problems.starts_with("F:")) << answer.problems;
      EXPECT_TRUE(answer.bytes.empty());
    }
  }
}

TEST(ConfigProgram, AFailingExampleRefusesThePolicy) {
  std::string text = kPolicy;
  text.replace(text.find("\"ls -l\""), 7, "\"rm -l\"");
  auto answer = Answer(text, {"policy", "F"});
  EXPECT_FALSE(answer.ok);
  EXPECT_NE(answer.problems.find("F:6:"), std::string::npos) << answer.problems;
}

TEST(ConfigProgram, ANameWithoutFileIsANoteAndAPinThatDiffersToo) {
  std::string text = kPolicy;
  text +=
      "  - { id: gone, level: auto, argv: [no-such-program, ...] }\n  - { id: pin, level: auto, "
      "argv: [pinned] }\n"
      "programs: { pinned: { path: /usr/bin/ls, sha256: " +
      std::string(64, '0') + " } }\n";
  auto answer = Answer(text, {"policy", "F"});
  ASSERT_TRUE(answer.ok) << answer.problems;
  EXPECT_NE(answer.notes.find("no-such-program"), std::string::npos);
  EXPECT_NE(answer.notes.find("not the pinned one"), std::string::npos);
  auto policy = flat::DecodeMessage<policy::Policy>(answer.bytes);
  ASSERT_TRUE(policy);
  for (const auto& program : policy->programs) EXPECT_EQ(program.files.empty(), program.name != "ls") << program.name;
}

TEST(ConfigProgram, LevelNotifySaysThatItTellsNobodyYet) {
  EXPECT_EQ(Answer(kPolicy, {"policy", "F"}).notes.find("notify"), std::string::npos);
  std::string rule = kPolicy, profile = kPolicy;
  rule.replace(rule.find("level: auto"), 11, "level: notify");
  profile += "default-profile: p\nprofiles: { p: { notify: [modify_file] } }\n";
  for (const std::string& text : {rule, profile}) {
    auto answer = Answer(text, {"policy", "F"});
    ASSERT_TRUE(answer.ok) << answer.problems;
    EXPECT_NE(answer.notes.find("tells nobody yet"), std::string::npos) << answer.notes;
  }
}

TEST(ConfigProgram, WrongUseIsMisuse) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{}, {"polcy", "F"}, {"policy"}, {"policy", "a", "b"}, {"host", "a", "b"}})
    EXPECT_EQ(StartConfig("host: 1\n", words).status, 2);
}

TEST(ConfigProgram, TheHostFileComesBackAsAPlan) {
  auto answer = Answer("host: 1\nidentities: { broker: 1800000001, ledger: 1800000002 }\n", {"host", "F"});
  ASSERT_TRUE(answer.ok) << answer.problems;
  auto plan = flat::DecodeMessage<wire::HostPlan>(answer.bytes);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->broker_uid, 1800000001u);
}

TEST(OwnerCheck, OnlyAFileThatNobodyElseWritesIsBelieved) {
  char path[] = "/tmp/warder_owner_XXXXXX";
  UniqueFd fd(mkstemp(path));
  ASSERT_TRUE(fd);
  uint32_t me[] = {geteuid()}, other[] = {geteuid() + 1};
  for (auto [mode, good] :
       {std::pair(0600, true), std::pair(0644, true), std::pair(0664, false), std::pair(0646, false)}) {
    fchmod(fd.get(), static_cast<mode_t>(mode));
    EXPECT_EQ(CheckOwner(fd.get(), me, "f").has_value(), good) << std::oct << mode;
  }
  fchmod(fd.get(), 0600);
  EXPECT_FALSE(CheckOwner(fd.get(), other, "f"));
  EXPECT_FALSE(CheckOwner(fd.get(), {}, "f"));
  UniqueFd directory(open("/tmp", O_RDONLY | O_DIRECTORY));
  uint32_t root[] = {0, geteuid()};
  EXPECT_FALSE(CheckOwner(directory.get(), root, "d"));
  unlink(path);
}

}  // namespace
}  // namespace warder
