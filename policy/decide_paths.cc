// What do the path rules say of one act on one path?
#include <algorithm>

#include "base/glob.h"
#include "base/text.h"
#include "policy/decide_parts.h"

namespace warder::policy {
namespace {

constexpr std::string_view kWorkspace = "${workspace}", kTmp = "${tmp}";

// The directory or file that a glob names without a wildcard (`D`, `D/**`); empty where it has one.
std::string_view PlainPart(std::string_view glob) {
  if (glob.ends_with("/**")) glob.remove_suffix(3);
  return glob.contains('*') ? std::string_view() : glob;
}

std::string Sentence(const PathRule& rule, Act act, const std::string& path) {
  if (rule.level == Level::kForbid)
    return std::string("may not ") + ActName(act) + " " + path +
           (rule.forbid_text.empty() ? "" : ": " + rule.forbid_text);
  if (!rule.why.empty()) return rule.why;
  return std::string(ActName(act)) + " of " + path;
}

}  // namespace

bool IsCanonical(std::string_view path) {
  if (path.empty() || path[0] != '/' || path.contains('\0')) return false;
  if (path == "/") return true;
  for (size_t start = 1; start <= path.size();) {
    size_t end = std::min(path.find('/', start), path.size());
    std::string_view part = path.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return false;
    start = end + 1;
  }
  return true;
}

bool IsUnder(std::string_view path, std::string_view directory) {
  if (directory.empty()) return false;
  if (directory == "/") return path.starts_with('/');
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string FillIn(std::string_view text, const std::string& workspace, const std::string& tmp) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with(kWorkspace)) {
      out += workspace;
      text.remove_prefix(kWorkspace.size());
    } else if (text.starts_with(kTmp)) {
      out += tmp;
      text.remove_prefix(kTmp.size());
    } else {
      out += text[0];
      text.remove_prefix(1);
    }
  }
  return out;
}

PathJudge::PathJudge(const Policy& policy, const std::string& workspace, const std::string& tmp) {
  // A `*` in a real directory's name would become a wildcard of every glob that it is filled into.
  for (const std::string& directory : {workspace, tmp})
    if (!IsCanonical(directory) || directory == "/" || directory.contains('*'))
      problem_ = "the directory `" + ForTerminal(directory) + "` can not stand in path rules";
  for (const PathRule& rule : policy.paths) {
    Filled& filled = rules_.emplace_back();
    filled.rule = &rule;
    if (!rule.under.empty()) filled.under = FillIn(rule.under, workspace, tmp);
    for (const std::string& glob : rule.match) filled.match.push_back(FillIn(glob, workspace, tmp));
    for (const std::string& glob : rule.unless) filled.unless.push_back(FillIn(glob, workspace, tmp));
  }
}

bool PathJudge::Covers(const Filled& rule, const std::string& path, Act act) const {
  auto excepted = [&](std::string_view at) {
    return std::any_of(rule.unless.begin(), rule.unless.end(),
                       [&](const std::string& glob) { return GlobMatch(glob, at); });
  };
  const bool named = IsUnder(path, rule.under) ||
                     std::any_of(rule.match.begin(), rule.match.end(),
                                 [&](const std::string& glob) { return GlobMatch(glob, path); });
  if (named && !excepted(path)) return true;
  if (act != Act::kDelete || rule.rule->level != Level::kForbid) return false;
  // Deleting a directory deletes what is below it.
  auto beneath = [&](std::string_view plain) {
    return !plain.empty() && plain != path && IsUnder(plain, path) && !excepted(plain);
  };
  return beneath(rule.under) ||
         std::any_of(rule.match.begin(), rule.match.end(),
                     [&](const std::string& glob) { return beneath(PlainPart(glob)); });
}

std::vector<Applied> PathJudge::Judge(const std::string& path, Act act) const {
  if (path == "/dev/null" && act != Act::kDelete) return {};
  std::vector<Applied> out;
  auto add = [&](std::string id, Level level, Where where, std::string text) {
    out.push_back({std::move(id), level, where, path, std::move(text), act, true});
  };
  const std::string shown = ForTerminal(path);
  if (!problem_.empty()) {
    add("no-path", Level::kForbid, {}, problem_);
    return out;
  }
  for (const Filled& rule : rules_)
    if ((rule.rule->may & ActBit(act)) != 0 && Covers(rule, path, act))
      add(rule.rule->id, rule.rule->level, rule.rule->where, Sentence(*rule.rule, act, shown));
  if (out.empty())
    add("no-path", Level::kForbid, {},
        std::string("no path rule covers ") + ActName(act) + " of " + shown + "; " + WhatIsAllowed(act));
  return out;
}

std::string PathJudge::WhatIsAllowed(Act act) const {
  constexpr size_t kShown = 8;
  std::string list;
  size_t count = 0;
  for (const Filled& rule : rules_) {
    if (rule.rule->level == Level::kForbid || (rule.rule->may & ActBit(act)) == 0) continue;
    std::vector<std::string> places = rule.match;
    if (!rule.under.empty()) places.push_back(rule.under);
    for (const std::string& place : places) {
      if (++count > kShown) break;
      list += (list.empty() ? "" : ", ") + ForTerminal(place);
    }
  }
  if (list.empty()) return std::string("no rule allows ") + ActName(act) + " of any path";
  return std::string(ActName(act)) + " is allowed under " + list + (count > kShown ? ", …" : "");
}

}  // namespace warder::policy
