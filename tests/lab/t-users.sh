# A user, her session and a login that is locked outlive the node that let them in, a list goes on at its heir where it was; and the schema that the new active finds is brought
# to its release before its ledger opens, while payments go on.
# shellcheck shell=bash disable=SC2154,SC2016
api() { # TOKEN METHOD PATH KEY BODY: the status and the body
  "$lab" client -- curl -s -m 20 --cacert "$ca" -w '\n%{http_code}' -X "$2" -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \
    -H "Idempotency-Key: users-$4" ${5:+--data-raw "$5"} "$url$3" >"$work/users.answer"
  code=$(tail -n 1 "$work/users.answer")
  body=$(head -n 1 "$work/users.answer")
}
want() { [ "$code" = "$1" ] || fail "$2: got $code, want $1: $body"; }
login() { api nobody POST /v1/sessions "$1" "{\"login\":\"anna\",\"password\":\"$2\"}"; }
root_at() { "$lab" exec "$1" -- mariadb -N -B -e "$2" 2>&1; }
versions() { root_at "$1" "SELECT GROUP_CONCAT(number ORDER BY number) FROM holdfast.schema_version"; }

all=$(versions "$(active w)")
api "$key" POST /v1/users user '{"login":"anna","password":"correct horse","display_name":"Anna"}'
want 201 "a user"
login login "correct horse"
want 201 "login"
token=$(jq -r .token <<<"$body")
api "$token" POST /v1/accounts wallet '{"kind":"wallet","currency":"CNY"}'
want 201 "a wallet"
wallet=$(jq -r .id <<<"$body")
api "$key" POST /v1/accounts shop '{"kind":"merchant","currency":"CNY"}'
want 201 "a shop"
shop=$(jq -r .id <<<"$body")
api "$key" POST /v1/topups topup "{\"account\":\"$wallet\",\"amount\":1000,\"currency\":\"CNY\",\"channel\":\"bank\",\"channel_reference\":\"users-$$\"}"
want 201 "a top-up"
for i in 1 2 3 4 5; do
  login "wrong$i" "wrong horse"
  want 401 "failure $i"
done
login locked "correct horse"
want 429 "the sixth"

page() { # [CURSOR]: adds to $read
  api "$token" GET "/v1/transfers?limit=3${1:+&after=$1}" none
  want 200 "a page"
  read+=" $(jq -r '[.data[].id]|join(" ")' <<<"$body")"
  cursor=$(jq -r '.next_cursor // empty' <<<"$body")
}
made=
for i in 1 2 3 4 5 6 7; do
  api "$token" POST /v1/transfers "list$i" "{\"from\":\"$wallet\",\"to\":\"$shop\",\"amount\":1,\"currency\":\"CNY\"}"
  want 201 "transfer $i"
  made=" $(jq -r .id <<<"$body")$made"
done
read=
page

was=$(active w)
heir=$(other "$was")
# As a database of the release before has it.
root_at "$was" "DELETE FROM holdfast.schema_version WHERE number>1" || fail "no way to forget versions"
migrated=$(told "$heir" holdfast-replicationd event=schema.applied)
start_load users
takes_over "$heir" "$was"
stop_load
told_more "$heir" holdfast-replicationd event=schema.applied "$migrated" || fail "$heir has migrated nothing"
for node in "$heir" "$was"; do
  [ "$(versions "$node")" = "$all" ] || fail "$node has the versions $(versions "$node"), want $all"
done
api "$token" POST /v1/transfers transfer "{\"from\":\"$wallet\",\"to\":\"$shop\",\"amount\":10,\"currency\":\"CNY\"}"
want 201 "her session lives"
while [ -n "$cursor" ]; do page "$cursor"; done
[ "$read" = "$made" ] || fail "the list went on at $heir with '$read', want '$made'"
api "$token" GET "/v1/accounts/$shop" none
want 403 "another's account"
login locked2 "correct horse"
want 429 "her login is locked still"
say "$was died, $heir has the session and the lock, and the schema $all"
