// Do the session's hands see what a jailed program would reach, and nothing by a trick?
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>

#include "base/flat.h"
#include "base/limits.h"
#include "sandbox/hands/covers.h"
#include "sandbox/hands/program.h"
#include "sandbox/hands/read.h"
#include "sandbox/hands/session.h"
#include "sandbox/hands/walk.h"
#include "tests/hands/tree.h"

namespace warder::hands {
namespace {

UniqueFd Root(const std::string& path = "/") { return UniqueFd(open(path.c_str(), O_PATH | O_DIRECTORY)); }

// The tree stands for the whole view, so absolute symlinks and `..` at the top stay inside it.
struct View {
  Tree tree;
  UniqueFd root = Root(tree.path());
  std::string Where(const std::string& text, bool follow = true, const std::string& from = "/w") {
    auto answer = AnswerPath(root.get(), {from, text, follow});
    if (!answer.resolved) return "!" + answer.problem;
    return answer.path + (answer.kind == wire::FileKind::kNone ? " (new)" : "");
  }
};

TEST(Walk, AnswersTheCanonicalPath) {
  View v;
  v.tree.Directory("w/src/deep");
  v.tree.Directory("etc");
  v.tree.File("w/a.txt", "a");
  v.tree.File("etc/passwd", "root");
  v.tree.Link("a.txt", "w/link");
  v.tree.Link("/etc/passwd", "w/absolute");
  v.tree.Link("../etc", "w/out");
  v.tree.Link("src/deep/", "w/slashed");
  v.tree.Link("nowhere/file", "w/broken");
  v.tree.Link("src/new.c", "w/dangling");
  v.tree.Link("loop", "w/loop");
  v.tree.Link("pong", "w/ping");
  v.tree.Link("ping", "w/pong");
  const struct {
    std::string text;
    bool follow;
    std::string expected;
  } kCases[] = {
      {"a.txt", true, "/w/a.txt"},
      {"/w/a.txt", true, "/w/a.txt"},
      {"./src/../a.txt", true, "/w/a.txt"},
      {"src//deep///", true, "/w/src/deep"},
      {"..", true, "/"},
      {"../../../../etc/passwd", true, "/etc/passwd"},
      {"/", true, "/"},
      {"link", true, "/w/a.txt"},
      {"link", false, "/w/link"},
      {"absolute", true, "/etc/passwd"},
      {"out/passwd", true, "/etc/passwd"},
      {"out/../etc", true, "/etc"},
      {"out/..", true, "/"},  // physical, not textual
      {"slashed", true, "/w/src/deep"},
      {"slashed", false, "/w/slashed"},
      {"slashed/", false, "/w/src/deep"},
      {"new", true, "/w/new (new)"},
      {"new/", true, "/w/new (new)"},
      {"src/deep/new", true, "/w/src/deep/new (new)"},
      {"dangling", true, "/w/src/new.c (new)"},
      {"dangling", false, "/w/dangling"},
      {"broken", true, "!a directory on the way is missing"},
      {"new/file", true, "!a directory on the way is missing"},
      {"new/..", true, "!a directory on the way is missing"},
      {"new/.", true, "!a directory on the way is missing"},
      {"a.txt/", true, "!a file stands where a directory is needed"},
      {"a.txt/.", true, "!a file stands where a directory is needed"},
      {"a.txt/..", true, "!a file stands where a directory is needed"},
      {"link/", false, "!a file stands where a directory is needed"},
      {"loop", true, "!too many symlinks"},
      {"ping/x", true, "!too many symlinks"},
      {"loop", false, "/w/loop"},
      {"", true, "!an empty path"},
      {std::string("a\0b", 3), true, "!a path with a NUL byte"},
      {std::string(256, 'n'), true, "!a name of more than 255 bytes"},
      {std::string(255, 'n'), true, "/w/" + std::string(255, 'n') + " (new)"},
      {std::string(4096, '/'), true, "!a path of more than 4095 bytes"},
      {"line\nbreak\xff", true, "/w/line\nbreak\xff (new)"},
  };
  for (const auto& c : kCases) EXPECT_EQ(v.Where(c.text, c.follow), c.expected) << c.text;
  EXPECT_EQ(v.Where("x", true, "relative"), "!a relative path without a directory to start from");
}

TEST(Walk, FollowsFortySymlinksAndNotOneMore) {
  View v;
  v.tree.Directory("w");
  v.tree.File("w/0", "end");
  for (int i = 1; i <= 41; ++i) v.tree.Link(std::to_string(i - 1), "w/" + std::to_string(i));
  EXPECT_EQ(v.Where("40"), "/w/0");
  EXPECT_EQ(v.Where("41"), "!too many symlinks");
}

TEST(Walk, RefusesMagicLinks) {
  UniqueFd root = Root();
  for (const char* path : {"/proc/self/fd/0", "/proc/self/cwd", "/proc/self/root/etc/passwd", "/proc/self/exe",
                           "/dev/stdin", "/dev/fd/0"}) {
    if (access(path, F_OK) != 0) continue;
    EXPECT_EQ(AnswerPath(root.get(), {"/", path, true}).problem, "a magic link") << path;
  }
  Tree tree;
  tree.Link("/proc/self/root", "sneaky");
  EXPECT_EQ(AnswerPath(root.get(), {"/", tree / "sneaky/etc", true}).problem, "a magic link");
}

TEST(Walk, GoesAThousandDirectoriesDeep) {
  rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  View v;
  std::string path = "w";
  for (int i = 0; i < 1000; ++i) path += "/d";
  v.tree.Directory(path);
  EXPECT_EQ(v.Where("/" + path), "/" + path);
  std::string up = "/" + path;
  for (int i = 0; i < 600; ++i) up += "/..";
  EXPECT_EQ(v.Where(up), "/" + path.substr(0, path.size() - 1200));
}

TEST(Program, HashBangIsReadAsTheKernelReadsIt) {
  const std::string kLong(300, 'x');
  const struct {
    std::string head, expected;  // "interpreter|argument", "-" no script, "!" refused
  } kCases[] = {
      {"\x7f"
       "ELF",
       "-"},
      {"", "-"},
      {"#", "-"},
      {" #!/bin/sh\n", "-"},
      {"#!/bin/sh\n", "/bin/sh|"},
      {"#! \t/bin/sh \t\n", "/bin/sh|"},
      {"#!/bin/sh", "/bin/sh|"},
      {"#!/usr/bin/env -S python3 -u\nx", "/usr/bin/env|-S python3 -u"},
      {"#!/bin/sh -e \t \n", "/bin/sh|-e"},
      {"#!/bin/sh\r\n", "/bin/sh\r|"},
      {std::string("#!/bin/sh\0-x\n", 13), "/bin/sh|"},
      {std::string("#!/bin/sh a\0b\n", 14), "/bin/sh|a"},
      {"#!\n", "!"},
      {"#!   \n", "!"},
      {"#!" + std::string(300, ' '), "!"},
      {"#!/" + kLong, "!"},                                       // the name is cut
      {"#!/bin/sh " + kLong, "/bin/sh|" + kLong.substr(0, 245)},  // the argument may be
  };
  for (const auto& c : kCases) {
    auto line = ReadHashBang(c.head);
    std::string got = !line ? "!" : !*line ? "-" : (*line)->interpreter + "|" + (*line)->argument;
    EXPECT_EQ(got, c.expected) << c.head;
  }
}

TEST(Program, TellsIdentityAndWhatStartsIt) {
  View v;
  v.tree.Directory("bin");
  v.tree.File("bin/tool-1.2", "#!/bin/sh -e\nexit\n", 0755);
  v.tree.File("bin/plain", "data", 0644);
  v.tree.Link("tool-1.2", "bin/tool");
  auto answer = AnswerProgram(v.root.get(), {"/bin/tool", true});
  ASSERT_TRUE(answer.found) << answer.problem;
  EXPECT_EQ(answer.path, "/bin/tool-1.2");
  EXPECT_EQ(answer.interpreter, "/bin/sh");
  EXPECT_EQ(answer.interpreter_argument, "-e");
  EXPECT_TRUE(answer.executable);
  EXPECT_EQ(answer.identity.sha256, HashSha256("#!/bin/sh -e\nexit\n"));
  struct stat status;
  stat((v.tree / "bin/tool-1.2").c_str(), &status);
  EXPECT_EQ(answer.identity.ino, status.st_ino);
  auto plain = AnswerProgram(v.root.get(), {"/bin/plain", false});
  EXPECT_TRUE(plain.found);
  EXPECT_FALSE(plain.executable);
  EXPECT_FALSE(plain.identity.sha256);
  EXPECT_EQ(AnswerProgram(v.root.get(), {"/bin/none", false}).problem, "no such file");
  EXPECT_EQ(AnswerProgram(v.root.get(), {"/bin", false}).problem, "not a regular file");
  EXPECT_FALSE(AnswerProgram(v.root.get(), {"bin/tool", false}).found);
}

// Without the pins of directories above, which a test of their own looks at.
std::vector<std::string> CoversOf(View& v, const std::vector<wire::CoverRule>& rules, bool pins = false) {
  auto covers = FindCovers(v.root.get(), {"/w"}, rules);
  if (!covers) return {"!" + covers.error().what};
  std::vector<std::string> out;
  for (const auto& cover : covers->covers) {
    struct stat status{};
    lstat((v.tree.path() + cover.path).c_str(), &status);
    EXPECT_EQ(cover.ino, status.st_ino) << cover.path;
    if (cover.kind == wire::CoverKind::kPin && !pins) continue;
    out.push_back((cover.kind == wire::CoverKind::kHide  ? "hide "
                   : cover.kind == wire::CoverKind::kPin ? "pin "
                                                         : "freeze ") +
                  cover.path);
  }
  return out;
}
constexpr auto kHide = wire::CoverKind::kHide;
constexpr auto kFreeze = wire::CoverKind::kFreeze;
using Words = std::vector<std::string>;

TEST(Covers, HiddenUnderEveryNameOfAHardLink) {
  View v;
  v.tree.Directory("w/public");
  v.tree.File("w/.env", "KEY");
  ASSERT_EQ(link((v.tree / "w/.env").c_str(), (v.tree / "w/public/readme\n\xff").c_str()), 0);
  v.tree.Link(".env", "w/seen");
  EXPECT_EQ(CoversOf(v, {{kHide, {"**/.env"}, {}}}), (Words{"hide /w/.env", "hide /w/public/readme\n\xff"}));
}

TEST(Covers, AHardLinkIntoAHiddenDirectoryIsHidden) {
  View v;
  v.tree.Directory("w/secrets/deep");
  v.tree.File("w/secrets/deep/key", "KEY");
  ASSERT_EQ(link((v.tree / "w/secrets/deep/key").c_str(), (v.tree / "w/copy").c_str()), 0);
  EXPECT_EQ(CoversOf(v, {{kHide, {"/w/secrets/**"}, {}}}), (Words{"hide /w/copy", "hide /w/secrets"}));
}

TEST(Covers, ADirectoryIsCoveredWholeUnlessSomethingBelowIsExempt) {
  View v;
  v.tree.Directory("w/s/public");
  v.tree.File("w/s/key", "KEY");
  v.tree.File("w/s/public/doc", "doc");
  EXPECT_EQ(CoversOf(v, {{kHide, {"/w/s/**"}, {}}}), (Words{"hide /w/s"}));
  EXPECT_EQ(CoversOf(v, {{kHide, {"/w/s/**"}, {"/w/s/none/**"}}}), (Words{"hide /w/s"}));
  EXPECT_EQ(CoversOf(v, {{kHide, {"/w/s/**"}, {"/w/s/public/**"}}}), (Words{"hide /w/s/key"}));
  // What another rule hides without exception stays hidden.
  EXPECT_EQ(CoversOf(v, {{kHide, {"/w/s/**"}, {"/w/s/public/**"}}, {kHide, {"/w/s"}, {}}}), (Words{"hide /w/s"}));
}

TEST(Covers, HiddenBelowFrozenIsStillHidden) {
  View v;
  v.tree.Directory("w/.git/hooks");
  v.tree.File("w/.git/hooks/pre-commit", "x");
  v.tree.File("w/.git/hooks/.env", "KEY");
  EXPECT_EQ(CoversOf(v, {{kFreeze, {"/w/.git/hooks/**"}, {}}, {kHide, {"**/.env"}, {}}}),
            (Words{"freeze /w/.git/hooks", "hide /w/.git/hooks/.env"}));
}

TEST(Covers, DirectoriesAboveACoverArePinnedUpToTheTree) {
  View v;
  v.tree.Directory("w/a/b");
  v.tree.Directory("w/c");
  v.tree.File("w/a/b/.env", "KEY");
  v.tree.File("w/.env", "KEY");
  EXPECT_EQ(CoversOf(v, {{kHide, {"**/.env"}, {}}}, true),
            (Words{"hide /w/.env", "pin /w/a", "pin /w/a/b", "hide /w/a/b/.env"}));
}

// A mount can not hide the tree that it stands in; frozen and pinned, it is told, and the broker makes it read-only.
TEST(Covers, ATreeIsHiddenEntryByEntryAndFrozenWhole) {
  View v;
  v.tree.Directory("w/a/b");
  v.tree.Directory("w/c");
  v.tree.File("w/.env", "KEY");
  EXPECT_EQ(CoversOf(v, {{kHide, {"/w/**"}, {}}}, true), (Words{"hide /w/.env", "hide /w/a", "hide /w/c"}));
  EXPECT_EQ(CoversOf(v, {{kFreeze, {"/w/**"}, {}}, {kHide, {"**/.env"}, {}}}), (Words{"freeze /w", "hide /w/.env"}));
}

TEST(Covers, LimitsRefuseAndNeverCut) {
  View v;
  v.tree.Directory("w");
  for (int i = 0; i < 20; ++i) v.tree.File("w/k" + std::to_string(i), "x");
  std::vector<wire::CoverRule> rules{{kHide, {"/w/k*"}, {}}};
  EXPECT_TRUE(FindCovers(v.root.get(), {"/w"}, rules, {20, 20}));
  EXPECT_EQ(FindCovers(v.root.get(), {"/w"}, rules, {19, 20}).error().code, Code::kLimit);
  EXPECT_EQ(FindCovers(v.root.get(), {"/w"}, rules, {20, 19}).error().code, Code::kLimit);
}

TEST(Covers, AThousandDirectoriesDeepAndNoSymlinkFollowed) {
  View v;
  std::string path = "w";
  for (int i = 0; i < 1000; ++i) path += "/d";
  v.tree.Directory(path);
  v.tree.File(path + "/.env", "KEY");
  v.tree.Directory("outside");
  v.tree.File("outside/.env", "KEY");
  v.tree.Link("/outside", "w/link");
  EXPECT_EQ(CoversOf(v, {{kHide, {"**/.env"}, {}}}), (Words{"hide /" + path + "/.env"}));
}

wire::ReadRequest ReadOf(View& v, const std::string& path) {
  struct stat status{};
  lstat((v.tree.path() + path).c_str(), &status);
  return {0, path, status.st_dev, status.st_ino, 0, 0, 1000};
}

TEST(Read, GivesRangesAndRefusesWhatIsNotTheFile) {
  View v;
  v.tree.File("a", "0123456789");
  v.tree.File("b", "other");
  v.tree.File("big", std::string(1001, 'x'));
  v.tree.Link("a", "link");
  mkfifo((v.tree / "fifo").c_str(), 0666);
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{AF_UNIX, {}};
  (v.tree / "s").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  uint64_t size = 0;
  auto request = ReadOf(v, "/a");
  EXPECT_EQ(ReadRange(v.root.get(), request, &size)->bytes, "0123456789");
  request.offset = 8;
  request.length = 5;
  EXPECT_EQ(ReadRange(v.root.get(), request, &size)->bytes, "89");
  request.offset = UINT64_MAX;
  EXPECT_EQ(ReadRange(v.root.get(), request, &size)->bytes, "");
  auto code = [&](const wire::ReadRequest& r) { return ReadRange(v.root.get(), r, &size).error().code; };
  EXPECT_EQ(code(ReadOf(v, "/big")), Code::kLimit);
  EXPECT_EQ(size, 1001u);
  EXPECT_EQ(code(ReadOf(v, "/fifo")), Code::kInvalid);  // at once: nobody writes into it
  EXPECT_EQ(code(ReadOf(v, "/s")), Code::kInvalid);
  EXPECT_EQ(code(ReadOf(v, "/link")), Code::kInvalid);
  request = ReadOf(v, "/a");
  request.path = "/b";
  EXPECT_EQ(code(request), Code::kConflict);
  request.path = "/link";  // leads to a's inode, but is a symlink
  EXPECT_EQ(code(request), Code::kConflict);
  request.path = "/../a";
  EXPECT_EQ(code(request), Code::kInvalid);
}

TEST(List, IsSortedTellsKindsAndCuts) {
  View v;
  v.tree.Directory("w/sub/deeper");
  v.tree.File("w/b", "12");
  v.tree.File("w/a\n\xff", "1");
  v.tree.Link("/etc/shadow", "w/link");
  auto request = [&](uint32_t depth, uint32_t most) {
    auto r = ReadOf(v, "/w");
    return wire::ListRequest{0, "/w", r.dev, r.ino, depth, most};
  };
  auto names = [](const Listing& listing) {
    Words out;
    for (const auto& entry : listing.entries) out.push_back(entry.name);
    return out;
  };
  auto flat = ListDirectory(v.root.get(), request(1, 100));
  ASSERT_TRUE(flat);
  EXPECT_EQ(names(*flat), (Words{"a\n\xff", "b", "link", "sub"}));
  EXPECT_EQ(flat->entries[2].target, "/etc/shadow");
  EXPECT_EQ(flat->entries[2].kind, wire::FileKind::kSymlink);
  EXPECT_EQ(flat->entries[1].size, 2u);
  EXPECT_EQ(names(*ListDirectory(v.root.get(), request(3, 100))), (Words{"a\n\xff", "b", "link", "sub", "sub/deeper"}));
  auto cut = ListDirectory(v.root.get(), request(1, 2));
  EXPECT_TRUE(cut->cut);
  EXPECT_EQ(cut->entries.size(), 2u);
}

TEST(Session, AnswersOverTheWireAndRefusesNonsense) {
  View v;
  v.tree.Directory("w");
  v.tree.File("w/a", "bytes");
  wire::ResolveRequest resolve;
  resolve.request = 7;
  resolve.paths = {{"/w", "a", true}};
  auto reply = AnswerRequest(v.root.get(), flat::EncodeMessage(resolve));
  ASSERT_TRUE(reply);
  auto answer = flat::DecodeMessage<wire::ResolveAnswer>(reply->bytes);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->request, 7u);
  EXPECT_EQ(answer->paths.at(0).path, "/w/a");
  auto read = AnswerRequest(v.root.get(), flat::EncodeMessage(ReadOf(v, "/w/a")));
  ASSERT_TRUE(read && read->memory);
  EXPECT_EQ(*ReadSealed(read->memory.get(), 100), "bytes");
  resolve.paths.assign(kMaxQuestions, {"/w", std::string(100, 'n'), true});
  reply = AnswerRequest(v.root.get(), flat::EncodeMessage(resolve));
  ASSERT_TRUE(reply);
  EXPECT_LE(reply->bytes.size(), limits::kMaxMessageBytes);
  EXPECT_FALSE(flat::DecodeMessage<wire::ResolveAnswer>(reply->bytes)->paths.at(0).resolved);
  resolve.paths.resize(kMaxQuestions + 1);
  EXPECT_FALSE(AnswerRequest(v.root.get(), flat::EncodeMessage(resolve)));
  EXPECT_FALSE(AnswerRequest(v.root.get(), ""));
  EXPECT_FALSE(AnswerRequest(v.root.get(), "\x01\xff"));
}

}  // namespace
}  // namespace warder::hands
