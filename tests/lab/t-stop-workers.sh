# The workers of the active stop: those of the standby serve, with the ledger of the active. Nobody moves.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
start_load stop-workers
was=$(active w)
epoch=$(status w .epoch)
"$lab" exec "$was" -- systemctl stop 'holdfast-workerd@*'
payments_flow
payments_flow
[ "$(status w .epoch)" = "$epoch" ] || fail "the role has moved"
"$lab" exec "$was" -- systemctl start holdfast-workerd@1 holdfast-workerd@2
payments_flow
stop_load
