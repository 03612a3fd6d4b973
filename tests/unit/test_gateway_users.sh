#!/bin/bash
# Users, sessions and what a session may, through HTTP and on a real MariaDB. Needs root and mariadb-server; without them it is skipped.
# shellcheck disable=SC2154,SC2034 # PID is an array of tests/unit/daemons.sh; A and B are for transfer()
set -u
# shellcheck source=tests/unit/a_gateway.sh
. "${srcdir:-.}/tests/unit/a_gateway.sh"

PASSWORD='correct horse battery'
WRONG='incorrect horse battery'

user() { # LOGIN [KEY] [PASSWORD]
	api POST /v1/users "${2:-}" "{\"login\":\"$1\",\"password\":\"${3:-$PASSWORD}\",\"display_name\":\"The user $1\"}"
}
login() { # LOGIN PASSWORD [KEY] [ADDRESS]: its token in $token
	api POST /v1/sessions "${3:-}" "{\"login\":\"$1\",\"password\":\"$2\"}" -H "X-Forwarded-For: ${4:-192.0.2.1}"
	token=$(member token)
}
let_in() { # LOGIN PASSWORD: when the worker has nothing else to compute
	login "$1" "$2"
	[ "$status" = 201 ]
}
as() { # TOKEN METHOD PATH [KEY] [BODY]
	local SECRET=$1
	shift
	api "$@"
}
restart_ledgerd() { # everything that is cached is read anew
	stop ledgerd KILL
	start_ledgerd
}
forget_failures() { sql "DELETE FROM login_failure"; }
without_id() { sed 's/"request_id":"[^"]*"//' "$D/body"; }

test_users() {
	user anna; expect "a user" 201
	ANNA=$(member id)
	equal "its members" "$(member object) $(member login) $(member display_name)" "user anna The user anna"
	equal "one event says so" "$(sql "SELECT COUNT(*) FROM journal WHERE event=1 AND status=201")" 1
	equal "Ledger-Seq" "$(head_value Ledger-Seq)" "$(sql "SELECT MAX(seq) FROM journal")"
	user ANNA; expect "the same login in capitals" 409 duplicate_login
	user bert key1; expect "with a key" 201
	BERT=$(member id)
	cp "$D/body" "$D/first"
	user bert key1; expect "once more" 201
	cmp -s "$D/body" "$D/first" && pass "the same to the byte" || fail "the replay differs"
	equal "replayed" "$(head_value Idempotent-Replayed)" true
	user bert key1 "another password"; expect "the key with another password" 422 idempotency_key_reused
	user be; expect "a short login" 422 validation_failed
	user "b e r t"; expect "blanks" 422 validation_failed
	user carl "" "123456789"; expect "a short password" 422 validation_failed
	equal "which" "$(member pointer)" /password
	user carl "" "$(printf 'x%.0s' {1..129})"; expect "a long password" 422 validation_failed
	api POST /v1/users "" '{"login":"carl","password":"0123456789","display_name":"4111 1111 1111 1111"}'; expect "a card" 422 pan_not_allowed
	api POST /v1/users "" '{"login":"carl","password":"0123456789"}'; expect "no name" 422 validation_failed
	api POST /v1/users "" '{"login":"carl","password":"0123456789","display_name":"C","x":1}'; expect "unknown member" 422 validation_failed
	api GET /v1/users/me; expect "a key is no user" 403 scope_missing
	local SECRET; SECRET=$("$BUILD/holdfast-api-key" --run-dir "$D" create --name nousers --scopes accounts:write)
	user carl; expect "without the scope" 403 scope_missing
}

test_sessions() {
	login anna "$PASSWORD"; expect "login" 201
	ANNAS=$token
	equal "the token has its form" "$(echo "$token" | grep -cE '^st_[0-9a-f]{64}$')" 1
	equal "of whom" "$(member user)" "$ANNA"
	login Bert "$PASSWORD"; expect "login in other case" 201
	BERTS=$token
	as "$ANNAS" GET /v1/sessions/current; expect "the session" 200
	equal "without its token" "$(member token)" ""
	as "$ANNAS" GET /v1/users/me; expect "who am I" 200
	equal "I am" "$(member login)" anna
	as "$ANNAS" PATCH /v1/users/me "" '{"display_name":"Anna B."}'; expect "another name" 200
	as "$ANNAS" GET /v1/users/me; equal "is there" "$(member display_name)" "Anna B."
	as "$ANNAS" POST /v1/users "" '{"login":"carl","password":"0123456789","display_name":"C"}'; expect "a session makes no users" 403 scope_missing
	as "${ANNAS%?}0" GET /v1/users/me; [ "${ANNAS: -1}" = 0 ] || expect "another token" 401 unauthenticated
	login anna "$PASSWORD" once1; expect "login with a key" 201
	cp "$D/body" "$D/first"
	login anna "$PASSWORD" once1; expect "the same again" 201
	cmp -s "$D/body" "$D/first" && pass "the same token to the byte" || fail "the replay differs"
	equal "replayed" "$(head_value Idempotent-Replayed)" true
	local ended=$token
	as "$ended" DELETE /v1/sessions/current; expect "logout" 204
	as "$ended" GET /v1/users/me; expect "afterwards" 401 token_expired
	equal "challenge" "$(head_value WWW-Authenticate)" Bearer
	login anna "$PASSWORD" once1; expect "its key afterwards" 409 idempotency_key_expired
	restart_ledgerd
	as "$ended" GET /v1/users/me; expect "and after a restart" 401 token_expired
	as "$ANNAS" GET /v1/users/me; expect "the others live" 200
}

wallet() { # TOKEN: id in $id
	as "$1" POST /v1/accounts "w$RANDOM-$RANDOM-x" '{"kind":"wallet","currency":"CNY"}'
	expect "a wallet" 201
	id=$(member id)
}

test_ownership() {
	wallet "$ANNAS"; A=$id
	equal "its owner" "$(member owner)" "$ANNA"
	wallet "$BERTS"; B=$id
	local other='{"kind":"wallet","currency":"CNY"'
	as "$ANNAS" POST /v1/accounts no1 "${other/wallet/merchant}}"; expect "another kind" 403 scope_missing
	as "$ANNAS" POST /v1/accounts no2 "$other,\"max_balance\":5}"; expect "a limit" 403 scope_missing
	as "$ANNAS" POST /v1/accounts no3 "$other,\"min_balance\":-5}"; expect "an overdraft" 403 scope_missing
	as "$ANNAS" POST /v1/accounts no4 "$other,\"owner\":\"$BERT\"}"; expect "for another" 403 scope_missing
	api POST /v1/accounts no5 "$other,\"owner\":\"usr_01ARZ3NDEKTSV4RRFFQ69G5FAV\"}"; expect "for nobody" 404 not_found
	equal "param" "$(member param)" owner
	api POST /v1/accounts yes1 "$other,\"owner\":\"$BERT\"}"; expect "an API key, for him" 201
	as "$BERTS" GET "/v1/accounts/$(member id)"; expect "is his" 200
	as "$ANNAS" POST /v1/topups no6 "{\"account\":\"$A\",\"amount\":5,\"currency\":\"CNY\",\"channel\":\"bank\",\"channel_reference\":\"x\"}"
	expect "no top-ups" 403 scope_missing
	as "$ANNAS" POST "/v1/accounts/$A/freeze" no7; expect "no freezing" 403 scope_missing
	api POST /v1/topups t1 "{\"account\":\"$A\",\"amount\":1000,\"currency\":\"CNY\",\"channel\":\"bank\",\"channel_reference\":\"x1\"}"
	expect "top-up" 201
	local pay="{\"from\":\"$A\",\"to\":\"$B\",\"amount\":100,\"currency\":\"CNY\"}"
	as "$BERTS" POST /v1/transfers no8 "$pay"; expect "from another's account" 403 account_not_owned
	equal "param" "$(member param)" from
	as "$BERTS" POST /v1/transfers no8 "${pay/$B/acc_01ARZ3NDEKTSV4RRFFQ69G5FAV}"; expect "existence comes first" 404 not_found
	as "$ANNAS" POST /v1/transfers pay1 "$pay"; expect "from the own" 201
	local transfer; transfer=$(member id)
	as "$BERTS" POST /v1/transfers pay1 "${pay/100/101}"; expect "another's key is another key" 403 account_not_owned
	as "$BERTS" GET "/v1/transfers/$transfer"; expect "the receiver sees it" 200
	as "$BERTS" GET "/v1/accounts/$A"; expect "not the payer's account" 403 account_not_owned
	as "$BERTS" GET "/v1/accounts/$A/balance"; expect "nor its balance" 403 account_not_owned
	as "$BERTS" GET "/v1/accounts/acc_01ARZ3NDEKTSV4RRFFQ69G5FAV"; expect "one that is not there" 404 not_found
	user carl; login carl "$PASSWORD"
	CARLS=$token
	as "$token" GET "/v1/transfers/$transfer"; expect "a third does not see it" 403 account_not_owned
	restart_ledgerd
	as "$ANNAS" GET "/v1/accounts/$A/balance"; equal "her balance, read again" "$(member posted)" 900
	as "$BERTS" POST /v1/transfers no9 "$pay"; expect "owners are read again" 403 account_not_owned
}

# A payer pays and never captures; whoever is paid captures and gives back.
test_payments() {
	local pay="{\"payer\":\"$A\",\"payee\":\"$B\",\"amount\":100,\"currency\":\"CNY\",\"capture\":\"manual\"}" payment refund
	as "$BERTS" POST /v1/payments p0 "$pay"; expect "with another's money" 403 account_not_owned
	equal "param" "$(member param)" payer
	as "$ANNAS" POST /v1/payments p0 "${pay%\}},\"fee\":{\"bps\":5000}}"; expect "a payer sets no fee" 403 scope_missing
	as "$ANNAS" POST /v1/payments p1 "$pay"; expect "a payment" 201
	payment=$(member id)
	as "$ANNAS" POST "/v1/payments/$payment/capture" p2; expect "a payer does not capture" 403 account_not_owned
	as "$ANNAS" POST "/v1/payments/$payment/void" p3; expect "nor void" 403 account_not_owned
	as "$ANNAS" GET "/v1/payments/$payment"; expect "but sees it" 200
	as "$BERTS" GET "/v1/payments/$payment"; expect "as does the payee" 200
	as "$CARLS" GET "/v1/payments/$payment"; expect "and nobody else" 403 account_not_owned
	as "$CARLS" POST "/v1/payments/$payment/capture" p4; expect "let alone captures" 403 account_not_owned
	as "$BERTS" POST "/v1/payments/$payment/capture" p5; expect "the payee captures" 200
	as "$ANNAS" POST "/v1/payments/$payment/refunds" p6 '{"reason":"x"}'; expect "a payer does not refund" 403 account_not_owned
	as "$BERTS" POST "/v1/payments/$payment/refunds" p7 '{"reason":"x"}'; expect "the payee does" 201
	refund=$(member id)
	as "$ANNAS" GET "/v1/refunds/$refund"; expect "both see it" 200
	as "$CARLS" GET "/v1/refunds/$refund"; expect "nobody else does" 403 account_not_owned
	as "$ANNAS" POST /v1/transfers p8 "{\"from\":\"$A\",\"to\":\"$B\",\"amount\":7,\"currency\":\"CNY\"}"; expect "a transfer" 201
	local transfer; transfer=$(member id)
	as "$ANNAS" POST "/v1/transfers/$transfer/reverse" p9 '{"reason":"x"}'; expect "the payer does not take it back" 403 account_not_owned
	as "$BERTS" POST "/v1/transfers/$transfer/reverse" p10 '{"reason":"x"}'; expect "who got it gives it back" 201
	local item="{\"from\":\"$A\",\"to\":\"$B\",\"amount\":1,\"currency\":\"CNY\"}"
	as "$BERTS" POST /v1/transfers/batch b1 "{\"atomic\":false,\"items\":[$item]}"; expect "a batch" 200
	equal "of another's money" "$(member code)" account_not_owned
	as "$BERTS" POST /v1/transfers/batch b2 "{\"atomic\":true,\"items\":[$item]}"; expect "or all of it" 403 account_not_owned
	as "$ANNAS" POST /v1/transfers/batch b3 "{\"atomic\":true,\"items\":[$item,$item]}"; expect "of her own" 200
	local out="{\"account\":\"$A\",\"amount\":5,\"currency\":\"CNY\",\"channel\":\"bank\",\"destination\":{\"type\":\"token\",\"value\":\"x\"}}"
	as "$BERTS" POST /v1/withdrawals w0 "$out"; expect "another's withdrawal" 403 account_not_owned
	as "$ANNAS" POST /v1/withdrawals w1 "$out"; expect "a withdrawal" 201
	local withdrawal; withdrawal=$(member id)
	as "$ANNAS" POST "/v1/withdrawals/$withdrawal/confirm" w2; expect "confirmed with an API key only" 403 scope_missing
	as "$ANNAS" GET "/v1/withdrawals/$withdrawal"; expect "she sees it" 200
	as "$BERTS" GET "/v1/withdrawals/$withdrawal"; expect "he does not" 403 account_not_owned
}

test_passwords() {
	login anna "$PASSWORD"; local second=$token
	local path=/v1/users/me/password
	as "$ANNAS" POST $path "" "{\"old\":\"$WRONG\",\"new\":\"a new password\"}"; expect "the wrong old one" 401 unauthenticated
	equal "param" "$(member param)" old
	as "$ANNAS" POST $path "" "{\"old\":\"$PASSWORD\",\"new\":\"short\"}"; expect "too short" 422 validation_failed
	as "$ANNAS" POST $path change1 "{\"old\":\"$PASSWORD\",\"new\":\"a new password\"}"; expect "another" 200
	as "$ANNAS" POST $path change1 "{\"old\":\"$PASSWORD\",\"new\":\"a new password\"}"; expect "the same request again" 200
	equal "replayed" "$(head_value Idempotent-Replayed)" true
	as "$ANNAS" GET /v1/idempotency_keys/change1; equal "its resource is a route" "$(member status) $(member resource)" "200 /v1/users/me"
	as "$ANNAS" POST $path change1 "{\"old\":\"$PASSWORD\",\"new\":\"a third password\"}"; expect "the key for another one" 422 idempotency_key_reused
	as "$ANNAS" GET /v1/users/me; expect "this session lives" 200
	as "$second" GET /v1/users/me; expect "the other does not" 401 token_expired
	login anna "$PASSWORD"; expect "the old one is over" 401 unauthenticated
	login anna "a new password"; expect "the new one is good" 201
	forget_failures
}

test_lockout() {
	local i known unknown
	login bert "$WRONG"; expect "wrong" 401 unauthenticated
	known=$(without_id)
	login nobody "$WRONG"; expect "nobody" 401 unauthenticated
	unknown=$(without_id)
	equal "the answer does not tell which" "$known" "$unknown"
	forget_failures
	for i in 1 2 3 4; do login bert "$WRONG"; done
	login bert "$PASSWORD"; expect "after four it is not locked" 201
	equal "and they are forgotten" "$(sql "SELECT COUNT(*) FROM login_failure")" 0
	for i in 1 2 3 4; do login anna "$WRONG$i"; done
	login carl "$PASSWORD"; expect "a login of one's own" 201
	login nobody "$WRONG"; login carl "$PASSWORD" "" 192.0.2.1; expect "buys no address free" 429 login_locked
	forget_failures
	until_true 5 let_in carl "$PASSWORD" || fail "the address is not free"
	for i in 1 2 3 4 5; do login bert "$WRONG"; expect "failure $i" 401 unauthenticated; done
	login bert "$PASSWORD"; expect "the sixth, though it is right" 429 login_locked
	matches "Retry-After" "$(head_value Retry-After)" '^(8[0-9][0-9]|900)$'
	login bert "$PASSWORD" "" 192.0.2.2; expect "from elsewhere too" 429 login_locked
	login carl "$PASSWORD"; expect "another, from this address" 429 login_locked
	login carl "$PASSWORD" "" 192.0.2.3; expect "another, from elsewhere" 201
	as "$BERTS" POST /v1/users/me/password "" "{\"old\":\"$PASSWORD\",\"new\":\"a new password\"}"; expect "the password is locked too" 429 login_locked
	as "$BERTS" GET /v1/users/me; expect "who is in stays in" 200
	restart_ledgerd
	login bert "$PASSWORD"; expect "after the ledger has died" 429 login_locked
	sql "UPDATE login_failure SET t1=t1-901000000, t2=t2-901000000, t3=t3-901000000, t4=t4-901000000, t5=t5-901000000"
	until_true 5 let_in bert "$PASSWORD" || fail "after 15 minutes nobody is let in" # a worker has it from the ledger once a second
}

test_expiry() {
	login carl "$PASSWORD"
	as "$token" GET /v1/users/me; expect "a session" 200
	sql "UPDATE session SET expires_us=created_us+1"
	restart_ledgerd
	as "$token" GET /v1/users/me; expect "after its time" 401 token_expired
	login carl "$PASSWORD"; expect "login" 201
	as "$token" GET /v1/users/me; expect "again" 200
}

# A token that is over stays over: what a client's key began outlives the sweep.
test_keys_of_logins() {
	local over i
	login carl "$PASSWORD" forever1; expect "login with a key" 201
	over=$token
	as "$over" DELETE /v1/sessions/current; expect "logout" 204
	login carl "$PASSWORD"; expect "login without" 201
	sql "UPDATE session SET created_us=created_us-90000000000, expires_us=expires_us-90000000000, sweep_us=sweep_us-90000000000"
	restart_ledgerd
	for i in 1 2; do login carl "$PASSWORD"; expect "login $i sweeps" 201; done
	equal "what nobody knows the key of is gone" "$(sql "SELECT COUNT(*) FROM session WHERE sweep_us<UNIX_TIMESTAMP()*1000000")" 0
	restart_ledgerd
	login carl "$PASSWORD" forever1; expect "A10_key_of_a_session_that_is_over" 409 idempotency_key_expired
	as "$over" GET /v1/users/me; expect "the token" 401 token_expired
}

# What this release cannot compute is nothing that another try would mend.
test_records() {
	user dora; expect "a user" 201
	sql "UPDATE user SET password=CONCAT(0x09, MID(password,2)) WHERE login='dora'"
	login dora "$PASSWORD"; expect "a record of another release" 500 internal
	equal "no Retry-After" "$(head_value Retry-After)" ""
	sql "UPDATE user SET password=CONCAT(0x01, MID(password,2)) WHERE login='dora'"
	login dora "$PASSWORD"; expect "of this one" 201
}

open_of_carl() { sql "SELECT COUNT(*) FROM session WHERE user=$1 AND ended=0 AND expires_us>UNIX_TIMESTAMP()*1000000"; }

# A hundred sessions are open at once; a new password ends any number without a row of theirs.
test_many_sessions() {
	local first last carl="(SELECT id FROM user WHERE login='carl')"
	sql "UPDATE session SET ended=1"
	login carl "$PASSWORD"; first=$token
	sql "INSERT INTO session (token_hash, user, created_us, expires_us) SELECT UNHEX(SHA2(n.seq,256)), s.user, s.created_us+n.seq, s.expires_us+n.seq
		FROM seq_1_to_99 n, (SELECT * FROM session WHERE user=$carl AND ended=0) s"
	as "$first" GET /v1/users/me; expect "the oldest of a hundred" 200
	login carl "$PASSWORD"; expect "one more" 201; last=$token
	as "$first" GET /v1/users/me; expect "the oldest of them is over" 401 token_expired
	restart_ledgerd
	as "$first" GET /v1/users/me; expect "and stays so" 401 token_expired
	equal "a hundred are open" "$(open_of_carl "$carl")" 100
	login carl "$PASSWORD"; first=$token
	as "$last" POST /v1/users/me/password "" "{\"old\":\"$PASSWORD\",\"new\":\"a new password\"}"; expect "a new password" 200
	equal "no row of a session is written" "$(open_of_carl "$carl")" 100
	restart_ledgerd
	as "$first" GET /v1/users/me; expect "the others are over" 401 token_expired
	as "$last" PATCH /v1/users/me "" '{"display_name":"Carl"}'; expect "who set it is in" 200
	login carl "a new password"; expect "the new one" 201; first=$token
	restart_ledgerd
	as "$first" GET /v1/users/me; expect "lets in" 200
	as "$first" POST /v1/users/me/password "" "{\"old\":\"a new password\",\"new\":\"$PASSWORD\"}"; expect "the old one again" 200
	restart_ledgerd
	as "$last" GET /v1/users/me; expect "ends who was kept before" 401 token_expired
	as "$first" GET /v1/users/me; expect "and keeps who set it" 200
}

# Thirty at once: some wait, and payments do not.
test_storm() {
	local i codes
	local -a pids=()
	for i in $(seq 30); do
		curl -s -m 20 -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/json' -H "X-Forwarded-For: 198.51.100.$i" \
			--data-raw "{\"login\":\"carl\",\"password\":\"$PASSWORD\"}" "http://127.0.0.1:$PORT/v1/sessions" >>"$D/storm" &
		pids+=($!)
	done
	account wallet; expect "meanwhile" 201
	wait "${pids[@]}"
	codes=$(sort "$D/storm" | uniq -c | tr -s ' \n' ' ')
	matches "all are let in, but those for whom there was no time" "$codes" '^ [0-9]+ 201 ([0-9]+ 503 )?$'
}

# More than can wait: they are refused, and told so; payments are not.
test_flood() {
	local i body="{\"login\":\"carl\",\"password\":\"$PASSWORD\"}" codes
	for i in $(seq 200); do
		printf 'url = "http://127.0.0.1:%s/v1/sessions"\noutput = "%s/flood.%s"\n' "$PORT" "$D" "$i"
	done >"$D/flood.conf"
	curl -s -m 60 -Z --parallel-immediate --parallel-max 200 -K "$D/flood.conf" -w '%{http_code}\n' -H 'Content-Type: application/json' \
		-H 'X-Forwarded-For: 198.51.100.200' --data-raw "$body" >"$D/flood" 2>/dev/null &
	local flood=$!
	account wallet; expect "meanwhile" 201
	wait $flood
	codes=$(sort "$D/flood" | uniq -c | tr -s ' \n' ' ')
	matches "they are let in or told to come again" "$codes" '^ [0-9]+ 201 [0-9]+ 503 $'
	equal "all of them" "$(wc -l <"$D/flood")" 200
	equal "with the reason" "$(cat "$D"/flood.[0-9]* | grep -o '"code":"[a-z_]*"' | sort -u | grep -vcE 'overloaded|failover_in_progress')" 0
	until_true 60 let_in carl "$PASSWORD" || fail "nobody is let in afterwards"
}

# Neither a password nor a token is anywhere but in the hands of its owner.
test_secrets() {
	local secret
	equal "there is a token to look for" "$(echo "$token" | grep -c '^st_.')" 1
	mariadb-dump --no-defaults --hex-blob=0 -S "$D/my.sock" -u root holdfast >"$D/dump" 2>/dev/null
	for secret in "$PASSWORD" "$WRONG" "a new password" "${ANNAS#st_}" "${token#st_}"; do
		equal "not in the database" "$(grep -caF -- "$secret" "$D/dump")" 0
		equal "nor in a log" "$(cat "$D"/*.log | grep -caF -- "$secret")" 0
	done
	equal "the salt of each record is another one" "$(sql "SELECT COUNT(DISTINCT MID(password,5,16)) = COUNT(*) FROM user")" 1
}

set_up
run_tests users sessions ownership payments passwords lockout expiry keys_of_logins records many_sessions storm flood secrets
