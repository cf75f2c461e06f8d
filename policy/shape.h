// What do the values of a policy look like? The tables of keys that the loader reads by, for editors and for people.
//
// Made from the same KeyRule tables (policy/schema.h): a key that is not here is not read, and one that is not
// described does not compile into a table of the policy's. What several keys say together (`forbid` beside `level`)
// and names that must be known are the loader's alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/schema.h"

namespace warder::policy {

enum class ShapeKind : uint8_t {
  kText,   // any text
  kLevel,  // a level, also by its longer name
  kYesNo,
  kCount,    // a plain decimal over 0, at most `max`
  kOneOf,    // one of `words`
  kPattern,  // a text that fits `pattern` (ECMA-262, anchored)
  kList,     // of parts[0], never empty
  kMap,      // of `keys`
  kNamed,    // a map from names (that fit `pattern`) to parts[0]
  kEither,   // one of `parts`
};

struct KeyShape;
struct Shape {
  ShapeKind kind = ShapeKind::kText;
  std::string name;  // for people: "a time", "an exec rule"
  std::string pattern;
  uint64_t max = 0;
  std::vector<std::string> words;
  std::vector<Shape> parts;
  std::vector<KeyShape> keys;

  // The shape of a key's value; null: no such key.
  const Shape* Find(std::string_view key) const;
};

struct KeyShape {
  std::string key;
  bool required = false;
  KeyAbout about;
  Shape shape;
};

// A whole policy; a file of tests.
Shape PolicyShape();
Shape TestsFileShape();

namespace shape {

Shape Pattern(std::string name, std::string pattern);
Shape Text();
Shape Level();
Shape YesNo();
Shape Duration();
Shape Size();
Shape Range();
Shape Share();
Shape RuleId();
Shape ActionName();
Shape ProfileName();
Shape FilePath();
Shape Sha256();
Shape Glob();
Shape Directory();
Shape HostPattern();
Shape Program();
Shape UsualCount();  // as most counts: at most 2^32 - 1
Shape CountTo(uint64_t max);
Shape WordsOf(std::vector<std::string> words);
Shape EitherOf(std::string name, std::vector<Shape> parts);
Shape ListOf(Shape entry);
Shape NamedOf(std::string name, std::string key_pattern, Shape value);

template <uint64_t max>
Shape Count() {
  return CountTo(max);
}
template <const auto& words>
Shape OneOf() {
  return WordsOf({std::begin(words), std::end(words)});
}
template <Shape (*entry)()>
Shape List() {
  return ListOf(entry());
}
template <Shape (*entry)()>
Shape OneOrMore() {
  Shape one = entry();
  std::string name = one.name + ", or a list of them";
  return EitherOf(std::move(name), {one, ListOf(one)});
}

template <typename T, size_t N>
Shape Map(std::string_view name, const KeyRule<T> (&table)[N]) {
  Shape map;
  map.kind = ShapeKind::kMap;
  map.name = name;
  for (const KeyRule<T>& rule : table) {
    if (rule.need == Need::kNotBuilt) continue;
    map.keys.push_back({std::string(rule.key), rule.need == Need::kRequired, rule.about, rule.about.shape()});
  }
  return map;
}

}  // namespace shape
}  // namespace warder::policy
