// How is a policy laid out as YAML? One layout for `fmt`, which keeps a file's words and comments, and for `show`.
//
// Keys and entries stay in their order. What stood in brackets stays in brackets, wrapped at 120 columns, unless a
// comment stands inside; what stood on lines of its own stays so, two columns deeper than what it belongs to. At most
// one blank line is kept in a row. Scalars stay as they were written, but levels' longer names, and texts over several
// lines, which become a block after `|` or one line in quotes.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "policy/load.h"
#include "policy/yaml.h"

namespace warder::policy {

struct LaidEntry;

// A value as it is to be written.
struct Laid {
  YamlKind kind = YamlKind::kScalar;
  bool brackets = false;           // of a list or map: in one line, wrapped
  std::string text;                // of a scalar: as YAML, quoted where it must be
  bool block = false;              // of a scalar: `text` are its lines, to be written after `|`
  std::vector<LaidEntry> entries;  // of a list or map
  std::vector<std::string> below;  // comments behind the last entry
};

struct LaidEntry {
  std::vector<std::string> above;  // comments before it, each from # on; an empty one is a blank line
  std::string key;                 // of a map, as YAML
  std::string beside;              // a comment behind it, or behind its key
  Laid value;
};

// The root is a map without brackets.
std::string WriteLaid(const Laid& root);

// A text as a scalar: plain where that reads as the same text anywhere, else in double quotes.
std::string ScalarOf(std::string_view text);

// The policy laid out, or why it is no policy. Loads to the same meaning (policy/analyse/meaning.h), has each comment,
// and is laid out as itself.
std::expected<std::string, std::vector<LoadProblem>> LayOut(const std::string& file, std::string_view bytes);

}  // namespace warder::policy
