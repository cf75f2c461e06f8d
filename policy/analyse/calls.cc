// Which calls does a rule fit, for the lint to try things on?
#include <algorithm>

#include "policy/analyse/lint_parts.h"
#include "policy/analyse/regex_tokens.h"
#include "policy/line.h"
#include "policy/match.h"

namespace warder::policy::lint {
namespace {

// Words that people use; the first that an element takes stands for it.
constexpr std::string_view kWords[] = {"x",   "a",   "main",   "1",           "test", "HEAD",
                                       "a.b", "x/y", "v1.0.0", "example.com", "X"};

std::optional<std::string> WordFor(const Element& element, bool after_dashes) {
  if (element.kind == ElementKind::kWords) return element.words.front();
  if (element.kind == ElementKind::kInt) return std::to_string(element.low);
  if (element.kind == ElementKind::kRegex)
    if (std::string sample = SampleOf(element.regex); FitsWord(element, sample, after_dashes)) return sample;
  for (std::string_view word : kWords)
    if (FitsWord(element, std::string(word), after_dashes)) return std::string(word);
  return std::nullopt;
}

// The shortest call by the elements' least repeats, with these words in second place.
std::optional<Argv> Made(const ExecRule& rule, const std::string& second) {
  Argv argv{rule.argv[0].words.front()};
  bool dashes = false;
  for (size_t e = 1; e < rule.argv.size(); ++e) {
    const Element& element = rule.argv[e];
    if (element.kind == ElementKind::kFlags || element.kind == ElementKind::kRest) continue;
    for (uint32_t i = 0; i < element.repeat_low; ++i) {
      std::optional<std::string> word = e == 1 && i == 0 && !second.empty() ? second : WordFor(element, dashes);
      if (!word) return std::nullopt;
      dashes = dashes || *word == "--";
      argv.push_back(std::move(*word));
    }
  }
  return argv;
}

}  // namespace

const std::vector<Argv>& Layer::Calls(const ExecRule& rule) {
  auto [known, fresh] = calls_.try_emplace(&rule);
  if (fresh) known->second = MakeCalls(rule);
  return known->second;
}

std::vector<Argv> Layer::MakeCalls(const ExecRule& rule) {
  constexpr size_t kMostCalls = 64;
  std::vector<Argv> calls;
  const auto add = [&](Argv argv) {
    if (calls.size() < kMostCalls && Fits(rule, argv) && std::ranges::find(calls, argv) == calls.end())
      calls.push_back(std::move(argv));
  };
  if (rule.argv.empty()) return calls;
  const bool choice = rule.argv.size() > 1 && rule.argv[1].kind == ElementKind::kWords;
  for (const std::string& second : choice ? rule.argv[1].words : std::vector<std::string>{""})
    if (std::optional<Argv> made = Made(rule, second)) add(std::move(*made));
  for (const Example& example : rule.match) {
    const CommandLine line = ReadLine(example.line);
    if (line.commands.size() == 1 && !line.commands[0].change_directory) add(line.commands[0].argv);
  }
  if (!calls.empty()) return calls;
  const ExecRule* in[] = {&rule};
  if (analyse::Found found = argvs_.Find(in, {}); found.words) {
    found.words->insert(found.words->begin(), rule.argv[0].words.front());
    add(std::move(*found.words));
  }
  return calls;
}

}  // namespace warder::policy::lint
