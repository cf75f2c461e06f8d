// How are lines made that a reader is most likely to take in another way than a shell?
#include "tests/policy/shells/maker.h"

#include <algorithm>

namespace warder::shells {
namespace {

using Texts = std::vector<std::string>;

// `plain`: pieces that may stand in a line that is read; `sharp`: pieces that should make it opaque where they stand
// bare.
struct Trap {
  const char* name;
  Texts plain, sharp;
};

// Parts of words.
const std::vector<Trap>& Atoms() {
  static const std::vector<Trap> atoms = {
      {"letters", {"x", "ab", "Z9", "_u", "0"}, {}},
      {"single quotes", {"'a b'", "'\"'", "'\\'", "'a''b'", "';'", "'&&'", "' '"}, {"'a", "'"}},
      {"double quotes",
       {"\"a b\"", "\"'\"", "\"a\\\"b\"", "\"\\a\"", "\"\\\\\"", "\";\"", "\"a\"\"b\""},
       {"\"a", "\""}},
      {"backslashes", {"\\ ", "\\\\", "\\n", "\\'", "\\\"", "\\a\\b", "\\\t", "\"\\\\n\"", "'\\n'"}, {"\\"}},
      {"dollar quotes",
       {"'$'a", "\\$\\'a\\'", "'$'\"'a'\"", "\"\\$'a'\"", "\\$'a\\nb'"},
       {"$'a\\x41'", "$\"a\"", "$''"}},
      {"newlines in words", {"'a\nb'", "\"a\nb\"", "'\n'"}, {"a\nb"}},
      {"#", {"a#b", "'#'", "\\#a", "a#", "\"#a\"", "''#a", "x'#'"}, {"#a", " #"}},
      {"~", {"a~", "'~'", "\\~", "a~b", "\"~\"/x", "x~+", "a=b~", "'a:'b~"}, {"~", "a=~", "a:~", "=~x", "''~", "~+"}},
      {"globs", {"'*'", "\\?", "\"[a]\"", "a\\*b", "'?'", "]", "a]", "\\[x]"}, {"*", "a?", "[a]", "[", "[!a]"}},
      {"braces",
       {"'{a,b}'", "\\{a,b\\}", "\"{1..3}\"", "a,b", "'{'", "\\}", "1..3"},
       {"{a,b}", "{", "}", "{1..3}", "{}"}},
      {"extglob", {"@a", "+x", "'@(a)'", "@", "+", "x@y+z"}, {"@(a)", "+(a|b)", "!(x)", "?(a)"}},
      {"history", {"'!'", "\\!", "'!!'", "\\!x", "^a^b", "^"}, {"!", "!!", "!x", "a!b", "\"!x\""}},
      {"=", {"a=b", "=", "=b", "a==", "-o=x", "a+=b", "a=", "1=2"}, {"a[0]=b", "a=(b)", "a=~"}},
      {"dollar",
       {"'$x'", "\\$x", "\"\\$x\"", "'${x}'", "'$(a)'", "\\$\\(a\\)"},
       {"$x", "\"$x\"", "${x}", "$", "$$", "\"$(a)\"", "$(a)"}},
      {"backquotes", {"'`a`'", "\\`a\\`", "\"\\`a\\`\""}, {"`a`", "\"`a`\"", "`"}},
      {"arithmetic", {"'$((1+1))'", "\\$\\(\\(1\\)\\)", "1+1", "'((1))'"}, {"$((1))", "$[1]", "((1))"}},
      {"parentheses", {"'(a)'", "\\(a\\)", "\"(\"", "'()'"}, {"(a)", "(", ")", "a()", "<(a)"}},
      {"empty words", {"''", "\"\"", "''''", "''\"\""}, {}},
      {"options", {"-x", "--", "-", "--a=b", "-n", "-e", "+e", "-c", "-i"}, {}},
      {"numbers", {"2", "10", "1x", "02", "-1", "0"}, {}},
      {"reserved words",
       {"if", "then", "else",   "elif",     "fi",     "do",   "done", "case",  "esac", "while",  "until", "for",
        "in", "time", "coproc", "function", "select", "'if'", "\\if", "\"{\"", "'!'",  "i\"f\"", "'[['",  "ti\\me"},
       {"{", "}", "[[", "]]", "((", "))"}},
      {"builtins as words", {"echo", "cd", "export", "exec", "eval", "test", "set", ":", ".", "alias", "true"}, {"["}},
      {"jobs", {"%", "%1", "%%", "%+", "%x", "1%", "'%'", "\\%1", "%?a"}, {}},
      {"high letters",
       {"\xc3\xa9", "\xc3\x81", "\xc4\x81", "\xe2\x82\xac", "\xe6\x97\xa5", "'\xc5\x87'", "\xf0\x9f\x98\x80",
        "\"\xc3\x88\"", "\\\xc3\xa9", "\xc5\x88", "\xc4\x86", "\xc4\x84", "\xd0\x87"},
       {"\xc2\x81", "\xc2\x85"}},
      {"spaces of Unicode",
       {"a\xc2\xa0"
        "b",
        "\xc2\xa0", "\xe2\x80\xa8", "\xe3\x80\x80x", "'\xc2\xa0'", "\xe2\x80\x8b", "\xef\xbb\xbf"},
       {}},
      {"invalid UTF-8", {"\xef\xbf\xbd", "'\xef\xbf\xbf'"}, {"\xff", "'\xe2\x28'", "\xc3", "\x81", "\x88", "\xa0"}},
      {"controls", {"a'\t'b", "\"\t\"", "\\\t"}, {"\r", "\f", "\v", "\x01", "'\x7f'", "a\x1b", "\b"}},
      {"line continuations", {"'a\\\nb'", "\\\\'\n'"}, {"\\\n", "a\\\nb", "\"a\\\nb\""}},
      {"commas and colons", {",", ":", "a:b", "a,b", ":x:", ";"}, {}},
      {"paths", {"./a", "../a", "/a/b", "a/", "//", "."}, {}},
  };
  return atoms;
}

const Trap kNames = {
    "names",
    {"p",   "q",    "p1", "'p'",       "\\p",    "\"p q\"",      "p-q",    "p.q",        "P",    "p+",     "@p",
     "^p",  ",p",   "]p", "p\xc3\xa9", "chmod2", "\xe6\x97\xa5", "-p",     "--",         "-",    "p#",     "p~",
     "%p",  "p%",   "+p", "''p",       "p''",    "p\\ q",        "'p;q'",  "'$p'",       "'if'", "\\time", "'{'",
     "\\!", "'[['", "p:", "'p\nq'",    "\"}\"",  "'in'",         "esa\\c", "'function'", "1",    "22",     "..."},
    {"if",   "!",    "time",       "coproc",  "function", "{",    "[[",   "((",   "for",    "while",
     "case", "p()",  "function p", "time -p", "! p",      "do",   "then", "esac", "select", "in",
     "'cd'", "echo", "export",     "exec",    "eval",     "test", "[",    "true", "."}};

const std::vector<Trap>& Redirections() {
  static const std::vector<Trap> list = {
      {"write", {">", "> ", ">>", ">> ", "1>", "2>", "2>>", "1>> ", ">\t"}, {}},
      {"read", {"<", "< ", "0<", "0< "}, {}},
      {"digits before >",
       {"2> ", " 2 >", "a2>", "'2'>", "\\2>", "x1> ", "-2>", "+1>", "2\"\">", ".2>"},
       {"3>", "10>", "02>", "22>", "0>", "1<", "2<", "{f}>", "9<"}},
      {"special redirections",
       {"\\> ", "'>' >"},
       {"&>", "&>>", ">|", "<>", ">&", "<&", "2>|", "<<", "<<-", "<<<", "<<E\n", ">(", "<("}},
  };
  return list;
}
const Texts kTargets = {"f",     "g", "'f'", "\"g\"", "f\\ g",    "d/f", "./f",  "d/../f", "/dev/null",
                        "'a b'", "-", "2",   "f#",    "\xc3\x81", "1x",  "f=g",  "''f",    "nosuch/f",
                        "d",     ".", "f/",  "'*'",   "%",        "a~",  "'\nf'"};
const Texts kSharpTargets = {"",          "''", "~/f", "*",  "$f",  "/dev/tcp/h/1", "/dev/stdout",
                             "/dev/fd/1", "#f", "`f`", "&1", "(f)", "f?",           "{f,g}"};
const Trap kDuplicates = {
    "duplicates",
    {" 2>&1 ", " >&2 ", " 1>&2 ", " 2>&1 >f ", " >f 2>&1 ", " >&2 2>&1 ", " >f >&2 2>&1 ", " 2>>f 1>&2 "},
    {" >&1 ", " 2>&2 ", " >&- ", " 2>&- ", " <&- ", " 2>&1x ", " >&2f ", " 2>& 1 ", " 2>&$x ", " 3>&1 ", " 2>&1>f ",
     " >&12 ", " 2>&'1' ", " >&\\2 ", " 2>&1- ", " 1>&2- ", " >&2>f "}};

const std::vector<Trap>& Assignments() {
  static const std::vector<Trap> list = {
      {"assignments",
       {"V=1",   "W=",   "V='a b'", "V=a\\ b", "V=a=b",       "_V9=x",      "V=\"x\"", "KEPT=new",
        "V=x#y", "V=-n", "V=a,b",   "V=]",     "V==",         "V=\xc3\x81", "V=''x",   "V='~'",
        "V=a~",  "V=if", "V=%1",    "V='\n'",  "V='a'\\''b'", "v=1 V=2 V=3"},
       {"V=~", "V=a:~", "V=$x", "V=(a)", "V[0]=x", "V+=x", "V=`a`", "V={a,b}", "V=*", "'V'=x", "V\\=x", "1V=x", "V-W=x",
        "\"V=x\"", "V'='x", "V=\\\nx", "V=x:~y"}},
      {"variables of the shell",
       {"LC_ALL=C",         "LANG=xx_YY.UTF-8",
        "HOME=/w",          "PWD=/w",
        "OLDPWD=x",         "SHLVL=7",
        "CDPATH=/w",        "ENV=/x",
        "BASH_ENV=/x",      "PS4=x",
        "OPTIND=9",         "OPTIND=x",
        "RANDOM=1",         "SECONDS=x",
        "LINENO=5",         "TERM=x",
        "COLUMNS=1",        "TZ=UTC",
        "MAIL=x",           "SHELL=x",
        "HISTSIZE=1",       "HISTFILE=x",
        "TMOUT=1",          "OPTERR=0",
        "PROMPT_COMMAND=x", "FCEDIT=x",
        "LC_CTYPE=C.UTF-8", "LANGUAGE=x",
        "MACHTYPE=x",       "HOSTNAME=x",
        "HOSTTYPE=x",       "OSTYPE=x",
        "FUNCNEST=1",       "GLOBIGNORE=x",
        "IGNOREEOF=1",      "PS1=x",
        "LINES=x",          "COMP_WORDBREAKS=x",
        "OPTARG=x",         "MAILCHECK=x",
        "auto_resume=1",    "histchars=abc",
        "HISTCMD=1",        "LC_ALL=xx_YY",
        "LANG=x",           "TIMEFORMAT=x",
        "INPUTRC=x",        "TEXTDOMAIN=x",
        "CHILD_MAX=10",     "EMACS=t",
        "REPLY=x",          "PIPESTATUS=1",
        "LC_MESSAGES=x",    "LC_NUMERIC=C"},
       {"_=x",
        "PATH=.",
        "IFS=x",
        "UID=0",
        "EUID=0",
        "PPID=1",
        "GROUPS=1",
        "BASHOPTS=x",
        "SHELLOPTS=x",
        "BASHPID=1",
        "FUNCNAME=x",
        "BASH_ARGV0=x",
        "BASH_COMPAT=3.1",
        "EXECIGNORE='*'",
        "POSIXLY_CORRECT=1",
        "DIRSTACK=x",
        "EPOCHSECONDS=1",
        "EPOCHREALTIME=1",
        "SRANDOM=1",
        "BASH_SUBSHELL=1",
        "BASH_COMMAND=x",
        "BASH_LINENO=1",
        "BASH_SOURCE=x",
        "BASH_VERSION=x",
        "BASH_VERSINFO=1",
        "BASH_ALIASES=x",
        "BASH_CMDS=x",
        "BASH_XTRACEFD=1",
        "BASH_REMATCH=x",
        "BASH_LOADABLES_PATH=x",
        "BASH=x",
        "BASH_EXECUTION_STRING=x",
        "BASH_ARGC=x",
        "BASH_ARGV=x",
        "COPROC=x",
        "MAPFILE=x",
        "BASH_MONOSECONDS=1"}},
  };
  return list;
}

const std::vector<Trap>& Connectors() {
  static const std::vector<Trap> list = {
      {"and", {" && ", "&&", " &&\n", "\t&&\t"}, {" & & ", "&&&", " && && "}},
      {"or", {" || ", "||", " ||\n\n "}, {" | | ", "|||"}},
      {"then", {"; ", ";", " ;\n", "\n", "\n \n\t", " \n"}, {";;", " ; ; ", ";&", "\n;", "\n&& "}},
      {"pipe", {" | ", "|", " |\n"}, {"|&", " |& ", "| !", "| time ", "|;"}},
      {"background", {"\\& ", " '&' "}, {" & ", "&", " &\n"}},
  };
  return list;
}

const Trap kDirectories = {
    "cd",
    {"cd d && ", "cd d&&", "cd 'a b' && ", "cd d && cd e && ", "cd ./d && ", "p && cd d && ", "cd .. && ",
     "cd ../x && ", "cd d/e && ", "p || q && cd d && ", "cd \xc3\x81 && ", "cd . && ", "cd %d && ", "cd a=b && ",
     "cd \\~ && ", "cd ... && ", "cd d// && ", "cd /w/start/d && ", "'cd' d && "},
    {"cd d; ", "cd d || ", "cd - && ", "cd && ", "cd d | ", "cd d > f && ", "V=1 cd d && ", "cd d & ", "cd d e && ",
     "cd d/.. && ", "cd d && cd .. && ", "cd nosuch/../d && ", "cd -- d && ", "cd ~ && ", "chdir d && "}};
const Trap kTails = {"tails",
                     {";", " ", "\n", " ;\n", "\t", "\n\n", ";\n\n"},
                     {" # x", "\n#x", " &", " }", " )", ";;", " <<E\nx\nE\n", " && ", " |", "\\", "\r", "\r\n", " #"}};
const Trap kHeads = {"heads",
                     {" ", "\t", "\n", " \n\n"},
                     {"#x\n", "( ", "{ ", "! ", "time ", "\\\n", "f() { ", "\xef\xbb\xbf", "if ", "coproc ", "; "}};
constexpr char kMutated[] = "mutations";
constexpr char kLong[] = "long words";
constexpr char kMany[] = "many commands";

const Texts kInsertions = {"'",  "\"",   "\\",   "$",    "`",        ";",        "&",        "|",  "<",  ">", "(",
                           ")",  "{",    "}",    "[",    "]",        "*",        "?",        "~",  "!",  "#", "=",
                           "%",  "^",    " ",    "\t",   "\n",       "\r",       "\\\n",     "2>", ">&", "1", "2",
                           "&&", "||",   "''",   "\"\"", "\xc3\x81", "\xc2\xa0", "-",        ":",  ",",  "/", "a",
                           "f",  "\x01", "\xff", "@",    "+",        "if ",      "cd d && ", "V=", "\\$"};
constexpr size_t kSharpPercent = 4;

}  // namespace

std::vector<const char*> TrapClasses() {
  std::vector<const char*> names;
  for (const auto* list : {&Atoms(), &Redirections(), &Assignments(), &Connectors()})
    for (const Trap& trap : *list) names.push_back(trap.name);
  for (const Trap* trap : {&kNames, &kDuplicates, &kDirectories, &kTails, &kHeads}) names.push_back(trap->name);
  names.insert(names.end(), {kMutated, kLong, kMany});
  return names;
}

Line Maker::Next() {
  Line line = !kept_.empty() && Chance(30) ? Mutated() : Grown();
  std::ranges::sort(line.traps, {}, [](const char* name) { return std::string_view(name); });
  const auto [first, last] =
      std::ranges::unique(line.traps, {}, [](const char* name) { return std::string_view(name); });
  line.traps.erase(first, last);
  return line;
}

Line Maker::Grown() {
  Line line;
  auto add = [&](const Trap& trap) {
    line.text += Any(!trap.sharp.empty() && Chance(kSharpPercent) ? trap.sharp : trap.plain);
    line.traps.push_back(trap.name);
  };
  if (Chance(10)) add(kHeads);
  if (Chance(15)) add(kDirectories);
  size_t commands = 1 + Below(2) + (Chance(15) ? 1 : 0);
  if (Chance(1)) commands = 5 + Below(8), line.traps.push_back(kMany);
  for (size_t i = 0; i < commands; ++i) {
    if (i > 0) Connector(line);
    Command(line);
  }
  if (Chance(15)) add(kTails);
  if (kept_.size() < 4096)
    kept_.push_back(line.text);
  else
    kept_[Below(kept_.size())] = line.text;
  return line;
}

void Maker::Connector(Line& line) {
  const auto& trap = Any(Connectors());
  line.text += Any(Chance(kSharpPercent) ? trap.sharp : trap.plain);
  line.traps.push_back(trap.name);
}

void Maker::Command(Line& line) {
  for (size_t left = Chance(20) ? 1 + Below(2) : 0; left > 0; --left) Assignment(line);
  if (Chance(5)) Redirection(line);
  Word(line, true);
  for (size_t left = Below(4); left > 0; --left) {
    line.text += Chance(90) ? " " : "\t ";
    if (Chance(15))
      Redirection(line);
    else
      Word(line, false);
  }
  if (Chance(15)) Redirection(line);
}

void Maker::Word(Line& line, bool program) {
  if (program && Chance(80)) {
    line.text += Any(Chance(kSharpPercent) ? kNames.sharp : kNames.plain);
    line.traps.push_back(kNames.name);
    if (Chance(90)) return;
  }
  for (size_t left = 1 + Below(3); left > 0; --left) {
    const auto& trap = Any(Atoms());
    line.text += Any(!trap.sharp.empty() && Chance(kSharpPercent) ? trap.sharp : trap.plain);
    line.traps.push_back(trap.name);
  }
  if (!program && Below(1000) < 5) {
    line.text += std::string(200 + Below(4000), 'y');
    line.traps.push_back(kLong);
  }
}

void Maker::Redirection(Line& line) {
  if (Chance(25)) {
    line.text += Any(Chance(kSharpPercent) ? kDuplicates.sharp : kDuplicates.plain);
    line.traps.push_back(kDuplicates.name);
    return;
  }
  const auto& trap = Any(Redirections());
  line.text += " " + Any(!trap.sharp.empty() && Chance(kSharpPercent) ? trap.sharp : trap.plain);
  line.text += Any(Chance(kSharpPercent) ? kSharpTargets : kTargets) + (Chance(80) ? " " : "");
  line.traps.push_back(trap.name);
}

void Maker::Assignment(Line& line) {
  const auto& trap = Any(Assignments());
  line.text += Any(Chance(3 * kSharpPercent) ? trap.sharp : trap.plain) + " ";
  line.traps.push_back(trap.name);
}

Line Maker::Mutated() {
  Line line;
  line.text = Chance(40) && !seeds_.empty() ? Any(seeds_) : Any(kept_);
  for (size_t left = 1 + Below(3); left > 0; --left) Mutate(line.text);
  line.traps.push_back(kMutated);
  return line;
}

void Maker::Mutate(std::string& text) {
  const size_t at = Below(text.size() + 1), size = std::min<size_t>(Below(8), text.size() - at);
  switch (Below(6)) {
    case 0:
      text.erase(at, 1 + Below(4));
      break;
    case 1:
      text.insert(at, text.substr(at, size));
      break;
    case 2:
      if (at < text.size()) text.replace(at, 1, Any(kInsertions));
      break;
    case 3: {
      const std::string& other = Any(kept_);
      const size_t from = Below(other.size() + 1);
      text.insert(at, other.substr(from, 1 + Below(12)));
      break;
    }
    default:
      text.insert(at, Any(kInsertions));
  }
}

}  // namespace warder::shells
