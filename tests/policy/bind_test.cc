// Are names bound to the right files, and to none where they should not?
#include "policy/bind.h"

#include <gtest/gtest.h>

#include <map>

namespace warder::policy {
namespace {

class FakeDisk : public ProgramLookup {
 public:
  std::map<std::string, BoundFile> files;
  std::map<std::string, std::string> scripts;
  std::string ScriptLine(const std::string& path) override { return scripts[path]; }
  Result<BoundFile> Look(const std::string& path, bool want_sha256) override {
    auto file = files.find(path);
    if (file == files.end()) return Fail(Code::kNotFound, path);
    BoundFile found = file->second;
    if (!want_sha256) found.sha256.reset();
    return found;
  }
};

Digest AllBytes(uint8_t value) {
  Digest digest;
  digest.fill(value);
  return digest;
}

TEST(Bind, UndeclaredNamesAreLookedUpInTheSystemsDirectoriesOnly) {
  FakeDisk disk;
  disk.files["/usr/bin/make"] = {"/usr/bin/make", 1, 10, {}};
  disk.files["/bin/make"] = {"/usr/bin/make", 1, 10, {}};  // merged /usr: the same file
  disk.files["/usr/local/bin/tool"] = {"/usr/local/bin/tool", 1, 11, {}};
  disk.files["/opt/x"] = {"/opt/x", 1, 12, {}};
  Policy policy;
  for (const char* name : {"make", "tool", "/opt/x"}) {
    Program program;
    program.name = name;
    policy.programs.push_back(program);
    ExecRule rule;
    rule.level = Level::kAuto;
    rule.argv.emplace_back().words = {name};
    policy.exec.push_back(rule);
  }
  Program forbidden;
  forbidden.name = "sudo";  // missed by no rule: forbidding needs no file
  policy.programs.push_back(forbidden);
  auto notes = BindPrograms(policy, disk);
  ASSERT_EQ(policy.programs[0].files.size(), 1u);
  EXPECT_EQ(policy.programs[0].files[0].ino, 10u);
  EXPECT_TRUE(policy.programs[1].files.empty());
  ASSERT_EQ(policy.programs[2].files.size(), 1u);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].what.find("tool"), std::string::npos);
}

TEST(Bind, AScriptThatARuleAllowsIsToldWithItsInterpreter) {
  FakeDisk disk;
  disk.files["/usr/bin/npm"] = {"/usr/lib/npm-cli.js", 1, 10, {}};
  disk.files["/usr/bin/npx"] = {"/usr/lib/npx-cli.js", 1, 11, {}};
  disk.scripts["/usr/lib/npm-cli.js"] = "/usr/bin/env\tnode";
  disk.scripts["/usr/lib/npx-cli.js"] = "/usr/bin/env node";
  Policy policy;
  for (const auto& [name, level] : {std::pair("npm", Level::kAuto), std::pair("npx", Level::kForbid)}) {
    policy.programs.emplace_back().name = name;
    ExecRule& rule = policy.exec.emplace_back();
    rule.level = level;
    rule.argv.emplace_back().words = {name};
  }
  const auto notes = BindPrograms(policy, disk);
  ASSERT_EQ(notes.size(), 1u) << "forbidding a script by its name works";
  EXPECT_NE(notes[0].what.find("\"npm\" is a script"), std::string::npos) << notes[0].what;
  EXPECT_EQ(notes[0].remedy, "write `argv: [env, node, /usr/lib/npm-cli.js, …]`");
}

TEST(Bind, APinThatDiffersBindsNothing) {
  FakeDisk disk;
  disk.files["/a/tool"] = {"/a/tool", 1, 10, AllBytes(1)};
  disk.files["/b/tool"] = {"/b/tool", 1, 11, AllBytes(2)};
  disk.files["/c/tool"] = {"/c/tool", 1, 12, std::nullopt};  // could not be read
  Program program;
  program.name = "tool";
  program.declared = true;
  program.paths = {"/a/tool", "/c/tool"};
  program.sha256 = AllBytes(2);
  Policy policy;
  policy.programs.push_back(program);
  auto notes = BindPrograms(policy, disk);
  EXPECT_TRUE(policy.programs[0].files.empty());
  EXPECT_EQ(notes.size(), 2u);
  policy.programs[0].paths.push_back("/b/tool");
  BindPrograms(policy, disk);
  ASSERT_EQ(policy.programs[0].files.size(), 1u);
  EXPECT_EQ(policy.programs[0].files[0].ino, 11u);
}

// A name that is declared is that file and no other, whatever /usr/bin holds.
TEST(Bind, ADeclaredNameIsNotLookedUpElsewhere) {
  FakeDisk disk;
  disk.files["/usr/bin/tool"] = {"/usr/bin/tool", 1, 10, {}};
  Program program;
  program.name = "tool";
  program.declared = true;
  program.paths = {"/opt/tool"};
  Policy policy;
  policy.programs.push_back(program);
  EXPECT_EQ(BindPrograms(policy, disk).size(), 1u);
  EXPECT_TRUE(policy.programs[0].files.empty());
}

}  // namespace
}  // namespace warder::policy
