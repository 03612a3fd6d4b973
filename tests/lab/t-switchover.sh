# Planned hand-overs under load, to and fro, asked for on any member: nobody is alone meanwhile, nobody is refused. Refused itself
# when the standby cannot take over, in words. The power goes in the middle of one, on either side: nothing is lost.
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
