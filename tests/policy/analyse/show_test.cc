// Is what is shown of a policy what it means?
#include "policy/analyse/show.h"

#include "policy/analyse/layout.h"
#include "policy/analyse/meaning.h"
#include "tests/policy/policy_files.h"

namespace warder::policy {
namespace {

TEST(Show, LoadsToTheSameMeaningAndIsLaidOut) {
  size_t files = 0;
  for (const char* folder : {"policies", "policies/example", "tests/data/policies/good", "tests/data/policies/golden"})
    for (const auto& file : FilesIn(folder))
      for (const bool defaults : {false, true}) {
        const Policy policy = Loaded(ReadText(file), file.string());
        const std::string shown = ShowPolicy(policy, defaults);
        EXPECT_EQ(Meaning(Loaded(shown, file.string())), Meaning(policy)) << file << "\n" << shown;
        EXPECT_EQ(LayOut("F", shown).value_or("not laid out"), shown) << file;
        ++files;
      }
  EXPECT_GT(files, 12u);
}

TEST(Show, WritesTheShorthandOut) {
  const std::string text = R"(policy: 1
layer: project
id: log-analyzer
allowed_actions: { read: [/var/log/**, /app/logs/**], execute: [grep, tail] }
forbidden: [rm, sudo]
resource_limits: { max_file_size_read: 100MB, max_command_duration: 60s, max_concurrent_commands: 3 }
network: { allowed_hosts: ["metrics.internal:9090"] }
)";
  EXPECT_EQ(ShowPolicy(Loaded(text), false), R"(policy: 1
layer: project
id: log-analyzer
exec:
  - id: allowed-execute
    level: auto
    argv: [[grep, tail], ...]
    network: [allowed-hosts-9090]
  - id: forbidden-programs
    forbid: "This policy forbids the program."
    argv: [[rm, sudo], ...]
inside: { no-rule: forbid, approve: forbid }
paths:
  - { id: allowed-read, level: auto, may: [read], match: ["/var/log/**", "/app/logs/**"] }
network:
  - { id: allowed-hosts-9090, level: auto, hosts: [metrics.internal], ports: [9090] }
limits: { wall: 1m, read-file: 100MB, concurrent: 3 }
)");
}

TEST(Show, AProfileTakesInWhatItIsBasedOn) {
  const std::string text = R"(policy: 1
layer: project
id: a/b
exec:
  - { id: ls, action: look_at, argv: [ls] }
default-profile: day
profiles:
  day: { auto: [look_at], approve: [create_file], otherwise: notify }
  night: { based-on: day, forbid: [look_at], approve-becomes: forbid }
tests:
  - { run: ls, expect: auto }
  - { run: ls, profile: night, expect: forbid }
)";
  const Policy night = WithProfile(Loaded(text), "night");
  EXPECT_NE(ShowPolicy(night, false).find(R"(default-profile: night
profiles:
  night: { approve: [create_file], forbid: [look_at], otherwise: notify, approve-becomes: forbid }
tests:
  - { run: ls, profile: night, expect: forbid }
)"),
            std::string::npos)
      << ShowPolicy(night, false);
  EXPECT_TRUE(RunExamples(Loaded(ShowPolicy(night, false))).empty());
  EXPECT_EQ(WithProfile(Loaded(text), "day").tests.size(), 1u);
}

TEST(Show, SaysWhatCountsForAbsentKeys) {
  const std::string shown = ShowPolicy(Loaded("policy: 1\nlayer: project\nid: a\nworkspace: { mode: direct }\n"), true);
  for (const char* line : {"# workspace, apply: auto\n", "# inside: both forbid\n", "# session: none\n"})
    EXPECT_NE(shown.find(line), std::string::npos) << line << shown;
}

}  // namespace
}  // namespace warder::policy
