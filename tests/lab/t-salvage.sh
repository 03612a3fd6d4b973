# The active dies, and so does the database of the standby, with transactions that it has received and not applied: nobody else has them.
# They are taken out of the relay logs before it opens. Where those are spoilt it does not open, and says why, until the other is back.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
roles() { was=$(active w) heir=$(other "$was"); }
# A row that every batch writes, held as by somebody who looks into the ledger by hand: reading goes on, and nothing is applied.
hold_applier() {
  "$lab" exec "$heir" -- systemd-run --quiet --collect --unit=hold-applier \
    mariadb -e 'BEGIN; SELECT epoch FROM holdfast.ledger_head WHERE id=1 FOR UPDATE; SELECT SLEEP(600)'
}
holds() { "$lab" exec "$heir" -- mariadb -N -e 'SHOW PROCESSLIST' | grep -q 'User sleep'; }
lags() { [ "$(status "$heir" ".nodes[]|select(.name==\"$heir\").behind")" -gt 30 ]; }

# The standby has received what it has not applied.
fall_behind() {
  roles
  payments_flow
  hold_applier || fail "nothing holds the applier of $heir"
  wait_until 20 "the row is held" holds
  wait_until 20 "$heir has received what it has not applied" lags
}

start_load salvage
wait_sync
before_a=$(told a holdfast-replicationd event=relay-log.salvage)
before_b=$(told b holdfast-replicationd event=relay-log.salvage)
fall_behind
[ "$heir" = a ] && before=$before_a || before=$before_b
power_off "$was"
"$lab" exec "$heir" -- systemctl kill --signal=KILL mariadb
wait_until 60 "$heir active" is_active "$heir" "$heir"
payments_flow
[ "$(told "$heir" holdfast-replicationd event=relay-log.salvage)" -gt "$before" ] || fail "$heir opened without a salvage"
say "$("$lab" exec "$heir" -- journalctl -q -o cat --no-pager -u holdfast-replicationd | grep event=relay-log.salvage | tail -n 1)"
power_on "$was"
wait_sync

# spoilt WORDS COMMAND: both lose their power, the last relay log of the standby ($1 of the command) is spoilt, and it comes back first. It is
# in in_sync, and has the vote of w.
spoilt() {
  local last opened pattern=$1
  fall_behind
  "$lab" kill "$was" &
  power_off "$heir"
  wait "$!"
  last=$(find "$(mysql_of "$heir")" -name 'relay.[0-9]*' | sort | tail -n 1)
  [ -s "$last" ] || fail "$heir has no relay log"
  bash -c "$2" - "$last" || fail "$last cannot be spoilt"
  power_on "$heir"
  wait_until 60 "$heir tells what is wrong" tells "$pattern"
  say "$heir says: $(reason)"
  opened=$("$lab" exec "$heir" -- journalctl -b -q -o cat --no-pager -u holdfast-heartbeatd | grep -c event=gate.open)
  [ "$opened" = 0 ] || fail "$heir has opened its gate, with a part of what was paid"
  power_on "$was"
  wait_sync w 180
  [ "$(active w)" = "$was" ] || fail "$(active w) is active, $was has all that was paid"
  payments_flow
}
reason() { status w ".nodes[]|select(.name==\"$heir\").reason"; }
# In status, or, when it saw that before it knew that the active is gone and has given its own copy up, in its journal alone.
tells() {
  { reason; "$lab" exec "$heir" -- journalctl -b -q -o cat --no-pager -u holdfast-replicationd; } | grep -E -- "$1" >/dev/null
}
spoilt 'relay\.[0-9]+ is not a binary log that can be read' 'dd if=/dev/zero of="$1" bs=1 count=4 conv=notrunc status=none'
# What the active answered in its last moment nobody else may have heard of; more than that is missed.
spoilt 'lacks payments that were answered: bring [ab] back|is damaged after transaction [0-9]+' 'size=$(stat -c %s "$1") &&
  dd if=/dev/zero of="$1" bs=1 seek=$((size / 2)) count=$((size - size / 2)) conv=notrunc status=none'
stop_load
say "D5_heir_applies_everything_before_it_opens, museum21_relay_log_unapplied_at_promotion: what only its relay log had is there"
