#!/bin/sh
# Does tests/chaos/flat see what grows, and only that? Lives that are made up.
set -u
here=$(cd "$(dirname "$0")" && pwd)
command -v python3 >/dev/null || { echo "python3 is missing: skipped"; exit 77; }
command -v jq >/dev/null || { echo "jq is missing: skipped"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
# life UNIT FIRST LAST EXPRESSION-OF-RSS EXPRESSION-OF-FDS [LIFE]: looks in the rounds FIRST to LAST; r is the round
life() {
  awk -v unit="$1" -v first="$2" -v last="$3" -v life="${6:-1}" "BEGIN { for (r = first; r <= last; r++)
    printf \"{\\\"round\\\":%d,\\\"node\\\":\\\"a\\\",\\\"unit\\\":\\\"%s\\\",\\\"life\\\":\\\"%s\\\",\\\"rss_kib\\\":%d,\\\"fds\\\":%d}\\n\", r, unit, life, $4, $5 }" >>"$work/looks"
}
# is UNIT VERDICT
is() {
  got=$(jq -r --arg unit "$1" '.units[] | select(.unit == $unit).verdict' "$work/json")
  if [ "$got" = "$2" ]; then
    echo "ok   $1: $2"
  else
    echo "FAIL $1: '$got', want '$2'"
    failed=1
  fi
}
life still 1 30 '20000' '40'
life noisy 1 30 '20000 + r * 7919 % 900 + (r % 5 == 0 ? 30000 : 0)' '40 + r * 31 % 6 + (r % 6 == 0 ? 60 : 0)'
life fills 1 30 '(r == 1 ? 3000 : 20000)' '40'
life warms 1 30 '8000 + (r < 10 ? r : 10) * 1000' '(r < 9 ? 13 : 40)'
life leaks 1 30 '20000 + r * 300 + r * 7919 % 900' '40'
life opens 1 30 '20000' '40 + r'
life large 1 30 '900000 + r * 1000' '40'
life mariadb 1 30 '200000 + r * 5000' '40'
life short 1 29 '20000 + r * 9000' '40'
life reborn 1 30 '20000 + r * 500' '40' 1
life reborn 31 60 '5000 + r * 500' '40' 2
life young 1 30 '20000 + r' '40' 1
life young 31 60 '60000 + r' '40' 2
"$here/flat" "$work/looks" 60 >"$work/json" || failed=1
is still flat
is noisy flat
is fills flat
is warms flat
is leaks grows
is opens grows
is large flat # a thirtieth of what it has
is mariadb flat
is short "not judged"
is reborn grows
is young flat # what a life begins with is its own
[ "$(jq -c '[.growing, .flat, .not_judged, (.missing | length)]' "$work/json")" = "[3,7,1,120]" ] || { echo "FAIL: the counts"; failed=1; }
# Three machines, two rounds, and one look that did not happen; and none at all.
for look in 1,a 2,a 1,b 2,b 1,w; do
  echo "{\"round\":${look%,*},\"node\":\"${look#*,}\",\"unit\":\"x\",\"life\":\"1\",\"rss_kib\":1,\"fds\":1}"
done >"$work/looks"
[ "$("$here/flat" "$work/looks" 2 | jq -c .missing)" = '["w, round 2"]' ] || { echo "FAIL: a look that did not happen"; failed=1; }
: >"$work/looks"
[ "$("$here/flat" "$work/looks" 2 | jq -c '[.flat, (.missing | length)]')" = '[0,6]' ] || { echo "FAIL: no look at all"; failed=1; }
echo '{"round":1}' >"$work/looks"
if "$here/flat" "$work/looks" 1 >/dev/null 2>"$work/said"; then failed=1; fi
grep -q "looks:1: KeyError('node')" "$work/said" || { echo "FAIL: a line that is none"; cat "$work/said"; failed=1; }
[ "$failed" -eq 0 ]
