// Do the loader's tables describe what the loader reads?
#include "policy/shape.h"

#include <regex>

#include "policy/yaml.h"
#include "tests/policy/policy_files.h"

namespace warder::policy {
namespace {

// What an editor that has the schema would say, in the words of a test.
bool Fits(const Shape& shape, const YamlNode& node) {
  const bool scalar = node.kind == YamlKind::kScalar;
  switch (shape.kind) {
    case ShapeKind::kText:
      return scalar && !node.text.empty();
    case ShapeKind::kLevel:
      return scalar && LevelNamed(node.text).has_value();
    case ShapeKind::kYesNo:
      return scalar && (node.text == "yes" || node.text == "no");
    case ShapeKind::kCount:
      return scalar && !node.text.empty() && node.text.find_first_not_of("0123456789") == std::string::npos;
    case ShapeKind::kOneOf:
      return scalar && std::ranges::find(shape.words, node.text) != shape.words.end();
    case ShapeKind::kPattern:
      return scalar && std::regex_search(node.text, std::regex(shape.pattern));
    case ShapeKind::kList:
      return node.kind == YamlKind::kList && !node.items.empty() &&
             std::ranges::all_of(node.items, [&](const YamlNode& item) { return Fits(shape.parts[0], item); });
    case ShapeKind::kNamed:
      return node.kind == YamlKind::kMap &&
             std::ranges::all_of(node.items, [&](const YamlNode& item) { return Fits(shape.parts[0], item); });
    case ShapeKind::kEither:
      return std::ranges::any_of(shape.parts, [&](const Shape& part) { return Fits(part, node); });
    case ShapeKind::kMap:
      break;
  }
  if (node.kind != YamlKind::kMap) return false;
  for (const KeyShape& key : shape.keys)
    if (key.required && node.Find(key.key) == nullptr) return false;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const Shape* value = shape.Find(node.keys[i].text);
    if (value == nullptr || !Fits(*value, node.items[i])) return false;
  }
  return true;
}

// Each key of each map, with the names of the maps above it.
void Walk(const Shape& shape, const std::string& above,
          const std::function<void(const std::string&, const KeyShape&)>& meet) {
  for (const Shape& part : shape.parts) Walk(part, above, meet);
  for (const KeyShape& key : shape.keys) {
    meet(above + shape.name + ": " + key.key, key);
    Walk(key.shape, above + shape.name + " / ", meet);
  }
}

TEST(Shape, EachKeyIsDescribedWithAnExampleThatItTakes) {
  size_t keys = 0;
  for (const Shape& root : {PolicyShape(), TestsFileShape()})
    Walk(root, "", [&](const std::string& name, const KeyShape& key) {
      ++keys;
      EXPECT_FALSE(key.about.says.empty()) << name;
      EXPECT_FALSE(key.about.example.empty()) << name;
      EXPECT_TRUE(key.required || !key.about.says.empty()) << name;
      const auto tree = ParseYaml("key: " + std::string(key.about.example) + "\n");
      ASSERT_TRUE(tree) << name << ": " << tree.error().what;
      EXPECT_TRUE(Fits(key.shape, tree->items[0])) << name << ": " << key.about.example;
    });
  EXPECT_GT(keys, 120u);
}

TEST(Shape, EachPolicyThatLoadsFitsIt) {
  const Shape root = PolicyShape();
  size_t files = 0;
  for (const char* folder : {"policies", "policies/example", "tests/data/policies/good", "tests/data/policies/golden"})
    for (const auto& file : FilesIn(folder)) {
      const auto tree = ParseYaml(ReadText(file));
      ASSERT_TRUE(tree) << file;
      EXPECT_TRUE(Fits(root, *tree)) << file;
      ++files;
    }
  EXPECT_GT(files, 6u);
}

}  // namespace
}  // namespace warder::policy
