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

# hold_commits: until let_go, no COMMIT comes to its end.
hold_commits() {
	mariadb --no-defaults -S "$D/my.sock" -u root holdfast -e "BACKUP STAGE START; BACKUP STAGE BLOCK_COMMIT; SELECT SLEEP(60); BACKUP STAGE END" \
		>/dev/null 2>&1 &
	HOLDER=$!
	until_true 5 eval "sql 'SHOW PROCESSLIST' | grep -q SLEEP"
}
let_go() {
	sql "KILL QUERY $(sql "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP(60)%'")"
	wait "$HOLDER"
}

# The same request again has the outcome of the first, whichever that is, and it is executed once.
once() { # NAME PATH KEY BODY STATUS
	until_true 15 eval "api POST '$2' '$3' '$4'; [ \$status = $5 ]" && pass "$1: answered" || fail "$1: got $status"
	cp "$D/body" "$D/first"
	api POST "$2" "$3" "$4"; equal "$1: replayed" "$status $(head_value Idempotent-Replayed)" "$5 true"
	cmp -s "$D/body" "$D/first" && pass "$1: the same to the byte" || fail "$1: the replay differs"
	equal "$1: one row" "$(sql "SELECT COUNT(*) FROM journal WHERE reference='$3' OR subject=(SELECT id FROM payment WHERE reference='$3') AND status<300 AND kind=18")" 1
}

test_worker_dies() {
	local body="{\"from\":\"$A\",\"to\":\"$B\",\"amount\":3,\"currency\":\"CNY\",\"reference\":\"wdies\"}" payment sender
	hold_commits
	send_to /v1/transfers wdies "$body" &
	sender=$!
	until_true 5 reports committing=1 || fail "no commit was seen"
	stop workerd KILL
	wait $sender
	equal "B2_worker_dies_after_it_asked: a broken connection" "$(cat "$D/sent")" 000
	let_go
	start_workerd
	once B2_worker_dies_after_it_asked /v1/transfers wdies "$body" 201
	# A capture whose answer nobody heard.
	api POST /v1/payments hold1 "{\"payer\":\"$A\",\"payee\":\"$B\",\"amount\":50,\"currency\":\"CNY\",\"capture\":\"manual\",\"reference\":\"capdies\"}"
	payment=$(member id)
	until_true 5 reports committing=0
	hold_commits
	send_to "/v1/payments/$payment/capture" capdies '{"amount":20}' &
	sender=$!
	until_true 5 reports committing=1 || fail "no commit was seen"
	stop workerd KILL
	wait $sender
	let_go
	start_workerd
	once museum6_second_capture_after_an_unknown_one "/v1/payments/$payment/capture" capdies '{"amount":20}' 200
	api GET "/v1/payments/$payment"
	equal "museum6_second_capture_after_an_unknown_one: captured" "$(member captured_amount)" 20
}

test_ledger_dies() {
	local body="{\"from\":\"$A\",\"to\":\"$B\",\"amount\":3,\"currency\":\"CNY\",\"reference\":\"ldies\"}" sender holder
	# Before COMMIT: somebody holds the first row that a batch changes.
	mariadb --no-defaults -S "$D/my.sock" -u root holdfast -e "BEGIN; SELECT id FROM ledger_head FOR UPDATE; SELECT SLEEP(60)" >/dev/null 2>&1 &
	holder=$!
	until_true 5 eval "[ \"\$(sql 'SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_locked>0')\" != 0 ]" || fail "no lock"
	send_to /v1/transfers ldies "$body" &
	sender=$!
	until_true 5 eval "[ \"\$(sql 'SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state=\"LOCK WAIT\"')\" != 0 ]" || fail "nobody waits"
	stop ledgerd KILL
	sql "KILL QUERY $(sql "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE '%SELECT SLEEP(60)%' AND INFO NOT LIKE '%PROCESSLIST%'")"
	wait $holder
	until_true 10 eval "[ \"\$(sql 'SELECT COUNT(*) FROM information_schema.innodb_trx')\" = 0 ]"
	equal "C1_ledger_dies_before_commit: nothing is there" "$(sql "SELECT COUNT(*) FROM journal WHERE reference='ldies'")" 0
	start_ledgerd
	wait $sender
	once C1_ledger_dies_before_commit /v1/transfers ldies "$body" 201
	# In COMMIT: what becomes of it is the database's to say.
	body=${body/ldies/cdies}
	hold_commits
	send_to /v1/transfers cdies "$body" &
	sender=$!
	until_true 5 reports committing=1 || fail "no commit was seen"
	stop ledgerd KILL
	let_go
	start_ledgerd
	wait $sender
	once C2_ledger_dies_around_commit /v1/transfers cdies "$body" 201
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
	equal "D12_ledger_time_only_grows: expiry by the ledger's clock" "$(sql "SELECT expires_us-created_us FROM payment ORDER BY id DESC LIMIT 1")" 60000000
}

test_card_numbers() {
	equal "museum26_card_number_reaches_nothing: logs" "$(cat "$D"/*.log | grep -cE '4111[ -]?1111[ -]?1111[ -]?1111')" 0
	equal "museum26_card_number_reaches_nothing: database" "$(mariadb-dump --no-defaults -S "$D/my.sock" -u root --skip-hex-blob holdfast |
		grep -acE '4111[ -]?1111[ -]?1111[ -]?1111')" 0
}

set_up
account wallet; A=$id
account wallet; B=$id
api POST /v1/topups once-topup "{\"account\":\"$A\",\"amount\":100000,\"currency\":\"CNY\",\"channel\":\"bank\",\"channel_reference\":\"once\"}"
OTHER=$("$BUILD/holdfast-api-key" --run-dir "$D" create --name other --scopes '*')
timeout 200 python3 "$SOURCE/tests/unit/pay_once.py" "$PORT" "$SECRET" "$OTHER" && pass "pay_once.py" || fail "pay_once.py"
test_card_numbers
test_worker_dies
test_ledger_dies
test_time
equal "museum17_event_and_commit_are_one: one event for everything that was done, no gap" "$(sql "SELECT COUNT(event_seq)-COUNT(*), MAX(event_seq)-COUNT(*),
	COUNT(*)+1-(SELECT next_event FROM ledger_head) FROM journal WHERE event_seq IS NOT NULL OR kind IN (3,4,21) AND status=201 AND replay_of IS NULL" | tr '\t' ' ')" "0 0 0"
"$BUILD/tests/unit/ledgercheck_helper" "$D/my.sock" >"$D/check" 2>&1 && pass "the ledger adds up" || fail "$(cat "$D/check")"
described
[ "$FAILED" = 0 ] && echo "all good"
exit "$FAILED"
