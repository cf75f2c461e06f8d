// How are all ways found in which an argv fits a pattern, in polynomial time?
//
// Forward: begin_(e, w) says that the elements before e can take exactly the words before w.
// Backward: end_(e, w) says that the elements from e on can take exactly the words from w on. A
// step of an element lies on a way that fits where its start is in begin_ and its end is in end_;
// so the paths of all ways are found without listing the ways. Elements that repeat take runs of
// words, a word each.
#include "policy/match.h"

#include <algorithm>

namespace warder::policy {
namespace {

// Cells of one matcher, in memory that its thread keeps: patterns are matched one after the other.
class Table {
 public:
  Table(std::vector<char>& memory, size_t rows, size_t columns) : columns_(columns), cells_(memory) {
    cells_.assign(rows * columns, 0);
  }
  bool Get(size_t row, size_t column) const { return cells_[row * columns_ + column] != 0; }
  void Set(size_t row, size_t column) { cells_[row * columns_ + column] = 1; }

 private:
  size_t columns_;
  std::vector<char>& cells_;
};

struct Memory {
  std::vector<char> begin, inside, end;
  std::vector<size_t> runs;
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

class Matcher {
 public:
  Matcher(const std::vector<Element>& pattern, const std::vector<std::string>& argv, Memory& memory)
      : pattern_(pattern),
        argv_(argv),
        elements_(pattern.size()),
        words_(argv.size()),
        dashes_(static_cast<size_t>(std::find(argv.begin() + 1, argv.end(), "--") - argv.begin())),
        runs_(memory.runs),
        opened_(memory.opened),
        begin_(memory.begin, elements_ + 1, words_ + 1),
        inside_(memory.inside, elements_ + 1, words_ + 1),
        end_(memory.end, elements_ + 1, words_ + 1) {
    runs_.assign(elements_ * (words_ + 1), 0);
  }

  Fit Run(Explain explain) {
    for (const Element& element : pattern_) {
      if (element.kind != ElementKind::kRegex) continue;
      if (fit_.broken = ProblemOf(element); !fit_.broken.empty()) return std::move(fit_);
    }
    begin_.Set(1, 1);
    for (size_t e = 1; e < elements_; ++e) Forward(e);
    if (!begin_.Get(elements_, words_)) {
      if (explain == Explain::kYes) TellHowFar();
      return std::move(fit_);
    }
    fit_.fits = true;
    end_.Set(elements_, words_);
    for (size_t e = elements_; e-- > 1;) Backward(e);
    for (size_t e = 1; e < elements_; ++e) Collect(e);
    return std::move(fit_);
  }

 private:
  size_t& RunAt(size_t e, size_t w) { return runs_[e * (words_ + 1) + w]; }
  void Forward(size_t e);
  void ForwardFlags(size_t e);
  void Backward(size_t e);
  void BackwardFlags(size_t e);
  void Collect(size_t e);
  void CollectFlags(size_t e);
  void TellHowFar();
  void AddPath(size_t word, size_t offset, Act act);
  void AddHost(size_t word, uint16_t port);

  const std::vector<Element>& pattern_;
  const std::vector<std::string>& argv_;
  const size_t elements_, words_;
  const size_t dashes_;        // index of the first `--` behind the program, or words_
  std::vector<size_t>& runs_;  // (e, w): how many words from w on fit e, one after the other
  std::vector<long>& opened_;
  Table begin_, inside_, end_;
  Fit fit_;
};

void Matcher::Forward(size_t e) {
  const Element& element = pattern_[e];
  if (element.kind == ElementKind::kFlags) return ForwardFlags(e);
  if (element.kind == ElementKind::kRest) {
    for (size_t w = 1; w <= words_; ++w)
      if (begin_.Get(e, w)) begin_.Set(e + 1, words_);
    return;
  }
  for (size_t w = words_; w-- > 1;) RunAt(e, w) = FitsWord(element, argv_[w], w > dashes_) ? RunAt(e, w + 1) + 1 : 0;
  // Overlapping ranges of ends are counted, not walked: `open` is how many cover the current word.
  opened_.assign(words_ + 2, 0);
  for (size_t w = 1; w <= words_; ++w) {
    if (!begin_.Get(e, w)) continue;
    const size_t most = std::min<size_t>(element.repeat_high, RunAt(e, w));
    if (most < element.repeat_low) continue;
    ++opened_[w + element.repeat_low];
    --opened_[w + most + 1];
  }
  long open = 0;
  for (size_t w = 1; w <= words_; ++w)
    if ((open += opened_[w]) > 0) begin_.Set(e + 1, w);
}

void Matcher::ForwardFlags(size_t e) {
  for (size_t w = 1; w <= words_; ++w) {
    if (begin_.Get(e, w)) inside_.Set(e, w);
    if (!inside_.Get(e, w)) continue;
    begin_.Set(e + 1, w);
    if (w == words_) continue;
    for (const Flag& flag : pattern_[e].flags) {
      const size_t taken = FlagWords(flag, argv_, w);
      if (taken == 0) continue;
      IsDashes(flag) ? begin_.Set(e + 1, w + 1) : inside_.Set(e, w + taken);
    }
  }
}

void Matcher::Backward(size_t e) {
  const Element& element = pattern_[e];
  if (element.kind == ElementKind::kFlags) return BackwardFlags(e);
  if (element.kind == ElementKind::kRest) {
    for (size_t w = 1; w <= words_; ++w)
      if (end_.Get(e + 1, words_)) end_.Set(e, w);
    return;
  }
  size_t nearest = SIZE_MAX;  // the first end at or behind w + repeat_low
  for (size_t w = words_ + 1; w-- > 1;) {
    const size_t least = w + element.repeat_low;
    if (least <= words_ && end_.Get(e + 1, least)) nearest = least;
    if (nearest != SIZE_MAX && nearest - w <= std::min<size_t>(element.repeat_high, RunAt(e, w))) end_.Set(e, w);
  }
}

// In end_(e, w), words before w may already be flags of e: the way from inside to the end.
void Matcher::BackwardFlags(size_t e) {
  for (size_t w = words_ + 1; w-- > 1;) {
    bool ends = end_.Get(e + 1, w);
    for (const Flag& flag : pattern_[e].flags) {
      if (ends || w == words_) break;
      const size_t taken = FlagWords(flag, argv_, w);
      if (taken > 0) ends = IsDashes(flag) ? end_.Get(e + 1, w + 1) : end_.Get(e, w + taken);
    }
    if (ends) end_.Set(e, w);
  }
}

// The words that e takes on some way that fits.
void Matcher::Collect(size_t e) {
  const Element& element = pattern_[e];
  if (element.kind == ElementKind::kFlags) return CollectFlags(e);
  if (element.kind != ElementKind::kPath && element.kind != ElementKind::kHost) return;
  std::vector<size_t> last(words_ + 1, 0);  // the last end at or before w
  for (size_t w = 1; w <= words_; ++w) last[w] = end_.Get(e + 1, w) ? w : last[w - 1];
  size_t done = 1;  // the words before it were looked at
  for (size_t w = 1; w <= words_; ++w) {
    if (!begin_.Get(e, w)) continue;
    const size_t stop = last[w + std::min<size_t>(element.repeat_high, RunAt(e, w))];
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
  for (size_t w = 1; w < words_; ++w) {
    if (!inside_.Get(e, w)) continue;
    for (const Flag& flag : pattern_[e].flags) {
      const std::optional<Act> act = PathOf(flag.value);
      const size_t taken = act ? FlagWords(flag, argv_, w) : 0;
      if (taken == 0 || !end_.Get(e, w + taken)) continue;
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

void Matcher::TellHowFar() {
  for (size_t w = words_ + 1; w-- > 1;) {
    std::string expected;
    for (size_t e = 1; e <= elements_; ++e) {
      if (!begin_.Get(e, w)) continue;
      if (!expected.empty()) expected += ", or ";
      expected += e == elements_ ? "nothing more" : DescribeElement(pattern_[e]);
    }
    if (expected.empty()) continue;
    fit_.words_matched = w;
    fit_.expected = std::move(expected);
    return;
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

// Most rules of a program differ in their first words: seen without any table. The first element
// that does not fit, where only words stand before it; a pattern that can not be evaluated never
// gets away here.
std::optional<size_t> DiffersAtOnce(const std::vector<Element>& pattern, const std::vector<std::string>& argv) {
  for (size_t i = 1; i < pattern.size(); ++i) {
    const Element& element = pattern[i];
    if (element.kind != ElementKind::kWords || element.repeat_low != 1 || element.repeat_high != 1) return std::nullopt;
    if (i < argv.size() && std::find(element.words.begin(), element.words.end(), argv[i]) != element.words.end())
      continue;
    for (const Element& e : pattern)
      if (e.kind == ElementKind::kRegex && !ProblemOf(e).empty()) return std::nullopt;
    return i;
  }
  return std::nullopt;
}

}  // namespace

Fit FitArgv(const std::vector<Element>& pattern, const std::vector<std::string>& argv, Explain explain) {
  if (const std::optional<size_t> differs = DiffersAtOnce(pattern, argv)) {
    Fit fit;
    if (explain == Explain::kNo) return fit;
    fit.words_matched = *differs;
    fit.expected = DescribeElement(pattern[*differs]);
    return fit;
  }
  return Matcher(pattern, argv, ThreadMemory()).Run(explain);
}

std::optional<size_t> FindNeverArg(const std::vector<std::string>& never_args, const std::vector<std::string>& argv) {
  for (size_t w = 1; w < argv.size(); ++w)
    for (const std::string& never : never_args)
      if (IsNeverArg(never, argv[w])) return w;
  return std::nullopt;
}

}  // namespace warder::policy
