// What may `tests` say?
#include <algorithm>

#include "policy/examples.h"
#include "policy/load_parts.h"
#include "policy/url.h"

namespace warder::policy {
namespace {

struct TestDraft {
  Test test;
  Draft* draft = nullptr;
};

void ReadRun(Reading& reading, const YamlNode& node, TestDraft& into) {
  into.test.run = reading.Text(node, "write a command line").value_or("");
}

constexpr std::string_view kTools[] = {"read_file", "search_files", "list_directory", "write_file",
                                       "edit_file", "delete_file",  "restore_file",   "http_request"};

void ReadTool(Reading& reading, const YamlNode& node, TestDraft& into) {
  if (auto tool = reading.OneOf(node, kTools)) into.test.tool = kTools[*tool];
}

void ReadPath(Reading& reading, const YamlNode& node, TestDraft& into) {
  into.test.path = reading.Text(node, "write a path, from the workspace or from / on").value_or("");
}

void ReadNew(Reading& reading, const YamlNode& node, TestDraft& into) {
  into.test.is_new = reading.YesNo(node).value_or(false);
}

void ReadProfile(Reading& reading, const YamlNode& node, TestDraft& into) {
  auto name = reading.Text(node, "write the name of a profile");
  if (!name) return;
  into.test.profile = *name;
  into.draft->named_profiles.push_back({*name, node.where});
}

void ReadExpect(Reading& reading, const YamlNode& node, TestDraft& into) {
  if (auto level = reading.LevelOf(node)) into.test.expect = *level;
}

void ReadBy(Reading& reading, const YamlNode& node, TestDraft& into) {
  auto name = reading.Text(node, "write the id of a rule, an action, no-rule or no-path");
  if (!name) return;
  into.test.by = *name;
  into.draft->decided_by.push_back({*name, node.where});
}

void ReadTestUrl(Reading& reading, const YamlNode& node, TestDraft& into) {
  auto text = reading.Text(node, "write `url: https://host/path`");
  if (text && !ReadUrl(*text))
    reading.Problem(node.where, Quote(*text) + " is not an http URL",
                    "write https:// or http://, a host, a path; no user, no fragment");
  into.test.url = text.value_or("");
}

void ReadAt(Reading& reading, const YamlNode& node, TestDraft& into) {
  const std::string& text = node.text;
  const size_t blank = node.kind == YamlKind::kScalar ? text.find(' ') : std::string::npos;
  if (blank != std::string::npos) {
    auto day = WeekdayNamed(std::string_view(text).substr(0, blank));
    auto minute = MinuteNamed(std::string_view(text).substr(blank + 1));
    if (day && minute && *minute < 1440) {
      into.test.at = LocalTime{*day, *minute};
      return;
    }
  }
  reading.Problem(node.where, "`at` is no time of the week", "write it as `at: \"Sat 11:00\"`");
}

Shape AtShape() {
  return shape::Pattern("`Day HH:MM`", "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([01][0-9]|2[0-3]):[0-5][0-9]$");
}

constexpr KeyRule<TestDraft> kTest[] = {
    {"run", Need::kOptional, ReadRun, "", {shape::Text, "The call: a command line", "\"git status\"", "`tool`"}},
    {"tool",
     Need::kOptional,
     ReadTool,
     "",
     {shape::OneOf<kTools>, "The call: a tool that every host has", "read_file", "`run`"}},
    {"path",
     Need::kOptional,
     ReadPath,
     "",
     {shape::Text, "The path that a file tool names", "src/main.c", "required with a file tool"}},
    {"new", Need::kOptional, ReadNew, "", {shape::YesNo, "The file is not there yet", "yes", "no"}},
    {"profile",
     Need::kOptional,
     ReadProfile,
     "",
     {shape::ProfileName, "The profile that is in force", "unattended", "the default-profile"}},
    {"expect",
     Need::kRequired,
     ReadExpect,
     "`expect: auto` (or notify, approve, forbid)",
     {shape::Level, "The level that must come out", "auto"}},
    {"by",
     Need::kOptional,
     ReadBy,
     "",
     {shape::Text, "What must decide: an id, an action, `no-rule`, `no-path`, `no-host`. `reason` asks without one",
      "git-read", "anything"}},
    {"url",
     Need::kOptional,
     ReadTestUrl,
     "",
     {shape::Text, "The URL of http_request", "\"https://example.com/\"", "required with http_request"}},
    {"at",
     Need::kOptional,
     ReadAt,
     "",
     {AtShape, "The time of the week, in each window's zone", "\"Sat 11:00\"", "windows are open"}},
};

void CheckTest(Reading& reading, const YamlNode& node) {
  const YamlNode* run = node.Find("run");
  const YamlNode* tool = node.Find("tool");
  const YamlNode* path = node.Find("path");
  if ((run == nullptr) == (tool == nullptr))
    reading.Problem(node.where, "a test without one call", "write either `run: \"a line\"` or `tool: name, path: …`");
  const bool http = tool != nullptr && tool->text == "http_request";
  if (tool != nullptr && !http && path == nullptr)
    reading.Problem(tool->where, "a tool without its path", "write `path: …` beside it");
  if (http && node.Find("url") == nullptr)
    reading.Problem(tool->where, "http_request without its url", "write `url: …` beside it");
  if (const YamlNode* other = node.Find(http ? "path" : "url"); other != nullptr && tool != nullptr)
    reading.Problem(other->where, (http ? "`path`" : "`url`") + std::string(" with ") + Quote(tool->text),
                    http ? "write `url: …`" : "take it out: it is for http_request");
  for (std::string_view key : {"path", "new", "url"})
    if (const YamlNode* other = node.Find(key); other != nullptr && run != nullptr)
      reading.Problem(other->where, "`" + std::string(key) + "` beside `run`", "take it out: it belongs to `tool`");
  if (const YamlNode* is_new = node.Find("new");
      is_new != nullptr && tool != nullptr && tool->text != "write_file" && tool->text != "restore_file")
    reading.Problem(is_new->where, "`new` with " + Quote(tool->text), "take it out: it is for write_file");
}

}  // namespace

Shape TestsShape() { return shape::ListOf(shape::Map("a test", kTest)); }

void ReadTests(Reading& reading, const YamlNode& node, Draft& draft) {
  if (!reading.IsList(node, "write a list of tests, `- { run: \"make\", expect: auto }`")) return;
  for (const YamlNode& item : node.items) {
    TestDraft into;
    into.draft = &draft;
    into.test.where = item.where;
    ReadMap(reading, item, "a test", kTest, into);
    if (item.kind == YamlKind::kMap) CheckTest(reading, item);
    draft.policy.tests.push_back(std::move(into.test));
  }
}

namespace {
constexpr KeyRule<Draft> kTestsFile[] = {
    {"tests",
     Need::kRequired,
     ReadTests,
     "`tests: [{ run: \"make\", expect: auto }]`",
     {TestsShape, "Tests, as in a policy", "[{ run: \"git status\", expect: auto }]"}}};
}  // namespace

Shape TestsFileShape() { return shape::Map("a file of tests", kTestsFile); }

LoadedTests LoadTests(std::string_view bytes, const PolicySet& set) {
  LoadedTests loaded;
  auto root = ParseYaml(bytes);
  if (!root) {
    loaded.problems.push_back(std::move(root.error()));
    return loaded;
  }
  Reading reading;
  Draft draft;
  ReadMap(reading, *root, "a file of tests", kTestsFile, draft);
  std::vector<std::string> deciders;
  std::vector<std::string_view> profiles;
  for (const auto& layer : set.layers()) {
    AddDeciders(*layer, deciders);
    for (const Profile& profile : layer->profiles) profiles.push_back(profile.name);
  }
  CheckDecidedBy(reading, draft.decided_by, deciders);
  for (const Mention& mention : draft.named_profiles)
    if (std::ranges::find(profiles, mention.name) == profiles.end())
      reading.Problem(mention.where, Quote(mention.name) + " is a profile of no layer here",
                      DidYouMean(mention.name, profiles));
  loaded.tests = std::move(draft.policy.tests);
  loaded.problems = std::move(reading.problems());
  return loaded;
}

}  // namespace warder::policy
