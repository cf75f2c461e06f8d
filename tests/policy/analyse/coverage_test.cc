// Is it told which rules no example and no test meets, and which decide nothing?
#include "policy/analyse/coverage.h"

#include "tests/policy/policy_files.h"

namespace warder::policy {
namespace {

const char* const kPolicyText = R"(policy: 1
layer: project
id: a/b
exec:
  - { id: sort, action: look_at, argv: [sort, ...], never-args: [-o, --output], match: [sort a], not-match: [sort -o x] }
  - { id: rg, action: look_at, argv: [rg, { path: read }] }
  - { id: no-su, forbid: Never., argv: [su, ...], match: [su root] }
paths:
  - { id: ws, level: auto, may: [read, write], under: "${workspace}" }
  - { id: keys, forbid: Never., may: [read, write], match: ["**/*.key"], unless: ["**/public.key", "**/demo.key"] }
network:
  - { id: web, level: auto, hosts: [example.com], ports: [443] }
  - { id: other, level: auto, hosts: [other.example], ports: [443] }
default-profile: day
profiles:
  day: { auto: [look_at, read_file], approve: [http_request], forbid: [delete_file] }
  night: { based-on: day, otherwise: forbid }
windows:
  - { id: hours, actions: [look_at], outside: "Mon-Fri 08:00-18:00 Europe/Berlin", level: approve }
tests:
)";

std::string Line(const Covered& c) { return c.id + (c.entry.empty() ? "" : ":" + c.entry); }

std::vector<std::string> Unmet(const std::string& tests, bool undecided) {
  const Policy policy = Loaded(kPolicyText + tests);
  const PolicySet set(policy);
  const Trials trials(set);
  EXPECT_TRUE(RunExamples(trials).empty()) << RunExamples(trials)[0].what;
  std::vector<std::string> names;
  for (const Covered& c : Coverage(trials, {}))
    if (undecided ? c.decided == 0 : c.met == 0) names.push_back(Line(c));
  return names;
}

TEST(Coverage, NamesWhatNothingMeets) {
  EXPECT_EQ(
      Unmet("  - { run: sort a, expect: auto }\n", false),
      (std::vector<std::string>{"sort:--output", "rg", "ws", "keys", "keys:**/public.key", "keys:**/demo.key", "web",
                                "other", "day:read_file", "day:http_request", "day:delete_file", "hours"}));
  EXPECT_EQ(Unmet("  - { tool: read_file, path: public.key, expect: auto }\n", false),
            (std::vector<std::string>{"sort:--output", "rg", "keys", "keys:**/demo.key", "web", "other", "day:look_at",
                                      "day:http_request", "day:delete_file", "hours"}));
  EXPECT_EQ(Unmet("  - { run: sort --outp=x, profile: night, expect: forbid }\n"
                  "  - { tool: read_file, path: a.key, profile: night, expect: forbid }\n"
                  "  - { tool: http_request, url: \"https://example.com/\", profile: night, expect: approve }\n"
                  "  - { run: rg public.key, at: \"Sun 09:00\", expect: approve, by: hours }\n"
                  "  - { run: rg demo.key, at: \"Mon 09:00\", expect: auto, by: rg }\n",
                  false),
            (std::vector<std::string>{"other", "day:delete_file"}));
}

TEST(Coverage, NamesWhatIsMetAndDecidesNothing) {
  // The window decides, and nothing else at its level.
  EXPECT_EQ(Unmet("  - { run: rg a, at: \"Sun 09:00\", expect: approve, by: hours }\n", true),
            (std::vector<std::string>{"sort", "sort:--output", "rg", "no-su", "ws", "keys", "keys:**/public.key",
                                      "keys:**/demo.key", "web", "other", "day:look_at", "day:read_file",
                                      "day:http_request", "day:delete_file"}));
}

TEST(Coverage, CountsAnExampleOrTestOnce) {
  const Policy policy = Loaded(std::string(kPolicyText) + "  - { run: sort a | sort b, expect: auto, by: sort }\n");
  const PolicySet set(policy);
  const std::vector<Covered> all = Coverage(Trials(set), {});
  ASSERT_EQ(Line(all[0]), "sort");
  EXPECT_EQ(all[0].met, 3u) << "two examples and one test";
  EXPECT_EQ(all[0].decided, 1u);
}

TEST(TestsFile, IsReadAsStrictlyAsAPolicy) {
  const Policy policy = Loaded(std::string(kPolicyText) + "  - { run: sort a, expect: auto }\n");
  const PolicySet set(policy);
  auto problems = [&](const std::string& text) {
    std::string all;
    for (const LoadProblem& problem : LoadTests(text, set).problems) all += problem.what + ";";
    return all;
  };
  EXPECT_EQ(problems("tests: [{ run: sort a, expect: auto, by: sort, profile: night }]\n"), "");
  EXPECT_NE(problems("tests: [{ run: sort a, expect: auto, by: sotr }]\n").find("\"sotr\" is no rule"),
            std::string::npos);
  EXPECT_NE(problems("tests: [{ run: sort a, expect: auto, profile: nigth }]\n").find("\"nigth\""), std::string::npos);
  EXPECT_NE(problems("tests: [{ run: sort a }]\n").find("without `expect`"), std::string::npos);
  EXPECT_NE(problems("tests: []\n").find("an empty list"), std::string::npos);
  EXPECT_NE(problems("policy: 1\ntests: [{ run: sort a, expect: auto }]\n").find("\"policy\" is not a key"),
            std::string::npos);
  EXPECT_NE(problems("tests: [{ run: a, run: b }]\n"), "");
}

TEST(TestsFile, SaysExactlyWhatAllLayersTogetherAnswer) {
  const Policy project = Loaded(std::string(kPolicyText) + "  - { run: sort a, expect: auto }\n");
  const Policy org =
      Loaded("policy: 1\nlayer: org\nid: o\nexec:\n  - { id: org-sort, level: notify, argv: [sort, ...] }\n");
  auto set = PolicySet::Make({std::make_shared<Policy>(project), std::make_shared<Policy>(org)});
  ASSERT_TRUE(set);
  const Trials trials(*set);
  auto fails = [&](const char* level) {
    const LoadedTests tests = LoadTests(std::string("tests: [{ run: sort a, expect: ") + level + " }]\n", *set);
    EXPECT_TRUE(tests.problems.empty());
    const std::optional<Finding> finding = trials.Run(Trials::kAllLayers, tests.tests[0]);
    return finding && finding->fails;
  };
  EXPECT_FALSE(fails("notify"));
  EXPECT_TRUE(fails("auto")) << "no layer's own: stricter is wrong too";
  EXPECT_TRUE(fails("approve"));
  EXPECT_FALSE(trials.Run(1, project.tests[0])->fails) << "of a layer's own test it is only told";
}

}  // namespace
}  // namespace warder::policy
