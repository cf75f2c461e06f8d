// Strict YAML: from bytes to a tree of strings with their places (1-policy: "Strict YAML").
//
// yaml-cpp reads events; what it accepts and should not is refused here: duplicate keys, anchors,
// aliases, tags, merge keys, directives, a second document, empty and null values, keys that are
// not strings, and everything beyond the limits of base/limits.h. Bytes are checked before yaml-cpp
// sees them: UTF-8, no control or hidden characters, no tab, no carriage return.
//
// Every scalar is a string: `no`, `010`, `1.10` and `12:30` are nothing else until a schema says
// so. Used for policies and for the host file. Pure; throws nothing.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/load.h"

namespace warder::policy {

enum class YamlKind : uint8_t { kScalar, kList, kMap };

struct YamlKey {
  std::string text;
  Where where;
};

struct YamlNode {
  YamlKind kind = YamlKind::kScalar;
  std::string text;             // kScalar
  std::vector<YamlKey> keys;    // kMap: keys[i] belongs to items[i]; unique, in the file's order
  std::vector<YamlNode> items;  // kList, kMap
  Where where;

  // The value of a key of a map, or null.
  const YamlNode* Find(std::string_view key) const;
};

// The one document, whose root is a map at the left margin; or the first thing that is wrong.
std::expected<YamlNode, LoadProblem> ParseYaml(std::string_view bytes);

// A text that was read, in double quotes: it is read again as the same. New lines and tabs are the only characters of
// such a text that can not stand there as they are.
std::string InQuotes(std::string_view text);

// ---- parts, for ParseYaml
// ------------------------------------------------------------------------ What yaml-cpp must never
// see, found by a scan of our own (yaml_scan.cc).
std::optional<LoadProblem> ScanYamlBytes(std::string_view bytes);
// A control, bidi or zero-width character, or a byte that is not UTF-8, in a scalar after its
// escapes were read; newline and tab are free. The words for it, or nothing.
std::optional<std::string> HiddenCharacter(std::string_view text);

}  // namespace warder::policy
