// What would an agent do to make `policy learn` write a wide rule, and does it get one?
#include <gtest/gtest.h>

#include "policy/learn/parts.h"
#include "tests/policy/learn/seen.h"

namespace warder::policy {
namespace {

// ---- what an agent would name its files to widen the policy
TEST(LearnAttacks, NamesThatMeanMoreThanThemselvesAreLeftOut) {
  const std::string long_word(9000, 'x');
  const std::vector<std::vector<std::string>> evil = {
      {"git", "..."},
      {"git", "...", "x"},
      {"git", ""},
      {"git", "a\x01b"},
      {"git", "a\x7f"},
      {"git", "a\xe2\x80\xae"},  // right-to-left override
      {"git", "a\xe2\x80\x8b"},  // zero-width space
      {"git", long_word},
      {"git", "--token=abcd1234efgh"},
      {"git", "--password", "hunter2hunter2"},
      {"curl", "-H", "Authorization: Bearer abcdefgh12345678"},
      {"curl", "https://user:geheim@example.com/"},
      {"git", "ghp_0123456789abcdefghijABCDEFGHIJ012345"},
      {"git", "AKIAIOSFODNN7EXAMPLE"},
  };
  for (const auto& argv : evil) {
    Seen seen;
    const Result<Learned> learned = seen.Run("git status").Argv(argv).Learn();
    ASSERT_TRUE(learned) << argv[1] << learned.error().what;
    const Policy policy = Loaded(learned->yaml);
    ASSERT_EQ(policy.exec.size(), 1u) << argv[1] << "\n" << learned->yaml;
    EXPECT_EQ(policy.exec[0].argv.size(), 2u);
    EXPECT_EQ(learned->yaml.find("hunter2"), std::string::npos);
    EXPECT_EQ(learned->yaml.find("abcd1234"), std::string::npos);
    EXPECT_EQ(learned->left_out.size(), 1u) << argv[1];
  }
}

TEST(LearnAttacks, NamesThatOnlyLookEvilMeanThemselves) {
  const std::vector<std::vector<std::string>> odd = {
      {"git", ".*"},        {"git", "[a-z]"},    {"git", "*.c"},        {"git", "${workspace}/**"},
      {"git", "{ re: x }"}, {"git", "a\nb: c"},  {"git", "a\tb"},       {"git", "\"x\\"},
      {"git", "- x"},       {"git", "# no"},     {"git", "&a"},         {"git", "no"},
      {"git", "010"},       {"git", "a, b"},     {"git", "]"},          {"git", "'"},
      {"git", "../../etc"}, {"git", "--"},       {"git", "-n INT"},     {"git", "INT"},
      {"git", "a", "b c"},  {"git", "x\n...\n"}, {"git", "---"},        {"git", "%YAML"},
      {"git", "~"},         {"git", "x: y"},     {"git", "\n- forbid"}, {"git", "$(id)"},
      {"git", "ä€😀"}};
  Seen seen;
  for (const auto& argv : odd) seen.Argv(argv);
  const Result<Learned> learned = seen.Learn();
  ASSERT_TRUE(learned) << learned.error().what;
  const PolicySet host = HostOf(*learned);
  const Policy& policy = host.layer(0);
  EXPECT_EQ(learned->same, odd.size()) << Whys(*learned);
  for (const ExecRule& rule : policy.exec)
    for (const Element& element : rule.argv) EXPECT_EQ(element.kind, ElementKind::kWords) << learned->yaml;
  for (const auto& argv : {std::vector<std::string>{"git", "x"}, {"git", "a"}, {"git", "main.c"}, {"git", "etc"}}) {
    Call call;
    call.line = ReadArgv(argv);
    Facts facts;
    facts.workspace = "/ws";
    const BoundFile& file = policy.programs[0].files[0];
    facts.programs.push_back({true, "", file.path, file.dev, file.ino, std::nullopt, true, true, false});
    EXPECT_EQ(Decide(host, call, facts, "").level, Level::kForbid) << argv[1];
  }
}

TEST(LearnAttacks, PathsThatAreGlobsAreLeftOut) {
  Seen seen;
  seen.Use("read_file", "good").Use("read_file", "*").Use("read_file", "**").Use("read_file", "a*b");
  seen.Use("read_file", "x${tmp}")
      .Use("read_file", "a\x1b[2J")
      .Use("read_file",
           "d/\xe2\x80\xae"
           "c");
  const Result<Learned> learned = seen.Learn();
  ASSERT_TRUE(learned) << learned.error().what;
  EXPECT_EQ(Says(*learned, "read_file", "good"), Level::kAuto);
  for (const char* path : {"x", "aXb", "d/x", "*", "a*b"})
    EXPECT_EQ(Says(*learned, "read_file", path), Level::kForbid) << path;
  ASSERT_EQ(Loaded(learned->yaml).paths.size(), 1u);
  EXPECT_EQ(Loaded(learned->yaml).paths[0].match, std::vector<std::string>{"${workspace}/good"});
}

// Whatever a recorded text says of itself, it is a text: no record makes two rules, or a rule of another kind.
TEST(LearnAttacks, ForgedFactsMakeNoWiderRule) {
  const std::vector<std::pair<std::string, std::string>> forged = {
      {R"("path":"/ws/a")", R"("path":"/ws/**")"},   {R"("path":"/ws/a")", R"("path":"/ws/../etc/shadow")"},
      {R"("path":"/ws/a")", R"("path":"/")"},        {R"("path":"/ws/a")", R"("path":"")"},
      {R"("path":"/ws/a")", R"("path":"ws")"},       {R"("act":"read")", R"("act":"everything")"},
      {R"("workspace":"/ws")", R"("workspace":"")"}, {R"("workspace":"/ws")", R"("workspace":"/ws/a/b")"},
  };
  for (const auto& [from, to] : forged) {
    Seen seen;
    seen.Run("git status").Use("read_file", "a");
    std::string& facts = *seen.calls[1].recorded.facts;
    ASSERT_NE(facts.find(from), std::string::npos) << facts;
    facts.replace(facts.find(from), from.size(), to);
    const Result<Learned> learned = seen.Learn({Widen::kTrees, Widen::kFolders});
    ASSERT_TRUE(learned) << learned.error().what;
    for (const PathRule& rule : Loaded(learned->yaml).paths) {
      for (const std::string& glob : rule.match)
        EXPECT_EQ(glob, "/ws/a") << to << "\n" << learned->yaml;  // where the workspace is said to be elsewhere
      EXPECT_EQ(rule.may, ActBit(Act::kRead));
    }
  }
}

TEST(LearnAttacks, OpaqueLinesAreThatLine) {
  Seen seen;
  const std::string line = "for f in *.c; do wc -l $f; done";
  const Result<Learned> learned = seen.Run(line).Learn();
  ASSERT_TRUE(learned) << learned.error().what;
  EXPECT_EQ(Says(*learned, line), Level::kAuto);
  EXPECT_EQ(Says(*learned, "for f in *.h; do wc -l $f; done"), Level::kForbid);
  EXPECT_EQ(Says(*learned, "echo $(id)"), Level::kForbid);
}

TEST(LearnAttacks, VariablesAreLeftOutUnlessAsked) {
  Seen seen(std::string(kPolicy) + "environment: { pass: [CI] }\n");
  seen.Run("git status").Run("CI=1 make all");
  const Result<Learned> learned = seen.Learn(), wider = seen.Learn({Widen::kEnvironment});
  ASSERT_TRUE(learned && wider);
  EXPECT_EQ(Says(*learned, "CI=1 make all"), Level::kForbid);
  EXPECT_NE(Whys(*learned).find("--generalise environment"), std::string::npos);
  EXPECT_EQ(Says(*wider, "CI=1 make all"), Level::kAuto);
  EXPECT_EQ(Says(*wider, "TZ=1 make all"), Level::kForbid);
}

TEST(LearnAttacks, SecretsAreSeenAndHashesAreNot) {
  for (const char* text : {"sk_live_0123456789abcdefgh", "xoxb-123456789012-abcdef", "password=abcd",
                           "API_KEY: 'abcdef'", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", "https://a:b@c/",
                           "-----BEGIN RSA PRIVATE KEY-----", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9b"})
    EXPECT_TRUE(learn::LooksSecret(text)) << text;
  for (const char* text : {"status", "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
                           "src/a_very_long_name_of_a_file.cc", "https://example.com/a", "-j4",
                           "deployment/payments-api", "feature/Retry-Twice-With-Backoff"})
    EXPECT_FALSE(learn::LooksSecret(text)) << text;
}

}  // namespace
}  // namespace warder::policy
