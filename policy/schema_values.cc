// Which small types do the values of keys have, and how strictly are they spelled?
#include <array>

#include "base/limits.h"
#include "base/text.h"
#include "policy/schema.h"

namespace warder::policy {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
// Longest names first: `KiB` ends in `B` too.
constexpr Unit kSizes[] = {{"KiB", 1ull << 10},
                           {"MiB", 1ull << 20},
                           {"GiB", 1ull << 30},
                           {"KB", 1000},
                           {"MB", 1'000'000},
                           {"GB", 1'000'000'000},
                           {"B", 1}};
constexpr Unit kTimes[] = {{"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

std::optional<uint64_t> WithUnit(std::string_view text, std::span<const Unit> units, uint64_t max) {
  for (const Unit& unit : units) {
    if (!text.ends_with(unit.name)) continue;
    auto count = ParseDecimal(text.substr(0, text.size() - unit.name.size()), max / unit.factor);
    if (!count || *count == 0) return std::nullopt;
    return *count * unit.factor;
  }
  return std::nullopt;
}

std::string Shown(const YamlNode& node) {
  if (node.kind == YamlKind::kScalar) return Quote(node.text);
  return node.kind == YamlKind::kList ? "a list" : "a map";
}

bool AllOf(std::string_view text, std::string_view more) {
  if (text.empty() || text.size() > 64 || text[0] < 'a' || text[0] > 'z') return false;
  for (char c : text)
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && more.find(c) == std::string_view::npos) return false;
  return true;
}

}  // namespace

bool IsRuleId(std::string_view text) { return AllOf(text, "-"); }
bool IsActionName(std::string_view text) { return AllOf(text, "_"); }

bool IsCleanAbsolutePath(std::string_view text) {
  if (text.empty() || text[0] != '/' || text.size() > limits::kMaxPathBytes) return false;
  if (text == "/") return true;
  size_t at = 1;
  for (;;) {
    size_t end = text.find('/', at);
    std::string_view part = text.substr(at, end == std::string_view::npos ? end : end - at);
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    if (end == std::string_view::npos) return true;
    at = end + 1;
  }
}

std::optional<Level> LevelNamed(std::string_view text) {
  struct Name {
    std::string_view name;
    Level level;
  };
  constexpr Name kNames[] = {{"auto", Level::kAuto},       {"auto_approve", Level::kAuto},
                             {"notify", Level::kNotify},   {"notify_only", Level::kNotify},
                             {"approve", Level::kApprove}, {"require_approval", Level::kApprove},
                             {"forbid", Level::kForbid},   {"forbidden", Level::kForbid}};
  for (const Name& name : kNames)
    if (name.name == text) return name.level;
  return std::nullopt;
}

std::optional<std::string> Reading::Text(const YamlNode& node, std::string_view remedy) {
  if (node.kind == YamlKind::kScalar && !node.text.empty()) return node.text;
  Problem(node.where,
          node.kind == YamlKind::kScalar ? "an empty text"
          : node.kind == YamlKind::kList ? "a list where one text belongs"
                                         : "a map where one text belongs",
          std::string(remedy));
  return std::nullopt;
}

std::vector<std::pair<std::string, Where>> Reading::Texts(const YamlNode& node, std::string_view remedy) {
  std::vector<std::pair<std::string, Where>> all;
  if (!IsList(node, remedy)) return all;
  for (const YamlNode& item : node.items)
    if (auto text = Text(item, remedy)) all.emplace_back(*text, item.where);
  return all;
}

std::vector<std::pair<std::string, Where>> Reading::OneOrMore(const YamlNode& node, std::string_view remedy) {
  if (node.kind != YamlKind::kScalar) return Texts(node, remedy);
  if (auto text = Text(node, remedy)) return {{*text, node.where}};
  return {};
}

std::optional<bool> Reading::YesNo(const YamlNode& node) {
  if (node.kind == YamlKind::kScalar && node.text == "yes") return true;
  if (node.kind == YamlKind::kScalar && node.text == "no") return false;
  Problem(node.where, Shown(node) + " is neither yes nor no", "write `yes` or `no`");
  return std::nullopt;
}

std::optional<Level> Reading::LevelOf(const YamlNode& node) {
  if (node.kind == YamlKind::kScalar)
    if (auto level = LevelNamed(node.text)) return level;
  Problem(node.where, Shown(node) + " is not a level", "write auto, notify, approve or forbid");
  return std::nullopt;
}

std::optional<uint64_t> Reading::Count(const YamlNode& node, uint64_t max) {
  auto count = node.kind == YamlKind::kScalar ? ParseDecimal(node.text, max) : std::nullopt;
  if (count && *count > 0) return count;
  Problem(node.where, Shown(node) + " is not a count",
          "write a plain decimal number over 0 and at most " + std::to_string(max) + ", without unit");
  return std::nullopt;
}

std::optional<uint64_t> Reading::Duration(const YamlNode& node) {
  constexpr uint64_t kTenYears = 3650ull * 86'400'000;
  auto time = node.kind == YamlKind::kScalar ? WithUnit(node.text, kTimes, kTenYears) : std::nullopt;
  if (time) return time;
  Problem(node.where, Shown(node) + " is not a time", "write a number over 0 with its unit s, m, h or d, as 90s");
  return std::nullopt;
}

std::optional<uint64_t> Reading::Size(const YamlNode& node) {
  constexpr uint64_t kMost = 1ull << 50;
  auto size = node.kind == YamlKind::kScalar ? WithUnit(node.text, kSizes, kMost) : std::nullopt;
  if (size) return size;
  Problem(node.where, Shown(node) + " is not a size",
          "write a number over 0 with its unit B, KB, MB, GB, KiB, MiB or GiB, as 64MiB");
  return std::nullopt;
}

std::optional<std::pair<uint64_t, uint64_t>> Reading::Range(const YamlNode& node, uint64_t max) {
  std::string_view text = node.text;
  size_t dots = text.find("..");
  if (node.kind == YamlKind::kScalar && dots != std::string_view::npos) {
    auto low = ParseDecimal(text.substr(0, dots), max);
    auto high = ParseDecimal(text.substr(dots + 2), max);
    if (low && high && *low <= *high) return std::pair(*low, *high);
  }
  Problem(node.where, Shown(node) + " is not a range",
          "write `A..B`, decimal, A not over B, B at most " + std::to_string(max));
  return std::nullopt;
}

std::optional<std::string> Reading::AbsolutePath(const YamlNode& node) {
  if (node.kind == YamlKind::kScalar && IsCleanAbsolutePath(node.text)) return node.text;
  Problem(node.where, Shown(node) + " is not a clean absolute path",
          "write it from / on, without `.`, `..`, doubled or trailing slashes");
  return std::nullopt;
}

std::optional<size_t> Reading::OneOf(const YamlNode& node, std::span<const std::string_view> words) {
  for (size_t i = 0; i < words.size(); ++i)
    if (node.kind == YamlKind::kScalar && node.text == words[i]) return i;
  Problem(node.where, Shown(node) + " is not known here", DidYouMean(node.text, words));
  return std::nullopt;
}

}  // namespace warder::policy
