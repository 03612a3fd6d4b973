# The cable between the gateways is cut while the witness sees both: no failover, SOLO.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
start_load cut-pair
now=$(active w)
epoch=$(status w .epoch)
"$lab" cut a b
wait_until 30 "SOLO" is_mode "$now" SOLO
payments_flow
[ "$(status w .epoch)/$(status w .active)" = "$epoch/$now" ] || fail "the role moved to $(status w .active)"
"$lab" heal
wait_sync
stop_load
