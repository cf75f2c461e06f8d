// Which compilers, build tools and package managers run code of the project or of an argument?
//
// What such a program runs by itself (a makefile, tests, scripts of a package) is its purpose and no line of this
// table: the lines are the arguments that make it run or write something else.
#include "policy/analyse/programs.h"

namespace warder::policy::lint {
namespace {

using enum Effect;
using enum Form;

constexpr std::string_view kAtFile = "takes options out of the file, where no rule sees them";
constexpr std::string_view kOut = "writes its output there";

constexpr Means kMake[] = {
    {kRuns, kLong, "--eval", "'$(shell id)'", "reads the text as a part of the makefile"},
    {kRunsFile, kShort, "-f", "x.mk", "takes that makefile"},
    {kRunsFile, kLong, "--file", "x.mk", "takes that makefile"},
    {kRunsFile, kLong, "--makefile", "x.mk", "takes that makefile"},
    {kRunsFile, kShort, "-C", "dir", "takes the makefile of that directory"},
    {kRunsFile, kLong, "--directory", "dir", "takes the makefile of that directory"},
    {kRunsFile, kShort, "-I", "dir", "takes included makefiles from there"},
    {kRuns, kOperand, "", "SHELL=/tmp/x", "sets a variable of the makefile; SHELL and CC name programs", {}, 0}};
constexpr Means kCmake[] = {
    {kRunsFile, kWord, "-P", "x.cmake", "runs the script"},
    {kRuns, kWord, "-E", "env id", "has commands of its own, some of which start programs or write"},
    {kRuns, kShort, "-D", "CMAKE_C_COMPILER=/tmp/x", "sets a variable; some name programs"},
    {kRunsFile, kShort, "-C", "x.cmake", "runs the script first"},
    {kRunsFile, kLong, "--toolchain", "x.cmake", "runs the script first"},
    {kWrites, kLong, "--graphviz", "out.dot", kOut},
    {kWrites, kShort, "-B", "dir", "writes the build tree there"}};
constexpr Means kNinja[] = {{kRunsFile, kShort, "-f", "x.ninja", "takes that build file"},
                            {kRunsFile, kShort, "-C", "dir", "takes the build file of that directory"}};
constexpr Means kMeson[] = {{kRuns, kWord, "devenv", "id", "starts that program"},
                            {kOptions, kGlued, "--native-file=", "x.ini", "reads programs and options out of the file"},
                            {kOptions, kGlued, "--cross-file=", "x.ini", "reads programs and options out of the file"}};
constexpr Means kGcc[] = {
    {kRuns, kWord, "-wrapper", "id", "starts each of its parts by that program"},
    {kRuns, kGlued, "-fplugin=", "./x.so", "loads that library"},
    {kRuns, kShort, "-B", "dir", "takes compiler, assembler and linker from there"},
    {kOptions, kGlued, "-specs=", "x.specs", "reads which programs it starts, and how"},
    {kOptions, kLong, "--specs", "x.specs", "reads which programs it starts, and how"},
    {kRuns, kGlued, "-fuse-ld=", "x", "chooses the linker; clang takes the path of any program"},
    {kRuns, kWord, "-Xclang", "-load", "hands an option to the compiler's own part; -load loads a library"},
    {kRuns, kGlued, "-Wl,", "-plugin,./x.so", "hands options to the linker; -plugin loads a library"},
    {kRuns, kWord, "-Xlinker", "-plugin=./x.so", "hands an option to the linker; -plugin loads a library"},
    {kOptions, kGlued, "@", "args", kAtFile},
    {kWrites, kShort, "-o", "out", kOut},
    {kWrites, kWord, "-MF", "out.d", "writes dependencies there"},
    {kWrites, kWord, "-dumpdir", "dir/", "writes other outputs there"}};
constexpr Means kLinker[] = {{kRuns, kWord, "-plugin", "./x.so", "loads that library"},
                             {kRuns, kLong, "--plugin", "./x.so", "loads that library"},
                             {kOptions, kGlued, "@", "args", kAtFile},
                             {kOptions, kShort, "-T", "x.ld", "takes that linker script; scripts name files"},
                             {kWrites, kShort, "-o", "out", kOut},
                             {kWrites, kLong, "--output", "out", kOut},
                             {kWrites, kGlued, "-Map=", "out.map", "writes a map there"}};
constexpr Means kAssembler[] = {{kOptions, kGlued, "@", "args", kAtFile}, {kWrites, kShort, "-o", "out", kOut}};
constexpr Means kObjects[] = {{kRuns, kLong, "--plugin", "./x.so", "loads that library"},
                              {kOptions, kGlued, "@", "args", kAtFile}};
constexpr Means kObjectChangers[] = {
    {kOptions, kGlued, "@", "args", kAtFile},
    {kWrites, kOperand, "", "f.o", "writes the file, in place where no other is named", {}, 0}};
constexpr Means kArchiver[] = {{kRuns, kLong, "--plugin", "./x.so", "loads that library"},
                               {kOptions, kGlued, "@", "args", kAtFile},
                               {kWrites, kOperand, "", "x f.a", "extracts, or writes the archive", {}, 1}};
constexpr Means kRustc[] = {{kRuns, kShort, "-C", "linker=/tmp/x", "chooses the linker"},
                            {kRuns, kLong, "--codegen", "linker=/tmp/x", "chooses the linker"},
                            {kOptions, kGlued, "@", "args", kAtFile},
                            {kWrites, kShort, "-o", "out", kOut},
                            {kWrites, kLong, "--out-dir", "dir", kOut}};
constexpr Means kCargo[] = {
    {kRuns, kLong, "--config", "'build.rustc-wrapper=\"/tmp/x\"'", "sets a setting; some name programs"},
    {kRunsFile, kLong, "--manifest-path", "dir/Cargo.toml", "builds that project: its build.rs runs"},
    {kRuns, kOperand, "", "run", "runs the project, or a program cargo-WORD"},
    {kWrites, kLong, "--target-dir", "dir", kOut}};
constexpr Means kGo[] = {{kRuns, kWord, "-exec", "id", "starts the result by that program"},
                         {kRuns, kGlued, "-exec=", "id", "starts the result by that program"},
                         {kRuns, kGlued, "-toolexec=", "id", "starts each tool by that program"},
                         {kRuns, kWord, "-toolexec", "id", "starts each tool by that program"},
                         {kRuns, kOperand, "", "generate", "runs the commands that the sources name, or the program"},
                         {kWrites, kWord, "-o", "out", kOut}};
constexpr Means kNpm[] = {
    {kRuns, kOperand, "", "exec -c id", "runs what the word says: exec, run, install scripts of packages"},
    {kRuns, kLong, "--script-shell", "/tmp/x", "names the shell that runs scripts"},
    {kRuns, kLong, "--node-options", "'--require ./x.js'", "hands options to node"},
    {kOptions, kLong, "--userconfig", "conf", "reads the file as its settings"},
    {kOptions, kLong, "--globalconfig", "conf", "reads the file as its settings"},
    {kRunsFile, kLong, "--prefix", "dir", "takes the scripts of that directory"},
    {kRunsFile, kShort, "-C", "dir", "takes the scripts of that directory"}};
constexpr Means kNpx[] = {{kRuns, kCommand, "", "x", "fetches and starts that program"},
                          {kRuns, kShort, "-c", "id", "hands the text to a shell"},
                          {kRuns, kLong, "--call", "id", "hands the text to a shell"}};
constexpr Means kPip[] = {{kRuns, kOperand, "", "install .", "install and wheel run the setup of packages", {}, 1},
                          {kOptions, kShort, "-r", "list.txt", "takes packages and options out of the file"},
                          {kOptions, kLong, "--requirement", "list.txt", "takes packages and options out of the file"},
                          {kRunsFile, kShort, "-e", ".", "runs the setup of that directory"},
                          {kRuns, kLong, "--editable", ".", "runs the setup of that directory"},
                          {kRuns, kLong, "--index-url", "https://x.example", "takes packages from there"},
                          {kRuns, kShort, "-i", "https://x.example", "takes packages from there"},
                          {kRuns, kLong, "--extra-index-url", "https://x.example", "takes packages from there"},
                          {kRuns, kLong, "--python", "/tmp/x", "starts that interpreter"},
                          {kWrites, kLong, "--log", "out.log", "writes a log there"},
                          {kWrites, kShort, "-t", "dir", "writes packages there"},
                          {kWrites, kLong, "--target", "dir", "writes packages there"}};
constexpr Means kPytest[] = {
    {kRuns, kShort, "-p", "evil", "loads that module as plugin"},
    {kOptions, kShort, "-c", "x.ini", "reads the file as its settings, plugins among them"},
    {kOptions, kLong, "--config-file", "x.ini", "reads the file as its settings, plugins among them"},
    {kRuns, kShort, "-o", "'python_files=*'", "sets a setting"},
    {kRuns, kLong, "--override-ini", "'python_files=*'", "sets a setting"},
    {kRunsFile, kLong, "--rootdir", "dir", "takes settings and conftest.py from there"},
    {kRunsFile, kLong, "--confcutdir", "dir", "takes conftest.py from further up"},
    {kRuns, kLong, "--pyargs", "x", "runs the tests of an installed module"},
    {kRuns, kLong, "--pdbcls", "x:Y", "loads that module as debugger"},
    {kWrites, kLong, "--basetemp", "dir", "empties that directory and writes there"},
    {kWrites, kLong, "--junit-xml", "out.xml", "writes a report there"},
    {kWrites, kLong, "--junitxml", "out.xml", "writes a report there"},
    {kWrites, kLong, "--log-file", "out.log", "writes a log there"}};
constexpr Means kTox[] = {{kOptions, kShort, "-c", "x.ini", "reads commands out of the file"},
                          {kRuns, kShort, "-x", "testenv.commands=id", "sets a setting; commands are settings"},
                          {kRuns, kWord, "--", "id", "hands what follows to the commands"}};
constexpr Means kMaven[] = {
    {kRuns, kShort, "-D", "exec.executable=id", "sets a property; plugins start programs by them"},
    {kRunsFile, kShort, "-f", "x.xml", "builds that project"},
    {kRunsFile, kLong, "--file", "x.xml", "builds that project"},
    {kOptions, kShort, "-s", "x.xml", "reads the file as its settings"},
    {kRuns, kOperand, "", "exec:exec", "runs any goal of any plugin, fetched where it is missing", {}, 0}};
constexpr Means kGradle[] = {{kRunsFile, kShort, "-b", "x.gradle", "runs the script"},
                             {kRunsFile, kShort, "-I", "x.gradle", "runs the script first"},
                             {kRunsFile, kLong, "--init-script", "x.gradle", "runs the script first"},
                             {kRunsFile, kShort, "-p", "dir", "takes the scripts of that directory"},
                             {kRunsFile, kLong, "--project-dir", "dir", "takes the scripts of that directory"}};
constexpr Means kAnt[] = {{kRunsFile, kWord, "-f", "x.xml", "runs the build file"},
                          {kRunsFile, kWord, "-buildfile", "x.xml", "runs the build file"},
                          {kRuns, kWord, "-lib", "dir", "loads classes from there"},
                          {kRuns, kWord, "-logger", "X", "loads that class"}};
constexpr Means kGem[] = {{kRuns, kOperand, "", "install x", "fetches code, and builds or runs it"},
                          {kOptions, kLong, "--config-file", "conf", "reads the file as its settings"}};
constexpr Means kDpkg[] = {{kRuns, kGlued, "--pre-invoke=", "id", "hands the text to a shell"},
                           {kRuns, kGlued, "--post-invoke=", "id", "hands the text to a shell"},
                           {kRunsFile, kShort, "-i", "x.deb", "runs the scripts of the package"},
                           {kRunsFile, kLong, "--install", "x.deb", "runs the scripts of the package"},
                           {kRuns, kGlued, "--root=", "dir", "works on the system in that directory"},
                           {kWrites, kShort, "-x", "x.deb dir", "extracts the package"},
                           {kWrites, kShort, "-R", "x.deb dir", "extracts the package"}};
constexpr Means kApt[] = {
    {kRuns, kShort, "-o", "APT::Update::Pre-Invoke::=id", "sets a setting; some are commands"},
    {kRuns, kLong, "--option", "APT::Update::Pre-Invoke::=id", "sets a setting; some are commands"},
    {kOptions, kShort, "-c", "conf", "reads the file as its settings; some are commands"},
    {kOptions, kLong, "--config-file", "conf", "reads the file as its settings; some are commands"},
    {kRuns, kOperand, "", "install x", "installs packages, whose scripts run"}};

constexpr KnownProgram kPrograms[] = {
    {"make gmake", "make(1)", kMake, "-j -l -W -o"},
    {"cmake", "cmake(1)", kCmake, "-S -B -G -T -A -D -U --build --target --config --preset -j"},
    {"ninja samu", "ninja(1)", kNinja, "-j -k -l -d -t -w"},
    {"meson", "meson(1)", kMeson},
    {"gcc cc g++ c++ clang clang++ cpp gfortran tcc c99", "gcc(1), clang(1)", kGcc, "-o -I -D -U -L -l -x -include"},
    {"ld ld.bfd ld.gold ld.lld", "ld(1)", kLinker, "-o -L -l -m -e"},
    {"as", "as(1)", kAssembler, "-o -I"},
    {"nm", "nm(1)", kObjects},
    {"objcopy strip elfedit", "objcopy(1), strip(1)", kObjectChangers},
    {"ar ranlib", "ar(1)", kArchiver},
    {"rustc", "rustc(1)", kRustc, "-C -o -L -l --edition --crate-type"},
    {"cargo", "cargo(1)", kCargo},
    {"go", "pkg.go.dev/cmd/go", kGo},
    {"npm pnpm yarn", "npm(1), npm-config(7)", kNpm},
    {"npx pnpx bunx", "npx(1)", kNpx, "-p --package"},
    {"pip pipx uv poetry", "pip(1)", kPip},
    {"pytest py.test", "docs.pytest.org, command-line flags", kPytest, "-k -m -n --maxfail"},
    {"tox nox", "tox(1)", kTox, "-e"},
    {"mvn", "mvn(1)", kMaven, "-pl -P"},
    {"gradle gradlew", "gradle(1)", kGradle},
    {"ant", "ant(1)", kAnt},
    {"gem bundle bundler composer", "gem(1), bundle(1), composer(1)", kGem},
    {"dpkg dpkg-deb", "dpkg(1), dpkg-deb(1)", kDpkg},
    {"apt apt-get aptitude", "apt-get(8), apt.conf(5)", kApt, "-t"},
};

}  // namespace

std::span<const KnownProgram> BuildingPrograms() { return kPrograms; }

}  // namespace warder::policy::lint
