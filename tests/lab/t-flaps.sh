# The link between the gateways is cut and healed, fifty times in a minute or so, under load: the work that it makes is bounded, the role
# does not move, nobody takes a fresh copy, and it is SYNC when it is over.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
flaps=50
tell_counts() { # what each daemon did, of both gateways together
  local n steps=0 seeds=0 dumps=0
  for n in a b; do
    steps=$((steps + $(told "$n" holdfast-replicationd event=plan.step)))
    seeds=$((seeds + $(told "$n" holdfast-replicationd event=seed.begin)))
    dumps=$((dumps + $(told "$n" mariadb 'Start semi-sync binlog_dump')))
  done
  echo "$(status w .version) $steps $seeds $dumps"
}

LOAD_RATE=100 # what is asked here is not how much it takes, and each payment is looked at in the end
start_load flaps
now=$(active w)
epoch=$(status w .epoch)
read -r version steps seeds dumps < <(tell_counts)
begun=$SECONDS
# Some are over before anybody takes the other for lost (peer-timeout-ms, 0.5 s), some are not.
for ((i = 0; i < flaps; i++)); do
  "$lab" cut a b
  sleep "0.$((1 + i % 9))"
  "$lab" heal
  sleep "0.$((9 - i % 9))"
done
wait_sync
lasted=$((SECONDS - begun))
payments_flow
read -r version2 steps2 seeds2 dumps2 < <(tell_counts)
[ "$(status w .active)/$(status w .epoch)" = "$now/$epoch" ] || fail "the role moved to $(status w .active), epoch $(status w .epoch)"
[ "$seeds2" = "$seeds" ] || fail "$((seeds2 - seeds)) fresh copies were taken"
[ "$steps2" -gt "$steps" ] || fail "the journals tell of no step, though nobody was heard for longer than peer-timeout-ms"
"$lab" exec "$now" -- journalctl -b -q -o cat --no-pager -u mariadb | grep 'Start semi-sync binlog_dump' >/dev/null ||
  fail "the journal of $now does not tell of connections"
say "$flaps flaps, SYNC $lasted s after the first: the record changed $((version2 - version)) times, $((dumps2 - dumps)) connections, $((steps2 - steps)) steps"
# One SOLO and one ADD for each.
[ $((version2 - version)) -le $((2 * flaps)) ] || fail "the record changed $((version2 - version)) times"
# MASTER_CONNECT_RETRY is a second.
[ $((dumps2 - dumps)) -le "$lasted" ] || fail "$((dumps2 - dumps)) connections in $lasted s"
# To add the other is tried once a second, which takes the active three steps (semi-sync on, mark, off). To begin following anew, a thread
# started, and to have a new token take the other less than two a second.
[ $((steps2 - steps)) -le $((5 * lasted)) ] || fail "$((steps2 - steps)) steps of the plan in $lasted s"
# And then it is quiet.
payments_flow
[ "$(status w .version)" = "$version2" ] || fail "the record goes on changing, from $version2 to $(status w .version)"
stop_load
