# The faults of tests/chaos/run: each begins and ends on its own, and is harmless when ended twice. Sourced after scenario.sh and grey.sh.
# A fault is KIND ROLE [ARGUMENT...]. ROLE is active or standby, as it was when the trial began, witness, or client.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016

# node_of ROLE: of this trial; $was and $heir were set when it began.
node_of() {
  case $1 in active) echo "$was" ;; standby) echo "$heir" ;; witness) echo w ;; client) echo client ;; *) fail "what is the role '$1'?" ;; esac
}
pause_ms() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }
# draw MOST: a number from 0 to MOST in $drawn, from the seed.
draw() { drawn=$((RANDOM % ($1 + 1))); }
# In the background, and ended by the end of the fault: chaos_loop NAME COMMAND... runs it again and again, until stop_loop NAME of the same trial.
# Each trial has a file of its own, which stays: who died in a trial may not have looked when the next one begins.
chaos_loop() {
  local stop="$work/loop.$1.${trial:-}.stop"
  shift
  rm -f "$stop"
  (while [ ! -e "$stop" ]; do "$@"; done) >/dev/null 2>&1 &
  loops+=("$!")
}
stop_loop() { touch "$work/loop.$1.${trial:-}.stop"; }
end_loops() {
  local pid
  for pid in "${loops[@]}"; do wait "$pid"; done
  loops=()
}
unit_of() { case $1 in workerd) echo 'holdfast-workerd@*' ;; haproxy | keepalived | mariadb) echo "$1" ;; *) echo "holdfast-$1" ;; esac; }
lab_name_of() { # as tests/lab/host.sh makes it
  local dir=${HOLDFAST_LAB_DIR:-/var/lib/holdfast-lab}
  [ "$dir" = /var/lib/holdfast-lab ] && echo holdfast || echo "holdfast-$(printf %s "$dir" | cksum | cut -d' ' -f1)"
}
in_switch() { ip netns exec "$(lab_name_of)-switch" "$@"; }

# signal SIGNAL ROLE UNIT: STOP ends with CONT; a unit that does not run has nothing to be hit.
begin_signal() { grey_signal "$(node_of "$2")" "$1" "$(unit_of "$3")"; }
end_signal() {
  [ "$1" != STOP ] || grey_signal "$(node_of "$2")" CONT "$(unit_of "$3")" 2>/dev/null
  return 0
}
# restart ROLE UNIT
begin_restart() { inside "$(node_of "$1")" systemctl restart --no-block "$(unit_of "$2")"; }
end_restart() { :; }
# roll ROLE: every daemon of a machine is restarted
begin_roll() {
  inside "$(node_of "$1")" sh -c 'for u in haproxy keepalived holdfast-heartbeatd holdfast-replicationd holdfast-ledgerd "holdfast-workerd@*" holdfast-tickled; do
    systemctl -q is-active "$u" && systemctl restart --no-block "$u"; done; true'
}
end_roll() { :; }
# power ROLE
begin_power() { "$lab" kill "$(node_of "$1")"; }
end_power() { "$lab" start "$(node_of "$1")"; }
# blackout ROLE...: at the same moment, as near as can be
begin_blackout() {
  local role
  local -a killers=()
  for role; do
    "$lab" kill "$(node_of "$role")" &
    killers+=("$!")
  done
  wait "${killers[@]}"
}
end_blackout() {
  local role
  for role; do "$lab" start "$(node_of "$role")"; done
}
# freeze ROLE: the whole machine stands still
begin_freeze() { "$lab" freeze "$(node_of "$1")"; }
end_freeze() { "$lab" thaw "$(node_of "$1")"; }
# cut ROLE ROLE [--one-way], from the first to the second; all cuts end together
begin_cut() { "$lab" cut "$(node_of "$1")" "$(node_of "$2")" "${@:3}"; }
end_cut() { "$lab" heal; }
# isolate ROLE: from the other members; alone: from the clients too
begin_isolate() {
  local n node
  node=$(node_of "$1")
  for n in a b w; do [ "$n" = "$node" ] || "$lab" cut "$node" "$n"; done
}
end_isolate() { "$lab" heal; }
begin_alone() {
  begin_isolate "$1"
  "$lab" cut "$(node_of "$1")" client
}
end_alone() { "$lab" heal; }
# flap ROLE ROLE COUNT: cut and healed, with pauses below a second that are drawn
begin_flap() {
  local i
  for ((i = 0; i < $3; i++)); do
    "$lab" cut "$(node_of "$1")" "$(node_of "$2")"
    draw 700
    pause_ms $((50 + drawn))
    "$lab" heal
    draw 700
    pause_ms $((50 + drawn))
  done
}
end_flap() { "$lab" heal; }
# loss ROLE PERCENT, in both directions
begin_loss() { "$lab" loss "$(node_of "$1")" "$2"; }
end_loss() { "$lab" loss "$(node_of "$1")" 0; }
# slow ROLE KBYTES: what is more than so many KB a second, in each direction, is lost
begin_slow() {
  local node
  node=$(node_of "$1")
  in_switch nft -f - <<<"add rule bridge lab losses iifname $node limit rate over $2 kbytes/second drop
add rule bridge lab losses oifname $node limit rate over $2 kbytes/second drop"
}
end_slow() { "$lab" heal; }
# stolen: a third machine says that the virtual IP is its own
begin_stolen() { inside w sh -c "echo 1 >/proc/sys/net/ipv4/conf/eth0/arp_notify; ip addr add $vip/24 dev eth0"; }
end_stolen() { inside w ip addr del "$vip/24" dev eth0 2>/dev/null || true; }
# kill-queries ROLE: root kills whatever the database does, again and again
begin_kill-queries() {
  rm -f "$work/loop.kill-queries.killed"
  chaos_loop kill-queries kill_queries "$(node_of "$1")"
  wait_until 20 "a query to kill" test -s "$work/loop.kill-queries.killed"
}
kill_queries() { # NODE: for about a second; what was killed goes into a file
  inside "$1" timeout 20 sh -c 'for i in $(seq 25); do
    mariadb -N -B -e "SELECT CONCAT(\"KILL QUERY \", ID, \";\") FROM information_schema.PROCESSLIST WHERE COMMAND NOT IN (\"Sleep\", \"Daemon\") AND ID <> CONNECTION_ID()" |
      tee /dev/stderr | mariadb -f 2>/dev/null; done' 2>>"$work/loop.kill-queries.killed" >/dev/null
}
end_kill-queries() {
  stop_loop kill-queries
  end_loops
}
# grey FAULT ROLE: tests/lab/grey.sh
begin_grey() { grey_break "$1" "$(node_of "$2")"; }
end_grey() { grey_mend "$1" "$(node_of "$2")"; }
# switchover: at the operator's word, while the next faults happen
begin_switchover() {
  timeout 100 "$lab" exec w -- holdfastctl switchover --yes >/dev/null 2>&1 &
  loops+=("$!")
}
end_switchover() { end_loops; }
# reseed: the standby's data is gone; not when it is the only copy that counts, after what was begun before, for nobody could bring that back
begin_reseed() {
  [ "$(status "$was" '.active as $one | [$one, (.in_sync | index($one)) != null] | join(" ")')" = "$was true" ] || return 1
  inside "$heir" sh -c 'systemctl stop holdfast-replicationd; systemctl kill -s KILL mariadb; sleep 0.3; rm -rf /var/lib/holdfast/mysql
    systemctl start --no-block holdfast-replicationd'
}
end_reseed() { :; }
# reinstall ROLE: its packages, again, as an upgrade does it
begin_reinstall() {
  local node
  node=$(node_of "$1")
  local -a parts=(holdfast-common_*.deb holdfast-worker_*.deb holdfast-gateway_*.deb)
  [ "$node" != w ] || parts=(holdfast-common_*.deb holdfast-witness_*.deb)
  # shellcheck disable=SC2068 # patterns
  (cd "${HOLDFAST_LAB_PACKAGES:-$build/packages}" && tar -c ${parts[@]}) |
    inside "$node" sh -c 'rm -rf /root/packages && mkdir /root/packages && tar -x --no-same-owner -C /root/packages && cd /root/packages &&
      DEBIAN_FRONTEND=noninteractive timeout 120 apt-get install --yes --reinstall ./*.deb >/dev/null 2>&1'
}
end_reinstall() { :; }
# clock ROLE SECONDS: the wall clock of all our daemons there is wrong from now on, and then right again
clock_daemons='holdfast-heartbeatd holdfast-replicationd holdfast-ledgerd holdfast-workerd@'
clocks_begin() { # before the load: the daemons are started again, with tests/lab/clock_shift.c
  local n
  [ -s "$build/tests/lab/clock_shift.so" ] || fail "no $build/tests/lab/clock_shift.so (make check TESTS=)"
  for n in a b w; do
    inside "$n" sh -c 'mkdir -p /var/lib/clock-shift && cat >/var/lib/clock-shift/library.so && printf "%31s\n" 0 >/var/lib/clock-shift/offset
      chmod 755 /var/lib/clock-shift; chmod 644 /var/lib/clock-shift/*
      for u in $1; do mkdir -p "/etc/systemd/system/$u.service.d"
        printf "[Service]\nEnvironment=LD_PRELOAD=/var/lib/clock-shift/library.so\n" >"/etc/systemd/system/$u.service.d/clock-shift.conf"; done' - \
      "$clock_daemons" <"$build/tests/lab/clock_shift.so" || fail "no library on $n"
    clocks_restart "$n"
  done
}
clocks_end() {
  local n
  for n in a b w; do
    inside "$n" sh -c 'for u in $1; do rm -f "/etc/systemd/system/$u.service.d/clock-shift.conf"; done' - "$clock_daemons"
    clocks_restart "$n"
  done
}
clocks_restart() {
  inside "$1" sh -c 'systemctl daemon-reload; for u in $1; do case $u in *@) u="$u*" ;; esac; systemctl -q is-active "$u" && systemctl restart "$u"; done; true' - \
    "$clock_daemons" || fail "$1: daemons do not start"
  wait_sync w 120
}
set_clock() { inside "$1" sh -c 'printf "%31s\n" "$1" | dd of=/var/lib/clock-shift/offset conv=notrunc status=none' - "$2"; }
begin_clock() { set_clock "$(node_of "$1")" "$2"; }
end_clock() { set_clock "$(node_of "$1")" 0; }
# memory ROLE MIB hog: from now on its processes together may have that much more than they have, and one of them wants all of it.
# What is theirs already stays: it is not counted, so that nothing has to be known of their sizes. What they read and write is counted.
memory_root=/sys/fs/cgroup/memory
memory_group() { echo "$memory_root/$(lab_name_of)-$1"; }
begin_memory() {
  local node group
  node=$(node_of "$1")
  group=$(memory_group "$node")
  [ -e "$memory_root/memory.limit_in_bytes" ] || fail "no memory controller of cgroups v1"
  mkdir -p "$group" && echo $(($2 << 20)) >"$group/memory.limit_in_bytes" || fail "no limit in $group"
  [ "$(cat "$group/memory.limit_in_bytes")" = $(($2 << 20)) ] || fail "the limit of $group is $(cat "$group/memory.limit_in_bytes")"
  memory_move "$node" "$group"
  [ "$(wc -l <"$group/cgroup.procs")" -gt 0 ] || return 1 # the machine is off
  chaos_loop memory-hog hog "$node" "$group"
}
# Who is sent into a machine keeps its own limits: it enters the machine's first.
hog() { # NODE GROUP
  local enter='echo $$ >"$1/cgroup.procs" && shift && exec "$@"'
  bash -c "$enter" - "$2" "$lab" exec "$1" -- timeout 20 tail /dev/zero
}
memory_move() { # NODE GROUP: every process of the machine, again until none was made meanwhile
  local leader space pid again=1
  read -r leader _ <"${HOLDFAST_LAB_DIR:-/var/lib/holdfast-lab}/nodes/$1/leader" || return 0
  space=$(stat -L -c %i "/proc/$leader/ns/pid") || return 0
  while [ "$again" -gt 0 ]; do
    again=0
    while read -r pid; do
      grep -qs "^[0-9]*:memory:${2#"$memory_root"}\$" "/proc/$pid/cgroup" && continue
      echo "$pid" >"$2/cgroup.procs" && again=1
    done < <(stat -L -c '%i %n' /proc/[0-9]*/ns/pid 2>/dev/null | awk -v s="$space" '$1 == s { split($2, p, "/"); print p[3] }')
  done 2>/dev/null
}
end_memory() {
  local node group pid i
  node=$(node_of "$1")
  group=$(memory_group "$node")
  [ -d "$group" ] || return 0
  stop_loop memory-hog
  [ "$(cat "$group/memory.failcnt")" -gt 0 ] || [ -z "${trial:-}" ] ||
    jq -nc --arg one "memory $*: the limit was never reached" '{not_begun: $one}' >>"$keep/$trial.facts"
  echo -1 >"$group/memory.limit_in_bytes"
  end_loops
  for ((i = 0; i < 100; i++)); do
    while read -r pid; do echo "$pid" >"$memory_root/cgroup.procs"; done <"$group/cgroup.procs" 2>/dev/null
    rmdir "$group" 2>/dev/null && break
    pause_ms 50
  done
}
# lose ROLE: the machine is gone with its disk, and a human puts another one into its place, by what doc/operations.md says
begin_lose() {
  local node
  node=$(node_of "$1")
  touch "$work/lost.$node"
  begin_alone "$1"
  begins_anew "$node"
  "$lab" heal
}
end_lose() {
  local node at how='--interface eth0'
  node=$(node_of "$1")
  [ -e "$work/lost.$node" ] || return 0
  at=$(active "$(other "$node")")
  wait_until 60 "a word that $node is to be replaced" ctl "$at" replace "$node" --yes
  [ "$node" != w ] || how=--witness
  # shellcheck disable=SC2086 # two words
  joins_as "$node" "$(address_of "$node")" $how
  rm "$work/lost.$node"
}
# settle ROLE...: all that was written so far gets to the disk, whoever lies (tests/lab/lying_disk.c)
begin_settle() {
  local role
  for role; do inside "$(node_of "$role")" sync -f /var/lib/holdfast; done
}
end_settle() { :; }
own_disks() { [ -f "${HOLDFAST_LAB_DIR:-/var/lib/holdfast-lab}/nodes/a/disk.img" ]; }
liars_begin() { # before the load: the databases are started again, and believe
  local n
  [ -s "$build/tests/lab/lying_disk.so" ] || fail "no $build/tests/lab/lying_disk.so (make check TESTS=)"
  for n in a b; do
    inside "$n" sh -c 'mkdir -p /var/lib/lying-disk /etc/systemd/system/mariadb.service.d && cat >/var/lib/lying-disk/library.so &&
      chmod 755 /var/lib/lying-disk /var/lib/lying-disk/library.so
      printf "[Service]\nEnvironment=LD_PRELOAD=/var/lib/lying-disk/library.so\n" >/etc/systemd/system/mariadb.service.d/lying-disk.conf
      systemctl daemon-reload; systemctl restart mariadb || true # the active one is fenced over it' <"$build/tests/lab/lying_disk.so" || fail "no library on $n"
    wait_sync w 120
    inside "$n" sh -c 'grep -q lying-disk "/proc/$(systemctl show -P MainPID mariadb)/maps"' || fail "the database of $n is honest"
  done
}
liars_end() {
  local n
  for n in a b; do
    inside "$n" sh -c 'rm -f /etc/systemd/system/mariadb.service.d/lying-disk.conf; systemctl daemon-reload; systemctl restart mariadb || true'
    wait_sync w 120
    inside "$n" sh -c '! grep -q lying-disk "/proc/$(systemctl show -P MainPID mariadb)/maps"' || fail "the database of $n still lies"
  done
}
# wait MS, or wait draw MOST: between two faults
begin_wait() {
  if [ "$1" = draw ]; then
    draw "$2"
    pause_ms "$drawn"
  else
    pause_ms "$1"
  fi
}
end_wait() { :; }
# heal KIND...: a fault that was begun before ends here already
begin_end() { "end_$1" "${@:2}"; }
end_end() { :; }

# Whatever a trial has left behind.
end_everything() {
  local n
  "$lab" heal
  for n in a b w; do
    "$lab" thaw "$n"
    "$lab" start "$n"
  done
  end_kill-queries
  end_stolen
  for n in a b w; do
    was=$n end_memory active
  done
  for n in a b w; do was=$n end_lose active; done
}
