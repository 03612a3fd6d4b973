#!/bin/bash
# The gateway on one host, for real: a private mariadbd, ledgerd, workerd and a heartbeatd that is played. Needs root and
# mariadb-server; without them it is skipped. Everything lives in a directory of its own and is gone afterwards.
# shellcheck disable=SC2154,SC2034 # PID is an array of tests/unit/daemons.sh; CONF_MORE is for set_up
set -u
# shellcheck source=tests/unit/a_gateway.sh
. "${srcdir:-.}/tests/unit/a_gateway.sh"

test_payments() {
	account wallet; A=$id
	account wallet; B=$id
	api POST /v1/topups t1 "{\"account\":\"$A\",\"amount\":100000,\"currency\":\"CNY\",\"channel\":\"bank\",\"channel_reference\":\"x1\"}"
	expect "top-up" 201
	TOPUP=$(member id)
	equal "not replayed" "$(head_value Idempotent-Replayed)" false
	equal "durability" "$(head_value Durability)" replicated
	transfer k1 1050
	expect "transfer" 201
	TRANSFER=$(member id)
	cp "$D/body" "$D/first"
	local seq; seq=$(head_value Ledger-Seq)
	transfer k1 1050
	expect "replay" 201
	cmp -s "$D/body" "$D/first" && pass "the replay is the same to the byte" || fail "the replay differs"
	equal "replayed" "$(head_value Idempotent-Replayed)" true
	equal "Ledger-Seq of the original" "$(head_value Ledger-Seq)" "$seq"
	transfer k1 1051
	expect "another body" 422 idempotency_key_reused
	transfer k2 1000000
	expect "too much" 402 insufficient_funds
	cp "$D/body" "$D/first"
	api POST /v1/topups t2 "{\"account\":\"$A\",\"amount\":2000000,\"currency\":\"CNY\",\"channel\":\"bank\",\"channel_reference\":\"x2\"}"
	expect "second top-up" 201
	transfer k2 1000000
	expect "a refusal is sticky" 402 insufficient_funds
	cmp -s "$D/body" "$D/first" && pass "the refusal is the same to the byte" || fail "the refusal differs"
	equal "balance of A" "$(posted "$A")" 2098950
	equal "balance of B" "$(posted "$B")" 1050
	api GET "/v1/transfers/$TRANSFER"; expect "get transfer" 200
	api GET "/v1/topups/$TOPUP"; expect "get top-up" 200
	api GET "/v1/transfers/tr_01ARZ3NDEKTSV4RRFFQ69G5FAV"; expect "no such transfer" 404 not_found
	api GET /v1/idempotency_keys/k1; equal "state of k1" "$(member state) $(member resource)" "completed /v1/transfers/$TRANSFER"
	api GET /v1/idempotency_keys/k2; equal "state of k2" "$(member state) $(member status) $(member resource)" "completed 402 null"
	api GET /v1/idempotency_keys/nothing; equal "state of nothing" "$(member state)" absent
}

test_topup_once() {
	local body="{\"account\":\"$A\",\"amount\":100000,\"currency\":\"CNY\",\"channel\":\"bank\",\"channel_reference\":\"x1\"}"
	api POST /v1/topups t3 "$body"
	expect "the same top-up under a new key" 201
	equal "is the old one" "$(member id) $(head_value Idempotent-Replayed)" "$TOPUP true"
	api POST /v1/topups t4 "${body/100000/100001}"
	expect "the same reference, another amount" 409 duplicate_reference
	api GET /v1/idempotency_keys/t3; equal "the new key names the old top-up" "$(member resource)" "/v1/topups/$TOPUP"
	equal "balance of A" "$(posted "$A")" 2098950
}

test_refusals() {
	local good="{\"from\":\"$A\",\"to\":\"$B\",\"amount\":1,\"currency\":\"CNY\"}"
	api GET /v1/nothing; expect "unknown route" 404 not_found
	api PUT /v1/transfers; expect "method" 405 method_not_allowed
	equal "Allow" "$(head_value Allow)" "POST, GET"
	api POST /v1/transfers "" "$good"; expect "no key" 400 idempotency_key_missing
	api POST /v1/transfers "a#b" "$good"; expect "bad key" 400 idempotency_key_invalid
	api POST /v1/transfers r1 "$good" -H "Idempotency-Key: r2"; expect "two keys" 400 idempotency_key_invalid
	api POST /v1/transfers r1 "{" -H "X: $(head -c 30000 /dev/zero | tr '\0' x)"; expect "long header" 400 malformed_json
	api POST /v1/transfers r1 "{"; expect "JSON" 400 malformed_json
	api POST /v1/transfers r1 "{\"from\":1,\"from\":2}"; expect "duplicate member" 400 malformed_json
	api POST /v1/transfers r1 "[]"; expect "array" 422 validation_failed
	api POST /v1/transfers r1 "${good/1,/1.5,}"; expect "fraction" 422 validation_failed
	api POST /v1/transfers r1 "${good/1,/99999999999999999999,}"; expect "large number" 422 validation_failed
	api POST /v1/transfers r1 "${good%\}},\"extra\":1}"; expect "unknown member" 422 validation_failed
	api POST /v1/transfers r1 "${good%\}},\"reference\":\"4111 1111 1111 1111\"}"; expect "card" 422 pan_not_allowed
	api POST /v1/transfers r1 "${good/CNY/EUR}"; expect "currency" 422 currency_mismatch
	api POST /v1/transfers r1 "${good/$B/acc_01ARZ3NDEKTSV4RRFFQ69G5FAV}"; expect "no such account" 404 not_found
	equal "param" "$(member param)" to
	api POST /v1/transfers r1 "${good/$B/$A}"; expect "same account" 422 validation_failed
	api POST /v1/transfers r1 "" -H "Content-Type: text/plain" --data-raw "$good"; expect "media type" 415 unsupported_media_type
	api POST /v1/transfers r1 "{\"a\":\"$(head -c 70000 /dev/zero | tr '\0' x)\"}"; expect "large" 413 too_large
	api POST /v1/transfers r1 "{$(for i in {10..41}; do printf '"%s%s":1,' "$i" "$(printf '\\u0001%.0s' {1..150})"; done)\"x\":1}"
	expect "names that need a long answer" 422 validation_failed
	api POST /v1/transfers r1 "" -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' -T - < <(head -c 200000 /dev/zero)
	expect "large, in chunks" 413 too_large
	api POST /v1/transfers r1 "" -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' -H Expect: -T - < <(head -c 20000000 /dev/zero)
	expect "without an end" 000
	api GET "/v1/accounts/$A?x=1"; expect "query" 400 bad_parameter
	local SECRET=sk_wrong
	api GET "/v1/accounts/$A"; expect "unknown key" 401 unauthenticated
	equal "challenge" "$(head_value WWW-Authenticate)" Bearer
	SECRET=$("$BUILD/holdfast-api-key" --run-dir "$D" create --name reader --scopes ledger:read)
	api POST /v1/transfers r1 "$good"; expect "scope" 403 scope_missing
	equal "revoke" "$("$BUILD/holdfast-api-key" --run-dir "$D" revoke --name reader)" "reader: revoked"
	api GET "/v1/accounts/$A"; expect "revoked" 401 key_revoked
	equal "the HTTP library's own lines" "$(grep -cv '^<[0-7]>event=' "$D/workerd.log")" 0
}

# Sends one transfer until it is answered 201, with the same key: what a good client does.
pay_once() { # KEY
	curl -s -m 10 -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $SECRET" -H "Idempotency-Key: $1" \
		-H 'Content-Type: application/json' \
		--data-raw "{\"from\":\"$A\",\"to\":\"$B\",\"amount\":1,\"currency\":\"CNY\"}" "http://127.0.0.1:$PORT/v1/transfers"
}

pay() { # KEY
	local i code
	for i in $(seq 60); do
		code=$(pay_once "$1")
		[ "$code" = 201 ] && { echo "$1" >>"$D/paid"; return; }
		sleep 0.1
	done
	echo "$1" >>"$D/unpaid"
}

load() { # PREFIX COUNT
	local -a pids=()
	local n i
	for n in 1 2 3 4; do
		(for i in $(seq "$2"); do pay "$1-$n-$i"; done) &
		pids+=($!)
	done
	LOAD="${pids[*]}"
}

test_killed_ledgerd() {
	local before i
	account wallet ',"metadata":{"note":"kept"}'
	api POST /v1/transfers meta1 "{\"from\":\"$A\",\"to\":\"$id\",\"amount\":2,\"currency\":\"CNY\"}"
	expect "transfer to an account with metadata" 201
	stop ledgerd KILL
	start_ledgerd
	api GET "/v1/accounts/$id"
	equal "its metadata, read again" "$(member note)" kept
	before=$(posted "$B")
	rm -f "$D/paid" "$D/unpaid"
	load kill 30
	for i in 1 2 3; do
		until_true 10 eval "[ \$(cat '$D/paid' 2>/dev/null | wc -l) -ge $((i * 20)) ]"
		stop ledgerd KILL
		start_ledgerd
	done
	# shellcheck disable=SC2086
	wait $LOAD
	equal "all were paid" "$(wc -l <"$D/paid") $(cat "$D/unpaid" 2>/dev/null | wc -l)" "120 0"
	equal "each once, by the balance" "$(($(posted "$B") - before))" 120
	equal "each once, by the journal" "$(sql "SELECT COUNT(*) FROM journal WHERE kind=4 AND status=201 AND amount=1")" 120
}

test_killed_database() {
	local before; before=$(posted "$B")
	rm -f "$D/paid" "$D/unpaid"
	load base 10
	until_true 10 eval "[ \$(cat '$D/paid' 2>/dev/null | wc -l) -ge 10 ]"
	stop mariadbd KILL
	start_mariadbd
	open_epoch 2 5 solo
	# shellcheck disable=SC2086
	wait $LOAD
	equal "all were paid" "$(wc -l <"$D/paid") $(cat "$D/unpaid" 2>/dev/null | wc -l)" "40 0"
	equal "each once" "$(($(posted "$B") - before))" 40
	api GET "/v1/accounts/$A"; equal "durability in SOLO" "$(head_value Durability)" local
}

test_gate() {
	role shut
	until_true 5 reports closed=1 || fail "the closing is not confirmed"
	transfer gate1 1; expect "a closed gate" 503 failover_in_progress
	equal "Retry-After" "$(head_value Retry-After)" 1
	(sleep 0.5; role unshut) &
	local waiter=$!
	transfer gate2 1; expect "a gate that opens in time" 201
	wait $waiter
	transfer gate1 1; expect "A8_a_503_was_not_executed" 201
	equal "for the first time" "$(head_value Idempotent-Replayed)" false
}

# R10: a commit that semi-sync let through is not answered before somebody who can close the gate has looked.
test_semi_sync_off() {
	local before
	role role 2 6 0 sync
	role blind
	before=$(sql "SELECT COUNT(*) FROM journal")
	sql "SET GLOBAL rpl_semi_sync_master_enabled=OFF"
	pay_once semi1 >"$D/semi" &
	local payer=$!
	until_true 5 eval "[ \$(sql 'SELECT COUNT(*) FROM journal') -gt $before ]" || fail "it is not committed"
	equal "the answer waits" "$(cat "$D/semi")" ""
	role shut
	role sees
	sql "SET GLOBAL rpl_semi_sync_master_enabled=ON"
	until_true 5 reports closed=2 || fail "the closing is not confirmed"
	equal "and waits" "$(cat "$D/semi")" ""
	role unshut
	wait $payer
	equal "the answer when both have it" "$(cat "$D/semi")" 201
	sql "SET GLOBAL rpl_semi_sync_master_enabled=OFF"
	role role 2 7 0 solo
	role blind
	transfer semi2 1; expect "alone, one copy is what is promised" 201
	equal "durability" "$(head_value Durability)" local
	role sees
	sql "SET GLOBAL rpl_semi_sync_master_enabled=ON"
}

# What a request waited at the edge counts.
test_arrived() {
	local body="{\"from\":\"$A\",\"to\":\"$B\",\"amount\":1,\"currency\":\"CNY\"}" now; now=$(date +%s%3N)
	api POST /v1/transfers late1 "$body" -H "X-Holdfast-Arrived: $((now - 3500))"
	expect "a request that came too long ago, perhaps not for the first time" 504 internal
	api GET "/v1/accounts/$A" "" "" -H "X-Holdfast-Arrived: $((now - 3500))"; expect "a question" 503 failover_in_progress
	api GET /v1/idempotency_keys/late1; equal "it was not executed" "$(member state)" absent
	api POST /v1/transfers late1 "$body" -H "X-Holdfast-Arrived: $now"; expect "one that has just come" 201
	api POST /v1/transfers late2 "$body" -H "X-Holdfast-Arrived: 1x"; expect "no number" 201
	api POST /v1/transfers late3 "$body" -H "X-Holdfast-Arrived: $((now + 99999))"; expect "tomorrow" 201
}

# R12: a writer that believes in another epoch writes nothing.
test_stale_epoch() {
	sql "UPDATE ledger_head SET epoch=3 WHERE id=1"
	transfer stale1 1; expect "D11_writer_of_an_older_epoch_writes_nothing" 503 failover_in_progress
	equal "D11_writer_of_an_older_epoch_writes_nothing: nothing was written" "$(sql "SELECT COUNT(*) FROM journal WHERE batch_seq > (SELECT batch_seq FROM ledger_head)")" 0
	role role 3 9 0 sync
	transfer stale1 1; expect "the next epoch" 201
	equal "for the first time" "$(head_value Idempotent-Replayed)" false
}

# R9: COMMIT is held up, the record changes meanwhile, the epoch stays: the answer comes, as the first one.
test_record_changes_during_commit() {
	sql "SET GLOBAL innodb_flush_log_at_trx_commit=1"
	mariadb --no-defaults -S "$D/my.sock" -u root holdfast -e "BACKUP STAGE START; BACKUP STAGE BLOCK_COMMIT; SELECT SLEEP(1.5); BACKUP STAGE END" >/dev/null &
	local holder=$!
	until_true 5 eval "sql 'SHOW PROCESSLIST' | grep -q SLEEP"
	(until_true 5 reports committing=1 || echo "no commit was seen" >&2; role role 3 30 0 solo) &
	local changer=$!
	transfer r9 1
	expect "the record changed during COMMIT" 201
	equal "for the first time" "$(head_value Idempotent-Replayed)" false
	equal "as SOLO" "$(head_value Durability)" local
	wait $holder $changer
}

# hold_payment KEY FILE: a payment whose COMMIT is held, with its status in FILE when it has one; $HELD is its key and $PAYER its process. What is
# held may be the ledger's own trial, which it commits when nobody pays, and the payment waits behind it: then another one is tried.
hold_payment() {
	local try
	for try in {1..20}; do
		HELD=$1-$try
		hold_commits
		pay_once "$HELD" >"$2" &
		PAYER=$!
		until_true 10 reports committing=1 || fail "no commit was seen"
		[ "$(sql "SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_rows_modified>1")" = 0 ] || return 0
		let_go
		wait "$PAYER"
	done
	fail "twenty times no payment's commit was held"
}

# What waits behind a COMMIT that nobody acknowledges is told so; it was not executed. Alone there is nobody to acknowledge.
test_stalled() {
	role role 3 20 0 sync
	hold_payment stall1 "$D/stall1"
	transfer stall2 1; expect "behind it" 503 replication_stalled
	equal "Retry-After" "$(head_value Retry-After)" 1
	wait "$PAYER"
	equal "the one that waits for it is not known" "$(cat "$D/stall1")" 504
	role role 3 21 0 solo
	transfer stall2 1; expect "alone" 503 failover_in_progress
	let_go
	role role 3 22 0 sync
	transfer stall2 1; expect "when it goes on" 201
	equal "for the first time" "$(head_value Idempotent-Replayed)" false
	transfer "$HELD" 1; expect "the unknown one" 201
	equal "was executed" "$(head_value Idempotent-Replayed)" true
}

# One key that has as many requests under way as it may is refused the next one, of whatever kind. Others are not.
crowded() { # a key that was not used before: was it refused because of the others?
	K=many-$RANDOM-x$RANDOM
	transfer "$K" 1
	[ "$status" = 429 ]
}
test_many_of_one_key() {
	local i pids=() other; other=$("$BUILD/holdfast-api-key" --run-dir "$D" create --name other --scopes '*')
	rm -f "$D/paid" "$D/unpaid"
	hold_commits
	# More than may be under way: a place is taken again while the shell that had it begins anew.
	for i in {1..18}; do
		pay "many$i" & # again and again, until it is served
		pids+=($!)
	done
	until_true 30 crowded || fail "eighteen want to be under way, and one more is not refused"
	expect "one more" 429 too_many_in_flight
	equal "Retry-After" "$(head_value Retry-After)" 1
	SECRET=$other api GET "/v1/accounts/$A"
	[ "$status" != 429 ] && pass "of another key" || fail "another key is refused, too"
	let_go
	wait "${pids[@]}"
	equal "those that wanted to be" "$(wc -l <"$D/paid") $(cat "$D/unpaid" 2>/dev/null | wc -l)" "18 0"
	transfer "$K" 1; expect "when there is room" 201
	equal "it was not executed before" "$(head_value Idempotent-Replayed)" false
}

# A twin of a request in flight: after 2 s "in progress". Which of the two is the twin is not known; the other is answered when its commit has
# come to its end, or that it is unknown after hold-timeout-ms.
test_twin() {
	local second
	hold_payment twin1 "$D/twin1"
	pay_once "$HELD" >"$D/twin2" &
	second=$!
	until_true 30 grep -q 409 "$D/twin1" "$D/twin2" && pass "A3_twin_in_flight_is_told" || fail "A3_twin_in_flight_is_told: no twin is"
	let_go
	wait "$PAYER" $second
	matches "and only one" "$(sort "$D/twin1" "$D/twin2" | paste -sd' ')" '^(201 409|409 504)$'
	transfer "$HELD" 1
	expect "A9_unknown_outcome_is_found_with_the_key" 201
	equal "A9_unknown_outcome_is_found_with_the_key: replayed" "$(head_value Idempotent-Replayed)" true
}

# What lay in the socket of a frozen ledger does not begin when it thaws; what no worker sends is hung up on.
test_raw() {
	local raw; raw=("$BUILD/tests/unit/raw_worker" "$D/ledger/ledgerd.sock" "$SECRET")
	kill -STOP "${PID[ledgerd]}"
	timeout 20 "${raw[@]}" raw1 "$A" "$B" 1 CNY 200 >"$D/raw" &
	local waiter=$!
	sleep 0.5 # longer than its 200 ms
	kill -CONT "${PID[ledgerd]}"
	wait $waiter
	equal "the first message, too old, was not executed" "$(cat "$D/raw")" "2 0"
	equal "a good one is" "$(timeout 20 "${raw[@]}" raw2 "$A" "$B" 1 CNY 5000)" "1 201"
	equal "a currency that there is not" "$(timeout 20 "${raw[@]}" raw3 "$A" "$B" 1 "CN " 5000)" closed
	equal "the others are served" "$(timeout 20 "${raw[@]}" raw2 "$A" "$B" 1 CNY 5000)" "1 201"
}

test_books() {
	equal "posted sums to zero" "$(sql "SELECT SUM(posted) FROM account")" 0
	equal "balances are the sums of the journal" "$(sql "SELECT COUNT(*) FROM account a WHERE posted <>
		(SELECT COALESCE(SUM(amount),0) FROM journal j WHERE j.credit=a.id) -
		(SELECT COALESCE(SUM(amount),0) FROM journal j WHERE j.debit=a.id)")" 0
	equal "one event for everything that succeeded, no gap" "$(sql "SELECT COUNT(event_seq)-COUNT(*), MAX(event_seq)-COUNT(*),
		COUNT(*)+1-(SELECT next_event FROM ledger_head) FROM journal WHERE status=201 AND replay_of IS NULL" | tr '\t' ' ')" "0 0 0"
	equal "no gap in the journal" "$(sql "SELECT MAX(seq)-MIN(seq)+1-COUNT(*) FROM journal")" 0
	equal "next_seq" "$(sql "SELECT next_seq-(SELECT MAX(seq) FROM journal) FROM ledger_head")" 1
}

# What is exported of such a log (R11) is listed by the ids that the clients were told.
test_export() {
	local helper; helper=(timeout 60 "$BUILD/tests/unit/salvage_helper")
	local list=$D/export.payments
	"${helper[@]}" cut "$D/data" bin.index 0-1-0 "$D/export" >"$D/cut" || fail "nothing is taken out: $(cat "$D/cut")"
	equal "it is printed" "$("${helper[@]}" print "$D/export")" ""
	equal "an account, a top-up and a transfer are listed" "$(grep -cxF -e "$A" -e "$TOPUP" -e "$TRANSFER" "$list")" 3
	equal "all that was made is, and nothing else" "$(grep -cE '^(acc|top|tr)_[0-9A-HJKMNP-TV-Z]{26}$' "$list") $(sort -u "$list" | wc -l)" \
		"$(sql "SELECT COUNT(public_id), COUNT(public_id) FROM journal" | tr '\t' ' ')"
}

# The socket takes the workers, the mesh and root; another user of this machine is hung up on.
test_stranger() {
	chmod 711 "$D" "$D/ledger"
	chmod 666 "$D/ledger/ledgerd.sock"
	equal "a stranger is hung up on" "$(timeout 10 python3 - "$D/ledger/ledgerd.sock" <<-'PY'
		import os, socket, sys
		os.setresuid(65534, 65534, 65534)
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		print(s.recv(1))
	PY
	)" "b''"
	equal "and that is said" "$(grep -c 'session.refuse uid=65534 ' "$D/ledgerd.log")" 1
}

# A ledger whose schema is not there yet waits, says so, and goes on as soon as it is.
test_older_schema() {
	sql "CREATE TABLE kept AS SELECT * FROM schema_version; DELETE FROM schema_version"
	open_epoch 4 31 sync
	until_true 10 grep -q 'ledger.wait .*waits for schema' "$D/ledgerd.log" || fail "nobody says that the schema is waited for"
	transfer schema1 1; expect "meanwhile" 503 failover_in_progress
	sql "INSERT INTO schema_version SELECT * FROM kept; DROP TABLE kept"
	until_true 10 reports barrier_epoch=4 || fail "the ledger does not open when the schema is there"
	transfer schema1 1; expect "then" 201
}

health() {
	local code; code=$(curl -s -m 5 -o "$D/health" -w '%{http_code}' "http://127.0.0.1:$PORT/healthz")
	echo "$code $(grep -o '"status":"[^"]*' "$D/health" | cut -d'"' -f4)"
}

# In the middle of an upgrade: neither end looks at what one of another release says, and the edge is told by the worker's health.
test_other_release() {
	local raw rows; raw=("$BUILD/tests/unit/raw_worker" "$D/ledger/ledgerd.sock" "$SECRET")
	rows=$(sql "SELECT COUNT(*) FROM journal")
	equal "a worker of another release is told so" "$(timeout 20 "${raw[@]}" release1 "$A" "$B" 1 CNY 5000 18000)" foreign
	equal "one that says no hello is hung up on" "$(timeout 20 "${raw[@]}" release1 "$A" "$B" 1 CNY 5000 0)" closed
	equal "which is said" "$(grep -c 'session.foreign release=raw version=18000 ' "$D/ledgerd.log")" 1
	equal "nothing of that was executed" "$(sql "SELECT COUNT(*) FROM journal")" "$rows"
	equal "one of its own release is served" "$(health)" "200 ok"
	stop ledgerd
	python3 "$SOURCE/tests/unit/other_ledger.py" "$D/ledger/ledgerd.sock" "$D/heard" &
	PID[other]=$!
	until_true 10 eval '[ "$(health)" = "503 foreign" ]' || fail "before a ledger of another release the worker says: $(health)"
	transfer release2 1; expect "a request waits, and is not executed" 503 failover_in_progress
	equal "that ledger has heard nothing but hello" "$(sort -u "$D/heard")" hello
	equal "the worker says who it is" "$(grep -c 'ledger.foreign .*release=99.0 version=18841 ' "$D/workerd.log")" 1
	stop other
	start_ledgerd
	until_true 10 eval '[ "$(health)" = "200 ok" ]' || fail "before a ledger of its own release the worker says: $(health)"
	transfer release2 1; expect "which serves it" 201
	equal "for the first time" "$(head_value Idempotent-Replayed)" false
}

# What it does not wait for: an index that is being built. The list that goes by it says so; nobody else notices.
test_index_is_missing() {
	local needed; needed=$(sed -n 's/^#define STORE_SCHEMA_VERSION //p' "$SOURCE/gateway/store.h")
	api GET "/v1/transfers?limit=1"; expect "a list" 200
	sql "DELETE FROM schema_version WHERE number>$needed; ALTER TABLE journal DROP KEY kind"
	stop ledgerd KILL
	start_ledgerd
	transfer index1 1; expect "the ledger opens" 201
	api GET "/v1/transfers?limit=1"; expect "a list by an index that is not there" 503 overloaded
	equal "to be asked again later" "$(head_value Retry-After)" 10
	api GET "/v1/accounts/$A/entries?limit=1"; expect "another list" 200
	sql "ALTER TABLE journal ADD KEY kind (kind, seq)"
	api GET "/v1/transfers?limit=1"; expect "when it is there" 200
}

test_inactive() {
	role role 5 32 1 sync
	until_true 5 eval '"$BUILD/holdfast-api-key" --run-dir "$D" list 2>&1 | grep -q "not active"'
	equal "who is active" "$("$BUILD/holdfast-api-key" --run-dir "$D" list 2>&1)" \
		"holdfast-api-key: this node is not active; the active node is: b"
	api GET "/v1/accounts/$A"; expect "the peer's ledger is out of reach" 503 failover_in_progress
}

CONF_MORE='in-flight-max = 8'
set_up
run_tests payments topup_once refusals killed_ledgerd killed_database gate semi_sync_off arrived stale_epoch stalled many_of_one_key record_changes_during_commit twin raw books export stranger other_release older_schema index_is_missing inactive
