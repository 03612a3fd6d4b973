# The witness loses its power: nothing happens but that it is shown.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
start_load kill-witness
now=$(active a)
epoch=$(status a .epoch)
power_off w
wait_until 30 "unobserved" eval '[ "$(status a .observed)" = false ]'
payments_flow
[ "$(status a .epoch)/$(status a .mode)/$(status a .active)" = "$epoch/SYNC/$now" ] ||
  fail "something happened: $(status a '[.epoch,.mode,.active]|@csv')"
power_on w
wait_sync
stop_load
