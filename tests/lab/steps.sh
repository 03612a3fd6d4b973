# Kills at each step of promotion, fence and rejoin: sourced after scenario.sh, used by t-steps.sh and tests/bench/steps.
# A library that is preloaded into replicationd (kill_at_step.c) waits for the step and strikes before it is taken, or a moment later.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016

steps_library=$build/tests/lab/kill_at_step.so
steps_dir=/var/lib/kill-at-step
step_kinds=(replicationd mariadbd machine)

# What leads to the step, and who takes it.
# failover   the active loses its power; the heir's steps
# salvage    the same, and the heir's mariadbd dies with it; the heir's steps
# handover   a planned one; the heir's steps. oldactive: the steps of who hands over
# solo       the standby loses its power; the active's steps. back: it comes back
# fence      the active is cut off, until the other serves; its steps
# rejoin     the active loses its power and comes back; its steps
# reseed     the standby's data is gone; its steps
# Where mariadbd does not run until a later step of the same list, killing it is that step's business: -mariadbd.
steps_matrix='
failover stop-io
failover drain
failover say-drained
failover set-dirty
failover send-epoch-row
failover read-write
salvage start
salvage salvage
salvage say-drained
handover stop-io
handover drain
handover say-drained
handover set-semi-sync
handover mark
handover set-dirty
handover send-epoch-row
handover read-write
oldactive read-only
oldactive clear-dirty
oldactive semi-sync-off
oldactive follow
solo set-semi-sync
back set-semi-sync
back mark
fence kill
fence prepare-slave-start -mariadbd
fence start
fence clear-dirty
fence follow
rejoin prepare-slave-start -mariadbd
rejoin start
rejoin clear-dirty
rejoin follow
rejoin relax-relay-log
rejoin sync-relay-log
rejoin new-token
reseed seed -mariadbd
reseed prepare-slave-start -mariadbd
reseed start
reseed enter-position
reseed follow
reseed new-token'

# steps_cases: "SCENARIO STEP KIND", one a line.
steps_cases() {
  local scenario step except kind
  while read -r scenario step except; do
    [ -n "$scenario" ] || continue
    for kind in "${step_kinds[@]}"; do
      [ "$except" = "-$kind" ] || printf '%s %s %s\n' "$scenario" "$step" "$kind"
    done
  done <<<"$steps_matrix"
}

steps_begin() {
  local node
  [ -s "$steps_library" ] || fail "no $steps_library (make check TESTS=)"
  for node in a b; do
    "$lab" exec "$node" -- sh -c 'mkdir -p "$1" /etc/systemd/system/holdfast-replicationd.service.d && cat >"$1/library.so"' - "$steps_dir" \
      <"$steps_library" || fail "no library on $node"
    "$lab" exec "$node" -- sh -c 'printf "[Service]\nEnvironment=LD_PRELOAD=%s/library.so\n" "$1" \
      >/etc/systemd/system/holdfast-replicationd.service.d/kill-at-step.conf
      systemctl daemon-reload && systemctl restart holdfast-replicationd' - "$steps_dir" || fail "no replicationd on $node"
    wait_sync
  done
}
# Also after a failure: whoever is off is switched on, for those who come after.
steps_end() {
  local node
  "$lab" heal
  for node in a b; do "$lab" start "$node"; done
  for node in a b; do
    "$lab" exec "$node" -- sh -c 'rm -rf "$1" /etc/systemd/system/holdfast-replicationd.service.d/kill-at-step.conf
      systemctl daemon-reload && systemctl restart holdfast-replicationd' - "$steps_dir"
    wait_sync
  done
}

# A machine's disk as the host sees it, also while the machine is off.
steps_disk() { printf '%s/nodes/%s/upper%s' "${HOLDFAST_LAB_DIR:-/var/lib/holdfast-lab}" "$1" "$steps_dir"; }
arm() { # what is in the matrix, on $victim
  "$lab" exec "$victim" -- sh -c 'rm -f "$1/hit"; echo "$2" >"$1/armed.new" && mv "$1/armed.new" "$1/armed"' - "$steps_dir" "$step $kind $delay_us" ||
    fail "$victim cannot be armed"
}
arm_disk() { # while the machine is off
  local disk
  disk=$(steps_disk "$victim")
  rm -f "$disk/hit"
  echo "$step $kind $delay_us" >"$disk/armed"
}
disarm() {
  local node disk
  for node in a b; do
    disk=$(steps_disk "$node")
    if [ -e "$disk/armed" ] || [ -e "$disk/hit" ]; then
      "$lab" exec "$node" -- rm -f "$steps_dir/armed" "$steps_dir/hit" || fail "$node cannot be disarmed"
    fi
  done
}
is_hit() { [ -e "$(steps_disk "$victim")/hit" ]; }
# Was it hit within so many seconds? The machine's power goes at once then.
struck() {
  local end=$((SECONDS + $1))
  until is_hit; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.01
  done
  if [ "$kind" = machine ]; then
    sleep "0.$(printf %06d "$delay_us")"
    lose "$victim"
  fi
}
lose() {
  "$lab" kill "$1"
  off+=" $1"
}

lead_failover() { victim=$heir; arm; lose "$was"; }
lead_salvage() {
  victim=$heir
  arm
  lose "$was"
  "$lab" exec "$heir" -- systemctl kill --signal=KILL mariadb
}
lead_handover() { victim=$heir; arm; hand_over; }
lead_oldactive() { victim=$was; arm; hand_over; }
hand_over() { (timeout 60 "$lab" exec w -- holdfastctl switchover --to "$heir" --yes >"$work/steps.said" 2>&1; true) & }
lead_solo() { victim=$was; arm; lose "$heir"; }
lead_back() {
  victim=$was
  "$lab" kill "$heir"
  wait_until 30 "SOLO" is_mode "$was" SOLO
  arm
  "$lab" start "$heir"
}
lead_fence() {
  victim=$was
  arm
  "$lab" cut "$was" w
  "$lab" cut "$was" "$heir"
  wait_until 60 "$heir active" is_active w "$heir"
  payments_flow
  "$lab" heal
}
lead_rejoin() {
  victim=$was
  "$lab" kill "$was"
  wait_until 60 "$heir active" is_active "$heir" "$heir"
  payments_flow
  arm_disk
  "$lab" start "$was"
}
lead_reseed() {
  victim=$heir
  "$lab" exec "$heir" -- systemctl stop holdfast-replicationd
  "$lab" exec "$heir" -- systemctl kill -s KILL mariadb
  wait_until 30 "SOLO" is_mode "$was" SOLO
  "$lab" exec "$heir" -- rm -r /var/lib/holdfast/mysql
  arm
  "$lab" exec "$heir" -- systemctl start --no-block holdfast-replicationd
}

# step_case SCENARIO STEP KIND DELAY_US: whatever comes of it, back in SYNC without a human. False when the step was not hit.
step_case() {
  local scenario=$1 step=$2 kind=$3 delay_us=$4 was heir victim node off="" hit=yes started
  wait_sync
  disarm
  was=$(active w)
  heir=$(other "$was")
  payments_flow
  "lead_$scenario"
  struck 20 || hit=no
  # One is left, and serves; but not one that was not in sync yet.
  [ "$off" != " $victim" ] || [ "$scenario" = back ] || payments_flow
  started=$(mono_us)
  for node in $off; do "$lab" start "$node" || fail "$node does not start"; done
  wait_sync w 180
  case_ms=$((($(mono_us) - started) / 1000))
  payments_flow
  wait_sync w 180
  [ "$hit" = yes ]
}
