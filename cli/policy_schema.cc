// `warder policy schema`: what may a policy hold, for editors (JSON Schema) and for people (a page)?
#include <set>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "nlohmann/json.hpp"
#include "policy/shape.h"

namespace warder::cli {
namespace {

using nlohmann::ordered_json;
using policy::KeyShape;
using policy::Shape;
using policy::ShapeKind;

constexpr const char* kLevels[] = {"auto",         "notify",      "approve",          "forbid",
                                   "auto_approve", "notify_only", "require_approval", "forbidden"};

ordered_json SchemaOf(const Shape& shape);

ordered_json SchemaOfMap(const Shape& shape) {
  ordered_json schema{{"type", "object"}, {"additionalProperties", false}, {"properties", ordered_json::object()}};
  ordered_json required = ordered_json::array();
  for (const KeyShape& key : shape.keys) {
    ordered_json value = SchemaOf(key.shape);
    std::string text(key.about.says);
    if (!key.about.absent.empty()) text += ". Without it: " + std::string(key.about.absent);
    if (!key.about.layers.empty()) text += ". Several layers: " + std::string(key.about.layers);
    value["description"] = text + ". Example: " + key.key + ": " + std::string(key.about.example);
    if (!key.about.instead.empty()) value["deprecated"] = true;
    schema["properties"][key.key] = std::move(value);
    if (key.required) required.push_back(key.key);
  }
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

// A plain scalar is a text to the loader, whatever an editor takes it for; hence several types.
ordered_json SchemaOf(const Shape& shape) {
  switch (shape.kind) {
    case ShapeKind::kText:
      return {{"type", {"string", "number", "boolean"}}, {"minLength", 1}};
    case ShapeKind::kLevel:
      return {{"enum", kLevels}};
    case ShapeKind::kYesNo:
      return {{"enum", {"yes", "no"}}};
    case ShapeKind::kCount: {
      ordered_json number{{"type", "integer"}, {"minimum", 1}, {"maximum", shape.max}};
      ordered_json digits{{"type", "string"}, {"pattern", "^[1-9][0-9]*$"}};
      return {{"anyOf", ordered_json::array({std::move(number), std::move(digits)})}};
    }
    case ShapeKind::kOneOf: {
      ordered_json words = shape.words;
      for (const std::string& word : shape.words)
        if (word.find_first_not_of("0123456789") == std::string::npos) words.push_back(std::stoi(word));
      return {{"enum", std::move(words)}};
    }
    case ShapeKind::kPattern:
      return {{"type", "string"}, {"pattern", shape.pattern}};
    case ShapeKind::kList:
      return {{"type", "array"}, {"minItems", 1}, {"items", SchemaOf(shape.parts[0])}};
    case ShapeKind::kMap:
      return SchemaOfMap(shape);
    case ShapeKind::kNamed:
      return {{"type", "object"},
              {"propertyNames", {{"pattern", shape.pattern}}},
              {"additionalProperties", SchemaOf(shape.parts[0])}};
    case ShapeKind::kEither: {
      ordered_json all = ordered_json::array();
      for (const Shape& part : shape.parts) all.push_back(SchemaOf(part));
      return {{"anyOf", std::move(all)}};
    }
  }
  return {};
}

std::string Anchor(const std::string& name) {
  std::string anchor;
  for (char c : name)
    if (c == ' ')
      anchor += '-';
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
      anchor += c;
  return anchor;
}

// A `|` would end the cell.
std::string Cell(std::string_view text) {
  std::string out;
  for (char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string NameOf(const Shape& shape) {
  switch (shape.kind) {
    case ShapeKind::kMap:
      return "[" + shape.name + "](#" + Anchor(shape.name) + ")";
    case ShapeKind::kList:
      return "a list: " + NameOf(shape.parts[0]);
    case ShapeKind::kNamed:
      return shape.name + ", each with " + NameOf(shape.parts[0]);
    case ShapeKind::kEither: {
      std::string links;
      for (const Shape& part : shape.parts) {
        const Shape& inner = part.kind == ShapeKind::kList ? part.parts[0] : part;
        if (inner.kind == ShapeKind::kMap) links += (links.empty() ? "" : ", ") + NameOf(inner);
      }
      return shape.name + (links.empty() ? "" : ": " + links);
    }
    default:
      return shape.name;
  }
}

// Every map once, in the order in which they are met.
void Maps(const Shape& shape, std::vector<const Shape*>& maps, std::set<std::string>& seen) {
  if (shape.kind == ShapeKind::kMap && !seen.insert(shape.name).second) return;
  if (shape.kind == ShapeKind::kMap) maps.push_back(&shape);
  for (const Shape& part : shape.parts) Maps(part, maps, seen);
  for (const KeyShape& key : shape.keys) Maps(key.shape, maps, seen);
}

std::string Page() {
  std::string page =
      "# The keys of a policy\n\n"
      "Every key that the loader knows, from the tables that it reads by. This page is made by\n"
      "`warder policy schema --markdown`; a test holds it. What several keys say together, patterns and globs are in\n"
      "[language.md](language.md); how a call is decided is in [decision.md](decision.md).\n\n"
      "*Without it*: what counts where the key is absent. *Several layers*: what counts where several layers have it; "
      "a "
      "dash: it\nbelongs to its rule. Every list has at least one entry. The levels' longer names (`auto_approve`, "
      "`notify_only`,\n`require_approval`, `forbidden`) are read too; `warder policy fmt` writes the short ones.\n";
  const Shape root = policy::PolicyShape();
  const Shape tests = policy::TestsFileShape();
  std::vector<const Shape*> maps;
  std::set<std::string> seen;
  Maps(root, maps, seen);
  Maps(tests, maps, seen);
  for (const Shape* map : maps) {
    page += "\n## " + map->name + "\n| key | value | without it | several layers | what it says | example |\n" +
            "| --- | --- | --- | --- | --- | --- |\n";
    for (const KeyShape& key : map->keys) {
      auto dash = [](std::string_view text) { return text.empty() ? "–" : Cell(text); };
      page += "| `" + key.key + "` | " + Cell(NameOf(key.shape)) + " | " +
              (key.required ? "required" : dash(key.about.absent)) + " | " + dash(key.about.layers) + " | " +
              Cell(key.about.says) + " | `" + Cell(key.key + ": " + std::string(key.about.example)) + "` |\n";
    }
  }
  return page;
}

int Schema(const Arguments& arguments) {
  if (arguments.Has("markdown")) return Print(Page()), kOk;
  ordered_json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "A policy of warder"}};
  schema.update(SchemaOf(policy::PolicyShape()));
  Print(schema.dump(2) + "\n");
  return kOk;
}

}  // namespace

std::vector<Command> PolicySchemaCommands() {
  return {{"policy schema",
           "What a policy may hold: JSON Schema for editors, or the page of all keys",
           "warder policy schema",
           {{OptionKind::kFlag, "markdown", "The page docs/policy/reference.md", false}},
           Schema}};
}

}  // namespace warder::cli
