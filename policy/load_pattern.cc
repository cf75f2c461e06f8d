// What may an argv pattern hold, element by element?
#include <set>
#include <tuple>

#include "base/limits.h"
#include "base/text.h"
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

constexpr std::string_view kElementForm =
    "write a word, a list of words, ..., or one of { re }, { text }, { int }, { path }, { host }, "
    "{ flags }";

struct Kind {
  std::string_view name;
  FlagValue value;
};
constexpr Kind kKinds[] = {{"INT", FlagValue::kInt},
                           {"TEXT", FlagValue::kText},
                           {"READ", FlagValue::kRead},
                           {"WRITE", FlagValue::kWrite},
                           {"DELETE", FlagValue::kDelete}};
constexpr std::string_view kKindNames = "INT, TEXT, READ, WRITE or DELETE";

// "-[rf]"
std::optional<RegexProblem> ReadBundle(std::string_view text, Flag& flag) {
  std::string_view letters = text.substr(2, text.size() - 3);
  std::set<char> seen;
  for (char c : letters) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter || !seen.insert(c).second)
      return RegexProblem{Quote(text) + " is not a bundle of flags", "write each letter or digit once, as \"-[rf]\""};
  }
  flag.form = FlagForm::kBundle;
  flag.text = std::string(letters);
  if (letters.empty()) return RegexProblem{Quote(text) + " is an empty bundle", "write letters, as \"-[rf]\""};
  return std::nullopt;
}

// What people write where the language has INT, TEXT or READ; `short` ones behind a single dash
// too, where the others may be a word of the program's own (-DNAME).
struct Placeholder {
  std::string_view word, kind;
  bool is_short;
};
constexpr Placeholder kPlaceholders[] = {
    {"NUMBER", "INT", true},  {"NUM", "INT", true},   {"INTEGER", "INT", true}, {"COUNT", "INT", false},
    {"STRING", "TEXT", true}, {"STR", "TEXT", false}, {"VALUE", "TEXT", false}, {"WORD", "TEXT", false},
    {"NAME", "TEXT", false},  {"FILE", "READ", true}, {"PATH", "READ", true},   {"DIR", "READ", false},
};

// "-jNUM", "--max=FILE": meant as a kind, and read as a flag of that very spelling.
std::optional<RegexProblem> FindPlaceholder(std::string_view text) {
  for (const Placeholder& known : kPlaceholders) {
    if (!text.ends_with(known.word)) continue;
    const std::string_view name = text.substr(0, text.size() - known.word.size());
    const bool is_long = name.starts_with("--") && name.ends_with("=");
    const bool is_short = known.is_short && name.size() == 2 && name != "--" && name != "-D";
    if (!is_long && !is_short) continue;
    return RegexProblem{Quote(known.word) + " is not a kind of value",
                        "did you mean " + Quote(std::string(name) + std::string(known.kind)) + "?"};
  }
  return std::nullopt;
}

// "-n INT"
std::optional<RegexProblem> ReadSeparate(std::string_view text, size_t blank, Flag& flag) {
  std::string_view kind = text.substr(blank + 1), name = text.substr(0, blank);
  for (const Kind& known : kKinds) {
    if (kind != known.name) continue;
    if (name.find('=') != std::string_view::npos || name == "--" || name == "-")
      return RegexProblem{Quote(text) + " is not a flag and its value", "write \"-n INT\" or \"--max=INT\""};
    flag = {FlagForm::kSeparate, std::string(name), known.value};
    return std::nullopt;
  }
  return RegexProblem{Quote(kind) + " is not a kind of value", "write " + std::string(kKindNames) + " after one blank"};
}

std::optional<RegexProblem> ReadFlag(std::string_view text, Flag& flag) {
  if (text == "--") {
    flag = {FlagForm::kExact, "--", FlagValue::kNone};
    return std::nullopt;
  }
  if (text.size() < 2 || text[0] != '-' || text == "---")
    return RegexProblem{Quote(text) + " is not a flag", "a flag begins with a dash; other words are elements of argv"};
  if (text.starts_with("-[") && text.ends_with("]")) return ReadBundle(text, flag);
  size_t blank = text.find_first_of(" \t\n");
  if (blank != std::string_view::npos) return ReadSeparate(text, blank, flag);
  for (const Kind& known : kKinds) {
    if (!text.ends_with(known.name)) continue;
    std::string_view name = text.substr(0, text.size() - known.name.size());
    bool is_long = name.starts_with("--");
    if (name.size() < 2 || name == "--" || (is_long && !name.ends_with("=")))
      return RegexProblem{Quote(text) + " does not say where the flag ends and its value begins",
                          "write \"--max=INT\", \"-nINT\" or \"-n INT\""};
    flag = {FlagForm::kGlued, std::string(name), known.value};
    return std::nullopt;
  }
  if (auto meant = FindPlaceholder(text)) return meant;
  flag = {FlagForm::kExact, std::string(text), FlagValue::kNone};
  return std::nullopt;
}

void ReadFlags(Reading& reading, const YamlNode& node, Element& element) {
  element.kind = ElementKind::kFlags;
  for (const auto& [text, where] : reading.Texts(node, "write a list of flags, as [-p, --stat, \"-n INT\"]")) {
    Flag flag;
    if (auto problem = ReadFlag(text, flag)) {
      reading.Problem(where, problem->what, problem->remedy);
      continue;
    }
    for (const Flag& other : element.flags)
      if (other.form == flag.form && other.text == flag.text && other.value == flag.value)
        reading.Problem(where, Quote(text) + " is there already", "write each flag once");
    element.flags.push_back(std::move(flag));
  }
}

void ReadRegex(Reading& reading, const YamlNode& node, Element& element) {
  element.kind = ElementKind::kRegex;
  auto text = reading.Text(node, "write { re: \"…\" }");
  if (!text) return;
  if (auto problem = CheckRegex(*text)) reading.Problem(node.where, problem->what, problem->remedy);
  element.regex = *text;
}

void ReadTextElement(Reading& reading, const YamlNode& node, Element& element) {
  element.kind = ElementKind::kText;
  element.low = 1;
  element.high = reading.Count(node, limits::kMaxArgvBytes).value_or(1);
}

void ReadInt(Reading& reading, const YamlNode& node, Element& element) {
  element.kind = ElementKind::kInt;
  if (auto range = reading.Range(node, UINT64_MAX)) std::tie(element.low, element.high) = *range;
}

constexpr std::string_view kActs[] = {"read", "write", "delete"};

void ReadPath(Reading& reading, const YamlNode& node, Element& element) {
  element.kind = ElementKind::kPath;
  if (auto act = reading.OneOf(node, kActs)) element.act = static_cast<Act>(*act);
}

void ReadHost(Reading& reading, const YamlNode& node, Element& element) {
  element.kind = ElementKind::kHost;
  element.port = static_cast<uint16_t>(reading.Count(node, 65'535).value_or(1));
}

void ReadRepeat(Reading& reading, const YamlNode& node, Element& element) {
  auto range = reading.Range(node, limits::kMaxArgvWords);
  if (!range) return;
  if (range->second == 0) reading.Problem(node.where, "a repeat of nothing", "write an upper end over 0");
  element.repeat_low = static_cast<uint32_t>(range->first);
  element.repeat_high = static_cast<uint32_t>(range->second);
}

void ReadAs(Reading& reading, const YamlNode& node, Element& element) {
  auto name = reading.Text(node, "write the name of a parameter, as `as: files`");
  if (name && !IsActionName(*name))
    reading.Problem(node.where, Quote(*name) + " is not the name of a parameter",
                    "write small letters, digits and _, as `files`");
  element.as = name.value_or("");
}

constexpr KeyRule<Element> kElement[] = {
    {"re", Need::kOptional, ReadRegex, "", {shape::Text, "The whole argument fits this regex (RE2)", "\"[a-z]+\""}},
    {"text",
     Need::kOptional,
     ReadTextElement,
     "",
     {shape::Count<limits::kMaxArgvBytes>, "A text of 1 to so many bytes", "256"}},
    {"int", Need::kOptional, ReadInt, "", {shape::Range, "A decimal number from A to B", "1..100"}},
    {"path", Need::kOptional, ReadPath, "", {shape::OneOf<kActs>, "A path; the path rules judge this act", "read"}},
    {"host",
     Need::kOptional,
     ReadHost,
     "",
     {shape::Count<65'535>, "A host; the network rules judge it at this port", "443"}},
    {"flags",
     Need::kOptional,
     ReadFlags,
     "",
     {shape::List<shape::Text>, "Any number of these flags, in any order",
      "[-p, \"-[rf]\", \"-n INT\", \"--max=INT\", \"--\"]"}},
    {"repeat", Need::kOptional, ReadRepeat, "", {shape::Range, "How many such arguments", "0..4", "1..1"}},
    {"as",
     Need::kOptional,
     ReadAs,
     "",
     {shape::ActionName, "The parameter of the rule's tool that fills it", "files", "none"}},
};

void ReadBraces(Reading& reading, const YamlNode& node, Element& element) {
  size_t kinds = 0;
  for (const YamlKey& key : node.keys) kinds += key.text != "repeat" && key.text != "as" ? 1 : 0;
  if (kinds != 1) {
    reading.Problem(node.where, kinds == 0 ? "an element without a kind" : "an element of two kinds",
                    std::string(kElementForm));
    return;
  }
  ReadMap(reading, node, "an element", kElement, element);
  if (const YamlNode* as = node.Find("as"); as != nullptr && element.kind == ElementKind::kFlags)
    reading.Problem(as->where, "as with flags", "take it out: a tool gives no flags");
  if (const YamlNode* repeat = node.Find("repeat"); repeat != nullptr && element.kind == ElementKind::kFlags)
    reading.Problem(repeat->where, "repeat with flags", "take it out: any number of the flags fits");
}

}  // namespace

Shape ArgvShape() {
  const Shape word = shape::Text();
  return shape::ListOf(shape::EitherOf("words, `...` or an element in braces",
                                       {word, shape::ListOf(word), shape::Map("an element", kElement)}));
}

Element ReadElement(Reading& reading, const YamlNode& node, bool first, bool last) {
  Element element;
  element.where = node.where;
  if (first && (node.kind == YamlKind::kMap || (node.kind == YamlKind::kScalar && node.text == "..."))) {
    reading.Problem(node.where, "an argv that does not begin with a program",
                    "write its name first, or a list of names");
    return element;
  }
  if (node.kind == YamlKind::kMap) {
    ReadBraces(reading, node, element);
    return element;
  }
  if (node.kind == YamlKind::kScalar && node.text == "...") {
    element.kind = ElementKind::kRest;
    if (!last) reading.Problem(node.where, "`...` before the end of argv", "write it as the last element only");
    return element;
  }
  for (const auto& [word, where] : reading.OneOrMore(node, kElementForm)) {
    if (first && !IsProgramName(word))
      reading.Problem(where, Quote(word) + " is not a program", "write a bare name or a clean absolute path");
    else if (first && word == "cd")
      reading.Problem(where, "\"cd\" is not a program", "take it out: a cd is judged as a read of its directory");
    else if (word == "...")
      reading.Problem(where, "`...` in a list of words", "write it as the last element of argv");
    element.words.push_back(word);
  }
  return element;
}

}  // namespace warder::policy
