# mariadbd on the active is stopped by hand: the role is handed over.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016
start_load stop-database
was=$(active w)
heir=$(other "$was")
"$lab" exec "$was" -- systemctl stop mariadb
wait_until 30 "$heir active" is_active w "$heir"
payments_flow
wait_sync
stop_load
