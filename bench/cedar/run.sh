#!/bin/sh
# Times Cedar on the calls that warder is timed at, in one run: run.sh BUILD_DIR [--json]
# 77: npm or its package can not be had.
set -eu
[ $# -ge 1 ] || { echo "run.sh: usage: run.sh BUILD_DIR [--json]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=$1
shift
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
  echo "run.sh: skipped: node and npm are not installed" >&2
  exit 77
fi
into=$build/bench_cedar
mkdir -p "$into"
# Installed beside the build, once a lock file; a half-made folder has no stamp and is made again.
if ! cmp -s "$here/package-lock.json" "$into/installed"; then
  cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$into/"
  (cd "$into" && npm ci --ignore-scripts --silent) ||
    { echo "run.sh: skipped: the package could not be installed" >&2; exit 77; }
  cp "$here/package-lock.json" "$into/installed"
fi
cp "$here/peer.mjs" "$into/"
"$build/bin/bench_decide" --peer > "$into/calls"
if [ "${1:-}" != --json ]; then
  echo "Beside Cedar, microseconds by the wall clock, equivalent policies of one layer, the same calls, the same decisions."
  echo "warder: from the command line's text to the answer with its reasons, files looked up before. cedar-wasm 4.13.0:"
  echo "preparsed policy set, stateful call, from a request object to the answer object, the way into wasm included."
fi
node "$into/peer.mjs" "$@" < "$into/calls"
