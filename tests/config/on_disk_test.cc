// Does `host check` see what warderd would refuse: ceilings, owners, modes, policies, workspaces?
#include "config/on_disk.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

namespace warder::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPolicy =
    "policy: 1\nlayer: project\nid: t/x\nworkspace: { mode: direct }\n"
    "exec:\n  - { id: look, level: auto, argv: [ls, ...], match: [\"ls -l\"] }\n"
    "default-profile: work\nprofiles:\n  work: { auto: [read_file] }\n";

// Everything that a host file names, as it must be; each test spoils one thing.
class OnDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "files of root and of others are made by root alone";
    char pattern[] = "/srv/warder-check.XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    directory_ = pattern;
    ASSERT_EQ(chmod(pattern, 0755), 0);
    fs::create_directory(directory_ / "ws");
    ASSERT_EQ(chown((directory_ / "ws").c_str(), 1900090001, 1900090001), 0);
    Write("policy.yaml", kPolicy);
    WriteHost("uid: 1900090002", "profile: work", "ws");
  }
  void TearDown() override {
    if (!directory_.empty()) fs::remove_all(directory_);
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
    ASSERT_EQ(chmod((directory_ / name).c_str(), 0644), 0);
  }
  void WriteHost(const std::string& uid, const std::string& profile, const std::string& workspace) {
    const std::string d = directory_;
    Write("warder.yaml", "host: 1\npaths: { state: " + d + "/state, run: " + d + "/run, stop-file: " + d +
                             "/stop }\nidentities: { broker: 1900090003, ledger: 1900090004, admin-group: 0 }\n" +
                             "bounds: { trees: [" + d + "] }\npolicy: { layers: { project: { p: " + d +
                             "/policy.yaml } } }\nagents:\n  tester:\n    " + uid +
                             "\n    layers: { project: p }\n    " + profile + "\n    workspaces: [{ dir: " + d + "/" +
                             workspace + ", owner: 1900090001 }]\n");
  }
  static std::string Ids() { return "identities: { broker: 1900090003, ledger: 1900090004, admin-group: 0 }\n"; }
  // What is wrong, one line a problem, without the directory's name.
  std::string Wrong() {
    const std::string file = directory_ / "warder.yaml";
    Result<HostResult> host = LoadHostFileAt(file);
    if (!host) return host.error().what;
    if (!host->problems.empty()) return "does not load: " + host->Describe(file);
    std::string text;
    for (const PlacedProblem& p : CheckOnDisk(*host, file).problems)
      text += fs::path(p.file).filename().string() + ":" + std::to_string(p.problem.where.line) + ": " +
              p.problem.what + "; " + p.problem.remedy + "\n";
    return text;
  }
  fs::path directory_;
};

TEST_F(OnDiskTest, AHostThatServesHasNoProblem) { EXPECT_EQ(Wrong(), ""); }

TEST_F(OnDiskTest, WhatWarderdRefusesIsSaidWithItsPlace) {
  struct Case {
    const char* name;
    std::function<void()> spoil;
    std::string says;
  };
  const Case cases[] = {
      {"an agent that is root", [&] { WriteHost("uid: 0", "profile: work", "ws"); },
       "warder.yaml:8:10: uid 0 is no agent"},
      {"a workspace in the system",
       [&] { Write("warder.yaml", "host: 1\nname: x\nbounds: { limits: { wall: 48h } }\n" + Ids()); },
       "warder.yaml:1: host file: bounds.limits beyond"},
      {"no policy", [&] { fs::remove(directory_ / "policy.yaml"); }, "warder.yaml:9: the policy "},
      {"a policy that others write", [&] { chmod((directory_ / "policy.yaml").c_str(), 0666); }, "chmod go-w "},
      {"a policy of a stranger", [&] { ASSERT_EQ(chown((directory_ / "policy.yaml").c_str(), 1900090001, 0), 0); },
       "is owned by uid 1900090001"},
      {"a policy behind a symlink",
       [&] {
         fs::rename(directory_ / "policy.yaml", directory_ / "real.yaml");
         fs::create_symlink(directory_ / "real.yaml", directory_ / "policy.yaml");
       },
       "leads through a symlink"},
      {"a policy that does not load", [&] { Write("policy.yaml", "policy: 1\npolicy: 1\n"); }, "policy.yaml:2: "},
      {"a policy whose example fails",
       [&] {
         std::string text = kPolicy;
         Write("policy.yaml", text.replace(text.find("ls -l"), 5, "rm -l"));
       },
       "policy.yaml:6: "},
      {"a policy that no host can hold to",
       [&] {
         std::string text = kPolicy;
         Write("policy.yaml", text.replace(text.find("direct"), 6, "copy-on-write"));
       },
       "policy.yaml:4: "},
      {"a host file that others write", [&] { chmod((directory_ / "warder.yaml").c_str(), 0666); }, "warder.yaml:1: "},
      {"a profile that is not there", [&] { WriteHost("uid: 1900090002", "profile: wrok", "ws"); },
       "warder.yaml:10: no profile \"wrok\""},
      {"no workspace", [&] { WriteHost("uid: 1900090002", "profile: work", "elsewhere"); },
       "warder.yaml:11: the workspace "},
      {"a workspace of another", [&] { ASSERT_EQ(chown((directory_ / "ws").c_str(), 1900090009, 0), 0); },
       "belongs to uid 1900090009, and `owner` says 1900090001"},
      {"a state directory of another",
       [&] {
         fs::create_directory(directory_ / "state");
         ASSERT_EQ(chown((directory_ / "state").c_str(), 1900090009, 0), 0);
       },
       "warder.yaml:2: "},
  };
  for (const Case& c : cases) {
    fs::remove_all(directory_);
    SetUp();
    c.spoil();
    const std::string wrong = Wrong();
    EXPECT_NE(wrong.find(c.says), std::string::npos) << c.name << ": " << wrong;
    fs::remove_all(directory_);
  }
}

}  // namespace
}  // namespace warder::config
