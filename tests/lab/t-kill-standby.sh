# The standby loses its power: SOLO, payments go on, and back to SYNC when it returns; also when MariaDB's note of whom it follows, which it never
# syncs, is an empty file then.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
start_load kill-standby
now=$(active w)
standby=$(other "$now")
epoch=$(status w .epoch)
power_off "$standby"
wait_until 30 "SOLO" is_mode "$now" SOLO
payments_flow
power_on "$standby"
wait_sync
[ "$(status w .epoch)" = "$epoch" ] || fail "the epoch moved from $epoch to $(status w .epoch)"
power_off "$standby"
wait_until 30 "SOLO" is_mode "$now" SOLO
empties_notes "$standby"
power_on "$standby"
wait_sync
stop_load
say "D8_standby_dies_and_payments_go_on: SOLO, and SYNC again"
