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
Ran StartConfig(const std::vector<std::string>& inputs, std::vector<std::string> words) {
  int out = memfd_create("answer", 0);
  std::vector<UniqueFd> in;
  for (const std::string& input : inputs) in.push_back(SealedMemory("input", input).value_or(UniqueFd()));
  pid_t pid = fork();
  if (pid == 0) {
    dup2(out, 1);
    std::vector<int> moved;
    for (const UniqueFd& fd : in) moved.push_back(fcntl(fd.get(), F_DUPFD, 20));
    for (size_t i = 0; i < moved.size(); ++i) dup2(moved[i], 3 + static_cast<int>(i));
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
  close(out);
  return ran;
}

wire::ConfigAnswer Answer(const std::string& input, std::vector<std::string> words) {
  Ran ran = StartConfig({input}, std::move(words));
  EXPECT_EQ(ran.status, 0);
  auto answer = flat::DecodeMessage<wire::ConfigAnswer>(ran.bytes);
  EXPECT_TRUE(answer);
  return answer.value_or(wire::ConfigAnswer{});
}

constexpr const char* kPolicy =
    "policy: 1\nlayer: project\nid: t/x\nworkspace: { mode: direct }\n"
    "exec:\n  - { id: look, level: auto, argv: [ls, ...], match: [\"ls -l\"] }\n";

TEST(ConfigProgram, APolicyComesBackFlatAndBound) {
  auto answer = Answer(kPolicy, {"policy", "project", "/etc/p.yaml"});
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

TEST(ConfigProgram, AFileThatSaysAnotherLayerThanItIsNamedAsIsRefused) {
  auto answer = Answer(kPolicy, {"policy", "org", "F"});
  EXPECT_FALSE(answer.ok);
  EXPECT_NE(answer.problems.find("named as the org layer"), std::string::npos) << answer.problems;
}

TEST(ConfigProgram, ABadFileIsAnAnswerAndNoCrash) {
  for (const std::string& bytes : {std::string(","), std::string("policy: 1\npolicy: 1\n"), std::string(2 << 20, 'a'),
                                   std::string(), std::string(1 << 20, '['), "a: " + std::string(1 << 19, '{')}) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"policy", "project", "F"}, {"host", "F"}}) {
      auto answer = Answer(bytes, words);
      EXPECT_FALSE(answer.ok);
      EXPECT_TRUE(answer.problems.starts_with("F:")) << answer.problems;
      EXPECT_TRUE(answer.bytes.empty());
    }
  }
}

// Of these policies, each as its own layer, together.
wire::ConfigAnswer Together(const std::vector<std::pair<std::string, std::string>>& layers) {
  std::vector<std::string> inputs, words{"layers"};
  for (const auto& [layer, text] : layers) {
    auto alone = Answer(text, {"policy", layer, layer + ".yaml"});
    EXPECT_TRUE(alone.ok) << alone.problems;
    inputs.push_back(alone.bytes);
    words.push_back(layer + ".yaml");
  }
  Ran ran = StartConfig(inputs, words);
  EXPECT_EQ(ran.status, 0);
  auto answer = flat::DecodeMessage<wire::ConfigAnswer>(ran.bytes);
  EXPECT_TRUE(answer);
  return answer.value_or(wire::ConfigAnswer{});
}

constexpr const char* kOrg =
    "policy: 1\nlayer: org\nid: t/org\nunmatched: { exec: pass }\n"
    "exec:\n  - { id: nothing, forbid: Not here., argv: [rm, ...], match: [\"rm -l\"] }\n"
    "tests:\n  - { run: \"rm x\", expect: forbid, by: nothing }\n";

TEST(ConfigProgram, AFailingExampleRefusesThePolicy) {
  std::string text = kPolicy;
  text.replace(text.find("\"ls -l\""), 7, "\"rm -l\"");
  auto answer = Together({{"project", text}});
  EXPECT_FALSE(answer.ok);
  EXPECT_NE(answer.problems.find("project.yaml:6:"), std::string::npos) << answer.problems;
}

TEST(ConfigProgram, LayersAreTestedTogether) {
  auto both = Together({{"org", kOrg}, {"project", kPolicy}});
  EXPECT_TRUE(both.ok) << both.problems;
  EXPECT_EQ(both.bytes, "");
  // What the org allows and the project does not is stricter, never looser: it is told and refuses nothing.
  std::string stricter =
      std::string(kPolicy) + "  - { id: no-rm, forbid: Never., argv: [ls, -l], match: [\"ls -l\"] }\n";
  stricter += "tests:\n  - { run: \"ls -a\", expect: auto, by: look }\n";
  std::string org =
      "policy: 1\nlayer: org\nid: t/org\nunmatched: { exec: pass }\n"
      "exec:\n  - { id: no-ls, forbid: Never., argv: [ls, -a], match: [\"ls -a\"] }\n";
  auto narrowed = Together({{"org", org}, {"project", stricter}});
  EXPECT_TRUE(narrowed.ok) << narrowed.problems;
  EXPECT_NE(narrowed.notes.find("project.yaml:9:"), std::string::npos) << narrowed.notes;
  // A test of the org that holds in no project is the org's fault, and refuses.
  std::string wrong = kOrg;
  wrong.replace(wrong.rfind("expect: forbid, by: nothing"), 27, "expect: auto");
  EXPECT_FALSE(Together({{"org", wrong}, {"project", kPolicy}}).ok);
}

TEST(ConfigProgram, LayersThatDoNotAgreeAreRefused) {
  const std::string pin = "programs: { tool: { path: /usr/bin/ls, sha256: ";
  auto pinned = [&](const std::string& text, char digit) { return text + pin + std::string(64, digit) + " } }\n"; };
  auto answer = Together({{"org", pinned(kOrg, '0')}, {"project", pinned(kPolicy, '1')}});
  EXPECT_FALSE(answer.ok);
  // An action that no layer has, and a default that no host holds to, are seen with all layers only.
  const std::string profile = "default-profile: p\nprofiles: { p: { auto: [no_such_action] } }\n";
  EXPECT_NE(Together({{"org", kOrg + profile}, {"project", kPolicy}}).problems.find("org.yaml:"), std::string::npos);
  std::string silent = kPolicy;
  silent.erase(silent.find("workspace:"), silent.find("exec:") - silent.find("workspace:"));
  EXPECT_NE(Together({{"org", kOrg}, {"project", silent}}).problems.find("copy-on-write"), std::string::npos);
  EXPECT_TRUE(Together({{"org", std::string(kOrg) + "workspace: { mode: direct }\n"}, {"project", silent}}).ok);
}

TEST(ConfigProgram, WhatNoLoaderWroteIsNoLayer) {
  for (const std::string& bytes : {std::string(), std::string("policy: 1\n"), std::string(4096, '\0')}) {
    Ran ran = StartConfig({bytes}, {"layers", "F"});
    auto answer = flat::DecodeMessage<wire::ConfigAnswer>(ran.bytes);
    EXPECT_TRUE(ran.status == 3 || (answer && !answer->ok)) << ran.status;
  }
}

TEST(ConfigProgram, ANameWithoutFileIsANoteAndAPinThatDiffersToo) {
  std::string text = kPolicy;
  text +=
      "  - { id: gone, level: auto, argv: [no-such-program, ...] }\n  - { id: pin, level: auto, "
      "argv: [pinned] }\n"
      "programs: { pinned: { path: /usr/bin/ls, sha256: " +
      std::string(64, '0') + " } }\n";
  auto answer = Answer(text, {"policy", "project", "F"});
  ASSERT_TRUE(answer.ok) << answer.problems;
  EXPECT_NE(answer.notes.find("no-such-program"), std::string::npos);
  EXPECT_NE(answer.notes.find("not the pinned one"), std::string::npos);
  auto policy = flat::DecodeMessage<policy::Policy>(answer.bytes);
  ASSERT_TRUE(policy);
  for (const auto& program : policy->programs) EXPECT_EQ(program.files.empty(), program.name != "ls") << program.name;
}

TEST(ConfigProgram, LevelNotifySaysThatItTellsNobodyYet) {
  EXPECT_EQ(Answer(kPolicy, {"policy", "project", "F"}).notes.find("notify"), std::string::npos);
  std::string rule = kPolicy, profile = kPolicy;
  rule.replace(rule.find("level: auto"), 11, "level: notify");
  profile += "default-profile: p\nprofiles: { p: { notify: [modify_file] } }\n";
  for (const std::string& text : {rule, profile}) {
    auto answer = Answer(text, {"policy", "project", "F"});
    ASSERT_TRUE(answer.ok) << answer.problems;
    EXPECT_NE(answer.notes.find("tells nobody yet"), std::string::npos) << answer.notes;
  }
}

TEST(ConfigProgram, WrongUseIsMisuse) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"polcy", "project", "F"},
                                                {"policy"},
                                                {"policy", "a"},
                                                {"policy", "a", "b", "c"},
                                                {"host"},
                                                {"host", "a", "b"},
                                                {"layers"}})
    EXPECT_EQ(StartConfig({"host: 1\n"}, words).status, 2);
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
