// Does docs/policy/tutorial.md lead to a working policy: is each command's output what the page shows?
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/doc_commands.h"

namespace warder {
namespace {

// What the commands print, each for itself, run one after the other by one shell in an empty folder.
std::vector<std::vector<std::string>> OutputsOf(const std::vector<DocCommand>& commands) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("warder-policy-tutorial." + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  {
    std::ofstream script(folder / "script.sh");
    script << "cd " << folder << "; mkdir work; cd work; export PATH=" WARDER_BIN_DIR ":$PATH; exec 2>&1\n";
    // The exit code of the command before stays in $?.
    for (const DocCommand& command : commands)
      script << "code=$?; printf '\\001\\n'; (exit $code)\n" << command.text << "\n";
  }
  std::vector<std::vector<std::string>> outputs;
  std::unique_ptr<FILE, int (*)(FILE*)> shell(popen(("bash " + (folder / "script.sh").string()).c_str(), "r"), pclose);
  std::string line;
  for (int c; (c = std::fgetc(shell.get())) != EOF;) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    if (line == "\001")
      outputs.emplace_back();
    else if (!outputs.empty())
      outputs.back().push_back(line);
    line.clear();
  }
  shell.reset();
  std::filesystem::remove_all(folder);
  return outputs;
}

TEST(PolicyTutorial, EachCommandPrintsWhatThePageShows) {
  const std::vector<DocCommand> commands = CommandsOf(WARDER_SOURCE_DIR "/docs/policy/tutorial.md");
  ASSERT_GT(commands.size(), 10u);
  const auto outputs = OutputsOf(commands);
  ASSERT_EQ(outputs.size(), commands.size());
  for (size_t i = 0; i < commands.size(); ++i) {
    const std::vector<std::string>& shown = commands[i].output;
    bool same = shown.size() == outputs[i].size();
    for (size_t k = 0; same && k < shown.size(); ++k) same = IsAsShown(shown[k], outputs[i][k]);
    std::string printed;
    for (const std::string& line : outputs[i]) printed += line + "\n";
    EXPECT_TRUE(same) << "docs/policy/tutorial.md:" << commands[i].line << ": " << commands[i].text << "\nprinted:\n"
                      << printed;
  }
}

TEST(PolicyTutorial, WhatIsShownFitsOnlyWhatItSays) {
  EXPECT_TRUE(IsAsShown("a … c … e", "a b c d e"));
  EXPECT_TRUE(IsAsShown("a…", "a"));
  EXPECT_FALSE(IsAsShown("a … c", "a b d"));
  EXPECT_FALSE(IsAsShown("a", "ab"));
  EXPECT_FALSE(IsAsShown("…b", "ba"));
}

}  // namespace
}  // namespace warder
