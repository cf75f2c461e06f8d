// Do MCP clients that nobody here wrote work, and does the demo show what it claims?
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/doc_commands.h"
#include "tests/flow/host.h"

namespace warder::flow {
namespace {

const char* const kClientPolicy = R"(policy: 1
layer: project
id: clients
exec:
  - { id: any, level: auto, argv: [[printf, sleep, cat, ls, "true", echo, seq], ...] }
paths:
  - { id: ws, level: auto, may: [read, write, delete], under: "${workspace}" }
default-profile: work
profiles:
  work: { auto: [read_file, list_directory, create_file, modify_file, delete_file] }
limits: { wall: 30s, memory: 512MiB, pids: 64, output: 256KiB, disk: 64MiB, read-file: 1MB, concurrent: 8 }
workspace: { mode: direct }
)";

TEST(Clients, SdkOneAndClientTwoInBothErasWork) {
  Host host(HostOptions{.policy = kClientPolicy});
  ASSERT_TRUE(host.Start()) << host.output();
  std::string id = std::to_string(kAgent);
  auto [code, output] = Host::Execute({std::string(WARDER_SOURCE_DIR) + "/tests/flow/mcp_client/run.sh",
                                       std::string(WARDER_BIN_DIR) + "/..", "setpriv", "--reuid", id, "--regid", id,
                                       "--clear-groups", std::string(WARDER_BIN_DIR) + "/warder", "mcp", "--socket",
                                       (host.run() / "agents/tester.sock").string()});
  // 77 says that Node or the packages are not there; scripts/setup installs them, so here that is a failure too.
  EXPECT_EQ(code, 0) << output;
  std::printf("%s", output.c_str());
}

TEST(Demo, EachStepComesOutAsItMust) {
  auto [code, output] = Host::Execute({std::string(WARDER_BIN_DIR) + "/warder", "demo"});
  EXPECT_EQ(code, 0) << output;
  for (const char* words : {"rm -rf /", "core.pager", "curl", "approved", "denied", "verif"})
    EXPECT_NE(output.find(words), std::string::npos) << words << " is not in:\n" << output;
}

// The README's two commands may be run in a clone below a home that only root may enter.
TEST(Demo, RunsFromAFolderThatOnlyRootMayEnter) {
  const std::string closed = "/root/warder-closed." + std::to_string(getpid());
  const std::string script = "set -e; mkdir -m 700 " + closed + "; trap 'rm -rf " + closed + "' EXIT; cp -r " +
                             WARDER_BIN_DIR + " " + closed + "/bin; " + closed + "/bin/warder demo";
  auto [code, output] = Host::Execute({"bash", "-c", script});
  EXPECT_EQ(code, 0) << output;
}

// Runs a script with `warder` in PATH; the embedded host that it leaves is ended.
std::pair<int, std::string> WithWarder(const std::string& script) {
  return Host::Execute({"bash", "-euo", "pipefail", "-c",
                        "cd " WARDER_SOURCE_DIR "; export PATH=" WARDER_BIN_DIR ":$PATH; "
                        "trap 'warder drain >/dev/null 2>&1 || true' EXIT\n" +
                            script});
}

TEST(Tutorial, EachCommandWorks) {
  const std::vector<DocCommand> commands = CommandsOf(WARDER_SOURCE_DIR "/docs/tutorial.md");
  ASSERT_GT(commands.size(), 10u);
  std::string script;
  for (const DocCommand& command : commands) script += command.text + "\n";
  auto [code, output] = WithWarder(script);
  EXPECT_EQ(code, 0) << output;
  EXPECT_NE(output.find("hello from a jail"), std::string::npos) << output;
}

TEST(Embedded, WorkspacesJoinOneHostAndRunEndsWithTheCommandsCode) {
  auto [code, output] = WithWarder(R"(d=$(mktemp -d /srv/warder-embedded.XXXXXX); chmod 755 $d
    trap 'warder drain --run-dir $d/run >/dev/null 2>&1 || true; rm -rf $d' EXIT
    cp policies/demo.yaml $d/policy.yaml; chmod 644 $d/policy.yaml
    for w in a b root; do mkdir $d/$w; done; chown 1900080001:1900080001 $d/a $d/b
    run() { got=0; warder run --state $d/state --run-dir $d/run --policy $d/policy.yaml --workspace $d/$2 -- ${@:3} >$d/out 2>&1 || got=$?
            [ $got -eq $1 ] || { echo "$*: exit code $got"; cat $d/out; exit 1; }; }
    run 0 a ls
    run 2 b ls /nonexistent
    run 126 b curl https://example.com
    run 125 root ls
    grep -q 'belongs to root' $d/out
    [ $(warder status --run-dir $d/run --json | grep -c '"workspace"') -eq 2 ])");
  EXPECT_EQ(code, 0) << output;
}

// What a newcomer runs first: no policy named, and a tree that may bring one of its own.
TEST(Embedded, TheBuiltInPolicyReadsAndTheWorkspacesOwnNarrowsIt) {
  auto [code, output] = WithWarder(R"(d=$(mktemp -d /srv/warder-embedded.XXXXXX); chmod 755 $d
    trap 'warder drain >/dev/null 2>&1 || true; rm -rf $d' EXIT
    mkdir -p $d/ws/src/.git/hooks; echo hello >$d/ws/a.txt; echo x >$d/ws/src/.git/hooks/h; chown -R 1900080001:1900080001 $d/ws
    run() { got=0; HOME=$d warder run --workspace $d/ws --state $d/state --run-dir $d/run -- ${@:2} >$d/out 2>&1 || got=$?
            [ $got -eq $1 ] || { echo "$*: exit code $got"; cat $d/out; exit 1; }; }
    run 0 cat a.txt; grep -qx hello $d/out
    run 126 curl https://example.com
    mkdir $d/ws/.warder; printf 'policy: 1\nlayer: workspace\nid: own\nunmatched: { exec: pass }\nexec:\n  - { id: no-cat, forbid: No., argv: [cat, ...] }\n' >$d/ws/.warder/policy.yaml
    chown -R 1900080001:1900080001 $d/ws/.warder
    run 126 cat a.txt; grep -q no-cat $d/out
    run 0 ls -la
    echo 'limts: {}' >>$d/ws/.warder/policy.yaml
    run 125 ls -la; grep -q 'policy.yaml:7:1' $d/out
    warder drain --run-dir $d/run >/dev/null 2>&1 || true)");
  EXPECT_EQ(code, 0) << output;
}

TEST(Embedded, APolicyInAWorkspaceIsRefused) {
  auto [code, output] = WithWarder(R"(d=$(mktemp -d /srv/warder-embedded.XXXXXX); chmod 755 $d
    trap 'warder drain --run-dir $d/run >/dev/null 2>&1 || true; rm -rf $d' EXIT
    cp policies/demo.yaml $d/policy.yaml; chmod 644 $d/policy.yaml
    mkdir -p $d/a/conf $d/b; cp $d/policy.yaml $d/a/conf/policy.yaml
    chown -R 1900080001:1900080001 $d/a $d/b; chown 0:0 $d/a/conf/policy.yaml
    ln -s $d/a/conf/policy.yaml $d/link.yaml; ln -s $d/a/conf $d/elsewhere
    refused() { if (cd $d/a; warder run --state $d/state --run-dir $d/run --policy $1 --workspace $2 -- ls) >$d/out 2>&1; then echo "$1: served"; exit 1; fi
                grep -q 'could rewrite it' $d/out || { echo "$*:"; cat $d/out; exit 1; }; }
    for p in conf/policy.yaml $d/a/conf/policy.yaml $d/link.yaml $d/elsewhere/policy.yaml; do refused $p $d/a; done
    warder run --state $d/state --run-dir $d/run --policy $d/policy.yaml --workspace $d/a -- ls
    # Of another workspace that the same host serves.
    refused $d/a/conf/policy.yaml $d/b
    warder run --state $d/state --run-dir $d/run --policy $d/policy.yaml --workspace $d/a -- ls)");
  EXPECT_EQ(code, 0) << output;
}

TEST(Embedded, ASocketThatAcceptsAndSaysNothingIsNotWaitedForLong) {
  auto [code, output] = WithWarder(R"(d=$(mktemp -d /srv/warder-embedded.XXXXXX); chmod 755 $d
    trap 'kill $mute 2>/dev/null; rm -rf $d' EXIT
    mkdir -p $d/run/run $d/ws; chown 1900080001:1900080001 $d/ws
    perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Local => shift, Listen => 1) or die; sleep 120' $d/run/run/admin.sock & mute=$!
    for i in $(seq 100); do [ -S $d/run/run/admin.sock ] && break; sleep 0.05; done
    [ -S $d/run/run/admin.sock ]
    begun=$SECONDS
    if timeout 60 warder run --run-dir $d/run --state $d/state --workspace $d/ws -- ls >$d/out 2>&1; then cat $d/out; exit 1; fi
    [ $((SECONDS - begun)) -le 12 ] || { echo "$((SECONDS - begun)) s"; cat $d/out; exit 1; }
    grep -q 'does not answer' $d/out || { cat $d/out; exit 1; })");
  EXPECT_EQ(code, 0) << output;
}

}  // namespace
}  // namespace warder::flow
