// Which small shapes do values have, and how are they spelled for others to check?
#include "policy/shape.h"

#include "base/limits.h"

namespace warder::policy {

const Shape* Shape::Find(std::string_view key) const {
  for (const KeyShape& known : keys)
    if (known.key == key) return &known.shape;
  return nullptr;
}

namespace shape {
namespace {

Shape Make(ShapeKind kind, std::string name) {
  Shape shape;
  shape.kind = kind;
  shape.name = std::move(name);
  return shape;
}

}  // namespace

Shape Pattern(std::string name, std::string pattern) {
  Shape shape = Make(ShapeKind::kPattern, std::move(name));
  shape.pattern = std::move(pattern);
  return shape;
}
Shape Text() { return Make(ShapeKind::kText, "a text"); }
Shape Level() { return Make(ShapeKind::kLevel, "`auto`, `notify`, `approve` or `forbid`"); }
Shape YesNo() { return Make(ShapeKind::kYesNo, "`yes` or `no`"); }
// As Reading::Duration and the others of policy/schema_values.cc read them.
Shape Duration() { return Pattern("a time (`s m h d`)", "^[1-9][0-9]*[smhd]$"); }
Shape Size() { return Pattern("a size (`B KB MB GB KiB MiB GiB`)", "^[1-9][0-9]*(B|KB|MB|GB|KiB|MiB|GiB)$"); }
Shape Range() { return Pattern("`A..B`", "^[0-9]+\\.\\.[0-9]+$"); }
Shape Share() { return Pattern("a share, `1%` to `99%`", "^[1-9][0-9]?%$"); }
Shape RuleId() { return Pattern("an id", "^[a-z][a-z0-9-]{0,63}$"); }
Shape ActionName() { return Pattern("a name (`[a-z][a-z0-9_]*`)", "^[a-z][a-z0-9_]{0,63}$"); }
Shape ProfileName() { return Pattern("the name of a profile", "^[a-z][a-z0-9-]{0,63}$"); }
Shape FilePath() { return Pattern("an absolute path", "^/[^/]"); }
Shape Sha256() { return Pattern("64 hex digits", "^[0-9a-f]{64}$"); }
Shape Glob() { return Pattern("a glob", "^(/|\\*\\*/|\\$\\{(workspace|tmp)\\}(/|$))"); }
Shape Directory() { return Pattern("a directory", "^(/|\\$\\{(workspace|tmp)\\}(/|$))[^*]*$"); }
Shape HostPattern() {
  return Pattern("a host, exact or `*.domain`",
                 "^(\\*\\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$");
}
Shape Program() { return Pattern("a program", "^(/[^/]|[^-/\\s][^/\\s]*$)"); }
Shape UsualCount() { return CountTo(UINT32_MAX); }
Shape CountTo(uint64_t max) {
  Shape shape = Make(ShapeKind::kCount, max == UINT32_MAX ? "a count" : "a count up to " + std::to_string(max));
  shape.max = max;
  return shape;
}
Shape WordsOf(std::vector<std::string> words) {
  Shape shape = Make(ShapeKind::kOneOf, {});
  for (size_t i = 0; i < words.size(); ++i)
    shape.name += (i == 0 ? "`" : i + 1 == words.size() ? " or `" : ", `") + words[i] + "`";
  shape.words = std::move(words);
  return shape;
}
Shape EitherOf(std::string name, std::vector<Shape> parts) {
  Shape shape = Make(ShapeKind::kEither, std::move(name));
  shape.parts = std::move(parts);
  return shape;
}
Shape ListOf(Shape entry) {
  Shape shape = Make(ShapeKind::kList, "a list: " + entry.name);
  shape.parts.push_back(std::move(entry));
  return shape;
}
Shape NamedOf(std::string name, std::string key_pattern, Shape value) {
  Shape shape = Make(ShapeKind::kNamed, std::move(name));
  shape.pattern = std::move(key_pattern);
  shape.parts.push_back(std::move(value));
  return shape;
}

}  // namespace shape
}  // namespace warder::policy
