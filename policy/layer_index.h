// One layer, indexed: so that a decision looks at the rules that can matter, and not at all.
//
// Points into the policy, which must outlive it. Internal to policy/*.cc.
#pragma once

#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/decide.h"

namespace warder::policy {

std::string_view BaseName(std::string_view path);
bool IsBound(const Program& program, const ProgramFact& fact);

// ---- profiles
// ------------------------------------------------------------------------------------ A profile
// with what it is based on. Own lists come before those it is based on.
class ResolvedProfile {
 public:
  ResolvedProfile(const Policy& policy, const Profile& profile);
  // The level that some list gives the action, or nothing.
  std::optional<Level> Explicit(std::string_view action) const;
  // The same, else `otherwise`, else approve.
  Level LevelOf(std::string_view action) const;
  Level Otherwise() const { return otherwise_; }
  bool approve_becomes_forbid() const { return approve_becomes_forbid_; }
  const Profile& profile() const { return *profile_; }
  // Why it can not be used; then every call is forbid. Empty: it can.
  const std::string& problem() const { return problem_; }

 private:
  const Profile* profile_;
  std::unordered_map<std::string_view, Level> actions_;
  Level otherwise_ = Level::kApprove;
  std::string problem_;
  bool approve_becomes_forbid_ = false;
};

// The level of a rule that matches: the stricter of its own and its action's; approve where neither
// speaks. `profile` null: the layer has none.
Level RuleLevel(const ExecRule& rule, const ResolvedProfile* profile);

// ---- paths (policy/path_index.cc)
// -----------------------------------------------------------------
bool IsUnder(std::string_view path, std::string_view directory);
// Absolute, no empty, `.` or `..` component, no trailing slash but of "/", no NUL.
bool IsCanonical(std::string_view path);
// Canonical by its text alone: `.`, `..` and doubled slashes. `directory` canonical.
std::string Lexical(const std::string& directory, const std::string& text);
// Replaces ${workspace} and ${tmp}.
std::string FillIn(std::string_view text, const std::string& workspace, const std::string& tmp);

struct Place {  // what the variables stand for in one call
  std::string_view workspace, tmp;
};

// A canonical path, cut into its components once for all layers. Points into the text.
struct CutPath {
  CutPath(std::string_view path);
  CutPath(const std::string& path) : CutPath(std::string_view(path)) {}
  std::string_view text;
  std::vector<std::string_view> parts;
};

class PathIndex {
 public:
  explicit PathIndex(const Policy& policy);
  // The rules that cover this act on this path, in the file's order.
  std::vector<uint32_t> Covering(const CutPath& path, Act act, const Place& place) const;

 private:
  enum class Root : uint8_t { kHost, kWorkspace, kTmp };
  struct Pattern {
    uint32_t rule = 0;
    bool under = false;  // a directory; else a glob
    Root root = Root::kHost;
    std::string_view rest;                // behind the variable
    std::vector<std::string_view> parts;  // of a glob: its components
    uint8_t may = 0;                      // of the rule
  };
  Pattern Parse(uint32_t rule, bool under, std::string_view text) const;
  static bool Fits(const Pattern& pattern, const CutPath& path, const Place& place);
  // The same where the path is known to be at or below the pattern's root: `below` is what follows the root.
  static bool Fits(const Pattern& pattern, const CutPath& path, std::string_view below);
  bool Excepted(uint32_t rule, const CutPath& path, const Place& place) const;
  void Beneath(std::string_view path, const Place& place, std::vector<uint32_t>& out) const;

  const Policy* policy_;
  struct Patterns {  // by the literal directory with which they begin
    std::unordered_map<std::string_view, std::vector<Pattern>> under;
    size_t longest = 0;  // of these directories
  };
  Patterns patterns_[3];                      // by root
  std::vector<std::vector<Pattern>> unless_;  // by rule
  std::vector<Pattern> plain_;                // of rules that forbid delete: what they name without a wildcard
};

// ---- hosts (policy/host_index.cc)
// ----------------------------------------------------------------- Whether a rule's host covers a
// named one; both lower case, either may be `*.domain`.
bool CoversHost(std::string_view rule, std::string_view named);

class HostIndex {
 public:
  explicit HostIndex(const Policy& policy);
  // The rules that cover it, in the file's order. Without a method, one with methods covers too:
  // which methods pass is then seen where the traffic is.
  std::vector<uint32_t> Covering(const HostPort& host) const;
  const NetworkRule* Find(std::string_view id) const;
  size_t IndexOf(const NetworkRule& rule) const;

 private:
  const Policy* policy_;
  std::unordered_map<std::string_view, std::vector<uint32_t>> by_host_;
  std::unordered_map<std::string_view, uint32_t> by_id_;
};

// ---- the layer
// ------------------------------------------------------------------------------------
class LayerIndex {
 public:
  explicit LayerIndex(const Policy& policy);

  // Rules, in the file's order, that name this word, or a word with this base name, in first place.
  std::span<const uint32_t> Named(std::string_view word) const { return At(by_word_, word); }
  std::span<const uint32_t> WithBase(std::string_view base) const { return At(by_base_, base); }
  // Of those with this base name, the ones that this argv may fit: a rule whose second element is
  // fixed words is looked up by it. None that could count otherwise is left out but by identity.
  // Added to `rules`, in the file's order.
  void AddMayFit(std::string_view base, const std::vector<std::string>& argv, std::vector<uint32_t>& rules) const;
  const Program* FindProgram(std::string_view name) const;
  // Names of the programs whose bound file this is: by inode, or by a digest where both have one.
  std::vector<std::string_view> BoundTo(const ProgramFact& fact) const;
  // Some rule that can forbid names a pinned program: every program must be hashed.
  bool hashes_everything() const { return hashes_everything_; }
  // Null where the layer has no profile of this name.
  const ResolvedProfile* FindProfile(std::string_view name) const;
  // The first names that rules allow, for people, and whether there are more.
  const std::string& allowed_names() const { return allowed_names_; }

  const PathIndex paths;
  const HostIndex hosts;

 private:
  using Rules = std::unordered_map<std::string_view, std::vector<uint32_t>>;
  static std::span<const uint32_t> At(const Rules& rules, std::string_view key);
  void IndexRules(const Policy& policy);
  struct BySecond;
  static void IndexSecond(const ExecRule& rule, uint32_t r, BySecond& into);
  void IndexPrograms(const Policy& policy);

  Rules by_word_, by_base_;
  struct BySecond {
    struct Fixed {  // a rule that only fits where this is the second word
      std::string word;
      uint32_t rule;
      auto operator<=>(const Fixed&) const = default;
    };
    std::vector<Fixed> fixed;    // sorted: side by side in memory, which is what a look-up costs
    std::vector<uint32_t> open;  // all others
  };
  std::unordered_map<std::string_view, BySecond> by_second_;
  std::unordered_map<std::string_view, const Program*> programs_;
  struct FileId {
    uint64_t dev = 0, ino = 0;
    bool operator==(const FileId&) const = default;
  };
  struct HashFileId {
    size_t operator()(const FileId& id) const { return std::hash<uint64_t>()(id.ino * 31 + id.dev); }
  };
  std::unordered_map<FileId, std::vector<const Program*>, HashFileId> by_file_;
  std::unordered_map<std::string, std::vector<const Program*>> by_digest_;
  std::unordered_map<std::string_view, ResolvedProfile> profiles_;
  std::string allowed_names_;
  bool hashes_everything_ = false;
};

}  // namespace warder::policy
