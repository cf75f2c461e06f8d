// Which lines and calls fit the rules of a policy, as witnesses of what a change lets through?
#include <algorithm>

#include "policy/analyse/weaken_parts.h"
#include "policy/layer_index.h"
#include "policy/match.h"

namespace warder::policy {
namespace {

constexpr std::string_view kWorkspace = "/workspace", kTmp = "/tmp";
constexpr size_t kCarriers = 8;
constexpr size_t kMostWords = 200;  // a line for people; patterns that take more are not filled to the brim

void AddOnce(std::vector<std::string>& list, std::string word) {
  if (std::ranges::find(list, word) == list.end()) list.push_back(std::move(word));
}

std::string Quoted(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+:,./-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

bool IsShell(const ExecRule& rule) {
  return std::ranges::any_of(rule.argv[0].words, [](const std::string& word) {
    const std::string_view base = BaseName(word);
    return base == "sh" || base == "bash" || base == "dash";
  });
}

// `**` as these components, at the end as `tail`, and `*` as `part`; nothing where a component would be empty.
std::optional<std::string> Instance(const std::string& glob, std::string_view whole, std::string_view tail,
                                    std::string_view part) {
  std::string out;
  for (std::string_view rest = glob; !rest.empty();) {
    rest.remove_prefix(1);
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view component = rest.substr(0, end);
    rest.remove_prefix(end);
    if (component == "**") {
      const std::string_view made = rest.empty() ? tail : whole;
      if (!made.empty()) out += "/" + std::string(made);
      continue;
    }
    std::string made;
    for (char c : component) made += c == '*' ? std::string(part) : std::string(1, c);
    if (made.empty() || made == "." || made == "..") return std::nullopt;
    out += "/" + made;
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

}  // namespace

std::vector<std::string> TreesOf(const PathRule& rule) {
  auto filled = [](const std::string& text) { return FillIn(text, std::string(kWorkspace), std::string(kTmp)); };
  if (!rule.under.empty()) return {filled(rule.under)};
  std::vector<std::string> trees;
  for (const std::string& glob : rule.match) {
    std::string tree = filled(glob);
    if (const size_t star = tree.find('*'); star != std::string::npos)
      tree.resize(star == 0 ? 0 : tree.rfind('/', star));
    AddOnce(trees, tree.empty() ? "/" : tree);
  }
  return trees;
}

Samples::Samples(const PolicySet& set, std::span<const Test> more) {
  trees_ = {std::string(kWorkspace)};
  for (const auto& layer : set.layers())
    for (const PathRule& rule : layer->paths)
      for (std::string& tree : TreesOf(rule))
        if (rule.level != Level::kForbid && tree != "/") AddOnce(trees_, std::move(tree));
  for (const auto& layer : set.layers()) {
    for (const ExecRule& rule : layer->exec)
      for (const std::vector<Example>* examples : {&rule.match, &rule.not_match})
        for (const Example& example : *examples) Take(example.line);
    for (const Test& test : layer->tests) Take(test.run);
  }
  for (const Test& test : more) Take(test.run);
  for (const char* word :
       {"x", "a", "1", "all", "test", "src", "main", "v1.0", "x.c", "x.py", "src/x", "HEAD", "A", "0"})
    AddOnce(words_, word);
  for (Act act : {Act::kRead, Act::kWrite, Act::kDelete}) path_[static_cast<size_t>(act)] = AllowedPath(set, act);
  // Lines that run, to carry redirections.
  for (const auto& layer : set.layers())
    for (const ExecRule& rule : layer->exec)
      if (auto pieces = rule.level == Level::kForbid || rule.only == Only::kInside ? std::nullopt : Fill(rule, false))
        if (std::string line = LineOf(*pieces); line.find('$') == std::string::npos && free_.size() < kCarriers)
          free_.push_back(std::move(line));
  AddOnce(flags_, "--other");
  AddOnce(variables_, "OTHER");
}

void Samples::Take(const std::string& line) {
  for (const SimpleCommand& command : ReadLine(line).commands) {
    for (const auto& [name, value] : command.assignments) AddOnce(variables_, name);
    for (size_t i = 1; i < command.argv.size(); ++i) {
      const std::string& word = command.argv[i];
      if (word.starts_with('-') && word.size() > 1 && word != "--")
        AddOnce(flags_, word);
      else
        AddOnce(words_, word);
    }
  }
}

bool Forbidden(const PolicySet& set, const std::string& path, Act act) {
  for (size_t layer = 0; layer < set.size(); ++layer)
    for (uint32_t r : set.index(layer).paths.Covering(path, act, {kWorkspace, kTmp}))
      if (set.layer(layer).paths[r].level == Level::kForbid) return true;
  return false;
}

// A path with which this act is allowed, in the workspace where one is.
std::string Samples::AllowedPath(const PolicySet& set, Act act) const {
  std::string first;
  for (const auto& layer : set.layers())
    for (const PathRule& rule : layer->paths) {
      if (rule.level == Level::kForbid || (rule.may & ActBit(act)) == 0) continue;
      if (rule.under == "${workspace}") return "x";
      for (const std::string& path : Paths(rule.under.empty() ? rule.match.front() : rule.under, !rule.under.empty()))
        if (first.empty() && !Forbidden(set, path, act)) first = path;
    }
  const std::string workspace = std::string(kWorkspace) + "/";
  if (first.empty()) return "x";
  return first.starts_with(workspace) ? first.substr(workspace.size()) : first;
}

std::optional<std::string> Samples::Word(const Element& element) const {
  switch (element.kind) {
    case ElementKind::kWords:
      return element.words.empty() ? std::nullopt : std::optional(element.words[0]);
    case ElementKind::kInt:
      return std::to_string(element.low);
    case ElementKind::kHost:
      return "host.example";
    case ElementKind::kPath:
      return path_[static_cast<size_t>(element.act)];
    case ElementKind::kText:
      return "x";
    case ElementKind::kRegex:
      for (const std::string& word : words_)
        if (FitsWord(element, word, false)) return word;
      return std::nullopt;
    case ElementKind::kFlags:
    case ElementKind::kRest:
      break;
  }
  return std::nullopt;
}

std::optional<Pieces> Samples::Fill(const ExecRule& rule, bool most, const std::string& path) const {
  Pieces pieces;
  size_t words = 0;
  for (const Element& element : rule.argv) {
    std::vector<std::string>& piece = pieces.emplace_back();
    if (element.kind == ElementKind::kFlags || element.kind == ElementKind::kRest) continue;
    const size_t count = most ? element.repeat_high : element.repeat_low;
    words += count;
    if (words > kMostWords) return std::nullopt;
    std::optional<std::string> word = Word(element);
    if (element.kind == ElementKind::kPath && !path.empty()) word = path;
    // What a shell can read to the end is decided as what it starts.
    if (word && element.kind == ElementKind::kText && IsShell(rule)) word = "wc $x";
    if (count > 0 && !word) return std::nullopt;
    piece.assign(count, word.value_or(""));
  }
  return pieces;
}

std::vector<std::string> Samples::Lines(const ExecRule& rule) const {
  std::vector<std::string> lines;
  for (const Example& example : rule.match) AddOnce(lines, example.line);
  for (const bool most : {false, true})
    if (auto pieces = Fill(rule, most)) {
      AddOnce(lines, LineOf(*pieces));
      if (rule.argv.back().kind != ElementKind::kRest) continue;
      pieces->back() = {"x"};
      AddOnce(lines, LineOf(*pieces));
    }
  // No path rule speaks of it, so the rule's own level shows.
  if (auto pieces = Fill(rule, false, "/dev/null")) AddOnce(lines, LineOf(*pieces));
  return lines;
}

std::string LineOf(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + Quoted(word);
  return line;
}

std::string LineOf(const Pieces& pieces) {
  std::vector<std::string> words;
  for (const std::vector<std::string>& piece : pieces) words.insert(words.end(), piece.begin(), piece.end());
  return LineOf(words);
}

std::vector<Test> Samples::Calls(const std::string& path, Act act) const {
  std::vector<Test> tests = ToolTests(path, act);
  if (act == Act::kDelete) return tests;
  for (const std::string& line : free_)
    tests.push_back(RunTest(line + (act == Act::kRead ? " < " : " > ") + Quoted(path)));
  return tests;
}

Test RunTest(std::string line) {
  Test test;
  test.run = std::move(line);
  return test;
}

std::vector<Test> ToolTests(const std::string& path, Act act) {
  std::string shown = path;
  if (path == kWorkspace)
    shown = ".";
  else if (path.starts_with(std::string(kWorkspace) + "/"))
    shown = path.substr(kWorkspace.size() + 1);
  std::vector<Test> tests;
  auto add = [&](const char* tool, bool is_new) {
    Test test;
    test.tool = tool;
    test.path = shown;
    test.is_new = is_new;
    tests.push_back(std::move(test));
  };
  switch (act) {
    case Act::kRead:
      add("read_file", false);
      add("list_directory", false);
      break;
    case Act::kWrite:
      add("write_file", false);
      add("write_file", true);
      break;
    case Act::kDelete:
      add("delete_file", false);
      break;
  }
  return tests;
}

std::vector<std::string> Samples::Paths(const std::string& text, bool under) const {
  std::string filled = FillIn(text, std::string(kWorkspace), std::string(kTmp));
  std::vector<std::string> paths;
  if (under) {
    AddOnce(paths, (filled == "/" ? "" : filled) + "/x");
    AddOnce(paths, filled);
    return paths;
  }
  // What is meant anywhere is looked for where something is allowed.
  const std::vector<std::string> anywhere = filled.starts_with('/') ? std::vector<std::string>{""} : trees_;
  if (!filled.starts_with('/')) filled.insert(0, "/");
  for (const std::string& tree : anywhere)
    for (const char* whole : {"", "x", "x/y"})
      for (const char* tail : {"x", "", "x/y"})
        for (const char* part : {"x", ""})
          if (auto path = Instance(tree + filled, whole, tail, part)) AddOnce(paths, *path);
  for (size_t i = 0, size = paths.size(); i < size; ++i)
    for (size_t slash = paths[i].rfind('/'); slash > 0 && slash != std::string::npos;
         slash = slash == 0 ? std::string::npos : paths[i].rfind('/', slash - 1)) {
      std::string above = paths[i].substr(0, slash);
      if (above.starts_with(std::string(kWorkspace) + "/")) AddOnce(paths, std::move(above));
    }
  return paths;
}

std::vector<Test> CallsOfEveryRule(const PolicySet& set, const Samples& samples) {
  std::vector<Test> calls;
  for (const auto& layer : set.layers()) {
    for (const ExecRule& rule : layer->exec)
      for (std::string& line : samples.Lines(rule)) calls.push_back(RunTest(std::move(line)));
    for (const PathRule& rule : layer->paths) {
      std::vector<std::string> texts = rule.match;
      if (!rule.under.empty()) texts.push_back(rule.under);
      for (const std::string& text : texts) {
        const std::vector<std::string> paths = samples.Paths(text, !rule.under.empty());
        for (Act act : {Act::kRead, Act::kWrite, Act::kDelete})
          if ((rule.may & ActBit(act)) != 0 && !paths.empty())
            for (Test& test : ToolTests(paths.front(), act)) calls.push_back(std::move(test));
      }
    }
    for (const NetworkRule& rule : layer->network)
      for (const std::string& host : rule.hosts) {
        Test test;
        test.tool = "http_request";
        test.url = "https://" + (host.starts_with("*.") ? "x" + host.substr(1) : host);
        if (!rule.ports.empty() && rule.ports[0] != 443) test.url += ":" + std::to_string(rule.ports[0]);
        test.url += "/";
        calls.push_back(std::move(test));
      }
  }
  return calls;
}

}  // namespace warder::policy
