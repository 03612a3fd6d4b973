# The applier of the standby stops with an error that says nothing about its copy: somebody holds a lock for too long there. The pair goes to
# SOLO, the reason has MariaDB's number, it is tried again, and the copy comes back as it is, without a fresh one.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
root_at() { timeout 60 "$lab" exec "$1" -- mariadb -N -e "$2"; } # NODE SQL
is_shown() { [[ $(status "$1" ".nodes[]|select(.name==\"$1\").reason") = *"$2"* ]]; }
tried_more() { [ "$(told "$heir" holdfast-replicationd step=follow)" -gt "$1" ]; }

start_load applier
was=$(active w)
heir=$(other "$was")
epoch=$(status w .epoch)
seeds=$(told "$heir" holdfast-replicationd event=seed.begin)
root_at "$heir" 'SET GLOBAL innodb_lock_wait_timeout=1, GLOBAL slave_transaction_retries=2; STOP SLAVE' || fail "$heir is not prepared"
wait_sync
tries=$(told "$heir" holdfast-replicationd step=follow)
timeout 300 "$lab" exec "$heir" -- mariadb -e 'BEGIN; SELECT * FROM holdfast.ledger_head FOR UPDATE; DO SLEEP(240)' >/dev/null 2>&1 &
holder=$!
wait_until 60 "SOLO" is_mode w SOLO
wait_until 60 "the reason of $heir has the error" is_shown "$heir" "MariaDB error 1205, "
payments_flow
wait_until 90 "$heir tries again" tried_more "$((tries + 2))"
is_mode w SOLO || fail "SYNC while $heir applies nothing"
root_at "$heir" "SELECT CONCAT('KILL ', ID) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'DO SLEEP(240)%' INTO @kill; EXECUTE IMMEDIATE @kill" ||
  fail "the lock is not let go"
wait "$holder"
wait_sync
payments_flow
[ "$(told "$heir" holdfast-replicationd event=seed.begin)" = "$seeds" ] || fail "$heir took a fresh copy for a lock"
[ "$(status w '"\(.active)/\(.epoch)"')" = "$was/$epoch" ] || fail "the role has moved"
say "$heir waited for a lock, and came back with its copy"

# What it applied late is all there.
root_at "$heir" 'SET GLOBAL innodb_lock_wait_timeout=50, GLOBAL slave_transaction_retries=10' || fail "$heir is not put right"
takes_over "$heir" "$was"
stop_load
