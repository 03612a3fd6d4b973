# The active is cut off from everybody but the clients: the other takes over, the old one answers nothing.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
start_load isolate-active
was=$(active w)
heir=$(other "$was")
ways=$(ways_back "$was")
"$lab" cut "$was" "$heir"
"$lab" cut "$was" w
wait_until 30 "$heir active" is_active w "$heir"
wait_until 30 "$was lets go of the address" eval '! "$lab" exec "$was" -- ip -4 -o addr show | grep -q "$vip/"'
[ "$(status "$was" .mode)" = STALLED ] || fail "$was says $(status "$was" .mode)"
# It cannot know that the others serve, and says no more than that; what it said before does not count where it is not heard.
knows_little() {
  said=$("$lab" exec "$was" -- holdfastctl status)
  case ${said/if they are dead, bring one of them back/} in *" back"* | *"systemctl"*) fail "$was says: $said" ;; esac
  [[ $said == *"$was hears nothing of "*": it is cut off, or they are dead."* ]]
}
wait_until 10 "$was says that it hears nobody" knows_little
"$lab" exec w -- holdfastctl status >/dev/null || fail "as w sees it: $("$lab" exec w -- holdfastctl status)"
payments_flow
# The clients still reach it: whatever asks it by its own address must not get an answer to a money question.
code=$("$lab" client -- curl -sk -m 8 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $key" \
  --connect-to "$vip:443:$(address_of "$was"):443" "$url/v1/idempotency_keys/none") || true
case $code in
2*) fail "the old active answered $code" ;;
esac
"$lab" heal
wait_sync
came_back "$was" "$ways"
stop_load
say "D7_active_cut_off_answers_nothing: nothing was answered by two, and its tail was cut off"
