#!/bin/sh
# The table of guards in doc/protocol.md is the one that the simulator switches off.
set -u
top=${srcdir:-$(dirname "$0")/../..}
simulate=${SIMULATE:-tests/simulation/simulate}
[ -x "$simulate" ] || { echo "$simulate is not there"; exit 99; }
built=$(mktemp) || exit 99
trap 'rm -f "$built"' EXIT
"$simulate" --guards >"$built" || exit 1
grep -E '^\| [MR][0-9]{2}_' "$top/doc/protocol.md" | diff -u - "$built"
