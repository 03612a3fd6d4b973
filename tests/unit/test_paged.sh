#!/bin/bash
# The status page as a client meets it: holdfast-paged, the real program, before a heartbeatd that says what a file says.
# shellcheck disable=SC2034,SC2154 # names of tests/unit/daemons.sh
. "${srcdir:-.}/tests/unit/daemons.sh"
PORT=$((20000 + $$ % 20000))
URL=https://127.0.0.1:$PORT
password='correct horse & battery'

mkdir -p "$D/run/ledger" "$D/page"
printf '[cluster]\nname = pay\nvip = 10.0.0.100/24\n[node]\nname = a\naddress = 127.0.0.1\ninterface = lo\n[page]\nlisten = 127.0.0.1:%s\n' "$PORT" >"$D/conf"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$D/key.pem" -out "$D/cert.pem" -subj /CN=a \
  -addext subjectAltName=IP:127.0.0.1 -days 2 2>/dev/null || fail "no certificate"
cat "$D/cert.pem" "$D/key.pem" >"$D/page/page.pem"
cat >"$D/said" <<'JSON'
{"status": {"cluster": "pay", "node": "a", "epoch": 7, "version": 9, "mode": "SYNC", "observed": true, "active": "a", "in_sync": ["a", "b"],
  "vip": {"address": "10.0.0.100/24", "holders": ["a"], "holder": "a", "moving": false}, "nodes": [], "replicas": []},
 "history": [], "explain": {"lines": []}, "*": {"started": true, "text": "begun"}, "may switchover c": {"started": false, "text": "gateways are: a b"}}
JSON

get() { curl -sS --max-time 10 --cacert "$D/cert.pem" --noproxy '*' "$@" 2>&1; } # the body
code() { get -o /dev/null -w '%{http_code}' "$@"; }
begin() {
  "$BUILD/holdfast-paged" -f "$D/conf" --page "$D/page" --run "$D/run" >"$D/paged.log" 2>&1 &
  PID[paged]=$!
  until_true 10 get "$URL/" || fail "no page"
}
say() { "$SOURCE/tests/unit/fake_status.py" "$D/run/heartbeatd.sock" "$D/said" >"$D/asked.log" 2>&1 & PID[fake]=$!; until_true 10 grep -q ready "$D/asked.log" || fail "no fake"; }
log_in() { get -c "$D/jar" --data-urlencode "password=$password" "$URL/login"; }
answers() { get -b "$D/jar" "$URL/status.json" | grep -q '"answers":true'; }
token() { get -b "$D/jar" "$URL/status.json" | jq -r .token; }

equal "without a password it starts, and says that it has none" "$("$BUILD/holdfast-paged" -n -f "$D/conf"; echo $?)" 0
say
begin
equal "nobody is let in without a password of the machine" "$(code -d password=x "$URL/login")" 503
# The hash as page-password makes it; that itself is root's.
"$BUILD/tests/unit/paged_hash" "$password" >"$D/page/password" || fail "no hash"

# Before the login.
page=$(get "$URL/")
matches "the page is a page" "$page" '<title>Holdfast</title>'
if [[ $page =~ (pay|10\.0\.0\.100) ]] && ! [[ $page =~ Payments ]]; then fail "it tells of the cluster"; else pass "it tells nothing of the cluster"; fi
if grep -Eq '(src|href)="?(https?:)?//|@import|url\(' <<<"$page"; then fail "the page loads something"; else pass "the page loads nothing"; fi
if grep -Eq ' on[a-z]+="| style="' <<<"$page"; then fail "the page has what its policy forbids"; else pass "no handlers, no styles in attributes"; fi
head=$(get -D - -o /dev/null "$URL/")
for want in "default-src 'none'" "frame-ancestors 'none'" 'X-Content-Type-Options: nosniff' 'Cache-Control: no-store' 'X-Frame-Options: DENY'; do
  case $head in *"$want"*) pass "$want" ;; *) fail "no $want in: $head" ;; esac
done
for part in style script; do
  hash=$(printf %s "$page" | python3 -c 'import base64,hashlib,re,sys
print(base64.b64encode(hashlib.sha256(re.search("<'$part'>(.*?)</'$part'>", sys.stdin.read(), re.S).group(1).encode()).digest()).decode())')
  case $head in *"$part-src 'sha256-$hash'"*) pass "the policy names the $part" ;; *) fail "the policy does not name the $part: $hash" ;; esac
done
equal "status without a session" "$(code "$URL/status.json")" 401
equal "switchover without a session" "$(code -d to=b "$URL/switchover")" 401
equal "another method" "$(code -X DELETE "$URL/")" 405
equal "a path that there is not" "$(code "$URL/etc/passwd")" 404
equal "a cookie that nobody was given" "$(code -H "Cookie: __Host-holdfast=$(printf '%064d' 0)" "$URL/status.json")" 401
equal "without TLS" "$(curl -s -o /dev/null --max-time 5 -w '%{http_code}' "http://127.0.0.1:$PORT/")" 000
equal "with an old TLS" "$(code --tls-max 1.1 "$URL/" | tail -c 3)" 000

# Logging in.
equal "a wrong password" "$(code -d password=wrong-one "$URL/login")" 403
equal "from another page" "$(code -H 'Origin: https://evil.example' --data-urlencode "password=$password" "$URL/login")" 403
matches "the right one" "$(log_in)" '"in":true'
matches "the cookie" "$(get -D - -o /dev/null --data-urlencode "password=$password" "$URL/login")" \
  'Set-Cookie: __Host-holdfast=[0-9a-f]{64}; Path=/; Secure; HttpOnly; SameSite=Strict'
matches "what is shown" "$(get -b "$D/jar" "$URL/status.json")" '"answers":true.*"mode":"SYNC"'

# Worker hosts, as the file says that is left for it; what is old is not known, and what is none is nothing.
boot_ms() { awk -v o="$1" '{ printf "%d\n", $1 * 1000 - o }' /proc/uptime; }
hosts() { get -b "$D/jar" "$URL/status.json" | jq -c "${1:-.hosts}"; }
equal "no file of worker hosts" "$(hosts)" null
{ boot_ms 0; printf 'w1 10.0.0.7 up\nw2 10.0.0.8 not ready\n'; } >"$D/run/worker-hosts"
equal "two worker hosts" "$(hosts '[.hosts.all[]|.name+" "+.address+" "+.state]')" '["w1 10.0.0.7 up","w2 10.0.0.8 not ready"]'
equal "their age" "$(hosts '.hosts|.age_ms < 20000 and (.old|not)')" true
{ boot_ms 95000; printf 'w1 10.0.0.7 up\n'; } >"$D/run/worker-hosts"
equal "one that was looked at long ago" "$(hosts '[.hosts.all[0].state,.hosts.old,.hosts.age_ms > 90000]')" '["unknown",true,true]'
printf 'nonsense\n' >"$D/run/worker-hosts"
equal "a file that is none" "$(hosts)" null
rm "$D/run/worker-hosts"

# Changing something.
token=$(token)
equal "without the token" "$(code -b "$D/jar" -d to=b "$URL/switchover")" 403
equal "with another one" "$(code -b "$D/jar" -d "to=b&token=$(printf '%064d' 1)" "$URL/switchover")" 403
equal "with the token of another page" "$(code -b "$D/jar" -H 'Origin: https://evil.example' -d "to=b&token=$token" "$URL/switchover")" 403
equal "a name that is none" "$(code -b "$D/jar" --data-urlencode "to=b; force-solo" -d "token=$token" "$URL/switchover")" 400
equal "no name" "$(code -b "$D/jar" -d "token=$token" "$URL/switchover")" 400
equal "neither on nor off" "$(code -b "$D/jar" -d "node=w&on=maybe&token=$token" "$URL/maintenance")" 400
equal "nothing of that was asked for" "$(grep -vc ready "$D/asked.log")" 0
equal "a look" "$(code -b "$D/jar" -d "to=c&look=yes&token=$token" "$URL/switchover")" 409
equal "switchover" "$(get -b "$D/jar" -H "Origin: $URL" -d "to=b&token=$token" "$URL/switchover")" '{"started":true,"text":"begun"}'
equal "maintenance" "$(code -b "$D/jar" -d "node=w&on=yes&token=$token" "$URL/maintenance")" 200
equal "and back" "$(code -b "$D/jar" -d "node=w&on=no&token=$token" "$URL/maintenance")" 200
equal "what heartbeatd was asked for" "$(tail -n 4 "$D/asked.log" | tr '\n' ',')" "may switchover c,switchover b,maintenance-on w,maintenance-off w,"

# Too large, and too slow.
head -c 1100 /dev/zero | tr '\0' x >"$D/large"
equal "too large" "$(code -b "$D/jar" -d @"$D/large" "$URL/login")" 413
equal "too large, in pieces" "$(code -b "$D/jar" -H 'Transfer-Encoding: chunked' -d @"$D/large" "$URL/login")" 413
matches "a header without end" "$(code -H "X: $(head -c 30000 /dev/zero | tr '\0' x)" "$URL/" | tail -c 3)" '^(431|413|000)$'
equal "and it goes on" "$(code "$URL/")" 200

# What is old is told to be.
stop fake KILL
matches "heartbeatd is gone" "$(sleep 0.6; get -b "$D/jar" "$URL/status.json")" '"answers":false,"why":"holdfast-heartbeatd does not answer'
rm -f "$D/run/heartbeatd.sock"
say
matches "heartbeatd is back" "$(sleep 0.6; get -b "$D/jar" "$URL/status.json")" '"answers":true'

# One that hangs costs 2 s each time: it is asked less often than it is looked at.
cp "$D/said" "$D/said.well"
jq '.status = null' "$D/said.well" >"$D/said"
for i in 1 2 3; do matches "heartbeatd hangs, look $i" "$(sleep 0.6; get -b "$D/jar" "$URL/status.json")" '"answers":false,"why":"[^"]*timed out'; done
equal "and is asked once" "$(grep -c hangs "$D/asked.log")" 1
cp "$D/said.well" "$D/said"
until_true 20 answers || fail "it is not asked again"

# The end of a session.
equal "logging out needs the token" "$(code -b "$D/jar" -d '' "$URL/logout")" 403
equal "logging out" "$(code -b "$D/jar" -d "token=$token" "$URL/logout")" 200
equal "after it" "$(code -b "$D/jar" "$URL/status.json")" 401
log_in >/dev/null
stop paged
begin
equal "after a restart" "$(code -b "$D/jar" "$URL/status.json")" 401

# Guessing.
for i in 1 2 3 4 5; do equal "guess $i" "$(code -d password=guess-$i-xx "$URL/login")" 403; done
equal "the sixth, though it is right" "$(code --data-urlencode "password=$password" "$URL/login")" 429
matches "it says for how long" "$(get -D - -d password=x "$URL/login")" 'Retry-After: [0-9]{3}.*locked for 15 more minutes'
grep -q "$password" "$D"/*.log && fail "the password is in a log"
matches "the journal has who" "$(cat "$D/paged.log")" 'event=login.refuse address=127.0.0.1 why=password'
exit "$FAILED"
