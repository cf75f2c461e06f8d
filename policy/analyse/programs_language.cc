// Which shells, interpreters, editors, pagers and databases run what they are given?
#include "policy/analyse/programs.h"

namespace warder::policy::lint {
namespace {

using enum Effect;
using enum Form;

constexpr std::string_view kRunsText = "runs the text";
constexpr std::string_view kRunsIt = "runs the file";
constexpr std::string_view kReadsInput = "runs its input";

constexpr Means kShell[] = {{kRuns, kShort, "-c", "id", kRunsText, "^"},
                            {kRunsFile, kOperand, "", "x.sh", kRunsIt, {}, 1, "-c"},
                            {kRuns, kBare, "", "", kReadsInput}};
constexpr Means kBash[] = {{kRuns, kShort, "-c", "id", kRunsText, "^"},
                           {kOptions, kLong, "--rcfile", "x", "runs the file when it is interactive", "^"},
                           {kOptions, kLong, "--init-file", "x", "runs the file when it is interactive", "^"},
                           {kRunsFile, kOperand, "", "x.sh", kRunsIt, {}, 1, "-c"},
                           {kRuns, kBare, "", "", kReadsInput}};
constexpr Means kPerl[] = {{kRuns, kShort, "-e", "'system(\"id\")'", kRunsText, "^"},
                           {kRuns, kShort, "-E", "'system(\"id\")'", kRunsText, "^"},
                           {kRuns, kShort, "-M", "Evil", "loads that module, with -I from any directory", "^"},
                           {kRunsFile, kOperand, "", "x.pl", kRunsIt, {}, 1, "-e -E"},
                           {kRuns, kBare, "", "", kReadsInput}};
constexpr Means kPython[] = {
    {kRuns, kShort, "-c", "'import os; os.system(\"id\")'", kRunsText, "^"},
    {kRuns, kShort, "-m", "evil", "runs that module, one of the directory it stands in too", "^"},
    {kRunsFile, kOperand, "", "x.py", kRunsIt, {}, 1, "-c -m"},
    {kRuns, kBare, "", "", kReadsInput}};
constexpr Means kNode[] = {{kRuns, kShort, "-e", "'require(\"child_process\").execSync(\"id\")'", kRunsText, "^"},
                           {kRuns, kLong, "--eval", "'require(\"child_process\").execSync(\"id\")'", kRunsText, "^"},
                           {kRuns, kShort, "-p", "'require(\"child_process\").execSync(\"id\")'", kRunsText, "^"},
                           {kRuns, kLong, "--print", "'require(\"child_process\").execSync(\"id\")'", kRunsText, "^"},
                           {kRuns, kShort, "-r", "./x.js", "loads that module first", "^"},
                           {kRuns, kLong, "--require", "./x.js", "loads that module first", "^"},
                           {kRuns, kLong, "--import", "./x.mjs", "loads that module first", "^"},
                           {kRuns, kLong, "--experimental-loader", "./x.mjs", "loads that module first", "^"},
                           {kRunsFile, kOperand, "", "x.js", kRunsIt, {}, 1, "-e --eval -p --print -c --check"},
                           {kRuns, kBare, "", "", kReadsInput}};
constexpr Means kDeno[] = {{kRuns, kWord, "eval", "'Deno.exit(1)'", kRunsText},
                           {kRuns, kWord, "run", "-A x.ts", "runs the file or URL, with -A all it asks for"},
                           {kRunsFile, kOperand, "", "x.ts", kRunsIt}};
constexpr Means kRuby[] = {{kRuns, kShort, "-e", "'system(\"id\")'", kRunsText, "^"},
                           {kRuns, kShort, "-r", "./x.rb", "loads that library first", "^"},
                           {kRunsFile, kOperand, "", "x.rb", kRunsIt, {}, 1, "-e"},
                           {kRuns, kBare, "", "", kReadsInput}};
constexpr Means kPhp[] = {
    {kRuns, kShort, "-r", "'system(\"id\");'", kRunsText, "^"},
    {kRuns, kShort, "-d", "auto_prepend_file=x", "sets a setting: one of them runs a file first", "^"},
    {kRunsFile, kShort, "-f", "x.php", kRunsIt, "^"},
    {kRunsFile, kOperand, "", "x.php", kRunsIt, {}, 1, "-r -f"},
    {kRuns, kBare, "", "", kReadsInput}};
constexpr Means kLua[] = {{kRuns, kShort, "-e", "'os.execute(\"id\")'", kRunsText, "^"},
                          {kRuns, kShort, "-l", "x", "loads that library first", "^"},
                          {kRunsFile, kOperand, "", "x.lua", kRunsIt, {}, 1, "-e"},
                          {kRuns, kBare, "", "", kReadsInput}};
constexpr Means kTcl[] = {{kRunsFile, kOperand, "", "x.tcl", kRunsIt}, {kRuns, kBare, "", "", kReadsInput}};
constexpr Means kExpect[] = {{kRuns, kShort, "-c", "'spawn id'", kRunsText, "^"},
                             {kRunsFile, kOperand, "", "x.exp", kRunsIt, {}, 1, "-c"},
                             {kRuns, kBare, "", "", kReadsInput}};
constexpr Means kRscript[] = {{kRuns, kShort, "-e", "'system(\"id\")'", kRunsText, "^"},
                              {kRunsFile, kOperand, "", "x.R", kRunsIt, {}, 1, "-e"}};
constexpr Means kJava[] = {{kOptions, kGlued, "@", "args", "takes options out of the file", "^"},
                           {kRuns, kGlued, "-javaagent:", "x.jar", "loads that agent", "^"},
                           {kRuns, kGlued, "-XX:OnOutOfMemoryError=", "id", "hands the text to a shell", "^"},
                           {kRunsFile, kWord, "-jar", "x.jar", kRunsIt, "^"},
                           {kRunsFile, kOperand, "", "X.java", "runs the class or the source file"}};
constexpr Means kAwk[] = {
    {kRuns, kOperand, "", "'BEGIN{system(\"id\")}'", "its programs have system(), pipes and files to write"},
    {kRunsFile, kShort, "-f", "x.awk", "its programs have system(), pipes and files to write"},
    {kRunsFile, kLong, "--file", "x.awk", "its programs have system(), pipes and files to write"},
    {kRuns, kShort, "-e", "'BEGIN{system(\"id\")}'", "its programs have system(), pipes and files to write"},
    {kRuns, kShort, "-l", "./x.so", "gawk loads that library"},
    {kRuns, kShort, "-i", "inplace", "gawk loads that source; `inplace` writes the files"}};
constexpr Means kSed[] = {{kRuns,
                           kOperand,
                           "",
                           "1eid",
                           "its scripts have e, which runs a command, and w, which writes a file",
                           {},
                           1,
                           "-e --expression -f --file --sandbox"},
                          {kRuns,
                           kShort,
                           "-e",
                           "1eid",
                           "its scripts have e, which runs a command, and w, which writes a file",
                           {},
                           1,
                           "--sandbox"},
                          {kRuns,
                           kLong,
                           "--expression",
                           "1eid",
                           "its scripts have e, which runs a command, and w, which writes a file",
                           {},
                           1,
                           "--sandbox"},
                          {kRunsFile,
                           kShort,
                           "-f",
                           "x.sed",
                           "its scripts have e, which runs a command, and w, which writes a file",
                           {},
                           1,
                           "--sandbox"},
                          {kRunsFile,
                           kLong,
                           "--file",
                           "x.sed",
                           "its scripts have e, which runs a command, and w, which writes a file",
                           {},
                           1,
                           "--sandbox"},
                          {kWrites, kShort, "-i", "", "writes the files that it reads"},
                          {kWrites, kLong, "--in-place", "", "writes the files that it reads"}};
constexpr Means kEd[] = {{kRuns, kBare, "", "", "its commands have !, which is a shell's, and w"},
                         {kRuns, kOperand, "", "'!id'", "with ! in front it is a command for a shell"},
                         {kWrites, kOperand, "", "f", "edits the file by commands of its input"}};
constexpr Means kVi[] = {{kRuns, kShort, "-c", "'!id'", "runs the editor's command, ! is a shell's"},
                         {kRuns, kLong, "--cmd", "'!id'", "runs the editor's command, ! is a shell's"},
                         {kRuns, kGlued, "+", "'!id'", "runs the editor's command, ! is a shell's"},
                         {kOptions, kShort, "-S", "x.vim", "runs the editor's commands in the file"},
                         {kOptions, kShort, "-s", "keys", "types what the file says"},
                         {kOptions, kShort, "-u", "x.vim", "runs the editor's commands in the file"},
                         {kWrites, kShort, "-w", "keys", "writes what is typed there"},
                         {kWrites, kShort, "-W", "keys", "writes what is typed there"},
                         {kRuns, kBare, "", "", "its commands have !, which is a shell's, and w"},
                         {kWrites, kOperand, "", "f", "edits the file; commands in it (modelines) and ! are read too"}};
constexpr Means kEmacs[] = {{kRuns, kLong, "--eval", "'(shell-command \"id\")'", kRunsText},
                            {kRuns, kLong, "--execute", "'(shell-command \"id\")'", kRunsText},
                            {kRuns, kShort, "-f", "shell", "calls that function"},
                            {kRuns, kLong, "--funcall", "shell", "calls that function"},
                            {kRunsFile, kShort, "-l", "x.el", kRunsIt},
                            {kRunsFile, kLong, "--load", "x.el", kRunsIt},
                            {kRunsFile, kLong, "--script", "x.el", kRunsIt},
                            {kWrites, kOperand, "", "f", "edits the file"},
                            {kRuns, kBare, "", "", "has a shell"}};
constexpr Means kNano[] = {{kRuns, kShort, "-s", "id", "starts that program to check the spelling"},
                           {kRuns, kLong, "--speller", "id", "starts that program to check the spelling"},
                           {kWrites, kOperand, "", "f", "edits the file; ^T starts commands"},
                           {kRuns, kBare, "", "", "^T starts commands"}};
constexpr Means kLess[] = {{kRuns, kGlued, "+", "'!id'", "runs the pager's command, ! is a shell's"},
                           {kWrites, kShort, "-o", "out.txt", "copies its input there"},
                           {kWrites, kLong, "--log-file", "out.txt", "copies its input there"},
                           {kWrites, kShort, "-O", "out.txt", "copies its input there, over a file"},
                           {kWrites, kLong, "--LOG-FILE", "out.txt", "copies its input there, over a file"},
                           {kOptions, kShort, "-k", "keys", "reads key bindings, which may start commands"},
                           {kOptions, kLong, "--lesskey-file", "keys", "reads key bindings, which may start commands"},
                           {kOptions, kLong, "--lesskey-src", "keys", "reads key bindings, which may start commands"}};
constexpr Means kMore[] = {{kRuns, kGlued, "+/", "x", "waits for keys; ! is a shell's"},
                           {kRuns, kOperand, "", "f", "waits for keys on a terminal; ! is a shell's"}};
constexpr Means kMan[] = {
    {kRuns, kShort, "-P", "id", "starts that program as pager"},
    {kRuns, kLong, "--pager", "id", "starts that program as pager"},
    {kRuns, kShort, "-H", "", "starts a browser"},
    {kRuns, kGlued, "-H", "id", "starts that program as browser"},
    {kRuns, kGlued, "--html=", "id", "starts that program as browser"},
    {kOptions, kShort, "-C", "conf", "reads the file as its settings, programs among them"},
    {kOptions, kLong, "--config-file", "conf", "reads the file as its settings, programs among them"}};
constexpr Means kSqlite[] = {
    {kRuns, kOperand, "", ":memory: '.shell id'", ".shell starts a command, .output writes a file", {}, 2},
    {kRuns, kWord, "-cmd", "'.shell id'", ".shell starts a command, .output writes a file"},
    {kOptions, kWord, "-init", "x.sql", "runs the commands in the file"},
    {kWrites, kOperand, "", "x.db", "creates the database, and runs the commands of its input"},
    {kRuns, kBare, "", "", "runs the commands of its input, .shell among them"}};
constexpr Means kPsql[] = {{kRuns, kShort, "-c", "'\\! id'", "\\! starts a command, \\copy writes files"},
                           {kRuns, kLong, "--command", "'\\! id'", "\\! starts a command, \\copy writes files"},
                           {kOptions, kShort, "-f", "x.sql", "runs the commands in the file, \\! among them"},
                           {kOptions, kLong, "--file", "x.sql", "runs the commands in the file, \\! among them"},
                           {kWrites, kShort, "-o", "out.txt", "writes there, or with | to a command"},
                           {kWrites, kLong, "--output", "out.txt", "writes there, or with | to a command"},
                           {kWrites, kShort, "-L", "log", "writes a log there"},
                           {kRuns, kBare, "", "", "runs the commands of its input, \\! among them"}};
constexpr Means kMysql[] = {{kRuns, kShort, "-e", "'\\! id'", "\\! starts a command, tee writes a file"},
                            {kRuns, kLong, "--execute", "'\\! id'", "\\! starts a command, tee writes a file"},
                            {kOptions, kGlued, "--defaults-file=", "conf", "reads the file as its settings"},
                            {kOptions, kGlued, "--defaults-extra-file=", "conf", "reads the file as its settings"},
                            {kRuns, kLong, "--pager", "id", "starts that program as pager"},
                            {kWrites, kLong, "--tee", "log", "writes a log there"},
                            {kRuns, kBare, "", "", "runs the commands of its input, \\! among them"}};
constexpr Means kDc[] = {{kRuns, kShort, "-e", "'!id'", "its ! starts a command"},
                         {kRuns, kLong, "--expression", "'!id'", "its ! starts a command"},
                         {kRunsFile, kShort, "-f", "x.dc", "its ! starts a command"},
                         {kRunsFile, kOperand, "", "x.dc", "its ! starts a command"},
                         {kRuns, kBare, "", "", "runs its input; ! starts a command"}};
constexpr Means kM4[] = {{kRunsFile, kOperand, "", "x.m4", "syscmd() and esyscmd() start commands"},
                         {kRuns, kBare, "", "", "runs its input; syscmd() starts commands"}};
constexpr Means kGnuplot[] = {{kRuns, kShort, "-e", "'system(\"id\")'", kRunsText},
                              {kRunsFile, kOperand, "", "x.gp", kRunsIt, {}, 1, "-e"},
                              {kRuns, kBare, "", "", kReadsInput}};

constexpr KnownProgram kPrograms[] = {
    {"sh dash ash ksh mksh zsh fish csh tcsh", "sh(1p), dash(1), zsh(1), fish(1)", kShell, "-o -O"},
    {"bash rbash", "bash(1)", kBash, "-o -O --rcfile --init-file"},
    {"perl", "perlrun(1)", kPerl, "-e -E -I"},
    {"python", "python(1)", kPython, "-c -m -W -X", false, "-m"},
    {"node nodejs", "node(1)", kNode, "-e --eval -p --print -r --require --import -C --conditions"},
    {"deno bun", "docs.deno.com, bun.sh/docs", kDeno},
    {"ruby", "ruby(1)", kRuby, "-e -r -I -C"},
    {"php", "php(1)", kPhp, "-r -f -d -c -B -R -E -z"},
    {"lua luajit texlua", "lua(1)", kLua, "-e -l"},
    {"tclsh wish", "tclsh(1)", kTcl},
    {"expect", "expect(1)", kExpect},
    {"Rscript", "Rscript(1)", kRscript},
    {"java", "java(1)", kJava, "-cp -classpath --class-path -p --module-path"},
    {"awk gawk mawk nawk", "awk(1p), gawk(1), mawk(1)", kAwk, "-F -v -f -e -l -i --field-separator --assign --file"},
    {"sed", "sed(1)", kSed, "-e -f -l --expression --file --line-length"},
    {"ed red", "ed(1)", kEd},
    {"vi vim nvim view ex vimdiff rvim", "vim(1)", kVi},
    {"emacs", "emacs(1)", kEmacs},
    {"nano pico", "nano(1)", kNano},
    {"less", "less(1)", kLess},
    {"more most", "more(1)", kMore},
    {"man", "man(1)", kMan},
    {"sqlite3", "sqlite3(1)", kSqlite, "-cmd -init -separator -newline -nullvalue"},
    {"psql", "psql(1)", kPsql, "-c -f -d -h -p -U -v -o"},
    {"mysql mariadb", "mysql(1)", kMysql, "-h -u -P -D"},
    {"dc", "dc(1)", kDc},
    {"m4", "m4(1)", kM4, "-D -I"},
    {"gnuplot", "gnuplot(1)", kGnuplot},
};

}  // namespace

std::span<const KnownProgram> LanguagePrograms() { return kPrograms; }

}  // namespace warder::policy::lint
