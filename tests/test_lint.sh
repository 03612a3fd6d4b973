#!/bin/sh
# Does tests/lint.sh find what it is there for? A small tree with one fault of each kind, each of which must be named, and
# a clean one that must pass.
set -u
lint=$(cd "$(dirname "$0")" && pwd)/lint.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

tree() {
  rm -rf "$work/tree"
  mkdir -p "$work/tree/heartbeat" "$work/tree/replication" "$work/tree/gateway" "$work/tree/tests"
  cd "$work/tree" || exit 1
  # every listed pure module exists
  for m in $(sed -n "/^pure='/,/'\$/p" "$lint" | tr -d "'" | sed 's/^pure=//'); do echo '#include <stdint.h>' >"$m.h"; done
}

# expect NAME PATTERN: lint must fail with a line that matches
expect() {
  if sh "$lint" "$work/tree" >"$work/out" 2>&1; then
    echo "FAIL $1: not noticed"
    failed=1
  elif grep -Eq "$2" "$work/out"; then
    echo "ok   $1"
  else
    echo "FAIL $1: noticed as something else"
    cat "$work/out"
    failed=1
  fi
}

lines() {
  i=0
  while [ "$i" -lt "$1" ]; do
    echo "	x();"
    i=$((i + 1))
  done
}

tree
cat >heartbeat/good.c <<'C'
#include "heartbeat/good.h"

/* strcpy( in a comment and "system(" in a text are no calls; neither is a member. */
void good(struct thing *t)
{
	t->system("strcpy(a, b)"); /* atoi(x) */
	my_sprintf(t);
}
C
: >heartbeat/good.h
{ echo 'void f(void)'; echo '{'; lines 60; echo '}'; } >gateway/sixty.c
if sh "$lint" "$work/tree" >"$work/out" 2>&1; then echo "ok   a clean tree"; else
  echo "FAIL a clean tree"; cat "$work/out"; failed=1; fi
{ echo 'void f(void)'; echo '{'; lines 65; echo '}'; } >gateway/sixty.c
if sh "$lint" "$work/tree" >"$work/out" 2>&1 && grep -q '^gateway/sixty.c:2: note: function of 65 lines' "$work/out"; then
  echo "ok   65 lines are reported"; else echo "FAIL 65 lines"; failed=1; fi

tree; { echo 'void f(void)'; echo '{'; lines 71; echo '}'; } >gateway/long.c
expect "long function" '^gateway/long.c:2: function of 71 lines'
tree; lines 501 >heartbeat/long.c
expect "long file" '^heartbeat/long.c:501: file of 501 lines'
tree; echo '#include "gateway/ledger.h"' >replication/up.c
expect "layer" '^replication/up.c:1: a layer must not look up'
tree; echo '#include "replication/x.h"' >heartbeat/up.h
expect "layer of a header" '^heartbeat/up.h:1: a layer must not look up'
tree; : >gateway/own.h; printf '#include <stdio.h>\n#include "gateway/own.h"\n' >gateway/own.c
expect "own header first" '^gateway/own.c:1: the first include must be "gateway/own.h"'
tree; echo '#include "own.h"' >gateway/near.c
expect "include from the root" '^gateway/near.c:1: include "own.h" from the root'
for call in strcpy sprintf atoi strtok system popen rand; do
  tree; printf 'int f(void)\n{\n\treturn %s (a);\n}\n' "$call" >gateway/call.c
  expect "banned $call" "^gateway/call.c:3: banned call: $call\(\)"
done
for header in sys/socket.h stdlib.h mysql.h; do
  tree; printf '#include "heartbeat/wire.h"\n\n#include <%s>\n' "$header" >heartbeat/wire.c
  expect "pure module includes $header" "^heartbeat/wire.c:3: a pure module includes $header"
done
tree; printf '#include "heartbeat/wire.h"\n\n#include "heartbeat/log.h"\n' >heartbeat/wire.c; : >heartbeat/log.h
expect "pure module logs" '^heartbeat/wire.c:3: a pure module includes heartbeat/log.h'
tree; echo '#include "heartbeat/far.h"' >heartbeat/wire.h; echo '#include <sys/socket.h>' >heartbeat/far.h
expect "pure module by way of a header" '^heartbeat/wire.h:1: a pure module includes heartbeat/far.h -> sys/socket.h'
tree; printf 'long f(void)\n{\n\treturn time(0);\n}\n' >gateway/text.c; echo '#include "gateway/text.h"' >gateway/x.c
expect "pure module asks the clock" '^gateway/text.c:3: a pure module calls time\(\)'
tree; echo '/* Small numbers. Pure. */' >gateway/number.h
expect "pure module not listed" '^gateway/number.h:1: says it is pure'
tree; rm gateway/text.h
expect "listed module is gone" 'lists gateway/text as pure'
tree; echo '/* TO''DO later */' >heartbeat/later.c
expect "note in code" '^heartbeat/later.c:1: a note to do something'
tree; printf '#!/bin/sh\n# FIX''ME\n' >tests/later.sh
expect "note in a script" '^tests/later.sh:2: a note to do something'
if command -v shellcheck >/dev/null; then
  tree
  # shellcheck disable=SC2016
  printf '#!/bin/sh\nls $(a=1; echo $b) | while read x; do cd $x; rm -r "$y/"*; done\n' >tests/bad.sh
  expect "shellcheck" '^tests/bad.sh:2:.*SC'
fi
exit $failed
