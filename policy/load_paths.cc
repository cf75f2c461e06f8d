// What may a path rule say?
#include "base/glob.h"
#include "policy/load_parts.h"

namespace warder::policy {
namespace {

constexpr std::string_view kVariables[] = {"workspace", "tmp"};
// Stand-ins of the variables while a rule is checked; any clean directory would do.
constexpr std::string_view kStandIns[] = {"/workspace", "/tmp"};

// The path with its variable filled in; nothing where the variable is unknown or not in front.
std::optional<std::string> Fill(Reading& reading, const std::string& text, Where where) {
  size_t dollar = text.find("${");
  if (dollar == std::string::npos) return text;
  size_t end = text.find('}', dollar);
  std::string name = end == std::string::npos ? text.substr(dollar + 2) : text.substr(dollar + 2, end - dollar - 2);
  for (size_t i = 0; i < std::size(kVariables); ++i) {
    if (name != kVariables[i] || end == std::string::npos) continue;
    std::string rest = text.substr(end + 1);
    if (dollar == 0 && (rest.empty() || rest[0] == '/') && rest.find("${") == std::string::npos)
      return std::string(kStandIns[i]) + rest;
    reading.Problem(where, Quote(text) + " has a variable that is not a whole beginning",
                    "write it in front, followed by / or nothing, and only one");
    return std::nullopt;
  }
  constexpr std::string_view kWritten[] = {"${workspace}", "${tmp}"};
  const std::string written = "${" + name + "}";
  reading.Problem(where, Quote(written) + " is not a variable", DidYouMean(written, kWritten));
  return std::nullopt;
}

}  // namespace

bool BeneathVariable(const std::string& text) {
  for (std::string_view name : kVariables) {
    std::string whole = "${" + std::string(name) + "}";
    if (text == whole || text.starts_with(whole + "/")) return true;
  }
  return false;
}

namespace {

using RuleDraft = GradedDraft<PathRule>;

constexpr std::string_view kActs[] = {"read", "write", "delete"};

void ReadMay(Reading& reading, const YamlNode& node, RuleDraft& into) {
  if (!reading.IsList(node, "write a list, as [read, write]")) return;
  for (const YamlNode& item : node.items) {
    auto act = reading.OneOf(item, kActs);
    if (!act) continue;
    uint8_t bit = ActBit(static_cast<Act>(*act));
    if ((into.rule.may & bit) != 0)
      reading.Problem(item.where, Quote(item.text) + " is there already", "write it once");
    into.rule.may = static_cast<uint8_t>(into.rule.may | bit);
  }
}

void ReadUnder(Reading& reading, const YamlNode& node, RuleDraft& into) {
  auto text = reading.Text(node, "write `under: /directory` or `under: ${workspace}`");
  if (!text) return;
  auto filled = Fill(reading, *text, node.where);
  if (!filled) return;
  into.rule.under = *text;
  if (text->find('*') != std::string::npos)
    reading.Problem(node.where, Quote(*text) + " has a wildcard",
                    "write globs under `match`; `under` is one directory");
  else if (!IsCleanAbsolutePath(*filled))
    reading.Problem(node.where, Quote(*text) + " is not the clean path of a directory",
                    "begin with / or a variable; no `.`, `..`, doubled or trailing slashes");
}

}  // namespace

std::vector<std::string> ReadGlobs(Reading& reading, const YamlNode& node) {
  std::vector<std::string> globs;
  for (const auto& [text, where] : reading.Texts(node, "write a list of globs, as [\"**/*.key\"]")) {
    auto filled = Fill(reading, text, where);
    if (!filled) continue;
    if (Status good = CheckGlob(*filled); !good)
      reading.Problem(where, Quote(text) + ": " + good.error().what,
                      "begin with /, a variable or **/; `*` within a component, `**` alone in one");
    globs.push_back(text);
  }
  return globs;
}

namespace {

void ReadMatch(Reading& reading, const YamlNode& node, RuleDraft& into) { into.rule.match = ReadGlobs(reading, node); }
void ReadUnless(Reading& reading, const YamlNode& node, RuleDraft& into) {
  into.rule.unless = ReadGlobs(reading, node);
}

constexpr KeyRule<RuleDraft> kRule[] = {
    {"id",
     Need::kRequired,
     ReadGradedId<PathRule>,
     "`id: name-of-the-rule`",
     {shape::RuleId, "The name of the rule, unique in the file", "secrets"}},
    {"may",
     Need::kRequired,
     ReadMay,
     "`may: [read]`",
     {shape::List<shape::OneOf<kActs>>, "The acts that it speaks of", "[read, write]"}},
    {"level",
     Need::kOptional,
     ReadGradedLevel<PathRule>,
     "",
     {shape::Level, "The level of these acts", "auto", "", "strictest"}},
    {"forbid",
     Need::kOptional,
     ReadGradedForbid<PathRule>,
     "",
     {shape::Text, "Forbids these acts; what the agent is told", "Keys stay where they are."}},
    {"why",
     Need::kOptional,
     ReadGradedWhy<PathRule>,
     "",
     {shape::Text, "What people are told", "It changes what others use.", "none"}},
    {"under", Need::kOptional, ReadUnder, "", {shape::Directory, "A directory, itself included", "\"${workspace}\""}},
    {"match",
     Need::kOptional,
     ReadMatch,
     "",
     {shape::List<shape::Glob>, "Globs, in place of `under`", "[\"**/*.key\"]"}},
    {"unless",
     Need::kOptional,
     ReadUnless,
     "",
     {shape::List<shape::Glob>, "Globs that the rule does not count for", "[\"**/demo.key\"]", "none"}},
};

// What the keys of one rule say together.
void CheckRule(Reading& reading, const YamlNode& node, const RuleDraft& draft) {
  const PathRule& rule = draft.rule;
  const YamlNode* under = node.Find("under");
  const YamlNode* match = node.Find("match");
  CheckGraded(reading, node, draft, "a path rule", "auto");
  if ((under == nullptr) == (match == nullptr))
    reading.Problem(node.where, under == nullptr ? "a path rule without paths" : "a path rule with `under` and `match`",
                    "write either `under: directory` or `match: [globs]`");
  // A directory that was not understood is told already.
  if (rule.level == Level::kForbid || (under != nullptr && rule.under.empty())) return;
  if (under != nullptr && rule.under == "/")
    reading.Problem(under->where, "\"/\" is the whole host", "name the directories that are needed");
  if ((rule.may & (ActBit(Act::kWrite) | ActBit(Act::kDelete))) == 0) return;
  bool inside = under == nullptr || BeneathVariable(rule.under);
  for (const std::string& glob : rule.match) inside = inside && BeneathVariable(glob);
  if (!inside)
    reading.Problem((under != nullptr   ? under
                     : match != nullptr ? match
                                        : &node)
                        ->where,
                    "write or delete outside the workspace and tmp",
                    "begin with ${workspace} or ${tmp}, or say `may: [read]`; elsewhere they can "
                    "only be forbidden");
}

}  // namespace

Shape PathsShape() { return shape::ListOf(shape::Map("a path rule", kRule)); }

void ReadPaths(Reading& reading, const YamlNode& node, Draft& draft) {
  draft.policy.has_paths = true;
  if (!reading.IsList(node, "write a list of rules, `- { id: …, level: …, may: […], under: … }`")) return;
  for (const YamlNode& item : node.items) {
    RuleDraft into;
    into.rule.where = item.where;
    ReadMap(reading, item, "a path rule", kRule, into);
    if (item.kind == YamlKind::kMap) CheckRule(reading, item, into);
    draft.policy.paths.push_back(std::move(into.rule));
  }
}

}  // namespace warder::policy
