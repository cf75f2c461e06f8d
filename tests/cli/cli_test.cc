// Does `warder` keep the promises of its command line: examples, exit codes, refusals that explain?
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/approver.h"
#include "cli/command.h"
#include "cli/embedded_entries.h"
#include "cli/talk.h"
#include "cli/terminal.h"
#include "cli/tool_answer.h"

namespace warder::cli {
namespace {

using nlohmann::json;

std::string Captured(const std::vector<std::string>& words, int* code, bool of_stderr = false) {
  if (of_stderr)
    testing::internal::CaptureStderr();
  else
    testing::internal::CaptureStdout();
  *code = RunCommandLine(words);
  return of_stderr ? testing::internal::GetCapturedStderr() : testing::internal::GetCapturedStdout();
}

TEST(CommandTable, EachCommandHasAnExampleInItsHelp) {
  ASSERT_GE(AllCommands().size(), 25u);
  std::set<std::string> seen;
  for (const Command& command : AllCommands()) {
    std::string path = command.path;
    EXPECT_TRUE(seen.insert(path).second) << path;
    EXPECT_NE(std::string(command.example).find("warder " + path), std::string::npos) << path;
    std::vector<std::string> words;
    for (size_t at = 0; at <= path.size();) {
      size_t space = std::min(path.find(' ', at), path.size());
      words.push_back(path.substr(at, space - at));
      at = space + 1;
    }
    words.push_back("--help");
    int code = -1;
    std::string help = Captured(words, &code);
    EXPECT_EQ(code, 0) << path;
    EXPECT_NE(help.find(std::string("Example:\n  ") + command.example), std::string::npos) << path << "\n" << help;
    EXPECT_NE(help.find("--json"), std::string::npos) << path;
  }
}

TEST(CommandLine, MisuseIsTwoAndSaysWhatToDo) {
  struct Case {
    std::vector<std::string> words;
    std::string says;
  };
  const Case cases[] = {
      {{}, "see `warder --help`"},
      {{"fly"}, "there is no command fly"},
      {{"rnu", "--", "ls"}, "did you mean `run`?"},
      {{"audit", "tial"}, "did you mean `audit tail`?"},
      {{"policy", "explain", "--no-such"}, "see `warder policy explain --help`"},
      {{"audit"}, "see `warder audit --help`"},
      {{"run"}, "needs CMD after --"},
      {{"run", "--"}, "needs CMD after --"},
      {{"run", "--no-such", "--", "ls"}, "see `warder run --help`"},
      {{"status", "--", "x"}, "takes nothing after --"},
      {{"sessions", "show", "abc"}, "`warder sessions list`"},
      {{"approvals", "deny", "-1"}, "warder"},
      {{"call", "read_file", "not json"}, "not a JSON object"},
      {{"audit", "show"}, "needs a call's number"},
      {{"policy", "check", "/nonexistent.yaml"}, "/nonexistent.yaml"},
  };
  for (const Case& c : cases) {
    int code = -1;
    std::string said = Captured(c.words, &code, true);
    EXPECT_EQ(code, kMisuse) << said;
    EXPECT_TRUE(said.starts_with("warder: ")) << said;
    EXPECT_NE(said.find(c.says), std::string::npos) << said;
  }
}

TEST(CommandLine, WordsBehindTheDashesAreNeverOptions) {
  int code = -1;
  std::string said =
      Captured({"policy", "explain", WARDER_SOURCE_DIR "/policies/demo.yaml", "--", "run", "--help"}, &code);
  EXPECT_EQ(code, kOk);
  EXPECT_NE(said.find("forbid"), std::string::npos) << said;
}

TEST(Policy, CheckTellsUsableFromUnusableAndFinding) {
  std::filesystem::path directory = std::filesystem::temp_directory_path() / ("warder-cli." + std::to_string(getpid()));
  std::filesystem::create_directory(directory);
  std::string broken = directory / "broken.yaml", comma = directory / "comma.yaml";
  std::ofstream(broken) << "policy: 1\npolicy: 1\n";
  std::ofstream(comma) << ",";
  const std::pair<std::string, int> cases[] = {{WARDER_SOURCE_DIR "/policies/demo.yaml", kOk},
                                               {WARDER_SOURCE_DIR "/policies/cautious.yaml", kOk},
                                               {broken, kMisuse},
                                               {comma, kMisuse}};
  for (const auto& [file, expected] : cases) {
    int code = -1;
    std::string said = Captured({"policy", "check", file}, &code);
    EXPECT_EQ(code, expected) << said;
    EXPECT_NE(said.find(file), std::string::npos) << said;
  }
  std::filesystem::remove_all(directory);
}

TEST(Policy, ExplainNamesLevelRuleAndPlace) {
  const std::array<std::string, 3> cases[] = {{"curl https://example.com", "forbid", "no-network"},
                                              {"git push origin main", "approve", "git-push"},
                                              {"perl -e 1", "forbid", "no-rule"},
                                              {"make test", "auto", "build"}};
  for (const auto& [line, level, rule] : cases) {
    int code = -1;
    std::string text =
        Captured({"policy", "explain", WARDER_SOURCE_DIR "/policies/demo.yaml", "--json", "--", "run", line}, &code);
    json answer = json::parse(text, nullptr, false);
    ASSERT_TRUE(answer.is_object()) << text;
    EXPECT_EQ(answer["level"], level) << line << text;
    EXPECT_EQ(answer["rule"], rule) << line << text;
    EXPECT_NE(answer["at"].get<std::string>().find("demo.yaml"), std::string::npos);
  }
}

// What explain says of a script is what a host decides: its interpreter, with the script behind it.
TEST(Policy, ExplainTakesAScriptToItsInterpreter) {
  std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("warder-script." + std::to_string(getpid()));
  std::filesystem::create_directory(directory);
  const std::string script = directory / "report", file = directory / "policy.yaml";
  std::ofstream(script) << "#!/usr/bin/env sh\necho x\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const std::pair<std::string, std::string> cases[] = {{"[" + script + "]", "forbid"},
                                                       {"[env, sh, " + script + "]", "auto"}};
  for (const auto& [argv, level] : cases) {
    std::ofstream(file) << "policy: 1\nlayer: project\nid: t/x\nworkspace: { mode: direct }\nexec:\n"
                        << "  - { id: report, level: auto, argv: " << argv << " }\n"
                        << "  - { id: other, level: auto, argv: [" << script << ", never] }\n"
                        << "paths:\n  - { id: all, level: auto, may: [read], under: " << directory << " }\n";
    int code = -1;
    const std::string text = Captured({"policy", "explain", file, "--json", "--", "run", script}, &code);
    const json answer = json::parse(text, nullptr, false);
    ASSERT_TRUE(answer.is_object()) << text;
    EXPECT_EQ(answer["level"], level) << argv << text;
    EXPECT_NE(Captured({"policy", "check", file}, &code).find("is a script"), std::string::npos);
  }
  std::filesystem::remove_all(directory);
}

TEST(ToolAnswer, RunEndsWithTheCodesOfTheProtocol) {
  const std::pair<json, int> cases[] = {
      {{{"ended", "exited"}, {"exit_code", 7}}, 7},
      {{{"ended", "signaled"}, {"signal", 11}}, 139},
      {{{"ended", "wall-limit"}}, 124},
      {{{"ended", "memory-limit"}}, 137},
      {{{"ended", "disk-limit"}}, 153},
      {{{"ended", "setup-failed"}}, 125},
      {{{"ended", "lost"}}, 125},
      {{{"refused", true}}, 126},
      {{{"refused", true}, {"no_program", "mkae"}}, 127},
      {{{"failed", true}, {"code", "invalid"}}, 2},
      {{{"failed", true}, {"code", "unavailable"}}, 125},
      {json::object(), 125},  // an answer without an end is no success
  };
  for (const auto& [answer, code] : cases) EXPECT_EQ(RunExitCode(answer), code) << answer;
}

TEST(ToolAnswer, CallEndsWithTheCodesOfEveryCommand) {
  const std::pair<json, int> cases[] = {
      {{{"path", "/a"}}, kOk},
      {{{"refused", true}}, kFinding},
      {{{"failed", true}, {"code", "conflict"}}, kFinding},
      {{{"failed", true}, {"code", "not-found"}}, kFinding},
      {{{"failed", true}, {"code", "invalid"}}, kMisuse},
      {{{"failed", true}, {"code", "unavailable"}}, kHostCould},  // the log is full, or shut
      {{{"failed", true}, {"code", "system"}}, kHostCould},
  };
  for (const auto& [answer, code] : cases) EXPECT_EQ(CallExitCode(answer), code) << answer;
}

TEST(ToolAnswer, WhoSaidNoIsNamed) {
  const std::string text = RefusalText({{"refused", true}, {"approval", {{"answer", "denied"}, {"by", 0}}}}, "");
  EXPECT_NE(text.find("denied by root (uid 0)"), std::string::npos) << text;
}

TEST(Terminal, WhatWasMadeSafeIsNotEscapedTwiceAndNothingRawPasses) {
  EXPECT_EQ(SafeText("grep '\\d' \\x1b[2J"), "grep '\\d' \\x1b[2J");
  EXPECT_EQ(SafeText("a\\\033[2J\n"), "a\\\\x1b[2J\\n");
}

TEST(ToolAnswer, ACounterIsNoFlag) {
  EXPECT_FALSE(WasRefused({{"refused", 3}}));
  EXPECT_FALSE(HasFailed({{"failed", "no"}}));
}

// A host that says everything an agent may have written, raw; on a real terminal.
TEST(Terminal, GetsNothingRawFromAnAgent) {
  const std::string evil =
      "\xe2\x80\xae"
      "evil\xc2\x9b"
      "2J\x1b[2J\xe3\x85\xa4";
  char directory[] = "/tmp/warder-cli.XXXXXX";
  ASSERT_NE(mkdtemp(directory), nullptr);
  const std::string path = std::string(directory) + "/admin.sock";
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener.get(), 4), 0);
  int master = -1;
  pid_t child = forkpty(&master, nullptr, nullptr, nullptr);
  if (child == 0) {
    Print(JsonLines({{"stdout", evil}}));
    TerminalApprover approver(path, 7);
    pause();
  }
  ASSERT_GT(child, 0);
  // Each connection asks one thing: approvals.list is answered with the request, anything else with
  // an error.
  std::string shown;
  for (int i = 0; i < 200 && shown.find("[y/N]") == std::string::npos; ++i) {
    pollfd waits[2] = {{listener.get(), POLLIN, 0}, {master, POLLIN, 0}};
    poll(waits, 2, 100);
    if (waits[0].revents != 0) {
      UniqueFd connection(accept(listener.get(), nullptr, nullptr));
      char asked[4096];
      ssize_t size = recv(connection.get(), asked, sizeof asked, 0);
      json question = json::parse(std::string(asked, size > 0 ? static_cast<size_t>(size) : 0), nullptr, false);
      json approval{{"id", 1}, {"session", 7}, {"digest", std::string(64, '0')}, {"text", "asks: " + evil}};
      json answer{{"jsonrpc", "2.0"},
                  {"id", question.value("id", json())},
                  {"result", {{"approvals", json::array({approval})}}}};
      std::string line = answer.dump() + "\n";
      EXPECT_EQ(send(connection.get(), line.data(), line.size(), MSG_NOSIGNAL), static_cast<ssize_t>(line.size()));
    }
    char bytes[4096];
    if (waits[1].revents != 0)
      if (ssize_t size = read(master, bytes, sizeof bytes); size > 0) shown.append(bytes, static_cast<size_t>(size));
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(master);
  std::filesystem::remove_all(directory);
  EXPECT_NE(shown.find("[y/N]"), std::string::npos) << shown;
  EXPECT_NE(shown.find("\\u202eevil"), std::string::npos) << "the JSON: " << shown;
  EXPECT_NE(shown.find("\\u{202e}evil"), std::string::npos) << "the question: " << shown;
  for (const char* raw : {"\xe2\x80\xae", "\xc2\x9b", "\x1b", "\xe3\x85\xa4"})
    EXPECT_EQ(shown.find(raw), std::string::npos) << "raw on a terminal: " << ForTerminal(shown);
}

TEST(ToolAnswer, ARefusalEndsWithTheCommandThatExplainsIt) {
  std::string text = RefusalText({{"refused", true},
                                  {"part", "cat \033[2J"},
                                  {"rule", "r"},
                                  {"level", "forbid"},
                                  {"why", "because"},
                                  {"call", 12},
                                  {"explain", "warder audit show 12"}},
                                 "warder audit show 12 --state /srv/s");
  EXPECT_TRUE(text.ends_with("explain: warder audit show 12 --state /srv/s\n")) << text;
  EXPECT_EQ(text.find('\033'), std::string::npos) << "an agent's words reached the terminal";
}

TEST(Embedded, AHostFileCanNotBeWrittenByAPath) {
  EXPECT_FALSE(YamlQuote("/srv/a\nagents: {}"));
  EXPECT_FALSE(YamlQuote("/srv/\xff"));
  EXPECT_EQ(YamlQuote("/srv/a\"b\\c").value(), "\"/srv/a\\\"b\\\\c\"");
}

}  // namespace
}  // namespace warder::cli
