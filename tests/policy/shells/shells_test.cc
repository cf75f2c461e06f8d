// Do bash and dash run what the reader accepts exactly as it was read?
//
// WARDER_SHELL_LINES=N compares N lines instead of 6,000, other ones each time; WARDER_SHELL_SEED=N repeats such a
// run.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "policy/line_words.h"
#include "tests/policy/shells/expect.h"
#include "tests/policy/shells/jail.h"
#include "tests/policy/shells/maker.h"

namespace warder::shells {
namespace {

using policy::CommandLine;
using policy::ReadLine;

struct Shell {
  const char* name;
  std::vector<std::string> argv;
};

const std::vector<Shell>& AllShells() {
  static const std::vector<Shell> shells = {
      {"dash", {"/usr/bin/dash", "-c"}},
      {"bash", {"/usr/bin/bash", "--norc", "--noprofile", "-c"}},
      {"bash --posix", {"/usr/bin/bash", "--norc", "--noprofile", "--posix", "-c"}},
      {"bash -O extglob", {"/usr/bin/bash", "--norc", "--noprofile", "-O", "extglob", "-c"}},
      {"bash in C.UTF-8", {"/usr/bin/bash", "--norc", "--noprofile", "-c"}},
      {"dash in C.UTF-8", {"/usr/bin/dash", "-c"}},
  };
  return shells;
}

struct Case {
  std::string text;
  Ground ground = Ground::kAll;
  Exits exits = "0";
  size_t bash = 1;  // of AllShells(): how bash is started for this line
  size_t dash = 0;
};

std::string Data(const std::string& path) {
  return ReadFile(std::string(WARDER_SOURCE_DIR) + "/" + path, 1 << 20).value_or("");
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (end > at && text[at] != '#') lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::string Column(const std::string& line, size_t column) {
  size_t at = 0;
  for (; column > 0; --column) at = line.find('\t', at) + 1;
  return line.substr(at, line.find('\t', at) - at);
}

// The attack lines, the fuzzer's seeds and what people write.
std::vector<std::string> Seeds() {
  std::vector<std::string> seeds;
  for (const std::string& line : LinesOf(Data("tests/data/attacks/one-liners.tsv"))) {
    std::string text = line.substr(line.find('\t') + 1);
    for (size_t at; (at = text.find('@')) != std::string::npos;) text.replace(at, 2, "m");
    seeds.push_back(std::move(text));
  }
  for (const std::string& line : LinesOf(Data("tests/data/lines/common.tsv"))) seeds.push_back(Column(line, 1));
  std::vector<std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(WARDER_SOURCE_DIR) + "/fuzz/corpus/command_line"))
    files.push_back(ReadFile(entry.path(), 1 << 20).value_or(""));
  std::sort(files.begin(), files.end());
  seeds.insert(seeds.end(), files.begin(), files.end());
  return seeds;
}

std::string Compare(Jail& jail, const Case& one, size_t shell) {
  const CommandLine line = ReadLine(one.text);
  if (line.opaque) return "";
  Expected expected = Expect(line, one.ground, one.exits);
  if (!expected.left_out.empty()) return "";
  expected.job.argv = AllShells()[shell].argv;
  expected.job.argv.push_back(one.text);
  expected.job.environment.push_back(shell >= 4 ? "LC_ALL=C.UTF-8" : "LC_ALL=C");
  const std::optional<Seen> seen = jail.Run(expected.job);
  return seen ? Difference(expected, *seen) : "the jail broke down";
}

// The shortest line near it that still differs, for people to read.
Case Shortened(Jail& jail, Case one, size_t shell) {
  for (size_t size = one.text.size() / 2; size > 0; size /= 2)
    for (size_t at = 0; at + size <= one.text.size();) {
      Case shorter = one;
      shorter.text.erase(at, size);
      if (Compare(jail, shorter, shell).empty())
        at += size;
      else
        one = std::move(shorter);
    }
  return one;
}

struct Findings {
  std::mutex mutex;
  std::vector<std::string> all;
  size_t compared = 0;
  std::string no_jail;
};

void Work(const std::vector<Case>& cases, std::atomic<size_t>& next, Findings& findings) {
  std::string why;
  std::unique_ptr<Jail> jail = Jail::Start(why);
  if (jail == nullptr) {
    const std::lock_guard lock(findings.mutex);
    findings.no_jail = why;
    return;
  }
  size_t compared = 0;
  for (size_t i; (i = next++) < cases.size(); ++compared)
    for (size_t shell : {cases[i].dash, cases[i].bash}) {
      if (Compare(*jail, cases[i], shell).empty()) continue;
      const Case one = Shortened(*jail, cases[i], shell);
      const std::string finding = std::string(AllShells()[shell].name) + ": " + ForTerminal(one.text) + "\n    " +
                                  Compare(*jail, one, shell) + " (exits " + one.exits + ")";
      const std::lock_guard lock(findings.mutex);
      if (findings.all.size() < 100) findings.all.push_back(finding);
    }
  const std::lock_guard lock(findings.mutex);
  findings.compared += compared;
}

// Nothing where there is no jail.
std::unique_ptr<Findings> RunAll(const std::vector<Case>& cases) {
  auto findings = std::make_unique<Findings>();
  std::atomic<size_t> next = 0;
  {
    std::vector<std::jthread> workers;
    for (size_t left = std::clamp(std::thread::hardware_concurrency(), 1u, 8u); left > 0; --left)
      workers.emplace_back([&] { Work(cases, next, *findings); });
  }
  return findings;
}

TEST(RealShells, RunRandomLinesAsTheyWereRead) {
  const char* wanted = std::getenv("WARDER_SHELL_LINES");
  const char* given_seed = std::getenv("WARDER_SHELL_SEED");
  const size_t lines = wanted == nullptr ? 6'000 : std::strtoull(wanted, nullptr, 10);
  const uint64_t seed = given_seed != nullptr ? std::strtoull(given_seed, nullptr, 10)
                        : wanted == nullptr   ? 1
                                              : std::random_device()();
  Maker maker(seed, Seeds());
  std::mt19937_64 random(seed);
  std::map<std::string, size_t> compared, left_out;
  std::vector<Case> cases;
  size_t made = 0;
  for (; cases.size() < lines; ++made) {
    ASSERT_LT(made, 50 * lines) << "nearly all lines are opaque";
    const Line line = maker.Next();
    const CommandLine read = ReadLine(line.text);
    if (read.opaque) continue;
    Case one{line.text, static_cast<Ground>(random() % 3), std::to_string(random() % 8)};
    one.bash = std::array<size_t, 8>{1, 1, 1, 4, 4, 4, 2, 3}[random() % 8];
    one.dash = random() % 2 == 0 ? 0 : 5;
    const Expected expected = Expect(read, one.ground, one.exits);
    if (!expected.left_out.empty()) {
      ++left_out[expected.left_out];
      continue;
    }
    for (const char* trap : line.traps) ++compared[trap];
    cases.push_back(std::move(one));
  }
  const std::unique_ptr<Findings> findings = RunAll(cases);
  if (!findings->no_jail.empty()) GTEST_SKIP() << findings->no_jail;
  std::cout << "seed " << seed << ": " << made << " lines made, " << findings->compared
            << " accepted and run by both shells\n";
  for (const auto& [why, count] : left_out) std::cout << "  left out: " << why << ": " << count << "\n";
  for (const char* trap : TrapClasses()) {
    std::cout << "  with " << trap << ": " << compared[trap] << "\n";
    EXPECT_GT(compared[trap], 0u) << trap << ": nothing was compared";
  }
  for (const std::string& finding : findings->all) ADD_FAILURE() << finding;
  EXPECT_EQ(findings->compared, cases.size());
}

// What a shell has within itself, it does not start as a program. Those that are no files are refused by the decision
// (policy::IsShellOnly); the others are the files of their names.
TEST(RealShells, BuiltinsAreKnownAndRefused) {
  std::string why;
  const std::unique_ptr<Jail> jail = Jail::Start(why);
  if (jail == nullptr) GTEST_SKIP() << why;
  Job job;
  job.environment = {"PATH=/stub", "STUB_EXITS=0"};
  job.argv = {"/usr/bin/bash", "--norc", "--noprofile", "-c", "compgen -b"};
  const std::optional<Seen> of_bash = jail->Run(job);
  ASSERT_TRUE(of_bash);
  std::vector<std::string> names = LinesOf(of_bash->output);
  EXPECT_GT(names.size(), 50u) << of_bash->errors;
  for (const char* of_dash : {"chdir", "local", "type", "times", "getopts", "ulimit"}) names.push_back(of_dash);
  for (const std::string& name : names) {
    if (name == "cd") continue;
    EXPECT_NE(policy::IsShellOnly(name), IsFileAndBuiltin(name)) << name;
    // PATH has none of them: what dash finds is its own.
    job.argv = {"/usr/bin/dash", "-c", "command -v -- \"$0\" || exit 1", name};
    const std::optional<Seen> of_dash = jail->Run(job);
    ASSERT_TRUE(of_dash);
    EXPECT_TRUE(of_dash->status != 0 || of_dash->output == name + "\n") << name;
  }
}

// Each variable that bash has of its own is handed on as it was assigned, or its assignment is opaque.
TEST(RealShells, NoVariableOfBashMakesADifference) {
  std::string why;
  const std::unique_ptr<Jail> jail = Jail::Start(why);
  if (jail == nullptr) GTEST_SKIP() << why;
  Job job;
  job.argv = {"/usr/bin/bash", "-c", "a() { local b; compgen -v; }; a; coproc :; wait; compgen -v"};
  const std::optional<Seen> seen = jail->Run(job);
  ASSERT_TRUE(seen);
  std::vector<std::string> names = LinesOf(seen->output);
  EXPECT_GT(names.size(), 40u) << seen->errors;
  for (const char* more : {"LANG", "LC_ALL", "LC_CTYPE", "ENV", "CDPATH", "HOME", "OLDPWD", "TMOUT", "GLOBIGNORE",
                           "HISTFILE", "HISTCONTROL", "INPUTRC", "REPLY", "READLINE_LINE", "TIMEFORMAT", "PS0", "PS3"})
    names.push_back(more);
  size_t compared = 0;
  for (const std::string& name : names)
    for (const char* value : {"", "x"})
      for (const char* after : {"", " | q"}) {
        const Case one{name + "=" + value + " p" + after, Ground::kBare, "0"};
        compared += !ReadLine(one.text).opaque;
        for (size_t shell : {0u, 1u, 2u})  // dash, bash, bash --posix
          EXPECT_EQ(Compare(*jail, one, shell), "") << AllShells()[shell].name << ": " << one.text;
      }
  EXPECT_GT(compared, 100u);
}

// The difference that docs/policy/command-lines.md names: a builtin of the shell beside the file that warder runs.
TEST(RealShells, ABuiltinIsNotTheFileOfItsName) {
  std::string why;
  const std::unique_ptr<Jail> jail = Jail::Start(why);
  if (jail == nullptr) GTEST_SKIP() << why;
  Job job;
  job.environment = {"PATH=/stub", "STUB_EXITS=0"};
  job.programs = {"echo"};
  job.argv = {"/usr/bin/dash", "-c", "echo 'a\\nb'"};
  const std::optional<Seen> seen = jail->Run(job);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->output, "a\nb\n") << "the builtin of dash";
  EXPECT_TRUE(seen->records.empty()) << "the file was not started";
  const CommandLine line = ReadLine(job.argv[2]);
  ASSERT_EQ(line.commands.size(), 1u);
  EXPECT_EQ(line.commands[0].argv, (std::vector<std::string>{"echo", "a\\nb"}));
  EXPECT_EQ(Expect(line, Ground::kBare, "0").left_out, "a program that is a builtin too");
}

// The comparison sees what it is there to see: a line that was read wrongly, in each of its parts.
TEST(RealShells, AWrongReadingIsFound) {
  std::string why;
  const std::unique_ptr<Jail> jail = Jail::Start(why);
  if (jail == nullptr) GTEST_SKIP() << why;
  const std::pair<const char*, const char*> run_and_read[] = {{"p a b", "p 'a b'"},
                                                              {"p; q", "p || q"},
                                                              {"p && q", "p || q"},
                                                              {"p | q", "p; q"},
                                                              {"p >f", "p >>f"},
                                                              {"p >f", "p >g"},
                                                              {"p >f 2>&1", "p 2>&1 >f"},
                                                              {"p >f 2>f", "p >f 2>&1"},
                                                              {"V=1 p", "V=2 p"},
                                                              {"V=1 p; V=1 q", "V=1 p; q"},
                                                              {"cd d && p", "p"},
                                                              {"p & q", "p; q"},
                                                              {"p | q | q", "p | q; q"},
                                                              {"p 3>f", "p"},
                                                              {"p; export V=1; q", "p; q"},
                                                              {"p 2>f", "p >f"},
                                                              {"p <>f", "p <f"},
                                                              {"p\nq", "p"},
                                                              {"p # q", "p '#' q"},
                                                              {"! p", "p"},
                                                              {"p $(q)", "p"},
                                                              {">f; p", "p"},
                                                              {"p $'a'", "p '$a'"},
                                                              {"exec >f; p", "p"}};
  for (const auto& [run, read] : run_and_read) {
    const CommandLine line = ReadLine(read);
    ASSERT_FALSE(line.opaque) << read;
    Expected expected = Expect(line, Ground::kBare, "0");
    expected.job.directories.push_back("/w/start/d");
    expected.tree["/w/start/d"] = true;
    expected.job.programs.insert(expected.job.programs.end(), {"p", "q"});
    std::sort(expected.job.programs.begin(), expected.job.programs.end());
    for (const char* shell : {"/usr/bin/bash", "/usr/bin/dash"}) {
      expected.job.argv = {shell, "-c", run};
      if (std::string_view(run) == "p $'a'" && std::string_view(shell).ends_with("dash")) continue;  // `$a` to dash
      const std::optional<Seen> seen = jail->Run(expected.job);
      ASSERT_TRUE(seen);
      EXPECT_NE(Difference(expected, *seen), "") << shell << " ran " << run << ", read as " << read;
    }
  }
}

}  // namespace
}  // namespace warder::shells
