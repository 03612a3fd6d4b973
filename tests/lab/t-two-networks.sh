# Each network in turn carries no heartbeats: nothing happens, and status says which one is silent.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

all_heard() { # NODE: by both networks, from both others
  [ "$(status "$1" '[.nodes[].paths // [] | .[] | .heard] | "\(length) \(all)"')" = "4 true" ]
}
silent_on() { # NODE PREFIX: nobody is heard by that network, and everybody by the other
  [ "$(status "$1" "[.nodes[].paths // [] | .[] | select(.heard | not) | .address | startswith(\"$2\")] | \"\\(length) \\(all)\"")" = "2 true" ]
}
restart_with_second() {
  "$lab" exec "$1" -- sh -c "grep -q second-address /etc/holdfast/holdfast.conf ||
    sed -i '/^address = /a second-address = 10.78.0.$2' /etc/holdfast/holdfast.conf
    systemctl restart holdfast-heartbeatd" || fail "$1: cannot configure the second address"
  wait_sync
}
restart_with_second w 3
restart_with_second b 2
restart_with_second a 1
for n in a b w; do wait_until 30 "$n hears everybody by both networks" all_heard "$n"; done

start_load two-networks
epoch=$(status w .epoch)
version=$(status w .version)
for net in 1 2; do
  "$lab" mute "$net" || fail "lab mute $net"
  for n in a b w; do wait_until 30 "$n misses network $net" silent_on "$n" "10.7$((6 + net)).0."; done
  payments_flow
  "$lab" exec w -- holdfastctl status >"$work/two-networks.status"
  grep -q "^a is not heard from 10.7$((6 + net)).0.1: is that network cut?" "$work/two-networks.status" ||
    fail "status does not tell which network is silent: $(cat "$work/two-networks.status")"
  "$lab" heal
  for n in a b w; do wait_until 30 "$n hears everybody again" all_heard "$n"; done
done
[ "$(status w .epoch)/$(status w .version)" = "$epoch/$version" ] || fail "the record changed: version $version to $(status w .version)"
[ "$(status w .dropped.replayed)" = 0 ] || fail "second copies are counted as replays"
stop_load
