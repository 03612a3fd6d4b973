#!/usr/bin/env bash
# Does tests/chaos/run say what a trial, a run and a soak came to, and does a fault begin, without a lab: facts that are made up, and a cgroup of files.
# shellcheck disable=SC2034,SC2154,SC2317,SC2329 # what the parts take; what they call
set -u
here=$(cd "$(dirname "$0")" && pwd)
command -v jq >/dev/null || { echo "jq is missing: skipped"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
# shellcheck source=tests/chaos/verdict.sh
. "$here/verdict.sh"
# shellcheck source=tests/chaos/faults.sh
. "$here/faults.sh"
same() { # WHAT GOT WANT
  [ "$2" = "$3" ] && echo "ok   $1" && return
  echo "FAIL $1: '$2', want '$3'"
  failed=1
}

# trial EXPECTED RECOVERED FACT...
trial() {
  printf '%s\n' "${@:3}" >"$work/facts"
  verdict_trial 1 one "$1" "$2" 7 "$work/facts" | jq -c '[.as_expected, .violations, .found]'
}
moved='{"faults":"power active","role":"move","epochs":1}'
same "a trial without findings" "$(trial move true "$moved" '{"findings":{}}')" '[true,0,null]'
same "another role" "$(trial stay true "$moved" '{"findings":{}}')" '[false,0,null]'
same "a finding" "$(trial move true "$moved" '{"findings":{"LOST":2,"GAP":1}}')" '[true,3,null]'
same "an epoch that went back" "$(trial either true '{"faults":"x","role":"stay","epochs":-1}' '{"findings":{}}')" '[true,1,null]'
same "a check that crashed" "$(trial move true "$moved" '{"findings":{"UNCHECKED":1}}')" '[true,1,null]'
same "a fault that did not begin" "$(trial move true "$moved" '{"not_begun":"power active"}')" '[false,0,null]'
same "what was planted and found" "$(trial found false "$moved" '{"findings":{"LOST":12,"OTHER":3}}')" '[true,0,15]'
same "planted, and the check crashed" "$(trial found false "$moved" '{"findings":{"UNCHECKED":1}}')" '[false,1,0]'
same "planted, and no payment is lost" "$(trial found false "$moved" '{"findings":{"WRONG":1,"DIFFERENT":2}}')" '[false,0,3]'
same "planted, an epoch that went back, and nothing else" "$(trial found true '{"faults":"x","epochs":-1}' '{"findings":{}}')" '[false,0,1]'
same "planted, and nothing could be read" "$(trial found false "$moved")" '[false,0,0]'

# of_run PLANNED TRIAL...: what is said at the end, and the exit status
of_run() {
  local run
  printf '%s\n' "${@:2}" >"$work/trials"
  run=$(verdict_run '{"seed":7,"planned":'"$1"'}' "$work/trials")
  tell_run "$run" >"$work/said"
  echo "$? $(tail -n 1 "$work/said") $(jq -c '[.planned, .trials]' <<<"$run")"
}
good=$(verdict_trial 1 one move true 7 <(echo "$moved"))
found=$(verdict_trial 2 lying-disks found false 7 <(echo '{"findings":{"LOST":12}}'))
lost=$(verdict_trial 2 two move true 7 <(echo "$moved") <(echo '{"findings":{"LOST":1}}'))
same "a whole run" "$(of_run 2 "$good" "$found")" '0 chaos: trials=2 planned=2 violations=0 not_recovered=0 [2,2]'
same "a run that ended after lying-disks" "$(of_run 3 "$found")" '1 chaos: trials=1 planned=3 violations=0 not_recovered=0 [3,1]'
same "which is said" "$(head -n 1 "$work/said")" 'ended early: 1 trials of 3 that were planned'
same "a run with a violation" "$(of_run 2 "$good" "$lost")" '1 chaos: trials=2 planned=2 violations=1 not_recovered=0 [2,2]'

soak() { # DAEMONS
  tell_soak '{"trials":6,"planned":6,"violations":0,"not_recovered":0,"unexpected":0,"daemons":'"$1"'}' >"$work/said"
  echo "$? $(tail -n 1 "$work/said" | cut -c 1-20)"
}
same "a soak" "$(soak '{"growing":0,"flat":9,"not_judged":1,"missing":[],"units":[]}')" '0 soak: rounds=6 viola'
same "a soak with a daemon that grows" "$(soak '{"growing":1,"flat":9,"not_judged":1,"missing":[],"units":[]}')" '1 soak: rounds=6 viola'
same "a soak with no look at a machine" "$(soak '{"growing":0,"flat":9,"not_judged":0,"missing":["w, round 3"],"units":[]}')" '1 soak: rounds=6 viola'
same "a soak that could judge nothing" "$(soak '{"growing":0,"flat":0,"not_judged":19,"missing":[],"units":[]}')" '3 soak: NOTHING JUDGED'

# What is installed: each program counts, and who cannot say it says nothing.
mkdir -p "$work/root/usr/sbin" "$work/root/usr/bin" "$work/root/usr/libexec/holdfast" "$work/path"
for program in sbin/holdfast-heartbeatd bin/holdfastctl libexec/holdfast/holdfast-seed; do echo one >"$work/root/usr/$program"; done
dpkg_says() { printf '#!/bin/sh\n%s\n' "$1" >"$work/path/dpkg-query" && chmod +x "$work/path/dpkg-query"; }
installed() { PATH=$work/path:$PATH sh -c "$installed_sum" - "$work/root"; }
dpkg_says 'printf 0.1.0'
before=$(installed)
[[ $before =~ ^0\.1\.0\ [0-9a-f]{12}$ ]] || same "what is installed" "$before" "a version and a sum"
for program in sbin/holdfast-heartbeatd bin/holdfastctl libexec/holdfast/holdfast-seed; do
  echo two >"$work/root/usr/$program"
  after=$(installed)
  [ "$after" != "$before" ] || same "the sum when $program is another" "$after" "another"
  before=$after
done
dpkg_says 'exit 1'
same "no version" "$(installed; echo $?)" 1
dpkg_says 'printf 0.1.0'
rm -r "$work/root/usr/libexec"
same "no programs" "$(installed 2>/dev/null; echo $?)" 1

# The hog of memory-hog: it runs in every trial, whatever went before, and ends with its trial. A cgroup is a directory with files here.
export memory_root=$work/memory work trial
lab=$work/lab vip=10.77.0.100 loops=() was=a keep=$work
cat >"$lab" <<'LAB'
#!/bin/bash
[ "$1 $4 $6" = "exec timeout tail" ] || exit 0
grep -qx "$$" "$memory_root"/*/cgroup.procs && echo "$trial" >>"$work/hogs" # it has the limits of the machine
sleep 0.3
LAB
chmod +x "$lab"
mkdir "$memory_root"
echo 0 | tee "$memory_root/memory.limit_in_bytes" >"$memory_root/cgroup.procs"
memory_move() { echo $$ >"$2/cgroup.procs" && echo 1 >"$2/memory.failcnt"; }
rmdir() { rm -r "$1"; }
fail() { echo "FAIL $*" && exit 1; }
hogs() { # WHAT: within 10 s
  local n
  for ((n = 0; n < 100; n++)); do
    grep -qx "$trial" "$work/hogs" 2>/dev/null && echo "ok   $1" && return
    sleep 0.1
  done
  same "$1" "no hog" "a hog"
}
trial=0001-power-active # not recovered: there was no memory to give back, and everything is ended all the same
end_everything >/dev/null 2>&1
trial=0002-memory-hog
begin_memory active 256 hog
hogs "a hog after a trial that did not recover"
end_memory active
same "which ends with its trial" "${#loops[@]}" 0
trial=0003-memory-hog
(
  begin_memory active 256 hog
  echo "${loops[0]}" >"$work/pid"
)
hogs "a hog in a trial that fails"
(end_everything >/dev/null 2>&1)
for ((n = 0; n < 100; n++)); do
  kill -0 "$(cat "$work/pid")" 2>/dev/null || break
  sleep 0.1
done
kill "$(cat "$work/pid")" 2>/dev/null && same "the hog of a trial that failed" "still there" "gone"
trial=0004-memory-hog
begin_memory active 256 hog
hogs "a hog in the trial after that"
end_memory active
[ "$failed" -eq 0 ]
