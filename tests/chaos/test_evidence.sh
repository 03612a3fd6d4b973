#!/bin/sh
# Does tests/chaos/evidence add up what several runs of several commits have found, and keep what went wrong?
set -u
here=$(cd "$(dirname "$0")" && pwd)
command -v jq >/dev/null || { echo "jq is missing: skipped"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
run() { # FILE COMMIT DROPS TRIALS [PLANNED]
  jq -n --arg commit "$2" --argjson drops "$3" --argjson all "$4" --argjson planned "${5:-0}" '{seed: 7, seconds: 6, commit: $commit, package: "1", drops: $drops, trials: ($all | length), planned: $planned,
    operations: 100, reads: 50, unknown: 1, violations: ($all | map(.violations) | add), not_recovered: 0, unexpected: 0, all: $all}' >"$1"
}
says() { # PATTERN
  if grep -q -- "$1" "$work/report"; then
    echo "ok   $1"
  else
    echo "FAIL: no line '$1'"
    failed=1
  fi
}
good='{"scenario":"power-active","expected":"move","role":"move","pause_ms":300,"back_ms":4000,"violations":0,"recovered":true,"as_expected":true,"databases":2}'
bad='{"scenario":"power-active","expected":"move","role":"stay","pause_ms":900,"back_ms":9000,"violations":3,"recovered":true,"as_expected":false,"databases":2,"seed":5,"faults":"power active"}'
dead='{"scenario":"power-all","expected":"either","violations":0,"recovered":false,"as_expected":false,"databases":0,"seed":6,"faults":"blackout active"}'
planted='{"scenario":"lying-disks","expected":"found","violations":0,"found":12,"recovered":true,"as_expected":true,"databases":1}'
mixed='{"scenario":"random","expected":"either","role":"stay","violations":0,"recovered":true,"as_expected":true,"databases":2,"took_s":3960}'
run "$work/1" aaaaaaa false "[$good,$good]"
run "$work/2" bbbbbbb false "[$good,$bad,$mixed]"
run "$work/3" bbbbbbb true "[$good,$dead,$planted]" 5
"$here/evidence" summary "$work/1" >"$work/one" && "$here/evidence" summary "$work/2" "$work/3" >"$work/two" &&
  "$here/evidence" report "$work/one" "$work/two" >"$work/report" || failed=1
says '^| seed 7 | A aaaaaaa | 1 | no | 2 | 100 | 50 | 1 | 0 | 0 | 0 |$'
says '^| seed 7 | B bbbbbbb | 1 | yes | 3 of 5 planned | 100 | 50 | 1 | 0 | 0 | 0 |$'
says '^| together | | | | 8 | 300 | 150 | 3 | 3 | 0 | 0 |$'
says '^| power-active | move | A B | 4 | 1, 3 | 300, 900 | 4000, 9000 | 3 | 0 |$'
says '^| power-active, drops | move | B | 1 | 0, 1 | 300, 300 | 4000, 4000 | 0 | 0 |$'
says '^| power-all, drops | either | B | 1 | 0, 0 | - | - | 0 | 1, 1 of them not judged: no database could be read |$'
says '^Random mixtures: 1 trials; 1.1 hours of them, where that was kept.$'
says '^- lying-disks, B: 1 trials, 12 findings$'
says '^- power-active, B, seed 5: the role: stay, want move; faults: power active$'
says '^- power-all, drops, B, seed 6: not recovered, want either; faults: blackout active$'
for word in summary report; do
  echo '{}' >"$work/none"
  "$here/evidence" "$word" "$work/none" >/dev/null 2>&1 && { echo "FAIL: $word takes anything"; failed=1; }
done
[ "$failed" -eq 0 ]
