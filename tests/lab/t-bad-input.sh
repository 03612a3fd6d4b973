# Bad input to the API: a clear problem, and nothing executed.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
ask() { # METHOD PATH BODY HEADER...: prints "status code"
  local method=$1 path=$2 body=$3 h args=()
  shift 3
  for h in "$@"; do args+=(-H "$h"); done
  "$lab" client -- curl -s -m 10 --cacert "$ca" -X "$method" "${args[@]}" ${body:+-d "$body"} -w '\n%{http_code}' "$url$path" |
    { jq_in=$(cat); printf '%s %s\n' "${jq_in##*$'\n'}" "$(jq -r '.code // ""' <<<"${jq_in%$'\n'*}" 2>/dev/null)"; }
}
expect() { # WANTED GOT WHAT
  [ "$1" = "$2" ] || fail "$3: want '$1', got '$2'"
}
auth="Authorization: Bearer $key"
json="Content-Type: application/json"
k() { printf 'Idempotency-Key: bad-%s-%s' "$$" "$1"; }
seq_before=$(ask GET /v1/idempotency_keys/none "" "$auth")
expect "200 " "$seq_before" "asking for an unknown key"
expect "404 not_found" "$(ask GET /v1/nothing "" "$auth")" "unknown route"
expect "405 method_not_allowed" "$(ask DELETE /v1/transfers "" "$auth")" "wrong method"
expect "401 unauthenticated" "$(ask POST /v1/accounts '{}' "$json" "$(k 1)")" "no credentials"
expect "401 unauthenticated" "$(ask POST /v1/accounts '{}' "Authorization: Bearer sk_wrong" "$json" "$(k 2)")" "wrong key"
expect "415 unsupported_media_type" "$(ask POST /v1/accounts '{}' "$auth" "Content-Type: text/plain" "$(k 3)")" "media type"
expect "400 malformed_json" "$(ask POST /v1/accounts '{' "$auth" "$json" "$(k 4)")" "broken JSON"
expect "400 idempotency_key_missing" \
  "$(ask POST /v1/accounts '{"currency":"CNY","kind":"wallet"}' "$auth" "$json")" "no idempotency key"
expect "422 validation_failed" \
  "$(ask POST /v1/accounts '{"currency":"CNY","kind":"wallet","colour":1}' "$auth" "$json" "$(k 5)")" "unknown field"
expect "422 validation_failed" "$(ask POST /v1/transfers '{"from":"x","to":"y","amount":1.5,"currency":"CNY"}' \
  "$auth" "$json" "$(k 6)")" "a fraction of a cent"
expect "404 not_found" "$(ask GET /v1/accounts/acc_00000000000000000000000000/balance "" "$auth")" "unknown account"
expect "422 pan_not_allowed" "$(ask POST /v1/accounts '{"currency":"CNY","kind":"wallet","metadata":{"4111 1111 1111 1111 123":""}}' \
  "$auth" "$json" "$(k 7)")" "a card number and its CVV as a name"
expect "422 pan_not_allowed" "$(ask POST /v1/accounts '{"currency":"CNY","kind":"wallet"}' "$auth" "$json" \
  "Idempotency-Key: 5105-1051-0510-5100")" "a card number as a key"
expect "422 pan_not_allowed" "$(ask GET /v1/idempotency_keys/%35105-1051-0510-5100 "" "$auth")" "a card number in the path"
for node in a b; do
  "$lab" exec "$node" -- journalctl -q --no-pager -b | grep -qE '5105-?1051|1051-?0510|4111[ -]?1111' &&
    fail "the journal of $node has a card number"
done
true
