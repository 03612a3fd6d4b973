#!/bin/bash
# Exactly once, case by case (doc/idempotency.md): what one gateway can show by itself, with a worker or a ledger that dies at the worst
# moment. Needs root, mariadb-server and python3; without them it is skipped.
# shellcheck disable=SC2034,SC2154 # PID is an array of tests/unit/daemons.sh
set -u
# shellcheck source=tests/unit/a_gateway.sh
. "${srcdir:-.}/tests/unit/a_gateway.sh"
command -v python3 >/dev/null || { echo "SKIP: python3 is missing"; exit 77; }

start_workerd() {
	"$BUILD/holdfast-workerd" -f "$D/holdfast.conf" --run-dir "$D" 1 >>"$D/workerd.log" 2>&1 &
	PID[workerd]=$!
	until_true 10 curl -s -o /dev/null "http://127.0.0.1:$PORT/healthz" || fail "workerd does not start"
}
send_to() { # PATH KEY BODY: in the background, its status to $D/sent
	api POST "$1" "$2" "$3" >/dev/null
	echo "$status" >"$D/sent"
}

# The same request again has the outcome of the first, whichever that is, and it is executed once.
once() { # NAME PATH KEY BODY STATUS [REPLAYED]: what the first of them has to be, if that is known
	until_true 15 eval "api POST '$2' '$3' '$4'; [ \$status = $5 ]" && pass "$1: answered" || fail "$1: got $status"
	[ -z "${6:-}" ] || equal "$1: was executed before" "$(head_value Idempotent-Replayed)" "$6"
	cp "$D/body" "$D/first"
	api POST "$2" "$3" "$4"; equal "$1: replayed" "$status $(head_value Idempotent-Replayed)" "$5 true"
	cmp -s "$D/body" "$D/first" && pass "$1: the same to the byte" || fail "$1: the replay differs"
	[[ $4 != *reference* ]] || equal "$1: one row" "$(sql "SELECT COUNT(*) FROM journal WHERE reference='$3'")" 1
}

processes() { sql "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE $1"; }
is_written() { # KEY: its row, whether it is committed or not
	[ "$(sql "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; SELECT COUNT(*) FROM journal WHERE key_hash=X'$(printf %s "$1" | b2sum -l 256 | cut -c1-64)'")" = 1 ]
}

# stuck PATH BODY KEY: sends a request until its row is written and its COMMIT does not come to its end; $key is the one that has, %s in BODY it.
# (A transaction of the ledger's own may be in COMMIT when commits are held: then the request is executed later, and another one is sent.)
stuck() {
	local try
	for try in 1 2 3 4 5 6; do
		key=$3$try
		hold_commits
		send_to "$1" "$key" "${2//%s/$key}" &
		SENDER=$!
		until_true 2 is_written "$key" && return 0
		let_go
		wait "$SENDER"
	done
	fail "no request could be held in its COMMIT"
}

test_worker_dies() {
	local body="{\"from\":\"$A\",\"to\":\"$B\",\"amount\":3,\"currency\":\"CNY\",\"reference\":\"%s\"}" payment
	stuck /v1/transfers "$body" wdies
	stop workerd KILL
	wait "$SENDER"
	equal "B2_worker_dies_after_it_asked: a broken connection" "$(cat "$D/sent")" 000
	let_go
	start_workerd
	once B2_worker_dies_after_it_asked /v1/transfers "$key" "${body//%s/$key}" 201 true
	# A capture whose answer nobody heard; each try takes 20.
	api POST /v1/payments hold1 "{\"payer\":\"$A\",\"payee\":\"$B\",\"amount\":500,\"currency\":\"CNY\",\"capture\":\"manual\"}"
	payment=$(member id)
	local captures
	stuck "/v1/payments/$payment/capture" '{"amount":20}' capdies
	stop workerd KILL
	wait "$SENDER"
	let_go
	start_workerd
	captures=$(sql "SELECT COUNT(*) FROM journal WHERE kind=18 AND status=200 AND subject=(SELECT id FROM payment WHERE authorized=500)")
	once museum6_second_capture_after_an_unknown_one "/v1/payments/$payment/capture" "$key" '{"amount":20}' 200 true
	api GET "/v1/payments/$payment"
	equal "museum6_second_capture_after_an_unknown_one: captured" "$(member captured_amount)" $((captures * 20))
}

test_ledger_dies() {
	local body="{\"from\":\"$A\",\"to\":\"$B\",\"amount\":3,\"currency\":\"CNY\",\"reference\":\"ldies\"}" sender holder
	# Before COMMIT: somebody holds the first row that a batch changes.
	mariadb --no-defaults -S "$D/my.sock" -u root holdfast -e "BEGIN; SELECT id FROM ledger_head FOR UPDATE; SELECT SLEEP(60)" >/dev/null 2>&1 &
	holder=$!
	until_true 10 eval "[ \"\$(processes \"INFO='SELECT SLEEP(60)'\")\" = 1 ]" || fail "no lock"
	send_to /v1/transfers ldies "$body" &
	sender=$!
	until_true 10 eval "[ \"\$(processes \"USER='holdfast-ledger' AND INFO LIKE '%ledger_head%' AND TIME_MS>200\")\" = 1 ]" || fail "nobody waits"
	stop ledgerd KILL
	sql "KILL QUERY $(sql "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO='SELECT SLEEP(60)'")"
	wait $holder
	until_true 10 eval "[ \"\$(processes \"USER='holdfast-ledger'\")\" = 0 ]" || fail "the database holds on to a dead ledger"
	equal "C1_ledger_dies_before_commit: nothing is there" "$(sql "SELECT COUNT(*) FROM journal WHERE reference='ldies'")" 0
	start_ledgerd
	wait $sender
	once C1_ledger_dies_before_commit /v1/transfers ldies "$body" 201
	# In COMMIT: what becomes of it is the database's to say.
	body=${body/ldies/%s}
	stuck /v1/transfers "$body" cdies
	stop ledgerd KILL
	let_go
	start_ledgerd
	wait "$SENDER"
	once C2_ledger_dies_around_commit /v1/transfers "$key" "${body/\%s/$key}" 201
}

# The clock of this machine may go where it likes: the ledger's own does not go back, nor stand still.
test_time() {
	equal "D12_ledger_time_only_grows: in the journal" "$(sql "SELECT COUNT(*) FROM (SELECT created_us < LAG(created_us) OVER (ORDER BY seq) AS back FROM journal) j WHERE back")" 0
	stop ledgerd KILL
	sql "UPDATE ledger_head SET last_us=last_us+3600000000" # as one whose clock was an hour ahead left it
	local last; last=$(sql "SELECT last_us FROM ledger_head")
	start_ledgerd
	until_true 10 eval "api POST /v1/transfers clock1 '{\"from\":\"$A\",\"to\":\"$B\",\"amount\":1,\"currency\":\"CNY\"}'; [ \$status = 201 ]"
	api POST /v1/payments clock2 "{\"payer\":\"$A\",\"payee\":\"$B\",\"amount\":1,\"currency\":\"CNY\",\"capture\":\"manual\",\"hold_seconds\":60}"
	expect "D12_ledger_time_only_grows: a hold" 201
	equal "D12_ledger_time_only_grows: after a heir with an earlier clock" "$(sql "SELECT MIN(created_us) >= $last FROM (SELECT created_us FROM journal ORDER BY seq DESC LIMIT 2) j")" 1
	until_true 10 grep -q "event=clock.behind ms=3[56]" "$D/ledgerd.log"
	equal "D12_ledger_time_only_grows: it is told" "$?" 0
	equal "D12_ledger_time_only_grows: expiry by the ledger's clock" "$(sql "SELECT expires_us-created_us FROM payment ORDER BY id DESC LIMIT 1")" 60000000
}

test_card_numbers() {
	equal "museum26_card_number_reaches_nothing: logs" "$(cat "$D"/*.log | grep -cE '4111[ -]?1111[ -]?1111[ -]?1111')" 0
	equal "museum26_card_number_reaches_nothing: database" "$(mariadb-dump --no-defaults -S "$D/my.sock" -u root --skip-hex-blob holdfast |
		grep -acE '4111[ -]?1111[ -]?1111[ -]?1111')" 0
}

# A key that has leaked gets another secret. It is the same key: what it had sent is not paid again.
test_renewed_key() {
	local paid old SECRET; SECRET=$("$BUILD/holdfast-api-key" --run-dir "$D" create --name renewed --scopes '*')
	old=$SECRET
	transfer renewed-1 5; expect "a transfer" 201
	paid=$(member id)
	SECRET=$("$BUILD/holdfast-api-key" --run-dir "$D" renew --name renewed)
	transfer renewed-1 5; expect "again, with the new secret" 201
	equal "it is the same one" "$(member id)" "$paid"
	transfer renewed-2 5; expect "another one" 201
	SECRET=$old
	transfer renewed-1 5; expect "the old secret" 401 unauthenticated
	equal "what is no key" "$("$BUILD/holdfast-api-key" --run-dir "$D" renew --name nobody 2>&1)" "holdfast-api-key: there is no API key of this name"
	"$BUILD/holdfast-api-key" --run-dir "$D" revoke --name renewed >/dev/null
	equal "what was revoked" "$("$BUILD/holdfast-api-key" --run-dir "$D" renew --name renewed 2>&1)" \
		"holdfast-api-key: the API key was revoked, which is for good: make another one"
}

set_up
account wallet; A=$id
account wallet; B=$id
api POST /v1/topups once-topup "{\"account\":\"$A\",\"amount\":100000,\"currency\":\"CNY\",\"channel\":\"bank\",\"channel_reference\":\"once\"}"
OTHER=$("$BUILD/holdfast-api-key" --run-dir "$D" create --name other --scopes '*')
rollbacks() { sql "SHOW GLOBAL STATUS LIKE 'Com_rollback'" | cut -f 2; }
before=$(rollbacks)
timeout 200 python3 "$SOURCE/tests/unit/pay_once.py" "$PORT" "$SECRET" "$OTHER" && pass "pay_once.py" || fail "pay_once.py"
# Where a key had been taken for new the transaction was refused: eleven that leave a row, or the test did not see what it is for.
[ $(($(rollbacks) - before)) -ge 11 ] && pass "keys were taken for new" || fail "keys were not taken for new: $(($(rollbacks) - before)) transactions were rolled back"
test_card_numbers
test_renewed_key
test_worker_dies
test_ledger_dies
test_time
equal "museum17_event_and_commit_are_one: one event for everything that was done, no gap" "$(sql "SELECT COUNT(event_seq)-COUNT(*), MAX(event_seq)-COUNT(*),
	COUNT(*)+1-(SELECT next_event FROM ledger_head) FROM journal WHERE event_seq IS NOT NULL OR kind IN (3,4,21) AND status=201 AND replay_of IS NULL" | tr '\t' ' ')" "0 0 0"
"$BUILD/tests/unit/ledgercheck_helper" "$D/my.sock" >"$D/check" 2>&1 && pass "the ledger adds up" || fail "$(cat "$D/check")"
described
[ "$FAILED" = 0 ] && echo "all good"
exit "$FAILED"
