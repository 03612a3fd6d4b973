# The packages are installed again on every member, then removed and installed again: daemons are new, and the pair is back in
# SYNC without help. The witness first, then the standby, then the active.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
packages=${HOLDFAST_LAB_PACKAGES:-$build/packages}

# shellcheck source=tests/lab/packages.sh
. "$top/tests/lab/packages.sh"

daemons_of() {
  [ "$1" = w ] || printf 'holdfast-%s ' replicationd ledgerd workerd@1
  echo holdfast-heartbeatd
}

started_at() { "$lab" exec "$1" -- systemctl show --value -p ActiveEnterTimestampMonotonic "$2"; }

# Each daemon runs, and none of them was started before the given moment of this machine.
daemons_are_new() { # NODE SINCE_US
  local daemon at
  for daemon in $(daemons_of "$1"); do
    "$lab" exec "$1" -- systemctl -q is-active "$daemon" || fail "$1: $daemon does not run"
    at=$(started_at "$1" "$daemon")
    [ "$at" -gt "$2" ] || fail "$1: $daemon runs since $at us, the packages came at $2 us"
  done
}

nothing_failed() { # NODE
  local failed
  failed=$("$lab" exec "$1" -- systemctl --failed --plain --no-legend)
  [ -z "$failed" ] || fail "$1: failed units: $failed"
}

install_again() {
  local since
  since=$(mono_us)
  apt_in "$1" 'apt-get install --yes --reinstall ./*.deb'
  daemons_are_new "$1" "$since"
}

remove_and_install() {
  local since left
  since=$(mono_us)
  apt_in "$1" 'apt-get remove --yes $(for p in *.deb; do echo "${p%%_*}"; done)'
  left=$("$lab" exec "$1" -- ps -eo args | grep -E '^(/usr/s?bin/)?(holdfast-|mariadbd|haproxy|keepalived)' || true)
  [ -z "$left" ] || fail "$1: after the removal these still run: $left"
  payments_flow
  apt_in "$1" 'apt-get install --yes ./*.deb'
  daemons_are_new "$1" "$since"
}

# The one that has the role hands it over before its daemons are stopped: nobody had to notice that it was gone.
last_reason() { "$lab" exec w -- holdfastctl history --json | jq -r 'map(select(. != null)) | last | .reason'; }

each_member() { # COMMAND: of the member
  local node now
  now=$(active w)
  for node in w "$(other "$now")" "$now"; do
    say "$1 on $node"
    "$1" "$node"
    if [ "$node" = "$now" ]; then
      [ "$(active w)" != "$node" ] || fail "$node had the role, and kept it"
      [ "$(last_reason)" = switchover ] || fail "$node did not hand over: $(last_reason)"
    fi
    payments_flow
    wait_sync w 120
    nothing_failed "$node"
  done
}

for node in a b w; do copy_packages "$node" "$packages"; done
LOAD_RATE=200 start_load upgrade
each_member install_again
each_member remove_and_install
stop_load
