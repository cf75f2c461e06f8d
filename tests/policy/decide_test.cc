// Does the decision keep its promises, for each case of the language and for random policies?
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "tests/policy/policy_maker.h"

namespace warder::policy {
namespace {

using namespace maker;

const Flag kN{FlagForm::kSeparate, "-n", FlagValue::kInt};
const Flag kDashes{FlagForm::kExact, "--", FlagValue::kNone};

Policy Example() {
  g_line = 1;
  Policy p;
  p.exec.push_back(Rule(
      "git-read",
      {Words({"git"}), Words({"status", "diff", "log"}), Flags({{FlagForm::kExact, "--oneline", FlagValue::kNone}, kN}),
       Regex("[A-Za-z0-9][A-Za-z0-9_.~/-]*", 0, 2), Flags({kDashes}), Path(Act::kRead, 0, 16)},
      std::nullopt, "git_status"));
  p.exec.push_back(Rule("git-push", {Words({"git"}), Words({"push"}), Words({"origin"}), Regex("[a-z0-9/_-]+")},
                        Level::kApprove, "git_push"));
  p.exec.back().approval = ApprovalTerms{2, 60'000, std::nullopt};
  p.exec.push_back(
      Rule("push-to-main", {Words({"git"}), Words({"push"}), Words({"origin"}), Words({"main"})}, Level::kForbid));
  p.exec.push_back(Rule("rg", {Words({"rg"}), Text(256), Path(Act::kRead, 0, 8)}, std::nullopt, "read_file"));
  p.exec.push_back(Rule(
      "rm",
      {Words({"rm"}), Flags({{FlagForm::kBundle, "rf", FlagValue::kNone}}), Words({"--"}), Path(Act::kDelete, 1, 64)},
      std::nullopt, "delete_file"));
  p.exec.push_back(Rule("make", {Words({"make"}), Regex("[a-z]+", 0, 4)}, Level::kAuto));
  p.exec.back().limits = Limits{};
  p.exec.back().limits->wall_ms = 600'000;
  p.exec.push_back(Rule("sort", {Words({"sort"}), Rest()}, Level::kAuto));
  p.exec.back().never_args = {"-o", "--output", "-T"};
  p.exec.push_back(Rule("no-privilege", {Words({"sudo", "su"}), Rest()}, Level::kForbid));
  p.exec.push_back(Rule("plain", {Words({"plain"})}, std::nullopt));
  p.paths.push_back(Under("ws", Level::kAuto, kReadWrite, "${workspace}"));
  p.paths.push_back(Under("ws-delete", Level::kNotify, kDeleteOnly, "${workspace}"));
  p.paths.push_back(Globs("protected", Level::kForbid, kWriteDelete, {"${workspace}/.git/hooks/**"}));
  p.paths.push_back(Globs("secrets", Level::kForbid, kAll, {"**/.env*", "**/*.key"}, {"**/.env.example"}));
  p.default_profile = "dev";
  Profile dev;
  dev.name = "dev";
  dev.actions = {{"read_file", Level::kAuto},     {"list_directory", Level::kAuto}, {"git_status", Level::kAuto},
                 {"create_file", Level::kNotify}, {"modify_file", Level::kNotify},  {"delete_file", Level::kNotify},
                 {"git_push", Level::kApprove}};
  dev.where = {100, 1};
  Profile alone;
  alone.name = "unattended";
  alone.based_on = "dev";
  alone.otherwise = Level::kForbid;
  alone.approve_becomes_forbid = true;
  alone.where = {110, 1};
  p.profiles = {dev, alone};
  p.limits.wall_ms = 120'000;
  p.environment_pass = {"CI", "PAGER"};
  Bind(p);
  return p;
}

struct Case {
  const char* line;
  Level level;
  const char* rule;
  const char* word;  // of the answer to the agent
};

TEST(Decide, CommandLines) {
  const Policy p = Example();
  const Case cases[] = {
      {"git status", Level::kAuto, "git-read", "allows"},
      {"git log --oneline -n 5", Level::kAuto, "git-read", ""},
      {"git diff HEAD~1 -- src/a.c", Level::kAuto, "git-read", ""},
      {"git diff HEAD -- /etc/passwd", Level::kForbid, "no-path", "read is allowed under /ws"},
      {"git -c core.pager=sh log", Level::kForbid, "no-rule", "not `-c`"},
      {"git diff --output=/etc/x", Level::kForbid, "no-rule", "--oneline"},
      {"git push origin feature/retry", Level::kApprove, "git-push", "asks a person"},
      {"git push origin main", Level::kForbid, "push-to-main", "not here"},
      {"git push --force origin x", Level::kForbid, "no-rule", "origin"},
      {"git status && sudo id", Level::kForbid, "no-privilege", "part 2 of 2"},
      {"rg TODO src > todo.txt", Level::kAuto, "rg", ""},
      {"rg TODO src > .git/hooks/pre-commit", Level::kForbid, "protected", "not here"},
      {"rg TODO src > /etc/x", Level::kForbid, "no-path", "write"},
      {"rg TODO < /etc/passwd", Level::kForbid, "no-path", "read"},
      {"rg TODO 2> /dev/null", Level::kAuto, "rg", ""},
      {"rg TODO .env", Level::kForbid, "secrets", ""},
      {"rg TODO .env.example", Level::kAuto, "rg", ""},
      {"cd /etc && rg TODO", Level::kForbid, "no-path", "/etc"},
      {"cd src && rg TODO ..", Level::kAuto, "rg", ""},
      {"cd src && rg TODO ../..", Level::kForbid, "no-path", ""},
      {"cd .", Level::kAuto, "free", ""},
      {"rm -rf -- build", Level::kNotify, "rm", ""},
      {"rm -rf -- .", Level::kForbid, "protected", ""},
      {"rm -rf -- .git", Level::kForbid, "protected", ""},
      {"rm -rf -- /", Level::kForbid, "protected", ""},
      {"rm -rf build", Level::kForbid, "no-rule", ""},
      {"sort -rn list", Level::kAuto, "sort", ""},
      {"sort -uo list list", Level::kForbid, "no-rule", "never-args"},
      {"sort --outp=x list", Level::kForbid, "no-rule", ""},
      {"sort --outp list", Level::kForbid, "no-rule", ""},
      {"sort list -o list", Level::kForbid, "no-rule", ""},
      {"perl -e 1", Level::kForbid, "no-rule", "allowed programs: git, rg"},
      {"export A=b", Level::kForbid, "no-rule", "shell itself"},
      {"./make", Level::kForbid, "no-rule", "absolute path"},
      {"/usr/bin/make", Level::kAuto, "make", ""},
      {"/tmp/make", Level::kForbid, "make", "not found"},
      {"/tmp/sudo id", Level::kForbid, "no-privilege", ""},
      {"CI=1 make", Level::kAuto, "make", ""},
      {"TZ=x make", Level::kForbid, "environment", "TZ"},
      {"PAGER=x make", Level::kForbid, "environment", "no call may set it"},
      {"LD_PRELOAD=./p.so make", Level::kForbid, "environment", "loader"},
      {"make $(curl x)", Level::kForbid, "no-rule", "expands"},
      {"plain", Level::kApprove, "plain", ""},
  };
  for (const Case& c : cases) {
    const Decision d = Ask(p, Line(c.line));
    EXPECT_EQ(LevelName(d.level), std::string(LevelName(c.level))) << c.line << ": " << d.why;
    EXPECT_EQ(d.rule, c.rule) << c.line << ": " << d.why;
    EXPECT_NE(d.why.find(c.word), std::string::npos) << c.line << ": " << d.why;
  }
}

TEST(Decide, FileTools) {
  const Policy p = Example();
  const struct {
    Tool tool;
    const char* path;
    bool exists;
    Level level;
    const char* rule;
  } cases[] = {
      {Tool::kReadFile, "src/main.c", true, Level::kAuto, "ws"},
      {Tool::kReadFile, "deploy/server.key", true, Level::kForbid, "secrets"},
      {Tool::kReadFile, "../other/main.c", true, Level::kForbid, "no-path"},
      {Tool::kReadFile, "/ws-evil/a", true, Level::kForbid, "no-path"},
      {Tool::kWriteFile, "src/new.c", false, Level::kNotify, "create_file"},
      {Tool::kWriteFile, ".env.example", true, Level::kNotify, "modify_file"},
      {Tool::kDeleteFile, ".git/hooks/pre-commit", true, Level::kForbid, "protected"},
      {Tool::kDeleteFile, ".git", true, Level::kForbid, "protected"},
      {Tool::kDeleteFile, "build", true, Level::kNotify, "ws-delete"},
      {Tool::kRestoreFile, "build", false, Level::kNotify, "create_file"},
      {Tool::kListDirectory, ".", true, Level::kAuto, "ws"},
      {Tool::kNone, "", true, Level::kAuto, "own-session"},
  };
  for (const auto& c : cases) {
    const Call call = File(c.tool, c.path);
    const Decision d = Decide(p, call, Lookup(p, call, c.exists), "");
    EXPECT_EQ(LevelName(d.level), std::string(LevelName(c.level))) << c.path << ": " << d.why;
    EXPECT_EQ(d.rule, c.rule) << c.path << ": " << d.why;
  }
}

TEST(Decide, ProfilesAndTerms) {
  const Policy p = Example();
  Decision d = Ask(p, Line("git push origin x"), "unattended");
  EXPECT_EQ(d.level, Level::kForbid);
  EXPECT_EQ(d.rule, "git-push");
  EXPECT_EQ(Ask(p, Line("git status"), "unattended").level, Level::kAuto);
  EXPECT_EQ(Ask(p, Line("git status"), "nobody").rule, "profile");
  EXPECT_EQ(Ask(p, File(Tool::kNone, ""), "nobody").level, Level::kForbid);
  d = Ask(p, Line("git push origin x"));
  EXPECT_EQ(d.approval.people, 2u);
  EXPECT_EQ(d.approval.expires_ms, 60'000u);
  EXPECT_EQ(d.action, "git_push");
  EXPECT_EQ(Ask(p, Line("make")).limits.wall_ms, 600'000u);
  EXPECT_EQ(Ask(p, Line("make && git status")).limits.wall_ms, 120'000u);
  Policy without = p;
  without.profiles.clear();
  without.default_profile.clear();
  EXPECT_EQ(Ask(without, Line("git status")).level, Level::kApprove);
  EXPECT_EQ(Ask(without, Line("make")).level, Level::kAuto);
  EXPECT_EQ(Ask(without, File(Tool::kReadFile, "a")).level, Level::kAuto);
  without.profiles.push_back({"a", {}, "a", std::nullopt, false, {}});
  EXPECT_EQ(Ask(without, Line("make"), "a").level, Level::kForbid) << "a profile based on itself";
}

TEST(Decide, AReasonIsAskedForByAction) {
  Policy p = Example();
  p.require_reason = {"git_push", "delete_file"};
  Call call = Line("git push origin x");
  call.reason = " \n";
  EXPECT_EQ(Ask(p, call).rule, "reason");
  call.reason = "the fix is ready";
  EXPECT_EQ(Ask(p, call).level, Level::kApprove);
  EXPECT_EQ(Ask(p, File(Tool::kDeleteFile, "build")).rule, "reason");
  EXPECT_EQ(Ask(p, Line("git status")).level, Level::kAuto);
}

TEST(Decide, TheWorkingDirectoryIsRead) {
  const Policy p = Example();
  Call call = Line("rg TODO ../x");
  call.directory = "src/deep";
  EXPECT_EQ(Ask(p, call).level, Level::kAuto);
  call.directory = "/etc";
  EXPECT_EQ(Ask(p, call).rule, "no-path");
  call.directory = "src";
  call.line = ReadLine("make");
  Facts facts = Lookup(p, call);
  facts.paths[0].is_directory = false;
  EXPECT_EQ(Decide(p, call, facts, "").level, Level::kForbid);
}

// What each look-up may say, one at a time: nothing but the true file runs.
TEST(Decide, AFailingRuleForbids) {
  const Policy p = Example();
  const Call call = Line("make");
  const Facts good = Lookup(p, call);
  ASSERT_EQ(Decide(p, call, good, "").level, Level::kAuto);
  const std::pair<const char*, void (*)(ProgramFact&)> breaks[] = {
      {"not found", [](ProgramFact& f) { f.found = false; }},
      {"other inode", [](ProgramFact& f) { ++f.ino; }},
      {"other device", [](ProgramFact& f) { ++f.dev; }},
      {"a script", [](ProgramFact& f) { f.is_script = true; }},
      {"not executable", [](ProgramFact& f) { f.executable = false; }},
      {"not readable", [](ProgramFact& f) { f.readable = false; }}};
  for (const auto& [what, spoil] : breaks) {
    Facts bad = good;
    spoil(bad.programs[0]);
    const Decision d = Decide(p, call, bad, "");
    EXPECT_EQ(d.level, Level::kForbid) << what;
    EXPECT_EQ(d.rule, "make") << what;
  }
  Policy pinned = p;
  for (Program& program : pinned.programs)
    if (program.name == "make") program.sha256 = HashSha256("make");
  Facts facts = Lookup(pinned, call);
  EXPECT_TRUE(Want(pinned, call).programs[0].want_sha256);
  EXPECT_EQ(Decide(pinned, call, facts, "").level, Level::kForbid) << "no digest was looked up";
  facts.programs[0].sha256 = HashSha256("evil");
  EXPECT_EQ(Decide(pinned, call, facts, "").level, Level::kForbid);
  facts.programs[0].sha256 = HashSha256("make");
  EXPECT_EQ(Decide(pinned, call, facts, "").level, Level::kAuto);
  // Never for other programs.
  EXPECT_EQ(Ask(pinned, Line("git status")).level, Level::kAuto);

  Policy broken = Example();
  broken.exec[5].argv[1] = Regex("(");
  EXPECT_EQ(Ask(broken, Line("make")).rule, "make") << "a pattern that does not compile";
  EXPECT_EQ(Ask(broken, Line("git status")).level, Level::kAuto);

  const Call path = Line("rg TODO gone/x");
  Facts unresolved = Lookup(p, path);
  unresolved.paths[0].resolved = false;
  EXPECT_EQ(Decide(p, path, unresolved, "").rule, "rg");
  unresolved = Lookup(p, path);
  for (const char* bad : {"", "src", "/ws/../etc", "/ws//a", "/ws/a/"}) {
    unresolved.paths[0].path = bad;
    EXPECT_EQ(Decide(p, path, unresolved, "").level, Level::kForbid) << bad;
  }
  Facts few = good;
  few.programs.clear();
  EXPECT_EQ(Decide(p, call, few, "").rule, "facts");
  Facts star = Lookup(p, path);
  star.workspace = "/w*";
  EXPECT_EQ(Decide(p, path, star, "").level, Level::kForbid);
}

// Forbidding needs only one of: name, file name, inode, digest.
TEST(Decide, ForbiddingNeedsNoIdentity) {
  Policy p = Example();
  p.exec.push_back(Rule("mine", {Words({"mine"}), Rest()}, Level::kAuto));
  Bind(p);
  const Call call = Line("mine id");
  const Facts good = Lookup(p, call);
  ASSERT_EQ(Decide(p, call, good, "").level, Level::kAuto);
  Facts facts = good;
  facts.programs[0].path = "/opt/sudo";
  EXPECT_EQ(Decide(p, call, facts, "").rule, "no-privilege") << "the file's name";
  for (Program& program : p.programs)
    if (program.name == "sudo") program.files[0].ino = good.programs[0].ino;
  EXPECT_EQ(Decide(p, call, good, "").rule, "no-privilege") << "the file's inode";
  p = Example();
  p.exec.push_back(Rule("mine", {Words({"mine"}), Rest()}, Level::kAuto));
  Bind(p);
  for (Program& program : p.programs)
    if (program.name == "sudo") program.sha256 = HashSha256("sudo");
  EXPECT_TRUE(Want(p, call).programs[0].want_sha256);
  facts = good;
  facts.programs[0].sha256 = HashSha256("sudo");
  EXPECT_EQ(Decide(p, call, facts, "").rule, "no-privilege") << "a copy";
}

TEST(Decide, AScriptIsItsInterpreter) {
  Policy p = Example();
  p.exec.push_back(Rule("python", {Words({"python3"}), Path(Act::kRead), Text(99, 0, 9)}, Level::kAuto));
  p.exec.push_back(Rule("no-deploy", {Words({"deploy"}), Rest()}, Level::kForbid));
  Bind(p);
  auto rewritten = [&](const char* line, const char* file) {
    Call call = Line(line);
    call.line.commands[0] = AsInterpreter(call.line.commands[0], "/usr/bin/python3", "", file);
    return Ask(p, call);
  };
  EXPECT_EQ(rewritten("tool a b", "/ws/tool").level, Level::kAuto);
  EXPECT_EQ(rewritten("tool a b", "/opt/tool").rule, "no-path") << "the script is read";
  EXPECT_EQ(rewritten("deploy now", "/ws/x").rule, "no-deploy") << "called so";
  EXPECT_EQ(rewritten("tool now", "/ws/deploy").rule, "no-deploy") << "the file is named so";
}

// ---- random policies and calls, fixed seeds
// -----------------------------------------------------------

struct Random {
  std::mt19937 engine;
  explicit Random(unsigned seed) : engine(seed) {}
  size_t Below(size_t n) { return engine() % n; }
  bool Coin() { return Below(2) == 0; }
};

const std::vector<std::string> kPrograms = {"a", "b", "c"};
const std::vector<std::string> kWords = {"x", "y", "src/f", ".env", "/etc/p"};
const std::vector<std::string> kActions = {"read_file", "build", "push"};

Level AnyLevel(Random& r) { return static_cast<Level>(r.Below(4)); }

Policy AnyPolicy(Random& r) {
  Policy p;
  for (size_t i = 0; i < 1 + r.Below(6); ++i) {
    std::vector<Element> argv = {Words({kPrograms[r.Below(3)]})};
    for (size_t e = 0; e < r.Below(3); ++e)
      argv.push_back(r.Coin() ? Words({kWords[r.Below(5)]}) : Path(static_cast<Act>(r.Below(3)), 0, 2));
    if (r.Coin()) argv.push_back(Rest());
    std::optional<Level> level;
    if (r.Coin()) level = AnyLevel(r);
    p.exec.push_back(Rule("e" + std::to_string(i), std::move(argv), level, r.Coin() ? kActions[r.Below(3)] : ""));
  }
  for (size_t i = 0; i < r.Below(4); ++i)
    p.paths.push_back(
        r.Coin() ? Under("p" + std::to_string(i), AnyLevel(r), static_cast<uint8_t>(1 + r.Below(7)),
                         r.Coin() ? "${workspace}" : "/etc")
                 : Globs("g" + std::to_string(i), AnyLevel(r), static_cast<uint8_t>(1 + r.Below(7)), {"**/.env*"}));
  if (r.Coin()) {
    Profile profile;
    profile.name = p.default_profile = "d";
    for (const std::string& action : kActions)
      if (r.Coin()) profile.actions.emplace_back(action, AnyLevel(r));
    if (r.Coin()) profile.otherwise = AnyLevel(r);
    p.profiles.push_back(profile);
  }
  Bind(p);
  return p;
}

Call AnyCall(Random& r) {
  std::string line;
  for (size_t i = 0; i < 1 + r.Below(3); ++i) {
    if (i > 0) line += r.Coin() ? " && " : " | ";
    line += r.Below(8) == 0 ? "d" : kPrograms[r.Below(3)];
    for (size_t w = 0; w < r.Below(4); ++w) line += " " + kWords[r.Below(5)];
    if (r.Below(4) == 0) line += " > " + kWords[r.Below(5)];
  }
  return Line(line);
}

constexpr int kRounds = 1000;

TEST(DecideProperty, NoRuleNoLeave) {
  Random r(1);
  int without = 0;
  for (int i = 0; i < kRounds; ++i) {
    Policy p = AnyPolicy(r);
    const Call call = AnyCall(r);
    // Take away every rule for the program of one part: the whole line is forbidden.
    const std::string gone = call.line.commands[r.Below(call.line.commands.size())].argv[0];
    std::erase_if(p.exec, [&](const ExecRule& rule) { return rule.argv[0].words[0] == gone; });
    EXPECT_EQ(Ask(p, call).level, Level::kForbid) << call.opaque_text;
    ++without;
  }
  EXPECT_EQ(without, kRounds);
}

TEST(DecideProperty, StrictestWins) {
  Random r(2);
  int looser = 0;
  for (int i = 0; i < kRounds; ++i) {
    const Policy p = AnyPolicy(r);
    const Call call = AnyCall(r);
    const Decision d = Ask(p, call);
    Level most = Level::kAuto;
    for (const Applied& applied : d.applied) most = std::max(most, applied.level);
    EXPECT_EQ(d.level, most);
    // A line is as strict as its strictest part alone.
    Level parts = Level::kAuto;
    for (const SimpleCommand& command : call.line.commands) {
      Call one = call;
      one.line.commands = {command};
      one.line.commands[0].join = Join::kFirst;
      parts = std::max(parts, Ask(p, one).level);
    }
    EXPECT_EQ(d.level, parts) << call.opaque_text;
    looser += d.level < Level::kForbid;
  }
  EXPECT_GT(looser, kRounds / 50) << "the random calls must also be allowed sometimes";
}

TEST(DecideProperty, ForbidBeatsEveryGrant) {
  Random r(3);
  int was_allowed = 0;
  for (int i = 0; i < kRounds; ++i) {
    Policy p = AnyPolicy(r);
    const Call call = AnyCall(r);
    was_allowed += Ask(p, call).level < Level::kForbid;
    const std::string& name = call.line.commands[r.Below(call.line.commands.size())].argv[0];
    const auto at = p.exec.begin() + static_cast<ptrdiff_t>(r.Below(p.exec.size() + 1));
    p.exec.insert(at, Rule("never", {Words({name}), Rest()}, Level::kForbid));
    Bind(p);
    EXPECT_EQ(Ask(p, call).level, Level::kForbid) << call.opaque_text;
  }
  EXPECT_GT(was_allowed, kRounds / 50);
}

TEST(DecideProperty, OrderAndRepetitionDoNotMatter) {
  Random r(4);
  for (int i = 0; i < kRounds; ++i) {
    const Policy p = AnyPolicy(r);
    const Call call = AnyCall(r);
    Policy other = p;
    std::shuffle(other.exec.begin(), other.exec.end(), r.engine);
    std::shuffle(other.paths.begin(), other.paths.end(), r.engine);
    other.exec.push_back(other.exec[r.Below(other.exec.size())]);
    if (!other.paths.empty()) other.paths.push_back(other.paths[r.Below(other.paths.size())]);
    const Decision a = Ask(p, call), b = Ask(other, call);
    EXPECT_EQ(a.level, b.level) << call.opaque_text;
    EXPECT_EQ(a.rule, b.rule) << call.opaque_text;
  }
}

TEST(DecideProperty, AProfileNeverGoesBelowTheFloor) {
  Random r(5);
  for (int i = 0; i < kRounds; ++i) {
    Policy p = AnyPolicy(r);
    Profile lax;
    lax.name = "lax";
    lax.otherwise = Level::kAuto;
    for (const std::string& action : kActions) lax.actions.emplace_back(action, Level::kAuto);
    p.profiles.push_back(lax);
    const Call call = AnyCall(r);
    const Decision d = Ask(p, call, "lax");
    for (const Applied& applied : d.applied)
      for (const ExecRule& rule : p.exec)
        if (rule.id == applied.id && rule.level) {
          EXPECT_GE(applied.level, *rule.level);
          EXPECT_GE(d.level, *rule.level);
        }
  }
}

TEST(Decide, IsCheap) {
  Policy p = Example();
  for (int i = 0; i < 100; ++i)
    p.exec.push_back(Rule("r" + std::to_string(i), {Words({"p" + std::to_string(i)}), Regex("[a-z]+", 0, 4)},
                          i % 2 == 0 ? Level::kForbid : Level::kAuto));
  Bind(p);
  const Call call = Line("git diff HEAD~1 -- src/a.c");
  const Facts facts = Lookup(p, call);
  ASSERT_EQ(Decide(p, call, facts, "").level, Level::kAuto);
  constexpr int kTimes = 500;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kTimes; ++i) (void)Decide(p, call, facts, "");
  const auto each =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start) / kTimes;
  RecordProperty("decide_ns", static_cast<int>(each.count()));
  EXPECT_LT(each.count(), 5'000'000) << "a debug or sanitizer build on a busy machine still has this";
}

}  // namespace
}  // namespace warder::policy
