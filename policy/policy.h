// A loaded policy: what the YAML of 1-policy.md means, as plain values.
//
// Made by the loader (policy/load.h) in warder-config, carried to the broker as a flat message, used by
// policy/decide.h. Nothing in here looks at a disk, a clock or the environment. One layer for now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/archive.h"
#include "base/sha256.h"

namespace warder::policy {

// auto < notify < approve < forbid: the strictest of all that applies decides.
enum class Level : uint8_t { kAuto, kNotify, kApprove, kForbid, kLast = kForbid };
const char* LevelName(Level level);

struct Where {  // of a rule or value in its file; lines and columns from 1
  uint32_t line = 0;
  uint32_t column = 0;
  template <typename F>
  void Fields(F& f) {
    f(line, column);
  }
};

enum class Act : uint8_t { kRead, kWrite, kDelete, kLast = kDelete };
const char* ActName(Act act);
inline constexpr uint8_t ActBit(Act act) { return static_cast<uint8_t>(1u << static_cast<uint8_t>(act)); }

// ---- programs --------------------------------------------------------------------------------
// A file that a program name is bound to, as warder-config saw it at load.
struct BoundFile {
  std::string path;  // canonical
  uint64_t dev = 0, ino = 0;
  std::optional<Digest> sha256;  // where pinned
  template <typename F>
  void Fields(F& f) {
    f(path, dev, ino, sha256);
  }
};
struct Program {
  std::string name;                // as rules write it: a bare name, or an absolute path
  bool declared = false;           // listed under `programs`; else looked up in the system's directories
  std::vector<std::string> paths;  // declared candidate files, in order
  std::optional<Digest> sha256;    // the pin
  std::vector<BoundFile> files;    // filled by policy/bind.h (warder-config); empty: allows no call
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(name, declared, paths, sha256, files, where);
  }
};

// ---- argv patterns ----------------------------------------------------------------------------
enum class FlagValue : uint8_t { kNone, kInt, kText, kRead, kWrite, kDelete, kLast = kDelete };
enum class FlagForm : uint8_t {
  kExact,     // `-n`, `--json`, `--`
  kBundle,    // "-[rf]": any bundle of these letters
  kSeparate,  // "-n INT": two arguments
  kGlued,     // "-nINT", "--max=INT": one argument
  kLast = kGlued,
};
struct Flag {
  FlagForm form = FlagForm::kExact;
  std::string text;  // the flag, or the letters of a bundle, or what stands before the value
  FlagValue value = FlagValue::kNone;
  template <typename F>
  void Fields(F& f) {
    f(form, text, value);
  }
};
enum class ElementKind : uint8_t { kWords, kRegex, kText, kInt, kPath, kHost, kFlags, kRest, kLast = kRest };
struct Element {
  ElementKind kind = ElementKind::kWords;
  std::vector<std::string> words;  // kWords
  std::string regex;               // kRegex, as written
  uint64_t low = 0, high = 0;      // kText: 1..high bytes; kInt: low..high
  Act act = Act::kRead;            // kPath
  uint16_t port = 0;               // kHost
  std::vector<Flag> flags;         // kFlags
  uint32_t repeat_low = 1, repeat_high = 1;
  std::string as;
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(kind, words, regex, low, high, act, port, flags, repeat_low, repeat_high, as, where);
  }
};

struct Limits {  // absent: not set here
  std::optional<uint64_t> wall_ms, cpu_ms, memory_bytes, pids, files, output_bytes, disk_bytes,
      read_file_bytes, concurrent;
  template <typename F>
  void Fields(F& f) {
    f(wall_ms, cpu_ms, memory_bytes, pids, files, output_bytes, disk_bytes, read_file_bytes, concurrent);
  }
};

struct ApprovalTerms {
  uint32_t people = 1;
  uint64_t expires_ms = 900'000;
  template <typename F>
  void Fields(F& f) {
    f(people, expires_ms);
  }
};

struct Example {  // a command line inside a rule
  std::string line;
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(line, where);
  }
};

struct ExecRule {
  std::string id;
  std::string action;            // empty: none
  std::optional<Level> level;    // a floor; kForbid for `forbid:`
  std::string forbid_text;       // of `forbid:`
  std::string why;
  std::vector<Element> argv;     // argv[0] is kWords: the programs
  std::vector<std::string> never_args;
  std::optional<Limits> limits;
  std::optional<ApprovalTerms> approval;
  std::vector<Example> match, not_match;
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(id, action, level, forbid_text, why, argv, never_args, limits, approval, match, not_match, where);
  }
};

struct PathRule {
  std::string id;
  Level level = Level::kApprove;  // kForbid for `forbid:`
  std::string forbid_text;
  std::string why;
  uint8_t may = 0;                   // ActBit()s
  std::string under;                 // a directory, itself included; or empty and:
  std::vector<std::string> match;    // globs, variables not yet filled in
  std::vector<std::string> unless;
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(id, level, forbid_text, why, may, under, match, unless, where);
  }
};

struct Profile {
  std::string name;
  std::vector<std::pair<std::string, Level>> actions;
  std::string based_on;
  std::optional<Level> otherwise;
  bool approve_becomes_forbid = false;
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(name, actions, based_on, otherwise, approve_becomes_forbid, where);
  }
};

enum class WorkspaceMode : uint8_t { kDirect, kLast = kDirect };  // copy-on-write: refused until it is built

struct Test {
  std::string run;   // a command line; or
  std::string tool, path, url;
  bool is_new = false;
  std::string profile;
  Level expect = Level::kForbid;
  std::string by;
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(run, tool, path, url, is_new, profile, expect, by, where);
  }
};

struct Policy {
  static constexpr uint8_t kVersion = 1, kType = 100;
  std::string file;    // the name under which it was loaded
  Digest digest{};     // of the file's bytes
  std::string layer, id, owner, description;
  std::vector<Program> programs;  // every program that any rule names, declared or not
  bool has_exec = false, has_paths = false;
  std::vector<ExecRule> exec;
  std::vector<PathRule> paths;
  std::vector<Profile> profiles;
  std::string default_profile;
  Limits limits;
  WorkspaceMode workspace_mode = WorkspaceMode::kDirect;
  bool workspace_executable = false;
  std::vector<std::string> environment_pass;
  std::vector<std::string> require_reason;  // actions
  std::vector<Test> tests;
  template <typename F>
  void Fields(F& f) {
    f(file, digest, layer, id, owner, description, programs, has_exec, has_paths, exec, paths, profiles,
      default_profile, limits, workspace_mode, workspace_executable, environment_pass, require_reason,
      tests);
  }
};

}  // namespace warder::policy
