// Which command lines are the shells given? Random ones, from a grammar that is rich in traps.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace warder::shells {

struct Line {
  std::string text;
  std::vector<const char*> traps;  // the classes of what it was made of
};

// The names of all classes.
std::vector<const char*> TrapClasses();

// Not thread-safe. The same seed and seeds give the same lines.
class Maker {
 public:
  // `seeds`: lines to mutate, as attacks and the fuzzer's corpus.
  Maker(uint64_t seed, std::vector<std::string> seeds) : random_(seed), seeds_(std::move(seeds)) {}
  Line Next();

 private:
  size_t Below(size_t count) { return random_() % count; }
  bool Chance(size_t percent) { return Below(100) < percent; }
  template <typename List>
  const auto& Any(const List& list) {
    return list[Below(list.size())];
  }
  Line Grown();
  Line Mutated();
  void Command(Line& line);
  void Word(Line& line, bool program);
  void Redirection(Line& line);
  void Assignment(Line& line);
  void Connector(Line& line);
  void Mutate(std::string& text);

  std::mt19937_64 random_;
  std::vector<std::string> seeds_;
  std::vector<std::string> kept_;  // lines that were grown, as further seeds
};

}  // namespace warder::shells
