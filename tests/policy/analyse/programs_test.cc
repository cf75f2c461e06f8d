// Does the table of programs hold what attacks use, and does a rule that lets it through get told?
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "policy/analyse/findings.h"
#include "policy/analyse/programs.h"
#include "policy/line.h"
#include "tests/policy/policy_files.h"

namespace warder::policy::lint {
namespace {

std::vector<std::string> Names(const KnownProgram& program) {
  std::vector<std::string> names;
  std::string text(program.names), name;
  for (char c : text + " ") {
    if (c != ' ') name += c;
    if (c != ' ' || name.empty()) continue;
    names.push_back(name);
    name.clear();
  }
  return names;
}

// A rule at `level` for this argv, as YAML; with more rules behind it.
std::vector<Found> LintRule(const std::string& argv, const std::string& more = {}, const std::string& level = "auto") {
  return Lint(Loaded("policy: 1\nlayer: project\nid: p\nexec:\n  - { id: r, level: " + level +
                     (level == "approve" ? ", why: Look." : "") + ", argv: " + argv + more + " }\n"));
}

std::set<std::string> Ids(const std::vector<Found>& found) {
  std::set<std::string> ids;
  for (const Found& one : found) ids.insert(std::string(one.id));
  ids.erase("no-examples");
  return ids;
}

std::string WitnessOf(const std::vector<Found>& found, std::string_view id) {
  const auto one = std::ranges::find(found, id, &Found::id);
  return one == found.end() ? "" : one->witness;
}

TEST(Programs, TheTableIsLargeAndEachLineIsWhole) {
  std::set<std::string> names;
  EXPECT_GE(KnownPrograms().size(), 40u);
  for (const KnownProgram* program : KnownPrograms()) {
    EXPECT_FALSE(program->source.empty()) << program->names;
    EXPECT_FALSE(program->means.empty()) << program->names;
    for (const std::string& name : Names(*program)) {
      EXPECT_TRUE(names.insert(name).second) << name << " is there twice";
      EXPECT_EQ(FindKnownProgram("/usr/bin/" + name), program) << name;
    }
    for (const Means& means : program->means) {
      const bool option = means.form == Form::kShort || means.form == Form::kLong || means.form == Form::kWord ||
                          means.form == Form::kGlued;
      EXPECT_EQ(option, !means.spelling.empty()) << program->names << " " << means.reason;
      EXPECT_EQ(means.form == Form::kLong,
                means.form != Form::kWord && means.form != Form::kGlued && means.spelling.starts_with("--"))
          << program->names << " " << means.spelling;
      EXPECT_TRUE(means.form != Form::kShort || means.spelling.size() == 2u) << program->names << " " << means.spelling;
      EXPECT_FALSE(means.reason.empty()) << program->names;
      const CommandLine line = ReadLine("x " + std::string(means.value));
      EXPECT_FALSE(line.opaque) << program->names << ": " << means.value;
      EXPECT_EQ(line.commands.size(), 1u) << program->names << ": " << means.value;
    }
  }
  EXPECT_EQ(FindKnownProgram("python3.11"), FindKnownProgram("python"));
  EXPECT_EQ(FindKnownProgram("gcc-12"), FindKnownProgram("gcc"));
  EXPECT_EQ(FindKnownProgram("cat"), nullptr);
  EXPECT_EQ(FindKnownProgram("7"), nullptr);
}

TEST(Programs, EachWithFreeArgumentsIsTold) {
  for (const KnownProgram* program : KnownPrograms())
    for (const std::string& name : Names(*program)) {
      const std::vector<Found> found = LintRule("[\"" + name + "\", ...]");
      const std::set<std::string> ids = Ids(found);
      EXPECT_TRUE(ids.contains("runs-others") || ids.contains("writes-files")) << name;
      // A person who sees each call is no hole.
      EXPECT_EQ(Ids(LintRule("[\"" + name + "\", ...]", "", "approve")), std::set<std::string>()) << name;
    }
}

// Each first word of the attack lines that is the danger itself, and not the shell around it.
TEST(Programs, KnowsWhatTheAttackLinesUse) {
  const std::set<std::string> harmless{"echo", "cat", "printf", "ls", "cd", "true", "mapfile", "date"};
  const std::string text =
      ReadFile(std::string(WARDER_SOURCE_DIR) + "/tests/data/attacks/one-liners.tsv", 1 << 20).value_or("");
  size_t looked = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const size_t tab = line.find('\t');
    if (line.starts_with('#') || tab == std::string::npos) continue;
    std::string word = line.substr(tab + 1);
    word = word.substr(0, word.find_first_of(" ;"));
    if (word.contains('=') || word.contains('@') || harmless.contains(word)) continue;
    ++looked;
    EXPECT_NE(FindKnownProgram(word), nullptr) << line;
  }
  EXPECT_GT(looked, 60u);
}

struct Case {
  const char* argv;
  const char* id;       // what is told; nullptr: nothing
  const char* witness;  // exactly; nullptr: not looked at
};

TEST(Programs, ADangerousArgumentIsFoundWhereTheProgramTakesIt) {
  const Case cases[] = {
      // Where free arguments stand.
      {"[find, ...]", "runs-others", "find -exec id ';'"},
      {"[find, { path: read }, { flags: [\"-name TEXT\"] }]", nullptr, nullptr},
      {"[find, { path: read }, { flags: [\"-name TEXT\", -delete] }]", "writes-files", "find x -delete"},
      {"[find, { path: read }, { flags: [\"-fprint WRITE\"] }]", nullptr, nullptr},
      {"[find, { path: read }, { flags: [\"-fprint READ\"] }]", "wrong-act", "find x -fprint out.txt"},
      {"[find, { path: read }, { flags: [\"-fprint TEXT\"] }]", "writes-files", nullptr},
      // Typed paths are judged, and others are not.
      {"[sort, { flags: [-r, \"-o WRITE\"] }, { path: read }]", nullptr, nullptr},
      {"[sort, { flags: [-r, \"--output=TEXT\"] }, { path: read }]", "writes-files", "sort --output=out.txt x"},
      {"[sort, { flags: [-r] }, { text: 20 }]", nullptr, nullptr},
      {"[uniq, { path: read }, { text: 20 }]", "writes-files", nullptr},
      {"[uniq, { path: read }, { path: write }]", nullptr, nullptr},
      {"[uniq, { path: read, repeat: 0..2 }]", "wrong-act", nullptr},
      {"[gzip, -dc, { path: read }]", nullptr, nullptr},
      {"[gzip, -d, { path: read }]", "wrong-act", nullptr},
      {"[rm, { path: write }]", "wrong-act", "rm f"},
      {"[rm, { path: delete }]", nullptr, nullptr},
      {"[tee, { path: write }]", nullptr, nullptr},
      {"[dd, { text: 40, repeat: 1..4 }]", "writes-files", nullptr},
      {"[dd, { re: \"if=[a-z]+\" }]", nullptr, nullptr},
      // The path that a rule sees is `@args`, the file that is read is args.
      {"[gcc, { flags: [-c] }, { path: read }]", "runs-others", "gcc @args"},
      {"[gcc, { flags: [-c, \"-wrapper TEXT\"] }, main.c]", "runs-others", "gcc -wrapper id main.c"},
      {"[gcc, { flags: [-c] }, main.c]", nullptr, nullptr},
      // Only where the program takes it: an option of git, and not of its command.
      {"[git, { text: 20 }, { flags: [\"-c TEXT\"] }]", "runs-others", "git x"},
      {"[git, switch, { flags: [\"-c TEXT\"] }]", nullptr, nullptr},
      {"[git, { flags: [\"-c TEXT\"] }, log]", "runs-others", "git -c core.pager=id log"},
      {"[git, [log, diff], { flags: [\"--output=TEXT\"] }]", "writes-files", "git log --output=out.txt"},
      {"[git, [status, commit], { flags: [\"--output=TEXT\"] }]", nullptr, nullptr},
      {"[git, [rev-parse, describe], ...]", nullptr, nullptr},
      {"[make, { flags: [\"-jINT\"] }, { re: \"[a-z]+\", repeat: 0..4 }]", nullptr, nullptr},
      {"[make, { flags: [\"-jINT\"] }, { re: \"[A-Za-z/=]+\", repeat: 0..4 }]", "runs-others", "make SHELL=/tmp/x"},
      // What programs start, and what those take.
      {"[timeout, { int: 1..99 }, ls, { path: read }]", nullptr, nullptr},
      {"[timeout, { int: 1..99 }, { text: 30 }]", "runs-others", "timeout 1 id"},
      {"[timeout, { int: 1..99 }, find, { path: read }, ...]", "runs-others", "timeout 1 find x -exec id ';'"},
      {"[nice, -n, { int: 1..19 }, sort, ...]", "runs-others", "nice -n 1 sort --compress-program id"},
      {"[env, \"A=b\", make, { flags: [\"--eval=TEXT\"] }]", "runs-others", nullptr},
      {"[xargs, wc, -l]", nullptr, nullptr},
      {"[xargs, sort, -r]", "runs-others", nullptr},  // its input holds arguments too
      {"[python3, -m, pytest, ...]", "runs-others", "python3 -m pytest -p evil"},
      {"[python3, -m, pytest, { flags: [-q] }]", nullptr, nullptr},
      // Code, files of code, no code.
      {"[awk, { text: 99 }, { path: read }]", "runs-others", "awk 'BEGIN{system(\"id\")}' x"},
      {"[awk, \"{print $1}\", { path: read }]", nullptr, nullptr},
      {"[sed, -n, { re: \"[0-9]+,[0-9]+p\" }, { path: read }]", nullptr, nullptr},
      {"[sed, --sandbox, { text: 99 }, { path: read }]", nullptr, nullptr},
      {"[bash]", "runs-others", "bash"},
      {"[sh, -c, { text: 99 }]", "runs-others", nullptr},
      {"[node, { path: read }]", "runs-file", "node x.js"},
      {"[node, build/tool.js, { text: 9 }]", nullptr, nullptr},
      {"[perl, { flags: [\"-e TEXT\"] }]", "runs-others", nullptr},
      {"[vim, { path: write }]", "runs-others", "vim '+!id'"},
      {"[ssh, { host: 22 }]", "runs-others", nullptr},
      {"[sqlite3, app.db, { text: 99 }]", "runs-others", "sqlite3 app.db '.shell id'"},
  };
  for (const Case& one : cases) {
    std::vector<Found> found = LintRule(one.argv);
    std::erase_if(found, [](const Found& f) {
      return f.id != "runs-others" && f.id != "writes-files" && f.id != "wrong-act" && f.id != "runs-file";
    });
    const std::set<std::string> ids = Ids(found);
    EXPECT_EQ(ids, one.id == nullptr ? std::set<std::string>() : std::set<std::string>{one.id})
        << one.argv << " " << WitnessOf(found, found.empty() ? "" : found[0].id);
    if (one.witness == nullptr || found.empty()) continue;
    EXPECT_EQ(found[0].witness, one.witness) << one.argv;
  }
}

TEST(Programs, NeverArgsThatMissOneAreToldWithTheCallThatGoesBy) {
  const std::string all = ", never-args: [-o, --output, -T, --temporary-directory, --compress-program]";
  EXPECT_EQ(Ids(LintRule("[sort, ...]", all)), std::set<std::string>{"deny-list"});
  const auto found = LintRule("[sort, ...]", ", never-args: [-o, --output, -T, --temporary-directory]");
  EXPECT_EQ(WitnessOf(found, "runs-others"), "sort --compress-program id");
}

TEST(Programs, AStricterRuleBesideItClosesTheHole) {
  const std::string rest =
      " }\n  - { id: no-files, forbid: No files of options., match: [\"gcc @x\"], argv: [gcc, { flags: [-c] }, { path: "
      "read, repeat: 0..4 }, { re: \"@.*\" }, ...]";
  EXPECT_TRUE(Ids(LintRule("[gcc, { flags: [-c] }, { path: read, repeat: 1..4 }]")).contains("runs-others"));
  EXPECT_FALSE(Ids(LintRule("[gcc, { flags: [-c] }, { path: read, repeat: 1..4 }]", rest)).contains("runs-others"));
}

TEST(Programs, TheLoosestProfileCounts) {
  const std::string policy = R"(policy: 1
layer: project
id: p
exec: [{ id: r, action: look, argv: [find, ...], match: [find], not-match: [x] }]
default-profile: careful
profiles: { careful: { approve: [look] }, fast: { auto: [look] } }
)";
  EXPECT_TRUE(Ids(Lint(Loaded(policy))).contains("runs-others"));
  std::string careful = policy;
  careful.replace(careful.find("auto: [look]"), 12, "forbid: [look]");
  EXPECT_FALSE(Ids(Lint(Loaded(careful))).contains("runs-others"));
}

}  // namespace
}  // namespace warder::policy::lint
