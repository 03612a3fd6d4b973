#!/bin/sh
# Does tests/chaos/check find what is planted? A fake API takes the load and says what its journal holds; it is told to be dishonest, or
# its journal is changed afterwards. tests/unit/test_check.c plants more, and finer.
set -u
here=$(cd "$(dirname "$0")" && pwd)
payer=$(pwd)/tests/chaos/payer
check=$(pwd)/tests/chaos/check
command -v python3 >/dev/null || { echo "python3 is missing: skipped"; exit 77; }
command -v curl >/dev/null || { echo "curl is missing: skipped"; exit 77; }
if [ ! -x "$payer" ] || [ ! -x "$check" ]; then
  echo "$payer or $check is missing"
  exit 1
fi
work=$(mktemp -d) || exit 1
server=
finish() {
  [ -n "$server" ] && kill "$server" 2>/dev/null
  wait
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP
failed=0

# load FAULT FLAKY: a server, a second of load on it, and its journal, twice
load() {
  mkfifo "$work/port"
  python3 "$here/fake_api.py" --fault "$1" --flaky "$2" >"$work/port" &
  server=$!
  read -r port <"$work/port"
  rm "$work/port"
  timeout 60 "$payer" --url "http://127.0.0.1:$port" --key sk_test --clients 6 --accounts 7 --history "$work/history" --timeout-ms 300 \
    --give-up-ms "${3:-5000}" --seconds 1 --rate 1500 --reads 400 2>"$work/progress"
  curl -s --noproxy '*' -m 10 "http://127.0.0.1:$port/dump" >"$work/active"
  cp "$work/active" "$work/standby"
  kill "$server"
  wait "$server" 2>/dev/null
  server=
}

run_check() {
  timeout 120 "$check" --history "$work/history" --active "$work/active" --standby "$work/standby" --json "$work/json" >"$work/report" 2>&1
}

bad() {
  echo "FAIL $1"
  tail -n 12 "$work/report"
  failed=$((failed + 1))
}

# is_clean WHAT
is_clean() {
  if run_check && grep -q '"findings":{}' "$work/json" && tail -n 1 "$work/report" | grep -Eq '^check: operations=[1-9].* reads=[1-9].* findings=0$'; then
    echo "ok   $1"
  else
    bad "$1"
  fi
}

# finds WHAT PATTERN: exit status 1, and a line that matches
finds() {
  run_check
  if [ $? -eq 1 ] && grep -Eq "$2" "$work/report"; then echo "ok   $1: $(grep -Em1 "$2" "$work/report")"; else bad "$1"; fi
}

# refuses WHAT PATTERN: exit status 2
refuses() {
  run_check
  if [ $? -eq 2 ] && grep -Eq "$2" "$work/report"; then echo "ok   $1: $(grep -Em1 "$2" "$work/report")"; else bad "$1"; fi
}

dishonest() { # FAULT PATTERN
  load "$1" 0
  finds "$1" "$2"
}
dishonest twice '^check: BALANCE '
dishonest lose-money '^check: BALANCE '
dishonest new-id '^check: DUPLICATE key '
dishonest other-body '^check: REPLAY '
dishonest stale-seq '^check: STALE '
dishonest stale-seq '^check: ORDER account .* no order of its'
dishonest stale-balance '^check: ORDER account .* no order of its'
dishonest back-in-time '^check: REORDERED payment of .* went back in time'

load none 0.5 10
is_clean "honest, with answers that are never known"
load none 0.2
is_clean "honest"
cp "$work/active" "$work/whole"

# planted WHAT PATTERN: after the journal of the active was changed, and that of the standby alike
planted() {
  cp "$work/active" "$work/standby"
  finds "$1" "$2"
  cp "$work/whole" "$work/active"
}
moved=$(awk -F '\t' '$1 == "journal" && $7 != "NULL" { n++; if (n == 40) print $2 }' "$work/whole")
refused=$(awk -F '\t' '$1 == "journal" && $6 == 402 { print $2; exit }' "$work/whole")
grep -v "^journal	$moved	" "$work/whole" >"$work/active"
planted lost '^check: LOST key .* and is not in the journal'
grep -v "^journal	$moved	" "$work/whole" >"$work/active"
planted gap '^check: GAP the journal goes from'
awk -F '\t' -v OFS='\t' -v at="$moved" '$1 == "journal" && $2 == at { last = $0 } $1 == "end" { $0 = last; $2 = seq; print; $0 = "end" }
  $1 == "head" { seq = $2++ } { print }' "$work/whole" >"$work/active"
planted doubled '^check: DUPLICATE key .* is 2 times in the journal'
other=$(awk -F '\t' '$1 == "journal" && $7 != "NULL" { n++; if (n == 41) print $2 }' "$work/whole")
awk -F '\t' -v OFS='\t' -v a="$moved" -v b="$other" '$1 == "journal" && ($2 == a || $2 == b) { $2 = a + b - $2 } { print }' "$work/whole" >"$work/active"
planted reordered '^check: WRONG key .* was answered as'
awk -F '\t' -v OFS='\t' '$1 == "account" && !done { $5 += 7; done = 1 } { print }' "$work/whole" >"$work/active"
planted "a balance that is off" '^check: BALANCE account .* posted is'
awk -F '\t' -v OFS='\t' -v at="$refused" -v from="$moved" '$1 == "journal" && $2 == from { good = $0 } $1 == "journal" && $2 == at { bad = NR } { line[NR] = $0 }
  END { for (i = 1; i <= NR; i++) { if (i == bad) { split(good, g, FS); $0 = good; $2 = at; $3 = "NULL"; $4 = "NULL"; $13 = "NULL"; print } else print line[i] } }' \
  "$work/whole" >"$work/active"
planted "refused, and present" '^check: (PRESENT|WRONG key .* was refused as)'
grep -v "^journal	$moved	" "$work/whole" >"$work/standby"
finds "databases that differ" '^check: DIFFERENT position '

# Of two that differ, each alone is judged for itself.
alone() { timeout 120 "$check" --history "$work/history" --active "$1" --json "$work/json" >"$work/report" 2>&1; }
if alone "$work/whole" && grep -q '"findings":{}' "$work/json"; then echo "ok   one database alone"; else bad "one database alone"; fi
alone "$work/standby"
if [ $? -eq 1 ] && grep -q '^check: LOST key' "$work/report"; then echo "ok   one database alone, lost"; else bad "one database alone, lost"; fi

head -n 20 "$work/whole" >"$work/standby"
refuses "a dump that was cut off" 'standby: the dump has no end'
sed '5s/.*/journal	what/' "$work/whole" >"$work/standby"
refuses "a damaged dump" 'standby:5: not a line of a dump'
[ "$failed" -eq 0 ]
