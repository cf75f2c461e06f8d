// Do the house rules hold? Reads tests/house/rooms.txt and the sources; opinion does not count.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
const fs::path kRoot = WARDER_SOURCE_DIR;

struct Rules {
  std::map<std::string, std::set<std::string>> rooms;
  std::vector<std::pair<std::string, std::set<std::string>>> headers;
  std::map<std::string, size_t> budgets;
  size_t file_lines = 0;
};

std::set<std::string> Words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

Rules ReadRules() {
  Rules rules;
  std::ifstream in(kRoot / "tests/house/rooms.txt");
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    size_t colon = line.find(':');
    std::string key = line.substr(0, colon), value = line.substr(colon + 1);
    if (key.starts_with("header "))
      rules.headers.emplace_back(key.substr(7), Words(value));
    else if (key.starts_with("budget "))
      rules.budgets[key.substr(7)] = std::stoul(value);
    else if (key == "file")
      rules.file_lines = std::stoul(value);
    else
      rules.rooms[key] = Words(value);
  }
  return rules;
}

std::vector<std::string> Lines(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Our C++ sources below the folders, relative to the root.
std::vector<std::string> Sources(std::initializer_list<const char*> folders) {
  std::vector<std::string> out;
  for (const char* folder : folders) {
    if (!fs::exists(kRoot / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      std::string path = fs::relative(entry.path(), kRoot).string();
      if (path.find("node_modules") != std::string::npos) continue;
      std::string ending = entry.path().extension();
      if (ending == ".cc" || ending == ".h" || ending == ".c") out.push_back(path);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> ProductSources() {
  return Sources({"base", "wire", "policy", "sandbox", "audit", "broker", "agent", "config", "cli"});
}

// The longest room that holds the path, or nothing.
std::string RoomOf(const Rules& rules, const std::string& path) {
  std::string best;
  for (const auto& [room, unused] : rules.rooms)
    if (path.starts_with(room + "/") && room.size() > best.size()) best = room;
  return best;
}

std::string IncludeOf(const std::string& line) {
  static const std::regex kInclude("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]");
  std::smatch match;
  return std::regex_search(line, match, kInclude) ? match[1].str() : "";
}

TEST(House, RoomsLookDownOnly) {
  Rules rules = ReadRules();
  ASSERT_GT(rules.rooms.size(), 10u);
  size_t checked = 0;
  for (const std::string& path : ProductSources()) {
    std::string room = RoomOf(rules, path);
    EXPECT_FALSE(room.empty()) << path << " is in no room of tests/house/rooms.txt";
    for (const std::string& line : Lines(kRoot / path)) {
      std::string include = IncludeOf(line);
      std::string other = RoomOf(rules, include);
      if (other.empty() || !fs::exists(kRoot / include)) continue;
      ++checked;
      EXPECT_TRUE(other == room || rules.rooms[room].contains(other))
          << path << " includes " << include << ": room " << room << " may not include room " << other;
    }
  }
  EXPECT_GT(checked, 100u);
}

TEST(House, HeavyHeadersStayInFewFiles) {
  Rules rules = ReadRules();
  for (const std::string& path : ProductSources()) {
    for (const std::string& line : Lines(kRoot / path)) {
      std::string include = IncludeOf(line);
      if (include.empty() || fs::exists(kRoot / include)) continue;
      for (const auto& [header, allowed] : rules.headers) {
        if (!include.starts_with(header)) continue;
        bool fine = std::any_of(allowed.begin(), allowed.end(),
                                [&](const std::string& prefix) { return path.starts_with(prefix); });
        EXPECT_TRUE(fine) << path << " includes <" << include << ">, which is fenced";
      }
    }
  }
}

TEST(House, LineBudgetsHold) {
  Rules rules = ReadRules();
  std::map<std::string, size_t> used;
  for (const std::string& path : Sources({"sandbox"})) used[RoomOf(rules, path)] += Lines(kRoot / path).size();
  for (const auto& [room, budget] : rules.budgets)
    EXPECT_LE(used[room], budget) << "room " << room << " has " << used[room] << " lines";
}

TEST(House, FilesAreShortAndSayTheirQuestion) {
  Rules rules = ReadRules();
  for (const std::string& path : Sources({"base", "wire", "policy", "sandbox", "audit", "broker", "agent", "config",
                                          "cli", "tests", "fuzz", "bench"})) {
    std::vector<std::string> lines = Lines(kRoot / path);
    EXPECT_LE(lines.size(), rules.file_lines) << path;
    ASSERT_FALSE(lines.empty()) << path;
    EXPECT_TRUE(lines[0].starts_with("// ") || lines[0].starts_with("/* "))
        << path << ": the first line says what the file is for";
  }
}

TEST(House, NamesAreTheFieldsOwn) {
  const std::regex vague("\\b(class|struct)\\s+\\w*(Manager|Helper|Util|Utils|Handler|Context|Info)\\b");
  for (const std::string& path : ProductSources())
    for (const std::string& line : Lines(kRoot / path))
      EXPECT_FALSE(std::regex_search(line, vague)) << path << ": " << line;
}

// A fuzzer whose seeds are all refused for their version explores nothing, and says so nowhere.
TEST(House, SeedsAreOfTheVersionsOfToday) {
  std::map<std::string, std::string> first_bytes;  // by struct
  const std::regex definition("^struct (\\w+) \\{"), numbers("kVersion = (\\d+), kType = (\\d+);");
  for (const std::string& path : Sources({"wire", "audit", "policy"})) {
    std::string name;
    for (const std::string& line : Lines(kRoot / path)) {
      std::smatch found;
      if (std::regex_search(line, found, definition)) name = found[1];
      if (!std::regex_search(line, found, numbers)) continue;
      first_bytes[name] = {static_cast<char>(std::stoi(found[1])), static_cast<char>(std::stoi(found[2]))};
    }
  }
  size_t seeds = 0;
  for (const char* corpus : {"messages", "policy_flat"})
    for (const auto& entry : std::filesystem::directory_iterator(kRoot / "fuzz/corpus" / corpus)) {
      const bool policy = std::string_view(corpus) == "policy_flat";
      const std::string name = policy ? "Policy" : entry.path().filename().string();
      ASSERT_TRUE(first_bytes.contains(name)) << entry.path();
      std::string bytes(2, 0);
      std::ifstream(entry.path()).read(bytes.data(), 2);
      EXPECT_EQ(bytes, first_bytes[name])
          << entry.path() << (policy ? ": WARDER_WRITE_SEEDS=1 ctest --preset release -R Load.SeedsOf" : "");
      ++seeds;
    }
  EXPECT_GT(seeds, 30u);
}

// g++ 12 destroys what is built from braces inside a co_await expression twice, without a word: such values have names.
TEST(House, NothingIsBuiltFromBracesInAnAwait) {
  const std::regex braces("co_await[^;{}]*[(,]\\s*\\{\\s*[^}\\s]");
  EXPECT_TRUE(std::regex_search(std::string("co_return co_await F(a,\n  {1, 2});"), braces));
  EXPECT_FALSE(std::regex_search(std::string("Status s = co_await F(a, {}); if (!s) {"), braces));
  for (const std::string& path : ProductSources()) {
    std::string text;
    for (const std::string& line : Lines(kRoot / path)) text += line + "\n";
    std::smatch found;
    EXPECT_FALSE(text.contains("co_await") && std::regex_search(text, found, braces)) << path << ": " << found.str();
  }
}

TEST(House, EveryMessageBetweenProcessesIsFuzzed) {
  std::string fuzzer;
  for (const std::string& line : Lines(kRoot / "fuzz/messages.cc")) fuzzer += line + " ";
  const std::regex definition("^struct (\\w+) \\{");
  size_t messages = 0;
  for (const std::string& path : Sources({"wire", "audit"})) {
    std::string name;
    for (const std::string& line : Lines(kRoot / path)) {
      std::smatch found;
      if (std::regex_search(line, found, definition)) name = found[1];
      if (!line.contains("kType = ")) continue;
      ++messages;
      EXPECT_TRUE(std::regex_search(fuzzer, std::regex("[<: ]" + name + "[,>]"))) << path << ": " << name;
    }
  }
  EXPECT_GT(messages, 40u);
}

// "Suite.Test" of every test below tests/.
std::set<std::string> TestNames() {
  std::string all;
  for (const std::string& path : Sources({"tests"}))
    for (const std::string& line : Lines(kRoot / path)) all += line + "\n";
  const std::regex definition("TEST(_F|_P)?\\(\\s*(\\w+),\\s*(\\w+)\\s*\\)");
  std::set<std::string> names;
  for (std::sregex_iterator it(all.begin(), all.end(), definition), end; it != end; ++it)
    names.insert((*it)[2].str() + "." + (*it)[3].str());
  return names;
}

// How many tests the text names in backquotes, each of which must exist.
size_t CheckNamedTests(const std::set<std::string>& tests, const std::string& text) {
  static const std::regex kName("`([A-Z]\\w+\\.[A-Z]\\w+)`");
  size_t named = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), kName), end; it != end; ++it, ++named)
    EXPECT_TRUE(tests.contains((*it)[1].str())) << "no test " << (*it)[1].str();
  return named;
}

// A test file that nobody builds passes for ever.
TEST(House, EachTestFileIsBuilt) {
  size_t seen = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot / "tests")) {
    const std::string name = entry.path().filename();
    if (!name.ends_with("_test.cc")) continue;
    std::string built;
    for (const std::string& line : Lines(entry.path().parent_path() / "CMakeLists.txt")) built += line + " ";
    const std::string stem = name.substr(0, name.size() - std::string("_test.cc").size());
    const bool by_list =
        built.find("${name}_test.cc") != std::string::npos &&
        (built.find(" " + stem + " ") != std::string::npos || built.find(" " + stem + ")") != std::string::npos);
    EXPECT_TRUE(built.find("*_test.cc") != std::string::npos || built.find(name) != std::string::npos || by_list)
        << entry.path() << " is in no CMakeLists.txt";
    ++seen;
  }
  EXPECT_GT(seen, 40u);
}

// docs/promises.md: "N. promise … — `Suite.Test`"; each named test stands in a source below tests/.
TEST(House, EachPromiseNamesATest) {
  const std::set<std::string> tests = TestNames();
  const std::regex numbered("^[0-9]+\\. ");
  size_t promises = 0;
  std::string current;
  std::set<std::string> numbers;
  auto check = [&](const std::string& text) {
    if (text.empty()) return;
    ++promises;
    EXPECT_TRUE(numbers.insert(text.substr(0, text.find('.'))).second) << "its number is another's: " << text;
    EXPECT_GT(CheckNamedTests(tests, text), 0u) << "names no test: " << text;
  };
  for (const std::string& line : Lines(kRoot / "docs/promises.md")) {
    if (std::regex_search(line, numbered)) {
      check(current);
      current = line;
    } else if (line.starts_with("   ") && !current.empty()) {
      current += " " + line;
    } else {
      check(current);
      current.clear();
    }
  }
  check(current);
  EXPECT_GT(promises, 15u);
}

// docs/threats.md: "| N | attack | what stops it | test |"; a row names a test, or says what is not
// yet.
TEST(House, EachThreatNamesATestOrWhatIsNotYet) {
  const std::set<std::string> tests = TestNames();
  const std::regex row("^\\| [0-9]+ \\| ");
  size_t rows = 0;
  for (const std::string& line : Lines(kRoot / "docs/threats.md")) {
    if (!std::regex_search(line, row)) continue;
    ++rows;
    std::string shown_by = line.substr(line.rfind(" | ", line.size() - 3));
    EXPECT_TRUE(CheckNamedTests(tests, line) > 0 || shown_by.starts_with(" | not yet: ")) << line;
  }
  EXPECT_EQ(rows, 44u);
}

}  // namespace
