// Which argvs does a pattern fit? From elements to a sequence automaton.
#include "policy/analyse/argv.h"

#include <algorithm>
#include <set>

#include "base/archive.h"
#include "policy/line.h"
#include "policy/match.h"

namespace warder::policy::analyse {
namespace {

// A pattern's meaning as bytes: equal keys fit the same argvs.
std::string Key(const ExecRule& rule) {
  std::string key;
  auto add = [&](const std::string& text) { key += std::to_string(text.size()) + ":" + text + ","; };
  auto number = [&](uint64_t value) { add(std::to_string(value)); };
  for (size_t e = 1; e < rule.argv.size(); ++e) {
    const Element& element = rule.argv[e];
    number(static_cast<uint64_t>(element.kind));
    for (const std::string& word : element.words) add("w" + word);
    add(element.regex);
    for (uint64_t value :
         {element.low, element.high, static_cast<uint64_t>(element.act), static_cast<uint64_t>(element.port),
          static_cast<uint64_t>(element.repeat_low), static_cast<uint64_t>(element.repeat_high)})
      number(value);
    for (const Flag& flag : element.flags) {
      number(static_cast<uint64_t>(flag.form));
      add(flag.text);
      number(static_cast<uint64_t>(flag.value));
    }
  }
  for (const std::string& never : rule.never_args) add("n" + never);
  return key;
}

std::optional<Act> PathOf(FlagValue value) {
  if (value == FlagValue::kRead) return Act::kRead;
  if (value == FlagValue::kWrite) return Act::kWrite;
  if (value == FlagValue::kDelete) return Act::kDelete;
  return std::nullopt;
}

}  // namespace

// Every state is there twice: as long as no `--` came, and behind the first one.
struct Argvs::Building {
  Argvs& argvs;
  Words& words;
  Graph<SequenceEdge> graph;

  uint32_t Add() {
    const uint32_t state = graph.Add();
    graph.Add();
    return state;
  }
  // Words of the predicate, none of which is `--`.
  void Connect(uint32_t from, uint32_t before, uint32_t behind, uint16_t tag, uint32_t to) {
    graph.Connect(from, {before, tag}, to);
    graph.Connect(from + 1, {behind, tag}, to + 1);
  }
  // The word `--` itself.
  void Dashes(uint32_t from, uint32_t to) {
    const uint32_t dashes = words.Literal("--");
    graph.Connect(from, {dashes, 0}, to + 1);
    graph.Connect(from + 1, {dashes, 0}, to + 1);
  }
  void Jump(uint32_t from, uint32_t to) {
    graph.Jump(from, to);
    graph.Jump(from + 1, to + 1);
  }

  void OneWord(const Element& element, uint32_t from, uint32_t to) {
    uint16_t tag = 0;
    if (element.kind == ElementKind::kPath) tag = argvs.TagFor({false, element.act, 0, ""});
    if (element.kind == ElementKind::kHost) tag = argvs.TagFor({true, Act::kRead, element.port, ""});
    Connect(from, words.Of(element, false), words.Of(element, true), tag, to);
    if (element.kind == ElementKind::kWords && std::ranges::find(element.words, "--") != element.words.end())
      Dashes(from, to);
    // What is free behind a `--` may be another one.
  }

  void Flags(const Element& element, uint32_t from, uint32_t to) {
    const uint32_t inside = Add();
    Jump(from, inside);
    Jump(inside, to);
    for (const Flag& flag : element.flags) {
      if (flag.form == FlagForm::kExact && flag.text == "--") {
        Dashes(inside, to);
        continue;
      }
      const std::optional<Act> act = PathOf(flag.value);
      const bool separate = flag.form == FlagForm::kSeparate;
      const uint16_t tag = act ? argvs.TagFor({false, *act, 0, separate ? "" : flag.text}) : uint16_t{0};
      if (!separate) {
        Connect(inside, words.Of(flag), words.Of(flag), tag, inside);
        continue;
      }
      const uint32_t value = Add();
      Connect(inside, words.Of(flag), words.Of(flag), 0, value);
      Connect(value, words.ValueOf(flag), words.ValueOf(flag), tag, inside);
    }
  }

  void Rest(uint32_t from, uint32_t to) {
    Jump(from, to);
    // A `--` changes nothing of what is free.
    Connect(to, words.Any(), words.Any(), 0, to);
  }
};

uint16_t Argvs::TagFor(const Tag& tag) {
  const auto found = std::ranges::find(tags_.begin() + 1, tags_.end(), tag);
  if (found != tags_.end()) return static_cast<uint16_t>(found - tags_.begin());
  tags_.push_back(tag);
  return static_cast<uint16_t>(tags_.size() - 1);
}

Argvs::Argvs() : words_(Alphabet::kArgument) {
  for (const char* plain : {"src/main.c", "main", "3"}) words_.AddHint(plain, Words::Hint::kPlain);
}

void Argvs::AddHints(const ExecRule& rule) {
  // What stands in the pattern itself shows only the place where it stands.
  std::set<std::string> fixed(rule.never_args.begin(), rule.never_args.end());
  for (const Element& element : rule.argv) {
    fixed.insert(element.words.begin(), element.words.end());
    for (const Flag& flag : element.flags) fixed.insert(flag.text);
  }
  for (const std::vector<Example>* examples : {&rule.match, &rule.not_match})
    for (const Example& example : *examples)
      for (const SimpleCommand& command : ReadLine(example.line).commands)
        for (size_t w = 1; w < command.argv.size(); ++w)
          if (!fixed.contains(command.argv[w]) && !command.argv[w].starts_with('-')) words_.AddHint(command.argv[w]);
  for (const std::string& never : rule.never_args) words_.AddHint(never, Words::Hint::kOption);
}

const Sequence& Argvs::Of(const ExecRule& rule) {
  std::unique_ptr<Sequence>& kept = sequences_[Key(rule)];
  if (kept) return *kept;
  kept = std::make_unique<Sequence>();
  for (const Element& element : rule.argv) kept->empty |= !ProblemOf(element).empty();
  if (!rule.never_args.empty()) kept->never = words_.Never(rule.never_args);
  Building building{*this, words_, {}};
  uint32_t at = building.Add();
  for (size_t e = 1; e < rule.argv.size() && !kept->empty; ++e) {
    const Element& element = rule.argv[e];
    const uint32_t end = building.Add();
    if (element.kind == ElementKind::kFlags) {
      building.Flags(element, at, end);
    } else if (element.kind == ElementKind::kRest) {
      building.Rest(at, end);
    } else {
      for (uint32_t i = 0; i < element.repeat_high; ++i) {
        if (i >= element.repeat_low) building.Jump(at, end);
        const uint32_t next = building.Add();
        building.OneWord(element, at, next);
        at = next;
      }
      building.Jump(at, end);
    }
    at = end;
  }
  building.graph.states[at].accepts = building.graph.states[at + 1].accepts = true;
  kept->graph = building.graph.WithoutEmpty(0);
  return *kept;
}

Found Argvs::Find(std::span<const ExecRule* const> in, std::span<const ExecRule* const> out) {
  std::vector<const Sequence*> sequences[2];
  for (const ExecRule* rule : in) sequences[0].push_back(&Of(*rule));
  for (const ExecRule* rule : out) {
    const Sequence* sequence = &Of(*rule);
    // The same argvs on both sides: nothing is left.
    if (std::ranges::find(sequences[0], sequence) != sequences[0].end()) return {};
    sequences[1].push_back(sequence);
  }
  return FindSequence(words_, sequences[0], sequences[1]);
}

}  // namespace warder::policy::analyse
