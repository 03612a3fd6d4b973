#!/bin/bash
# The resources that hold, change and give back money, through HTTP and on a real MariaDB. Needs root and mariadb-server; without
# them it is skipped.
# shellcheck disable=SC2154,SC2034 # PID is an array of tests/unit/daemons.sh; A and B are for transfer()
set -u
# shellcheck source=tests/unit/a_gateway.sh
. "${srcdir:-.}/tests/unit/a_gateway.sh"

KEY=0
next_key() { KEY=$((KEY + 1)); K="k$KEY-x"; }
act() { # WHAT PATH [BODY]
	next_key
	if [ -n "${3:-}" ]; then api POST "$2" "$K" "$3"; else api POST "$2" "$K"; fi
}
topup() { # ACCOUNT AMOUNT
	next_key
	api POST /v1/topups "$K" "{\"account\":\"$1\",\"amount\":$2,\"currency\":\"CNY\",\"channel\":\"bank\",\"channel_reference\":\"$K\"}"
	expect "top-up" 201
}
balance() { # ACCOUNT: posted, pending_in, pending_out
	api GET "/v1/accounts/$1/balance"
	echo "$(member posted) $(member pending_in) $(member pending_out)"
}

# Everything that is cached is read anew.
restart_ledgerd() {
	stop ledgerd KILL
	start_ledgerd
}

test_account_actions() {
	account wallet ',"metadata":{"a":"1","b":"2"}'; A=$id
	account wallet; B=$id
	topup "$A" 1000
	act "freeze" "/v1/accounts/$A/freeze"; expect "freeze" 200
	equal "is frozen" "$(member status)" frozen
	cp "$D/body" "$D/first"
	api POST "/v1/accounts/$A/freeze" "$K"; expect "again, the same key" 200
	equal "replayed" "$(head_value Idempotent-Replayed)" true
	cmp -s "$D/body" "$D/first" && pass "the same to the byte" || fail "the replay differs"
	api GET "/v1/idempotency_keys/$K"; equal "the key's resource" "$(member resource)" "/v1/accounts/$A"
	act "freeze" "/v1/accounts/$A/freeze"; expect "again, another key" 200
	transfer frozen1 1; expect "out of a frozen account" 409 account_frozen
	restart_ledgerd
	transfer frozen2 1; expect "frozen it stays" 409 account_frozen
	act "unfreeze" "/v1/accounts/$A/unfreeze" '{}'; expect "unfreeze" 200
	transfer thawed 1; expect "out of a thawed account" 201
	transfer frozen1 1; expect "a refusal is sticky" 409 account_frozen
	api PATCH "/v1/accounts/$A" "" '{"metadata":{"a":null,"c":"3"},"min_balance":999,"max_balance":1500}'; expect "PATCH" 200
	equal "not replayed" "$(head_value Idempotent-Replayed)" false
	restart_ledgerd
	api GET "/v1/accounts/$A"
	equal "as it was patched" "$(grep -o '"min_balance.*},' "$D/body")" '"min_balance":999,"max_balance":1500,"metadata":{"b":"2","c":"3"},'
	transfer below 1; expect "below the new minimum" 402 insufficient_funds
	api PATCH "/v1/accounts/$A" patch1 '{"min_balance":1000}'; expect "a minimum above the balance" 409 state_conflict
	api PATCH "/v1/accounts/$A" patch2 '{"min_balance":null,"metadata":{"c":"3"}}'; expect "no minimum" 200
	act "close" "/v1/accounts/$A/close"; expect "with money in it" 409 state_conflict
	transfer all 999; expect "all of it" 201
	act "close" "/v1/accounts/$A/close"; expect "empty" 200
	act "close" "/v1/accounts/$A/close"; expect "a second time" 409 account_closed
	api POST "/v1/accounts/acc_01ARZ3NDEKTSV4RRFFQ69G5FAV/close" nobody; expect "no such account" 404 not_found
	equal "one event a change" "$(sql "SELECT GROUP_CONCAT(event ORDER BY seq) FROM journal WHERE subject IS NOT NULL")" "4,5,3,3,6"
}

pay() { # MORE MEMBERS
	next_key
	api POST /v1/payments "$K" "{\"payer\":\"$A\",\"payee\":\"$B\",\"currency\":\"CNY\",$1}"
}
amounts() { echo "$(member status) $(member captured_amount) $(member refunded_amount) $(member voided_amount)"; }

test_payments() {
	account wallet; A=$id
	account merchant; B=$id
	topup "$A" 10000
	pay '"amount":1000,"reference":"order 7","metadata":{"a":"b"},"fee":{"bps":290,"fixed":30}'; expect "paid at once" 201
	P=$(member id)
	equal "with its fee" "$(amounts) $(member fee_amount) $(balance "$B")" "captured 1000 0 0 59 941 0 0"
	act "refund" "/v1/payments/$P/refunds" '{"amount":400,"reason":"late"}'; expect "refund" 201
	api GET "/v1/refunds/$(member id)"; expect "get refund" 200
	restart_ledgerd
	act "refund" "/v1/payments/$P/refunds" '{"amount":601,"reason":"late"}'; expect "more than is left" 409 state_conflict
	act "refund" "/v1/payments/$P/refunds" '{"reason":"late"}'; expect "the fee is not given back" 402 insufficient_funds
	api GET "/v1/payments/$P"; equal "partly refunded" "$(amounts) $(member reference) $(member a)" "partially_refunded 1000 400 0 order 7 b"
	pay '"amount":1000,"capture":"manual","fee":{"bps":100}'; expect "held" 201
	P=$(member id)
	equal "held back" "$(balance "$A")" "9400 0 1000"
	restart_ledgerd
	act "capture" "/v1/payments/$P/capture" '{"amount":300}'; expect "capture" 200
	cp "$D/body" "$D/first"
	api POST "/v1/payments/$P/capture" "$K" '{"amount":300}'; expect "again, the same key" 200
	cmp -s "$D/body" "$D/first" && pass "the same to the byte" || fail "the replay differs"
	api GET "/v1/idempotency_keys/$K"; equal "the key's resource" "$(member resource)" "/v1/payments/$P"
	act "capture" "/v1/payments/$P/capture" '{"amount":200,"final":true}'; expect "the last capture" 200
	equal "the rest was let go" "$(amounts) $(balance "$A")" "captured 500 0 500 8900 0 0"
	act "void" "/v1/payments/$P/void"; expect "nothing to void" 409 state_conflict
	pay '"amount":1000,"capture":"manual"'; P=$(member id)
	act "void" "/v1/payments/$P/void"; expect "void" 200
	equal "voided" "$(amounts)" "voided 0 0 1000"
	pay '"amount":10,"fee":{"fixed":11}'; expect "a fee above the amount" 422 validation_failed
	api POST /v1/payments/pay_01ARZ3NDEKTSV4RRFFQ69G5FAV/void nopay; expect "no such payment" 404 not_found
}

# The sweep lets go what has expired; nobody has to ask for it, and a restart does not forget it.
test_expiry() {
	pay '"amount":100,"capture":"manual","hold_seconds":1'; P=$(member id)
	pay '"amount":100,"capture":"manual","hold_seconds":1'; local other; other=$(member id)
	act "capture" "/v1/payments/$other/capture" '{"amount":1}'; expect "capture in time" 200
	pay '"amount":100,"capture":"manual","hold_seconds":3600'; local long; long=$(member id)
	restart_ledgerd
	until_true 10 eval "[ \"\$(sql 'SELECT COUNT(*) FROM journal WHERE event=16')\" = 2 ]" || fail "they do not expire"
	api GET "/v1/payments/$P"; equal "expired" "$(amounts)" "expired 0 0 100"
	api GET "/v1/payments/$other"; equal "captured" "$(amounts)" "captured 1 0 99"
	api GET "/v1/payments/$long"; equal "not yet" "$(amounts)" "authorized 0 0 0"
	act "capture" "/v1/payments/$other/capture"; expect "capture too late" 409 hold_expired
	equal "each once, not before its time" "$(sql "SELECT COUNT(*), SUM(j.created_us<p.expires_us), COUNT(DISTINCT subject) FROM journal j
		JOIN payment p ON p.id=j.subject WHERE j.event=16" | tr '\t' ' ')" "2 0 2"
}

# want_all FROM TO: 600 of it, by many at once. Prints what each was answered.
want_all() {
	local i path=transfers body
	for i in {1..30}; do
		body='"from":"'$1'","to":"'$2'","currency":"CNY","amount"'
		if [ "$i" -gt 28 ]; then
			path=transfers/batch
			body="{\"atomic\":$([ "$i" = 29 ] && echo true || echo false),\"items\":[{$body:10},{$body:10}]}"
		else
			body="{$body:20}"
		fi
		[ "$i" = 1 ] || echo next
		printf 'url="http://127.0.0.1:%s/v1/%s"\nheader="Authorization: Bearer %s"\nheader="Idempotency-Key: want-%s-x"\n' "$PORT" "$path" "$SECRET" "$i"
		printf 'header="Content-Type: application/json"\noutput="/dev/null"\nmax-time=20\nwrite-out="%%{http_code}\\n"\n'
		printf 'data-raw="%s"\n' "${body//\"/\\\"}"
	done >"$D/want"
	timeout 60 curl -s --no-progress-meter --parallel --parallel-immediate --parallel-max 30 -K "$D/want"
}

# More than one transaction lets go; a restart finds them all again.
test_many_expire() {
	local i from
	account wallet; from=$id
	topup "$from" 600
	for i in {1..600}; do
		[ "$i" = 1 ] || echo next
		printf 'url="http://127.0.0.1:%s/v1/payments"\nheader="Authorization: Bearer %s"\nheader="Idempotency-Key: many-%s-x"\n' "$PORT" "$SECRET" "$i"
		printf 'header="Content-Type: application/json"\noutput="/dev/null"\nmax-time=20\n'
		printf 'data-raw="{\\"payer\\":\\"%s\\",\\"payee\\":\\"%s\\",\\"amount\\":1,\\"currency\\":\\"CNY\\",\\"capture\\":\\"manual\\",\\"hold_seconds\\":3600}"\n' "$from" "$B"
	done >"$D/many"
	timeout 60 curl -s --no-progress-meter --parallel --parallel-max 30 -K "$D/many"
	equal "all were made" "$(sql "SELECT COUNT(*) FROM payment WHERE authorized=1")" 600
	# All are due when it starts, and the first who come want what all of them hold back.
	stop ledgerd KILL
	sql "UPDATE payment SET expires_us=created_us+1 WHERE authorized=1"
	want_all "$from" "$B" >"$D/wanted" &
	i=$!
	start_ledgerd
	wait "$i"
	equal "what expired holds kept is free for others" "$(sort "$D/wanted" | uniq -c | tr -s ' \n' ' ')" " 2 200 28 201 "
	equal "in batches, too" "$(balance "$from")" "0 0 0"
	until_true 20 eval "[ \"\$(sql 'SELECT COUNT(*) FROM payment WHERE authorized=1 AND status=7')\" = 600 ]" || fail "they do not all expire"
	equal "not before their time" "$(sql "SELECT COUNT(*) FROM journal j JOIN payment p ON p.id=j.subject WHERE j.event=16 AND j.created_us<p.expires_us")" 0
}

test_withdrawals() {
	local body="{\"account\":\"$A\",\"amount\":500,\"currency\":\"CNY\",\"channel\":\"bank\",\"destination\":{\"type\":\"token\",\"value\":\"iban_1\"}}"
	local before; before=$(posted "$A")
	act "withdraw" /v1/withdrawals "$body"; expect "withdraw" 201
	W=$(member id)
	equal "held back" "$(balance "$A" | cut -d' ' -f3)" 600
	restart_ledgerd
	act "confirm" "/v1/withdrawals/$W/confirm"; expect "confirm" 200
	equal "gone" "$(posted "$A")" $((before - 500))
	act "fail" "/v1/withdrawals/$W/fail"; expect "too late to fail" 409 state_conflict
	act "withdraw" /v1/withdrawals "$body"; W=$(member id)
	act "fail" "/v1/withdrawals/$W/fail" '{}'; expect "fail" 200
	api GET "/v1/withdrawals/$W"; equal "as it is" "$(member status) $(member value)" "failed iban_1"
	equal "given back" "$(posted "$A")" $((before - 500))
	act "withdraw" /v1/withdrawals "${body/iban_1/4111111111111111}"; expect "card" 422 pan_not_allowed
	act "withdraw" /v1/withdrawals "${body/token/iban}"; expect "destination" 422 validation_failed
}

# Holds whose rows are large are let go by several transactions; one that cannot be let go stops nobody else, and is tried again.
test_sweep_in_spite_of() {
	local i value members="" poison
	account wallet # with nothing in it
	value=$(printf '\\u0001%.0s' {1..490})
	for i in {1..20}; do members+=",\"m$i\":\"$value\""; done
	for i in {1..120}; do
		[ "$i" = 1 ] || echo next
		printf '{"payer":"%s","payee":"%s","currency":"CNY","amount":2,"capture":"manual","hold_seconds":30,"metadata":{%s}}' "$A" "$B" "${members#,}" >"$D/large.$i"
		printf 'url="http://127.0.0.1:%s/v1/payments"\nheader="Authorization: Bearer %s"\nheader="Idempotency-Key: large-%s-x"\n' "$PORT" "$SECRET" "$i"
		printf 'header="Content-Type: application/json"\noutput="/dev/null"\nmax-time=20\ndata-binary="@%s"\n' "$D/large.$i"
	done >"$D/many"
	timeout 60 curl -s --no-progress-meter --parallel --parallel-max 8 -K "$D/many"
	equal "large holds" "$(sql "SELECT COUNT(*) FROM payment WHERE authorized=2 AND hold=1")" 120
	pay '"amount":3,"capture":"manual","hold_seconds":3600'; expect "a hold" 201
	poison=$(sql "SELECT HEX(id) FROM payment WHERE authorized=3")
	# All are due at once; nothing of the account of the first is held back: the database refuses the change. Another one's is not there at all.
	stop ledgerd KILL
	sql "UPDATE payment SET expires_us=IF(authorized=3, 5, 1000) WHERE authorized IN (2,3) AND hold=1;
		UPDATE payment SET payer=(SELECT id FROM account WHERE posted=0 AND pending_out=0 AND kind=1 AND status=0 LIMIT 1) WHERE authorized=3"
	sql "INSERT INTO payment (id,payer,payee,currency,status,hold,authorized,captured,refunded,voided,fee,last_seq,created_us,expires_us,metadata)
		VALUES (REPEAT('p',16),REPEAT('q',16),REPEAT('r',16),'CNY',1,1,4,0,0,0,0,1,1,6,'{}')"
	start_ledgerd
	until_true 30 eval "[ \"\$(sql 'SELECT COUNT(*) FROM payment WHERE authorized=2 AND status=7')\" = 120 ]" || fail "large holds do not expire"
	equal "those in the way are told" "$(grep -c sweep.skip "$D/ledgerd.log")" 2
	equal "they are as they were" "$(sql "SELECT COUNT(*) FROM payment WHERE hold=1 AND expires_us<10")" 2
	pay '"amount":3,"capture":"manual","hold_seconds":1'; expect "one more hold" 201
	P=$(member id)
	until_true 10 eval "api GET /v1/payments/$P; [ \"\$(member status)\" = expired ]" || fail "who comes later does not expire"
	# Back to what the books say, for those that are looked at afterwards.
	local payer; payer=$(sql "SELECT HEX(payer) FROM payment WHERE authorized=2 LIMIT 1")
	sql "UPDATE payment SET payer=X'$payer', expires_us=7 WHERE id=X'$poison'; DELETE FROM payment WHERE authorized=4"
	restart_ledgerd
	until_true 10 eval "[ \"\$(sql 'SELECT COUNT(*) FROM payment WHERE hold=1 AND expires_us<10')\" = 0 ]" || fail "what is mended does not expire"
}

# A row that is new is inserted, and nothing else: one that is in its way stays as it is, and only who asked gets no answer. A lock that
# somebody holds is waited for, and is nobody's fault.
test_rows_in_the_way() {
	local before
	sql "INSERT INTO account (id,kind,status,currency,channel,posted,pending_in,pending_out,last_seq,created_us,metadata)
		VALUES (REPEAT('z',16),3,0,'EUR','bank',0,0,0,77,1,'{}')"
	account wallet
	api POST /v1/accounts "eur-$RANDOM$RANDOM" '{"kind":"wallet","currency":"EUR"}'
	api POST /v1/topups eur-topup "{\"account\":\"$(member id)\",\"amount\":5,\"currency\":\"EUR\",\"channel\":\"bank\",\"channel_reference\":\"eur\"}"
	expect "a clearing account in the way" 500
	equal "C4_row_in_the_way_stays: and only who asked gets 500" "$(sql "SELECT posted, last_seq FROM account WHERE id=REPEAT('z',16)" | tr '\t' ' ')" "0 77"
	sql "DELETE FROM account WHERE id=REPEAT('z',16)"
	before=$(grep -c batch.refuse "$D/ledgerd.log")
	sql "BEGIN; SELECT id FROM ledger_head FOR UPDATE; SELECT SLEEP(6); COMMIT" >"$D/lock" &
	# It sleeps after it has the lock. (innodb_trx is not renewed for whoever reads it more often than every 0.1 s.)
	until_true 5 eval "[ \"\$(sql \"SELECT COUNT(*) FROM information_schema.processlist WHERE info='SELECT SLEEP(6)'\")\" != 0 ]" || fail "no lock"
	transfer locked 1
	wait $!
	until_true 10 eval "transfer locked 1; [ \$status = 201 ]" || fail "who waited for a lock gets no answer"
	# It is the batch, or the commit without payments before it, that meets the lock.
	grep -q -e batch.retry -e 'canary.lose.*1205' "$D/ledgerd.log" && pass "C3_lock_is_waited_for" || fail "C3_lock_is_waited_for: nobody did"
	equal "and no alarm" "$(grep -c batch.refuse "$D/ledgerd.log")" "$before"
}

curl_block() { # KEY PATH JSON: one request of many that are sent at once; its key and status are printed
	[ ! -s "$D/many" ] || echo next
	printf 'url="http://127.0.0.1:%s%s"\nheader="Authorization: Bearer %s"\nheader="Idempotency-Key: %s"\n' "$PORT" "$2" "$SECRET" "$1"
	printf 'header="Content-Type: application/json"\noutput="/dev/null"\nmax-time=20\nwrite-out="%s %%{http_code}\\n"\n' "$1"
	printf 'data-raw="%s"\n' "${3//\"/\\\"}"
}

# How many rows of a table the ledger has read from the database since it was started with userstat on.
count_rows() {
	sql "SET GLOBAL userstat=1"
	restart_ledgerd # of a connection that was there before nothing is counted
}
rows_read() { sql "SELECT COALESCE(SUM(ROWS_READ),0) FROM information_schema.TABLE_STATISTICS WHERE TABLE_NAME='$1'"; }

# Who names such a row again and again costs nobody else anything: nothing is searched for, nothing that is cached is read anew, and the
# alarms have a limit.
many_odd() { # ACCOUNT
	local i searched refused read; searched=$(grep -c batch.bisect "$D/ledgerd.log")
	refused=$(grep -c batch.refuse "$D/ledgerd.log")
	: >"$D/many"
	for i in {1..60}; do
		curl_block "many-odd-$i" /v1/transfers "{\"from\":\"$A\",\"to\":\"$1\",\"amount\":1,\"currency\":\"CNY\"}" >>"$D/many"
		curl_block "many-batch-$i" /v1/transfers/batch "{\"atomic\":false,\"items\":[$(item "$A" "$1" 1)]}" >>"$D/many"
	done
	count_rows
	transfer many-first 1; expect "one that is good" 201
	read=$(rows_read api_key)
	[ "$read" -gt 0 ] || fail "no rows are counted"
	timeout 60 curl -s --no-progress-meter --parallel --parallel-immediate --parallel-max 50 -K "$D/many" >"$D/statuses"
	read=$(($(rows_read api_key) - read))
	sql "SET GLOBAL userstat=0"
	equal "all are refused" "$(grep -c ' 500$' "$D/statuses")" 120
	equal "nobody was searched for" "$(grep -c batch.bisect "$D/ledgerd.log")" "$searched"
	equal "the cache was kept" "$read" 0
	i=$(($(grep -c batch.refuse "$D/ledgerd.log") - refused))
	[ "$i" -ge 1 ] && [ "$i" -le 20 ] && pass "$i alarms for 120 requests" || fail "$i alarms for 120 requests"
}

# One row that cannot be read, and one that is in the way, refuse who needs them, each with an alarm; whoever is in the same batch gets
# what is due.
test_odd_rows() {
	local i odd odd_hex usd seq holder alarms; alarms=$(grep -c batch.refuse "$D/ledgerd.log")
	account wallet; odd=$id
	odd_hex=$(sql "SELECT HEX(public_id) FROM journal ORDER BY seq DESC LIMIT 1")
	account wallet; A=$id
	account wallet; B=$id
	topup "$A" 1000
	api POST /v1/accounts odd-account '{"kind":"wallet","currency":"USD"}'; usd=$(member id)
	stop ledgerd KILL
	sql "UPDATE account SET kind=9 WHERE id=X'$odd_hex'; INSERT INTO account (id,kind,status,currency,channel,posted,pending_in,pending_out,last_seq,
		created_us,metadata) VALUES (REPEAT('y',16),3,0,'USD','bank',0,0,0,77,1,'{}')"
	start_ledgerd
	transfer odd-first 1; expect "the ledger is open" 201
	seq=$(sql "SELECT MAX(seq) FROM journal")
	: >"$D/many"
	for i in {1..40}; do
		curl_block "odd-good-$i" /v1/transfers "{\"from\":\"$A\",\"to\":\"$B\",\"amount\":$i,\"currency\":\"CNY\"}" >>"$D/many"
		[ "$i" != 13 ] || curl_block odd-unread /v1/transfers "{\"from\":\"$A\",\"to\":\"$odd\",\"amount\":1,\"currency\":\"CNY\"}" >>"$D/many"
		[ "$i" != 27 ] || curl_block odd-in-way /v1/topups "{\"account\":\"$usd\",\"amount\":5,\"currency\":\"USD\",\"channel\":\"bank\",\"channel_reference\":\"u1\"}" >>"$D/many"
	done
	# While one commits, the others become a batch.
	sql "BACKUP STAGE START; BACKUP STAGE BLOCK_COMMIT; SELECT SLEEP(1); BACKUP STAGE END" >/dev/null &
	holder=$!
	until_true 5 eval "sql 'SHOW PROCESSLIST' | grep -q SLEEP" || fail "no commit is held up"
	timeout 60 curl -s --no-progress-meter --parallel --parallel-immediate --parallel-max 50 -K "$D/many" >"$D/statuses"
	wait $holder
	equal "the others are served" "$(grep -c '^odd-good-[0-9]* 201$' "$D/statuses")" 40
	equal "these two are refused" "$(grep -v good "$D/statuses" | sort | paste -sd' ')" "odd-in-way 500 odd-unread 500"
	equal "each once" "$(sql "SELECT COUNT(*), SUM(amount) FROM journal WHERE seq>$seq" | tr '\t' ' ')" "40 820"
	equal "the balances are right" "$(posted "$A") $(posted "$B")" "179 821"
	equal "two alarms" "$(grep -c 'batch.refuse request=.* kind=' "$D/ledgerd.log")" $((alarms + 2))
	equal "without what is in the rows" "$(grep batch.refuse "$D/ledgerd.log" | grep -cE 'USD|bank')" 0
	many_odd "$odd"
	api GET /v1/idempotency_keys/odd-in-way; equal "the key is free" "$(member state)" absent
	equal "the row in the way is as it was" "$(sql "SELECT posted, last_seq FROM account WHERE id=REPEAT('y',16)" | tr '\t' ' ')" "0 77"
	sql "UPDATE account SET kind=1 WHERE id=X'$odd_hex'; DELETE FROM account WHERE id=REPEAT('y',16)"
	local good=$B; B=$odd
	transfer odd-unread 1; expect "mended, the same key" 201
	equal "for the first time" "$(head_value Idempotent-Replayed)" false
	api POST /v1/topups odd-in-way "{\"account\":\"$usd\",\"amount\":5,\"currency\":\"USD\",\"channel\":\"bank\",\"channel_reference\":\"u1\"}"
	expect "mended, the other one" 201
	B=$good
}

crockford() { # HEX of an id: as the API writes it
	local hex=$1 bits="" out="" i digits=0123456789ABCDEFGHJKMNPQRSTVWXYZ
	for ((i = 0; i < 32; i++)); do bits+=$(printf '%d%d%d%d' $((16#${hex:i:1} >> 3 & 1)) $((16#${hex:i:1} >> 2 & 1)) $((16#${hex:i:1} >> 1 & 1)) $((16#${hex:i:1} & 1))); done
	bits="00$bits"
	for ((i = 0; i < 130; i += 5)); do out+=${digits:$((2#${bits:i:5})):1}; done
	echo "$out"
}

# The accounts that the ledger makes by itself: not to be paid out to themselves, and not to be closed.
test_own_accounts() {
	local clearing fees
	clearing=acc_$(crockford "$(sql "SELECT HEX(id) FROM account WHERE channel='bank' AND currency='CNY'")")
	fees=acc_$(crockford "$(sql "SELECT HEX(id) FROM account WHERE kind=4")")
	act "withdraw" /v1/withdrawals "{\"account\":\"$clearing\",\"amount\":1,\"currency\":\"CNY\",\"channel\":\"bank\",\"destination\":{\"type\":\"token\",\"value\":\"x\"}}"
	expect "out of clearing into clearing" 422 validation_failed
	A=$fees; transfer emptyfees "$(posted "$fees")"; expect "the fee account is empty" 201
	act "close" "/v1/accounts/$fees/close"; expect "closing the fee account" 409 state_conflict
	act "close" "/v1/accounts/$clearing/close"; expect "closing the clearing account" 409 state_conflict
}

test_reversals() {
	local a b; a=$(posted "$A"); b=$(posted "$B")
	transfer rev1 700; expect "transfer" 201
	T=$(member id)
	act "reverse" "/v1/transfers/$T/reverse" '{}'; expect "without a reason" 422 validation_failed
	act "reverse" "/v1/transfers/$T/reverse" '{"reason":"wrong person"}'; expect "reverse" 201
	R=$(member id)
	equal "as before" "$(posted "$A") $(posted "$B")" "$a $b"
	api GET "/v1/transfers/$T"; equal "the original says so" "$(member reversed_by)" "$R"
	api GET "/v1/transfers/$R"; equal "the reversal says of what" "$(member reverses) $(member reversed_by)" "$T null"
	restart_ledgerd
	act "reverse" "/v1/transfers/$T/reverse" '{"reason":"again"}'; expect "a second time" 409 state_conflict
	act "reverse" "/v1/transfers/$R/reverse" '{"reason":"back"}'; expect "a reversal" 409 state_conflict
}

item() { echo "{\"from\":\"$1\",\"to\":\"$2\",\"amount\":$3,\"currency\":\"${4:-CNY}\"${5:-}}"; }
batch() { # KEY ATOMIC ITEMS
	api POST /v1/transfers/batch "$1" "{\"atomic\":$2,\"items\":[$3]}"
}
statuses() { grep -o '"index":[0-9]*,"status":[0-9]*' "$D/body" | sed 's/.*://' | paste -sd' '; }

# Atomic has one outcome for all, independent repeats each item as it was.
test_batches() {
	account wallet; A=$id
	account wallet; B=$id
	topup "$A" 1000
	local nobody=acc_01ARZ3NDEKTSV4RRFFQ69G5FAV items n before
	items="$(item "$A" "$B" 600),$(item "$A" "$B" 500),$(item "$A" "$nobody" 1),$(item "$B" "$A" 100 CNY ',"reference":"back","metadata":{"a":"b"}')"
	batch b1 false "$items"; expect "independent" 200
	equal "each by itself" "$(statuses)" "201 402 404 201"
	equal "balances" "$(posted "$A") $(posted "$B")" "500 500"
	batch b1 false "$items"; cp "$D/body" "$D/first"
	equal "replayed" "$(head_value Idempotent-Replayed) $(statuses)" "true 201 402 404 201"
	restart_ledgerd
	batch b1 false "$items"
	cmp -s "$D/body" "$D/first" && pass "A11_items_of_a_batch_are_repeated: to the byte, from the rows" || fail "A11_items_of_a_batch_are_repeated: the replay differs"
	equal "nothing moved again" "$(posted "$A") $(posted "$B")" "500 500"
	batch b1 true "$items"; expect "another body" 422 idempotency_key_reused
	api GET /v1/idempotency_keys/b1; equal "its key" "$(member state) $(member status) $(member resource)" "completed 200 null"
	equal "an item's transfer is one" "$(grep -o '"id":"tr_[^"]*' "$D/first" | head -n 1 | cut -d'"' -f4 | (read -r n; api GET "/v1/transfers/$n"; echo "$status"))" 200
	before=$(sql "SELECT COUNT(*), MAX(event_seq) FROM journal")
	batch b2 true "$(item "$A" "$B" 400),$(item "$B" "$A" 900),$(item "$A" "$B" 1001)"; expect "atomic, the last fails" 402 insufficient_funds
	equal "which" "$(member failed_index)" 2
	cp "$D/body" "$D/first"
	equal "A11_atomic_batch_has_one_outcome: nothing was executed" "$(posted "$A") $(posted "$B")" "500 500"
	equal "one row, no event" "$(sql "SELECT COUNT(*), MAX(event_seq) FROM journal")" "$(awk '{print $1+1 "\t" $2}' <<<"$before")"
	topup "$A" 5000
	batch b2 true "$(item "$A" "$B" 400),$(item "$B" "$A" 900),$(item "$A" "$B" 1001)"; expect "the refusal is sticky" 402
	cmp -s "$D/body" "$D/first" && pass "the same to the byte" || fail "the replay differs"
	batch b3 true "$(item "$A" "$B" 1),$(item "$A" "$nobody" 1)"; expect "atomic, nobody" 404 not_found
	batch b3 true "$(item "$A" "$B" 1),$(item "$A" "$B" 2)"; expect "a 404 leaves the key free" 200
	# A refusal without a row had counted as the first part of this transaction: the balances were not written with it.
	equal "what it moved is written, too" "$(posted "$A") $(posted "$B")" "5497 503"
	batch b4 true "$(item "$A" "$B" 1),$(item "$A" "$A" 1),$(item "$A" "$B" 1.5)"; expect "bad items refuse all" 422 validation_failed
	equal "with their places" "$(grep -o '/items/[^"]*' "$D/body" | paste -sd' ')" "/items/1/to /items/2/amount"
	batch b5 true ""; expect "no items" 422 validation_failed
	items=$(for n in {1..500}; do item "$A" "$B" 1 CNY ",\"metadata\":{\"n\":\"$n\",\"pad\":\"$(printf 'x%.0s' {1..400})\"}"; done | paste -sd,)
	before=$(posted "$B")
	printf '{"atomic":true,"items":[%s]}' "$items" >"$D/large"
	api POST /v1/transfers/batch b6 "" -H 'Content-Type: application/json' --data-binary "@$D/large"; expect "500 items of half a kilobyte" 200
	equal "all of them" "$(($(posted "$B") - before))" 500
	api POST /v1/transfers/batch b6 "" -H 'Content-Type: application/json' --data-binary "@$D/large"
	equal "replayed, nothing moved again" "$(head_value Idempotent-Replayed) $(($(posted "$B") - before))" "true 500"
	printf '{"atomic":false,"items":[%s,%s]}' "$items" "$(item "$A" "$B" 1)" >"$D/large"
	api POST /v1/transfers/batch b7 "" -H 'Content-Type: application/json' --data-binary "@$D/large"; expect "501 items" 422 validation_failed
	head -c 1100000 /dev/zero | tr '\0' ' ' >"$D/large"
	api POST /v1/transfers/batch b8 "" -H 'Content-Type: application/json' --data-binary "@$D/large"; expect "more than 1 MiB" 413 too_large
}

# A batch of transfers looks for as many keys as it has items: by the index, never by reading the journal (gateway/store.c). Not even
# when the statistics say that one key has many rows: here three are used by a thousand clients each.
test_many_keys() {
	local read
	account wallet; A=$id
	account wallet; B=$id
	sql "INSERT INTO journal (seq,principal,batch_seq,kind,status,key_hash,fingerprint,created_us,body)
		SELECT 1000000000+seq,1000+seq,0,5,404,REPEAT(CHAR(seq%3),32),REPEAT('f',32),1,'' FROM seq_1_to_3000; ANALYZE TABLE journal" >/dev/null
	count_rows
	transfer many-keys-1 1; expect "one alone" 402
	read=$(rows_read journal)
	batch many-keys-2 false "$(for n in {1..300}; do item "$A" "$B" 1; done | paste -sd,)"; expect "300 items" 200
	read=$(($(rows_read journal) - read))
	sql "SET GLOBAL userstat=0; DELETE FROM journal WHERE seq>1000000000; ANALYZE TABLE journal" >/dev/null
	[ "$read" -lt 50 ] && pass "300 keys that are not there are no reason to read 3000 rows" || fail "300 keys: $read rows were read"
}

# By the checks that a backup has to pass, and some of its own.
test_books() {
	equal "posted sums to zero" "$(sql "SELECT SUM(posted) FROM account")" 0
	"$BUILD/tests/unit/ledgercheck_helper" "$D/my.sock" >"$D/check" 2>&1 && pass "the ledger adds up" || fail "$(cat "$D/check")"
	# Two events that changed places: not seen by anything else.
	sql "UPDATE journal SET event_seq=event_seq+1000000 WHERE event_seq IN (3,4); UPDATE journal SET event_seq=1000007-event_seq WHERE event_seq>1000000"
	"$BUILD/tests/unit/ledgercheck_helper" "$D/my.sock" >"$D/check" 2>&1 && fail "events that are not in the order of the journal pass"
	equal "their order is checked" "$(grep -c "^event: event_seq at" "$D/check")" 1
}

set_up
run_tests many_keys account_actions payments expiry many_expire sweep_in_spite_of withdrawals reversals batches rows_in_the_way odd_rows own_accounts books
