// What may `tests` say?
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

void ReadTool(Reading& reading, const YamlNode& node, TestDraft& into) {
  constexpr std::string_view kTools[] = {"read_file", "search_files", "list_directory", "write_file",
                                         "edit_file", "delete_file",  "restore_file",   "http_request"};
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

constexpr KeyRule<TestDraft> kTest[] = {
    {"run", Need::kOptional, ReadRun, ""},
    {"tool", Need::kOptional, ReadTool, ""},
    {"path", Need::kOptional, ReadPath, ""},
    {"new", Need::kOptional, ReadNew, ""},
    {"profile", Need::kOptional, ReadProfile, ""},
    {"expect", Need::kRequired, ReadExpect, "`expect: auto` (or notify, approve, forbid)"},
    {"by", Need::kOptional, ReadBy, ""},
    {"url", Need::kOptional, ReadTestUrl, ""},
    {"at", Need::kOptional, ReadAt, ""},
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

}  // namespace warder::policy
