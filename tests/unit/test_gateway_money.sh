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

# By the checks that a backup has to pass, and some of its own.
test_books() {
	equal "posted sums to zero" "$(sql "SELECT SUM(posted) FROM account")" 0
	"$BUILD/tests/unit/ledgercheck_helper" "$D/my.sock" >"$D/check" 2>&1 && pass "the ledger adds up" || fail "$(cat "$D/check")"
}

set_up
for t in account_actions books; do
	echo "# $t"
	"test_$t"
done
[ "$FAILED" = 0 ] && echo "all good"
exit "$FAILED"
