// Which examples and tests hold under a learned policy, and would fail under a wider one?
//
// For each rule the words of what was seen, and the same with one word changed, or one more: so each weakening of one
// word is noticed. For each path a neighbour that nobody named. Only what holds is added: nothing here is looked up, so
// a call whose meaning lies in the files that it met is not told by a test.
#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "policy/examples.h"
#include "policy/learn/build.h"

namespace warder::policy::learn {
namespace {

constexpr size_t kMatches = 3;          // of a rule
constexpr size_t kMisses = 12;          // of a rule
constexpr size_t kSeenTests = 200;      // of a policy
constexpr size_t kMostValues = 12'000;  // of the 20,000 that a file may hold, for examples and tests
constexpr size_t kTestValues = 5;       // of one test

std::string TextOf(const std::string& path) {  // as a test writes it: relative paths start at the workspace
  if (path == "${workspace}") return ".";
  if (path.starts_with("${workspace}/")) return path.substr(std::string_view("${workspace}/").size());
  if (path.starts_with("${tmp}")) return "/tmp" + path.substr(std::string_view("${tmp}").size());
  return path;
}

class Examples {
 public:
  Examples(Policy& policy, const Policy& loaded) : policy_(policy), trials_(PolicySet(loaded)) {}

  void Add(const std::vector<AskedBefore>& asked) {
    for (uint32_t r = 0; r < policy_.exec.size(); ++r) OfRule(r);
    for (const PathRule& rule : policy_.paths) OfPath(rule);
    for (const auto& [action, level] : policy_.profiles[0].actions) OfAction(action, level);
    Test nothing;
    nothing.run = "no-such-program";
    nothing.expect = Level::kForbid;
    Keep(nothing);
    size_t kept = 0;
    for (const AskedBefore& one : asked)
      if (kept < kSeenTests && Keep(one.test)) ++kept;
  }

 private:
  bool Full() const { return values_ >= kMostValues; }

  // The words that the rule fits with the first word of each list, and the others one after the other.
  static std::vector<std::vector<std::string>> Fitting(const ExecRule& rule) {
    std::vector<std::string> words;
    for (const Element& element : rule.argv) {
      if (element.kind == ElementKind::kInt)
        words.push_back(std::to_string(element.low));
      else
        words.push_back(element.words.empty() ? "" : element.words[0]);
    }
    std::vector<std::vector<std::string>> all{words};
    for (size_t e = 1; e < rule.argv.size(); ++e) {
      const Element& element = rule.argv[e];
      for (size_t w = 1; w < element.words.size() && all.size() < kMatches; ++w) {
        all.push_back(words);
        all.back()[e] = element.words[w];
      }
      if (element.kind == ElementKind::kInt && all.size() < kMatches) {
        all.push_back(words);
        all.back()[e] = std::to_string(element.high);
      }
    }
    return all;
  }

  // A word that this element does not fit.
  static std::string Other(const Element& element) {
    if (element.kind == ElementKind::kInt)
      return element.high < UINT64_MAX ? std::to_string(element.high + 1) : "other";
    if (element.kind == ElementKind::kPath) return "/no/such/x";
    std::string word = "other";
    for (size_t n = 2; std::ranges::find(element.words, word) != element.words.end(); ++n)
      word = "other" + std::to_string(n);
    return word;
  }

  void OfRule(uint32_t r) {
    ExecRule& rule = policy_.exec[r];
    std::vector<std::vector<std::string>> fitting = Fitting(rule);
    // A path that stands for any is shown by one that a path rule names.
    for (size_t e = 1; e < rule.argv.size(); ++e)
      if (rule.argv[e].kind == ElementKind::kPath)
        for (auto& words : fitting) words[e] = PathFor(rule.argv[e].act);
    for (const std::vector<std::string>& words : fitting) Example(r, rule.match, words, true);
    const std::vector<std::string>& words = fitting[0];
    std::vector<std::vector<std::string>> misses;
    for (size_t e = 1; e < words.size() && misses.size() < kMisses; ++e) {
      misses.push_back(words);
      misses.back()[e] = Other(rule.argv[e]);
    }
    misses.push_back(words);
    misses.back().push_back("other");
    misses.push_back({words[0], "other", "--other"});
    for (const std::vector<std::string>& miss : misses) Example(r, rule.not_match, miss, false);
    Test test;
    test.run = LineFor(words);
    test.expect = *rule.level;
    test.by = rule.id;
    if (!test.run.empty() && !Keep(test)) {
      test.by.clear();  // a path in it is stricter
      Keep(test);
    }
  }

  std::string PathFor(Act act) const {
    for (const PathRule& rule : policy_.paths)
      if ((rule.may & ActBit(act)) != 0) {
        std::string text = TextOf(rule.match[0]);
        if (text.ends_with("/**")) text.resize(text.size() - 3);
        if (text.ends_with("/*")) text.replace(text.size() - 1, 1, "x");
        if (!text.empty() && text[0] != '-') return text;
      }
    return "x";
  }

  void Example(uint32_t r, std::vector<warder::policy::Example>& into, const std::vector<std::string>& words,
               bool matches) {
    const std::string line = LineFor(words);
    if (line.empty() || Full() || std::ranges::find(into, line, &warder::policy::Example::line) != into.end()) return;
    const Tried tried = trials_.Try(0, r, line);
    if (!tried.usable || tried.matches != matches) return;
    into.push_back({line, {}});
    ++values_;
  }

  static constexpr std::pair<Act, const char*> kTools[] = {
      {Act::kRead, "read_file"}, {Act::kWrite, "write_file"}, {Act::kDelete, "delete_file"}};

  // What it allows, what lies beside it, and what else may not be done to it.
  void OfPath(const PathRule& rule) {
    for (const std::string& glob : rule.match) {
      const bool wide = glob.ends_with("*");
      const size_t slash = glob.rfind('/');
      for (const auto& [act, tool] : kTools) {
        const bool may = (rule.may & ActBit(act)) != 0;
        if (wide) {
          const bool tree = glob.ends_with("/**");
          const std::string directory = glob.substr(0, slash), above = directory.substr(0, directory.rfind('/'));
          Tool(tool, directory + "/other");
          if (may) Tool(tool, directory + (tree ? "/other/other" : "/other"));
          if (may) Tool(tool, tree ? above + "/other" : directory + "/other/other");
          continue;
        }
        Tool(tool, glob);
        if (may && slash != std::string::npos) Tool(tool, glob.substr(0, slash) + "/other");
      }
    }
  }

  void Tool(const std::string& tool, const std::string& path) {
    for (const bool is_new : {false, true}) {
      Test test;
      test.tool = tool;
      test.path = TextOf(path);
      test.is_new = is_new;
      if (test.path.empty() || (is_new && tool != "write_file")) continue;
      const auto answered = trials_.Answer(test);
      if (!answered) continue;
      test.expect = answered->decision.level;
      if (test.expect == Level::kForbid) test.by = answered->decision.rule;
      Keep(test);
    }
  }

  // Each level of an action needs a call that it decides.
  void OfAction(const std::string& action, Level level) {
    if (level == Level::kAuto) return;
    for (const PathRule& rule : policy_.paths)
      for (const auto& [act, tool] : kTools)
        if ((rule.may & ActBit(act)) != 0 && rule.level < level && !rule.match[0].contains('*')) {
          const bool list = action == "list_directory" && act == Act::kRead;
          Tool(list ? "list_directory" : tool, rule.match[0]);
        }
  }

  bool Keep(const Test& test) {
    if (Full() || test.run.size() > limits::kMaxYamlScalarBytes) return false;
    auto same = [&](const Test& other) {
      return other.run == test.run && other.tool == test.tool && other.path == test.path && other.is_new == test.is_new;
    };
    if (std::ranges::any_of(policy_.tests, same) || trials_.Run(0, test)) return false;
    policy_.tests.push_back(test);
    values_ += kTestValues;
    return true;
  }

  Policy& policy_;
  const Trials trials_;
  size_t values_ = 0;
};

}  // namespace

std::string LineFor(const std::vector<std::string>& argv) {
  std::string line;
  // A line that only a shell reads stands for itself.
  if (argv.size() == 3 && argv[0] == "sh" && argv[1] == "-c" && ReadLine(argv[2]).opaque)
    line = argv[2];
  else
    for (const std::string& word : argv) line += (line.empty() ? "" : " ") + ShellQuote(word);
  if (line.size() > limits::kMaxYamlScalarBytes) return {};
  const CommandLine read = ReadLine(line);
  return read.commands.size() == 1 && read.commands[0].argv == argv && read.commands[0].assignments.empty() &&
                 read.commands[0].redirections.empty()
             ? line
             : std::string();
}

void AddExamples(Policy& policy, const Policy& loaded, const std::vector<AskedBefore>& asked) {
  Examples(policy, loaded).Add(asked);
}

}  // namespace warder::policy::learn
