// How does a path glob fit a path, without backtracking blow-up?
//
// Both are lists of components; `**` is a star over components and `*` a star over bytes of one. A
// star that already took the least it could is only ever widened, never an earlier one: if the text
// fits at all, it fits with every earlier star at its narrowest. So each pair is compared at most
// once per widening.
#include "base/glob.h"

#include <algorithm>
#include <vector>

namespace warder {
namespace {

constexpr std::string_view kAnyComponents = "**";

bool ComponentFits(std::string_view glob, std::string_view name) {
  size_t g = 0, n = 0, star = std::string_view::npos, star_n = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_n = n;
    } else if (g < glob.size() && glob[g] == name[n]) {
      ++g;
      ++n;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      n = ++star_n;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace

std::vector<std::string_view> PathParts(std::string_view text) {
  std::vector<std::string_view> parts;
  parts.reserve(static_cast<size_t>(std::ranges::count(text, '/')) + 1);
  while (!text.empty()) {
    const size_t end = std::min(text.find('/'), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Status CheckGlob(std::string_view glob) {
  auto bad = [&](const char* what) { return Fail(Code::kInvalid, "glob `" + std::string(glob) + "`: " + what); };
  if (!glob.starts_with("/") && !glob.starts_with("**/")) return bad("it starts neither with `/` nor with `**/`");
  if (glob.find('\0') != std::string_view::npos) return bad("it holds a NUL byte");
  std::string_view rest = glob[0] == '/' ? glob.substr(1) : glob;
  for (;;) {
    size_t end = rest.find('/');
    std::string_view part = rest.substr(0, end);
    if (part.empty()) return bad("an empty component (`//`, or a slash at its end)");
    if (part == "." || part == "..") return bad("a component `.` or `..`; paths are matched resolved");
    if (part != "**" && part.find("**") != std::string_view::npos)
      return bad("`**` stands for whole components and is one of its own");
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
}

bool GlobMatch(std::string_view glob, std::string_view path) {
  return path.starts_with('/') && GlobMatch(PathParts(glob), PathParts(path));
}

bool GlobMatch(std::span<const std::string_view> glob, std::span<const std::string_view> path) {
  size_t g = 0, p = 0, star_g = 0, star_p = 0;
  bool star = false;
  while (p < path.size()) {
    if (g < glob.size() && glob[g] == kAnyComponents) {
      star = true;
      star_g = ++g;
      // What follows the last `**` stands at the end of the path.
      const bool last = std::ranges::find(glob.subspan(g), kAnyComponents) == glob.end();
      if (last && glob.size() - g > path.size() - p) return false;
      if (last) p = path.size() - (glob.size() - g);
      star_p = p;
    } else if (g < glob.size() && ComponentFits(glob[g], path[p])) {
      ++g;
      ++p;
    } else if (star) {
      g = star_g;
      p = ++star_p;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == kAnyComponents) ++g;
  return g == glob.size();
}

bool GlobMayMatchBeneath(std::string_view glob, std::string_view directory) {
  if (directory.empty() || directory[0] != '/') return false;
  const std::vector<std::string_view> pattern = PathParts(glob), parts = PathParts(directory);
  // at[g]: the directory's components so far can have been taken by the pattern's first g.
  std::vector<bool> at(pattern.size() + 1);
  at[0] = true;
  auto pass_stars = [&] {  // `**` takes none as well
    for (size_t g = 0; g < pattern.size(); ++g)
      if (at[g] && pattern[g] == kAnyComponents) at[g + 1] = true;
  };
  pass_stars();
  for (std::string_view part : parts) {
    std::vector<bool> next(pattern.size() + 1);
    for (size_t g = 0; g < pattern.size(); ++g) {
      if (!at[g]) continue;
      if (pattern[g] == kAnyComponents)
        next[g] = true;
      else if (ComponentFits(pattern[g], part))
        next[g + 1] = true;
    }
    at = std::move(next);
    pass_stars();
  }
  // Whatever is left of the pattern can take one more component at least, unless nothing is left.
  for (size_t g = 0; g < pattern.size(); ++g)
    if (at[g]) return true;
  return false;
}

}  // namespace warder
