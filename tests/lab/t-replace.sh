# A member is gone for good: another machine takes its place at an operator's word, while payments go on; the standby's, then the witness', which votes
# from then on. What is not gone is not replaced, and what comes back with the old disk is nobody.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

LOAD_RATE=200

now=$(active w)
standby=$(other "$now")
start_load replace
refused 1 "$now" "is heard: switch it off" replace "$standby" --yes
refused 1 "$now" "'x' is no member" replace x --yes
refused 1 "$now" "is this machine, which is not gone" replace "$now" --yes
refused 1 "$standby" "is active: it is not gone" replace "$now" --yes
refused 1 w "run it on a gateway" replace "$standby" --yes
refused 2 "$now" "NODE is missing: want the name of a node" replace

# The standby's disk is gone. What it had of the role is kept here, to come back later.
old=/root/old
in_node "$standby" "rm -rf $old; systemctl stop 'holdfast-*' mariadb haproxy keepalived; mkdir $old
  cp -a /etc/holdfast $old/etc && cp -a /var/lib/holdfast/heartbeat $old/heartbeat" || fail "$standby"
begins_anew "$standby"
wait_until 30 "SOLO" is_mode "$now" SOLO
wait_until 30 "$standby to be missed" is_unheard "$now" "$standby"
ctl "$now" token || fail "token: $said"
says "The cluster is complete"
"$lab" cut "$now" w
wait_until 30 "w to be missed" is_unheard "$now" w
refused 1 "$now" "w is not heard, and has to agree" replace "$standby" --yes
"$lab" heal
wait_until 30 "w to be heard" is_heard "$now" w
refused 2 "$now" "$standby" replace "$standby"
ctl "$now" replace "$standby" --yes || fail "replace: $said"
joins_as "$standby" "$(address_of "$standby")" --interface eth0
wait_sync
payments_flow
say "$standby has a new disk, and is in SYNC"

# The old disk comes back, at the same address: it is nobody's, and the new one comes back after it.
version=$(status "$now" .version)
new=/root/new
in_node "$standby" "rm -rf $new; systemctl stop 'holdfast-*' mariadb haproxy keepalived; mkdir $new
  cp -a /etc/holdfast $new/etc && cp -a /var/lib/holdfast/heartbeat $new/heartbeat
  rm -rf /etc/holdfast /var/lib/holdfast/heartbeat && cp -a $old/etc /etc/holdfast && cp -a $old/heartbeat /var/lib/holdfast/heartbeat" || fail "$standby"
wait_until 30 "SOLO" is_mode "$now" SOLO
in_node "$standby" 'systemctl start holdfast-heartbeatd' || fail "heartbeatd of the old $standby"
refused_it() { [ "$("$lab" exec "$now" -- holdfastctl status --json | jq '.dropped["other-cluster"] // 0 | tonumber')" -gt "${1:-0}" ]; }
wait_until 30 "$now to drop what the old $standby says" refused_it 20
is_unheard "$now" "$standby" || fail "the old $standby is heard"
is_told() { "$lab" exec "$standby" -- holdfastctl status | grep -q "no member to the others"; }
wait_until 30 "the old $standby to say that it is no member" is_told
in_node "$standby" 'holdfastctl explain | grep -q "another one has its place"' || fail "explain of the old $standby"
is_logged() { in_node "$now" 'journalctl -q -u holdfast-heartbeatd --since=-1min | grep -q "event=stranger.hear"'; }
wait_until 30 "$now to tell of the old $standby" is_logged
is_active w "$now" || fail "$(active w) is active"
in_node "$standby" "systemctl stop 'holdfast-*'; rm -rf /etc/holdfast /var/lib/holdfast/heartbeat
  cp -a $new/etc /etc/holdfast && cp -a $new/heartbeat /var/lib/holdfast/heartbeat; rm -rf $new $old
  systemctl start mariadb haproxy keepalived holdfast.target 2>/dev/null; systemctl start 'holdfast-*' --all 2>/dev/null; true"
power_off "$standby"
power_on "$standby"
wait_sync
say "its old disk was nobody's"

# Again, and the next one has another address: the edge of the active knows it by itself. And back, for what comes after this.
edge_knows() { in_node "$now" "grep -q 'server peer $1:' /etc/holdfast/haproxy.cfg"; }
for address in 10.77.0.22 "$(address_of "$standby")"; do
  begins_anew "$standby"
  in_node "$standby" 'ip addr add 10.77.0.22/24 dev eth0 2>/dev/null; true'
  wait_until 30 "SOLO" is_mode "$now" SOLO
  wait_until 30 "$standby to be missed" is_unheard "$now" "$standby"
  ctl "$now" replace "$standby" --yes || fail "replace: $said"
  joins_as "$standby" "$address" --interface eth0
  wait_sync
  wait_until 30 "the edge to know $address" edge_knows "$address"
  payments_flow
done
in_node "$standby" 'ip addr del 10.77.0.22/24 dev eth0'
say "it came back at another address, too"

# The witness is gone; the next takeover needs the vote of the one in its place.
begins_anew w
wait_until 30 "w to be missed" is_unheard "$now" w
ctl "$standby" replace w --yes || fail "replace w: $said"
joins_as w "$(address_of w)" --witness
wait_sync
power_off "$now"
wait_until 30 "$standby to take over" is_active w "$standby"
payments_flow
power_on "$now"
wait_sync
stop_load
say "a standby and a witness were replaced, and payments went on"
