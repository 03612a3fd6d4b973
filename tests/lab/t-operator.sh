# What operators ask for, under load: a standby, and then the active, are taken out of service, stopped, started and brought
# back: nobody waits for the one that was stopped, it does not come back by itself, nothing is lost. An active one is told not to
# wait for the other any longer. A standby only observes, and then acts. What cannot be is refused in words, and leaves everything as it was.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

in_maintenance() { [ "$(status "$1" ".nodes[]|select(.name==\"$2\").maintenance")" = true ]; }
is_out() { is_state "$1" "$2" maintenance && ! status "$1" '.in_sync[]' | grep -qx "$2"; }
follows_again() { [ "$(status "$1" "[.nodes[]|select(.name==\"$2\").behind][0] // 999")" -le 50 ]; }

refused 2 w "want: 'maintenance on NODE [--yes]' or 'maintenance off NODE [--yes]'" maintenance
refused 2 w "NODE is missing: want the name of a node" maintenance on
refused 2 w "there is no 'maintenance now', want: 'maintenance on NODE [--yes]' or 'maintenance off NODE [--yes]'" maintenance now a
refused 2 w "'b' is not for this command: holdfastctl maintenance on NODE [--yes]" maintenance on a b
refused 2 w "'' is not the name of a node" maintenance on ''
refused 2 w "'B' is not the name of a node: 1 to 15 of" maintenance on B
refused 2 w "' b' is not the name of a node" force promote ' b' --accept-loss
refused 2 w "nobody is there to ask: add --yes" maintenance on "$(active w)"
refused 2 w "'' is not the name of a node" force promote '' --accept-loss
refused 2 w "--to is '', want the name of a gateway" switchover --to ''
refused 2 w "an argument has a control character" maintenance on $'a\e[31m'
refused 1 w "'nobody' is no member; members are: " maintenance on nobody

# Who is in maintenance has to keep up without flow control, also where all machines share a processor.
LOAD_RATE=300
start_load operator
for who in standby active; do
  now=$(active w)
  [ "$who" = active ] && gone=$now || gone=$(other "$now")
  left=$(other "$gone")
  ctl w maintenance on "$gone" --yes || fail "maintenance on $gone, the $who: $said"
  says "$gone is in maintenance; $left serves (SOLO)"
  is_out "$left" "$gone" || wait_until 10 "$gone out of in_sync and in maintenance" is_out "$left" "$gone"
  version=$(status w .version)
  payments_flow
  wait_until 60 "$gone follows still" follows_again "$left" "$gone"
  power_off "$gone"
  payments_flow
  refused 1 w "cannot take over: it is in maintenance" switchover --yes
  refused 1 w "cannot take over: it is in maintenance" maintenance on "$left"
  refused 1 w "$gone is in maintenance: no majority would be left" maintenance on w
  ctl "$left" explain
  says "$gone"
  power_on "$gone"
  wait_until 60 "$gone in maintenance after its start" is_out "$left" "$gone"
  wait_until 60 "$gone follows again" follows_again "$left" "$gone"
  [ "$(status w .version)" = "$version" ] || fail "the record went from version $version to $(status w .version) meanwhile"
  ctl "$gone" maintenance off "$gone" || fail "maintenance off $gone: $said"
  in_maintenance w "$gone" && fail "$gone is in maintenance after: $said"
  wait_sync
  is_active w "$left" || fail "the role has moved back"
  say "$gone, the $who, was in maintenance, lost its power, and came back when told to"
done
refused 2 w "want: 'force solo [--yes]' or 'force promote NODE" force
refused 2 w "'now' is not for this command: holdfastctl force solo [--yes]" force solo now
# What is refused anyway is not asked.
refused 1 w "follows, nothing waits for it" force solo
now=$(active w)
standby=$(other "$now")
refused 1 w "$standby follows, nothing waits for it" force solo --yes
# A patience that the test does not outlast: only the word ends it.
declare -A conf
for n in a b; do
  conf[$n]=$("$lab" exec "$n" -- cat /etc/holdfast/holdfast.conf)
  printf '%s\n\n[heartbeat]\npeer-timeout-ms = 60000\n' "${conf[$n]}" |
    "$lab" exec "$n" -- tee /etc/holdfast/holdfast.conf >/dev/null
  "$lab" exec "$n" -- systemctl restart holdfast-heartbeatd
  wait_sync
done
payments_flow
now=$(active w)
standby=$(other "$now")
"$lab" exec "$standby" -- systemctl kill -s STOP mariadb
begun=$SECONDS
asks_solo() { ctl w force solo </dev/null; [[ $said == *"nobody is there to ask: add --yes"* ]]; }
wait_until 20 "a payment that waits for $standby" asks_solo
ctl w force solo --yes || fail "force solo: $said"
says "$now serves (SOLO)"
payments_flow
[ $((SECONDS - begun)) -lt 60 ] || fail "it took as long as the patience with $standby"
refused 1 w "serves alone already" force solo --yes
"$lab" exec "$standby" -- systemctl kill -s CONT mariadb
wait_sync
for n in a b; do
  printf '%s\n' "${conf[$n]}" | "$lab" exec "$n" -- tee /etc/holdfast/holdfast.conf >/dev/null
  "$lab" exec "$n" -- systemctl restart holdfast-heartbeatd
  wait_sync
done
say "$now was told to go on without $standby, whose database stood still"
# One that only observes: it sees the active die, says what it would do, and does it when it is allowed to.
now=$(active w)
standby=$(other "$now")
epoch=$(status w .epoch)
observes() { # NODE yes|no
  printf '%s\n\n[heartbeat]\nobserve-only = %s\n' "${conf[$1]}" "$2" | "$lab" exec "$1" -- tee /etc/holdfast/holdfast.conf >/dev/null
  "$lab" exec "$1" -- systemctl restart holdfast-heartbeatd
}
would_claim() { ctl "$1" explain && [[ $said == *"it would now: claim"* ]]; }
is_observing() { status "$1" ".nodes[]|select(.name==\"$2\").reason" | grep -q '^observe-only is set'; }
observes "$standby" yes
wait_until 30 "$standby says that it only observes" is_observing w "$standby"
wait_sync
refused 1 w "$standby cannot take over: observe-only is set" switchover --yes
payments_flow
power_off "$now"
wait_until 30 "$standby says that it would claim" would_claim "$standby"
[ "$(status w .epoch)" = "$epoch" ] || fail "the epoch has moved though $standby only observes"
count=$("$lab" exec "$standby" -- journalctl -q -o cat -u holdfast-heartbeatd | grep -c 'event=decision.observed would=claim reason=lease-expired')
[ "$count" = 1 ] || fail "$count lines of what $standby would have done"
observes "$standby" no
wait_until 30 "$standby takes over when it may" is_active w "$standby"
payments_flow
power_on "$now"
wait_sync
printf '%s\n' "${conf[$standby]}" | "$lab" exec "$standby" -- tee /etc/holdfast/holdfast.conf >/dev/null
say "$standby only observed while $now was gone, and took over when it was allowed to"
ctl w maintenance on w || fail "maintenance on w: $said"
in_maintenance a w || fail "w is not in maintenance after: $said"
is_state a w maintenance || fail "the state of w does not show its maintenance"
refused 1 w "w is in maintenance: no majority would be left" maintenance on "$(active a)"
is_mode a SYNC || fail "the maintenance of the witness has changed the mode"
ctl a maintenance off w || fail "maintenance off w: $said"
stop_load
# What happened, of all daemons of a machine, from its journal: also of what systemd saw, and with heartbeatd gone.
since=$("$lab" exec "$standby" -- date -u +%Y-%m-%dT%H:%M:%SZ)
sleep 1 # of the clock: what comes is later than that second's begin
"$lab" exec "$standby" -- systemctl kill -s KILL holdfast-tickled
sees() { ctl "$standby" events --since "$since" && [[ $said == *" $1 "*"$2"* ]]; }
wait_until 20 "the end of tickled among the events" sees tickled unit.exit
wait_until 20 "its new start among the events" sees tickled "daemon.start "
ctl "$standby" events --since "$since" --json || fail "events --json: $said"
jq -es 'any(.source == "tickled" and .event == "unit.exit" and .level == "warning" and .fields.code == "killed")' <<<"$said" >/dev/null ||
  fail "events --json does not have how tickled ended: $said"
jq -es 'all(.at >= "'"$since"'")' <<<"$said" >/dev/null || fail "events --since shows what is older: $said"
"$lab" exec "$standby" -- systemctl stop holdfast-tickled
sees tickled "daemon.stop " || fail "events does not have that tickled was stopped: $said"
"$lab" exec "$standby" -- systemctl start holdfast-tickled
refused 2 "$standby" "--since is 'yesterday', want how long ago" events --since yesterday
timeout 3 "$lab" exec "$standby" -- setpriv --reuid=nobody --clear-groups holdfastctl events >"$work/operator.out" 2>&1 &&
  fail "anybody may read the journal: $(cat "$work/operator.out")"
grep -q 'there is no journal that you may read: this must be run as root' "$work/operator.out" || fail "$(cat "$work/operator.out")"
say "the events of $standby have how tickled ended, and began again"
