// The tree that libyaml, an independent YAML reader, makes of the same bytes.
//
// For the differential tests of policy/yaml.h: what we accept, libyaml reads as the same tree; what
// it refuses, we refuse. Only tests and fuzzers link libyaml.
#pragma once

#include <yaml.h>

#include <optional>
#include <string>
#include <string_view>

#include "policy/yaml.h"

namespace warder::fuzz {

// Places are left out: the readers count columns differently. Nothing where libyaml refuses, or
// where it reads something that has no such tree: an alias, a second document, a key that is no
// scalar.
class LibyamlReader {
 public:
  explicit LibyamlReader(std::string_view bytes) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  ~LibyamlReader() { yaml_parser_delete(&parser_); }
  LibyamlReader(const LibyamlReader&) = delete;
  LibyamlReader& operator=(const LibyamlReader&) = delete;

  std::optional<policy::YamlNode> Read() {
    policy::YamlNode root;
    if (!Next(YAML_STREAM_START_EVENT) || !Next(YAML_DOCUMENT_START_EVENT)) return std::nullopt;
    yaml_event_t event;
    if (!Take(event) || !Node(event, root, 0)) return std::nullopt;
    if (!Next(YAML_DOCUMENT_END_EVENT) || !Next(YAML_STREAM_END_EVENT)) return std::nullopt;
    return root;
  }

 private:
  bool Take(yaml_event_t& event) { return yaml_parser_parse(&parser_, &event) != 0; }

  bool Next(yaml_event_type_t type) {
    yaml_event_t event;
    if (!Take(event)) return false;
    const bool right = event.type == type;
    yaml_event_delete(&event);
    return right;
  }

  static std::string Text(const yaml_event_t& event) {
    return {reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length};
  }

  // Of the event that begins it; deletes it.
  bool Node(yaml_event_t& event, policy::YamlNode& node, int depth) {
    const yaml_event_type_t type = event.type;
    if (type == YAML_SCALAR_EVENT) node.text = Text(event);
    yaml_event_delete(&event);
    if (depth > 64) return false;
    if (type == YAML_SCALAR_EVENT) return true;
    if (type != YAML_SEQUENCE_START_EVENT && type != YAML_MAPPING_START_EVENT) return false;
    const bool map = type == YAML_MAPPING_START_EVENT;
    node.kind = map ? policy::YamlKind::kMap : policy::YamlKind::kList;
    for (;;) {
      yaml_event_t item;
      if (!Take(item)) return false;
      if (item.type == (map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT)) {
        yaml_event_delete(&item);
        return true;
      }
      if (map) {
        const bool scalar = item.type == YAML_SCALAR_EVENT;
        if (scalar) node.keys.push_back({Text(item), {}});
        yaml_event_delete(&item);
        if (!scalar || !Take(item)) return false;
      }
      policy::YamlNode child;
      if (!Node(item, child, depth + 1)) return false;
      node.items.push_back(std::move(child));
    }
  }

  yaml_parser_t parser_;
};

inline bool SameTree(const policy::YamlNode& a, const policy::YamlNode& b) {
  if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size() || a.keys.size() != b.keys.size())
    return false;
  for (size_t i = 0; i < a.keys.size(); ++i)
    if (a.keys[i].text != b.keys[i].text) return false;
  for (size_t i = 0; i < a.items.size(); ++i)
    if (!SameTree(a.items[i], b.items[i])) return false;
  return true;
}

// Why the two readers disagree about bytes that ours accepts; empty: they do not.
inline std::string Disagreement(std::string_view bytes) {
  const auto ours = policy::ParseYaml(bytes);
  if (!ours) return {};
  const auto theirs = LibyamlReader(bytes).Read();
  if (!theirs) return "libyaml refuses what we accept";
  return SameTree(*ours, *theirs) ? "" : "libyaml reads another tree";
}

}  // namespace warder::fuzz
