// Which programs for transfers, other machines and histories run or write what their arguments say?
#include "policy/analyse/programs.h"

namespace warder::policy::lint {
namespace {

using enum Effect;
using enum Form;

constexpr std::string_view kOut = "writes its output there";

constexpr std::string_view kDiffs =
    "diff log show whatchanged diff-tree diff-index diff-files format-patch range-diff stash";
constexpr Means kGit[] = {
    {kRuns, kWord, "-c", "core.pager=id", "sets a setting; pagers, aliases, editors and hooks are settings", "^"},
    {kRuns, kLong, "--config-env", "core.pager=CI", "sets a setting; pagers, aliases, editors and hooks are settings",
     "^"},
    {kRuns, kLong, "--exec-path", "dir", "looks for its commands there", "^"},
    {kRunsFile, kWord, "-C", "dir", "takes settings and hooks of the repository there", "^"},
    {kRunsFile, kLong, "--git-dir", "dir", "takes settings and hooks from there", "^"},
    {kRuns, kOperand, "", "x", "runs any of its commands, an alias among them"},
    {kWrites, kLong, "--output", "out.txt", kOut, kDiffs},
    {kRuns, kLong, "--ext-diff", "", "starts the diff programs that settings and .gitattributes name", kDiffs},
    {kRuns, kShort, "-O", "id", "starts that program as pager", "grep"},
    {kRuns, kLong, "--open-files-in-pager", "id", "starts that program as pager", "grep"},
    {kRuns, kLong, "--upload-pack", "id", "starts that program for the other side",
     "clone fetch pull ls-remote fetch-pack"},
    {kRuns, kShort, "-u", "id", "starts that program for the other side", "clone"},
    {kRuns, kLong, "--receive-pack", "id", "starts that program for the other side", "push send-pack"},
    {kRuns, kLong, "--exec", "id", "starts that program for the other side", "push send-pack archive"},
    {kRuns, kOperand, "", "'ext::sh -c id'", "ext:: is a command, where settings allow it; a URL is any machine",
     "clone fetch pull push ls-remote", 2},
    {kRuns, kShort, "-c", "core.fsmonitor=id", "sets a setting of the new repository", "clone"},
    {kRuns, kLong, "--config", "core.fsmonitor=id", "sets a setting of the new repository", "clone"},
    {kRuns, kLong, "--template", "dir", "takes hooks from there", "clone init"},
    {kRuns, kShort, "-x", "id", "hands the text to a shell", "rebase difftool"},
    {kRuns, kLong, "--exec", "id", "hands the text to a shell", "rebase"},
    {kRuns, kShort, "-i", "", "starts an editor", "rebase add"},
    {kRuns, kLong, "--extcmd", "id", "starts that program", "difftool"},
    {kRuns, kOperand, "", "run id", "starts that program", "bisect", 2},
    {kRuns, kOperand, "", "foreach id", "hands the text to a shell", "submodule", 2},
    {kRuns, kOperand, "", "core.pager id", "changes settings; some are commands", "config", 2},
    {kRuns, kLong, "--tree-filter", "id", "hands the text to a shell", "filter-branch"},
    {kRuns, kOperand, "", "x", "hands filters to a shell", "filter-branch", 2},
    {kRuns, kLong, "--sendmail-cmd", "id", "starts that program", "send-email"},
    {kRuns, kLong, "--to-cmd", "id", "starts that program", "send-email"},
    {kWrites, kShort, "-o", "out", kOut, "archive format-patch"},
    {kWrites, kLong, "--output", "out", kOut, "archive"},
    {kWrites, kLong, "--output-directory", "dir", kOut, "format-patch"},
    {kWrites, kOperand, "", "create out HEAD", kOut, "bundle", 2},
    {kWrites, kOperand, "", "add ../x", "writes a tree there", "worktree", 2}};
constexpr Means kHg[] = {
    {kRuns, kLong, "--config", "'alias.x=!id'", "sets a setting; aliases, hooks and editors are settings"},
    {kRunsFile, kShort, "-R", "dir", "takes settings and hooks from there"},
    {kRunsFile, kLong, "--repository", "dir", "takes settings and hooks from there"},
    {kRuns, kOperand, "", "x", "runs any of its commands, an alias among them"}};
constexpr Means kSvn[] = {
    {kRuns, kLong, "--config-option", "config:helpers:diff-cmd=id", "sets a setting; some name programs"},
    {kRuns, kLong, "--diff-cmd", "id", "starts that program"},
    {kRuns, kLong, "--diff3-cmd", "id", "starts that program"},
    {kRuns, kLong, "--editor-cmd", "id", "starts that program"},
    {kOptions, kLong, "--config-dir", "dir", "takes settings from there"}};
constexpr Means kRsync[] = {
    {kRuns, kShort, "-e", "id", "starts that program for the other side"},
    {kRuns, kLong, "--rsh", "id", "starts that program for the other side"},
    {kRuns, kLong, "--rsync-path", "id", "starts that command on the other side"},
    {kWrites, kOperand, "", "a b", "writes the last of them", {}, 2},
    {kWrites, kLong, "--log-file", "out", "writes a log there"},
    {kWrites, kLong, "--write-batch", "out", kOut},
    {kWrites, kLong, "--backup-dir", "dir", "writes there"},
    {kWrites, kLong, "--temp-dir", "dir", "writes there"},
    {kDeletes, kLong, "--delete", "", "deletes what the other side lacks"},
    {kDeletes, kLong, "--remove-source-files", "", "deletes what it has sent"},
    {kOptions, kLong, "--config", "conf", "reads the file as a server's settings, commands among them"}};
constexpr Means kSsh[] = {
    {kRuns, kShort, "-o", "ProxyCommand=id", "sets a setting; ProxyCommand and LocalCommand are commands"},
    {kOptions, kShort, "-F", "conf", "reads the file as its settings; some are commands"},
    {kRuns, kShort, "-I", "./x.so", "loads that library"},
    {kRuns, kShort, "-S", "ctl", "goes by that socket of another connection"},
    {kWrites, kShort, "-E", "out", "writes a log there"},
    {kRuns, kOperand, "", "host id", "hands what follows to a shell of the other machine", {}, 2},
    {kRuns, kOperand, "", "host", "starts a shell on any machine that the word names"}};
constexpr Means kScp[] = {{kRuns, kShort, "-S", "/tmp/x", "starts that program instead of ssh"},
                          {kRuns, kShort, "-D", "/tmp/x", "starts that program as server"},
                          {kRuns, kShort, "-o", "ProxyCommand=id", "sets a setting; ProxyCommand is a command"},
                          {kOptions, kShort, "-F", "conf", "reads the file as ssh's settings; some are commands"},
                          {kWrites, kOperand, "", "host:a b", "writes the last of them", {}, 2}};
constexpr Means kSftp[] = {{kRuns, kShort, "-S", "/tmp/x", "starts that program instead of ssh"},
                           {kRuns, kShort, "-D", "/tmp/x", "starts that program as server"},
                           {kRuns, kShort, "-o", "ProxyCommand=id", "sets a setting; ProxyCommand is a command"},
                           {kOptions, kShort, "-F", "conf", "reads the file as ssh's settings; some are commands"},
                           {kOptions, kShort, "-b", "cmds", "runs the commands in the file, ! is a shell's"},
                           {kRuns, kOperand, "", "host", "runs the commands of its input, ! is a shell's"}};
constexpr Means kCurl[] = {
    {kWrites, kShort, "-o", "out", kOut},
    {kWrites, kLong, "--output", "out", kOut},
    {kWrites, kShort, "-O", "", "writes a file of the URL's name"},
    {kWrites, kLong, "--remote-name", "", "writes a file of the URL's name"},
    {kWrites, kLong, "--remote-name-all", "", "writes files of the URLs' names"},
    {kWrites, kLong, "--output-dir", "dir", "writes there"},
    {kWrites, kShort, "-D", "out", "writes headers there"},
    {kWrites, kLong, "--dump-header", "out", "writes headers there"},
    {kWrites, kShort, "-c", "out", "writes cookies there"},
    {kWrites, kLong, "--cookie-jar", "out", "writes cookies there"},
    {kWrites, kLong, "--trace", "out", "writes a trace there"},
    {kWrites, kLong, "--trace-ascii", "out", "writes a trace there"},
    {kWrites, kLong, "--stderr", "out", "writes messages there"},
    {kWrites, kLong, "--libcurl", "out", "writes a source file there"},
    {kWrites, kLong, "--etag-save", "out", "writes there"},
    {kWrites, kLong, "--hsts", "out", "writes there"},
    {kWrites, kLong, "--alt-svc", "out", "writes there"},
    {kOptions, kShort, "-K", "conf", "takes options out of the file"},
    {kOptions, kLong, "--config", "conf", "takes options out of the file"},
    {kRuns, kLong, "--engine", "./x.so", "loads that library"},
    {kRuns, kOperand, "", "file:///etc/passwd", "reads any URL: files of the host, other machines", {}, 0}};
constexpr Means kWget[] = {{kRuns, kLong, "--use-askpass", "/tmp/x", "starts that program"},
                           {kRuns, kShort, "-e", "use_askpass=/tmp/x", "sets a setting"},
                           {kRuns, kLong, "--execute", "use_askpass=/tmp/x", "sets a setting"},
                           {kOptions, kLong, "--config", "conf", "reads the file as its settings"},
                           {kWrites, kShort, "-O", "out", kOut},
                           {kWrites, kLong, "--output-document", "out", kOut},
                           {kWrites, kShort, "-o", "out", "writes a log there"},
                           {kWrites, kLong, "--output-file", "out", "writes a log there"},
                           {kWrites, kShort, "-a", "out", "writes a log there"},
                           {kWrites, kShort, "-P", "dir", "writes there"},
                           {kWrites, kLong, "--directory-prefix", "dir", "writes there"},
                           {kWrites, kLong, "--save-cookies", "out", "writes cookies there"},
                           {kWrites, kOperand, "", "https://x.example/f", "writes a file of the URL's name", {}, 0}};
constexpr Means kNetcat[] = {{kRuns, kShort, "-e", "/bin/sh", "connects that program to the other side"},
                             {kRuns, kShort, "-c", "/bin/sh", "connects that command to the other side"},
                             {kRuns, kLong, "--sh-exec", "/bin/sh", "connects that command to the other side"},
                             {kRuns, kLong, "--exec", "/bin/sh", "connects that program to the other side"},
                             {kWrites, kShort, "-o", "out", "writes a dump there"}};
constexpr Means kSocat[] = {
    {kRuns, kOperand, "", "- EXEC:id", "EXEC: and SYSTEM: start commands, CREATE: and OPEN: write files", {}, 2},
    {kWrites, kWord, "-lf", "out", "writes a log there"}};
constexpr Means kTcpdump[] = {{kRuns, kShort, "-z", "id", "starts that program for each file"},
                              {kWrites, kShort, "-w", "out", kOut}};
constexpr Means kNmap[] = {{kRunsFile, kLong, "--script", "./x.nse", "runs the script"},
                           {kWrites, kWord, "-oN", "out", kOut},
                           {kWrites, kWord, "-oX", "out", kOut},
                           {kWrites, kWord, "-oG", "out", kOut},
                           {kWrites, kWord, "-oA", "out", kOut}};
constexpr Means kDocker[] = {
    {kRuns, kOperand, "", "run -v /:/host x", "run, exec and build start programs, with any directory of the host"},
    {kRuns, kShort, "-H", "tcp://x.example", "speaks to another daemon", "^"},
    {kOptions, kLong, "--config", "dir", "takes settings from there", "^"}};
constexpr Means kKubectl[] = {
    {kRuns, kOperand, "", "exec x -- id", "exec, run, cp, apply and edit start programs in the cluster"},
    {kOptions, kLong, "--kubeconfig", "conf", "reads the file as its settings; its users may be commands"},
    {kRuns, kLong, "--server", "https://x.example", "sends what it has to another server"},
    {kRuns, kShort, "-s", "https://x.example", "sends what it has to another server"},
    {kRuns, kLong, "--token", "x", "acts as another user"},
    {kRuns, kLong, "--as", "admin", "acts as another user"},
    {kRuns, kLong, "--context", "x", "works on another cluster"},
    {kOptions, kShort, "-f", "x.yaml", "takes what it does out of the file", "apply create replace delete"},
    {kOptions, kShort, "-k", "dir", "takes what it does out of the directory", "apply create replace delete"}};
constexpr Means kHelm[] = {
    {kRuns, kLong, "--post-renderer", "/tmp/x", "starts that program"},
    {kOptions, kLong, "--kubeconfig", "conf", "reads the file as its settings; its users may be commands"},
    {kRuns, kOperand, "", "plugin install x", "plugins are programs"}};
constexpr Means kTerraform[] = {
    {kRuns, kGlued, "-chdir=", "dir", "takes the configuration of that directory; providers and provisioners run"},
    {kRuns, kOperand, "", "apply", "provisioners and providers of the configuration run"}};
constexpr Means kAnsible[] = {
    {kRuns, kShort, "-a", "id", "runs the command on the machines"},
    {kOptions, kShort, "-i", "./x", "reads the inventory, or starts it where it is a program"},
    {kOptions, kLong, "--inventory", "./x", "reads the inventory, or starts it where it is a program"},
    {kRuns, kShort, "-e", "ansible_connection=local", "sets a variable; some name programs"},
    {kRuns, kLong, "--extra-vars", "ansible_connection=local", "sets a variable; some name programs"},
    {kRunsFile, kOperand, "", "x.yaml", "runs the playbook"}};
constexpr Means kSystemctl[] = {{kRuns, kOperand, "", "start x", "starts and stops services, outside of the jail"},
                                {kRuns, kShort, "-H", "host", "works on another machine"},
                                {kRuns, kShort, "-M", "x", "works on another machine"}};

constexpr KnownProgram kPrograms[] = {
    {"git", "git(1) and the page of each command", kGit, "-c -C --git-dir --work-tree --namespace --config-env"},
    {"hg", "hg(1)", kHg, "--config -R --cwd"},
    {"svn", "svn(1)", kSvn},
    {"rsync", "rsync(1)", kRsync, "-e -f -M"},
    {"ssh", "ssh(1), ssh_config(5)", kSsh, "-B -b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w"},
    {"scp", "scp(1)", kScp, "-c -D -F -i -J -l -o -P -S -X"},
    {"sftp", "sftp(1)", kSftp, "-B -b -c -D -F -i -J -l -o -P -R -S -s"},
    {"curl", "curl(1)", kCurl, "-H -X -d -u -A -e -b -m -x -F -T -o -K -w"},
    {"wget", "wget(1)", kWget, "-t -T -O -o -P -e -U"},
    {"nc ncat netcat nc.traditional nc.openbsd", "nc(1), ncat(1)", kNetcat, "-w -p -s -i -q -X -x"},
    {"socat", "socat(1)", kSocat, "-b -t -T -lf"},
    {"tcpdump", "tcpdump(8)", kTcpdump, "-i -c -s -w -r -C -G -W"},
    {"nmap", "nmap(1)", kNmap, "-p"},
    {"docker podman nerdctl", "docker(1), podman(1)", kDocker, "-H --host --context"},
    {"kubectl oc", "kubectl(1)", kKubectl, "-n --namespace"},
    {"helm", "helm(1)", kHelm, "-n --namespace"},
    {"terraform tofu", "developer.hashicorp.com/terraform/cli", kTerraform},
    {"ansible ansible-playbook", "ansible(1), ansible-playbook(1)", kAnsible, "-m -u -f -t -l"},
    {"systemctl service", "systemctl(1)", kSystemctl, "-t --type -p --property"},
};

}  // namespace

std::span<const KnownProgram> NetworkPrograms() { return kPrograms; }

}  // namespace warder::policy::lint
