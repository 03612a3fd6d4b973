# Planned hand-overs under load, to and fro, asked for on any member: nobody is alone meanwhile, nobody is refused. Refused itself
# when the standby cannot take over, in words. The same when the ledger, or the machine, is told to end. The power goes in the middle of one, on either side: nothing is lost.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016

start_load switchover
first=$(active w)
for asked in w "$(other "$first")"; do
  was=$(active w)
  heir=$(other "$was")
  version=$(status w .version)
  ctl "$asked" switchover --to "$heir" --yes || fail "switchover to $heir, asked on $asked: $said"
  says "$heir serves (SYNC)"
  is_active "$heir" "$heir" || fail "$heir is not active after: $said"
  payments_flow
  # Claimed and open: a third change would be somebody who was alone.
  [ "$(status w .version)" = $((version + 2)) ] || fail "the record went from version $version to $(status w .version)"
  wait_until 30 "$was standby" is_state w "$was" standby
  say "$was handed over to $heir, asked on $asked"
done
is_handed() { [ "$(status w '"\(.active) \(.last_transition.reason)"')" = "$1 switchover" ]; }
is_off() { "$lab" status | grep -q "^$1 *dead"; }
for how in "stop holdfast-ledgerd" "restart holdfast-ledgerd" reboot; do
  was=$(active w)
  heir=$(other "$was")
  epoch=$(status w .epoch)
  # shellcheck disable=SC2086 # words
  timeout 60 "$lab" exec "$was" -- systemctl $how || [ "$how" = reboot ] || fail "systemctl $how on $was"
  wait_until 30 "$heir has the role, handed over" is_handed "$heir"
  [ "$(status w .epoch)" = $((epoch + 1)) ] || fail "systemctl $how: the epoch went from $epoch to $(status w .epoch)"
  payments_flow
  if [ "$how" = reboot ]; then
    wait_until 60 "$was off" is_off "$was"
    power_on "$was"
  else
    in_node "$was" "systemctl start holdfast-ledgerd" || fail "no ledgerd on $was"
  fi
  wait_until 60 "$was standby" is_state w "$was" standby
  wait_sync
  say "systemctl $how on $was: handed over to $heir"
done
stop_load
# A connection may be closed once, when the address moves; the same request again is answered.
tries=$(jq -s 'map(select(.e == "try") | .n) | max' "$work/switchover.history")
[ "$tries" -le 2 ] || fail "a client had to try $tries times"

now=$(active w)
standby=$(other "$now")
refused 1 w "is active already" switchover --to "$now" --yes
refused 1 w "gateways are: a b" switchover --to nobody --yes
refused 1 w "gateways are: a b" switchover --to w --yes
refused 2 "$now" "nobody is there to ask" switchover
epoch=$(status w .epoch)
power_off "$standby"
wait_until 30 "SOLO" is_mode "$now" SOLO
refused 1 "$now" "the mode is SOLO" switchover --yes
refused 1 w "the mode is SOLO" switchover --yes
[ "$(status w .epoch)" = "$epoch" ] || fail "a refused switchover has moved the epoch"
power_on "$standby"
wait_sync

start_load switchover-power
for late in 0.02 0.06; do
  for dies in old new; do
    was=$(active w)
    heir=$(other "$was")
    [ "$dies" = old ] && victim=$was || victim=$heir
    payments_flow
    ctl w switchover --yes &
    sleep "$late" # anywhere in the middle; nothing waits for this
    power_off "$victim"
    wait "$!" || true
    left=$(other "$victim")
    wait_until 30 "$left active after the power loss of the $dies active" is_active "$left" "$left"
    payments_flow
    power_on "$victim"
    wait_sync
    say "power loss of the $dies active $late s after the word: $left serves"
  done
done
stop_load
say "D14_planned_switchover_fails_no_request: to and fro"
