# keepalived hung or killed, the address deleted by hand, the address on the wrong node: seen, put right, alarmed, and the
# clients go on paying.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
holds() { "$lab" exec "$1" -- ip -4 -o addr show | grep -q " $vip/"; }
lacks() { ! holds "$1"; }
clock() { "$lab" exec "$1" -- date +%s.%N; }
# said NODE SINCE EVENT: in heartbeatd's journal.
said() { "$lab" exec "$1" -- journalctl -q -u holdfast-heartbeatd --since "@$2" --no-pager | grep -q "event=$3 "; }
# Of its vrrp process, which does the work: another one after keepalived was started again.
worker_of() { "$lab" exec "$1" -- sh -c 'pgrep -P "$(systemctl show -p MainPID --value keepalived)"'; }
is_another() { local now; now=$(worker_of "$1") && [ -n "$now" ] && [ "$now" != "$2" ]; }
is_quiet() { [ -z "$(status "$1" .reason)" ]; }
all_quiet() { holds "$was" && lacks "$standby" && is_quiet "$was" && is_quiet "$standby"; }

start_load address
was=$(active w)
standby=$(other "$was")
epoch=$(status w .epoch)
wait_until 30 "the address where it should be" all_quiet

since=$(clock "$was")
"$lab" exec "$was" -- ip addr del "$vip/24" dev eth0
wait_until 45 "$was has the address again" holds "$was"
wait_until 45 "the alarm that it was gone" said "$was" "$since" address.lost
say "deleted by hand: put back"

since=$(clock "$standby")
"$lab" exec "$standby" -- ip addr add "$vip/24" dev eth0
wait_until 45 "$standby lets go of the address" lacks "$standby"
wait_until 45 "the alarm" said "$standby" "$since" address.alarm
wait_until 45 "quiet again" all_quiet
payments_flow
say "on the wrong node: removed"

for node in "$was" "$standby"; do
  since=$(clock "$node")
  worker=$(worker_of "$node")
  "$lab" exec "$node" -- systemctl kill --kill-who=all --signal=STOP keepalived
  wait_until 45 "keepalived of $node started again" is_another "$node" "$worker"
  wait_until 45 "the alarm" said "$node" "$since" address.alarm
  wait_until 45 "quiet again" all_quiet
done
payments_flow
say "keepalived hung: started again"

for node in "$was" "$standby"; do
  worker=$(worker_of "$node")
  "$lab" exec "$node" -- systemctl kill --kill-who=all --signal=KILL keepalived
  wait_until 45 "keepalived of $node started again" is_another "$node" "$worker"
  wait_until 45 "quiet again" all_quiet
done
payments_flow
"$lab" exec "$was" -- systemctl stop keepalived
wait_until 45 "$was has the address again" holds "$was"
wait_until 45 "quiet again" all_quiet
payments_flow
[ "$(status w .epoch)" = "$epoch" ] || fail "the role moved: epoch $epoch, then $(status w .epoch)"
say "keepalived stopped: started again, and the role stays"

# One that cannot be started again: the other one serves, and nobody hands the role back.
cannot_hold() { status w ".nodes[]|select(.name==\"$1\").reason" | grep -q "keepalived does not listen"; }
"$lab" exec "$was" -- systemctl mask --now --runtime keepalived 2>/dev/null
wait_until 20 "$standby to be active" is_active w "$standby"
wait_until 45 "$standby has the address" holds "$standby"
payments_flow
wait_sync w 100
wait_until 45 "$was says that it cannot hold the address" cannot_hold "$was"
refused 1 "$standby" "$was cannot take over: keepalived does not listen" switchover --to "$was" --yes
refused 1 "$standby" "$was cannot take over: keepalived does not listen" maintenance on "$standby" --yes
payments_flow
"$lab" exec "$was" -- systemctl unmask --runtime keepalived
"$lab" exec "$was" -- systemctl start keepalived
wait_until 60 "$was has nothing to say" is_quiet "$was"
switch_back() { ctl "$standby" switchover --to "$was" --yes && is_active w "$was"; }
wait_until 60 "the role is back at $was" switch_back
wait_until 45 "$was has the address again" holds "$was"
payments_flow
say "keepalived cannot be started: the role moves, and is not handed back before it can"

# On both: it moves once, to the one where it can be started first.
wait_sync w 100
epoch=$(status w .epoch)
for node in "$was" "$standby"; do
  "$lab" exec "$node" -- systemctl mask --now --runtime keepalived 2>/dev/null &
done
wait_until 45 "$was says that it cannot hold the address" cannot_hold "$was"
wait_until 45 "$standby says so" cannot_hold "$standby"
for node in "$standby" "$was"; do
  "$lab" exec "$node" -- systemctl unmask --runtime keepalived 2>/dev/null
  "$lab" exec "$node" -- systemctl start keepalived
  wait_until 45 "$standby to be active" is_active w "$standby"
  payments_flow
done
[ "$(status w .epoch)" = $((epoch + 1)) ] || fail "the role went to and fro: epoch $epoch, then $(status w .epoch)"
say "keepalived cannot be started on either: the role moves once"
stop_load
say "D13_address_decides_nothing: the epoch does"
