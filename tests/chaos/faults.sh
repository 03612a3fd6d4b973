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
# In the background, and ended by the end of the fault: chaos_loop NAME COMMAND... runs it again and again.
chaos_loop() {
  local name=$1
  shift
  (while [ ! -e "$work/loop.$name.stop" ]; do "$@"; done) >/dev/null 2>&1 &
  loops+=("$!")
}
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
  rm -f "$work/loop.kill-queries.stop"
  chaos_loop kill-queries inside "$(node_of "$1")" timeout 20 mariadb -N -B -e "
    BEGIN NOT ATOMIC
      DECLARE n INT DEFAULT 0;
      DECLARE CONTINUE HANDLER FOR 1094 BEGIN END;
      WHILE n < 200 DO
        FOR t IN (SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND = 'Query' AND ID <> CONNECTION_ID()) DO
          EXECUTE IMMEDIATE CONCAT('KILL QUERY ', t.ID);
        END FOR;
        SET n = n + 1;
      END WHILE;
    END"
}
end_kill-queries() {
  touch "$work/loop.kill-queries.stop"
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
# reseed: the standby's data is gone
begin_reseed() {
  inside "$heir" sh -c 'systemctl stop holdfast-replicationd; systemctl kill -s KILL mariadb; sleep 0.3; rm -rf /var/lib/holdfast/mysql
    systemctl start --no-block holdfast-replicationd'
}
end_reseed() { :; }
# reinstall ROLE: its packages, again, as an upgrade does it
begin_reinstall() {
  local node
  node=$(node_of "$1")
  local -a parts=(common worker gateway)
  [ "$node" != w ] || parts=(common witness)
  (cd "${HOLDFAST_LAB_PACKAGES:-$build/packages}" && tar -c $(printf 'holdfast-%s_*.deb ' "${parts[@]}")) |
    inside "$node" sh -c 'rm -rf /root/packages && mkdir /root/packages && tar -x --no-same-owner -C /root/packages && cd /root/packages &&
      DEBIAN_FRONTEND=noninteractive timeout 120 apt-get install --yes --reinstall ./*.deb >/dev/null 2>&1'
}
end_reinstall() { :; }
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
  for n in kill-queries; do touch "$work/loop.$n.stop"; done
  end_loops
  end_stolen
}
