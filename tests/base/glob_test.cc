// Which paths does a glob fit, and does any glob cost more than it should?
#include "base/glob.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace warder {
namespace {

TEST(Glob, Matches) {
  const struct {
    const char *glob, *path;
    bool fits;
  } cases[] = {{"/a/b", "/a/b", true},
               {"/a/b", "/a/bc", false},
               {"/a/*", "/a/.b", true},
               {"/a/*", "/a", false},
               {"/a/*", "/a/b/c", false},
               {"/a/**", "/a", true},
               {"/a/**", "/a/b/c", true},
               {"/a/**", "/ab", false},
               {"**/.env*", "/.env", true},
               {"**/.env*", "/w/x/.env.a", true},
               {"**/.env*", "/w/x.env", false},
               {"/w/**/k", "/w/k", true},
               {"/w/**/k", "/w/a/b/k", true},
               {"/w/**/k", "/w/a/b", false},
               {"/**", "/", true},
               {"/a?", "/ab", false},
               {"/[a]", "/a", false},
               {"/[a]", "/[a]", true},
               {"/*a*b", "/xaybzb", true},
               {"/*a*b", "/xayb/", true},
               {"/A", "/a", false},
               {"**/a/**/b", "/a/x/a/b", true},
               {"/a", "a", false},
               {"/a", "", false}};
  for (const auto& c : cases) EXPECT_EQ(GlobMatch(c.glob, c.path), c.fits) << c.glob << " " << c.path;
}

// What the words of base/glob.h say, tried in every way.
bool FitsByTrying(const std::vector<std::string>& glob, const std::vector<std::string>& path, size_t g, size_t p) {
  if (g == glob.size()) return p == path.size();
  if (glob[g] == "**") {
    for (size_t next = p; next <= path.size(); ++next)
      if (FitsByTrying(glob, path, g + 1, next)) return true;
    return false;
  }
  if (p == path.size()) return false;
  const bool fits = glob[g] == "*" || glob[g] == path[p] || (glob[g] == "a*" && path[p].starts_with('a'));
  return fits && FitsByTrying(glob, path, g + 1, p + 1);
}

// Each list of up to four of these words.
std::vector<std::vector<std::string>> Lists(const std::vector<std::string>& words) {
  std::vector<std::vector<std::string>> lists{{}};
  for (size_t i = 0; i < lists.size(); ++i)
    for (const std::string& word : words)
      if (lists[i].size() < 4) {
        std::vector<std::string> longer = lists[i];
        longer.push_back(word);
        lists.push_back(std::move(longer));
      }
  return lists;
}

TEST(Glob, FitsWhatTryingEveryWayFits) {
  auto joined = [](const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += "/" + part;
    return text.empty() ? "/" : text;
  };
  for (const auto& glob : Lists({"**", "*", "a", "a*"}))
    for (const auto& path : Lists({"a", "b", "ab"}))
      ASSERT_EQ(GlobMatch(joined(glob), joined(path)), FitsByTrying(glob, path, 0, 0))
          << joined(glob) << " " << joined(path);
}

TEST(Glob, WellFormed) {
  for (const char* good : {"/a", "/a/**", "**/x", "/**", "/a/*b*/c", "/**/**/a"}) EXPECT_TRUE(CheckGlob(good)) << good;
  for (const char* bad : {"", "a", "*", "**", "/", "//a", "/a/", "/a//b", "/./a", "/a/..", "/a**", "/**a", "***/a"})
    EXPECT_FALSE(CheckGlob(bad)) << bad;
}

TEST(Glob, MayMatchBeneath) {
  const struct {
    const char *glob, *directory;
    bool may;
  } cases[] = {{"/a/b/c", "/a", true},      {"/a/b/c", "/a/b/c", false}, {"/a/b/c", "/x", false},
               {"/a/**", "/a/x/y", true},   {"**/k", "/a/b", true},      {"/a/*/c", "/a/b", true},
               {"/a/*/c", "/a/b/d", false}, {"/a", "/", true},           {"/a/**", "/", true},
               {"/a/**/c", "/b", false}};
  for (const auto& c : cases)
    EXPECT_EQ(GlobMayMatchBeneath(c.glob, c.directory), c.may) << c.glob << " " << c.directory;
}

TEST(Glob, StarsDoNotBlowUp) {
  std::string glob, path, name;
  for (int i = 0; i < 100; ++i) glob += "/**/*a*a*a*b", path += "/" + std::string(30, 'a');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(GlobMatch(glob, path));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

}  // namespace
}  // namespace warder
