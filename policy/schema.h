// From a YAML tree to values: tables of keys, and the small types that the keys have.
//
// One reader for policies and for the host file; each brings its own tables. Problems are
// collected, so that a person sees all of them at once; a value with a problem is left as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/load.h"
#include "policy/yaml.h"

namespace warder::policy {

// "FILE:LINE:COLUMN: what; remedy", a line each.
std::string DescribeProblems(const std::string& file, const std::vector<LoadProblem>& problems);

// Text of a file as a message may show it: in double quotes, controls escaped, at most 60 bytes.
std::string Quote(std::string_view text);

// The candidate with the fewest edits to text, where they are few enough to be a slip; else
// nothing.
std::optional<std::string> Nearest(std::string_view text, std::span<const std::string_view> candidates);
// " did you mean …" where there is a nearest, else "known: a, b, c".
std::string DidYouMean(std::string_view text, std::span<const std::string_view> candidates);

class Reading {
 public:
  void Problem(Where where, std::string what, std::string remedy);
  std::vector<LoadProblem>& problems() { return problems_; }
  bool ok() const { return problems_.empty(); }
  std::vector<UsedKey>& used() { return used_; }

  // A text of at least one byte.
  std::optional<std::string> Text(const YamlNode& node, std::string_view remedy);
  // A list, never empty, of texts.
  std::vector<std::pair<std::string, Where>> Texts(const YamlNode& node, std::string_view remedy);
  // The same, where one text may stand alone.
  std::vector<std::pair<std::string, Where>> OneOrMore(const YamlNode& node, std::string_view remedy);
  std::optional<bool> YesNo(const YamlNode& node);
  std::optional<Level> LevelOf(const YamlNode& node);
  // Plain decimal over 0.
  std::optional<uint64_t> Count(const YamlNode& node, uint64_t max = UINT32_MAX);
  // `s m h d`, in milliseconds, over 0 and at most ten years.
  std::optional<uint64_t> Duration(const YamlNode& node);
  // `B KB MB GB KiB MiB GiB`, in bytes, over 0.
  std::optional<uint64_t> Size(const YamlNode& node);
  // `A..B`, A not over B.
  std::optional<std::pair<uint64_t, uint64_t>> Range(const YamlNode& node, uint64_t max);
  // An absolute path without `.`, `..`, doubled or trailing slash.
  std::optional<std::string> AbsolutePath(const YamlNode& node);
  // One of the words.
  std::optional<size_t> OneOf(const YamlNode& node, std::span<const std::string_view> words);

  bool IsMap(const YamlNode& node, std::string_view remedy);
  bool IsList(const YamlNode& node, std::string_view remedy);

 private:
  std::vector<LoadProblem> problems_;
  std::vector<UsedKey> used_;
};

// The level of `auto`, `notify`, `approve`, `forbid` or one of their longer names.
std::optional<Level> LevelNamed(std::string_view text);
// `[a-z][a-z0-9-]*` of at most 64 bytes (rules), `[a-z][a-z0-9_]*` (actions, tools).
bool IsRuleId(std::string_view text);
bool IsActionName(std::string_view text);
bool IsCleanAbsolutePath(std::string_view text);

enum class Need : uint8_t {
  kOptional,
  kRequired,
  kNotBuilt,  // known to the file's language, refused by name in this version
  kNoted,     // optional; that it stands in the file is noted (Reading::used)
};

struct Shape;  // policy/shape.h

// What a key is, for whoever writes it; `shape` is null in the host file's tables alone.
struct KeyAbout {
  Shape (*shape)() = nullptr;
  std::string_view says = {};     // what it does, in one line
  std::string_view example = {};  // its value, in one line of YAML
  std::string_view absent = {};   // what counts without it; empty: it is required, or one of several that are
  std::string_view layers = {};   // what several layers say together; empty: it belongs to its rule
  std::string_view instead = {};  // the shorter name of the same key, that `fmt` writes
};

// One key of a map. `read` gets the value; of kNotBuilt there is none, and `hint` says what to
// write instead; of kRequired `hint` is an example.
template <typename T>
struct KeyRule {
  std::string_view key;
  Need need;
  void (*read)(Reading&, const YamlNode&, T&);
  std::string_view hint;
  KeyAbout about = {};
};

// What ReadMap does for every T: each known key once through `meet`, the rest as problems.
struct KeyNeed {
  std::string_view key;
  Need need;
  std::string_view hint;
};
// The place of key i of the map in the table, or nothing where it was refused (and said so).
std::vector<std::optional<size_t>> MeetKeys(Reading& reading, const YamlNode& node, std::string_view what,
                                            std::span<const KeyNeed> table);

// Reads a map by its table: unknown keys with the nearest known one, keys that are not built,
// missing ones.
template <typename T, size_t N>
void ReadMap(Reading& reading, const YamlNode& node, std::string_view what, const KeyRule<T> (&table)[N], T& into) {
  std::vector<KeyNeed> needs;
  for (const KeyRule<T>& rule : table) needs.push_back({rule.key, rule.need, rule.hint});
  std::vector<std::optional<size_t>> met = MeetKeys(reading, node, what, needs);
  for (size_t i = 0; i < met.size(); ++i)
    if (met[i]) table[*met[i]].read(reading, node.items[i], into);
}

}  // namespace warder::policy
