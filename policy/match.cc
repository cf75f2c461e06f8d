// How are all ways found in which an argv fits a pattern, in polynomial time?
//
// Forward: begin_(e, w) says that the elements before e can take exactly the words before w.
// Backward: end_(e, w) says that the elements from e on can take exactly the words from w on. A
// step of an element lies on a way that fits where its start is in begin_ and its end is in end_;
// so the paths of all ways are found without listing the ways. Elements that repeat take runs of
// words, a word each.
#include "policy/match.h"

#include <algorithm>
#include <span>

namespace warder::policy {
namespace {

// Cells of one matcher, in memory that its thread keeps: patterns are matched one after the other.
using Cells = std::span<char>;
class Table {
 public:
  Table(std::vector<char>& memory, size_t rows, size_t columns) : columns_(columns), cells_(memory) {
    cells_.assign(rows * columns, 0);
  }
  Cells operator[](size_t row) { return Cells(cells_).subspan(row * columns_, columns_); }

 private:
  size_t columns_;
  std::vector<char>& cells_;
};

struct Memory {
  std::vector<char> begin, inside, end;
  std::vector<size_t> runs, last;
  std::vector<long> opened;
};
Memory& ThreadMemory() {
  static thread_local Memory memory;
  return memory;
}

bool IsDashes(const Flag& flag) { return flag.form == FlagForm::kExact && flag.text == "--"; }

std::optional<Act> PathOf(FlagValue value) {
  if (value == FlagValue::kRead) return Act::kRead;
  if (value == FlagValue::kWrite) return Act::kWrite;
  if (value == FlagValue::kDelete) return Act::kDelete;
  return std::nullopt;
}

bool NamesPaths(const Flag& flag) { return PathOf(flag.value).has_value(); }

// Whether what it takes is looked up: a path or a host.
bool NamesObjects(const Element& element) {
  return element.kind == ElementKind::kPath || element.kind == ElementKind::kHost ||
         std::ranges::any_of(element.flags, NamesPaths);
}

class Matcher {
 public:
  // The elements before `first` take the words before `first`, one each.
  Matcher(const std::vector<Element>& pattern, const std::vector<std::string>& argv, size_t first, Memory& memory)
      : pattern_(pattern),
        argv_(argv),
        first_(first),
        elements_(pattern.size()),
        words_(argv.size()),
        dashes_(static_cast<size_t>(std::find(argv.begin() + 1, argv.end(), "--") - argv.begin())),
        runs_(memory.runs),
        last_(memory.last),
        opened_(memory.opened),
        begin_(memory.begin, elements_ + 1, words_ + 1),
        inside_(memory.inside, elements_ + 1, words_ + 1),
        end_(memory.end, elements_ + 1, words_ + 1) {
    runs_.assign(elements_ * (words_ + 1), 0);
  }

  Fit Run(Explain explain) {
    begin_[first_][first_] = 1;
    for (size_t e = first_; e < elements_; ++e) Forward(e);
    if (!begin_[elements_][words_]) {
      if (explain != Explain::kNo) TellHowFar(explain);
      return std::move(fit_);
    }
    fit_.fits = true;
    if (!std::ranges::any_of(pattern_, NamesObjects)) return std::move(fit_);
    end_[elements_][words_] = 1;
    for (size_t e = elements_; e-- > first_;) Backward(e);
    for (size_t e = first_; e < elements_; ++e) Collect(e);
    return std::move(fit_);
  }

 private:
  std::span<size_t> RunsOf(size_t e) { return std::span(runs_).subspan(e * (words_ + 1), words_ + 1); }
  void Forward(size_t e);
  void ForwardFlags(size_t e);
  void Backward(size_t e);
  void BackwardFlags(size_t e);
  void Collect(size_t e);
  void CollectFlags(size_t e);
  void TellHowFar(Explain explain);
  void AddPath(size_t word, size_t offset, Act act);
  void AddHost(size_t word, uint16_t port);

  const std::vector<Element>& pattern_;
  const std::vector<std::string>& argv_;
  const size_t first_, elements_, words_;
  const size_t dashes_;        // index of the first `--` behind the program, or words_
  std::vector<size_t>& runs_;  // (e, w): how many words from w on fit e, one after the other
  std::vector<size_t>& last_;
  std::vector<long>& opened_;
  Table begin_, inside_, end_;
  Fit fit_;
};

void Matcher::Forward(size_t e) {
  const Element& element = pattern_[e];
  if (element.kind == ElementKind::kFlags) return ForwardFlags(e);
  const Cells begin = begin_[e], next = begin_[e + 1];
  if (element.kind == ElementKind::kRest) {
    for (size_t w = first_; w <= words_; ++w)
      if (begin[w]) next[words_] = 1;
    return;
  }
  const std::span<size_t> runs = RunsOf(e);
  for (size_t w = words_; w-- > first_;) runs[w] = FitsWord(element, argv_[w], w > dashes_) ? runs[w + 1] + 1 : 0;
  // Overlapping ranges of ends are counted, not walked: `open` is how many cover the current word.
  opened_.assign(words_ + 2, 0);
  for (size_t w = first_; w <= words_; ++w) {
    if (!begin[w]) continue;
    const size_t most = std::min<size_t>(element.repeat_high, runs[w]);
    if (most < element.repeat_low) continue;
    ++opened_[w + element.repeat_low];
    --opened_[w + most + 1];
  }
  long open = 0;
  for (size_t w = first_; w <= words_; ++w)
    if ((open += opened_[w]) > 0) next[w] = 1;
}

void Matcher::ForwardFlags(size_t e) {
  const Cells begin = begin_[e], inside = inside_[e], next = begin_[e + 1];
  for (size_t w = first_; w <= words_; ++w) {
    if (begin[w]) inside[w] = 1;
    if (!inside[w]) continue;
    next[w] = 1;
    if (w == words_) continue;
    for (const Flag& flag : pattern_[e].flags) {
      const size_t taken = FlagWords(flag, argv_, w);
      if (taken == 0) continue;
      IsDashes(flag) ? next[w + 1] = 1 : inside[w + taken] = 1;
    }
  }
}

void Matcher::Backward(size_t e) {
  const Element& element = pattern_[e];
  if (element.kind == ElementKind::kFlags) return BackwardFlags(e);
  const Cells end = end_[e], next = end_[e + 1];
  if (element.kind == ElementKind::kRest) {
    for (size_t w = first_; w <= words_; ++w)
      if (next[words_]) end[w] = 1;
    return;
  }
  const std::span<const size_t> runs = RunsOf(e);
  size_t nearest = SIZE_MAX;  // the first end at or behind w + repeat_low
  for (size_t w = words_ + 1; w-- > first_;) {
    const size_t least = w + element.repeat_low;
    if (least <= words_ && next[least]) nearest = least;
    if (nearest != SIZE_MAX && nearest - w <= std::min<size_t>(element.repeat_high, runs[w])) end[w] = 1;
  }
}

// In end_(e, w), words before w may already be flags of e: the way from inside to the end.
void Matcher::BackwardFlags(size_t e) {
  const Cells end = end_[e], next = end_[e + 1];
  for (size_t w = words_ + 1; w-- > first_;) {
    bool ends = next[w] != 0;
    for (const Flag& flag : pattern_[e].flags) {
      if (ends || w == words_) break;
      const size_t taken = FlagWords(flag, argv_, w);
      if (taken > 0) ends = (IsDashes(flag) ? next[w + 1] : end[w + taken]) != 0;
    }
    if (ends) end[w] = 1;
  }
}

// The words that e takes on some way that fits.
void Matcher::Collect(size_t e) {
  const Element& element = pattern_[e];
  if (element.kind == ElementKind::kFlags) return CollectFlags(e);
  if (element.kind != ElementKind::kPath && element.kind != ElementKind::kHost) return;
  const Cells begin = begin_[e], end = end_[e + 1];
  const std::span<const size_t> runs = RunsOf(e);
  last_.assign(words_ + 1, 0);  // the last end at or before w
  for (size_t w = first_; w <= words_; ++w) last_[w] = end[w] ? w : last_[w - 1];
  size_t done = 1;  // the words before it were looked at
  for (size_t w = first_; w <= words_; ++w) {
    if (!begin[w]) continue;
    const size_t stop = last_[w + std::min<size_t>(element.repeat_high, runs[w])];
    if (stop < w + element.repeat_low) continue;
    for (size_t word = std::max(w, done); word < stop; ++word) {
      if (element.kind == ElementKind::kHost)
        AddHost(word, element.port);
      else
        AddPath(word, 0, element.act);
    }
    done = std::max(done, stop);
  }
}

void Matcher::CollectFlags(size_t e) {
  if (!std::ranges::any_of(pattern_[e].flags, NamesPaths)) return;
  for (size_t w = first_; w < words_; ++w) {
    if (!inside_[e][w]) continue;
    for (const Flag& flag : pattern_[e].flags) {
      const std::optional<Act> act = PathOf(flag.value);
      const size_t taken = act ? FlagWords(flag, argv_, w) : 0;
      if (taken == 0 || !end_[e][w + taken]) continue;
      AddPath(w + taken - 1, taken == 2 ? 0 : flag.text.size(), *act);
    }
  }
}

void Matcher::AddPath(size_t word, size_t offset, Act act) {
  for (const NamedPath& path : fit_.paths)
    if (path.word == word && path.offset == offset && path.act == act) return;
  fit_.paths.push_back({word, offset, act});
}

void Matcher::AddHost(size_t word, uint16_t port) {
  for (const NamedHost& host : fit_.hosts)
    if (host.word == word && host.port == port) return;
  fit_.hosts.push_back({word, port});
}

void Matcher::TellHowFar(Explain explain) {
  auto reached = [&](size_t w) {
    for (size_t e = first_; e <= elements_; ++e)
      if (begin_[e][w]) return true;
    return false;
  };
  size_t w = words_;
  while (!reached(w)) --w;  // first_ is reached
  fit_.words_matched = w;
  if (explain != Explain::kYes) return;
  for (size_t e = first_; e <= elements_; ++e) {
    if (!begin_[e][w]) continue;
    if (!fit_.expected.empty()) fit_.expected += ", or ";
    fit_.expected += e == elements_ ? "nothing more" : DescribeElement(pattern_[e]);
  }
}

// `-o` is in every bundle that holds its letter; a long option in each of its abbreviations.
bool IsNeverArg(std::string_view never, std::string_view word) {
  if (never.starts_with("--") && never.size() > 2) {
    std::string_view name = word.substr(0, word.find('='));
    return name.size() > 2 && never.starts_with(name);
  }
  if (never.size() == 2 && never[0] == '-' && never[1] != '-')
    return word.size() > 1 && word[0] == '-' && word[1] != '-' && word.contains(never[1]);
  return word == never || (word.starts_with(never) && word.size() > never.size() && word[never.size()] == '=');
}

bool IsOneFixedWord(const Element& element) {
  return element.kind == ElementKind::kWords && element.repeat_low == 1 && element.repeat_high == 1;
}

std::string WhyBroken(const std::vector<Element>& pattern) {
  for (const Element& element : pattern)
    if (std::string problem = ProblemOf(element); !problem.empty()) return problem;
  return {};
}

}  // namespace

Fit FitArgv(const std::vector<Element>& pattern, const std::vector<std::string>& argv, Explain explain) {
  Fit fit;
  if (fit.broken = WhyBroken(pattern); !fit.broken.empty()) return fit;
  // Most rules of a program differ in their first words: seen without any table.
  size_t met = 1;
  for (; met < pattern.size() && IsOneFixedWord(pattern[met]); ++met) {
    const std::vector<std::string>& words = pattern[met].words;
    if (met < argv.size() && std::find(words.begin(), words.end(), argv[met]) != words.end()) continue;
    if (explain == Explain::kNo) return fit;
    fit.words_matched = met;
    if (explain == Explain::kYes) fit.expected = DescribeElement(pattern[met]);
    return fit;
  }
  return Matcher(pattern, argv, met, ThreadMemory()).Run(explain);
}

std::optional<size_t> FindNeverArg(const std::vector<std::string>& never_args, const std::vector<std::string>& argv) {
  for (size_t w = 1; w < argv.size(); ++w)
    for (const std::string& never : never_args)
      if (IsNeverArg(never, argv[w])) return w;
  return std::nullopt;
}

}  // namespace warder::policy
