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

using Parts = std::vector<std::string_view>;

// The components of a path or glob; empty ones (the leading slash, doubled ones) are left out.
Parts Split(std::string_view text) {
  Parts parts;
  while (!text.empty()) {
    size_t end = text.find('/');
    if (end == std::string_view::npos) end = text.size();
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(end == text.size() ? end : end + 1);
  }
  return parts;
}

std::string_view WithoutSlashes(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of('/'), text.size()));
}
// The first component, or nothing at the end; and what follows it.
std::string_view First(std::string_view text) {
  text = WithoutSlashes(text);
  return text.substr(0, text.find('/'));
}
std::string_view Behind(std::string_view text) {
  text = WithoutSlashes(text);
  return text.substr(std::min(text.find('/'), text.size()));
}

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
  if (path.empty() || path[0] != '/') return false;
  // Both are walked component by component in place: this runs for each path of each call.
  std::string_view g = glob, p = path, star_g, star_p;
  bool star = false;
  while (!First(p).empty()) {
    const std::string_view pattern = First(g);
    if (pattern == "**") {
      star = true;
      star_g = g = Behind(g);
      star_p = p;
    } else if (!pattern.empty() && ComponentFits(pattern, First(p))) {
      g = Behind(g);
      p = Behind(p);
    } else if (star) {
      g = star_g;
      p = star_p = Behind(star_p);
    } else {
      return false;
    }
  }
  while (First(g) == "**") g = Behind(g);
  return First(g).empty();
}

bool GlobMayMatchBeneath(std::string_view glob, std::string_view directory) {
  if (directory.empty() || directory[0] != '/') return false;
  const Parts pattern = Split(glob), parts = Split(directory);
  // at[g]: the directory's components so far can have been taken by the pattern's first g.
  std::vector<bool> at(pattern.size() + 1);
  at[0] = true;
  auto pass_stars = [&] {  // `**` takes none as well
    for (size_t g = 0; g < pattern.size(); ++g)
      if (at[g] && pattern[g] == "**") at[g + 1] = true;
  };
  pass_stars();
  for (std::string_view part : parts) {
    std::vector<bool> next(pattern.size() + 1);
    for (size_t g = 0; g < pattern.size(); ++g) {
      if (!at[g]) continue;
      if (pattern[g] == "**")
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
