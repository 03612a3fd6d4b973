#!/bin/sh
# Does the checker of the chaos tests notice what it is there for? A fake API is told to lose, double and forget; `payer
# verify` must pass the honest one and fail every other with the finding that fits.
set -u
here=$(cd "$(dirname "$0")" && pwd)
payer=$(pwd)/tests/chaos/payer
command -v python3 >/dev/null || { echo "python3 is missing: skipped"; exit 77; }
[ -x "$payer" ] || { echo "$payer is missing"; exit 1; }
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

# serve FAULT FLAKY [TIMES]: starts a server, sets $url
serve() {
  mkfifo "$work/port"
  python3 "$here/fake_api.py" --fault "$1" --flaky "$2" --times "${3:--1}" >"$work/port" &
  server=$!
  read -r port <"$work/port"
  rm "$work/port"
  url=http://127.0.0.1:$port
}

stop() {
  kill "$server"
  wait "$server" 2>/dev/null
  server=
}

pay() {
  timeout 60 "$payer" --url "$url" --key sk_test --clients 4 --accounts 6 --history "$work/history" \
    --timeout-ms 300 --give-up-ms 5000 --reads 200 "$@" 2>"$work/progress"
}

verify() {
  timeout 60 "$payer" verify --history "$work/history" --url "$url" --key sk_test --clients 4 >"$work/report" 2>&1
}

bad() {
  echo "FAIL $1"
  tail -n 12 "$work/progress" "$work/report"
  failed=$((failed + 1))
}

# honest FLAKY GIVE-UP-MS UNKNOWN: must pass
honest() {
  serve none "$1"
  if pay --seconds 1 --give-up-ms "$2" && verify && tail -n 1 "$work/report" | grep -Eq \
    "^acked=[1-9][0-9]* lost=0 duplicates=0 unknown=$3 gap_ms=[0-9]+ max_latency_ms=[0-9]+\$"; then
    echo "ok   honest, $1 of the transfers in trouble, given up after $2 ms"
  else
    bad "honest, $1 of the transfers in trouble, given up after $2 ms"
  fi
  stop
}

# dishonest FAULT FLAKY PATTERN [TIMES]: must fail, with a line that matches
dishonest() {
  serve "$1" "$2" "${4:--1}"
  pay --seconds 1 --rate 2000
  if verify; then
    bad "$1 was not noticed"
  elif grep -Eq "$3" "$work/report"; then
    echo "ok   $1: $(grep -Em1 "$3" "$work/report")"
  else
    bad "$1 was noticed as something else"
  fi
  stop
}

honest 0 5000 0
honest 0.2 5000 0
honest 0.5 10 '[1-9][0-9]*'
dishonest lose 0 '^payer: LOST .* was acknowledged, is absent now'
dishonest forget-key 0 '^payer: LOST .* was acknowledged, is absent now'
dishonest lose-money 0 '^payer: BALANCE account .* posted is'
dishonest twice 0 '^payer: BALANCE account .* posted is'
dishonest new-id 0 '^payer: DUPLICATE key .* made tr_.* and then tr_'
dishonest shared-id 0 '^payer: DUPLICATE .* is the answer to .* and to'
dishonest other-body 0 '^payer: REPLAY key .* repeated with another body'
dishonest not-replayed 0 '^payer: REPLAY key .* repeated without Idempotent-Replayed'
dishonest stale-seq 0 '^payer: STALE read of .* went back in time'
dishonest stale-balance 0 '^payer: STALE account .* read .* the history says'
dishonest other-amount 0 '^payer: WRONG key .* is not what was paid'
dishonest sticky-forgotten 0 '^payer: WRONG key .* was refused for good'
dishonest refuse-account 0 '^payer: WRONG key .* refused with 404'
dishonest back-in-time 0 '^payer: REORDERED payment of .* went back in time'
dishonest key-gone-later 0 '^payer: LOST .* was acknowledged, is absent now'
# One that was lost may have been made anew by a repeat since.
dishonest lose 0 '^payer: (LOST .* was acknowledged, is absent now|DUPLICATE key)' 1
dishonest lose-money 0 '^payer: LOST key .* was moved not at all' 1
dishonest twice 0 '^payer: DUPLICATE key .* was moved twice' 1
dishonest new-id 0.2 '^payer: DUPLICATE key'

python3 - "$work/history" <<'PY' || bad "the history is not made of JSON lines"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
assert {line["e"] for line in lines} >= {"start", "op", "try", "read", "load", "stop", "end"}
assert all("mono_us" in line or "sent_us" in line for line in lines)
PY

# A history that was cut off, or is none, proves nothing.
serve none 0
pay --seconds 1
cp "$work/history" "$work/whole"
grep -v '"e":"end"' "$work/whole" >"$work/history"
if verify || ! grep -q 'history has no end' "$work/report"; then bad "a cut history was taken"; else echo "ok   cut history"; fi
echo '{"e":"op"}' >>"$work/history"
verify
if [ $? -eq 2 ] && grep -Eq "history:[0-9]+: not a line" "$work/report"; then echo "ok   damaged history"; else bad "damaged history"; fi

# Gap: the server stands still for 500 ms.
(sleep 0.5 && kill -STOP "$server" && sleep 0.5 && kill -CONT "$server") &
pay --seconds 2
gap=$("$payer" gap --history "$work/history" | sed -n 's/^acked=.* gap_ms=\([0-9]*\) .*/\1/p')
if [ "${gap:-0}" -ge 400 ] && [ "$gap" -le 1500 ]; then echo "ok   gap of $gap ms"; else bad "gap of ${gap:-?} ms"; fi

# Stopped by a file, and by SIGTERM.
touch "$work/enough"
if pay --until-file "$work/enough" && verify; then echo "ok   until-file"; else bad "until-file"; fi
rm "$work/history"
"$payer" --url "$url" --key sk_test --history "$work/history" --rate 50 2>"$work/progress" &
runner=$!
until grep -qs '"e":"load"' "$work/history"; do sleep 0.1; done
kill -TERM $runner
if wait $runner && verify; then echo "ok   SIGTERM"; else bad "SIGTERM"; fi
stop

# Nobody answers: it says so, and it is over when the key is given up.
if pay --seconds 1 --give-up-ms 300; then bad "nobody answered"; else echo "ok   nobody answered: $(grep -m1 'does not work' "$work/progress")"; fi
if ! "$payer" --url http://x --key k --history h --clients 0 2>"$work/progress" &&
  grep -q "clients is '0', want 1 to 256" "$work/progress"; then echo "ok   bad option"; else bad "bad option"; fi
[ "$failed" -eq 0 ]
