# A new key of the heartbeats under load; daemons that restart in between; a member that was away during a rotation.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

all_use() { # NUMBER: with nothing under way
  local n
  for n in a b w; do [ "$(status "$n" '"\(.key.number) \(.key.newest) \(.key.rotating)"')" = "$1 $1 false" ] || return 1; done
}
no_wrong_key() {
  local n
  for n in a b w; do [ "$(status "$n" '.dropped["wrong-key"]')" = 0 ] || fail "$n dropped datagrams for their key"; done
}
first=$(status w .key.number)
epoch=$(status w .epoch)
start_load key-rotation
"$lab" exec w -- holdfastctl key rotate || fail "key rotate on w"
wait_until 30 "key $((first + 1)) everywhere" all_use $((first + 1))
"$lab" exec "$(active)" -- holdfastctl key rotate || fail "key rotate on the active"
wait_until 30 "key $((first + 2)) everywhere" all_use $((first + 2))
payments_flow
no_wrong_key
[ "$(status w .epoch)" = "$epoch" ] || fail "the role moved"

power_off w
"$lab" exec "$(active a)" -- timeout 60 holdfastctl key rotate >"$work/key-rotation.out" && fail "rotated without w"
grep -q "waits for w" "$work/key-rotation.out" || fail "does not say whom it waits for: $(cat "$work/key-rotation.out")"
"$lab" exec "$(other "$(active a)")" -- systemctl restart holdfast-heartbeatd
power_on w
wait_until 120 "key $((first + 3)) everywhere" all_use $((first + 3))
wait_sync
for n in a b w; do
  "$lab" exec "$n" -- systemctl restart holdfast-heartbeatd
  wait_sync
done
all_use $((first + 3)) || fail "the keys were forgotten"
"$lab" exec a -- holdfastctl token | grep -q hf2- || fail "the token does not carry the new key"
"$lab" exec a -- journalctl -q -u holdfast-heartbeatd -g 'event=key.drop number=1' >/dev/null || fail "nothing in the log"
stop_load
