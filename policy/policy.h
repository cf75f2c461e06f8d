// A loaded policy: what the YAML of one layer means, as plain values.
//
// Made by the loader (policy/load.h) in warder-config, carried to the broker as a flat message, put
// together with other layers by policy/policy_set.h, judged by policy/decide.h. Nothing in here
// looks at a disk, a clock or the environment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/archive.h"
#include "base/sha256.h"

namespace warder::policy {

// auto < notify < approve < forbid: the strictest of all that applies decides.
enum class Level : uint8_t { kAuto, kNotify, kApprove, kForbid, kLast = kForbid };
const char* LevelName(Level level);

// Where a workspace keeps its own layer, below its directory.
inline constexpr std::string_view kWorkspacePolicy = ".warder/policy.yaml";

// Order of the layers; a lower one only narrows.
enum class LayerKind : uint8_t { kOrg, kTeam, kProject, kWorkspace, kSession, kLast = kSession };
const char* LayerName(LayerKind layer);

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
  bool declared = false;           // under `programs`; else looked up in the system's directories
  std::vector<std::string> paths;  // declared candidate files, in order
  std::optional<Digest> sha256;    // the pin
  std::vector<BoundFile> files;    // filled by policy/bind.h; empty: allows no call
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
  std::string as;  // the parameter of the rule's tool that fills it; empty: none
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(kind, words, regex, low, high, act, port, flags, repeat_low, repeat_high, as, where);
  }
};

struct Limits {  // absent: not set here
  std::optional<uint64_t> wall_ms, cpu_ms, memory_bytes, pids, files, output_bytes, disk_bytes, read_file_bytes,
      concurrent;
  template <typename F>
  void Fields(F& f) {
    f(wall_ms, cpu_ms, memory_bytes, pids, files, output_bytes, disk_bytes, read_file_bytes, concurrent);
  }
};

struct Rate {  // at most `max` in any `per_ms`
  uint64_t max = 0, per_ms = 0;
  template <typename F>
  void Fields(F& f) {
    f(max, per_ms);
  }
};

struct ApprovalTerms {
  uint32_t people = 1;
  uint64_t expires_ms = 900'000;
  std::optional<Rate> reuse;  // one yes counts for so many calls; absent: for one
  template <typename F>
  void Fields(F& f) {
    f(people, expires_ms, reuse);
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

// What the exec guard does with what a run starts; the strictest is the first.
enum class Guard : uint8_t { kEnforce, kRecord, kOff, kLast = kOff };
const char* GuardName(Guard guard);
// For which programs a rule counts: those of calls, those started in a jail.
enum class Only : uint8_t { kBoth, kInside, kCall, kLast = kCall };

struct ToolTerms {  // an exec rule that is a tool of its own
  std::string name, description;
  template <typename F>
  void Fields(F& f) {
    f(name, description);
  }
};

struct ExecRule {
  std::string id;
  std::string action;          // empty: none
  std::optional<Level> level;  // a floor; kForbid for `forbid:`
  std::string forbid_text;     // of `forbid:`
  std::string why;
  std::vector<Element> argv;  // argv[0] is kWords: the programs
  std::vector<std::string> never_args;
  std::vector<std::string> network;  // ids of network rules of its own layer; empty: no network
  std::optional<Limits> limits;
  std::optional<Rate> attempts;
  Guard guard = Guard::kEnforce;
  Only only = Only::kBoth;
  std::optional<ApprovalTerms> approval;
  std::string lease;
  std::optional<ToolTerms> tool;
  std::vector<Example> match, not_match;
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(id, action, level, forbid_text, why, argv, never_args, network, limits, attempts, guard, only, approval, lease,
      tool, match, not_match, where);
  }
};

struct PathRule {
  std::string id;
  Level level = Level::kApprove;  // kForbid for `forbid:`
  std::string forbid_text;
  std::string why;
  uint8_t may = 0;                 // ActBit()s
  std::string under;               // a directory, itself included; or empty and:
  std::vector<std::string> match;  // globs, variables not yet filled in
  std::vector<std::string> unless;
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(id, level, forbid_text, why, may, under, match, unless, where);
  }
};

struct NetworkRule {
  std::string id;
  Level level = Level::kApprove;  // kForbid for `forbid:`
  std::string forbid_text;
  std::string why;
  std::vector<std::string> hosts;    // lower case; exact, or `*.domain`: what lies below it
  std::vector<uint16_t> ports;       // empty: any (only where forbidden)
  std::vector<std::string> methods;  // of http; empty: any, and what is no http
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(id, level, forbid_text, why, hosts, ports, methods, where);
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

// ---- windows ----------------------------------------------------------------------------------
struct LocalTime {      // what a clock on the wall of a zone shows
  uint8_t weekday = 0;  // 0 is Monday
  uint16_t minute = 0;  // of the day, 0..1439
  template <typename F>
  void Fields(F& f) {
    f(weekday, minute);
  }
};
struct Span {  // "Tue-Thu 10:00-16:00 Europe/Berlin"
  uint8_t first_day = 0,
          last_day = 0;       // both included; over the end of the week where last < first
  uint16_t from = 0, to = 0;  // minutes of the day; `to` is not included, at most 1440
  std::string zone;
  bool Holds(const LocalTime& time) const;
  template <typename F>
  void Fields(F& f) {
    f(first_day, last_day, from, to, zone);
  }
};
// How far a zone's clock is ahead of UTC, as the tz database of this machine has it: a host tells the time without it.
struct ZoneClock {
  struct Offset {
    int64_t since_s = 0;  // of UTC, as time(2) counts
    int32_t seconds = 0;
    template <typename F>
    void Fields(F& f) {
      f(since_s, seconds);
    }
  };
  std::string zone;
  std::vector<Offset> offsets;  // the earliest first; before it nothing is known
  int64_t until_s = 0;          // nor from here on
  template <typename F>
  void Fields(F& f) {
    f(zone, offsets, until_s);
  }
};
struct Window {
  std::string id;
  std::vector<std::string> actions;
  std::vector<Span> open;  // open in any of them; outside of all, `level` is the least
  Level level = Level::kForbid;
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(id, actions, open, level, where);
  }
};

// ---- session: circuit breakers ------------------------------------------------------------------
enum class BreakerKind : uint8_t {
  kCalls,
  kDuration,
  kRate,
  kFailures,
  kDenied,
  kSameCall,
  kDeletes,
  kSimilarCall,
  kTokens,
  kLast = kTokens
};
const char* BreakerName(BreakerKind kind);  // as under `session`: "calls", "same-call" …
struct Breaker {
  BreakerKind kind = BreakerKind::kCalls;
  uint64_t max = 0;            // a count; of kDuration milliseconds
  uint64_t per_ms = 0;         // sliding; 0: the session's whole life
  uint64_t within_last = 0;    // so many calls; kSameCall and kSimilarCall
  uint32_t above_percent = 0;  // kSimilarCall
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(kind, max, per_ms, within_last, above_percent, where);
  }
};

// ---- what surrounds a run: each key absent where the layer does not say it
// --------------------------
enum class WorkspaceMode : uint8_t { kDirect, kCopyOnWrite, kLast = kCopyOnWrite };
enum class Apply : uint8_t { kAuto, kReview, kNever, kLast = kNever };  // strictest last
struct Trash {
  std::optional<uint64_t> keep_ms, max_bytes;
  template <typename F>
  void Fields(F& f) {
    f(keep_ms, max_bytes);
  }
};
struct WorkspaceTerms {
  std::optional<WorkspaceMode> mode;
  std::optional<Apply> apply;
  std::optional<bool> executable;
  Trash trash;
  template <typename F>
  void Fields(F& f) {
    f(mode, apply, executable, trash);
  }
};
enum class Tier : uint8_t { kLandlock, kNamespace, kOci, kMicrovm, kLast = kMicrovm };
enum class LimitsBy : uint8_t { kProcess, kCgroup, kLast = kCgroup };
struct JailTerms {
  std::optional<Tier> tier;  // a floor
  std::string root;          // empty: not said
  std::optional<LimitsBy> limits;
  template <typename F>
  void Fields(F& f) {
    f(tier, root, limits);
  }
};
enum class InsideNoRule : uint8_t { kForbid, kAllow, kLast = kAllow };
enum class InsideApprove : uint8_t { kForbid, kAsk, kLast = kAsk };
struct InsideTerms {
  InsideNoRule no_rule = InsideNoRule::kForbid;
  InsideApprove approve = InsideApprove::kForbid;
  template <typename F>
  void Fields(F& f) {
    f(no_rule, approve);
  }
};
struct Unmatched {  // true: what none of the layer's rules meets is left to the other layers
  bool exec = false, paths = false, network = false;
  template <typename F>
  void Fields(F& f) {
    f(exec, paths, network);
  }
};
struct Redaction {
  std::string id, find;  // RE2, not anchored
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(id, find, where);
  }
};

struct Test {
  std::string run;  // a command line; or
  std::string tool, path, url;
  bool is_new = false;
  std::string profile;
  std::optional<LocalTime> at;  // in each window's zone; absent: windows are open
  Level expect = Level::kForbid;
  std::string by;
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(run, tool, path, url, is_new, profile, at, expect, by, where);
  }
};

// A key that stands in the file, for whoever can not enforce it (config/in_force.h).
struct UsedKey {
  std::string key;  // "network", "an exec rule: attempts"
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(key, where);
  }
};

struct ActionMention {  // in a profile, a window or require-reason
  std::string action;
  Where where;
  template <typename F>
  void Fields(F& f) {
    f(action, where);
  }
};

// Actions of the tools that every host has.
inline constexpr std::string_view kToolActions[] = {"read_file",   "list_directory", "create_file",
                                                    "modify_file", "delete_file",    "http_request"};

struct Policy {
  static constexpr uint8_t kVersion = 3, kType = 100;
  std::string file;  // the name under which it was loaded
  Digest digest{};   // of the file's bytes
  LayerKind layer = LayerKind::kProject;
  std::string id, owner, description;
  std::vector<Program> programs;  // every program that any rule names, declared or not
  // Of which matters the layer speaks.
  bool has_exec = false, has_paths = false, has_network = false;
  Unmatched unmatched;
  std::vector<ExecRule> exec;
  std::vector<PathRule> paths;
  std::vector<NetworkRule> network;
  std::vector<Profile> profiles;
  std::string default_profile;
  std::vector<Window> windows;
  std::vector<ZoneClock> clocks;  // of the windows' zones, once bound
  std::vector<Breaker> session;
  Limits limits;
  std::optional<InsideTerms> inside;
  WorkspaceTerms workspace;
  JailTerms jail;
  std::optional<std::vector<std::string>> environment_pass;
  std::vector<std::string> require_reason;  // actions
  std::vector<Redaction> redact;
  std::vector<Test> tests;
  std::vector<ActionMention> listed_actions;
  std::vector<UsedKey> used;
  template <typename F>
  void Fields(F& f) {
    f(file, digest, layer, id, owner, description, programs, has_exec, has_paths, has_network, unmatched, exec, paths,
      network, profiles, default_profile, windows, clocks, session, limits, inside, workspace, jail, environment_pass,
      require_reason, redact, tests, listed_actions, used);
  }
};

}  // namespace warder::policy
