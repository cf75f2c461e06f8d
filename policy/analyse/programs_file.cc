// Which programs on files write, delete or start others by their arguments?
#include "policy/analyse/programs.h"

namespace warder::policy::lint {
namespace {

using enum Effect;
using enum Form;

constexpr std::string_view kOut = "writes its output there";

constexpr Means kFind[] = {{kRuns, kWord, "-exec", "id ';'", "starts that program for each file"},
                           {kRuns, kWord, "-execdir", "id ';'", "starts that program for each file"},
                           {kRuns, kWord, "-ok", "id ';'", "starts that program for each file"},
                           {kRuns, kWord, "-okdir", "id ';'", "starts that program for each file"},
                           {kWrites, kWord, "-fprint", "out.txt", kOut},
                           {kWrites, kWord, "-fprint0", "out.txt", kOut},
                           {kWrites, kWord, "-fprintf", "out.txt x", kOut},
                           {kWrites, kWord, "-fls", "out.txt", kOut},
                           {kDeletes, kWord, "-delete", "", "deletes each file that it finds"}};
constexpr Means kFd[] = {{kRuns, kShort, "-x", "id", "starts that program for each file"},
                         {kRuns, kLong, "--exec", "id", "starts that program for each file"},
                         {kRuns, kShort, "-X", "id", "starts that program for all files"},
                         {kRuns, kLong, "--exec-batch", "id", "starts that program for all files"}};
constexpr Means kRg[] = {{kRuns, kLong, "--pre", "/tmp/x", "starts that program for each file"},
                         {kRuns, kLong, "--hostname-bin", "/tmp/x", "starts that program"}};
constexpr Means kTar[] = {
    {kRuns, kShort, "-I", "id", "starts that program to compress"},
    {kRuns, kLong, "--use-compress-program", "id", "starts that program to compress"},
    {kRuns, kLong, "--checkpoint-action", "exec=id", "exec= is a command for a shell"},
    {kRuns, kLong, "--to-command", "id", "starts that command for each file"},
    {kRuns, kShort, "-F", "id", "starts that command at the end of each volume"},
    {kRuns, kLong, "--info-script", "id", "starts that command at the end of each volume"},
    {kRuns, kLong, "--new-volume-script", "id", "starts that command at the end of each volume"},
    {kRuns, kLong, "--rsh-command", "id", "starts that command for archives of other machines"},
    {kRuns, kLong, "--rmt-command", "id", "starts that command for archives of other machines"},
    {kOptions, kShort, "-T", "names", "takes names out of the file, and options too"},
    {kOptions, kLong, "--files-from", "names", "takes names out of the file, and options too"},
    {kWrites, kShort, "-x", "-f x.tar", "extracts files, links among them"},
    {kWrites, kLong, "--extract", "-f x.tar", "extracts files, links among them"},
    {kWrites, kOperand, "", "xf x.tar", "the first word is letters of options: x extracts, c creates"},
    {kWrites, kShort, "-c", "-f x.tar .", "creates the archive"},
    {kWrites, kLong, "--create", "-f x.tar .", "creates the archive"},
    {kWrites, kLong, "--index-file", "out.txt", kOut},
    {kDeletes, kLong, "--remove-files", "", "deletes the files that it has put into the archive"}};
constexpr Means kCpio[] = {{kRuns, kLong, "--rsh-command", "id", "starts that command for archives of other machines"},
                           {kWrites, kShort, "-i", "", "extracts files"},
                           {kWrites, kLong, "--extract", "", "extracts files"},
                           {kWrites, kShort, "-p", "dir", "copies files there"},
                           {kWrites, kLong, "--pass-through", "dir", "copies files there"},
                           {kWrites, kShort, "-O", "out", kOut}};
constexpr Means kZip[] = {{kRuns, kWord, "-TT", "id", "starts that command to test the archive, with -T"},
                          {kRuns, kLong, "--unzip-command", "id", "starts that command to test the archive, with -T"},
                          {kDeletes, kShort, "-m", "x.zip f", "deletes the files that it has put into the archive"},
                          {kWrites, kOperand, "", "x.zip", "writes the archive"},
                          {kWrites, kShort, "-O", "y.zip", kOut},
                          {kWrites, kWord, "-b", "dir", "writes its temporary archive there"}};
constexpr Means kUnzip[] = {
    {kWrites, kShort, "-d", "dir", "extracts there"},
    {kWrites, kOperand, "", "x.zip", "extracts files, links among them", {}, 1, "-l -p -t -v -z -Z"}};
constexpr Means kSeven[] = {{kWrites, kOperand, "", "x x.7z", "extracts, or writes the archive"},
                            {kWrites, kShort, "-o", "dir", "extracts there"}};
constexpr Means kCompress[] = {{kWrites,
                                kOperand,
                                "",
                                "f",
                                "replaces the file by its compressed form, or back",
                                {},
                                0,
                                "-c --stdout --to-stdout -t --test -l --list"}};
constexpr Means kDd[] = {{kWrites, kGlued, "of=", "out", kOut}};
constexpr Means kTee[] = {{kWrites, kOperand, "", "out", kOut, {}, 0}};
constexpr Means kSort[] = {{kWrites, kShort, "-o", "out.txt", kOut},
                           {kWrites, kLong, "--output", "out.txt", kOut},
                           {kRuns, kLong, "--compress-program", "id", "starts that program for its temporary files"},
                           {kWrites, kShort, "-T", "dir", "writes temporary files there"},
                           {kWrites, kLong, "--temporary-directory", "dir", "writes temporary files there"}};
constexpr Means kSplit[] = {{kRuns, kLong, "--filter", "id", "hands each piece to that command, by a shell"},
                            {kWrites, kOperand, "", "f", "writes pieces into the directory it stands in"},
                            {kWrites, kBare, "", "", "writes pieces of its input into the directory it stands in"}};
constexpr Means kCsplit[] = {{kWrites, kOperand, "", "f", "writes pieces into the directory it stands in"},
                             {kWrites, kShort, "-f", "out", "writes pieces there"},
                             {kWrites, kLong, "--prefix", "out", "writes pieces there"}};
constexpr Means kUniq[] = {
    {kWrites, kOperand, "", "in.txt out.txt", "the second operand is the file that it writes", {}, 2}};
constexpr Means kShuf[] = {{kWrites, kShort, "-o", "out.txt", kOut}, {kWrites, kLong, "--output", "out.txt", kOut}};
constexpr Means kXxd[] = {{kWrites, kOperand, "", "in out", "the second operand is the file that it writes", {}, 2}};
constexpr Means kIconv[] = {{kWrites, kShort, "-o", "out.txt", kOut}, {kWrites, kLong, "--output", "out.txt", kOut}};
constexpr Means kCopy[] = {{kWrites, kOperand, "", "a b", "writes the last of them", {}, 2},
                           {kWrites, kShort, "-t", "dir", "writes into that directory"},
                           {kWrites, kLong, "--target-directory", "dir", "writes into that directory"}};
constexpr Means kMove[] = {{kDeletes, kOperand, "", "a b", "takes the first away and writes the last", {}, 2},
                           {kWrites, kShort, "-t", "dir", "writes into that directory"},
                           {kWrites, kLong, "--target-directory", "dir", "writes into that directory"}};
constexpr Means kInstall[] = {
    {kRuns, kLong, "--strip-program", "/tmp/x", "starts that program, with -s"},
    {kWrites, kOperand, "", "a b", "writes the last of them, with the mode of a program", {}, 2},
    {kWrites, kShort, "-t", "dir", "writes into that directory"},
    {kWrites, kLong, "--target-directory", "dir", "writes into that directory"},
    {kWrites, kShort, "-d", "dir", "creates directories"}};
constexpr Means kLink[] = {
    {kWrites, kOperand, "", "/etc/x lk", "makes a name for a file: what is written there later goes elsewhere", {}, 0}};
constexpr Means kMakes[] = {{kWrites, kOperand, "", "f", "creates or changes what it names", {}, 0}};
constexpr Means kChanges[] = {{kWrites, kOperand, "", "777 f", "changes modes or owners of what it names", {}, 2},
                              {kWrites, kGlued, "--reference=", "f f", "changes modes or owners of what it names"}};
constexpr Means kRemove[] = {{kDeletes, kOperand, "", "f", "deletes what it names", {}, 0}};
constexpr Means kRename[] = {
    {kRuns, kOperand, "", "'system(\"id\")' f", "the first operand is Perl code (or the old name)"}};
constexpr Means kPatch[] = {{kWrites, kShort, "-i", "x.diff", "writes the files that the patch names"},
                            {kWrites, kLong, "--input", "x.diff", "writes the files that the patch names"},
                            {kWrites, kShort, "-o", "out", kOut},
                            {kWrites, kLong, "--output", "out", kOut},
                            {kWrites, kBare, "", "", "writes the files that the patch in its input names"},
                            {kWrites, kOperand, "", "f", "writes the file"}};
constexpr Means kSdiff[] = {{kWrites, kShort, "-o", "out", kOut},
                            {kWrites, kLong, "--output", "out", kOut},
                            {kRuns, kLong, "--diff-program", "/tmp/x", "starts that program"}};
constexpr Means kDiff3[] = {{kRuns, kLong, "--diff-program", "/tmp/x", "starts that program"}};
constexpr Means kFile[] = {{kWrites, kShort, "-C", "-m m", "writes a compiled file of magic numbers"},
                           {kWrites, kLong, "--compile", "-m m", "writes a compiled file of magic numbers"}};
constexpr Means kXml[] = {{kWrites, kLong, "--output", "out.xml", kOut}, {kWrites, kShort, "-o", "out.xml", kOut}};
constexpr Means kYq[] = {{kWrites, kShort, "-i", "", "writes the files that it reads"},
                         {kWrites, kLong, "--in-place", "", "writes the files that it reads"},
                         {kWrites, kLong, "--inplace", "", "writes the files that it reads"}};
constexpr Means kPandoc[] = {{kRuns, kShort, "-F", "/tmp/x", "starts that program"},
                             {kRuns, kLong, "--filter", "/tmp/x", "starts that program"},
                             {kRunsFile, kShort, "-L", "x.lua", "runs the file"},
                             {kRunsFile, kLong, "--lua-filter", "x.lua", "runs the file"},
                             {kRuns, kLong, "--pdf-engine", "/tmp/x", "starts that program"},
                             {kOptions, kShort, "-d", "x.yaml", "takes options out of the file"},
                             {kOptions, kLong, "--defaults", "x.yaml", "takes options out of the file"},
                             {kWrites, kShort, "-o", "out", kOut},
                             {kWrites, kLong, "--output", "out", kOut}};
constexpr Means kTex[] = {{kRuns, kWord, "-shell-escape", "", "lets the document start any command"},
                          {kRuns, kWord, "--shell-escape", "", "lets the document start any command"},
                          {kWrites, kOperand, "", "x.tex", "writes what the document says, beside its output"}};
constexpr Means kGhostscript[] = {
    {kWrites, kGlued, "-sOutputFile=", "out", "writes there; a name with | is a command"},
    {kWrites, kShort, "-o", "out", "writes there; a name with | is a command"},
    {kRuns, kWord, "-dNOSAFER", "x.ps", "lets the document write files and start commands"},
    {kRuns, kWord, "-c", "'(%pipe%id) (r) file'", "runs the text"}};
constexpr Means kOpenssl[] = {
    {kWrites, kWord, "-out", "out", kOut},
    {kRuns, kWord, "-engine", "./x.so", "loads that library"},
    {kRuns, kWord, "-provider-path", ".", "loads libraries from there"},
    {kOptions, kWord, "-config", "x.cnf", "reads the file as its settings, libraries among them"}};
constexpr Means kGpg[] = {{kWrites, kShort, "-o", "out", kOut},
                          {kWrites, kLong, "--output", "out", kOut},
                          {kRuns, kLong, "--photo-viewer", "id", "hands the text to a shell"},
                          {kRuns, kLong, "--agent-program", "/tmp/x", "starts that program"},
                          {kRuns, kLong, "--dirmngr-program", "/tmp/x", "starts that program"},
                          {kRuns, kLong, "--exec-path", "dir", "looks for programs there"},
                          {kOptions, kLong, "--options", "conf", "takes options out of the file"},
                          {kOptions, kLong, "--homedir", "dir", "takes keys and options from there"},
                          {kWrites, kLong, "--log-file", "out", "writes a log there"}};

constexpr KnownProgram kPrograms[] = {
    {"find", "find(1)", kFind},
    {"fd fdfind", "fd(1)", kFd, "-e -t -d -E -j"},
    {"rg ripgrep", "rg(1)", kRg, "-e -f -g -t -T -A -B -C -m -j -M"},
    {"tar bsdtar gtar", "tar(1)", kTar, "-f -C -b -g -H -X -V -N -K --file --directory"},
    {"cpio pax", "cpio(1)", kCpio, "-F -H -R -D -E -M"},
    {"zip", "zip(1)", kZip, "-x -i -n -P -t -tt -s -ws"},
    {"unzip", "unzip(1)", kUnzip, "-P -x"},
    {"7z 7za 7zr", "7z(1)", kSeven},
    {"gzip gunzip bzip2 bunzip2 xz unxz zstd unzstd lzma compress", "gzip(1), xz(1), zstd(1)", kCompress,
     "-S --suffix"},
    {"dd", "dd(1)", kDd},
    {"tee sponge", "tee(1)", kTee},
    {"sort", "sort(1)", kSort, "-k -S -t -o -T --key --parallel"},
    {"split", "split(1)", kSplit, "-a -b -C -l -n -t"},
    {"csplit", "csplit(1)", kCsplit, "-b -f -n"},
    {"uniq", "uniq(1)", kUniq, "-f -s -w"},
    {"shuf", "shuf(1)", kShuf, "-i -n -o"},
    {"xxd", "xxd(1)", kXxd, "-c -g -l -o -s"},
    {"iconv", "iconv(1)", kIconv, "-f -t"},
    {"cp", "cp(1)", kCopy, "-S -t"},
    {"mv", "mv(1)", kMove, "-S -t"},
    {"install", "install(1)", kInstall, "-g -m -o -S -t"},
    {"ln link", "ln(1)", kLink},
    {"touch mkdir mkfifo mknod truncate fallocate", "touch(1), mkdir(1), truncate(1)", kMakes, "-m -d -r -t -s -l -o"},
    {"chmod chown chgrp setfacl chattr", "chmod(1), chown(1), setfacl(1)", kChanges},
    {"rm rmdir unlink shred", "rm(1), rmdir(1), shred(1)", kRemove},
    {"rename prename", "rename(1p)", kRename},
    {"patch", "patch(1)", kPatch, "-p -d -D -F -r -B -V -Y -z"},
    {"sdiff", "sdiff(1)", kSdiff},
    {"diff3", "diff3(1)", kDiff3},
    {"file", "file(1)", kFile, "-m -F -P -e"},
    {"xmllint xsltproc", "xmllint(1), xsltproc(1)", kXml},
    {"yq", "github.com/mikefarah/yq", kYq},
    {"pandoc", "pandoc(1)", kPandoc, "-f -t -r -w -V -M"},
    {"tex latex pdflatex xelatex lualatex luatex", "pdftex(1), latex(1)", kTex},
    {"gs", "gs(1)", kGhostscript},
    {"openssl", "openssl(1)", kOpenssl},
    {"gpg gpg2", "gpg(1)", kGpg, "-r -u --recipient --local-user"},
};

}  // namespace

std::span<const KnownProgram> FilePrograms() { return kPrograms; }

}  // namespace warder::policy::lint
