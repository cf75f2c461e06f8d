// Is any of the attack lines allowed by a policy that allows its first word with harmless
// arguments?
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/policy/policy_files.h"
#include "tests/policy/policy_maker.h"

namespace warder::policy {
namespace {

using namespace maker;

struct Attack {
  std::string name, line;
};

std::vector<Attack> Attacks() {
  std::vector<Attack> attacks;
  const std::string text =
      ReadFile(std::string(WARDER_SOURCE_DIR) + "/tests/data/attacks/one-liners.tsv", 1 << 20).value_or("");
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    const size_t tab = line.find('\t');
    if (line.starts_with('#') || tab == std::string::npos) continue;
    Attack attack{line.substr(0, tab), line.substr(tab + 1)};
    for (const auto& [mark, path] : {std::pair<std::string, std::string>{"@M", "/outside/marker"},
                                     {"@H", "/outside/helper"},
                                     {"@D", "/outside/dir"}})
      for (size_t i; (i = attack.line.find(mark)) != std::string::npos;) attack.line.replace(i, 2, path);
    attacks.push_back(std::move(attack));
  }
  return attacks;
}

// The first word behind assignments, as a first-word allowlist takes it.
std::string FirstWord(const std::string& line) {
  size_t at = 0;
  for (;;) {
    while (at < line.size() && line[at] == ' ') ++at;
    size_t end = at;
    for (bool quoted = false; end < line.size() && (quoted || line[end] != ' '); ++end)
      if (line[end] == '\'') quoted = !quoted;
    const std::string word = line.substr(at, end - at);
    if (!word.contains('=') || end >= line.size()) return word;
    at = end;
  }
}

Policy HarmlessPolicy(const std::vector<Attack>& attacks) {
  Policy p;
  for (const Attack& attack : attacks)
    p.exec.push_back(Rule("r" + std::to_string(p.exec.size()), {Words({FirstWord(attack.line)}), Words({"--version"})},
                          Level::kAuto));
  // And calls that the lines themselves make on their way: what is left must fall to redirections,
  // environment and the other parts.
  const std::vector<std::vector<std::string>> also = {{"ls"},
                                                      {"echo", "x"},
                                                      {"echo", "f"},
                                                      {"echo", "a"},
                                                      {"less", "f"},
                                                      {"man", "ls"},
                                                      {"cat", "f"},
                                                      {"true"},
                                                      {"bash", "-c", "true"},
                                                      {"python3", "-c", "0"},
                                                      {"date", "-f", "/etc/hostname"},
                                                      {"git", "status"},
                                                      {"git", "stash", "-q"}};
  for (const std::vector<std::string>& argv : also) {
    std::vector<Element> pattern;
    for (const std::string& word : argv) pattern.push_back(Words({word}));
    p.exec.push_back(Rule("also" + std::to_string(p.exec.size()), std::move(pattern), Level::kAuto));
  }
  p.paths.push_back(Under("ws", Level::kAuto, kAll, "${workspace}"));
  Bind(p);
  return p;
}

TEST(Attacks, NoneIsAllowedByItsFirstWord) {
  const std::vector<Attack> attacks = Attacks();
  ASSERT_EQ(attacks.size(), 111u);
  const Policy p = HarmlessPolicy(attacks);
  for (const Attack& attack : attacks) {
    const Decision d = Ask(p, Line(attack.line));
    EXPECT_GT(d.level, Level::kNotify) << attack.name << ": " << attack.line << ": " << d.rule;
    // As the argv of a shell it fares no better.
    Call call;
    call.line = ReadArgv({"bash", "-c", attack.line});
    EXPECT_GT(Ask(p, call).level, Level::kNotify) << attack.name;
    // The same policy does allow the harmless call, so it is not just a policy that allows nothing.
    EXPECT_EQ(Ask(p, Line(FirstWord(attack.line) + " --version")).level, Level::kAuto) << attack.name;
  }
}

// Each name is the file that it is bound to; one that is bound to nothing here stands for a file of its own. So the
// answer does not hang on what is installed.
Policy Bound(const std::string& file) {
  Policy p = Loaded(ReadText(file), file);
  for (Program& program : p.programs) program.files.clear();
  uint64_t next = 1000;
  for (Program& program : p.programs)
    program.files.push_back(
        {program.name[0] == '/' ? program.name : "/usr/bin/" + program.name, 1, next++, std::nullopt});
  return p;
}

// As a host sees a command whose program is a script: npm and pytest are decided as their interpreters.
Call WithScripts(Call call) {
  for (SimpleCommand& command : call.line.commands) {
    if (command.argv[0] == "npm")
      command = AsInterpreter(command, "/usr/bin/env", "node", "/usr/lib/node_modules/npm/bin/npm-cli.js");
    if (command.argv[0] == "pytest") command = AsInterpreter(command, "/usr/bin/python3", "", "/usr/bin/pytest");
  }
  return call;
}

TEST(Attacks, NoStarterPolicyAllowsOne) {
  const std::vector<Attack> attacks = Attacks();
  ASSERT_EQ(attacks.size(), 111u);
  size_t policies = 0;
  for (const auto& file : FilesIn("policies")) {
    const Policy p = Bound(file);
    ++policies;
    std::vector<std::string> profiles{""};
    for (const Profile& profile : p.profiles) profiles.push_back(profile.name);
    for (const Attack& attack : attacks)
      for (const std::string& profile : profiles) {
        const Decision d = Ask(p, Line(attack.line), profile);
        EXPECT_GT(d.level, Level::kNotify) << file << " " << profile << ": " << attack.name << ": " << attack.line;
        EXPECT_GT(Ask(p, WithScripts(Line(attack.line)), profile).level, Level::kNotify) << file << ": " << attack.name;
        Call shell;
        shell.line = ReadArgv({"bash", "-c", attack.line});
        EXPECT_GT(Ask(p, shell, profile).level, Level::kNotify) << file << " " << profile << ": " << attack.name;
      }
    EXPECT_EQ(Ask(p, Line("ls")).level, Level::kAuto)
        << file << ": it allows something, so the attacks prove something";
  }
  EXPECT_GE(policies, 10u);
}

// A starter has at least ten tests of what it must refuse or ask about.
TEST(Attacks, EachStarterPolicyHasTenOfItsOwn) {
  for (const auto& file : FilesIn("policies")) {
    const Policy p = Loaded(ReadText(file), file);
    const auto refused =
        std::ranges::count_if(p.tests, [](const policy::Test& test) { return test.expect >= Level::kApprove; });
    EXPECT_GE(refused, 10) << file;
  }
}

TEST(Attacks, TheLayerThatSaysNo) {
  const Policy p = HarmlessPolicy(Attacks());
  const std::pair<const char*, const char*> cases[] = {{"LESSOPEN='|touch /outside/m;cat %s' less f", "environment"},
                                                       {"PAGER='touch /outside/m' man ls", "environment"},
                                                       {"LD_PRELOAD=./p.so ls", "environment"},
                                                       {"PYTHONPATH=p python3 -c 0", "environment"},
                                                       {"BASH_ENV=/outside/h bash -c true", "environment"},
                                                       {"date -f /etc/hostname 2> /outside/m", "no-path"},
                                                       {"echo x > /outside/m", "no-path"},
                                                       {"echo x | tee /outside/m", "no-rule"},
                                                       {"echo $(touch /outside/m)", "no-rule"},
                                                       {"cat <(touch /outside/m)", "no-rule"},
                                                       {"echo x &>/outside/m", "no-rule"},
                                                       {"git -c alias.x='!touch /outside/m' x", "no-rule"},
                                                       {"git status\ntouch /outside/m", "no-rule"}};
  for (const auto& [line, rule] : cases) EXPECT_EQ(Ask(p, Line(line)).rule, rule) << line;
}

}  // namespace
}  // namespace warder::policy
