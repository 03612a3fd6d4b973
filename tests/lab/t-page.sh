# The status page on all three machines: who is let in and who is not, what its user may do, and a browser that logs in, hands the role over by a
# click, sees a machine die, and is told when what it sees is old. Pictures are left in $work/page-*.png, to be looked at.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

page_password='correct horse battery'
page_of() { echo "https://$(address_of "$1"):8407"; }
for n in a b w; do
  in_node "$n" "grep -q '^\[page\]' /etc/holdfast/holdfast.conf || printf '\n[page]\nlisten = %s:8407\n' $(address_of "$n") >>/etc/holdfast/holdfast.conf
    printf '%s\n' '$page_password' | holdfastctl page-password" >"$work/page.$n" || fail "$n: no page: $(cat "$work/page.$n")"
  grep -q "$(page_of "$n")" "$work/page.$n" || fail "$n: page-password does not say where it is: $(cat "$work/page.$n")"
done
in_node a 'printf "short\n" | holdfastctl page-password 2>&1' >"$work/page.short" && fail "a short password was taken"
grep -q "10 to 128" "$work/page.short" || fail "a short password: $(cat "$work/page.short")"

# ---- what a client is answered
ask() { timeout 20 "$lab" client -- curl -sk --max-time 10 --noproxy '*' "$@"; }
code() { ask -o /dev/null -w '%{http_code}' "$@"; }
is_code() { # WANT WHAT CURL-ARGUMENT...
  local want=$1 what=$2 got
  shift 2
  got=$(code "$@")
  [ "$got" = "$want" ] || fail "$what: $got, want $want"
}
log_in() { ask -c "$work/page.jar" --data-urlencode "password=$page_password" "$(page_of "$1")/login"; }
page_token() { ask -b "$work/page.jar" "$(page_of "$1")/status.json" | jq -r .token; }
url_a=$(page_of a)
fingerprint=$(sed -n 's/.*: \([0-9A-F:]*\)$/\1/p' "$work/page.a" | tail -n 1)
seen=$(timeout 10 "$lab" client -- sh -c "openssl s_client -connect $(address_of a):8407 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256" | cut -d= -f2)
[ -n "$fingerprint" ] && [ "$seen" = "$fingerprint" ] || fail "the certificate is $seen, and page-password said $fingerprint"
is_code 000 "without TLS" "http://$(address_of a):8407/"
is_code 200 "the page" "$url_a/"
is_code 401 "status without a session" "$url_a/status.json"
is_code 403 "a wrong password" -d password=not-the-one "$url_a/login"
log_in a | grep -q '"in":true' || fail "no session for the right password"
is_code 200 "status" -b "$work/page.jar" "$url_a/status.json"
is_code 403 "switchover without the token" -b "$work/page.jar" -d to=b "$url_a/switchover"
is_code 413 "too large a request" -b "$work/page.jar" -d "x=$(printf '%02000d' 0)" "$url_a/login"
epoch=$(status w .epoch)
is_code 409 "a switchover to nobody" -b "$work/page.jar" -d "to=nobody&token=$(page_token a)" "$url_a/switchover"
[ "$(status w .epoch)" = "$epoch" ] || fail "a refused switchover has moved the epoch"
# A client that does not go on is hung up on, and the others are served meanwhile.
timeout 60 "$lab" client -- /usr/bin/python3 - "$(address_of a)" >"$work/page.slow" 2>&1 <<'PY' &
import socket, ssl, sys, time
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
one = context.wrap_socket(socket.create_connection((sys.argv[1], 8407)))
one.settimeout(0.5)
began = time.monotonic()
try:
    while time.monotonic() < began + 50:
        one.send(b"G" if time.monotonic() == began else b"E")
        try:
            if not one.recv(100):
                break
        except (TimeoutError, socket.timeout):
            pass
except OSError:
    pass
print(int(time.monotonic() - began))
PY
slow=$!
for _ in 1 2 3 4 5; do is_code 403 "a guess" -d password=not-the-one "$(page_of w)/login"; done
is_code 429 "the sixth, though it is right" --data-urlencode "password=$page_password" "$(page_of w)/login"
is_code 200 "the page while one is slow" "$url_a/"
say "let in: who has the password, a session and its token, by TLS; locked: who guesses"

# ---- what its user may do
as_page() { in_node "$1" "setpriv --reuid=holdfast-page --regid=holdfast-page --groups=\$(getent group holdfast | cut -d: -f3) holdfastctl $2 2>&1"; }
for words in 'force solo --yes' 'key rotate'; do
  said=$(as_page a "$words") && fail "the user of the page may: $words"
  says "only root may do that"
done
pid=$(in_node a 'systemctl show -p MainPID --value holdfast-page')
for hidden in /etc/holdfast/cluster.key /etc/holdfast/pki/node.key; do
  in_node a "test -s $hidden" || fail "there is no $hidden"
  in_node a "test -s /proc/$pid/root$hidden" && fail "the page sees $hidden"
done
in_node a "tr '\\0' ' ' </proc/$pid/status | grep -q '^CapEff:[[:space:]]*0*\$'" || fail "the page has capabilities"
exposure=$(in_node a 'systemd-analyze security --no-pager holdfast-page.service' | sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p')
awk -v e="$exposure" 'BEGIN { exit !(e > 0 && e < 3) }' || fail "systemd-analyze security says $exposure"
wait "$slow"
[ "$(cat "$work/page.slow")" -le 40 ] || fail "a slow client was served for $(cat "$work/page.slow") s"
say "its user may ask for what loses nothing, and reads no secret; exposure $exposure"

# ---- in a browser
browse() { # COMMAND...: the answer in $got
  printf '%s\n' "$*" >&"${browser[1]}"
  IFS= read -r -t 60 -u "${browser[0]}" got || fail "the browser says nothing to: $*"
  [ "${got%% *}" = ok ] || fail "in the browser, $*: $got"
  got=${got#ok }
  got=${got#ok}
}
open_page() { # NODE
  coproc browser { exec "$lab" client -- timeout 900 /usr/bin/python3 "$top/tests/lab/page_browser.py" "$(page_of "$1")/" 2>"$work/page-browser.log"; }
  IFS= read -r -t 120 -u "${browser[0]}" got && [ "${got%% *}" = ok ] || fail "no browser: $got $(tail -n 5 "$work/page-browser.log")"
  browse login "$page_password"
}
close_page() {
  local pid=$browser_PID out=${browser[1]}
  exec {out}>&-
  wait "$pid"
}
pictures() { # NAME
  browse shot "$work/page-$1.png" 1280 900 light full
  browse shot "$work/page-$1-dark.png" 1280 900 dark full
  browse shot "$work/page-$1-phone.png" 390 844 light full
  browse wide
  [ "$got" = 0 ] || fail "the page is $got pixels wider than a phone"
  browse shot "$work/page-$1-small.png" 360 740 dark
  browse wide
  [ "$got" = 0 ] || fail "the page is $got pixels wider than a small phone"
}
shows() { browse wait "$1 | $2"; } # SELECTOR REGEX

was=$(active w)
heir=$(other "$was")
for n in a b; do # left by a run before, or by another test
  ctl "$n" worker remove x || true
done
ctl "$was" worker add x --address 10.77.0.66 || fail "worker add: $said"
ctl "$heir" worker sync || fail "worker sync: $said"
LOAD_RATE=100 start_load page
open_page "$was"
shows '#verdict h1' '^Payments are served$'
shows '#verdict .mode' 'SYNC'
shows '#verdict .answers' "Who is active\\?\\s+$was\\b.*On $was\\b.*Yes, any one"
shows "#nodes article.active h3" "^$was"
shows '#load .figure' '^[1-9][0-9.]*\s*/s'
shows '#hosts li' "^x\\s+(Down|Not known)\\s+10.77.0.66.*as $was saw it, (just now|[0-9]+ m?s ago)"
shows '#hosts li' "^x\\s+Down\\s+10.77.0.66 takes no requests"
shows '#fresh-text' '^live'
browse keys
[[ " $got " == *" switch-$heir maint-$heir "* ]] || fail "the keyboard does not reach the buttons: $got"
pictures sync
# What nobody looks at any more is not known.
in_node "$was" 'systemctl stop holdfast-workers.timer; sed -i 1s/.*/1/ /run/holdfast/worker-hosts'
shows '#hosts' "^x\\s+Not known\\s+10.77.0.66 · as $was saw it.*Nothing has looked at them since"
browse shot "$work/page-hosts-old.png" 1280 900 light full
in_node "$was" 'systemctl start holdfast-workers.timer holdfast-workers.service'
shows '#hosts li' "^x\\s+Down"
browse click "#switch-$heir"
shows '#dialog-title' "Make $heir active\\?"
shows '#dialog-text' 'tenth of a second'
wait_until 20 "that it may be confirmed" eval 'browse enabled "#dialog-yes"; [ "$got" = yes ]'
[ "$(active w)" = "$was" ] || fail "the role moved before it was confirmed"
browse shot "$work/page-dialog.png" 1280 900 light
browse click '#dialog-yes'
shows '#dialog-said' "$heir serves \\(SYNC\\)"
browse shot "$work/page-done.png" 390 844 light
[ "$(active w)" = "$heir" ] || fail "the page says that $heir is active, and $(active w) is"
browse click '#dialog-no'
shows '#verdict .answers' "Who is active\\?\\s+$heir\\b"
shows '#moves' "$was → $heir\\s+took"
payments_flow
wait_sync
say "handed over by a click, from $was to $heir"

browse click '#maint-w'
wait_until 20 "that it may be confirmed" eval 'browse enabled "#dialog-yes"; [ "$got" = yes ]'
browse click '#dialog-yes'
shows '#dialog-said' 'w is in maintenance'
[ "$(status "$was" '.nodes[]|select(.name=="w").maintenance')" = true ] || fail "w is not in maintenance"
browse click '#dialog-no'
browse click '#maint-w'
wait_until 20 "that it may be confirmed" eval 'browse enabled "#dialog-yes"; [ "$got" = yes ]'
browse click '#dialog-yes'
shows '#dialog-said' 'w is out of maintenance'
browse click '#dialog-no'
say "maintenance and back by clicks"

# What is old is never shown as what is.
in_node "$was" 'systemctl stop holdfast-heartbeatd'
shows '#stale' 'Not live.*heartbeatd does not answer'
shows '#verdict h1' '^Not known now$'
browse enabled "#maint-w"
[ "$got" = no ] || fail "a button works though nothing is known"
pictures stale
in_node "$was" 'systemctl start holdfast-heartbeatd'
shows '#fresh-text' '^live'
shows '#verdict h1' '^Payments are served'
in_node "$was" 'systemctl kill --signal=STOP holdfast-page'
shows '#stale' "Not live.*server does not answer"
in_node "$was" 'systemctl kill --signal=CONT holdfast-page'
shows '#fresh-text' '^live'
wait_sync
say "what is old is told to be: heartbeatd stopped, the page's own server stopped"

power_off "$heir"
shows '#verdict h1' "Payments are served by $was alone"
shows '#verdict .mode' 'SOLO'
shows "#nodes article.away" "^$heir.*Not heard"
shows '#todo' "bring $heir back"
shows '#verdict .answers' "Can it lose a machine now\\?\\s+Not $was"
payments_flow
sleep 5 # figures for the pictures; nothing is decided by it
pictures solo
power_on "$heir"
shows '#verdict h1' '^Payments are served$'
wait_sync
browse complaints
[ -z "$got" ] || fail "the browser complains: $got"
browse click '#logout'
shows '#login h1' 'Status page'
browse try 'not the password'
[[ $got == *"not the password"* ]] || fail "a wrong password is answered: $got"
close_page
stop_load
for n in a b; do ctl "$n" worker remove x || true; done
say "a machine that dies is seen to, and one that comes back"
