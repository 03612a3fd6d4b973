# Somebody with root meddles by hand (R10). On the active: kills what waits for the standby, switches semi-sync off. On the standby: stops
# replication, throws its relay logs away, makes it writable. On both: sets what the promise rests on to something else. Nothing is lost by it,
# the role stays, the journal tells, and it is put right. A replica of theirs that acknowledges, too, makes it SOLO until it is gone. A second
# ledgerd, replicationd or heartbeatd beside the first does not start.
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

# NODE NAME VALUE WANTED: told, right again, and shown.
is_right() { [ "$(root_at "$1" "SELECT @@GLOBAL.$2" 2>/dev/null)" = "$3" ]; }
is_shown() { [[ $(status "$1" ".nodes[]|select(.name==\"$1\").reason") = *"$2"* ]]; }
set_wrong() {
  local before
  before=$(told "$1" holdfast-replicationd "event=variable.mend name=$2 ")
  root_at "$1" "SET GLOBAL $2=$3" || fail "$2 is not set on $1"
  wait_until 30 "$2 on $1 is $4 again" is_right "$1" "$2" "$4"
  wait_until 30 "the journal of $1 tells of $2" told_more "$1" holdfast-replicationd "event=variable.mend name=$2 " "$before"
}
for node in "$was" "$heir"; do
  while read -r name value right; do
    set_wrong "$node" "$name" "$value" "$right" </dev/null
  done <<'VARIABLES'
rpl_semi_sync_master_wait_point AFTER_COMMIT AFTER_SYNC
rpl_semi_sync_master_timeout 10000 18446744073709551615
rpl_semi_sync_master_wait_no_slave 0 1
rpl_semi_sync_slave_enabled 0 1
sync_binlog 0 1
innodb_flush_log_at_trx_commit 2 1
gtid_strict_mode 0 1
gtid_domain_id 7 0
binlog_format STATEMENT ROW
binlog_row_image MINIMAL FULL
VARIABLES
  wait_until 30 "status shows it of $node" is_shown "$node" "somebody set binlog_row_image to MINIMAL"
done
set_wrong "$heir" sync_relay_log 0 1
payments_flow
wait_sync
stays "what was set"
say "what the promise rests on: told, right again, and payments flow"

# A replica of somebody's own, on the standby's machine, that acknowledges.
timeout 120 "$lab" exec "$heir" -- sh -s -- "$(address_of "$was")" <<'REPLICA' || fail "a replica of somebody's own on $heir"
d=/var/tmp/replica
mkdir -p $d && chown mysql $d
mariadb-install-db --no-defaults --user=mysql --datadir=$d/mysql --tmpdir=$d/mysql --auth-root-authentication-method=socket >$d.log 2>&1 || exit 1
systemd-run -q --unit=replica mariadbd --no-defaults --user=mysql --datadir=$d/mysql --tmpdir=$d/mysql --socket=$d/sock --pid-file=$d/pid --skip-networking \
  --server-id=99 --rpl-semi-sync-slave-enabled=1 --gtid-strict-mode=0 || exit 1
for i in $(seq 300); do mariadb -S $d/sock -e 'SELECT 1' >/dev/null 2>&1 && break; sleep 0.1; done
password=$(sed -n 6p /var/lib/holdfast/mysql/master.info)
position=$(mariadb -N -e 'SELECT @@gtid_current_pos')
mariadb -S $d/sock -e "SET GLOBAL gtid_slave_pos='$position'; CHANGE MASTER TO MASTER_HOST='$1', MASTER_PORT=3306,
  MASTER_USER='holdfast-replication', MASTER_PASSWORD='$password', MASTER_USE_GTID=slave_pos, MASTER_SSL=1,
  MASTER_SSL_CA='/etc/holdfast/pki/ca.pem', MASTER_SSL_CERT='/etc/holdfast/pki/mariadb.pem', MASTER_SSL_KEY='/etc/holdfast/pki/mariadb.key',
  MASTER_SSL_VERIFY_SERVER_CERT=0; START SLAVE IO_THREAD"
REPLICA
wait_until 60 "SOLO, for nobody knows whose acknowledgements count" is_mode w SOLO
wait_until 60 "status of $was names it" is_shown "$was" "another replica acknowledges"
payments_flow
stays "a replica of somebody's own"
timeout 60 "$lab" exec "$heir" -- sh -c 'systemctl kill -s KILL replica; systemctl stop replica; systemctl reset-failed replica; rm -rf /var/tmp/replica; true' || fail "the replica does not end"
wait_sync
payments_flow
say "a replica of somebody's own: SOLO, shown, and SYNC again without it"

# The programs of the services, typed by hand beside them: they refuse before they touch anything.
for node in "$was" "$heir"; do
  for program in ledgerd replicationd heartbeatd; do
    if said=$(timeout 10 "$lab" exec "$node" -- timeout 5 "holdfast-$program" 2>&1); then fail "a second $program ran on $node: $said"; fi
    case $said in *'held by another process of this program'*) ;; *) fail "a second $program on $node: $said" ;; esac
  done
done
payments_flow
stays "second ones"
say "second ones of the daemons were refused"

# The socket of the ledger, which a clean-up of /run takes away: it is made again, and nobody is refused.
timeout 20 "$lab" exec "$was" -- rm /run/holdfast/ledger/ledgerd.sock || fail "no socket of the ledger on $was"
wait_until 10 "a socket of the ledger" in_node "$was" '[ -S /run/holdfast/ledger/ledgerd.sock ]'
in_node "$was" 'journalctl -q -u holdfast-ledgerd | grep -q "event=server.mend"' || fail "nothing is said of the socket that was made again"
in_node "$was" 'systemctl restart holdfast-workerd@1'
payments_flow
stays "without its socket"
say "the socket of the ledger was removed, and made again"

# All of its directory: another life of ledgerd is needed to have a sandbox with the new one, so the role goes first.
in_node "$was" 'rm -r /run/holdfast/ledger' || fail "no directory of the ledger on $was"
wait_until 30 "$heir active" is_active "$heir" "$heir"
wait_until 30 "a socket of the ledger" in_node "$was" '[ -S /run/holdfast/ledger/ledgerd.sock ] && [ -d /run/holdfast/ledger/own ]'
payments_flow
wait_sync
wait_until 30 "$was fit to take the role back" ctl w switchover --to "$was" --yes
payments_flow
say "the directory of the ledger was removed: $heir took over, and $was made it again"

# All that was let through is on the other, too.
takes_over "$heir" "$was"
stop_load
