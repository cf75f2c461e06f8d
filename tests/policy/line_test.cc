// Does the reader understand what it accepts exactly as dash and bash do, and refuse the rest?
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/text.h"
#include "policy/line.h"

namespace warder::policy {
namespace {

TEST(Line, WhatIsNotUnderstoodIsOpaque) {
  const char* lines[] = {
      "", " ", ";", "ls ;;", "ls ; ; ls", "&& ls", "ls &&", "ls |", "ls ||", "ls | | ls", "ls & ls", "ls &",
      "echo $HOME", "echo \"$HOME\"", "echo `id`", "echo \"`id`\"", "echo $(id)", "echo a$", "ls *", "ls a?", "ls [a]",
      "[ -f x ]", "ls ~", "ls ~root", "A=~ ls", "A=b:~ ls", "ls a=~", "ls ''~", "(ls)", "f() { ls; }", "{ ls; }",
      "ls {a,b}", "! ls", "ls !x", "if ls", "while true", "for x in a", "case x in", "time ls", "[[ a ]]", "# x",
      "ls # x", "cat << E\nx\nE", "cat <<< x", "cat <(ls)", "ls > >(cat)", "ls &> x", "ls >& x", "ls |& cat", "ls >| x",
      "cat <> x", "cat <&0", "ls 3> x", "ls 2>&2", "ls 1>&1", "ls 2>&12", "ls 22> x", "ls 0> x", "cat 1< x", "> x",
      "A=b", "A=b > x", "ls >", "ls > ''", "ls > /dev/tcp/1.2.3.4/80", "cat < /dev/fd/3", "cat < /dev/stdin", "'' x",
      "A+=b ls", "'A'=b ls", "a-b=c ls", "PATH=. ls", "IFS=x ls", "UID=0 ls", "ls 'a", "ls \"a", "ls \\", "to\\\nuch x",
      "ls \"a\\\nb\"", "ls\r", "ls\rid", "ls \x01", "ls '\x1b[0m'", "ls \x7f", "ls '\xc2\x85'", "ls '\xff'", "cd",
      "cd -", "cd -P x", "cd ''", "cd a b", "A=b cd x", "cd x > y", "cd x; ls", "cd x || ls", "cd x && a || b",
      "cd x | ls", "ls | cd x", "a || cd x && b", "cd x\nls", "$'ls'", "$\"ls\"", "coproc ls", "function f", "select x",
      "ls @(a)", "a[0]=b ls", "echo {1..3}", "ls 2>&1>x",
      // Found by running random lines with the shells themselves (tests/policy/shells).
      "ls >2>x", "ls <0<x", "ls > 1 2>2<x", "%1 x", "'%x'", "ls && \\%", "-x", "+x ls", "_=x ls", "SHLVL=2 ls",
      "OPTIND=x ls", "FUNCNAME=x ls", "GROUPS=x ls", "BASH_ARGV=x ls", "BASH_SOURCE=x ls", "BASH_LINENO=1 ls",
      "BASH_COMPAT=3.1 ls", "EXECIGNORE='*' ls", "cd a/.. && ls", "cd a && cd .. && ls", "cd /a/../b && ls",
      "cd ../a/../b && ls"};
  for (const char* line : lines) {
    const CommandLine read = ReadLine(line);
    EXPECT_TRUE(read.opaque) << line;
    ASSERT_EQ(read.commands.size(), 1u) << line;
    EXPECT_EQ(read.commands[0].argv, (std::vector<std::string>{"sh", "-c", line})) << line;
    EXPECT_FALSE(read.why_opaque.empty()) << line;
  }
  EXPECT_TRUE(ReadLine(std::string_view("ls\0x", 4)).opaque);
  EXPECT_TRUE(ReadLine(std::string_view("ls\0x", 4)).commands.empty()) << "no argv can hold it";
  EXPECT_TRUE(ReadLine(std::string(8193, 'a')).opaque);
  std::string many = "true";
  for (int i = 0; i < 49; ++i) many += ";true";
  EXPECT_FALSE(ReadLine(many).opaque);
  EXPECT_TRUE(ReadLine(many + ";touch x").opaque);
}

TEST(Line, CommonLinesAreOpaqueOnlyForAReason) {
  const std::string file = WARDER_SOURCE_DIR "/tests/data/lines/common.tsv";
  const std::string text = ReadFile(file, 1 << 20).value_or("");
  size_t read = 0, opaque = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const std::string row = text.substr(at, end - at);
    at = end + 1;
    if (row.starts_with('#')) continue;
    const size_t tab = row.find('\t');
    ASSERT_NE(tab, std::string::npos) << row;
    const std::string wanted = row.substr(0, tab), line = row.substr(tab + 1);
    const CommandLine seen = ReadLine(line);
    if (wanted == "read") {
      ++read;
      EXPECT_FALSE(seen.opaque) << line << ": " << seen.why_opaque;
    } else {
      ++opaque;
      EXPECT_TRUE(seen.why_opaque.contains(wanted)) << line << ": " << seen.why_opaque;
    }
  }
  EXPECT_GE(read, 100u);
  EXPECT_GE(opaque, 30u);
}

TEST(Line, ShellsThatAreGivenALine) {
  EXPECT_EQ(ReadArgv({"sh", "-c", "a && b"}).commands.size(), 2u);
  EXPECT_EQ(ReadArgv({"/bin/bash", "-c", "a | b"}).commands.size(), 2u);
  EXPECT_TRUE(ReadArgv({"sh", "-c", "$a"}).opaque);
  const CommandLine as_given = ReadArgv({"/usr/bin/bash", "-c", "$a"});
  ASSERT_EQ(as_given.commands.size(), 1u);
  EXPECT_EQ(as_given.commands[0].argv[0], "/usr/bin/bash") << "that argv, not one of ours";
  EXPECT_EQ(ReadArgv({"sh", "-c", "a && b", "x"}).commands.size(), 1u);
  EXPECT_EQ(ReadArgv({"bash", "-lc", "a && b"}).commands[0].argv.size(), 3u);
  EXPECT_EQ(ReadArgv({"/tmp/sh", "-c", "a && b"}).commands.size(), 1u);
  EXPECT_TRUE(ReadArgv({}).opaque);
  EXPECT_TRUE(ReadArgv({""}).opaque);
  EXPECT_TRUE(ReadArgv({"a", std::string("x\0y", 3)}).opaque);
  EXPECT_TRUE(ReadArgv(std::vector<std::string>(1025, "a")).opaque);
  EXPECT_TRUE(ReadArgv({"cd"}).opaque);
}

// The lines that the shells run below too. Programs: `a` prints its arguments and succeeds, `n`
// prints and fails, `r` prints what it reads as well.
const char* const kAccepted[] = {"a",
                                 " a ",
                                 "\ta\t",
                                 "\n\na\n\n",
                                 "a;",
                                 "a ;",
                                 "a x",
                                 "a  x\ty",
                                 "a;a",
                                 "a; n; a x",
                                 "a\na",
                                 "a x;\na y",
                                 "a && a x",
                                 "n && a x",
                                 "n || a x",
                                 "a || n",
                                 "a && n || a x && a y",
                                 "n && a || a z",
                                 "a &&\na x",
                                 "a ||\n\na x",
                                 "a |\nr",
                                 "a x | r",
                                 "a x | r | r",
                                 "n x | r && a y",
                                 "a | n || a z",
                                 "a 'b c'",
                                 "a \"b c\"",
                                 "a b\\ c",
                                 "a ''",
                                 "a \"\"",
                                 "a '' ''",
                                 "a x''y",
                                 "a 'a'\"b\"c",
                                 "a '$x'",
                                 "a '`x`'",
                                 "a '*' \"*\"",
                                 "a \\*",
                                 "a \\$x",
                                 "a \"\\$x\"",
                                 "a \"\\`\"",
                                 "a \"\\\\\"",
                                 "a \"\\a\"",
                                 "a \"a'b\"",
                                 "a 'a\"b'",
                                 "a '\n'",
                                 "a \"x\ny\"",
                                 "a '\t'",
                                 "a \\'",
                                 "a \\\"",
                                 "a \\\\",
                                 "a \\;",
                                 "a \\&\\&",
                                 "a '#'",
                                 "a a#b",
                                 "a \\#",
                                 "a HEAD~1",
                                 "a x~",
                                 "a '~'",
                                 "a \\~",
                                 "a a=b",
                                 "a A=b x",
                                 "a =b",
                                 "a %1",
                                 "a ^x",
                                 "a x^",
                                 "a ,",
                                 "a a,b",
                                 "a +x",
                                 "a @x",
                                 "a x@y",
                                 "a -- -x",
                                 "a ]",
                                 "a a]",
                                 "a '!'",
                                 "a \\!",
                                 "a '{}'",
                                 "a \\{x\\}",
                                 "a é Á ü",
                                 "a 'é Á'",
                                 "a \xe2\x80\x9cx\xe2\x80\x9d",
                                 "a 日本",
                                 "a if",
                                 "a then x",
                                 "a in",
                                 "'a' x",
                                 "\"a\" x",
                                 "\\a x",
                                 "V=1 a",
                                 "V=1 W=2 a x",
                                 "V= a",
                                 "V='x y' a",
                                 "V=a=b a",
                                 "V=x\\ y a",
                                 "V=1 V=2 a",
                                 "a > f",
                                 "a x >f",
                                 "a x > f y",
                                 "> f a x",
                                 "a x >> f; a y >> f",
                                 "a x > 'f g'",
                                 "r < in",
                                 "r <in x",
                                 "< in r",
                                 "a x 2> f",
                                 "a x 2>f",
                                 "a x 2 >f",
                                 "a x2>f",
                                 "a x 1>f",
                                 "n 2>> f",
                                 "n 2>&1",
                                 "n 1>&2",
                                 "n >&2",
                                 "n > f 2>&1",
                                 "n 2>&1 > f",
                                 "n 2>&1 | r",
                                 "r 0< in",
                                 "a > f > g",
                                 "a x > f | r",
                                 "a '2'>f",
                                 "a \\2>f",
                                 "r < in > f",
                                 "cd d && a x",
                                 "cd d && a x > f && r < f",
                                 "cd d && cd e && a x > f",
                                 "a && cd d && a x > f",
                                 "cd d && a x | r",
                                 "n || a && cd d && a x > f",
                                 "a; cd d && a > f",
                                 "cd 'd' && a",
                                 "cd ./d/e && a > f",
                                 "cd d",
                                 "a\tx;a\ty",
                                 "a x&&a y||a z;a w|r"};

class Shells : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/warder-line-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
    std::filesystem::create_directory(root_ / "bin");
    // Both streams, so that descriptors can be told apart; printf writes each argument apart.
    Stub("a", "pwd >&3; printf '[%s]' \"$V\" \"$W\" a \"$@\"; printf err >&2; exit 0");
    // It reads to the end, so that no writer before it in a pipe meets SIGPIPE.
    Stub("n", "/bin/cat > /dev/null; pwd >&3; printf '[%s]' n \"$@\"; printf err >&2; exit 1");
    Stub("r", "printf '[%s]' r \"$@\"; /bin/cat; exit 0");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Stub(const char* name, const std::string& body) {
    const std::filesystem::path file = root_ / "bin" / name;
    std::ofstream(file) << "#!/bin/sh\n" << body << "\n";
    chmod(file.c_str(), 0755);
  }
  // Runs a text by a shell in a fresh directory; everything that could be seen of it.
  std::string Run(const std::string& shell, const std::string& text) {
    const std::filesystem::path work = root_ / "work";
    std::filesystem::remove_all(work);
    std::filesystem::create_directories(work / "d" / "e");
    std::ofstream(work / "in") << "input";
    std::ofstream(root_ / "script") << text;
    const std::string command = "cd " + work.string() + " && PATH=" + (root_ / "bin").string() + " LC_ALL=C.UTF-8 " +
                                shell + " " + (root_ / "script").string() + " > " + (root_ / "out").string() + " 2> " +
                                (root_ / "err").string() + " 3> " + (root_ / "dirs").string() + " < /dev/null";
    std::string seen = "status " + std::to_string(system(command.c_str()));
    for (const char* name : {"out", "err", "dirs"})
      seen += std::string("\n") + name + ":" + ReadFile(root_ / name, 1 << 20).value_or("?");
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(work))
      if (entry.is_regular_file())
        files.push_back(entry.path().string() + "=" + ReadFile(entry.path(), 1 << 20).value_or("?"));
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) seen += "\n" + file;
    return seen;
  }
  std::filesystem::path root_;
};

// What was read, written again with every word in single quotes and nothing else left to a shell's
// reading.
std::string Render(const CommandLine& line) {
  auto quote = [](const std::string& word) {
    std::string out = "'";
    for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
  };
  std::string out;
  for (const SimpleCommand& command : line.commands) {
    constexpr const char* kJoins[] = {"", " | ", " && ", " || ", " ; "};
    out += kJoins[static_cast<size_t>(command.join)];
    for (const auto& [name, value] : command.assignments) out += name + "=" + quote(value) + " ";
    for (const std::string& word : command.argv) out += (word == "cd" ? word : quote(word)) + " ";
    for (const Redirection& r : command.redirections) {
      constexpr const char* kSigns[] = {"<", ">", ">>", ">&"};
      out += std::to_string(r.fd) + kSigns[static_cast<size_t>(r.kind)];
      out += r.kind == RedirectKind::kDuplicate ? std::to_string(r.from_fd) : quote(r.path);
      out += " ";
    }
  }
  return out;
}

TEST_F(Shells, RunAcceptedLinesAsTheyWereRead) {
  for (const char* text : kAccepted) {
    const CommandLine line = ReadLine(text);
    ASSERT_FALSE(line.opaque) << text << ": " << line.why_opaque;
    const std::string dash = Run("/bin/dash", text);
    // `cd` alone and files that fail give the same; the first command really ran.
    EXPECT_EQ(dash, Run("/bin/bash", text)) << "the shells differ on: " << text;
    EXPECT_EQ(dash, Run("/bin/dash", Render(line))) << text << "\nread as: " << Render(line);
    const CommandLine again = ReadLine(Render(line));
    EXPECT_FALSE(again.opaque) << Render(line) << ": " << again.why_opaque;
    EXPECT_EQ(Render(again), Render(line));
  }
}

TEST(Line, AnInterpreterIsStartedAsTheKernelWould) {
  SimpleCommand command;
  command.argv = {"tool", "x"};
  const SimpleCommand out = AsInterpreter(command, "/usr/bin/env", "python3", "/ws/tool");
  EXPECT_EQ(out.argv, (std::vector<std::string>{"/usr/bin/env", "python3", "/ws/tool", "x"}));
  EXPECT_EQ(out.called_as, command.argv);
  EXPECT_EQ(out.script, "/ws/tool");
}

}  // namespace
}  // namespace warder::policy
