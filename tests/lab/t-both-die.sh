# Both gateways lose their power at once, in SYNC and in SOLO, and come back one after the other, in both orders. In SYNC either may serve;
# in SOLO only the one that served: the one that was left behind waits for it. Nothing is lost, and it is SYNC again by itself.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
gates() { "$lab" exec "$1" -- journalctl -b -q -o cat --no-pager -u holdfast-heartbeatd | grep -c event=gate.open; } # since it was switched on
# It is up, knows the record, and lacks nothing to serve but a word that it may: the operator's, who is told what that would cost.
waits_for_its_word() { # NODE
  ctl w force promote "$1" --accept-loss </dev/null
  [[ $said == *"nobody is there to ask: add --yes"* ]]
}
both_die() {
  "$lab" kill "$was" &
  power_off "$heir"
  wait "$!"
}

LOAD_RATE=100
start_load both-die
for first in active standby; do
  wait_sync
  was=$(active w)
  heir=$(other "$was")
  payments_flow
  both_die
  [ "$first" = active ] && first=$was || first=$heir
  power_on "$first"
  wait_until 60 "$first serves" is_mode "$first" SOLO
  is_active "$first" "$first" || fail "$(active "$first") is active, only $first is there"
  payments_flow
  power_on "$(other "$first")"
  wait_sync
  say "both died in SYNC, $was was active: $first came first and served"
done

for first in active standby; do
  wait_sync
  was=$(active w)
  heir=$(other "$was")
  power_off "$heir"
  wait_until 30 "SOLO" is_mode "$was" SOLO
  payments_flow
  if [ "$first" = active ]; then
    power_off "$was"
    power_on "$was"
    wait_until 60 "$was serves" is_mode "$was" SOLO
    payments_flow
    power_on "$heir"
    wait_sync
  else
    power_off "$was"
    power_on "$heir"
    wait_until 60 "$heir waits" waits_for_its_word "$heir"
    is_mode "$heir" STALLED || fail "$heir says $(status "$heir" .mode)"
    power_on "$was"
    wait_until 60 "$was serves" eval 'is_active "$was" "$was" && ! is_mode "$was" STALLED'
    payments_flow
    wait_sync
    opened=$(gates "$heir")
    [ "$(gates "$was")" -gt 0 ] || fail "the journal of $was does not tell that it serves"
    [ "$opened" = 0 ] || fail "$heir, left behind, has opened its gate $opened times"
  fi
  [ "$(active w)" = "$was" ] || fail "$(active w) is active, $was has all that was paid in SOLO"
  say "both died in SOLO: the $first came first"
done
stop_load
say "D10_both_lose_their_power: whoever comes first, nothing that was answered is lost"
