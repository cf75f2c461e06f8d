// Which programs start the program that their arguments name?
#include "policy/analyse/programs.h"

namespace warder::policy::lint {
namespace {

using enum Effect;
using enum Form;

constexpr std::string_view kStarts = "starts that program";
constexpr std::string_view kShellText = "hands the text to a shell";

constexpr Means kEnv[] = {{kRuns, kCommand, "", "id", kStarts},
                          {kRuns, kShort, "-S", "id", "splits the text into a command and starts it"},
                          {kRuns, kLong, "--split-string", "id", "splits the text into a command and starts it"}};
constexpr Means kCommandFirst[] = {{kRuns, kCommand, "", "id", kStarts}};
constexpr Means kCommandSecond[] = {{kRuns, kCommand, "", "1 id", kStarts, {}, 2}};
constexpr Means kChroot[] = {{kRuns, kCommand, "", "/ id", "starts that program in another root", {}, 2},
                             {kRuns, kBare, "", "/", "starts a shell"}};
constexpr Means kNohup[] = {{kRuns, kCommand, "", "id", "starts that program, and writes nohup.out"}};
constexpr Means kXargs[] = {
    {kRuns, kCommand, "", "id", "starts that program, with arguments from its input"},
    {kOptions, kShort, "-a", "args.txt", "takes the arguments of what it starts out of the file"},
    {kOptions, kLong, "--arg-file", "args.txt", "takes the arguments of what it starts out of the file"}};
constexpr Means kSpace[] = {{kRuns, kCommand, "", "id", "starts that program in other namespaces"},
                            {kRuns, kBare, "", "", "starts a shell"}};
constexpr Means kSetarch[] = {{kRuns, kCommand, "", "id", kStarts}, {kRuns, kBare, "", "", "starts a shell"}};
constexpr Means kBecome[] = {{kRuns, kCommand, "", "id", "starts that program as another user"},
                             {kRuns, kShort, "-s", "", "starts a shell as another user"},
                             {kRuns, kShort, "-i", "", "starts a shell as another user"}};
constexpr Means kSu[] = {{kRuns, kShort, "-c", "id", "hands the text to a shell of another user"},
                         {kRuns, kLong, "--command", "id", "hands the text to a shell of another user"},
                         {kRuns, kShort, "-s", "/tmp/x", "starts that shell"},
                         {kRuns, kLong, "--shell", "/tmp/x", "starts that shell"},
                         {kRuns, kBare, "", "", "starts a shell of another user"}};
constexpr Means kCapsh[] = {{kRuns, kWord, "--", "-c id", "starts bash with what follows"},
                            {kRuns, kWord, "==", "", "starts itself again"},
                            {kRuns, kGlued, "--shell=", "/tmp/x", "names the shell that -- starts"}};
constexpr Means kTime[] = {{kRuns, kCommand, "", "id", kStarts},
                           {kWrites, kShort, "-o", "out.txt", "writes its figures there"},
                           {kWrites, kLong, "--output", "out.txt", "writes its figures there"}};
constexpr Means kWatch[] = {{kRuns, kCommand, "", "id", "starts it again and again, by a shell"}};
constexpr Means kFlock[] = {{kRuns, kShort, "-c", "id", kShellText},
                            {kRuns, kLong, "--command", "id", kShellText},
                            {kRuns, kCommand, "", "lock id", "starts that program while it holds the lock", {}, 2},
                            {kWrites, kOperand, "", "lock", "creates the file"}};
constexpr Means kScript[] = {{kRuns, kShort, "-c", "id", kShellText},
                             {kRuns, kLong, "--command", "id", kShellText},
                             {kRuns, kBare, "", "", "starts a shell"},
                             {kWrites, kOperand, "", "typescript", "writes what a shell says there"},
                             {kWrites, kShort, "-O", "log", "writes a log there"},
                             {kWrites, kLong, "--log-out", "log", "writes a log there"},
                             {kWrites, kShort, "-B", "log", "writes a log there"},
                             {kWrites, kLong, "--log-io", "log", "writes a log there"},
                             {kWrites, kShort, "-T", "log", "writes a log there"}};
constexpr Means kStrace[] = {{kRuns, kCommand, "", "id", kStarts},
                             {kRuns, kShort, "-o", "'|id'", "with | in front it is a command for a shell"},
                             {kWrites, kShort, "-o", "out.txt", "writes the trace there"},
                             {kWrites, kLong, "--output", "out.txt", "writes the trace there"},
                             {kRuns, kShort, "-E", "LD_PRELOAD=./x.so", "sets a variable of what it starts"}};
constexpr Means kLtrace[] = {{kRuns, kCommand, "", "id", kStarts},
                             {kWrites, kShort, "-o", "out.txt", "writes the trace there"},
                             {kWrites, kLong, "--output", "out.txt", "writes the trace there"},
                             {kOptions, kShort, "-F", "conf", "reads the file as its settings"}};
constexpr Means kGdb[] = {
    {kRuns, kWord, "-ex", "'!id'", "runs the debugger's command, ! is a shell's"},
    {kRuns, kWord, "-iex", "'!id'", "runs the debugger's command, ! is a shell's"},
    {kRuns, kLong, "--eval-command", "'!id'", "runs the debugger's command, ! is a shell's"},
    {kOptions, kShort, "-x", "cmds", "runs the debugger's commands in the file"},
    {kOptions, kLong, "--command", "cmds", "runs the debugger's commands in the file"},
    {kRuns, kWord, "--args", "id", "takes the program to start"},
    {kRunsFile, kOperand, "", "prog", "takes the program to start, and scripts that belong to it"}};
constexpr Means kValgrind[] = {{kRuns, kCommand, "", "id", kStarts},
                               {kWrites, kGlued, "--log-file=", "out.txt", "writes its report there"},
                               {kWrites, kGlued, "--xml-file=", "out.xml", "writes its report there"}};
constexpr Means kPerf[] = {{kRuns, kCommand, "", "record id", "starts that program", {}, 2},
                           {kWrites, kShort, "-o", "out", "writes there", "record stat"},
                           {kWrites, kLong, "--output", "out", "writes there", "record stat"}};
constexpr Means kParallel[] = {{kRuns, kOperand, "", "id", "starts that command for each line or argument", {}, 0},
                               {kOptions, kShort, "-a", "args.txt", "takes arguments out of the file"},
                               {kOptions, kLong, "--arg-file", "args.txt", "takes arguments out of the file"},
                               {kRuns, kBare, "", "", "starts each line of its input"}};
constexpr Means kLoader[] = {{kRuns, kCommand, "", "/usr/bin/id", "starts any file, also one that is not executable"},
                             {kRuns, kLong, "--preload", "./x.so", "loads that library into what it starts"},
                             {kRuns, kLong, "--library-path", ".", "looks for libraries there"},
                             {kRuns, kLong, "--audit", "./x.so", "loads that library into what it starts"}};
constexpr Means kBusybox[] = {{kRuns, kCommand, "", "sh", "is each of its programs, a shell among them"}};
constexpr Means kStartStop[] = {{kRuns, kShort, "-x", "/tmp/x", kStarts},
                                {kRuns, kLong, "--exec", "/tmp/x", kStarts},
                                {kRuns, kShort, "-a", "/tmp/x", kStarts},
                                {kRuns, kLong, "--startas", "/tmp/x", kStarts},
                                {kWrites, kShort, "-O", "out", "writes what the program says there"},
                                {kWrites, kLong, "--output", "out", "writes what the program says there"}};
constexpr Means kRunParts[] = {{kRuns, kOperand, "", "dir", "starts every program in the directory"}};
constexpr Means kOutside[] = {{kRuns, kCommand, "", "id", "asks a service manager to start it, outside of the jail"}};
constexpr Means kBus[] = {{kRuns, kCommand, "", "id", kStarts},
                          {kOptions, kLong, "--config-file", "conf", "reads the file as its settings"}};
constexpr Means kBox[] = {{kRuns, kCommand, "", "id", "starts that program in a box of its own"}};
constexpr Means kLater[] = {
    {kOptions, kShort, "-f", "jobs", "runs the commands in the file later, outside of the jail"},
    {kRuns, kBare, "", "now", "runs its input later, outside of the jail"}};
constexpr Means kCrontab[] = {{kOptions, kOperand, "", "jobs", "runs the lines of the file later, outside of the jail"},
                              {kRuns, kShort, "-e", "", "starts an editor"}};
constexpr Means kIp[] = {{kRuns, kWord, "exec", "ns id", "starts that program in a network namespace", "netns"},
                         {kOptions, kShort, "-b", "cmds", "takes commands out of the file"},
                         {kOptions, kWord, "-batch", "cmds", "takes commands out of the file"}};
constexpr Means kScreen[] = {{kRuns, kOperand, "", "id", "starts that program, and lives on", {}, 0},
                             {kRuns, kBare, "", "", "starts a shell, and lives on"},
                             {kOptions, kShort, "-c", "conf", "reads commands out of the file"},
                             {kOptions, kShort, "-f", "conf", "reads commands out of the file"}};

constexpr KnownProgram kPrograms[] = {
    {"env", "env(1)", kEnv, "-u --unset -C --chdir"},
    {"xargs", "xargs(1)", kXargs, "-a -d -E -I -L -n -P -s", true},
    {"nice", "nice(1)", kCommandFirst, "-n --adjustment"},
    {"nohup", "nohup(1)", kNohup},
    {"timeout", "timeout(1)", kCommandSecond, "-k --kill-after -s --signal"},
    {"stdbuf", "stdbuf(1)", kCommandFirst, "-i --input -o --output -e --error"},
    {"setsid", "setsid(1)", kCommandFirst},
    {"ionice", "ionice(1)", kCommandFirst, "-c --class -n --classdata"},
    {"chrt", "chrt(1)", kCommandSecond, "-T -P -D"},
    {"taskset", "taskset(1)", kCommandSecond},
    {"setarch linux32 linux64 i386 x86_64", "setarch(8)", kSetarch},
    {"prlimit", "prlimit(1)", kCommandFirst},
    {"choom", "choom(1)", kCommandFirst, "-n --adjust"},
    {"unshare", "unshare(1)", kSpace, "-R -w -S -G --root --wd"},
    {"nsenter", "nsenter(1)", kSpace, "-t --target -S -G"},
    {"chroot", "chroot(8)", kChroot},
    {"setpriv", "setpriv(1)", kCommandFirst},
    {"sudo doas", "sudo(8), doas(1)", kBecome, "-u -g -h -p -C -D -R -T -U"},
    {"pkexec", "pkexec(1)", kCommandFirst, "--user"},
    {"su runuser", "su(1), runuser(1)", kSu, "-g -G -w"},
    {"capsh", "capsh(1)", kCapsh},
    {"time", "time(1)", kTime, "-f --format -o --output"},
    {"watch", "watch(1)", kWatch, "-n --interval -q --equexit"},
    {"flock", "flock(1)", kFlock, "-E -w --wait --timeout --conflict-exit-code"},
    {"script", "script(1)", kScript, "-E -I -m -o"},
    {"strace", "strace(1)", kStrace, "-a -b -e -E -I -o -O -p -P -s -S -u -U -X"},
    {"ltrace", "ltrace(1)", kLtrace, "-a -A -D -e -F -l -n -o -p -s -u -w -x"},
    {"gdb", "gdb(1)", kGdb},
    {"valgrind", "valgrind(1)", kValgrind},
    {"perf", "perf-record(1)", kPerf, "-e -F -c -p -t -u"},
    {"parallel", "parallel(1)", kParallel, "-j --jobs", true},
    {"ld.so ld-linux-x86-64.so.2 ld-linux-aarch64.so.1 ld-linux.so.2", "ld.so(8)", kLoader},
    {"busybox toybox", "busybox(1)", kBusybox},
    {"start-stop-daemon", "start-stop-daemon(8)", kStartStop},
    {"run-parts", "run-parts(8)", kRunParts},
    {"systemd-run", "systemd-run(1)", kOutside, "-p --property -u --unit --description --slice"},
    {"dbus-run-session", "dbus-run-session(1)", kBus},
    {"bwrap firejail fakeroot proot fakechroot", "bwrap(1), firejail(1), fakeroot(1)", kBox},
    {"at batch", "at(1)", kLater},
    {"crontab", "crontab(1)", kCrontab},
    {"ip", "ip(8), ip-netns(8)", kIp},
    {"screen tmux", "screen(1), tmux(1)", kScreen},
};

}  // namespace

std::span<const KnownProgram> StartingPrograms() { return kPrograms; }

}  // namespace warder::policy::lint
