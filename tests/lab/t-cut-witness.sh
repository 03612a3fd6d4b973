# Only the way between the active and the witness is cut: nothing happens, for the standby hears both. Then the active dies, and the
# standby takes over with the witness's vote.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
start_load cut-witness
was=$(active w)
heir=$(other "$was")
record='"\(.epoch) \(.version) \(.active)"'
before=$(status "$heir" "$record")
"$lab" cut "$was" w
wait_until 30 "$was hears nothing of w" is_state "$was" w unreachable
wait_until 30 "w hears nothing of $was" is_state w "$was" unreachable
# Longer than a lease, which the standby alone renews now.
payments_flow
payments_flow
is_mode "$was" SYNC || fail "$was says $(status "$was" .mode)"
[ "$(status "$heir" "$record")" = "$before" ] || fail "the record went from $before to $(status "$heir" "$record")"
power_off "$was"
wait_until 30 "$heir active" is_active "$heir" "$heir"
payments_flow
"$lab" heal
power_on "$was"
wait_sync
stop_load
