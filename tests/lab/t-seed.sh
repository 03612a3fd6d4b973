# The standby's data is gone, and it takes a fresh copy under load: every member tells how far that is, that nothing comes any more, that it
# was interrupted, and that it is tried again. The sender is held, so that there is time to ask.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

reason_is() { status "$1" ".nodes[]|select(.name==\"$standby\").reason" | grep -qE "$2"; }
# Holds mariadb-backup on the active as soon as there is another one than the last; its pid is in $held.
hold() {
  held=$("$lab" exec "$now" -- timeout 60 sh -c 'until pid=$(pidof mariadb-backup) && [ "$pid" != "$1" ] && kill -STOP "$pid"; do
    sleep 0.02; done; echo "$pid"' - "${held:-none}") || fail "no mariadb-backup on $now"
}

now=$(active w)
standby=$(other "$now")
start_load seed
"$lab" exec "$standby" -- systemctl stop holdfast-replicationd
"$lab" exec "$standby" -- systemctl kill -s KILL mariadb
wait_until 30 "SOLO" is_mode "$now" SOLO
"$lab" exec "$standby" -- rm -r /var/lib/holdfast/mysql
"$lab" exec "$standby" -- systemctl start --no-block holdfast-replicationd
hold
for node in w "$now" "$standby"; do
  wait_until 30 "$node to tell how far the copy is" reason_is "$node" '^fetching a copy: [0-9.]+ of [0-9.]+ (MB|GB)'
done
wait_until 40 "w to tell that nothing comes" reason_is w ', nothing has come for [1-9][0-9]+ s$'
"$lab" exec "$now" -- kill -KILL "$held"
wait_until 30 "w to tell that it was interrupted" reason_is w '^the copy was interrupted at .*mariadb-backup|\(the last one was interrupted\)'
"$lab" exec "$standby" -- journalctl -q -o cat -u holdfast-replicationd |
  grep -q 'event=plan.fail step=seed why="the copy was interrupted at .*, and begins again: the sender failed: ' ||
  fail "the journal of $standby does not say why"
say "a copy whose sender died said so"

# Whoever comes after a replicationd that was killed finds what it had begun.
hold
wait_until 30 "w to tell how far the second is" reason_is w '^fetching a copy \(the last one was interrupted\): '
"$lab" exec "$standby" -- systemctl kill -s KILL --kill-who=main holdfast-replicationd
hold
wait_until 30 "w to tell that the one before was interrupted" reason_is w '^fetching a copy \(the last one was interrupted\): '
"$lab" exec "$now" -- kill -CONT "$held"
wait_sync
payments_flow
stop_load
is_active w "$now" || fail "the role has moved"
[ -z "$(status w ".nodes[]|select(.name==\"$standby\").reason")" ] || fail "$standby still has a reason"
say "the third copy was whole, and $standby is in sync"
