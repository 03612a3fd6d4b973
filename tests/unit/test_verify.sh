#!/bin/bash
# holdfast-verify on a real MariaDB with a ledger that a real ledgerd has written: unharmed it adds up, and each of a table of errors that are
# planted is found, under its name. Needs root and mariadb-server; without them it is skipped.
# shellcheck disable=SC2154,SC2034 # PID is an array of tests/unit/daemons.sh; A and B are for transfer()
set -u
# shellcheck source=tests/unit/a_gateway.sh
. "${srcdir:-.}/tests/unit/a_gateway.sh"

KEY=0
act() { # PATH [BODY]: K is its key
	KEY=$((KEY + 1)); K="v$KEY-x"
	api POST "$1" "$K" ${2:+"$2"}
	[ "${status:0:1}" = 2 ] || [ "${3:-}" = refused ] || fail "$1: $status $(cat "$D/body")"
}
verify() { # ARGUMENT...
	timeout 120 "$BUILD/holdfast-verify" -f "$D/holdfast.conf" --role "$D/role" --database-socket "$D/my.sock" \
		--result "$D/verify.json" --share 100 "$@" 2>&1
}
hex_of() { sql "SELECT HEX($1) FROM $2 LIMIT 1"; }

# Something of each kind, by the ledger itself.
make_ledger() {
	local both
	account wallet; A=$id
	account merchant; B=$id
	both="\"payer\":\"$A\",\"payee\":\"$B\",\"currency\":\"CNY\""
	act /v1/topups "{\"account\":\"$A\",\"amount\":10000,\"currency\":\"CNY\",\"channel\":\"bank\",\"channel_reference\":\"one\"}"
	act /v1/topups "{\"account\":\"$A\",\"amount\":10000,\"currency\":\"CNY\",\"channel\":\"bank\",\"channel_reference\":\"one\"}" # told again
	act /v1/transfers "{\"from\":\"$A\",\"to\":\"$B\",\"amount\":100,\"currency\":\"CNY\"}"
	T=$(member id)
	act "/v1/transfers/$T/reverse" '{"reason":"mistake"}'
	act /v1/transfers "{\"from\":\"$A\",\"to\":\"$B\",\"amount\":99999,\"currency\":\"CNY\"}" refused
	act /v1/transfers "{\"from\":\"$A\",\"to\":\"$B\",\"amount\":11,\"currency\":\"CNY\"}"
	act /v1/transfers "{\"from\":\"$A\",\"to\":\"$B\",\"amount\":12,\"currency\":\"CNY\"}"
	api POST /v1/transfers/batch batch1-x "{\"atomic\":false,\"items\":[{\"from\":\"$A\",\"to\":\"$B\",\"amount\":1,\"currency\":\"CNY\"},
		{\"from\":\"$B\",\"to\":\"$A\",\"amount\":99999,\"currency\":\"CNY\"}]}"
	act /v1/payments "{$both,\"amount\":1000,\"fee\":{\"bps\":290,\"fixed\":30},\"metadata\":{\"voided_amount\":\"7\"}}"
	P=$(member id)
	act "/v1/payments/$P/refunds" '{"amount":400,"reason":"late"}'
	act /v1/payments "{$both,\"amount\":1000,\"capture\":\"manual\",\"fee\":{\"bps\":100}}"
	P=$(member id)
	act "/v1/payments/$P/capture" '{"amount":300}'
	act "/v1/payments/$P/capture" '{"amount":200,"final":true}'
	act /v1/payments "{$both,\"amount\":50,\"capture\":\"manual\"}"
	P=$(member id)
	act "/v1/payments/$P/capture" '{"amount":20}'
	act "/v1/payments/$P/void"
	act /v1/payments "{$both,\"amount\":60,\"capture\":\"manual\",\"hold_seconds\":1}"
	act /v1/payments "{$both,\"amount\":70,\"capture\":\"manual\"}"
	for W in 1 2 3; do
		act /v1/withdrawals "{\"account\":\"$A\",\"amount\":2$W,\"currency\":\"CNY\",\"channel\":\"bank\",\"destination\":{\"type\":\"token\",\"value\":\"x\"}}"
		[ $W = 3 ] || act "/v1/withdrawals/$(member id)/$([ $W = 1 ] && echo confirm || echo fail)"
	done
	account wallet ',"metadata":{"a":"b"}'
	act "/v1/accounts/$id/freeze"; act "/v1/accounts/$id/freeze"; act "/v1/accounts/$id/unfreeze"; act "/v1/accounts/$id/close"
	account wallet
	act "/v1/accounts/$id/freeze"
	api PATCH "/v1/accounts/$A" patch-x '{"metadata":{"c":"d"},"max_balance":99999}'
	KEY=$((KEY + 1))
	api POST /v1/users "user-x" '{"login":"verify","password":"correct horse battery","display_name":"V"}'
	equal "a user" "$status" 201
	until_true 15 eval '[ "$(sql "SELECT COUNT(*) FROM journal WHERE kind=20")" = 1 ]' || fail "nothing expires"
	stop ledgerd
}

test_unharmed() {
	local said
	said=$(verify --on-active); equal "unharmed: exit status" $? 0
	matches "it says so" "$said" '^the ledger adds up: [0-9]+ operations, [0-9]+ accounts, 5 payments, 3 withdrawals, in '
	matches "in JSON" "$(verify --on-active --json)" '^\{"result":"right","at":"20[^"]*Z",.*"findings":0,"by_check":\{\},"list":\[\]\}$'
	matches "and for who watches" "$(cat "$D/verify.json")" '"result":"right".*"findings":0'
	equal "who may read it" "$(stat -c %a "$D/verify.json")" 644
	said=$(verify --on-active --memory 1); equal "with little memory: exit status" $? 0
}

# A table of errors: the name under which each must be found, a pattern of the report, what is planted, and what takes it back.
FOUND=()
plant() { FOUND+=("$1" "$2" "$3"); }
acc='acc_[0-9A-Z]+'
pay='pay_[0-9A-Z]+'
plant balance "$acc posted at [0-9]+: expected (-?[0-9]+), found" \
	"ALTER TABLE account DROP CONSTRAINT above_min; UPDATE account SET posted=posted+1 WHERE kind=1 ORDER BY id LIMIT 1"
plant currency "CNY sum of posted: expected 0, found 1" "UPDATE account SET posted=posted+1 WHERE kind=3"
plant after-balance "$acc debit_after at [0-9]+: expected (-?[0-9]+), found" \
	"UPDATE journal SET debit_after=debit_after+1 WHERE kind=4 AND amount=11"
plant after-balance "$acc credit_after at [0-9]+: expected [0-9]+, found" "UPDATE journal SET credit_after=credit_after-7 WHERE kind=4 AND amount=12"
plant after-balance "$acc fee_after at [0-9]+: expected 59, found 60" "UPDATE journal SET fee_after=fee_after+1 WHERE kind=17 AND fee IS NOT NULL"
plant after-balance "$acc debit_after at [0-9]+: expected -?[0-9]+, found NULL" "UPDATE journal SET debit_after=NULL WHERE kind=4 AND amount=11"
plant sequence "seq at ([0-9]+): expected [0-9]+, found" "DELETE FROM journal WHERE kind=4 AND amount=11"
plant balance "$acc posted at [0-9]+: expected" "DELETE FROM journal WHERE kind=4 AND amount=11"
plant sequence "ledger_head next_seq: expected" "UPDATE ledger_head SET next_seq=next_seq+1"
plant event "event_seq at [0-9]+: expected 5, found 4" "ALTER TABLE journal DROP INDEX event_seq; UPDATE journal SET event_seq=4 WHERE event_seq=5"
plant event "event_seq at [0-9]+: expected 4, found 5" "UPDATE journal SET event=NULL, event_seq=NULL WHERE event_seq=4"
plant event "event at [0-9]+: expected one, for something was made, found none" "UPDATE journal SET event=NULL, event_seq=NULL WHERE event_seq=4"
plant event "ledger_head next_event: expected" "UPDATE ledger_head SET next_event=next_event+1"
plant constraint "journal definition: expected UNIQUE KEY .event_seq." "ALTER TABLE journal DROP INDEX event_seq"
plant constraint "journal definition: expected UNIQUE KEY .idempotency." "ALTER TABLE journal DROP INDEX idempotency"
plant constraint "payment definition: expected CONSTRAINT .within_captured." "ALTER TABLE payment DROP CONSTRAINT within_captured"
plant key "Idempotency-Key at [0-9]+: expected in one operation, found also in [0-9]+" \
	"ALTER TABLE journal DROP INDEX idempotency, ADD KEY idempotency (key_hash, principal);
	 SELECT key_hash, principal INTO @k, @p FROM journal WHERE kind=4 AND amount=11; UPDATE journal SET key_hash=@k, principal=@p WHERE kind=4 AND amount=12"
plant batch "batch_seq at [0-9]+: expected" "UPDATE journal SET batch_seq=1000000 WHERE seq=9"
plant batch "batch_seq at 9: expected" "UPDATE journal SET batch_seq=1 WHERE seq=9"
plant time "created_us at 9: expected" "UPDATE journal SET created_us=1 WHERE seq=9"
plant head "ledger_head epoch: expected one of cluster_epoch, found 77" "UPDATE ledger_head SET epoch=77"
plant answer "body at [0-9]+: expected .id.:.tr_[0-9A-Z]*., found" "UPDATE journal SET body=REPLACE(body, '\"id\":\"tr_', '\"id\":\"tr_X') WHERE kind=4 AND amount=11"
plant answer "body at [0-9]+: expected .status.:402" "UPDATE journal SET status=402, body='{}' WHERE kind=4 AND status=402 LIMIT 1"
plant answer "$pay captured_amount at [0-9]+: expected 300, found 301" \
	"UPDATE journal SET body=REPLACE(body, '\"captured_amount\":300', '\"captured_amount\":301') WHERE kind=18 AND amount=300"
plant movement "$acc currency at [0-9]+: expected CNY, found JPY" "UPDATE journal SET currency='JPY' WHERE kind=4 AND amount=11"
plant movement "$acc account at [0-9]+: expected a row, found none" "DELETE FROM account WHERE kind=4"
plant movement "movement at [0-9]+: expected an amount above 0" "UPDATE journal SET fee=fee+10000 WHERE kind=17 AND fee IS NOT NULL"
plant pending-out "$acc pending_out: expected 93, found 94" "UPDATE account SET pending_out=pending_out+1 WHERE pending_out>0"
plant pending-in "$acc pending_in: expected 70, found 69" "UPDATE account SET pending_in=pending_in-1 WHERE pending_in>0"
plant pending-out "$acc pending_out: expected 92, found 93" "UPDATE payment SET voided=voided+1 WHERE hold=1"
plant account "$acc status at [0-9]+: expected 1, found 0" "UPDATE account SET status=0 WHERE status=1"
plant account "$acc posted \+ pending_in: expected at most 5, found more" "ALTER TABLE account DROP CONSTRAINT below_max; UPDATE account SET max_balance=5 WHERE kind=2"
plant account "$acc last_seq: expected [0-9]+, found 0" "UPDATE account SET last_seq=0 WHERE kind=2"
plant payment "$pay captured at [0-9]+: expected 500, found 501" "UPDATE payment SET captured=501, voided=499 WHERE captured=500"
plant payment "$pay authorized at [0-9]+: expected 70, found 71" "UPDATE payment SET authorized=71 WHERE authorized=70"
plant payment "$pay refunded at [0-9]+: expected 400, found 399" "UPDATE payment SET refunded=399 WHERE refunded=400"
plant payment "$pay voided at [0-9]+: expected 30, found 29" "UPDATE payment SET voided=29 WHERE captured=20"
plant payment "$pay fee at [0-9]+: expected 59, found 58" "UPDATE payment SET fee=58 WHERE fee=59"
plant payment "$pay hold at [0-9]+: expected 2, found 1" "UPDATE payment SET hold=1 WHERE captured=500"
plant payment "$pay status at [0-9]+: expected 4, found 5" "UPDATE payment SET status=5 WHERE refunded=400"
plant payment "$pay refunded, fee: expected at most what was captured, found more" \
	"ALTER TABLE payment DROP CONSTRAINT within_captured; UPDATE payment SET refunded=1001 WHERE refunded=400"
plant payment "$pay captured . voided: expected at most what was authorized, found more" \
	"ALTER TABLE payment DROP CONSTRAINT within_authorized; UPDATE payment SET voided=9999 WHERE captured=20"
plant payment "$pay payer and payee: expected those of its movements, found others" "UPDATE payment SET payee=payer WHERE captured=500"
plant payment "$pay journal at [0-9]+: expected an operation that made it, found none" \
	"INSERT INTO payment SELECT REPEAT('p',16), payer, payee, currency, status, hold, authorized, captured, refunded, voided, fee, fee_bps, fee_fixed,
	 last_seq, created_us, expires_us, reference, metadata FROM payment WHERE captured=500"
plant payment "$pay captured at [0-9]+: expected 700, found 500" "UPDATE journal SET amount=500 WHERE kind=18 AND amount=300"
plant expired-hold "$pay hold: expected expired at 5, found open at" "UPDATE payment SET expires_us=5 WHERE hold=1"
plant withdrawal "wd_[0-9A-Z]+ status at [0-9]+: expected 1, found 2" "UPDATE withdrawal SET status=2 WHERE status=1"
plant withdrawal "wd_[0-9A-Z]+ amount at [0-9]+: expected 22, found 23" "UPDATE withdrawal SET amount=23 WHERE amount=22"
plant withdrawal "wd_[0-9A-Z]+ amount paid at [0-9]+: expected 21, found 20" "UPDATE journal SET amount=20 WHERE kind=25"
plant withdrawal "wd_[0-9A-Z]+ journal at [0-9]+: expected an operation that made it" "INSERT INTO withdrawal SELECT REPEAT('w',16), account, currency, channel,
	 status, amount, last_seq, created_us, destination FROM withdrawal WHERE status=3"
plant resource "$pay payment at [0-9]+: expected a row, found none" "DELETE FROM payment WHERE captured=500"
plant resource "wd_[0-9A-Z]+ withdrawal at [0-9]+: expected a row, found none" "DELETE FROM withdrawal WHERE status=3"
plant resource "$acc account at [0-9]+: expected a row, found none" "DELETE FROM account WHERE status=1"
plant reversal "movement at [0-9]+: expected the mirror of a transfer, found [0-9]+" "UPDATE journal SET amount=99 WHERE kind=28"
plant reversal "movement at [0-9]+: expected the mirror of a transfer, found no transfer" "UPDATE journal SET reverses=REPEAT('n',16) WHERE kind=28"
plant reversal "reverses at [0-9]+: expected a transfer, found none" "UPDATE journal SET reverses=NULL WHERE kind=28"
plant reversal "movement at [0-9]+: expected the mirror of a transfer, found [0-9]+" \
	"UPDATE journal SET reverses=(SELECT public_id FROM (SELECT public_id FROM journal WHERE kind=4 AND amount=12) x) WHERE kind=4 AND amount=11"
plant sequence "seq: expected 1, found 0" "UPDATE journal SET seq=0, event=NULL, event_seq=NULL WHERE kind=4 AND status=402 LIMIT 1"
plant sequence "ledger_head next_seq: expected [0-9]+, found [0-9]+" "UPDATE ledger_head SET next_seq=next_seq-1"
plant sequence "ledger_head next_seq: expected 10001, found [0-9]+" "UPDATE journal SET seq=10000 WHERE kind=28"
plant key "Idempotency-Key at [0-9]+: expected in one operation, found also in [0-9]+" \
	"ALTER TABLE journal DROP INDEX idempotency, ADD KEY idempotency (key_hash, principal);
	 INSERT INTO journal (seq, principal, key_hash, fingerprint, batch_seq, kind, status, body, created_us)
	 SELECT 1000+seq, 1, REPEAT('k',32), REPEAT('f',32), 1, 70, 200, '{}', 1 FROM seq_1_to_12000"
plant reversal "replay_of at [0-9]+: expected an earlier top-up" "UPDATE journal SET replay_of=seq+1 WHERE replay_of IS NOT NULL"

# Each on the ledger as it was made: a copy of its tables that is put back.
keep() {
	timeout 60 mariadb-dump --no-defaults --hex-blob -S "$D/my.sock" -u root holdfast account cluster_epoch journal ledger_head payment withdrawal >"$D/whole.sql"
}
put_back() { timeout 60 mariadb --no-defaults -S "$D/my.sock" -u root holdfast <"$D/whole.sql"; }

test_planted() {
	local i word pattern said
	for ((i = 0; i < ${#FOUND[@]}; i += 3)); do
		word=${FOUND[i]} pattern=${FOUND[i + 1]}
		sql "${FOUND[i + 2]}" || fail "cannot plant: ${FOUND[i + 2]}"
		said=$(verify --on-active); equal "planted, $word: exit status" $? 1
		matches "and found" "$said" "(^|
)$word: [0-9]+ times it is not true that [^
]*
(  [^
]*
)*  $pattern"
		put_back
	done
	said=$(verify --on-active); equal "all taken back" $? 0
	equal "the table has every check" "$(for ((i = 0; i < ${#FOUND[@]}; i += 3)); do echo "${FOUND[i]}"; done | sort -u | paste -sd' ')" \
		"$(grep -oE '^	X\(AUDIT_[A-Z_]+, "[a-z-]+"' "$SOURCE/replication/audit.h" | sed 's/.*"\(.*\)"/\1/' | sort | paste -sd' ')"
}

test_many_findings() {
	sql "UPDATE journal SET created_us=created_us+1000000000000"
	matches "a count of what is not listed" "$(verify --on-active --json)" '"result":"found".*"by_check":\{"time":[0-9]+\}'
	matches "for who watches, too" "$(cat "$D/verify.json")" '"result":"found".*"by_check":\{"time":[0-9]+\}\}$'
	put_back
}

test_where() {
	local said
	role role 1 1 0 sync; sleep 0.3
	said=$(verify); equal "on the active: another exit status" $? 3
	matches "and why" "$said" 'this node is the active one.*the standby does it'
	role role 1 2 1 sync; sleep 0.3
	said=$(verify); equal "on the standby" $? 0
	said=$(verify --database-socket "$D/none"); equal "no database: could not look" $? 2
	matches "which is left for who watches" "$(cat "$D/verify.json")" '"result":"failed".*"error":"'
	said=$(verify --share 0); equal "used wrongly" $? 2
	matches "with the range" "$said" "'0' is no number from 1 to 100"
	said=$(verify more); equal "a word too many" $? 2
	said=$(verify --role "$D/none"); equal "nobody says who is active" $? 2
}

# What it logs in as may read what it needs, and nothing else.
as_verify() { timeout 20 mariadb --no-defaults -S "$D/my.sock" -u holdfast-verify -N -B holdfast -e "$1" 2>&1 | sed -n 's/^ERROR \([0-9]*\).*/\1/p; /^[0-9][0-9]*$/p' | head -n 1; }
test_rights() {
	local statement
	for statement in "DELETE FROM journal" "UPDATE account SET posted=0" "INSERT INTO ledger_head (id) VALUES (1)" "SELECT COUNT(*) FROM user" \
		"SELECT COUNT(*) FROM session" "SELECT COUNT(*) FROM api_key" "DROP TABLE payment" "LOCK TABLES journal READ" "CREATE TABLE t (i INT)"; do
		matches "refused: $statement" "$(as_verify "$statement")" '^(1142|1044)$'
	done
}

# What it asks of the tables, in its order.
logged() { sql "SELECT argument FROM mysql.general_log WHERE user_host LIKE 'holdfast-verify%' AND command_type='Query'"; }
has_asked() { logged | grep -q "$1"; }
log_from_now() { sql "SET GLOBAL log_output='TABLE'; SET GLOBAL general_log=1; TRUNCATE mysql.general_log"; }
log_no_more() { sql "SET GLOBAL general_log=0"; }

# What changes is read first, and the snapshot given up before the journal, however long that is, is read.
test_order() {
	log_from_now
	verify --on-active >"$D/slow"; equal "it adds up" $? 0
	log_no_more
	equal "the order" "$(logged | sed -n 's/^START TRANSACTION.*/START/p; s/^ROLLBACK$/&/p; s/.*FROM holdfast.\([a-z]*\) .*FORCE INDEX (\([a-zA-Z_]*\)).*/\1.\2/p' | paste -sd' ')" \
		"account.PRIMARY payment.PRIMARY withdrawal.PRIMARY START account.PRIMARY payment.PRIMARY withdrawal.PRIMARY ROLLBACK journal.idempotency journal.reversed_once journal.PRIMARY ROLLBACK"
	# In the order of their index: a piece that sorted all that is left would make it quadratic.
	matches "how the keys are read" "$(sql "EXPLAIN $(logged | grep -F 'FORCE INDEX (idempotency)' | tail -n 1)")" 'Using index$'
}

# Rows that are right, enough of them for several pieces.
lengthen() {
	sql "INSERT INTO journal (seq, principal, key_hash, fingerprint, batch_seq, kind, status, body, created_us)
		SELECT h.next_seq-1+s.seq, 1, RPAD(s.seq,32,'k'), REPEAT('f',32), h.batch_seq, 70, 200, '{}', h.last_us FROM ledger_head h, seq_1_to_20000 s;
		UPDATE ledger_head SET next_seq=next_seq+20000"
}
in_the_background() { # ARGUMENT...
	verify "$@" >"$D/slow" &
	PID[slow]=$!
}
ends() { # WHAT STATUS
	wait "${PID[slow]}"
	equal "$1" $? "$2"
	unset "PID[slow]"
}

# Nothing waits for it: not what is written meanwhile, not a change of the schema; and what it sees is of one moment.
test_nobody_waits() {
	lengthen
	log_from_now
	in_the_background --on-active --share 2
	until_true 60 has_asked 'FORCE INDEX (idempotency)' || fail "it does not come to the journal"
	log_no_more
	equal "it has no snapshot any more" "$(sql "SELECT COUNT(*) FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p
		ON p.ID=t.trx_mysql_thread_id WHERE p.USER='holdfast-verify' AND p.COMMAND='Sleep'")" 0
	sql "UPDATE account SET posted=posted+1 WHERE kind=3"
	timeout 5 mariadb --no-defaults -S "$D/my.sock" -u root holdfast -e "ALTER TABLE ledger_head ADD COLUMN extra INT NULL, ALGORITHM=INSTANT; ALTER TABLE journal FORCE" &&
		pass "a change of the schema does not wait for it" || fail "a change of the schema waits for it"
	[ -d "/proc/${PID[slow]}" ] && pass "it went on all the time" || fail "it was through too early"
	ends "it has seen nothing of that" 0
	put_back
}

# Who stops it, or makes its node the active one, has not harmed the ledger: what came out last stays.
test_stopped() {
	local before pid
	verify --on-active >"$D/slow"
	before=$(cat "$D/verify.json")
	lengthen
	role role 1 2 1 sync
	in_the_background --share 1
	until_true 20 rests || fail "it does not rest"
	role role 1 1 0 sync
	ends "it has become the active one" 3
	matches "and why" "$(cat "$D/slow")" 'has become the active one'
	equal "the last result is left" "$(cat "$D/verify.json")" "$before"
	in_the_background --on-active --share 1
	until_true 20 rests || fail "it does not rest"
	matches "a second one at once" "$(verify --on-active; echo "status $?")" 'another one is at work.*
status 3$'
	stop_it
	ends "stopped" 3
	equal "the last result is left" "$(cat "$D/verify.json")" "$before"
	sql "ALTER TABLE journal DROP INDEX event_seq"
	in_the_background --on-active --share 1
	until_true 20 rests || fail "it does not rest"
	stop_it
	ends "stopped when it had found something" 1
	matches "which it tells" "$(cat "$D/slow")" 'UNIQUE KEY .event_seq'
	matches "and leaves" "$(cat "$D/verify.json")" '"result":"found".*"error":"stopped on request"'
	put_back
}
rests() { [ "$(sql "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER='holdfast-verify' AND COMMAND='Sleep' AND TIME_MS>120")" = 1 ]; }
stop_it() { kill -TERM "$(pgrep -P "$(pgrep -P "${PID[slow]}" timeout)" holdfast-verify)"; }

# Until accounts, payments and withdrawals are read, the database keeps what is changed meanwhile; not for ever.
test_limit() {
	sql "INSERT INTO payment SELECT UNHEX(MD5(s.seq)), payer, payee, currency, status, hold, authorized, captured, refunded, voided, fee, fee_bps, fee_fixed,
		last_seq, created_us, expires_us, reference, metadata FROM payment, seq_1_to_60000 s WHERE captured=500"
	matches "it takes too long" "$(verify --on-active --share 1 --snapshot 1; echo "status $?")" 'take longer than 1 s to read: give it a larger share
status 2$'
	matches "which is left for who watches" "$(cat "$D/verify.json")" '"result":"failed".*"error":"accounts, payments and withdrawals take longer'
	equal "its snapshot is given up" "$(sql "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER='holdfast-verify'")" 0
	matches "how long it may be" "$(verify --snapshot 90000)" "'90000' is no number from 1 to 86400"
	put_back
}

# An index that lists go by and that is still being built, or not there: nothing that it needs, and nothing it finds.
test_index_of_lists() {
	sql "ALTER TABLE journal DROP KEY kind"
	verify --on-active >"$D/slow"; equal "without the index of lists it adds up" $? 0
	put_back
}

# 1 would say that the ledger does not add up.
test_witness() {
	local said
	mkdir -p "$D/etc/holdfast"
	printf '[cluster]\nname = test\n[node]\nname = w\nkind = witness\naddress = 127.0.0.3\n' >"$D/etc/holdfast/holdfast.conf"
	# shellcheck disable=SC2016 # for the other shell
	said=$(unshare -m sh -c 'mount --bind "$1/etc" /etc && timeout 20 "$2/holdfastctl" verify' - "$D" "$BUILD" 2>&1)
	equal "on a witness: exit status" $? 2
	matches "and why" "$said" 'verify: only on a gateway'
}

test_begins_again() {
	sql "INSERT INTO payment SELECT UNHEX(MD5(s.seq)), payer, payee, currency, status, hold, authorized, captured, refunded, voided, fee, fee_bps, fee_fixed,
		last_seq, created_us, expires_us, reference, metadata FROM payment, seq_1_to_15000 s WHERE captured=500"
	log_from_now
	in_the_background --on-active --share 2
	until_true 60 has_asked '^START TRANSACTION' || fail "it does not begin"
	sql "ALTER TABLE withdrawal FORCE"
	ends "a table that it has yet to read is another one" 1
	log_no_more
	equal "it has begun again" "$(logged | grep -c '^START TRANSACTION')" 2
	matches "and tells each thing once" "$(cat "$D/slow")" 'payment: 15000 times it is not true'
	put_back
}

set_up
matches "the account is for a user of the system" "$(sql "SHOW CREATE USER 'holdfast-verify'@localhost")" 'IDENTIFIED VIA unix_socket WITH MAX_USER_CONNECTIONS'
sql "ALTER USER 'holdfast-verify'@localhost IDENTIFIED BY ''" # here there is none
make_ledger
keep
[ $# -gt 0 ] || set -- unharmed planted many_findings where rights order nobody_waits begins_again stopped limit index_of_lists witness
for t; do
	echo "# $t"
	"test_$t"
done
[ "$FAILED" = 0 ] && echo "all good"
exit "$FAILED"
