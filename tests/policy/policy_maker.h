// Policies and facts for the tests of policy/, without YAML or a disk.
#pragma once

#include <string>
#include <vector>

#include "policy/decide.h"

namespace warder::policy::maker {

inline Element Words(std::vector<std::string> words) {
  Element e;
  e.words = std::move(words);
  return e;
}
inline Element Kind(ElementKind kind, uint32_t low = 1, uint32_t high = 1) {
  Element e;
  e.kind = kind;
  e.repeat_low = low;
  e.repeat_high = high;
  return e;
}
inline Element Regex(std::string text, uint32_t low = 1, uint32_t high = 1) {
  Element e = Kind(ElementKind::kRegex, low, high);
  e.regex = std::move(text);
  return e;
}
inline Element Text(uint64_t bytes, uint32_t low = 1, uint32_t high = 1) {
  Element e = Kind(ElementKind::kText, low, high);
  e.high = bytes;
  return e;
}
inline Element Int(uint64_t low, uint64_t high) {
  Element e = Kind(ElementKind::kInt);
  e.low = low;
  e.high = high;
  return e;
}
inline Element Path(Act act, uint32_t low = 1, uint32_t high = 1) {
  Element e = Kind(ElementKind::kPath, low, high);
  e.act = act;
  return e;
}
inline Element Rest() { return Kind(ElementKind::kRest); }
inline Element Flags(std::vector<Flag> flags) {
  Element e = Kind(ElementKind::kFlags);
  e.flags = std::move(flags);
  return e;
}

inline uint32_t g_line = 1;  // rules get lines in the order in which they are made

inline ExecRule Rule(std::string id, std::vector<Element> argv, std::optional<Level> level, std::string action = "") {
  ExecRule rule;
  rule.id = std::move(id);
  rule.argv = std::move(argv);
  rule.level = level;
  rule.action = std::move(action);
  if (level == Level::kForbid) rule.forbid_text = "not here";
  rule.where = {g_line++, 1};
  return rule;
}
inline PathRule Under(std::string id, Level level, uint8_t may, std::string under) {
  PathRule rule;
  rule.id = std::move(id);
  rule.level = level;
  rule.may = may;
  rule.under = std::move(under);
  if (level == Level::kForbid) rule.forbid_text = "not here";
  rule.where = {g_line++, 1};
  return rule;
}
inline PathRule Globs(std::string id, Level level, uint8_t may, std::vector<std::string> match,
                      std::vector<std::string> unless = {}) {
  PathRule rule = Under(std::move(id), level, may, "");
  rule.match = std::move(match);
  rule.unless = std::move(unless);
  return rule;
}

inline constexpr uint8_t kAll = 7, kReadOnly = 1, kReadWrite = 3, kWriteDelete = 6, kDeleteOnly = 4;

// Binds every name that a rule has in first place to a file of its own.
inline void Bind(Policy& policy) {
  policy.has_exec = !policy.exec.empty();
  policy.has_paths = !policy.paths.empty();
  policy.file = "test.yaml";
  uint64_t next = 100;
  for (const ExecRule& rule : policy.exec)
    for (const std::string& name : rule.argv[0].words) {
      bool known = false;
      for (const Program& program : policy.programs) known |= program.name == name;
      if (known) continue;
      Program& program = policy.programs.emplace_back();
      program.name = name;
      program.files.push_back({name[0] == '/' ? name : "/usr/bin/" + name, 1, next++, std::nullopt});
    }
}

inline Call Line(const std::string& text) {
  Call call;
  call.line = ReadLine(text);
  call.opaque_text = text;
  return call;
}
inline Call File(Tool tool, std::string path) {
  Call call;
  call.tool = tool;
  call.path = std::move(path);
  return call;
}

inline std::string Canonical(const std::string& directory, const std::string& text) {
  std::string joined = text.starts_with('/') ? text : directory + "/" + text;
  std::vector<std::string> parts;
  for (size_t at = 0; at < joined.size();) {
    size_t end = joined.find('/', at);
    if (end == std::string::npos) end = joined.size();
    std::string part = joined.substr(at, end - at);
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    at = end + 1;
  }
  std::string out;
  for (const std::string& part : parts) out += "/" + part;
  return out.empty() ? "/" : out;
}

// What hands would say in a tidy world: /ws is the workspace, every file is there, no symlinks.
inline Facts Lookup(const Policy& policy, const Call& call, bool exists = true) {
  Facts facts;
  facts.workspace = "/ws";
  Wanted wanted = Want(policy, call);
  for (const WantedPath& path : wanted.paths) {
    std::string from = path.directory == SIZE_MAX ? "/ws" : facts.paths.at(path.directory).path;
    facts.paths.push_back({true, "", Canonical(from, path.text), exists, path.is_directory, 1, 1});
  }
  for (const WantedProgram& program : wanted.programs) {
    ProgramFact& fact = facts.programs.emplace_back();
    for (const Program& known : policy.programs)
      for (const BoundFile& file : known.files)
        if (file.path == program.path)
          fact = {true, "", file.path, file.dev, file.ino, std::nullopt, true, true, false};
  }
  return facts;
}

inline Decision Ask(const Policy& policy, const Call& call, const std::string& profile = "") {
  return Decide(policy, call, Lookup(policy, call), profile);
}

}  // namespace warder::policy::maker
