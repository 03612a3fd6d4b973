# Somebody with root meddles by hand (R10). On the active: kills what waits for the standby, switches semi-sync off. On the standby: stops
# replication, throws its relay logs away, makes it writable. Nothing is lost by it, the role stays, the journal tells, and it is put right.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
was=$(active w)
heir=$(other "$was")
root_at() { timeout 60 "$lab" exec "$1" -- mariadb -N -e "$2"; } # NODE SQL

# end_waiter QUERY|CONNECTION: the commit that waits next; true if there was one. In the server, for a wait lasts a millisecond or two.
end_waiter() {
  local found
  found=$(timeout 60 "$lab" exec "$was" -- mariadb -N <<SQL
DELIMITER //
BEGIN NOT ATOMIC
  DECLARE who BIGINT;
  DECLARE tries INT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR 1094 SET who = NULL; -- it has ended by itself meanwhile
  REPEAT
    SET tries = tries + 1;
    SET who = (SELECT MIN(ID) FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for semi-sync ACK%');
    IF who IS NOT NULL THEN EXECUTE IMMEDIATE CONCAT('KILL $1 ', who); END IF;
  UNTIL who IS NOT NULL OR tries = 20000 END REPEAT;
  SELECT who IS NOT NULL;
END//
SQL
  ) || fail "the process list of $was: $found"
  [ "$found" = 1 ]
}
# It may have been acknowledged just before: then there is nothing to tell.
leak_by_waiter() { # QUERY|CONNECTION BEFORE
  local i
  end_waiter "$1" || return 1
  for i in 1 2 3 4 5 6 7 8 9 10; do
    ! told_more "$was" holdfast-heartbeatd event=leak.begin "$2" || return 0
    sleep 0.1
  done
  return 1
}
# It ends only when the standby has what was let through.
leak_is_over() {
  [ "$("$lab" exec "$was" -- journalctl -q -o cat --no-pager --since "$told_since" -u holdfast-heartbeatd | grep -o 'event=leak\.[a-z]*' | tail -n 1)" = event=leak.end ]
}
semi_is_on() { [ "$(root_at "$was" 'SELECT @@rpl_semi_sync_master_enabled')" = 1 ]; }
receives_and_applies() {
  [ "$("$lab" exec "$heir" -- mariadb -e 'SHOW SLAVE STATUS\G' 2>/dev/null | grep -cE ' Slave_(IO|SQL)_Running: Yes$')" = 2 ]
}
is_read_only() { [ "$(root_at "$heir" 'SELECT @@read_only' 2>/dev/null)" = 1 ]; }
stays() { [ "$(status w '"\(.active)/\(.epoch)"')" = "$was/$epoch" ] || fail "after $1: $(status w '"\(.active)/\(.epoch)"'), it was $was/$epoch"; }

start_load human
epoch=$(status w .epoch)
for kind in QUERY CONNECTION; do
  for i in 1 2 3; do
    before=$(told "$was" holdfast-heartbeatd event=leak.begin)
    wait_until 60 "a leak by KILL $kind of a commit that waits" leak_by_waiter "$kind" "$before"
    wait_until 30 "the end of the leak in the journal of $was" leak_is_over
    payments_flow
  done
  stays "KILL $kind"
  say "KILL $kind: told, and payments flow"
done
for i in 1 2 3; do
  before=$(told "$was" holdfast-heartbeatd event=leak.begin)
  root_at "$was" 'SET GLOBAL rpl_semi_sync_master_enabled=OFF' || fail "semi-sync is not switched off"
  wait_until 30 "semi-sync is on again" semi_is_on
  wait_until 30 "the journal of $was tells of a leak" told_more "$was" holdfast-heartbeatd event=leak.begin "$before"
  wait_until 30 "and of its end" leak_is_over
  payments_flow
done
stays "semi-sync off"
wait_sync
say "semi-sync off: told, on again, and payments flow"

# A copy that root stopped, and one whose relay logs root threw away, goes on following; one that could be written to is killed.
root_at "$heir" 'STOP SLAVE' || fail "replication on $heir is not stopped"
wait_until 60 "$heir follows again" receives_and_applies
payments_flow
wait_sync
# Between the two replication may already have been started again.
wait_until 30 "RESET SLAVE on $heir" root_at "$heir" 'STOP SLAVE; RESET SLAVE' 2>/dev/null
wait_until 60 "$heir follows again" receives_and_applies
payments_flow
wait_sync
before=$(told "$heir" holdfast-replicationd 'step=kill why=deposed')
root_at "$heir" 'SET GLOBAL read_only=0' || fail "$heir is not made writable"
wait_until 60 "$heir is killed for it" told_more "$heir" holdfast-replicationd 'step=kill why=deposed' "$before"
wait_until 60 "$heir is read only" is_read_only
payments_flow
wait_sync
stays "what was done on $heir"
say "$heir: stopped, reset, made writable; follows again"

# All that was let through is on the other, too.
"$lab" kill "$was"
wait_until 60 "$heir active" is_active "$heir" "$heir"
payments_flow
"$lab" start "$was"
wait_sync
stop_load
