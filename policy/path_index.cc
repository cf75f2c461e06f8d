// Which path rules of a layer cover one act on one path?
//
// Each pattern is kept under the literal directory with which it begins, relative to what its
// variable stands for; a path looks up its own ancestors and tests what it finds there. Patterns
// that begin with a wildcard stand under the root and are tested for every path.
#include <algorithm>
#include <span>

#include "base/glob.h"
#include "policy/layer_index.h"

namespace warder::policy {
namespace {

constexpr std::string_view kWorkspace = "${workspace}", kTmp = "${tmp}";

// The directory or file that a glob names without a wildcard (`D`, `D/**`); nothing where it has
// one.
std::optional<std::string_view> PlainPart(std::string_view glob) {
  if (glob.ends_with("/**")) glob.remove_suffix(3);
  if (glob.contains('*')) return std::nullopt;
  return glob;
}

// The whole components before the first wildcard; "" where there are none.
std::string_view LiteralDirectory(std::string_view glob) {
  const size_t star = glob.find('*');
  if (star == std::string_view::npos) return glob;
  const size_t slash = glob.substr(0, star).rfind('/');
  return slash == std::string_view::npos ? std::string_view() : glob.substr(0, slash);
}

// "" where the path is the directory itself, "/rest" below it, nothing elsewhere. "/" is "" and
// what is below it starts at its own slash.
std::optional<std::string_view> Below(std::string_view path, std::string_view directory) {
  if (!IsUnder(path, directory)) return std::nullopt;
  if (directory != "/") return path.substr(directory.size());
  return path == "/" ? std::string_view() : path;
}

// Of a path's components, those of what Below() left of it.
std::span<const std::string_view> PartsOf(const CutPath& path, std::string_view below) {
  const std::span<const std::string_view> parts(path.parts);
  return parts.last(std::min(parts.size(), static_cast<size_t>(std::ranges::count(below, '/'))));
}

}  // namespace

CutPath::CutPath(std::string_view path) : text(path), parts(PathParts(path)) {}

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

std::string Lexical(const std::string& directory, const std::string& text) {
  const std::string joined = text.starts_with('/') ? text : directory + "/" + text;
  std::vector<std::string_view> parts;
  for (std::string_view rest = joined; !rest.empty();) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string out;
  for (std::string_view part : parts) out += "/" + std::string(part);
  return out.empty() ? "/" : out;
}

std::string FillIn(std::string_view text, const std::string& workspace, const std::string& tmp) {
  if (text.starts_with(kWorkspace)) return workspace + std::string(text.substr(kWorkspace.size()));
  if (text.starts_with(kTmp)) return tmp + std::string(text.substr(kTmp.size()));
  return std::string(text);
}

PathIndex::Pattern PathIndex::Parse(uint32_t rule, bool under, std::string_view text) const {
  Pattern pattern{rule, under, Root::kHost, text, {}, policy_->paths[rule].may};
  for (auto [root, name] : {std::pair(Root::kWorkspace, kWorkspace), std::pair(Root::kTmp, kTmp)}) {
    if (!text.starts_with(name)) continue;
    pattern.root = root;
    pattern.rest = text.substr(name.size());
  }
  if (under && pattern.root == Root::kHost && text == "/") pattern.rest = {};
  if (!under) pattern.parts = PathParts(pattern.rest);
  return pattern;
}

PathIndex::PathIndex(const Policy& policy) : policy_(&policy), unless_(policy.paths.size()) {
  for (uint32_t r = 0; r < policy.paths.size(); ++r) {
    const PathRule& rule = policy.paths[r];
    const bool forbids_delete = rule.level == Level::kForbid && (rule.may & ActBit(Act::kDelete)) != 0;
    auto add = [&](bool under, std::string_view text) {
      const Pattern pattern = Parse(r, under, text);
      const std::string_view key = under ? pattern.rest : LiteralDirectory(pattern.rest);
      Patterns& patterns = patterns_[static_cast<size_t>(pattern.root)];
      patterns.under[key].push_back(pattern);
      patterns.longest = std::max(patterns.longest, key.size());
      if (!forbids_delete) return;
      if (auto plain = under ? std::optional(pattern.rest) : PlainPart(pattern.rest))
        plain_.push_back({r, true, pattern.root, *plain, {}, rule.may});
    };
    if (!rule.under.empty()) add(true, rule.under);
    for (const std::string& glob : rule.match) add(false, glob);
    for (const std::string& glob : rule.unless) unless_[r].push_back(Parse(r, false, glob));
  }
}

bool PathIndex::Fits(const Pattern& pattern, const CutPath& path, std::string_view below) {
  if (pattern.under) return pattern.rest.empty() || IsUnder(below, pattern.rest);
  return GlobMatch(pattern.parts, PartsOf(path, below));
}

bool PathIndex::Fits(const Pattern& pattern, const CutPath& path, const Place& place) {
  const std::string_view root = pattern.root == Root::kWorkspace ? place.workspace
                                : pattern.root == Root::kTmp     ? place.tmp
                                                                 : "/";
  const auto below = Below(path.text, root);
  return below && Fits(pattern, path, *below);
}

bool PathIndex::Excepted(uint32_t rule, const CutPath& path, const Place& place) const {
  return std::ranges::any_of(unless_[rule], [&](const Pattern& glob) { return Fits(glob, path, place); });
}

// Deleting a directory deletes what is below it.
void PathIndex::Beneath(std::string_view path, const Place& place, std::vector<uint32_t>& out) const {
  for (const Pattern& plain : plain_) {
    const std::string_view root = plain.root == Root::kWorkspace ? place.workspace
                                  : plain.root == Root::kTmp     ? place.tmp
                                                                 : "";
    std::string whole = std::string(root) + std::string(plain.rest);
    if (whole.empty()) whole = "/";
    if (whole != path && IsUnder(whole, path) && !Excepted(plain.rule, whole, place)) out.push_back(plain.rule);
  }
}

std::vector<uint32_t> PathIndex::Covering(const CutPath& path, Act act, const Place& place) const {
  std::vector<uint32_t> out;
  const std::string_view roots[] = {"/", place.workspace, place.tmp};
  for (size_t root = 0; root < 3; ++root) {
    const Patterns& patterns = patterns_[root];
    const auto below = patterns.under.empty() ? std::nullopt : Below(path.text, roots[root]);
    if (!below) continue;
    // The root itself, then each directory down to the path.
    for (size_t end = 0; end <= patterns.longest; end = std::min(below->find('/', end + 1), below->size())) {
      auto found = patterns.under.find(below->substr(0, end));
      if (found != patterns.under.end())
        for (const Pattern& pattern : found->second)
          if ((pattern.may & ActBit(act)) != 0 && Fits(pattern, path, *below) && !Excepted(pattern.rule, path, place))
            out.push_back(pattern.rule);
      if (end >= below->size()) break;
    }
  }
  if (act == Act::kDelete) Beneath(path.text, place, out);
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace warder::policy
