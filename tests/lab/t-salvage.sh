# The active dies, and so does the database of the standby, with transactions that it has received and not applied: nobody else has them.
# They are taken out of the relay logs before it opens.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
was=$(active w)
heir=$(other "$was")
# A row that every batch writes, held as by somebody who looks into the ledger by hand: reading goes on, and nothing is applied.
hold_applier() {
  "$lab" exec "$heir" -- systemd-run --quiet --collect --unit=hold-applier \
    mariadb -e 'BEGIN; SELECT epoch FROM holdfast.ledger_head WHERE id=1 FOR UPDATE; SELECT SLEEP(600)'
}
holds() { "$lab" exec "$heir" -- mariadb -N -e 'SHOW PROCESSLIST' | grep -q 'User sleep'; }
lags() { [ "$(status "$heir" ".nodes[]|select(.name==\"$heir\").behind")" -gt 5 ]; }

start_load salvage
payments_flow
before=$(told "$heir" holdfast-replicationd event=relay-log.salvage)
hold_applier || fail "nothing holds the applier of $heir"
wait_until 20 "the row is held" holds
wait_until 20 "$heir has received what it has not applied" lags
"$lab" kill "$was"
"$lab" exec "$heir" -- systemctl kill --signal=KILL mariadb
wait_until 60 "$heir active" is_active "$heir" "$heir"
payments_flow
[ "$(told "$heir" holdfast-replicationd event=relay-log.salvage)" -gt "$before" ] || fail "$heir opened without a salvage"
say "$("$lab" exec "$heir" -- journalctl -q -o cat --no-pager -u holdfast-replicationd | grep event=relay-log.salvage | tail -n 1)"
"$lab" start "$was"
wait_sync
stop_load
